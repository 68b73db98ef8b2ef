//! Which server ports were used, how often that failed, and how long servers took.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::observe::{Latency, ServicePort};
use crate::reference::Interface;
use crate::report::harmless::harmless;
use crate::report::page::{Align, Page, Tone};
use crate::report::text::{WIDE, beyond, grouped};
use crate::report::words::ServiceRow;
use crate::report::{Report, brief, words};

/// One table, server by server; the ports where something failed come first.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let mut servers: BTreeMap<IpAddr, Vec<Row<'_>>> = BTreeMap::new();
    for trace in report.traces {
        for (at, row) in words::services(trace) {
            servers.entry(at.server).or_default().push((at, row, trace.latencies.get(&at)));
        }
    }
    if servers.is_empty() {
        return;
    }
    let mut rows: Vec<Row<'_>> = servers.into_values().flatten().collect();
    let all = rows.len();
    if all > MOST_SERVICES {
        // What failed matters more than what did not; within that, what was used most.
        rows.sort_by_key(|(at, row, _)| (std::cmp::Reverse((row.failed, row.flows)), *at));
        rows.truncate(MOST_SERVICES);
        rows.sort_by_key(|(at, ..)| *at);
    }
    if page.width() >= WIDER {
        page.heading("SERVICES (milliseconds: so many of 100 were as fast as that)");
        let cells: Vec<Vec<String>> = rows.iter().map(|row| wide_cells(report, row)).collect();
        page.table(2, &WIDE_COLUMNS, &cells);
        remarks(page, &rows, all);
        return;
    }
    page.heading("SERVICES (milliseconds: half / 99 of 100 were as fast as that)");
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(report, row)).collect();
    let narrow = page.width() < WIDE && rows.iter().any(|(at, ..)| at.server.to_string().len() > V4);
    if narrow {
        // Long addresses go to the column that wraps.
        let cells: Vec<Vec<String>> = cells.into_iter().map(server_last).collect();
        page.table(2, &NARROW, &cells);
    } else {
        page.table(2, &COLUMNS, &cells);
    }
    remarks(page, &rows, all);
}

fn remarks(page: &mut Page, rows: &[Row<'_>], all: usize) {
    beyond(page, 2, all.saturating_sub(MOST_SERVICES), "server ports");
    if rows.iter().any(|(_, row, _)| row.failed > 0) {
        page.line(2, &[(Tone::Text, "failed: the server was not reached, or refused; the findings say which.")]);
    }
}

type Row<'a> = (ServicePort, ServiceRow, Option<&'a Latency>);

/// "dcerpc EMSMDB".
pub(in crate::report) fn service(report: &Report<'_>, row: &ServiceRow) -> String {
    let interface = row.interface.map(|uuid| {
        let known = report.reference.interface(uuid);
        known.map_or_else(|| uuid.to_string(), Interface::short_name)
    });
    match (row.name, interface) {
        ("epm", _) | (_, None) => row.name.to_owned(),
        (name, Some(interface)) => format!("{name} {}", harmless(&interface)),
    }
}

/// With the server's name, and the whole distribution.
fn wide_cells(report: &Report<'_>, (at, row, response): &Row<'_>) -> Vec<String> {
    let mut cells = vec![
        harmless(&brief::host(report, at.server)).into_owned(),
        at.server.to_string(),
        report.roster.role(at.server).to_owned(),
        format!("{} {}", at.transport.word(), at.port),
        service(report, row),
        grouped(row.flows),
        if row.failed == 0 { "-".to_owned() } else { grouped(row.failed) },
    ];
    for latency in [Some(&row.connect), *response] {
        let latency = latency.filter(|latency| latency.count() > 0);
        let told = |told: Option<f64>| told.map_or_else(|| "-".to_owned(), millis);
        cells.extend([0.5, 0.9, 0.99].map(|share| told(latency.map(|latency| latency.quantile_ms(share)))));
        cells.push(told(latency.map(Latency::max_ms)));
    }
    cells
}

fn cells(report: &Report<'_>, (at, row, response): &Row<'_>) -> Vec<String> {
    vec![
        at.server.to_string(),
        format!("{} {}", at.transport.word(), at.port),
        grouped(row.flows),
        if row.failed == 0 { "-".to_owned() } else { grouped(row.failed) },
        both(Some(&row.connect)),
        both(*response),
        service(report, row),
    ]
}

fn server_last(mut row: Vec<String>) -> Vec<String> {
    if let (false, Some(service)) = (row.is_empty(), row.pop()) {
        let server = row.remove(0);
        row.push(format!("{service} at {server}"));
    }
    row
}

fn both(latency: Option<&Latency>) -> String {
    let Some(latency) = latency.filter(|latency| latency.count() > 0) else { return "-".to_owned() };
    format!("{} / {}", millis(latency.quantile_ms(0.5)), millis(latency.quantile_ms(0.99)))
}

/// Two significant digits are all that there are.
pub(in crate::report) fn millis(value: f64) -> String {
    if value < 1.0 {
        format!("{value:.2}")
    } else if value < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

const COLUMNS: [(&str, Align); 7] = [
    ("server", Align::Left),
    ("port", Align::Left),
    ("flows", Align::Right),
    ("failed", Align::Right),
    ("connect", Align::Right),
    ("response", Align::Right),
    ("service", Align::Left),
];
const NARROW: [(&str, Align); 6] = [
    ("port", Align::Left),
    ("flows", Align::Right),
    ("failed", Align::Right),
    ("connect", Align::Right),
    ("response", Align::Right),
    ("service", Align::Left),
];
const WIDE_COLUMNS: [(&str, Align); 15] = [
    ("server", Align::Left),
    ("address", Align::Left),
    ("role", Align::Left),
    ("port", Align::Left),
    ("service", Align::Left),
    ("flows", Align::Right),
    ("failed", Align::Right),
    ("connect 50", Align::Right),
    ("90", Align::Right),
    ("99", Align::Right),
    ("max", Align::Right),
    ("answer 50", Align::Right),
    ("90", Align::Right),
    ("99", Align::Right),
    ("max", Align::Right),
];
/// From here on a line has room for all that is known.
const WIDER: usize = 150;
/// Characters of the longest IPv4 address.
const V4: usize = 15;
/// Server ports printed.
const MOST_SERVICES: usize = 60;
