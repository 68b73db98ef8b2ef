//! `anyany topology`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::capture::is_capture;
use crate::cli::args::{Check, Import, Infer, Show, Topology};
use crate::cli::progress::Progress;
use crate::cli::{Failure, Outcome, complain, inputs, output};
use crate::observe::Trace;
use crate::reference::{Reference, Version};
use crate::report::harmless::escaped;
use crate::report::hosts;
use crate::report::json::{heading, host};
use crate::topology::{Roster, Sources, check, gathered_to_toml, roster, to_toml};

/// Does what was asked for.
pub(super) fn run(task: &Topology) -> Result<Outcome, Failure> {
    match task {
        Topology::Infer(options) => infer(options),
        Topology::Import(options) => import(options),
        Topology::Check(options) => compare(options),
    }
}

fn infer(options: &Infer) -> Result<Outcome, Failure> {
    let (traces, outcome) = read(&options.captures);
    let version = options.exchange.map(|version| Version::from(version).word());
    let roster = roster(&traces, None, version, Reference::embedded());
    let text = match options.format.table() {
        None => to_toml(&roster),
        Some(format) => hosts::table(roster.hosts()).write(format, output::sheet()),
    };
    tell(options.json.as_deref(), &text, || {
        let mut document = heading();
        document.insert("hosts".to_owned(), listed(&roster, &traces));
        Value::Object(document)
    })?;
    Ok(outcome)
}

fn import(options: &Import) -> Result<Outcome, Failure> {
    let (captures, lists): (Vec<PathBuf>, Vec<PathBuf>) =
        options.sources.iter().cloned().partition(|source| source.is_dir() || is_capture(source));
    let (traces, mut outcome) = if captures.is_empty() { (Vec::new(), Outcome::Done) } else { read(&captures) };
    let mut sources = Sources::default();
    for list in &lists {
        let name = list.display().to_string();
        let octets = std::fs::read(list).map_err(|why| format!("{name}: cannot be read: {why}"));
        let added = octets.and_then(|octets| sources.add(&name, &octets).map_err(|why| why.to_string()));
        if let Err(why) = added {
            complain(&why);
            outcome = Outcome::Unusable;
        }
    }
    let gathered = sources.merge(&traces);
    for note in gathered.notes.iter().chain(&gathered.contradictions) {
        complain(note);
    }
    for host in &gathered.nowhere {
        complain(&format!(
            "{}: no address is known ({}); add a hosts file, or a capture in which somebody asks for that name",
            host.name, host.place
        ));
    }
    let text = match options.format.table() {
        None => gathered_to_toml(&gathered),
        Some(format) => hosts::table(&gathered.hosts).write(format, output::sheet()),
    };
    tell(options.json.as_deref(), &text, || {
        let mut document = heading();
        let roster = Roster::new(gathered.hosts.clone(), gathered.version.map(|version| version.word().to_owned()));
        document.insert("version".to_owned(), json!(roster.version));
        document.insert("hosts".to_owned(), listed(&roster, &traces));
        let nowhere = gathered.nowhere.iter();
        let nowhere = nowhere.map(|one| json!({"name": one.name, "roles": one.roles, "because": one.place}));
        document.insert("without_address".to_owned(), nowhere.collect());
        document.insert("contradictions".to_owned(), json!(gathered.contradictions));
        document.insert("problems".to_owned(), json!(gathered.notes));
        Value::Object(document)
    })?;
    Ok(outcome)
}

fn compare(options: &Check) -> Result<Outcome, Failure> {
    let file = inputs::topology(Some(&options.topology))?;
    let (traces, outcome) = read(&options.captures);
    let roster = roster(&traces, file.as_ref(), None, Reference::embedded());
    let Some(file) = file else { return Ok(outcome) };
    let check = check(&traces, &file, &roster);
    let mut text = String::new();
    let mut say = |title: &str, list: &[String]| {
        for (at, one) in list.iter().enumerate() {
            let lead = if at == 0 { title } else { "" };
            let _ = writeln!(text, "{lead:24}{}", escaped(one)); // a string takes all
        }
    };
    let unlisted: Vec<String> = check
        .unlisted
        .iter()
        .map(|host| {
            let addresses: Vec<_> = host.addresses.iter().map(ToString::to_string).collect();
            let role = host
                .roles
                .first()
                .map(|claim| format!(", {} because {}", claim.role, claim.because))
                .unwrap_or_default();
            format!("{}{role}", addresses.join(", "))
        })
        .collect();
    say("contradicted:", &check.contradictions);
    say("in the file, not heard:", &check.unheard);
    say("heard, not in the file:", &unlisted);
    if text.is_empty() {
        text.push_str("the captures contradict nothing in the file, and every host is on both sides\n");
    }
    tell(options.json.as_deref(), &text, || {
        let mut document = heading();
        document.insert("contradictions".to_owned(), json!(check.contradictions));
        document.insert("unheard".to_owned(), json!(check.unheard));
        document.insert("unlisted".to_owned(), check.unlisted.iter().flat_map(|one| host(one, &traces)).collect());
        document.insert("hosts".to_owned(), listed(&roster, &traces));
        Value::Object(document)
    })?;
    Ok(outcome)
}

/// Reads all captures; those that cannot be used are told of.
fn read(captures: &[PathBuf]) -> (Vec<Trace>, Outcome) {
    let mut unusable = Vec::new();
    let opened = inputs::open_all(captures, &mut unusable);
    let progress = Progress::new(Show::Auto);
    let traces = inputs::read_all(opened, &inputs::settings(None), &progress, &|_| true, &inputs::again);
    progress.end();
    for (_, why) in &unusable {
        complain(why);
    }
    (traces, if unusable.is_empty() { Outcome::Done } else { Outcome::Unusable })
}

fn listed(roster: &Roster, traces: &[Trace]) -> Value {
    roster.hosts().iter().flat_map(|one| host(one, traces)).collect()
}

fn tell(json: Option<&Path>, text: &str, document: impl FnOnce() -> Value) -> Result<(), Failure> {
    if let Some(path) = json {
        output::write_json(path, &document())?;
    }
    if output::takes_stdout(json) { Ok(()) } else { output::print(text) }
}
