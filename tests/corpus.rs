//! The labelled corpus under `captures/`: every story's truth against what we say of its captures,
//! with and without a topology file. Truth comes from the firewall's rules and the servers, never
//! from our own output.
//!
//! `cargo test --test corpus -- --nocapture` prints precision, recall and calibration;
//! `ANYANY_CORPUS=FOLDER` scores the stories of another folder instead, a second take for example.
#![allow(clippy::unwrap_used)] // a test that cannot go on fails
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // tenths, from 0 to 9

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyany::diagnose::Finding;
use serde::Deserialize;

/// Of the paths that we call blocked or altered, at least this share must be.
const PRECISION: f64 = 0.99;
/// Of the blocks that must be reported, at least this share must be.
const RECALL: f64 = 0.95;

/// So many more right ones may be missing of a kind than its confidences promise: a single miss is no bad calibration.
const CHANCE: f64 = 1.0;

#[derive(Debug, Deserialize)]
struct Story {
    #[serde(default)]
    capture: Vec<Recorded>,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    file: String,
    #[serde(default)]
    nothing_else_blocked: bool,
    #[serde(default)]
    expect: Vec<Expectation>,
}

/// The truth about one conversation, or about the capture where no host is named.
#[derive(Debug, Clone, Deserialize)]
struct Expectation {
    client: Option<String>,
    server: Option<String>,
    port: Option<u16>,
    transport: Option<String>,
    /// `report`: a finding of `kind`, or of one of `or_kinds`, must be there.
    must: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    or_kinds: Vec<String>,
    /// Verdicts that no finding of this conversation may have.
    #[serde(default)]
    must_not: Vec<String>,
    /// The kind that clears it: not blocked, or cannot be known here.
    cleared_as: Option<String>,
    /// A kind that may be reported or not.
    may: Option<String>,
    attribution: Option<String>,
    attribution_not: Option<String>,
    confidence_at_most: Option<f64>,
}

impl Expectation {
    fn is_about(&self, finding: &Finding) -> bool {
        let is = |wanted: &Option<String>, party: &Option<anyany::diagnose::Party>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| party.as_ref().is_some_and(|party| party.address.to_string() == *wanted))
        };
        is(&self.client, &finding.client)
            && is(&self.server, &finding.server)
            && self.port.is_none_or(|port| finding.port == Some(port))
            && self.transport.as_ref().is_none_or(|word| finding.transport.is_some_and(|known| known.word() == *word))
    }

    fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kind.iter().chain(&self.or_kinds).map(String::as_str)
    }

    /// Whether it says that something filters here, or may do so.
    fn allows_block(&self) -> bool {
        self.must.as_deref() == Some("report") || self.may.is_some()
    }
}

/// What was right and wrong, over all captures.
#[derive(Debug, Default)]
struct Score {
    captures: usize,
    /// By kind that must be reported: found, in all.
    must: BTreeMap<String, (usize, usize)>,
    /// By kind that we said of something that filters: right, in all.
    said: BTreeMap<String, (usize, usize)>,
    /// By kind that clears: said, in all.
    cleared: BTreeMap<String, (usize, usize)>,
    /// Of what was said to filter, or to be cleared, by tenths of confidence: right, in all.
    calibration: BTreeMap<u32, (usize, usize)>,
    /// The same, by verdict, kind and attribution; and the sum of confidences.
    calibrated: BTreeMap<String, (usize, usize, f64)>,
    wrong: Vec<String>,
    /// Surer than anyone can be there, or blamed where it cannot be.
    overreached: Vec<String>,
}

impl Score {
    fn judge(&mut self, name: &str, recorded: &Recorded, findings: &[Finding]) {
        self.captures += 1;
        for expected in &recorded.expect {
            let about: Vec<_> = findings.iter().filter(|finding| expected.is_about(finding)).collect();
            self.expect(name, expected, &about);
        }
        for finding in findings.iter().filter(|finding| filters(finding)) {
            let labelled =
                recorded.expect.iter().find(|expected| expected.allows_block() && expected.is_about(finding));
            let unlabelled = labelled.is_none()
                && !recorded.nothing_else_blocked
                && !recorded.expect.iter().any(|expected| expected.is_about(finding));
            if unlabelled {
                continue; // the story does not say
            }
            let right = labelled.is_some();
            count(&mut self.said, finding.judgement.kind.word(), right);
            self.calibrate(finding, right);
            if !right {
                self.wrong.push(format!("{name}: false {}", told(finding)));
            }
        }
    }

