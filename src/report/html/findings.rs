//! What was found: incident by incident, then what stands alone, then all of it in one table.

use std::collections::HashSet;

use crate::diagnose::{Finding, Incident};
use crate::flow::Transport;
use crate::report::html::answer::sentence;
use crate::report::html::finding::{Form, frame_list};
use crate::report::html::mark::Mark;
use crate::report::html::markup::{Html, tag};
use crate::report::html::tables::{Column, beyond, filter_cell, number, table};
use crate::report::html::{Material, finding, section};
use crate::report::text::{count, moment};
use crate::report::{brief, words};

/// Writes them; which findings can be linked to.
pub(super) fn write<'a>(html: &mut Html, material: &Material<'a>) -> HashSet<&'a str> {
    let mut shown = HashSet::new();
    let diagnosis = material.report.diagnosis;
    if diagnosis.findings.is_empty() {
        return shown;
    }
    section(html, "findings", "Findings", |html| {
        let full = html.len() + ROOM_IN_FULL;
        for one in &diagnosis.incidents {
            if html.len() < full {
                incident(html, material, one, full, &mut shown);
            }
        }
        alone(html, material, full, &mut shown);
        all(html, material, &mut shown);
    });
    shown
}

/// An incident: its gravest finding in full, the others folded.
fn incident<'a>(
    html: &mut Html,
    material: &Material<'a>,
    incident: &'a Incident,
    full: usize,
    shown: &mut HashSet<&'a str>,
) {
    let members: HashSet<&str> = incident.findings.iter().map(String::as_str).collect();
    let findings: Vec<&Finding> =
        material.report.diagnosis.findings.iter().filter(|one| members.contains(one.id.as_str())).collect();
    let Some((lead, others)) = findings.split_first() else { return };
    let mark = Mark::of(lead.judgement.kind.verdict());
    let id = &incident.id;
    let part = tag("section").class(&format!("incident {}", mark.class())).set("id", id);
    html.line().within(part.set("aria-labelledby", format_args!("{id}-title")), |html| {
        let number = count(findings.len() as u64, "finding", "findings");
        html.leaf(tag("p").class("eyebrow"), &format!("Incident {id}, {number}"));
        html.leaf(
            tag("h3").set("id", format_args!("{id}-title")),
            &sentence(&words::incident(material.report, incident)),
        );
        if !others.is_empty() {
            proof(html, material, incident, &findings);
        }
        finding::write(html, material, lead, Form::Open);
        shown.insert(&lead.id);
        for one in others.iter().take(MOST_FOLDED) {
            if html.len() < full {
                finding::write(html, material, one, Form::Folded);
                shown.insert(&one.id);
            }
        }
    });
}

/// The paths of an incident, for who is asked for a rule.
fn proof(html: &mut Html, material: &Material<'_>, incident: &Incident, findings: &[&Finding]) {
    let about = format!("Paths of incident {}", incident.id);
    let columns = [
        Column::Text("Finding"),
        Column::Text("Source"),
        Column::Text("Destination"),
        Column::Text("Protocol"),
        Column::Number("Attempts"),
        Column::Text("First (UTC)"),
        Column::Text("Last (UTC)"),
    ];
    let mut left = 0;
    table(html, &about, &columns, |html| {
        left = findings.len().saturating_sub(MOST_PATHS);
        for one in findings.iter().take(MOST_PATHS) {
            html.line().within(tag("tr"), |html| {
                html.within(tag("th").set("scope", "row"), |html| link(html, one));
                for party in [&one.client, &one.server] {
                    let who = party.as_ref().map(|party| words::who(material.report, party));
                    html.cell(tag("td"), &who.unwrap_or_default());
                }
                html.leaf(tag("td"), &brief::server_port(material.report, one));
                number(html, one.attempts);
                for time in [one.first, one.last] {
                    html.leaf(tag("td").class("time"), &time.map(moment).unwrap_or_default());
                }
            });
        }
    });
    beyond(html, left, "paths of this incident");
}

