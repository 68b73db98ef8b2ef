//! `anyany analyze`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::capture::{self, Capture};
use crate::classify::usual_ports;
use crate::cli::args::{Analyze, FailOn};
use crate::cli::keep::Keep;
use crate::cli::{Failure, Outcome, complain, output};
use crate::diagnose::{Verdict, diagnose};
use crate::flow::ServicePorts;
use crate::observe::Trace;
use crate::pipeline::{self, Glance, Settings};
use crate::reference::Reference;
use crate::report::{Report, json, text};
use crate::topology::Roster;

/// Reads, judges, reports.
pub(super) fn run(options: &Analyze) -> Result<Outcome, Failure> {
    let reference = Reference::embedded();
    let keep = Keep::new(options)?;
    let mut unusable = Vec::new();
    let opened = open_all(&options.captures, &mut unusable);
    let threads = options.threads.map_or_else(default_threads, NonZeroUsize::get);
    let settings = Settings { threads, ports: service_ports() };
    let traces = read_all(opened, &settings, &keep);
    unusable.extend(keep.refused().into_iter().map(|why| ("--filter".to_owned(), why)));
    let roster = roster(options)?;
    let diagnosis = diagnose(&traces, &roster);
    let report = Report { traces: &traces, unusable: &unusable, roster: &roster, diagnosis: &diagnosis, reference };
    for (_, why) in &unusable {
        complain(why);
    }
    if let Some(path) = &options.json {
        output::write_json(path, &json::document(&report, options.flows))?;
    }
    if !output::takes_stdout(options.json.as_deref()) {
        output::print(&text::text(&report, output::sheet()))?;
    }
    let blocked = diagnosis.findings.iter().any(|finding| finding.judgement.kind.verdict() == Verdict::Blocked);
    Ok(match options.fail_on {
        _ if !report.complete() => Outcome::Unusable,
        Some(FailOn::Blocked) if blocked => Outcome::Met,
        _ => Outcome::Done,
    })
}

/// Who is who: from the command line.
fn roster(options: &Analyze) -> Result<Roster, Failure> {
    if let Some(path) = &options.topology {
        return Err(Failure::Said(format!(
            "{}: topology files are not read yet. Leave --topology out",
            path.display()
        )));
    }
    let mut roster = Roster::default();
    roster.version = options.exchange.map(|version| crate::reference::Version::from(version).word().to_owned());
    Ok(roster)
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn service_ports() -> ServicePorts {
    use anyany_dissectors::Transport;
    ServicePorts::new(usual_ports(Transport::Tcp), usual_ports(Transport::Udp))
}

/// Opens every input; those that cannot be used are noted, with the reason.
fn open_all(inputs: &[PathBuf], unusable: &mut Vec<(String, String)>) -> Vec<(PathBuf, Capture)> {
    let mut opened = Vec::new();
    for input in inputs {
        let files = match capture::gather(std::slice::from_ref(input)) {
            Ok(files) => files,
            Err(why) => {
                unusable.push((input.display().to_string(), why.to_string()));
                continue;
            }
        };
        for file in files {
            match Capture::open(&file) {
                Ok(capture) => opened.push((file, capture)),
                Err(why) => unusable.push((file.display().to_string(), why.to_string())),
            }
        }
    }
    opened
}

/// Puts captures in order and reads them, trace by trace.
fn read_all(opened: Vec<(PathBuf, Capture)>, settings: &Settings, keep: &Keep) -> Vec<Trace> {
    let glances: Vec<Glance> = match opened.len() {
        0 => return Vec::new(),
        1 => vec![Glance::default()],
        // Standard input cannot be read twice: it keeps its place.
        _ => opened
            .iter()
            .map(|(path, _)| Capture::open(path).map(|mut again| Glance::of(&mut again)).unwrap_or_default())
            .collect(),
    };
    let plan = pipeline::plan(&glances);
    let mut captures: Vec<Option<Capture>> = opened.into_iter().map(|(_, capture)| Some(capture)).collect();
    let mut taken = |index: u32| {
        let slot = usize::try_from(index).ok().and_then(|at| captures.get_mut(at));
        slot.and_then(Option::take).map(|capture| (index, capture))
    };
    let mut traces = Vec::new();
    for trace in plan.traces {
        let runs = trace.into_iter().map(|run| run.into_iter().filter_map(&mut taken).collect()).collect();
        traces.push(pipeline::read(runs, settings, &|frame| keep.frame(frame)));
    }
    traces
}
