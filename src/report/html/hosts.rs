//! Who is who, and why that is believed.

use crate::report::Report;
use crate::report::html::markup::{Html, tag};
use crate::report::html::section;
use crate::report::html::tables::{Column, beyond, filter_cell, table};
use crate::report::text::hosts;
use crate::report::words;
use crate::topology::Host;

/// A row for each host: those with roles first, then those with names, then the rest.
pub(super) fn write(html: &mut Html, report: &Report<'_>) {
    let mut hosts = hosts(report);
    hosts.sort_by_key(|host| (host.roles.is_empty(), host.names.is_empty(), host.addresses.first().copied()));
    section(html, "hosts", "Who is who, and why", |html| {
        html.leaf(tag("p").class("intro"), source(&hosts));
        let columns = [
            Column::Text("Host"),
            Column::Text("Address"),
            Column::Text("Role"),
            Column::Text("Site"),
            Column::Text("Exchange"),
            Column::Text("Heard"),
            Column::Text("Because"),
            Column::Plain("Wireshark"),
        ];
        let mut left = 0;
        table(html, "Hosts", &columns, |html| {
            left = html.fit(ROOM, &hosts, |html, host| row(html, report, host));
        });
        let left_out = usize::try_from(report.roster.left_out).unwrap_or(usize::MAX);
        beyond(html, left.saturating_add(left_out), "hosts");
        for contradiction in report.roster.contradictions.iter().take(MOST_CONTRADICTIONS) {
            html.within(tag("p").class("note"), |html| {
                html.leaf(tag("b"), "The topology file disagrees: ").text(contradiction);
            });
        }
        beyond(html, report.roster.contradictions.len().saturating_sub(MOST_CONTRADICTIONS), "contradictions");
    });
}

/// Where roles come from.
fn source(hosts: &[Host]) -> &'static str {
    let known = hosts.iter().any(|host| host.known);
    match hosts.iter().any(|host| !host.roles.is_empty()) {
        true if known => {
            "Roles that the topology file states need no other reason; others are inferred from the traffic."
        }
        true => "Roles are inferred from the traffic; a topology file (--topology FILE) states them.",
        false => {
            "No role is known. Name your servers in a file (--topology FILE): then symptoms, rules and what the \
                  vendor supports are told."
        }
    }
}

fn row(html: &mut Html, report: &Report<'_>, host: &Host) {
    let heard = host.addresses.iter().any(|one| report.traces.iter().any(|trace| trace.ever_heard(*one)));
    html.line().within(tag("tr"), |html| {
        let names: Vec<&str> = host.names.iter().take(MOST_NAMES).map(String::as_str).collect();
        let named = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
        html.cell(tag("th").set("scope", "row"), &named);
        let mut addresses: Vec<String> = host.addresses.iter().take(MOST_NAMES).map(ToString::to_string).collect();
        if host.addresses.len() > MOST_NAMES {
            addresses.push("…".to_owned());
        }
        html.leaf(tag("td").class("address"), &addresses.join(", "));
        html.within(tag("td"), |html| {
            for (at, claim) in host.roles.iter().take(MOST_ROLES).enumerate() {
                html.text(if at > 0 { ", " } else { "" }).text(&claim.role);
                if claim.confidence < 1.0 {
                    html.text(" ").leaf(tag("small"), &format!("{:.0} %", claim.confidence * 100.0));
                }
            }
        });
        html.cell(tag("td"), host.site.as_deref().unwrap_or_default());
        html.cell(tag("td"), host.version.as_deref().unwrap_or_default());
        html.leaf(tag("td"), if heard { "yes" } else { "never" });
        html.cell(tag("td").class("because"), &because(host));
        let filter = host.addresses.first().map(|address| words::host_filter(*address));
        filter_cell(html, filter.as_deref());
    });
}

fn because(host: &Host) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for claim in host.roles.iter().take(MOST_ROLES) {
        if !reasons.contains(&claim.because.as_str()) {
            reasons.push(&claim.because);
        }
    }
    reasons.join("; ")
}

/// Names, and addresses, of one host.
const MOST_NAMES: usize = 4;
/// Roles of one host.
const MOST_ROLES: usize = 4;
/// Contradictions told.
const MOST_CONTRADICTIONS: usize = 20;
/// Octets that the table may take.
const ROOM: usize = 70_000;
