//! Incidents, and findings in full.

use std::collections::BTreeMap;

use crate::decode::Health;
use crate::diagnose::{Alternative, Attribution, Finding, Kind, Party, Verdict};
use crate::report::harmless::harmless;
use crate::report::page::{Align, Page, Tone};
use crate::report::text::answer::whereabouts;
use crate::report::text::{WIDE, beyond, clock, grouped, moment, period, sure};
use crate::report::{Report, brief, words};

/// One line for each cause.
pub(super) fn write_incidents(page: &mut Page, report: &Report<'_>) {
    let incidents = &report.diagnosis.incidents;
    // A single cause is the answer itself.
    if incidents.len() < 2 {
        return;
    }
    page.heading("INCIDENTS (findings with one cause)");
    let rows: Vec<Vec<String>> = incidents
        .iter()
        .take(MOST_INCIDENTS)
        .map(|incident| {
            let mut findings = incident.findings.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(" ");
            if incident.findings.len() > MOST_NAMED {
                findings.push_str(" …");
            }
            vec![incident.id.clone(), format!("{} [{findings}]", words::incident(report, incident))]
        })
        .collect();
    page.table(2, &[("", Align::Left), ("", Align::Left)], &rows);
    beyond(page, 2, incidents.len().saturating_sub(MOST_INCIDENTS), "incidents");
}

/// Every finding with its reasons, the gravest first.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let findings = &report.diagnosis.findings;
    if findings.is_empty() {
        return;
    }
    page.heading("FINDINGS");
    if findings.len() >= WORTH_A_TABLE {
        overview(page, report, findings);
        page.gap();
    }
    for (at, finding) in findings.iter().take(MOST_FINDINGS).enumerate() {
        if at > 0 {
            page.gap();
        }
        one(page, report, finding);
    }
    if findings.len() > MOST_FINDINGS {
        page.gap();
        beyond(page, 2, findings.len() - MOST_FINDINGS, "findings in full");
    }
}

/// A row for each finding.
fn overview(page: &mut Page, report: &Report<'_>, findings: &[Finding]) {
    let shown = findings.iter().take(MOST_ROWS);
    let word = |finding: &Finding| verdict(finding.judgement.kind.verdict()).1.to_owned();
    let share = |finding: &Finding| format!("{:.0} %", finding.judgement.confidence * 100.0);
    let end = |party: &Option<Party>| party.as_ref().map(|party| words::who(report, party)).unwrap_or_default();
    if page.width() >= WIDE {
        let row = |finding: &Finding| {
            vec![
                finding.id.clone(),
                word(finding),
                share(finding),
                finding.judgement.kind.to_string(),
                end(&finding.client),
                end(&finding.server),
                brief::server_port(report, finding),
                if finding.client.is_some() { grouped(finding.attempts) } else { String::new() },
                finding.first.map(moment).unwrap_or_default(),
            ]
        };
        page.table(2, &WIDE_COLUMNS, &shown.map(row).collect::<Vec<_>>());
    } else {
        let row = |finding: &Finding| {
            let what = format!("{}: {}", brief::finding(report, finding), finding.judgement.kind);
            vec![finding.id.clone(), word(finding), share(finding), what]
        };
        let columns = [("", Align::Left), ("", Align::Left), ("sure", Align::Right), ("what", Align::Left)];
        page.table(2, &columns, &shown.map(row).collect::<Vec<_>>());
    }
    beyond(page, 2, findings.len().saturating_sub(MOST_ROWS), "findings");
}

fn one(page: &mut Page, report: &Report<'_>, finding: &Finding) {
    let judgement = &finding.judgement;
    let (tone, verdict) = verdict(judgement.kind.verdict());
    let incident = finding.incident.as_ref().filter(|_| report.diagnosis.incidents.len() > 1);
    let belongs = incident.map(|id| format!(", part of {id}")).unwrap_or_default();
    let rest = format!("{}, {}{belongs}", judgement.kind, sure(judgement.confidence));
    page.paragraph(2, INDENT, &[(Tone::Strong, &format!("{:<3}", finding.id)), (tone, verdict), (Tone::Text, &rest)]);
    page.paragraph(INDENT, INDENT, &[(Tone::Text, &words::summary(report, finding))]);
    page.labelled(INDENT, "Where", place(finding));
    if let Some(when) = when(finding) {
        page.labelled(INDENT, "When", &when);
    }
    for (at, reason) in judgement.because.iter().enumerate() {
        page.point(INDENT, if at == 0 { "Because" } else { "" }, &harmless(reason));
    }
    for (at, alternative) in judgement.alternatives.iter().enumerate() {
        page.point(INDENT, if at == 0 { "Or else" } else { "" }, &harmless(&other_cause(alternative)));
    }
    if let Some(symptom) = words::symptom(report, finding) {
        page.labelled(INDENT, "Symptom", &symptom);
    }
    page.labelled(INDENT, "Next step", &words::next_step(report, finding));
    for (at, (path, frames)) in frames(report, finding).into_iter().enumerate() {
        page.labelled(INDENT, if at == 0 { "Proof" } else { "" }, &format!("{path}: {frames}"));
    }
    if let Some(filter) = words::display_filter(finding) {
        page.verbatim(INDENT, "Wireshark", &filter);
    }
    if let Some(policy) = words::policy_sentence(report, finding) {
        page.labelled(INDENT, "Policy", &policy);
    }
}

