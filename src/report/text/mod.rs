//! The report for people: first the answer, then what carries it.

mod answer;
mod at;
mod capture;
mod finding;
mod hosts;
mod matrix;
mod paths;
mod services;

#[cfg(test)]
mod tests;

// Other formats for people say it in the same words.
pub(in crate::report) use answer::{answer, doubts, place, whereabouts};
pub(in crate::report) use at::clock as time_of_day;
pub(in crate::report) use capture::{faults, size};
pub(in crate::report) use finding::{file_name, other_cause, verdict, when};
pub(in crate::report) use hosts::{hosts, is_host};
pub(in crate::report) use services::{millis, service};

use crate::report::Report;
use crate::report::at::At;
use crate::report::page::{Page, Sheet, Tone};
use crate::time::{Span, Time};

/// The report as text.
pub fn text(report: &Report<'_>, sheet: Sheet) -> String {
    text_at(report, None, sheet)
}

/// The report as text; what was asked of one moment stands behind the answer.
pub fn text_at(report: &Report<'_>, at: Option<&At<'_>>, sheet: Sheet) -> String {
    let mut page = Page::new(sheet);
    answer::write(&mut page, report);
    if let Some(at) = at {
        at::write(&mut page, report, at);
    }
    // Without a capture nothing more is known; why, was said where the inputs were opened.
    if !report.captures().is_empty() {
        finding::write_incidents(&mut page, report);
        finding::write(&mut page, report);
        paths::write(&mut page, report);
        hosts::write(&mut page, report);
        services::write(&mut page, report);
        capture::write(&mut page, report);
    }
    page.into_text()
}

/// "2013-02-18 06:00:00.000": UTC, to the millisecond.
pub(in crate::report) fn moment(time: Time) -> String {
    time.rfc3339(3).replace('T', " ").trim_end_matches('Z').to_owned()
}

/// "14:02:11" where `beside` tells the day, else "2013-02-17 14:02:11".
fn clock(time: Time, beside: Time) -> String {
    let whole = |time: Time| time.rfc3339(0).replace('T', " ").trim_end_matches('Z').to_owned();
    let (text, other) = (whole(time), whole(beside));
    match (text.split_once(' '), other.split_once(' ')) {
        (Some((day, clock)), Some((today, _))) if day == today => clock.to_owned(),
        _ => text,
    }
}

/// "2013-02-18 06:00:00.000 to 06:10:00.000 UTC"; the second day only where it is another one.
pub(in crate::report) fn period(first: Time, last: Time) -> String {
    let (begin, end) = (moment(first), moment(last));
    if begin == end {
        return format!("{begin} UTC");
    }
    match (begin.split_once(' '), end.split_once(' ')) {
        (Some((day, _)), Some((other, clock))) if day == other => format!("{begin} to {clock} UTC"),
        _ => format!("{begin} to {end} UTC"),
    }
}

/// "31.0 s", "12 min 5 s", "3 h 20 min", "16 days".
pub(in crate::report) fn lasting(span: Span) -> String {
    let seconds = span.0 / 1_000_000_000;
    match seconds {
        ..120 => span.to_string(),
        120..7_200 => format!("{} min {} s", seconds / 60, seconds % 60),
        7_200..172_800 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} days", grouped(u64::try_from(seconds / 86_400).unwrap_or(0))),
    }
}

/// "1 connection", "12,345 connections".
pub(in crate::report) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// With a comma every three digits.
pub(in crate::report) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The share of certainty, for people; a line does not end inside of it.
pub(in crate::report) fn sure(confidence: f64) -> String {
    format!("{:.0}\u{a0}% sure", confidence * 100.0)
}

/// From here on tables have room for what narrow lines leave out.
const WIDE: usize = 120;

/// Says that a list goes on elsewhere.
fn beyond(page: &mut Page, indent: usize, left: usize, what: &str) {
    if left > 0 {
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        page.line(indent, &[(Tone::Text, &format!("… and {} more {what} (in --json)", grouped(left)))]);
    }
}
