//! Role by role: what works, what does not, and what nobody tried.

use crate::report::page::{Align, Page, Tone};
use crate::report::text::{beyond, grouped, matrix};
use crate::report::words::PathRow;
use crate::report::{Report, words};

/// The matrix, and how often what is not in order failed.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let paths = words::paths(report);
    if paths.is_empty() {
        return;
    }
    page.heading("PATHS (role by role: who opens → who answers)");
    matrix::write(page, &paths);
    let mut amiss: Vec<&PathRow> = paths.iter().filter(|path| rank(path.status) < IN_ORDER).collect();
    amiss.sort_by_key(|path| (rank(path.status), std::cmp::Reverse(path.flows)));
    if !amiss.is_empty() {
        page.gap();
        page.table(2, &COLUMNS, &amiss.iter().take(MOST_PATHS).map(|path| row(path)).collect::<Vec<_>>());
        beyond(page, 2, amiss.len().saturating_sub(MOST_PATHS), "paths");
    }
    if let Some(text) = never_tried(&paths) {
        page.paragraph(2, 2, &[(Tone::Text, &text)]);
    }
}

/// What a path that was never seen means, and how long one has to look for it.
fn never_tried(paths: &[PathRow]) -> Option<String> {
    let mut never = paths.iter().filter(|path| path.status == NEVER_SEEN).peekable();
    never.peek()?;
    let pace = match never.filter_map(|path| path.every).max() {
        Some(every) if every >= 120 => format!(" Some of it comes only every {} minutes.", every / 60),
        _ => String::new(),
    };
    Some(format!("What was never tried while captured is not judged: it is neither open nor blocked.{pace}"))
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
        _ => IN_ORDER,
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
const IN_ORDER: u8 = 2;
const NEVER_SEEN: &str = "never-seen";
/// Rows printed.
const MOST_PATHS: usize = 40;
