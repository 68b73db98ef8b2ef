//! The report as one page for people who were not there: HTML that needs no network, no other file and no
//! script, and in which nothing that a packet says is obeyed (see `markup` and `head`).
//!
//! It leads with the answer. Every claim stands beside the numbers of its frames and a display filter, so
//! that who does not trust it can look. The words are those of the other formats (`words`, `text`).

mod answer;
mod attempts;
mod finding;
mod findings;
mod head;
mod health;
mod hosts;
mod ladder;
mod latency;
mod legend;
mod mark;
mod markup;
mod matrix;
mod pairs;
mod roles;
mod strip;
mod tables;
mod unseen;

#[cfg(test)]
mod tests;

use crate::decode::Health;
use crate::diagnose::Finding;
use crate::flow::FrameRef;
use crate::observe::Trace;
use crate::proof::Exhibits;
use crate::report::Report;
use crate::report::text::file_name;
use attempts::Attempts;
use markup::{Html, tag};

/// The page. `exhibits` are the packets to draw, from a second look at the captures; without them (standard
/// input cannot be read twice) drawings show what the records of conversations tell.
pub fn page(report: &Report<'_>, exhibits: Option<&Exhibits>) -> String {
    let material = Material::new(report, exhibits);
    let mut told = Html::default();
    // Written first: whoever links to findings must know which of them are shown.
    let shown = findings::write(&mut told, &material);
    let mut html = Html::default();
    html.doctype().within(tag("html").set("lang", "en"), |html| {
        head::write(html, &answer::title(report));
        html.line().within(tag("body"), |html| {
            mark::define(html);
            answer::write(html, &material);
            html.line().within(tag("main"), |html| {
                if !material.captures.is_empty() {
                    contents(html, report);
                    roles::write(html, report);
                    pairs::write(html, &material, &shown);
                    html.append(told);
                    latency::write(html, report);
                    hosts::write(html, report);
                    unseen::write(html, report);
                }
                health::write(html, &material);
                legend::write(html);
            });
            answer::colophon(html);
            head::script(html);
        });
    });
    html.line();
    html.into_text()
}

/// The parts of the page, for who looks for one.
fn contents(html: &mut Html, report: &Report<'_>) {
    let parts = [
        ("roles", "Roles"),
        ("hosts-matrix", "Hosts"),
        ("findings", "Findings"),
        ("latency", "Latency"),
        ("hosts", "Who is who"),
        ("unseen", "Not seen"),
        ("health", "Captures"),
        ("legend", "How to read it"),
    ];
    let none = report.diagnosis.findings.is_empty();
    html.line().within(tag("nav").set("aria-label", "Contents"), |html| {
        html.within(tag("ul"), |html| {
            for (id, title) in parts.into_iter().filter(|(id, _)| *id != "findings" || !none) {
                html.within(tag("li"), |html| {
                    html.leaf(tag("a").to(id), title);
                });
            }
        });
    });
}

/// One part of the page under its title.
fn section(html: &mut Html, id: &'static str, title: &str, inside: impl FnOnce(&mut Html)) {
    html.line().within(tag("section").set("id", id).set("aria-labelledby", format_args!("{id}-title")), |html| {
        html.leaf(tag("h2").set("id", format_args!("{id}-title")), title);
        inside(html);
    });
}

/// What all parts draw from.
struct Material<'a> {
    report: &'a Report<'a>,
    exhibits: Option<&'a Exhibits>,
    captures: Vec<&'a Health>,
    attempts: Attempts<'a>,
}

impl<'a> Material<'a> {
    fn new(report: &'a Report<'a>, exhibits: Option<&'a Exhibits>) -> Self {
        Self { report, exhibits, captures: report.captures(), attempts: Attempts::new(report) }
    }

    /// The trace in which a finding was made.
    fn trace(&self, finding: &Finding) -> Option<&'a Trace> {
        let capture = finding.judgement.evidence.first()?.frame.capture();
        self.report.traces.iter().find(|trace| trace.healths.iter().any(|health| health.index == capture))
    }

    /// "29", or with several captures "2:29": the second one's frame 29.
    fn frame(&self, frame: FrameRef) -> String {
        if self.captures.len() > 1 {
            format!("{}:{}", u64::from(frame.capture()) + 1, frame.number())
        } else {
            frame.number().to_string()
        }
    }

    /// What a capture is called where several are read.
    fn file(&self, capture: u32) -> &'a str {
        file_name(&self.captures, capture)
    }
}