    fn calibrate(&mut self, finding: &Finding, right: bool) {
        let judgement = &finding.judgement;
        let tenth = (judgement.confidence * 10.0 + 1e-9).floor().clamp(0.0, 9.0);
        let (rights, all) = self.calibration.entry(tenth as u32).or_default();
        *rights += usize::from(right);
        *all += 1;
        let words = [judgement.kind.verdict().word(), judgement.kind.word(), judgement.attribution.word()];
        let (rights, all, confidence) = self.calibrated.entry(words.join(" ")).or_default();
        *rights += usize::from(right);
        *all += 1;
        *confidence += judgement.confidence;
    }

    fn expect(&mut self, name: &str, expected: &Expectation, about: &[&Finding]) {
        let found: Vec<_> =
            about.iter().filter(|finding| expected.kinds().any(|kind| kind == finding.judgement.kind.word())).collect();
        if expected.must.as_deref() == Some("report") {
            let kind = expected.kind.as_deref().unwrap_or("?");
            count(&mut self.must, kind, !found.is_empty());
            if found.is_empty() {
                let said: Vec<_> = about.iter().map(|finding| told(finding)).collect();
                self.wrong.push(format!("{name}: no {kind} for {expected:?}; said: {said:?}"));
            }
            for finding in found {
                let at = finding.judgement.attribution.word();
                let wrong = expected.attribution.as_deref().is_some_and(|wanted| wanted != at)
                    || expected.attribution_not.as_deref() == Some(at)
                    || expected.confidence_at_most.is_some_and(|most| finding.judgement.confidence > most + 1e-9);
                if wrong {
                    self.overreached.push(format!("{name}: too sure, or in the wrong place: {} {at}", told(finding)));
                }
            }
        }
        if let Some(kind) = &expected.cleared_as {
            let cleared = about.iter().any(|finding| finding.judgement.kind.word() == kind);
            count(&mut self.cleared, kind, cleared);
            for finding in about.iter().filter(|finding| finding.judgement.kind.verdict().word() == "not-blocked") {
                self.calibrate(finding, finding.judgement.kind.word() == kind);
            }
            if !cleared {
                let said: Vec<_> = about.iter().map(|finding| told(finding)).collect();
                self.wrong.push(format!("{name}: not cleared as {kind}: {expected:?}; said: {said:?}"));
            }
        }
        for verdict in &expected.must_not {
            for finding in about.iter().filter(|finding| finding.judgement.kind.verdict().word() == verdict) {
                self.wrong.push(format!("{name}: must not be {verdict}: {}", told(finding)));
            }
        }
    }

    fn table(&self, title: &str) -> String {
        let mut text = format!("\n{title}: {} captures\n", self.captures);
        let _ = writeln!(text, "{:28} {:>16} {:>16}", "kind", "precision", "recall");
        let kinds: BTreeSet<_> = self.must.keys().chain(self.said.keys()).collect();
        for kind in kinds {
            let (said, must) = (self.said.get(kind), self.must.get(kind));
            let _ = writeln!(text, "{kind:28} {:>16} {:>16}", share(said.copied()), share(must.copied()));
        }
        let _ =
            writeln!(text, "{:28} {:>16} {:>16}", "all", share(Some(sum(&self.said))), share(Some(sum(&self.must))));
        for (kind, cleared) in &self.cleared {
            let _ = writeln!(text, "cleared as {kind:28} {}", share(Some(*cleared)));
        }
        let _ = writeln!(text, "confidence: right of those said");
        for (tenth, right) in &self.calibration {
            let _ = writeln!(text, "  0.{tenth}..  {}", share(Some(*right)));
        }
        let _ = writeln!(text, "{:60} {:>10} {:>16}", "verdict, kind, attribution", "mean said", "right");
        for (words, &(right, all, confidence)) in &self.calibrated {
            let _ = writeln!(text, "{words:60} {:>10.2} {:>16}", confidence / all as f64, share(Some((right, all))));
        }
        for wrong in self.wrong.iter().chain(&self.overreached) {
            let _ = writeln!(text, "WRONG {wrong}");
        }
        text
    }

    /// The tables of the README.
    fn markdown(&self) -> String {
        let mut text = "| kind | precision | recall |\n|---|---|---|\n".to_owned();
        let kinds: BTreeSet<_> = self.must.keys().chain(self.said.keys()).collect();
        for kind in kinds {
            let (said, must) = (self.said.get(kind).copied(), self.must.get(kind).copied());
            let _ = writeln!(text, "| {kind} | {} | {} |", share(said), share(must));
        }
        let _ = writeln!(text, "| all | {} | {} |", share(Some(sum(&self.said))), share(Some(sum(&self.must))));
        text.push_str("\n| confidence said | right |\n|---|---|\n");
        for (tenth, right) in &self.calibration {
            let _ = writeln!(text, "| 0.{tenth}0 to 0.{tenth}9 | {} |", share(Some(*right)));
        }
        text
    }

