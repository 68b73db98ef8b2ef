//! How long servers took, as distributions on one scale.

use std::cmp::Reverse;

use crate::observe::{Latency, ServicePort};
use crate::report::html::markup::{Html, tag};
use crate::report::html::section;
use crate::report::html::strip::percent;
use crate::report::html::tables::{Column, beyond, filter_cell, number, table};
use crate::report::text::{millis, service};
use crate::report::words::ServiceRow;
use crate::report::{Report, brief, words};

/// A row for each server port; those where something failed come first.
pub(super) fn write(html: &mut Html, report: &Report<'_>) {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for trace in report.traces {
        for (at, row) in words::services(trace) {
            rows.push((at, row, trace.latencies.get(&at)));
        }
    }
    rows.sort_by_key(|(at, row, _)| (Reverse(row.failed), Reverse(row.flows), *at));
    section(html, "latency", "Latency, service by service", |html| {
        if rows.is_empty() {
            html.leaf(tag("p"), "No service was called.");
            return;
        }
        intro(html);
        let columns = [
            Column::Text("Server"),
            Column::Number("Port"),
            Column::Text("Service"),
            Column::Number("Attempts"),
            Column::Number("Failed"),
            Column::Number("Connect (ms)"),
            Column::Number("Answer (ms)"),
            Column::Plain("Wireshark"),
        ];
        let mut left = 0;
        table(html, "Server ports", &columns, |html| {
            left = html.fit(ROOM, &rows, |html, one| row(html, report, one));
        });
        beyond(html, left, "server ports");
    });
}

type Row<'a> = (ServicePort, ServiceRow, Option<&'a Latency>);

fn intro(html: &mut Html) {
    let connect = "Connect: from SYN to SYN-ACK. Answer: from a request to its reply. The scale is logarithmic, from \
                   0.1 ms to 10 s. Failed: the server was not reached, or refused.";
    html.leaf(tag("p").class("intro"), connect);
    html.within(tag("p").class("key"), |html| {
        let example = tag("svg").class("plot").set("aria-hidden", "true");
        html.within(example, |html| distribution(html, [1.0, 8.0, 60.0, 700.0]));
        html.text("dot: half of them were as fast as that (50 %); bar: to 90 %; tick: 99 %; ring: the slowest.");
    });
}

fn row(html: &mut Html, report: &Report<'_>, (at, service_row, answer): &Row<'_>) {
    html.line().within(tag("tr"), |html| {
        html.within(tag("th").set("scope", "row"), |html| {
            let name = brief::host(report, at.server);
            let address = at.server.to_string();
            html.value(&name);
            if name != address {
                html.text(" ").leaf(tag("small"), &address);
            }
        });
        let port = format!("{} {}", at.transport.word(), at.port);
        html.leaf(tag("td").class("n").set("data-key", at.port), &port);
        html.cell(tag("td"), &service(report, service_row));
        number(html, service_row.flows);
        number(html, service_row.failed);
        plot(html, Some(&service_row.connect));
        plot(html, *answer);
        filter_cell(html, Some(&words::port_filter(at)));
    });
}

/// A distribution, drawn and in figures.
fn plot(html: &mut Html, latency: Option<&Latency>) {
    let Some(latency) = latency.filter(|latency| latency.count() > 0) else {
        html.leaf(tag("td").class("distribution none"), "–");
        return;
    };
    let [half, most, nearly_all] = [0.5, 0.9, 0.99].map(|share| latency.quantile_ms(share));
    let values = [half, most, nearly_all, latency.max_ms()];
    html.within(tag("td").class("distribution").set("data-key", nearly_all), |html| {
        html.within(tag("svg").class("plot").set("aria-hidden", "true"), |html| distribution(html, values));
        html.within(tag("span").class("figures"), |html| {
            for (name, value) in ["50 %", "90 %", "99 %", "max"].into_iter().zip(values) {
                html.within(tag("span"), |html| {
                    html.leaf(tag("small"), name).text(" ").text(&millis(value));
                });
            }
        });
    });
}

/// Median, 90 %, 99 % and maximum on a line with a mark at every power of ten.
fn distribution(html: &mut Html, [half, most, nearly_all, longest]: [f64; 4]) {
    for power in -1..=4 {
        let x = percent(place(10f64.powi(power)));
        html.empty(tag("line").class("grid").set("x1", &x).set("x2", &x).set("y2", "100%"));
    }
    let x = |value: f64| percent(place(value));
    let line = |class: &str, from: f64, to: f64| {
        tag("line").class(class).set("x1", x(from)).set("x2", x(to)).set("y1", MIDDLE).set("y2", MIDDLE)
    };
    html.empty(line("whole", half, longest)).empty(line("most", half, most));
    let tick = tag("line").class("tick").set("x1", x(nearly_all)).set("x2", x(nearly_all));
    html.empty(tick.set("y1", MIDDLE - 5).set("y2", MIDDLE + 5));
    html.empty(tag("circle").class("longest").set("cx", x(longest)).set("cy", MIDDLE).set("r", 3));
    html.empty(tag("circle").class("half").set("cx", x(half)).set("cy", MIDDLE).set("r", 3.5));
}

/// Where a span stands on the scale, in percent.
fn place(millis: f64) -> f64 {
    let share = (millis.max(LEAST).log10() - LEAST.log10()) / (MOST.log10() - LEAST.log10());
    MARGIN + share.clamp(0.0, 1.0) * (100.0 - 2.0 * MARGIN)
}

/// The ends of the scale, in milliseconds.
const LEAST: f64 = 0.1;
const MOST: f64 = 10_000.0;
/// Percent kept free at both ends, for the marks.
const MARGIN: f64 = 3.0;
/// The line on which it stands.
const MIDDLE: i32 = 9;
/// Octets that the table may take.
const ROOM: usize = 70_000;
