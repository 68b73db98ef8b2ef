//! One finding: what happened, drawn; why that is believed, and what speaks against it; what to do.

use std::collections::BTreeMap;

use crate::diagnose::Finding;
use crate::flow::FrameRef;
use crate::report::html::Material;
use crate::report::html::answer::sentence;
use crate::report::html::ladder::{Ladder, anchor};
use crate::report::html::mark::Mark;
use crate::report::html::markup::{Html, tag};
use crate::report::html::strip;
use crate::report::html::tables::filter_text;
use crate::report::text::{other_cause, sure, verdict, when, whereabouts};
use crate::report::words;

/// How much of it is in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Open,
    /// Its first line, which unfolds.
    Folded,
}

/// Writes a finding.
pub(super) fn write(html: &mut Html, material: &Material<'_>, finding: &Finding, form: Form) {
    let mark = Mark::of(finding.judgement.kind.verdict());
    let article = tag("article").class(&format!("finding {}", mark.class())).set("id", &finding.id);
    let title = format!("{}-title", finding.id);
    html.line().within(article.set("aria-labelledby", &title), |html| match form {
        Form::Open => {
            tags(html, finding, mark);
            html.leaf(tag("h4").set("id", &title), &sentence(&words::summary(material.report, finding)));
            body(html, material, finding);
        }
        Form::Folded => {
            html.within(tag("details"), |html| {
                html.within(tag("summary"), |html| {
                    tags(html, finding, mark);
                    let summary = sentence(&words::summary(material.report, finding));
                    html.leaf(tag("h4").set("id", &title), &summary);
                });
                body(html, material, finding);
            });
        }
    });
}

fn tags(html: &mut Html, finding: &Finding, mark: Mark) {
    html.within(tag("span").class("tags"), |html| {
        html.leaf(tag("span").class("id"), &finding.id);
        mark.badge(html, verdict(finding.judgement.kind.verdict()).1);
        html.leaf(tag("span"), &sure(finding.judgement.confidence));
        html.leaf(tag("span").class("kind"), finding.judgement.kind.word());
    });
}

fn body(html: &mut Html, material: &Material<'_>, finding: &Finding) {
    let judgement = &finding.judgement;
    let ladder = Ladder::new(material, finding);
    let frames = Frames { material, finding, ladder: ladder.as_ref() };
    html.line().within(tag("dl").class("where"), |html| {
        entry(html, "Where", |html| {
            html.text(whereabouts(judgement.attribution));
        });
        if let Some(when) = when(finding) {
            entry(html, "When", |html| {
                html.text(&when);
            });
        }
    });
    if finding.client.is_some() {
        strip::write(html, material, finding);
    }
    html.line().within(tag("div").class(if ladder.is_some() { "beside" } else { "reasons-only" }), |html| {
        if let Some(ladder) = &ladder {
            ladder.write(html, material, finding);
        }
        html.line().within(tag("div").class("reasons"), |html| {
            reasons(html, "Why", &judgement.because, &frames);
            let others: Vec<String> = judgement.alternatives.iter().map(other_cause).collect();
            reasons(html, "What else it could be", &others, &frames);
            html.line().within(tag("dl").class("advice"), |html| advice(html, &frames));
        });
    });
}

fn reasons(html: &mut Html, title: &str, reasons: &[String], frames: &Frames<'_>) {
    if reasons.is_empty() {
        return;
    }
    html.leaf(tag("h5"), title);
    html.within(tag("ul"), |html| {
        for reason in reasons {
            html.within(tag("li"), |html| frames.linked(html, reason));
        }
    });
}

/// What breaks, what to do, what proves it; the policy has the last word.
fn advice(html: &mut Html, frames: &Frames<'_>) {
    let (report, finding) = (frames.material.report, frames.finding);
    let plain = |html: &mut Html, title: &str, text: &str| {
        entry(html, title, |html| {
            html.text(text);
        });
    };
    if let Some(symptom) = words::symptom(report, finding) {
        plain(html, "Symptom", &symptom);
    }
    let (step, rule) = words::next_step_and_rule(report, finding);
    plain(html, "Next step", &sentence(&step));
    if let Some(rule) = rule {
        entry(html, "Rule to ask for", |html| {
            html.leaf(tag("span").class("copy rule"), &sentence(&rule));
        });
    }
    for proof in frames.by_file() {
        entry(html, "Proof", |html| frames.proof(html, &proof));
    }
    if let Some(filter) = words::display_filter(finding) {
        entry(html, "Wireshark", |html| filter_text(html, &filter));
    }
    if let Some(policy) = words::policy_sentence(report, finding) {
        plain(html, "Support", &policy);
    }
}

