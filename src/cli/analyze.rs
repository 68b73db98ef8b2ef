//! `anyany analyze`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::capture::{self, Capture};
use crate::classify::usual_ports;
use crate::cli::args::{Analyze, FailOn};
use crate::cli::{Failure, Outcome};
use crate::diagnose::{Verdict, diagnose};
use crate::flow::ServicePorts;
use crate::observe::Trace;
use crate::pipeline::{self, Glance, Settings};
use crate::reference::Reference;
use crate::report::{Report, json};
use crate::topology::Roster;

/// Reads, judges, reports.
pub(super) fn run(options: &Analyze) -> Result<Outcome, Failure> {
    let reference = Reference::embedded();
    let mut unusable = Vec::new();
    let opened = open_all(&options.captures, &mut unusable);
    let threads = options.threads.map_or_else(default_threads, std::num::NonZeroUsize::get);
    let settings = Settings { threads, ports: service_ports() };
    let traces = read_all(opened, &settings);
    let roster = Roster::default();
    let diagnosis = diagnose(&traces, &roster);
    let report = Report { traces: &traces, unusable: &unusable, roster: &roster, diagnosis: &diagnosis, reference };
    for (_, why) in &unusable {
        eprintln!("anyany: {why}");
    }
    let mut quiet = false;
    if let Some(path) = &options.json {
        quiet = path == Path::new("-");
        let document = json::document(&report, options.flows);
        write_json(path, &document)?;
    }
    let _ = quiet;
    let blocked = diagnosis.findings.iter().any(|finding| finding.judgement.kind.verdict() == Verdict::Blocked);
    Ok(match options.fail_on {
        _ if !report.complete() => Outcome::Unusable,
        Some(FailOn::Blocked) if blocked => Outcome::Met,
        _ => Outcome::Done,
    })
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
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
fn read_all(opened: Vec<(PathBuf, Capture)>, settings: &Settings) -> Vec<Trace> {
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
        traces.push(pipeline::read(runs, settings, &|_| true));
    }
    traces
}

fn write_json(path: &Path, document: &serde_json::Value) -> Result<(), Failure> {
    let fails = |error: serde_json::Error| Failure::from(io::Error::from(error));
    if path == Path::new("-") {
        let mut out = io::BufWriter::new(io::stdout().lock());
        serde_json::to_writer_pretty(&mut out, document).map_err(fails)?;
        out.write_all(b"\n")?;
        return Ok(out.flush()?);
    }
    let file = std::fs::File::create(path).map_err(|why| format!("{}: cannot be written: {why}", path.display()))?;
    let mut out = io::BufWriter::new(file);
    serde_json::to_writer_pretty(&mut out, document).map_err(fails)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
