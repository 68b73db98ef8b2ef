//! `anyany analyze`.

use std::path::Path;

use crate::cli::args::{Analyze, FailOn};
use crate::cli::keep::Keep;
use crate::cli::progress::Progress;
use crate::cli::{Failure, Outcome, complain, evidence, inputs, output, redact};
use crate::diagnose::{Verdict, diagnose_shared};
use crate::observe::Trace;
use crate::pipeline::Hands;
use crate::proof::Limits;
use crate::reference::{Reference, Version};
use crate::report::at::At;
use crate::report::{Report, csv, html, json, junit, text};
use crate::time::Time;
use crate::topology::roster;

/// Reads, judges, reports.
pub(super) fn run(options: &Analyze) -> Result<Outcome, Failure> {
    let reference = Reference::embedded();
    let outputs =
        [("--html", &options.html), ("--json", &options.json), ("--csv", &options.csv), ("--junit", &options.junit)];
    let silent = output::claims_stdout(&outputs.map(|(option, path)| (option, path.as_deref())))?;
    let mut keep = Keep::new(options)?;
    let mut file = inputs::topology(options.topology.as_deref())?;
    let mut unusable = Vec::new();
    let mut opened = inputs::open_all(&options.captures, &mut unusable);
    keep.look_at(&mut opened);
    if let Some(target) = &options.evidence {
        evidence::check(target, &opened)?;
    }
    let mut twice = evidence::can_be_read_twice(&opened);
    let progress = Progress::new(options.progress);
    let mut spools = None;
    if options.redact {
        let written = redact::all(&mut opened, &mut file, &mut unusable, &mut keep, &progress)?;
        (spools, twice) = (Some(written), true);
    }
    let again = |at: usize, path: &Path| match &spools {
        Some(spools) => spools.get(at).and_then(|spool| spool.open().ok()),
        None => inputs::again(at, path),
    };
    let files: Vec<_> = opened.iter().map(|(path, _)| path.clone()).collect();
    let settings = inputs::settings(options.threads).limited(options.memory);
    let mut traces = inputs::read_all(opened, &settings, &progress, &|frame| keep.frame(frame), &again);
    progress.judging();
    unusable.extend(keep.refused().into_iter().map(|why| ("--filter".to_owned(), why)));
    let version = options.exchange.map(|version| Version::from(version).word());
    let roster = roster(&traces, file.as_ref(), version, reference);
    let hands = Hands::new(settings.threads);
    let diagnosis = diagnose_shared(&traces, &roster, &|range, judge| hands.share(range, judge));
    if options.at.is_some() || options.evidence.is_some() || options.html.is_some() {
        traces.iter_mut().for_each(Trace::unfold); // these look at single conversations
    }
    let report = Report { traces: &traces, unusable: &unusable, roster: &roster, diagnosis: &diagnosis, reference };
    let at = options.at.map(|at| At::new(&report, at.within(span(&keep, &traces))));
    progress.end();
    for why in unusable.iter().map(|(_, why)| why).chain(&report.damage()) {
        complain(why);
    }
    let collect = |limits| evidence::collect(&files, &again, &|frame| keep.frame(frame), &report, limits);
    let mut exhibits = None;
    if let Some(target) = &options.evidence {
        let proof = exhibits.insert(collect(Limits::PROOF)?);
        evidence::write(target, &report, proof)?;
    }
    if let Some(path) = &options.html {
        if exhibits.is_none() && twice && !diagnosis.findings.is_empty() {
            exhibits = Some(collect(Limits::DRAWN)?);
        }
        output::write_text(path, &html::page(&report, exhibits.as_ref()))?;
    }
    let document = |path| {
        let mut document = json::document(&report, options.flows);
        if let (Some(document), Some(at)) = (document.as_object_mut(), &at) {
            document.insert("at".to_owned(), at.document(&report));
        }
        output::write_json(path, &document)
    };
    let page = || (!silent).then(|| text::text_at(&report, at.as_ref(), output::sheet()));
    let (page, written) = hands.both(page, || options.json.as_deref().map(document));
    written.transpose()?;
    if let Some(path) = &options.csv {
        output::write_text(path, &csv::csv(&report))?;
    }
    if let Some(path) = &options.junit {
        output::write_text(path, &junit::junit(&report))?;
    }
    if let Some(page) = page {
        output::print(&page)?;
    }
    let blocked = diagnosis.findings.iter().any(|finding| finding.judgement.kind.verdict() == Verdict::Blocked);
    let outcome = match options.fail_on {
        _ if !report.complete() => Outcome::Unusable,
        Some(FailOn::Blocked) if blocked => Outcome::Met,
        _ => Outcome::Done,
    };
    std::mem::forget(traces); // the process ends: giving back the memory flow by flow is time for nothing
    Ok(outcome)
}

/// From the first packet that was captured to the last one that was looked at.
fn span(keep: &Keep, traces: &[Trace]) -> (Time, Time) {
    let end = traces.iter().filter_map(|trace| trace.covered).map(|covered| covered.1).max();
    (keep.begin(), end.unwrap_or(keep.begin()))
}
