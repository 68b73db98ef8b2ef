//! The answer, in one or two lines.

use std::collections::BTreeMap;

use crate::diagnose::{Attribution, Finding, Incident, Kind, Severity, Verdict};
use crate::report::page::{Page, Tone};
use crate::report::text::{count, lasting, period, sure};
use crate::report::{Report, explain, words};

/// Whether something filters, how sure that is, and what was looked at.
pub(super) fn write(page: &mut Page, report: &Report<'_>) {
    let (tone, word, says) = answer(report);
    let hang = word.chars().count() + 2;
    page.paragraph(0, hang, &[(tone, &format!("{word}:")), (Tone::Text, &says)]);
    for line in [place(report), doubts(report)].into_iter().flatten() {
        page.paragraph(hang, hang, &[(Tone::Text, &line)]);
    }
    if let Some(line) = looked_at(report) {
        page.gap();
        page.paragraph(0, 0, &[(Tone::Text, &line)]);
    }
}

/// How the answer is shown, its word, and what it says.
pub(in crate::report) fn answer(report: &Report<'_>) -> (Tone, &'static str, String) {
    let findings = &report.diagnosis.findings;
    let of = |verdict| findings.iter().filter(move |finding| finding.judgement.kind.verdict() == verdict);
    if of(Verdict::Blocked).next().is_some() {
        return (Tone::Alarm, "BLOCKED", lead(report));
    }
    if of(Verdict::Altered).next().is_some() {
        return (Tone::Alarm, "ALTERED", lead(report));
    }
    let tried = Tried::of(report);
    if let Some(why) = nothing_to_judge(report, &tried) {
        return (Tone::Doubt, "CANNOT TELL", why);
    }
    if of(Verdict::Inconclusive).any(|finding| finding.judgement.kind == Kind::OneWayCapture) {
        let why = "only one direction was captured, so a missing answer means nothing. Capture both (on a mirror port \
                   Rx and Tx, or on the host itself) and ask again";
        return (Tone::Doubt, "CANNOT TELL", why.to_owned());
    }
    let judgeable = |finding: &&Finding| finding.client.is_some();
    // What is only good to know does not put the answer in doubt.
    let (unjudged, remarks): (Vec<&Finding>, Vec<&Finding>) =
        of(Verdict::Inconclusive).filter(judgeable).partition(|finding| finding.severity > Severity::Info);
    if tried.reached == 0 && !unjudged.is_empty() {
        let why = format!("no connection was answered, and nothing shows why: {}", by_kind(unjudged.into_iter()));
        return (Tone::Doubt, "CANNOT TELL", why);
    }
    if tried.reached == 0 && of(Verdict::NotBlocked).next().is_none() {
        let remarks = by_kind(remarks.into_iter());
        let remarks = if remarks.is_empty() { remarks } else { format!(": {remarks}") };
        return (Tone::Doubt, "CANNOT TELL", format!("no connection was answered{remarks}"));
    }
    let reached = count(tried.reached, "connection was answered", "connections were answered");
    let otherwise = by_kind(of(Verdict::NotBlocked).chain(remarks));
    let otherwise = if otherwise.is_empty() { otherwise } else { format!("; {otherwise}") };
    if unjudged.is_empty() {
        let says = format!("nothing filters between the hosts seen: {reached}{otherwise}");
        return (Tone::Good, "NOT BLOCKED", says);
    }
    let says = format!("{reached}{otherwise}; but {}", by_kind(unjudged.into_iter()));
    (Tone::Doubt, "NO BLOCK FOUND", says)
}

/// What the gravest incident says, and how many there are beside it.
fn lead(report: &Report<'_>) -> String {
    let members = |incident: &Incident| {
        let ids = incident.findings.clone();
        report.diagnosis.findings.iter().filter(move |finding| ids.contains(&finding.id))
    };
    let Some(lead) = report.diagnosis.incidents.first() else { return String::new() };
    let confidence = members(lead).map(|finding| finding.judgement.confidence).fold(0.0, f64::max);
    let says = format!("{} — {}", words::incident(report, lead), sure(confidence));
    let more = report.diagnosis.incidents.len() - 1;
    match u64::try_from(more).unwrap_or(u64::MAX) {
        0 => says,
        more => format!("{says}; and {} below", count(more, "further cause", "further causes")),
    }
}

/// Where it happens, as far as the packets tell.
pub(in crate::report) fn place(report: &Report<'_>) -> Option<String> {
    let blocked = words::blocked_paths(report);
    let first = blocked.first()?.judgement.attribution;
    let same = blocked.iter().all(|finding| finding.judgement.attribution == first);
    Some(if same { format!("It happens {}.", whereabouts(first)) } else { "Where, is told below for each.".to_owned() })
}

