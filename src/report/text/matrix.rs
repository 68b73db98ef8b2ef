//! Role by role and service by service: a letter for each, so that colour is not needed.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::page::{Page, Tone};
use crate::report::text::beyond;
use crate::report::words::PathRow;
use crate::report::{Report, words};

/// The matrix of the document's `paths`: pairs of roles down, services across. Where not all services fit
/// the line, they go on below.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let paths = words::paths(report);
    if paths.is_empty() {
        return;
    }
    let mut cells: BTreeMap<(String, String), BTreeMap<&str, Mark>> = BTreeMap::new();
    for path in &paths {
        let row = cells.entry((path.from.clone(), path.to.clone())).or_default();
        row.insert(&path.service, Mark::of(path));
    }
    page.heading("ROLE BY ROLE (who opens → who answers)");
    let pairs: Vec<_> = cells.iter().take(MOST_PAIRS).collect();
    let labels: Vec<String> = pairs.iter().map(|((from, to), _)| format!("{from} → {to}")).collect();
    let label = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let services: BTreeSet<&str> = pairs.iter().flat_map(|(_, row)| row.keys().copied()).collect();
    for block in blocks(&services, page.width().saturating_sub(INDENT + label)) {
        let heads: Vec<(Tone, String)> = block.iter().map(|service| (Tone::Text, format!("  {service}"))).collect();
        line(page, &format!("{:label$}", ""), &heads);
        for ((_, row), name) in pairs.iter().zip(&labels) {
            let marks: Vec<Option<Mark>> = block.iter().map(|service| row.get(service).copied()).collect();
            if marks.iter().all(Option::is_none) {
                continue;
            }
            let marks = marks.iter().zip(&block).map(|(mark, service)| {
                let (tone, letter) = mark.map_or((Tone::Text, ""), Mark::shown);
                (tone, format!("  {letter:>width$}", width = service.chars().count()))
            });
            line(page, &format!("{name:label$}"), &marks.collect::<Vec<_>>());
        }
        page.gap();
    }
    beyond(page, INDENT, cells.len().saturating_sub(MOST_PAIRS), "pairs of roles");
    page.paragraph(INDENT, INDENT, &[(Tone::Text, LEGEND)]);
    if paths.iter().any(|path| path.status == NEVER_SEEN) {
        page.paragraph(INDENT, INDENT, &[(Tone::Text, &never(&paths))]);
    }
}

/// What a cell says.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Ok,
    Degraded,
    Blocked,
    NeverSeen,
}

impl Mark {
    fn of(path: &PathRow) -> Self {
        match path.status {
            "blocked" => Self::Blocked,
            "degraded" => Self::Degraded,
            NEVER_SEEN => Self::NeverSeen,
            _ => Self::Ok,
        }
    }

    fn shown(self) -> (Tone, &'static str) {
        match self {
            Self::Ok => (Tone::Good, "ok"),
            Self::Degraded => (Tone::Doubt, "D"),
            Self::Blocked => (Tone::Alarm, "B"),
            Self::NeverSeen => (Tone::Text, "-"),
        }
    }
}

/// Services in groups that fit beside the pairs of roles; at least one in each.
fn blocks<'a>(services: &BTreeSet<&'a str>, room: usize) -> Vec<Vec<&'a str>> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    let mut left = 0;
    for &service in services {
        let width = service.chars().count() + GUTTER;
        match blocks.last_mut() {
            Some(block) if width <= left => block.push(service),
            _ => {
                blocks.push(vec![service]);
                left = room;
            }
        }
        left = left.saturating_sub(width);
    }
    blocks
}

/// A row, without spaces at its end.
fn line(page: &mut Page, label: &str, cells: &[(Tone, String)]) {
    let filled = cells.iter().rposition(|(_, cell)| !cell.trim().is_empty()).map_or(0, |last| last + 1);
    let mut pieces = vec![(Tone::Text, label)];
    pieces.extend(cells.iter().take(filled).map(|(tone, cell)| (*tone, cell.as_str())));
    page.line(INDENT, &pieces);
}

fn never(paths: &[PathRow]) -> String {
    let longest = paths.iter().filter_map(|path| path.every).max();
    let pace = match longest {
        Some(every) if every >= 120 => format!(" Some of it comes only every {} minutes.", every / 60),
        _ => String::new(),
    };
    format!("What was never seen was not tried here while captured: it is neither open nor blocked.{pace}")
}

const LEGEND: &str = "ok: passes. D: degraded, part of it is blocked, altered or fails. B: blocked, nothing passes. \
                      -: needed by these roles, and never seen here. Empty: neither seen nor always needed.";
const NEVER_SEEN: &str = "never-seen";
/// Columns in front of every line.
const INDENT: usize = 2;
/// Columns in front of every service.
const GUTTER: usize = 2;
/// Pairs of roles printed.
const MOST_PAIRS: usize = 40;