/// Findings that belong to no incident: what failed and is no block, and what the capture itself hides.
fn alone<'a>(html: &mut Html, material: &Material<'a>, full: usize, shown: &mut HashSet<&'a str>) {
    let diagnosis = material.report.diagnosis;
    let findings: Vec<&Finding> = diagnosis.findings.iter().filter(|one| one.incident.is_none()).collect();
    if findings.is_empty() {
        return;
    }
    let title = if diagnosis.incidents.is_empty() { "What was noticed" } else { "What else was noticed" };
    html.line().within(tag("section").class("alone").set("aria-labelledby", "alone-title"), |html| {
        html.leaf(tag("h3").set("id", "alone-title"), title);
        for one in findings.into_iter().take(MOST_ALONE) {
            if html.len() < full {
                finding::write(html, material, one, Form::Folded);
                shown.insert(&one.id);
            }
        }
    });
}

/// A row for each finding, the gravest first.
fn all<'a>(html: &mut Html, material: &Material<'a>, shown: &mut HashSet<&'a str>) {
    let findings = &material.report.diagnosis.findings;
    if findings.len() < WORTH_A_TABLE {
        return;
    }
    html.line().leaf(tag("h3").set("id", "all-findings"), "All findings in one table");
    let columns = [
        Column::Text("Finding"),
        Column::Text("Verdict"),
        Column::Number("Sure"),
        Column::Text("Kind"),
        Column::Text("Client"),
        Column::Text("Server"),
        Column::Text("Port"),
        Column::Number("Attempts"),
        Column::Text("First (UTC)"),
        Column::Plain("Frames"),
        Column::Plain("Wireshark"),
    ];
    let mut left = 0;
    table(html, "All findings", &columns, |html| {
        left = html.fit(ROOM_FOR_ROWS, findings, |html, one| {
            let id = (!shown.contains(one.id.as_str())).then_some(&one.id);
            html.line().within(tag("tr").set_if("id", id), |html| row(html, material, one));
            shown.insert(&one.id);
        });
    });
    beyond(html, left, "findings");
}

fn row(html: &mut Html, material: &Material<'_>, one: &Finding) {
    let (report, kind) = (material.report, one.judgement.kind);
    let mark = Mark::of(kind.verdict());
    let share = one.judgement.confidence * 100.0;
    html.within(tag("th").set("scope", "row"), |html| link(html, one));
    html.within(
        tag("td").set("data-key", Mark::ALL.iter().position(|other| *other == mark).unwrap_or_default()),
        |html| {
            mark.badge(html, mark.word());
        },
    );
    html.leaf(tag("td").class("n"), &format!("{share:.0} %"));
    html.leaf(tag("td"), kind.word());
    for party in [&one.client, &one.server] {
        html.cell(tag("td"), &party.as_ref().map(|party| brief::host(report, party.address)).unwrap_or_default());
    }
    let port = (one.transport != Some(Transport::Icmp)).then_some(one.port).flatten();
    html.leaf(tag("td").set_if("data-key", port), &brief::server_port(report, one));
    number(html, one.attempts);
    html.leaf(tag("td").class("time"), &one.first.map(moment).unwrap_or_default());
    html.leaf(tag("td").class("frames"), &frame_list(material, one, FRAMES_IN_ROW));
    filter_cell(html, words::display_filter(one).as_deref());
}

/// To where a finding is told.
fn link(html: &mut Html, one: &Finding) {
    html.leaf(tag("a").to(&one.id), &one.id);
}

/// Octets that findings in full may take.
const ROOM_IN_FULL: usize = 380_000;
/// Octets that the table of all findings may take.
const ROOM_FOR_ROWS: usize = 330_000;
/// Findings of one incident told below the first one.
const MOST_FOLDED: usize = 12;
/// Paths of one incident listed.
const MOST_PATHS: usize = 60;
/// Findings without an incident told in full.
const MOST_ALONE: usize = 40;
/// So many findings are more than one looks through.
const WORTH_A_TABLE: usize = 4;
/// Frames named in a row.
const FRAMES_IN_ROW: usize = 4;
