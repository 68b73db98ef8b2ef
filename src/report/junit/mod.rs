//! Every path as a test case, in the XML that build servers read: what passed, what is blocked or
//! altered, and what could not be judged. Made for acceptance checks after a firewall was changed.
//!
//! The elements and attributes are those on which Ant's schema of JUnit reports and Jenkins' agree.

mod cases;
mod xml;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::observe::Trace;
use crate::report::{Report, words};
use crate::time::Time;
use cases::{Case, Verdict};
use xml::{attribute, text};

/// The report as JUnit XML 1.0 in UTF-8: a suite for each trace, then what could not be read, then what
/// was expected and never tried.
pub fn junit(report: &Report<'_>) -> String {
    let mut suites: Vec<Suite> = report.traces.iter().map(|trace| of_trace(report, trace)).collect();
    suites.extend([unread(report), untried(report)].into_iter().filter(|suite| !suite.cases.is_empty()));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (id, suite) in suites.iter().enumerate() {
        suite.write(id, &mut out);
    }
    out.push_str("</testsuites>\n");
    out
}

/// A suite of cases.
struct Suite {
    name: String,
    begin: Option<Time>,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
    /// What concerns all of them.
    remarks: Vec<String>,
}

/// The paths of one vantage point.
fn of_trace(report: &Report<'_>, trace: &Trace) -> Suite {
    let (cases, left_out) = cases::of_trace(report, trace);
    let paths: Vec<&str> = trace.healths.iter().map(|health| health.summary.path.as_str()).collect();
    let packets: u64 = trace.healths.iter().map(|health| health.summary.packets).sum();
    let of_captures = report.diagnosis.findings.iter().filter(|finding| {
        finding.client.is_none() && finding.judgement.evidence.iter().any(|one| is_of(trace, one.frame.capture()))
    });
    let remarks = of_captures.map(|finding| {
        let summary = words::summary(report, finding);
        format!("{summary}: {}. {}", finding.judgement.because.join("; "), words::next_step(report, finding))
    });
    let mut properties = vec![("captures", paths.join(", ")), ("packets", packets.to_string())];
    if let Some((first, last)) = trace.covered {
        properties.extend([("first", first.rfc3339(6)), ("last", last.rfc3339(6))]);
    }
    properties.push(("paths left out", left_out.to_string()));
    Suite {
        name: format!("paths in {}", paths.first().copied().unwrap_or("no capture")),
        begin: trace.covered.map(|covered| covered.0),
        properties,
        cases,
        remarks: remarks.collect(),
    }
}

/// Inputs that could not be read, wholly or in part: no check is passed on their account.
fn unread(report: &Report<'_>) -> Suite {
    let mut cases: Vec<Case> = report.unusable.iter().map(|(path, why)| Case::unread(path, why)).collect();
    let path = |why: &str| why.split_once(": ").map_or("capture", |(path, _)| path).to_owned();
    cases.extend(report.damage().iter().map(|why| Case::unread(&path(why), why)));
    Suite { name: "inputs".to_owned(), begin: None, properties: Vec::new(), cases, remarks: Vec::new() }
}

/// What the tables expect between hosts that the topology file names, and nobody tried.
fn untried(report: &Report<'_>) -> Suite {
    let never = words::paths(report).into_iter().filter(|path| path.status == "never-seen");
    let cases = never.map(|path| Case::untried(&path.from, &path.to, &path.service)).collect();
    let name = "expected and never tried".to_owned();
    Suite { name, begin: None, properties: Vec::new(), cases, remarks: Vec::new() }
}

fn is_of(trace: &Trace, capture: u32) -> bool {
    trace.healths.iter().any(|health| health.index == capture)
}

impl Suite {
    fn write(&self, id: usize, out: &mut String) {
        let count = |verdict: Verdict| self.cases.iter().filter(|case| case.verdict == verdict).count();
        // Without zone or decimals, as Ant's schema asks.
        let begin = self.begin.unwrap_or_default().rfc3339(0);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "  <testsuite id=\"{id}\" package=\"anyany\" name=\"{}\" timestamp=\"{}\" hostname=\"localhost\" tests=\"{}\" \
             failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">",
            attribute(&self.name),
            begin.trim_end_matches('Z'),
            self.cases.len(),
            count(Verdict::Failed),
            count(Verdict::Unread),
            count(Verdict::Skipped),
        );
        out.push_str("    <properties>\n");
        for (name, value) in &self.properties {
            let _ = writeln!(out, "      <property name=\"{name}\" value=\"{}\"/>", attribute(value));
        }
        out.push_str("    </properties>\n");
        for case in &self.cases {
            case.write(out);
        }
        let _ = writeln!(out, "    <system-out>{}</system-out>", text(&self.remarks));
        out.push_str("    <system-err></system-err>\n  </testsuite>\n");
    }
}
