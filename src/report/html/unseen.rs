//! What was not seen, and so is not judged: the part of an answer that is easily forgotten.

use std::collections::BTreeMap;

use crate::diagnose::{Kind, Verdict};
use crate::report::html::markup::{Html, tag};
use crate::report::html::section;
use crate::report::text::{count, grouped, period};
use crate::report::{Report, explain, words};
use crate::topology::Host;

/// Expected paths that nobody tried, hosts that were never heard, what could not be judged.
pub(super) fn write(html: &mut Html, report: &Report<'_>) {
    section(html, "unseen", "What was not seen", |html| {
        html.leaf(
            tag("p").class("intro"),
            "A capture cannot clear what nobody tried. Of the following nothing is said.",
        );
        html.within(tag("dl").class("unseen"), |html| {
            entry(html, "Expected between these roles, and never tried", &paths(report), "pairs of roles");
            let silent = silent(report);
            let named = silent.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = silent.len().saturating_sub(MOST_NAMES);
            let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
            let line = (!silent.is_empty()).then(|| format!("{named}{more}"));
            entry(html, "In the topology file, and never heard here", line.as_slice(), "hosts");
            entry(html, "Tried, and not to be judged", &unjudged(report), "kinds");
            entry(html, "Before and after", &outside(report), "captures");
            entry(html, "Left out", &left_out(report), "kinds");
        });
    });
}

fn entry(html: &mut Html, title: &str, lines: &[String], what: &str) {
    if lines.is_empty() {
        return;
    }
    html.line().within(tag("div"), |html| {
        html.leaf(tag("dt"), title);
        html.within(tag("dd"), |html| {
            html.within(tag("ul"), |html| {
                for line in lines.iter().take(MOST_LINES) {
                    html.leaf(tag("li"), line);
                }
                if lines.len() > MOST_LINES {
                    let more = grouped((lines.len() - MOST_LINES) as u64);
                    html.leaf(tag("li"), &format!("and {more} more {what} (in --json FILE)"));
                }
            });
        });
    });
}

/// "cas → mailbox: http, smb".
fn paths(report: &Report<'_>) -> Vec<String> {
    let mut never: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for path in words::paths(report).into_iter().filter(|path| path.status == "never-seen") {
        never.entry((path.from, path.to)).or_default().push(path.service);
    }
    never.into_iter().map(|((from, to), services)| format!("{from} → {to}: {}", services.join(", "))).collect()
}

fn silent(report: &Report<'_>) -> Vec<String> {
    let heard =
        |host: &&Host| host.addresses.iter().any(|one| report.traces.iter().any(|trace| trace.ever_heard(*one)));
    let silent = report.roster.hosts().iter().filter(|host| host.known && !heard(host));
    let name = |host: &Host| {
        let name = host.names.first().cloned();
        name.or_else(|| host.addresses.first().map(ToString::to_string)).unwrap_or_default()
    };
    silent.map(name).collect()
}

fn unjudged(report: &Report<'_>) -> Vec<String> {
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    for finding in report.diagnosis.findings.iter().filter(|finding| finding.client.is_some()) {
        if finding.judgement.kind.verdict() == Verdict::Inconclusive {
            *kinds.entry(finding.judgement.kind).or_default() += 1;
        }
    }
    let told = |(kind, number): (Kind, u64)| {
        format!("{} {}", count(number, "path", "paths"), explain::explanation(kind).phrase)
    };
    kinds.into_iter().map(told).collect()
}

/// Nothing is known of other times.
fn outside(report: &Report<'_>) -> Vec<String> {
    let covered = report.traces.iter().filter_map(|trace| trace.covered);
    covered.map(|(first, last)| format!("only {} was captured", period(first, last))).collect()
}

/// What bounds kept out.
fn left_out(report: &Report<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let dropped: u64 = report.traces.iter().map(|trace| trace.dropped).sum();
    if dropped > 0 {
        lines.push(format!("{} to keep memory bounded", count(dropped, "detail", "details")));
    }
    lines.extend(words::crowding(report));
    if report.diagnosis.left_out > 0 {
        lines.push(format!(
            "{} on further paths",
            count(report.diagnosis.left_out, "failed attempt", "failed attempts")
        ));
    }
    let filtered: u64 = report.captures().iter().map(|health| health.filtered).sum();
    if filtered > 0 {
        lines.push(format!("{} by --from, --to or --filter", count(filtered, "packet", "packets")));
    }
    lines
}

/// Hosts named.
const MOST_NAMES: usize = 60;
/// Lines of each list.
const MOST_LINES: usize = 40;
