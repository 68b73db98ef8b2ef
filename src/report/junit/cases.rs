//! Test cases: one for each client, server and port of a trace.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::is_of;
use super::xml::{attribute, text};
use crate::diagnose::{self, Finding, Severity};
use crate::flow::Transport;
use crate::observe::Trace;
use crate::report::{Report, words};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It passes.
    Passed,
    /// It is blocked or altered.
    Failed,
    /// It could not be judged.
    Skipped,
    /// The input could not be read.
    Unread,
}

/// One check.
#[derive(Debug, PartialEq)]
pub(super) struct Case {
    class: String,
    name: String,
    pub(super) verdict: Verdict,
    /// A word for what failed.
    kind: String,
    /// One line.
    message: String,
    /// Reasons.
    details: Vec<String>,
}

/// Client, server, what carries it, and the server's port.
type Path = (IpAddr, IpAddr, Transport, u16);

/// What was seen of a path.
#[derive(Default)]
struct Seen<'a> {
    service: &'static str,
    reached: bool,
    findings: Vec<&'a Finding>,
}

/// The checks of a trace, those that failed first, and how many more there would be.
pub(super) fn of_trace(report: &Report<'_>, trace: &Trace) -> (Vec<Case>, usize) {
    let mut paths: BTreeMap<Path, Seen<'_>> = BTreeMap::new();
    // With a topology file the check is about the hosts that it names.
    let listed = report.roster.hosts().iter().any(|host| host.known);
    let known = |address| report.roster.host(address).is_some_and(|host| host.known);
    let concerns = |client, server| !listed || known(client) || known(server);
    for finding in &report.diagnosis.findings {
        if !finding.judgement.evidence.iter().any(|one| is_of(trace, one.frame.capture())) {
            continue;
        }
        if let Some(path) = path_of(finding)
            && concerns(path.0, path.1)
        {
            let seen = paths.entry(path).or_default();
            seen.service = finding.service.unwrap_or_default();
            seen.findings.push(finding);
        }
    }
    trace.each(|one| {
        let (client, server) = (one.flow.initiator.address, one.flow.responder);
        // Nobody answers for a group, and a ping has no port.
        if one.flow.key.transport == Transport::Icmp || is_group(server.address) || !concerns(client, server.address) {
            return;
        }
        let seen = paths.entry((client, server.address, one.flow.key.transport, server.port)).or_default();
        seen.reached |= one.outcome.reached();
        if seen.service.is_empty() {
            seen.service = one.service;
        }
    });
    let mut cases: Vec<Case> = paths.iter().map(|(path, seen)| case(report, *path, seen)).collect();
    cases.sort_by_key(|case| case.verdict != Verdict::Failed);
    let left_out = cases.len().saturating_sub(MOST_CASES);
    cases.truncate(MOST_CASES);
    (cases, left_out)
}

fn path_of(finding: &Finding) -> Option<Path> {
    let (client, server) = (finding.client.as_ref()?, finding.server.as_ref()?);
    Some((client.address, server.address, finding.transport?, finding.port.unwrap_or_default()))
}

fn is_group(address: IpAddr) -> bool {
    let everyone = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    everyone || address.is_multicast()
}

fn case(report: &Report<'_>, (client, server, transport, port): Path, seen: &Seen<'_>) -> Case {
    let [from, to] = [client, server].map(|address| report.roster.role(address));
    let [client, server] = [client, server].map(|address| host(report, address));
    let service = if seen.service == "other" { "" } else { seen.service };
    let transport = transport.word().to_uppercase();
    let mut case = Case {
        class: format!("{from} to {to}"),
        name: format!("{client} -> {server} {transport} {port} {service}"),
        verdict: Verdict::Passed,
        kind: String::new(),
        message: String::new(),
        details: Vec::new(),
    };
    let of = |verdict| seen.findings.iter().copied().filter(move |one| one.judgement.kind.verdict() == verdict);
    let failed: Vec<&Finding> = of(diagnose::Verdict::Blocked).chain(of(diagnose::Verdict::Altered)).collect();
    // What works afterwards, or is only good to know, does not keep a path from being judged.
    let doubtful = |one: &&Finding| !(one.resolved || seen.reached && one.severity == Severity::Info);
    let doubts: Vec<&Finding> = of(diagnose::Verdict::Inconclusive).filter(doubtful).collect();
    let cleared = of(diagnose::Verdict::NotBlocked).next().is_some();
    if let Some(first) = failed.first() {
        case.tell(report, Verdict::Failed, first, &failed);
    } else if let Some(first) = doubts.first() {
        case.tell(report, Verdict::Skipped, first, &doubts);
    } else if !seen.reached && !cleared {
        case.verdict = Verdict::Skipped;
        case.message.push_str("not judged: it was not seen in both directions");
    }
    case
}

