//! `anyany analyze`.

use crate::cli::args::{Analyze, FailOn};
use crate::cli::keep::Keep;
use crate::cli::{Failure, Outcome, complain, evidence, inputs, output};
use crate::diagnose::{Verdict, diagnose};
use crate::proof::Limits;
use crate::reference::{Reference, Version};
use crate::report::{Report, json, text};
use crate::topology::roster;

/// Reads, judges, reports.
pub(super) fn run(options: &Analyze) -> Result<Outcome, Failure> {
    let reference = Reference::embedded();
    let keep = Keep::new(options)?;
    let file = inputs::topology(options.topology.as_deref())?;
    let mut unusable = Vec::new();
    let opened = inputs::open_all(&options.captures, &mut unusable);
    if let Some(target) = &options.evidence {
        evidence::check(target, &opened)?;
    }
    let files: Vec<_> = opened.iter().map(|(path, _)| path.clone()).collect();
    let traces = inputs::read_all(opened, &inputs::settings(options.threads), &|frame| keep.frame(frame));
    unusable.extend(keep.refused().into_iter().map(|why| ("--filter".to_owned(), why)));
    let version = options.exchange.map(|version| Version::from(version).word());
    let roster = roster(&traces, file.as_ref(), version, reference);
    let diagnosis = diagnose(&traces, &roster);
    let report = Report { traces: &traces, unusable: &unusable, roster: &roster, diagnosis: &diagnosis, reference };
    for why in unusable.iter().map(|(_, why)| why).chain(&report.damage()) {
        complain(why);
    }
    if let Some(target) = &options.evidence {
        let exhibits = evidence::collect(&files, &|frame| keep.frame(frame), &report, Limits::PROOF)?;
        evidence::write(target, &report, &exhibits)?;
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