    /// What must hold of every score.
    #[track_caller]
    fn holds_up(&self) {
        let least = if other_folder().is_none() { 50 } else { 0 };
        assert!(self.captures > least, "the corpus is there: {} captures", self.captures);
        assert!(self.precision() >= PRECISION, "precision {:.3}{}", self.precision(), self.table(""));
        assert!(self.cleared() >= RECALL, "cleared {:.3}{}", self.cleared(), self.table(""));
        assert!(self.recall() >= RECALL, "recall {:.3}{}", self.recall(), self.table(""));
        assert!(self.overreached.is_empty(), "{}", self.table(""));
        for (tenth, &(right, all)) in &self.calibration {
            assert!(right * 10 >= all * *tenth as usize, "of 0.{tenth} {right} of {all} are right{}", self.table(""));
        }
        for (words, &(right, all, confidence)) in &self.calibrated {
            assert!(right as f64 + CHANCE >= confidence, "{words}: {right} of {all} are right{}", self.table(""));
        }
    }

    fn precision(&self) -> f64 {
        ratio(self.said.values())
    }

    /// Of what clears the firewall, all must be said.
    fn cleared(&self) -> f64 {
        ratio(self.cleared.values())
    }

    fn recall(&self) -> f64 {
        ratio(self.must.values())
    }
}

fn filters(finding: &Finding) -> bool {
    matches!(finding.judgement.kind.verdict().word(), "blocked" | "altered")
}

fn told(finding: &Finding) -> String {
    let party = |party: &Option<anyany::diagnose::Party>| {
        party.as_ref().map_or("-".to_owned(), |party| party.address.to_string())
    };
    format!(
        "{} {:.2} {} -> {} {:?} because {:?}",
        finding.judgement.kind,
        finding.judgement.confidence,
        party(&finding.client),
        party(&finding.server),
        finding.port,
        finding.judgement.because
    )
}

fn count(map: &mut BTreeMap<String, (usize, usize)>, key: &str, right: bool) {
    let (rights, all) = map.entry(key.to_owned()).or_default();
    *rights += usize::from(right);
    *all += 1;
}

fn ratio<'a>(counts: impl Iterator<Item = &'a (usize, usize)>) -> f64 {
    let (right, all) = counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    if all == 0 { 1.0 } else { right as f64 / all as f64 }
}

fn sum(map: &BTreeMap<String, (usize, usize)>) -> (usize, usize) {
    map.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn share(counts: Option<(usize, usize)>) -> String {
    match counts {
        Some((right, all)) if all > 0 => format!("{right}/{all} = {:.2}", right as f64 / all as f64),
        _ => "-".to_owned(),
    }
}

/// Another folder of stories than the committed one, if somebody asks for it.
fn other_folder() -> Option<PathBuf> {
    std::env::var_os("ANYANY_CORPUS").map(PathBuf::from)
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

fn score(topology: Option<&str>) -> Score {
    let root = other_folder().unwrap_or_else(committed);
    let mut score = Score::default();
    for story in support::files_below(&root, "story.toml") {
        let text = std::fs::read_to_string(&story).unwrap();
        let told: Story = toml::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", story.display()));
        for recorded in &told.capture {
            let file: PathBuf = story.with_file_name(&recorded.file);
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            let diagnosed = support::diagnosed(&[file], 1, topology);
            score.judge(&name, recorded, &diagnosed.diagnosis.findings);
        }
    }
    score
}

#[test]
fn verdicts_hold_up_without_a_topology_file() {
    let score = score(None);
    println!("{}", score.table("roles inferred"));
    score.holds_up();
    if other_folder().is_none() {
        is_in_the_readme(&score);
    }
}

/// `UPDATE_GOLDEN=1 cargo test --test corpus` writes the tables anew.
fn is_in_the_readme(score: &Score) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(TABLES_BEGIN).unwrap();
    let (shown, after) = rest.split_once(TABLES_END).unwrap();
    let tables = score.markdown();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{before}{TABLES_BEGIN}{tables}{TABLES_END}{after}")).unwrap();
    } else {
        assert!(shown == tables, "README.md shows other figures; UPDATE_GOLDEN=1 writes them anew:\n{tables}");
    }
    let captures = format!("{} labelled captures", score.captures);
    assert!(readme.contains(&captures), "README.md does not say {captures}");
}

/// Around the tables in the README.
const TABLES_BEGIN: &str = "<!-- printed by tests/corpus.rs -->\n";
const TABLES_END: &str = "<!-- end of what is printed -->\n";

#[test]
fn verdicts_hold_up_with_a_topology_file() {
    let topology = std::fs::read_to_string(committed().join("topology.toml")).unwrap();
    let score = score(Some(&topology));
    println!("{}", score.table("roles from a topology file"));
    score.holds_up();
}
