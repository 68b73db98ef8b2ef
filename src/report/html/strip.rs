//! The timeline of a finding: what was tried before, meanwhile and after, and what worked.
//!
//! Places are percentages, so that the drawing is as wide as the page and its text keeps its size.

use crate::diagnose::Finding;
use crate::report::html::Material;
use crate::report::html::attempts::Attempt;
use crate::report::html::markup::{Html, Tag, tag};
use crate::report::text::{grouped, time_of_day};
use crate::time::Time;

/// Draws it; nothing where no time is known.
pub(super) fn write(html: &mut Html, material: &Material<'_>, finding: &Finding) {
    let Some(trace) = material.trace(finding) else { return };
    let Some((begin, end)) = trace.covered else { return };
    let history = material.attempts.history(trace, finding);
    let scale = Scale { begin, end };
    html.line().within(tag("figure").class("timeline"), |html| {
        html.leaf(tag("figcaption"), "Attempts over the time of the capture");
        lane(html, scale, "This path", &history.own, Some(finding));
        lane(html, scale, "These hosts, other ports", &history.pair, None);
        lane(html, scale, "Others to this port", &history.others, None);
        axis(html, scale, finding);
    });
}

/// When the capture begins and ends.
#[derive(Debug, Clone, Copy)]
struct Scale {
    begin: Time,
    end: Time,
}

impl Scale {
    /// Where a time stands, in percent; the marks at both ends keep within the drawing.
    fn at(self, time: Time) -> f64 {
        let whole = self.end.since(self.begin).as_seconds().max(1e-9);
        let share = (time.since(self.begin).as_seconds() / whole).clamp(0.0, 1.0);
        MARGIN + share * (100.0 - 2.0 * MARGIN)
    }
}

fn lane(html: &mut Html, scale: Scale, name: &str, attempts: &[Attempt], finding: Option<&Finding>) {
    if attempts.is_empty() && finding.is_none() {
        return;
    }
    let failed = attempts.iter().filter(|attempt| attempt.failed).count() as u64;
    let worked = attempts.len() as u64 - failed;
    let tally = match (failed, worked) {
        (0, 0) => "nothing".to_owned(),
        (0, worked) => format!("{} worked", grouped(worked)),
        (failed, 0) => format!("{} failed", grouped(failed)),
        (failed, worked) => format!("{} failed, {} worked", grouped(failed), grouped(worked)),
    };
    html.within(tag("div").class("lane"), |html| {
        html.leaf(tag("span").class("name"), name);
        let drawing = tag("svg").class("strip").set("role", "img").set("aria-label", format_args!("{name}: {tally}"));
        html.within(drawing, |html| {
            if let Some((first, last)) = finding.and_then(|finding| finding.first.zip(finding.last)) {
                let (from, to) = (scale.at(first), scale.at(last));
                let span = tag("rect").class("failing").set("x", percent(from)).set("y", 0).set("height", "100%");
                html.empty(span.set("width", percent((to - from).max(0.4))));
            }
            html.empty(tag("line").class("axis").set("x2", "100%").set("y1", MIDDLE).set("y2", MIDDLE));
            if let Some(success) = finding.and_then(|finding| finding.last_success) {
                let at = percent(scale.at(success));
                html.empty(tag("line").class("success").set("x1", &at).set("x2", &at).set("y2", "100%"));
            }
            marks(html, scale, attempts);
        });
        html.leaf(tag("span").class("tally"), &tally);
    });
}

/// One mark for all that falls on the same place; failures are drawn over what worked.
fn marks(html: &mut Html, scale: Scale, attempts: &[Attempt]) {
    for (failed, symbol) in [(false, "worked"), (true, "failed")] {
        let mut last = f64::MIN;
        for attempt in attempts.iter().filter(|attempt| attempt.failed == failed) {
            let at = scale.at(attempt.time);
            if at - last >= APART {
                html.empty(place(tag("use").to(symbol), at));
                last = at;
            }
        }
    }
}

fn place(tag: Tag, at: f64) -> Tag {
    tag.set("x", percent(at)).set("y", MIDDLE)
}

/// The times at both ends, and when it last worked.
fn axis(html: &mut Html, scale: Scale, finding: &Finding) {
    html.within(tag("p").class("ends"), |html| {
        html.leaf(tag("span"), &time_of_day(scale.begin));
        if let Some(success) = finding.last_success {
            html.leaf(tag("span").class("last"), &format!("last worked {}", time_of_day(success)));
        }
        html.leaf(tag("span"), &time_of_day(scale.end));
    });
}

pub(super) fn percent(value: f64) -> String {
    format!("{}%", (value * 100.0).round() / 100.0)
}

/// Percent kept free at both ends.
const MARGIN: f64 = 1.5;
/// Marks that are nearer than this, in percent, are one.
const APART: f64 = 0.8;
/// The line on which marks stand.
const MIDDLE: u32 = 12;