/// Where the cause is; of what nobody saw being sent, no more than this place tells.
fn place(finding: &Finding) -> &'static str {
    match (finding.judgement.kind, finding.judgement.attribution) {
        (Kind::ExpectedNotSeen, Attribution::Endpoint) => "on the client: what it sends is captured here",
        (Kind::ExpectedNotSeen, _) => "not known: never sent, or stopped before it came here",
        (_, attribution) => whereabouts(attribution),
    }
}

/// The verdict in capital letters, so that colour is not needed.
pub(in crate::report) fn verdict(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Blocked => (Tone::Alarm, "BLOCKED"),
        Verdict::Altered => (Tone::Alarm, "ALTERED"),
        Verdict::NotBlocked => (Tone::Good, "NOT BLOCKED"),
        Verdict::Inconclusive => (Tone::Doubt, "CANNOT TELL"),
    }
}

/// How often, from when to when, and whether it ever worked.
pub(in crate::report) fn when(finding: &Finding) -> Option<String> {
    let (first, last) = (finding.first?, finding.last?);
    let attempts = match finding.attempts {
        0 => return Some(format!("not once, {}", period(first, last))),
        1 => "1 attempt".to_owned(),
        attempts => format!("{} attempts", grouped(attempts)),
    };
    let altered = finding.judgement.kind.verdict() == Verdict::Altered;
    let success = match (finding.last_success, finding.resolved) {
        (Some(success), _) if altered => format!("passed as it was sent until {}", clock(success, first)),
        (None, _) if altered => return Some(format!("{attempts}, {}", period(first, last))),
        (Some(success), true) => format!("worked until {}, and works again afterwards", clock(success, first)),
        (Some(success), false) => format!("worked until {}", clock(success, first)),
        (None, true) => "works afterwards".to_owned(),
        (None, false) => "never worked while captured".to_owned(),
    };
    Some(format!("{attempts}, {}; {success}", period(first, last)))
}

/// Another cause, with what speaks for and against it.
pub(in crate::report) fn other_cause(alternative: &Alternative) -> String {
    let mut text = alternative.cause.clone();
    if !alternative.favour.is_empty() {
        text = format!("{text}. For it: {}", alternative.favour);
    }
    if !alternative.against.is_empty() {
        text = format!("{text}. Against it: {}", alternative.against);
    }
    if alternative.favour.is_empty() && alternative.against.is_empty() {
        text.push_str(". Nothing here speaks for or against it");
    }
    text
}

/// Frames by capture file, with what each shows; a note that repeats is told once.
fn frames(report: &Report<'_>, finding: &Finding) -> Vec<(String, String)> {
    let captures = report.captures();
    let mut files: BTreeMap<u32, Vec<(String, Vec<u64>)>> = BTreeMap::new();
    for evidence in &finding.judgement.evidence {
        let notes = files.entry(evidence.frame.capture()).or_default();
        match notes.iter_mut().find(|(note, _)| *note == evidence.note) {
            Some((_, numbers)) => numbers.push(evidence.frame.number()),
            None => notes.push((evidence.note.clone(), vec![evidence.frame.number()])),
        }
    }
    let file = |(index, notes): (u32, Vec<(String, Vec<u64>)>)| {
        let shown = notes.iter().map(|(note, numbers)| {
            let word = if numbers.len() == 1 { "frame" } else { "frames" };
            let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
            format!("{word} {} ({})", numbers.join(", "), harmless(note))
        });
        (harmless(file_name(&captures, index)).into_owned(), shown.collect::<Vec<_>>().join(", "))
    };
    files.into_iter().map(file).collect()
}

/// The last part of a capture's path, or all of it where several captures end alike.
pub(in crate::report) fn file_name<'a>(captures: &[&'a Health], index: u32) -> &'a str {
    let last = |path: &'a str| path.rsplit(['/', '\\']).next().unwrap_or(path);
    let path = captures.iter().find(|health| health.index == index).map_or("", |health| health.summary.path.as_str());
    let alike = captures.iter().filter(|health| last(&health.summary.path) == last(path)).count();
    if alike > 1 { path } else { last(path) }
}

/// Where the lines of a finding begin.
const INDENT: usize = 6;
const WIDE_COLUMNS: [(&str, Align); 9] = [
    ("", Align::Left),
    ("", Align::Left),
    ("sure", Align::Right),
    ("kind", Align::Left),
    ("client", Align::Left),
    ("server", Align::Left),
    ("port", Align::Left),
    ("attempts", Align::Right),
    ("first", Align::Left),
];
/// So many findings are more than one looks through.
const WORTH_A_TABLE: usize = 4;
/// Rows of that table.
const MOST_ROWS: usize = 100;
/// Findings printed in full.
const MOST_FINDINGS: usize = 25;
/// Incidents printed.
const MOST_INCIDENTS: usize = 25;
/// Findings named beside an incident.
const MOST_NAMED: usize = 8;
