//! What the captures were, and what they keep from being known.

use crate::decode::Health;
use crate::report::html::Material;
use crate::report::html::markup::{Html, tag};
use crate::report::html::section;
use crate::report::html::tables::beyond;
use crate::report::text::{count, faults, grouped, lasting, period, size};

/// A part for each capture; then what could not be read.
pub(super) fn write(html: &mut Html, material: &Material<'_>) {
    let report = material.report;
    section(html, "health", "Capture health", |html| {
        for (at, health) in material.captures.iter().take(MOST_CAPTURES).enumerate() {
            one(html, material, at, health);
        }
        beyond(html, material.captures.len().saturating_sub(MOST_CAPTURES), "captures");
        for (_, why) in report.unusable.iter().take(MOST_CAPTURES) {
            html.within(tag("p").class("note"), |html| {
                html.leaf(tag("b"), "Not read: ").text(why);
            });
        }
        beyond(html, report.unusable.len().saturating_sub(MOST_CAPTURES), "inputs that were not read");
    });
}

fn one(html: &mut Html, material: &Material<'_>, at: usize, health: &Health) {
    let summary = &health.summary;
    let packed = summary.compression.map(|compression| format!(" in {compression}")).unwrap_or_default();
    let links: Vec<String> = summary.link_types.iter().map(ToString::to_string).collect();
    let links = if links.is_empty() { "no link type".to_owned() } else { links.join(", ") };
    html.line().within(tag("div").class("capture"), |html| {
        html.within(tag("h3"), |html| {
            if material.captures.len() > 1 {
                html.leaf(tag("span").class("number"), &format!("{} ", at + 1));
            }
            html.text(&summary.path);
        });
        let packets = count(summary.packets, "packet", "packets");
        html.leaf(tag("p"), &format!("{}{packed}, {links}, {packets}, {}", summary.format, size(summary.octets)));
        if let (Some(first), Some(last)) = (summary.first, summary.last) {
            html.leaf(tag("p"), &format!("{} ({})", period(first, last), lasting(last.since(first))));
        }
        let faults = faults(material.report, health);
        if faults.is_empty() && summary.packets > 0 {
            html.leaf(tag("p").class("sound"), "Nothing is known to be lost, cut short or out of order.");
        } else {
            html.within(tag("ul").class("faults"), |html| {
                for fault in &faults {
                    html.leaf(tag("li"), fault);
                }
            });
        }
        if !health.undecoded.is_empty() {
            let words: Vec<_> =
                health.undecoded.iter().map(|(word, number)| format!("{} {word}", grouped(*number))).collect();
            html.leaf(tag("p"), &format!("Not looked into: {}.", words.join(", ")));
        }
    });
}

/// Captures told of.
const MOST_CAPTURES: usize = 20;