fn entry(html: &mut Html, title: &str, value: impl FnOnce(&mut Html)) {
    html.line().within(tag("div"), |html| {
        html.leaf(tag("dt"), title);
        html.within(tag("dd"), value);
    });
}

/// "29, 33, 43 …": the frames that a finding names, the first few.
pub(super) fn frame_list(material: &Material<'_>, finding: &Finding, most: usize) -> String {
    let evidence = &finding.judgement.evidence;
    let mut named: Vec<String> = evidence.iter().take(most).map(|one| material.frame(one.frame)).collect();
    if evidence.len() > most {
        named.push("…".to_owned());
    }
    named.join(", ")
}

/// The frames that a finding names, and where on the page each of them is shown.
struct Frames<'a> {
    material: &'a Material<'a>,
    finding: &'a Finding,
    ladder: Option<&'a Ladder>,
}

/// What frames of one capture show.
struct Proof<'a> {
    capture: u32,
    notes: Vec<(&'a str, Vec<FrameRef>)>,
}

impl Frames<'_> {
    /// By capture; a note that repeats is told once.
    fn by_file(&self) -> Vec<Proof<'_>> {
        let mut files: BTreeMap<u32, Proof<'_>> = BTreeMap::new();
        for evidence in &self.finding.judgement.evidence {
            let capture = evidence.frame.capture();
            let proof = files.entry(capture).or_insert(Proof { capture, notes: Vec::new() });
            match proof.notes.iter_mut().find(|(note, _)| *note == evidence.note) {
                Some((_, frames)) if !frames.contains(&evidence.frame) => frames.push(evidence.frame),
                Some(_) => {}
                None => proof.notes.push((&evidence.note, vec![evidence.frame])),
            }
        }
        files.into_values().collect()
    }

    fn proof(&self, html: &mut Html, proof: &Proof<'_>) {
        if self.material.captures.len() > 1 {
            html.leaf(tag("p").class("file"), self.material.file(proof.capture));
        }
        html.within(tag("ul").class("proof"), |html| {
            for (note, frames) in &proof.notes {
                html.within(tag("li"), |html| {
                    for frame in frames {
                        self.chip(html, *frame);
                    }
                    html.text(note);
                });
            }
        });
        let frames = proof.notes.iter().flat_map(|(_, frames)| frames);
        let numbers: Vec<String> = frames.map(|frame| format!("frame.number=={}", frame.number())).collect();
        filter_text(html, &numbers.join(" || "));
    }

    /// A frame's number, which leads to where it is drawn.
    fn chip(&self, html: &mut Html, frame: FrameRef) {
        let number = self.material.frame(frame);
        if self.is_drawn(frame) {
            html.leaf(tag("a").class("chip").to(anchor(self.finding, frame)), &number);
        } else {
            // Others may name the same frame for another reason: the first one is meant.
            html.leaf(tag("span").class("chip"), &number);
        }
    }

    fn is_drawn(&self, frame: FrameRef) -> bool {
        self.ladder.is_some_and(|ladder| ladder.shows(frame))
    }

    /// Text in which "frame 29" leads to where frame 29 is drawn.
    fn linked(&self, html: &mut Html, text: &str) {
        let mut rest = text;
        while let Some((before, frame, number, behind)) = next_frame(rest) {
            html.text(before);
            let named = self.finding.judgement.evidence.iter().map(|evidence| evidence.frame);
            match named.into_iter().find(|named| named.number() == number && self.is_drawn(*named)) {
                Some(named) => html.leaf(tag("a").to(anchor(self.finding, named)), frame),
                None => html.text(frame),
            };
            rest = behind;
        }
        html.text(rest);
    }
}

/// The next "frame 29" of a text: what is before it, itself, its number, what is behind it.
fn next_frame(text: &str) -> Option<(&str, &str, u64, &str)> {
    let at = text.find(FRAME)?;
    let digits = text.get(at + FRAME.len()..)?;
    let length = digits.find(|one: char| !one.is_ascii_digit()).unwrap_or(digits.len());
    let end = at + FRAME.len() + length;
    let number = digits.get(..length)?.parse().unwrap_or(0);
    Some((text.get(..at)?, text.get(at..end)?, number, text.get(end..)?))
}

const FRAME: &str = "frame ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_sentences() {
        assert_eq!(next_frame("named port 5 to x (frame 29)"), Some(("named port 5 to x (", "frame 29", 29, ")")));
        assert_eq!(next_frame("the frame of it"), Some(("the ", "frame ", 0, "of it")));
        assert_eq!(next_frame("nothing"), None);
        assert_eq!(next_frame("frame 99999999999999999999999"), Some(("", "frame 99999999999999999999999", 0, "")));
    }
}
