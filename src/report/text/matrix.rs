//! Pairs of roles down, services across, a letter for each: what passes, what does not, and what was never seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::page::{Page, Tone};
use crate::report::text::beyond;
use crate::report::words::PathRow;

/// The matrix of the document's `paths`. Where not all services fit the line, they go on below.
pub(super) fn write(page: &mut Page, paths: &[PathRow]) {
    let mut cells: BTreeMap<(&str, &str), BTreeMap<&str, Mark>> = BTreeMap::new();
    for path in paths {
        cells.entry((&path.from, &path.to)).or_default().insert(&path.service, Mark::of(path));
    }
    let pairs: Vec<_> = cells.iter().take(MOST_PAIRS).collect();
    let labels: Vec<String> = pairs.iter().map(|((from, to), _)| format!("{from} → {to}")).collect();
    let label = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let services: BTreeSet<&str> = pairs.iter().flat_map(|(_, row)| row.keys().copied()).collect();
    for block in blocks(&services, page.width().saturating_sub(INDENT + label)) {
        let heads: Vec<(Tone, String)> = block.iter().map(|service| (Tone::Text, format!("  {service}"))).collect();
        line(page, &format!("{:label$}", ""), &heads);
        for ((_, row), name) in pairs.iter().zip(&labels) {
            let marks: Vec<(Tone, String)> = block.iter().map(|service| cell(service, row.get(service))).collect();
            line(page, &format!("{name:label$}"), &marks);
        }
    }
    beyond(page, INDENT, cells.len().saturating_sub(MOST_PAIRS), "pairs of roles");
    page.paragraph(INDENT, INDENT, &[(Tone::Text, &legend(paths))]);
}

/// What a cell says, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Blocked,
    Degraded,
    Ok,
    NeverSeen,
}

impl Mark {
    fn of(path: &PathRow) -> Self {
        match path.status {
            "blocked" => Self::Blocked,
            "degraded" => Self::Degraded,
            "never-seen" => Self::NeverSeen,
            _ => Self::Ok,
        }
    }

    fn shown(self) -> (Tone, &'static str, &'static str) {
        match self {
            Self::Blocked => (Tone::Alarm, "B", "blocked"),
            Self::Degraded => (Tone::Doubt, "D", "degraded (part of it is blocked, altered or fails)"),
            Self::Ok => (Tone::Good, "ok", "passes"),
            Self::NeverSeen => (Tone::Text, "-", "always needed between such hosts, and never seen here"),
        }
    }
}

fn cell(service: &str, mark: Option<&Mark>) -> (Tone, String) {
    let (tone, letter, _) = mark.map_or((Tone::Text, "", ""), |mark| mark.shown());
    (tone, format!("  {letter:>width$}", width = service.chars().count()))
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

/// A row, without spaces at its end; none where it would be empty.
fn line(page: &mut Page, label: &str, cells: &[(Tone, String)]) {
    let Some(last) = cells.iter().rposition(|(_, cell)| !cell.trim().is_empty()) else { return };
    let mut pieces = vec![(Tone::Text, label)];
    pieces.extend(cells.iter().take(last + 1).map(|(tone, cell)| (*tone, cell.as_str())));
    page.line(INDENT, &pieces);
}

/// The letters that were used.
fn legend(paths: &[PathRow]) -> String {
    let marks: BTreeSet<Mark> = paths.iter().map(Mark::of).collect();
    let said = marks.into_iter().map(|mark| {
        let (_, letter, means) = mark.shown();
        format!("{letter}: {means}")
    });
    format!("{}.", said.collect::<Vec<_>>().join("; "))
}

/// Columns in front of every line.
const INDENT: usize = 2;
/// Columns in front of every service.
const GUTTER: usize = 2;
/// Pairs of roles printed.
const MOST_PAIRS: usize = 40;
