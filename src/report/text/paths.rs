//! Role by role: what works, what does not, and what nobody tried.

use std::collections::BTreeMap;

use crate::report::page::{Align, Page, Tone};
use crate::report::text::{beyond, grouped};
use crate::report::words::PathRow;
use crate::report::{Report, words};

/// One table, what is blocked first; then what the tables expect and was never seen.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let (untried, mut tried): (Vec<PathRow>, Vec<PathRow>) =
        words::paths(report).into_iter().partition(|path| path.status == NEVER_SEEN);
    if tried.is_empty() && untried.is_empty() {
        return;
    }
    page.heading("PATHS (role to role)");
    tried.sort_by_key(|path| (rank(path.status), std::cmp::Reverse(path.flows)));
    let all = tried.len();
    let rows: Vec<Vec<String>> = tried.iter().take(MOST_PATHS).map(row).collect();
    if !rows.is_empty() {
        page.table(2, &COLUMNS, &rows);
    }
    beyond(page, 2, all.saturating_sub(MOST_PATHS), "paths");
    if tried.iter().any(|path| path.required) {
        page.line(2, &[(Tone::Text, "must pass: the tables list it among what Exchange needs (anyany ports).")]);
    }
    let mut never: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for path in untried {
        never.entry((path.from, path.to)).or_default().push(path.service);
    }
    if !never.is_empty() {
        let pairs: Vec<String> = never
            .iter()
            .take(MOST_PATHS)
            .map(|((from, to), services)| format!("{from} → {to} ({})", services.join(", ")))
            .collect();
        let text = format!("Expected, and never tried while captured, so not judged: {}.", pairs.join("; "));
        page.paragraph(2, 4, &[(Tone::Text, &text)]);
        beyond(page, 2, never.len().saturating_sub(MOST_PATHS), "pairs of roles");
    }
}

fn row(path: &PathRow) -> Vec<String> {
    vec![
        path.status.to_owned(),
        format!("{} → {}", path.from, path.to),
        path.service.clone(),
        grouped(path.flows),
        if path.blocked == 0 { "-".to_owned() } else { grouped(path.blocked) },
        if path.required { "must pass" } else { "" }.to_owned(),
    ]
}

/// What must be read comes first.
fn rank(status: &str) -> u8 {
    match status {
        "blocked" => 0,
        "degraded" => 1,
        _ => 2,
    }
}

const COLUMNS: [(&str, Align); 6] = [
    ("status", Align::Left),
    ("from → to", Align::Left),
    ("service", Align::Left),
    ("attempts", Align::Right),
    ("blocked", Align::Right),
    ("", Align::Left),
];
const NEVER_SEEN: &str = "never-seen";
/// Rows printed.
const MOST_PATHS: usize = 40;