/// Where a finding puts its cause.
pub(in crate::report) fn whereabouts(attribution: Attribution) -> &'static str {
    match attribution {
        Attribution::Network => "in the network, between the two hosts",
        Attribution::Endpoint => "on one of the hosts, not in the network",
        Attribution::NetworkOrEndpoint => {
            "in the network or by the server's own firewall; a capture from this place cannot tell which"
        }
        Attribution::Capture => "in the capture itself",
    }
}

/// What in the captures weakens the answer.
pub(in crate::report) fn doubts(report: &Report<'_>) -> Option<String> {
    let captures = report.captures();
    let mut doubts = Vec::new();
    let lost: u64 = captures.iter().map(|health| health.summary.lost_by_capture).sum();
    if lost > 0 {
        doubts.push(format!("the capture lost {}", count(lost, "packet", "packets")));
    }
    if captures.iter().any(|health| health.summary.truncated) {
        doubts.push("a capture ends in the middle of a packet".to_owned());
    }
    if !report.unusable.is_empty() {
        let unread = u64::try_from(report.unusable.len()).unwrap_or(u64::MAX);
        doubts.push(count(unread, "input could not be read", "inputs could not be read"));
    }
    (!doubts.is_empty() && !captures.is_empty()).then(|| format!("Mind that {}.", doubts.join(", and ")))
}

fn nothing_to_judge(report: &Report<'_>, tried: &Tried) -> Option<String> {
    let captures = report.captures();
    if captures.is_empty() {
        return Some("no input could be read".to_owned());
    }
    if captures.iter().all(|health| health.summary.packets == 0) {
        return Some(
            "there is not one packet in what was captured. Was the right device chosen, or a filter set?".to_owned(),
        );
    }
    let filtered: u64 = captures.iter().map(|health| health.filtered).sum();
    if captures.iter().map(|health| health.summary.packets).sum::<u64>() == filtered {
        return Some("--from, --to or --filter leave not one packet to look at".to_owned());
    }
    let unread: u64 = captures.iter().flat_map(|health| health.unknown_links.values()).map(|(_, count)| count).sum();
    (tried.all == 0).then(|| {
        let why =
            if unread > 0 { "its link type is not read; see below" } else { "no TCP, UDP or ping between two hosts" };
        format!("nothing was captured that could be judged ({why})")
    })
}

/// "2 paths where nothing listens, 1 path to a host that was never heard".
fn by_kind<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    for finding in findings {
        *kinds.entry(finding.judgement.kind).or_default() += 1;
    }
    let phrase = |(kind, number): (&Kind, &u64)| {
        format!("{} {}", count(*number, "path", "paths"), explain::explanation(*kind).phrase)
    };
    kinds.iter().map(phrase).collect::<Vec<_>>().join(", ")
}

/// Attempts, and those in which the server answered.
struct Tried {
    all: u64,
    reached: u64,
}

impl Tried {
    fn of(report: &Report<'_>) -> Self {
        let outcomes = report.traces.iter().flat_map(|trace| &trace.conversations).map(|one| one.outcome);
        let lone = report.traces.iter().map(|trace| trace.lone.len() as u64).sum();
        outcomes.fold(Self { all: lone, reached: 0 }, |tried, outcome| Self {
            all: tried.all + 1,
            reached: tried.reached + u64::from(outcome.reached()),
        })
    }
}

/// How much was read, and of when.
fn looked_at(report: &Report<'_>) -> Option<String> {
    let captures = report.captures();
    if captures.is_empty() {
        return None;
    }
    let packets =
        captures.iter().map(|health| health.summary.packets - health.filtered.min(health.summary.packets)).sum();
    let files = u64::try_from(captures.len()).unwrap_or(u64::MAX);
    let span = report.traces.iter().filter_map(|trace| trace.covered);
    let span = span.reduce(|whole, part| (whole.0.min(part.0), whole.1.max(part.1)));
    let when = span.map(|(first, last)| format!(", {} ({})", period(first, last), lasting(last.since(first))));
    let views = if report.traces.len() > 1 {
        format!(
            ", {} vantage points, each judged for itself; `locate`, which will compare them, is not built yet",
            report.traces.len()
        )
    } else {
        String::new()
    };
    Some(format!(
        "{} in {}{}{views}. What nobody tried in that time is not judged.",
        count(packets, "packet", "packets"),
        count(files, "capture", "captures"),
        when.unwrap_or_default(),
    ))
}