/// "cas1 (10.10.1.11)", or the address alone.
fn host(report: &Report<'_>, address: IpAddr) -> String {
    let name = report.roster.host(address).and_then(|host| host.names.first());
    name.map_or_else(|| address.to_string(), |name| format!("{name} ({address})"))
}

impl Case {
    /// An input that could not be read.
    pub(super) fn unread(path: &str, why: &str) -> Self {
        Self {
            class: "inputs".to_owned(),
            name: path.to_owned(),
            verdict: Verdict::Unread,
            kind: "unusable".to_owned(),
            message: why.to_owned(),
            details: Vec::new(),
        }
    }

    /// A service that nobody tried between two roles.
    pub(super) fn untried(from: &str, to: &str, service: &str) -> Self {
        Self {
            class: format!("{from} to {to}"),
            name: service.to_owned(),
            verdict: Verdict::Skipped,
            kind: String::new(),
            message: "nobody tried it while captured".to_owned(),
            details: Vec::new(),
        }
    }

    fn tell(&mut self, report: &Report<'_>, verdict: Verdict, first: &Finding, all: &[&Finding]) {
        self.verdict = verdict;
        self.kind.push_str(first.judgement.kind.word());
        self.message = words::summary(report, first);
        if first.resolved {
            self.message.push_str("; it works afterwards");
        }
        for finding in all {
            self.details.extend(details(report, finding));
        }
    }

    pub(super) fn write(&self, out: &mut String) {
        let (class, name) = (attribute(&self.class), attribute(&self.name));
        // Writing to a string cannot fail.
        let _ = write!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"");
        let (kind, message, details) = (attribute(&self.kind), attribute(&self.message), text(&self.details));
        let _ = match self.verdict {
            Verdict::Passed => writeln!(out, "/>"),
            Verdict::Failed => {
                writeln!(out, "><failure type=\"{kind}\" message=\"{message}\">{details}</failure></testcase>")
            }
            Verdict::Unread => writeln!(out, "><error type=\"{kind}\" message=\"{message}\"></error></testcase>"),
            Verdict::Skipped => writeln!(out, "><skipped message=\"{message}\">{details}</skipped></testcase>"),
        };
    }
}

/// What stands below the message: who must be convinced reads it there.
fn details(report: &Report<'_>, finding: &Finding) -> Vec<String> {
    let judgement = &finding.judgement;
    let sure = judgement.confidence * 100.0;
    let mut lines = vec![format!(
        "{} ({}), {sure:.0} % sure, {}",
        judgement.kind.verdict().word(),
        judgement.kind,
        judgement.attribution.word()
    )];
    if let (Some(first), Some(last)) = (finding.first, finding.last) {
        lines.push(format!("Attempts: {}, {} to {}", finding.attempts, first.rfc3339(3), last.rfc3339(3)));
    }
    lines.extend(judgement.because.iter().map(|reason| format!("Because: {reason}")));
    lines.extend(judgement.alternatives.iter().map(|other| format!("Or else: {}", other.cause)));
    lines.push(format!("Next step: {}", words::next_step(report, finding)));
    let frames: Vec<String> = judgement.evidence.iter().map(|one| one.frame.number().to_string()).collect();
    lines.push(format!("Frames: {}", frames.join(" ")));
    lines.extend(words::display_filter(finding).map(|filter| format!("Wireshark: {filter}")));
    lines
}

/// Checks of one trace; a scan touches every port of a network.
const MOST_CASES: usize = 10_000;
