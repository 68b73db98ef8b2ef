//! What the captures were, and what they keep from being known.

use crate::decode::Health;
use crate::diagnose::Kind;
use crate::report::harmless::harmless;
use crate::report::page::{Page, Tone};
use crate::report::text::{beyond, count, grouped, lasting, period};
use crate::report::{Report, json, words};

/// Each capture with its faults, then what could not be read.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let captures = report.captures();
    page.heading("CAPTURES");
    for health in captures.iter().take(MOST_CAPTURES) {
        one(page, report, health);
    }
    beyond(page, 2, captures.len().saturating_sub(MOST_CAPTURES), "captures");
    for (_, why) in report.unusable.iter().take(MOST_CAPTURES) {
        page.paragraph(2, 4, &[(Tone::Alarm, "Not read:"), (Tone::Text, &harmless(why))]);
    }
    beyond(page, 2, report.unusable.len().saturating_sub(MOST_CAPTURES), "inputs that were not read");
    let dropped: u64 = report.traces.iter().map(|trace| trace.dropped).sum();
    if dropped > 0 {
        let text = format!("{} left out to keep memory bounded.", count(dropped, "detail was", "details were"));
        page.paragraph(2, 4, &[(Tone::Text, &text)]);
    }
    for sentence in words::crowding(report) {
        page.paragraph(2, 4, &[(Tone::Doubt, &format!("Not all was kept: {sentence}."))]);
    }
    if report.diagnosis.left_out > 0 {
        let text = format!(
            "{} on further paths not listed.",
            count(report.diagnosis.left_out, "failed attempt", "failed attempts")
        );
        page.paragraph(2, 4, &[(Tone::Text, &text)]);
    }
}

fn one(page: &mut Page, report: &Report<'_>, health: &Health) {
    let summary = &health.summary;
    let packed = summary.compression.map(|compression| format!(" in {compression}")).unwrap_or_default();
    let links: Vec<String> = summary.link_types.iter().map(ToString::to_string).collect();
    let when = match (summary.first, summary.last) {
        (Some(first), Some(last)) => format!(", {} ({})", period(first, last), lasting(last.since(first))),
        _ => String::new(),
    };
    let about = format!(
        "{}{packed}, {}, {} ({}){when}",
        summary.format,
        if links.is_empty() { "no link type".to_owned() } else { links.join(", ") },
        count(summary.packets, "packet", "packets"),
        size(summary.octets),
    );
    page.paragraph(2, 4, &[(Tone::Strong, &format!("{}:", harmless(&summary.path))), (Tone::Text, &about)]);
    let faults = faults(report, health);
    if faults.is_empty() && summary.packets > 0 {
        page.line(4, &[(Tone::Text, "Nothing is known to be lost, cut short or out of order.")]);
    }
    for fault in faults {
        page.paragraph(4, 6, &[(Tone::Text, "-"), (Tone::Text, &harmless(&fault))]);
    }
    if !health.undecoded.is_empty() {
        let words: Vec<_> =
            health.undecoded.iter().map(|(word, number)| format!("{} {word}", grouped(*number))).collect();
        page.paragraph(4, 6, &[(Tone::Text, &format!("Not looked into: {}.", words.join(", ")))]);
    }
}

/// What is known to be wrong with a capture.
pub(in crate::report) fn faults(report: &Report<'_>, health: &Health) -> Vec<String> {
    let summary = &health.summary;
    let mut faults = Vec::new();
    let mut tell = |number: u64, one: &str, many: &str| {
        if number > 0 {
            faults.push(count(number, one, many));
        }
    };
    let trace = report.traces.iter().find(|trace| trace.healths.iter().any(|one| one.index == health.index));
    let flows = trace.map(|trace| trace.conversations.as_slice()).unwrap_or_default().iter().map(|one| &one.flow);
    let here = flows.filter(|flow| flow.first.frame.capture() == health.index);
    let unseen = here.map(|flow| flow.halves.iter().map(|half| half.unseen).sum::<u64>()).sum();
    let copies = trace.and_then(|trace| trace.duplicates.get(&health.index)).copied().unwrap_or(0);
    tell(
        health.filtered,
        "packet was left out by --from, --to or --filter",
        "packets were left out by --from, --to or --filter",
    );
    tell(
        summary.lost_by_capture,
        "packet was lost by the capture, as it says itself",
        "packets were lost by the capture, as it says itself",
    );
    tell(
        unseen,
        "segment was acknowledged but not captured: the capture lost it",
        "segments were acknowledged but not captured: the capture lost them",
    );
    tell(copies, "packet was captured twice, and counted once", "packets were captured twice, and counted once");
    tell(
        summary.snapped,
        "packet was kept only in part (snap length)",
        "packets were kept only in part (snap length): what they say can be read only so far",
    );
    tell(
        summary.clock_steps_back,
        "packet is earlier than the one before it",
        "packets are earlier than the ones before them",
    );
    tell(summary.untimed, "packet has no time", "packets have no time");
    let one_way = |finding: &crate::diagnose::Finding| {
        let evidence = &finding.judgement.evidence;
        finding.judgement.kind == Kind::OneWayCapture
            && finding.client.is_none()
            && evidence.iter().any(|evidence| evidence.frame.capture() == health.index)
    };
    if report.diagnosis.findings.iter().any(one_way) {
        faults.push("most connections show one direction only".to_owned());
    }
    if summary.truncated {
        faults.push("it ends in the middle of a packet: copy it again, or it was cut while being written".to_owned());
    } else if !summary.complete {
        faults.push("it could not be read to its end".to_owned());
    }
    if summary.local_times && summary.packets > 0 {
        faults.push(
            "its times are those of the machine that captured: the format tells no time zone, so they need not be UTC"
                .to_owned(),
        );
    }
    faults.extend(json::health_problems(health));
    faults
}

/// "1.2 MB".
pub(in crate::report) fn size(octets: u64) -> String {
    let value = octets as f64;
    match octets {
        0..1_000 => format!("{octets} octets"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.1} GB", value / 1e9),
    }
}

/// Captures printed.
const MOST_CAPTURES: usize = 20;
