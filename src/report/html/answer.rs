//! The top of the page: the answer in two sentences, and what it rests on.

use crate::diagnose::Verdict;
use crate::report::html::Material;
use crate::report::html::mark::Mark;
use crate::report::html::markup::{Html, tag};
use crate::report::page::Tone;
use crate::report::text::{answer, count, doubts, file_name, grouped, lasting, period, place};
use crate::report::{Report, words};

/// What browsers call the page.
pub(super) fn title(report: &Report<'_>) -> String {
    let (_, word, _) = answer(report);
    let captures = report.captures();
    let name = captures.first().map_or("no capture", |first| file_name(&captures, first.index));
    let more = if captures.len() > 1 { format!(" and {} more", captures.len() - 1) } else { String::new() };
    format!("{word}: {name}{more} — anyany")
}

/// The answer.
pub(super) fn write(html: &mut Html, material: &Material<'_>) {
    let report = material.report;
    let (tone, word, says) = answer(report);
    let mark = match tone {
        Tone::Good => Mark::Good,
        Tone::Alarm if words::blocked_paths(report).is_empty() => Mark::Altered,
        Tone::Alarm => Mark::Blocked,
        _ => Mark::Doubt,
    };
    html.line().within(tag("header").set("id", "top").class(&format!("answer {}", mark.class())), |html| {
        html.within(tag("p").class("verdict"), |html| {
            mark.shape(html);
            html.text(word);
        });
        html.line().leaf(tag("h1"), &sentence(&says));
        html.line().leaf(tag("p").class("second"), &second(report));
        if let Some(doubts) = doubts(report).filter(|_| place(report).is_some()) {
            html.leaf(tag("p").class("second"), &doubts);
        }
        facts(html, material);
    });
}

/// Where it happens; of what is not blocked, how far the answer reaches.
fn second(report: &Report<'_>) -> String {
    let limit = || "What nobody tried while this was captured is not judged.".to_owned();
    place(report).or_else(|| doubts(report)).unwrap_or_else(limit)
}

/// What was looked at.
fn facts(html: &mut Html, material: &Material<'_>) {
    let report = material.report;
    let captures = &material.captures;
    let looked_at = |health: &&crate::decode::Health| health.summary.packets.saturating_sub(health.filtered);
    let files = u64::try_from(captures.len()).unwrap_or(u64::MAX);
    let packets = count(captures.iter().map(looked_at).sum(), "packet", "packets");
    let read = match (captures.first(), report.traces.len()) {
        (None, _) => return,
        (Some(only), _) if files == 1 => format!("{packets} of {}", file_name(captures, only.index)),
        (Some(_), 0 | 1) => format!("{packets} in {}", count(files, "capture", "captures")),
        (Some(_), views) => {
            format!("{packets} in {files} captures, {views} vantage points, each judged for itself")
        }
    };
    let span = report.traces.iter().filter_map(|trace| trace.covered);
    let span = span.reduce(|whole, part| (whole.0.min(part.0), whole.1.max(part.1)));
    let when = span.map(|(first, last)| format!("{} ({})", period(first, last), lasting(last.since(first))));
    html.line().within(tag("dl").class("facts"), |html| {
        fact(html, "Looked at", &read);
        if let Some(when) = when {
            fact(html, "Captured", &when);
        }
        fact(html, "Conversations", &conversations(report));
        fact(html, "Findings", &findings(report));
    });
}

fn fact(html: &mut Html, name: &str, value: &str) {
    html.within(tag("div"), |html| {
        html.leaf(tag("dt"), name).leaf(tag("dd"), value);
    });
}

fn conversations(report: &Report<'_>) -> String {
    let all = || report.traces.iter().flat_map(|trace| &trace.conversations);
    let answered = all().filter(|one| one.outcome.reached()).count();
    let began = report.traces.iter().map(crate::observe::Trace::attempts).sum();
    format!("{} began, {} were answered", grouped(began), grouped(answered as u64))
}

fn findings(report: &Report<'_>) -> String {
    let findings = &report.diagnosis.findings;
    if findings.is_empty() {
        return "none".to_owned();
    }
    let verdicts = [Verdict::Blocked, Verdict::Altered, Verdict::Inconclusive, Verdict::NotBlocked];
    let told = verdicts.into_iter().filter_map(|verdict| {
        let number = findings.iter().filter(|finding| finding.judgement.kind.verdict() == verdict).count();
        (number > 0).then(|| format!("{} {}", grouped(number as u64), Mark::of(verdict).word()))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The same with a full stop, and with a capital letter where it begins with a word and not with a name.
pub(super) fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    let first = match letters.next() {
        Some(first) if word.chars().all(|one| one.is_ascii_lowercase()) => first.to_ascii_uppercase().to_string(),
        first => first.map(String::from).unwrap_or_default(),
    };
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The bottom of the page: who wrote it.
pub(super) fn colophon(html: &mut Html) {
    html.line().within(tag("footer"), |html| {
        let text = format!(
            "Written by anyany {} from packet captures alone. This page asks for nothing from any network. Times are \
             UTC; frame numbers are those that Wireshark shows.",
            env!("CARGO_PKG_VERSION")
        );
        html.leaf(tag("p"), &text);
        html.within(tag("p"), |html| {
            html.leaf(tag("a").to("top"), "Back to the answer");
        });
    });
}
