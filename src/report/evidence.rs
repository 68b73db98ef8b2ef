//! The packets that prove the findings, as captures of their own (pcapng) with comments.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use crate::capture::{InterfaceSummary, LinkType, Writer};
use crate::decode::Health;
use crate::observe::Trace;
use crate::proof::{Exhibit, Exhibits, Role};
use crate::report::harmless::harmless;
use crate::report::{Report, text, words};

/// One capture of proof: what one vantage point saw is never mixed with what another did.
#[derive(Debug)]
pub struct Evidence {
    /// The pcapng.
    pub octets: Vec<u8>,
    /// Packets in it.
    pub packets: usize,
    /// Findings that they prove.
    pub findings: usize,
}

/// A capture of proof for each trace with findings; without any, a single one that says so.
pub fn evidence(report: &Report<'_>, exhibits: &Exhibits) -> Vec<Evidence> {
    let of_trace = |trace: &Trace| {
        let mine = |exhibit: &&Exhibit| trace.healths.iter().any(|health| health.index == exhibit.frame.capture());
        exhibits.list.iter().filter(mine).collect::<Vec<_>>()
    };
    let mut files: Vec<Evidence> = Vec::new();
    for trace in report.traces {
        let shown = of_trace(trace);
        if !shown.is_empty() {
            files.push(write(report, exhibits, &trace.healths.iter().collect::<Vec<_>>(), &shown));
        }
    }
    if files.is_empty() {
        files.push(write(report, exhibits, &report.captures(), &[]));
    }
    files
}

fn write(report: &Report<'_>, exhibits: &Exhibits, healths: &[&Health], shown: &[&Exhibit]) -> Evidence {
    let proved: BTreeSet<&str> = shown.iter().flat_map(|exhibit| &exhibit.roles).map(|role| &*role.finding).collect();
    let findings = proved.iter().filter(|finding| !finding.is_empty()).count();
    let tool = format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut writer = Writer::new(&tool, &about_the_whole(report, exhibits, healths, shown.len(), &proved));
    let mut numbers = BTreeMap::new();
    for (capture, interface, link) in interfaces(healths, shown) {
        let Some(health) = healths.iter().find(|health| health.index == capture) else { continue };
        let described = describe(health, interface, link);
        let comments = [about_the_capture(report, health)];
        numbers.insert((capture, interface, link), writer.interface(&described, &comments));
    }
    writer.names(&names(report, shown));
    for exhibit in in_order(shown) {
        let (capture, interface) = (exhibit.frame.capture(), exhibit.interface);
        let comments = about_the_packet(report, healths, exhibit);
        if let Some(&number) = numbers.get(&(capture, interface, exhibit.link)) {
            writer.packet(number, exhibit.time, &exhibit.octets, exhibit.wire_len, &comments);
        } else if let Some((_, &number)) = numbers.iter().find(|((of, ..), _)| *of == capture) {
            // Nothing but the time of what is no packet can be told here.
            writer.packet(number, exhibit.time, &[], exhibit.wire_len, &comments);
        }
    }
    for ((capture, interface, _), number) in numbers {
        let Some(health) = healths.iter().find(|health| health.index == capture) else { continue };
        statistics(&mut writer, health, interface, number);
    }
    Evidence { octets: writer.into_octets(), packets: shown.len(), findings }
}

/// The interfaces of the packets, and one of every capture: its health is told with it. An interface has
/// one link type here; what has no number in the registry (the events of Network Monitor) is no packet.
fn interfaces(healths: &[&Health], shown: &[&Exhibit]) -> BTreeSet<(u32, u32, LinkType)> {
    let registered = |link: &LinkType| u16::try_from(link.0).is_ok();
    let frames = shown.iter().filter(|exhibit| registered(&exhibit.link));
    let mut used: BTreeSet<(u32, u32, LinkType)> =
        frames.map(|exhibit| (exhibit.frame.capture(), exhibit.interface, exhibit.link)).collect();
    for health in healths.iter().take(MOST_CAPTURES) {
        let link = health.summary.interfaces.first().map(|first| first.link);
        let link = link.or(health.summary.link_types.iter().copied().find(registered));
        if let Some(link) = link.filter(|_| !used.iter().any(|(capture, ..)| *capture == health.index)) {
            used.insert((health.index, 0, link));
        }
    }
    used
}

/// The interface as its own file describes it, named by its file where that gives it no name.
fn describe(health: &Health, interface: u32, link: LinkType) -> InterfaceSummary {
    let known = usize::try_from(interface).ok().and_then(|at| health.summary.interfaces.get(at)).cloned();
    let resolution = health.summary.precision;
    let unknown =
        InterfaceSummary { link, snaplen: 0, resolution, offset: 0, name: None, description: None, lost: None };
    let mut described = known.unwrap_or(unknown);
    let file = file_name(&health.summary.path);
    let name = described.name.get_or_insert_with(|| file.to_owned());
    if name != file {
        let description = described.description.take().map(|description| format!(", {description}"));
        described.description = Some(format!("{name} in {file}{}", description.unwrap_or_default()));
    }
    described
}

fn statistics(writer: &mut Writer, health: &Health, interface: u32, number: u32) {
    let summary = &health.summary;
    let Some(span) = summary.first.zip(summary.last) else { return };
    let known = usize::try_from(interface).ok().and_then(|at| summary.interfaces.get(at));
    // Packets are counted by capture: of one interface among several the number is not known.
    let packets = (summary.interfaces.len() <= 1).then_some(summary.packets);
    writer.statistics(number, span, packets, known.and_then(|known| known.lost));
}

/// Packets of one capture in its own order, which is not always that of time; those of several, the
/// earliest first.
fn in_order<'a>(shown: &[&'a Exhibit]) -> Vec<&'a Exhibit> {
    let mut by_capture: BTreeMap<u32, VecDeque<&Exhibit>> = BTreeMap::new();
    let mut sorted = shown.to_vec();
    sorted.sort_by_key(|exhibit| exhibit.frame);
    for exhibit in sorted {
        by_capture.entry(exhibit.frame.capture()).or_default().push_back(exhibit);
    }
    let mut order = Vec::with_capacity(shown.len());
    while let Some(queue) = by_capture
        .values_mut()
        .filter(|queue| !queue.is_empty())
        .min_by_key(|queue| queue.front().map(|exhibit| (exhibit.time, exhibit.frame)))
    {
        order.extend(queue.pop_front());
    }
    order
}

fn about_the_whole(
    report: &Report<'_>,
    exhibits: &Exhibits,
    healths: &[&Health],
    packets: usize,
    proved: &BTreeSet<&str>,
) -> Vec<String> {
    let read: u64 = healths.iter().map(|health| health.summary.packets).sum();
    let redacted = healths.iter().any(|health| health.summary.redacted);
    let how = if redacted { "redacted (addresses and names replaced, content blank)" } else { "unchanged" };
    let mut comments = Vec::new();
    comments.push(if packets == 0 {
        format!("Nothing was found in {read} packets, so there is nothing to prove: this file holds no packet.")
    } else {
        format!(
            "{packets} of {read} packets, {how}: those that prove the findings below and what surrounds them. \
             Each packet's comment names the finding and what the packet shows."
        )
    });
    let findings = report.diagnosis.findings.iter().filter(|finding| proved.contains(finding.id.as_str()));
    for finding in findings.take(MOST_FINDINGS) {
        let kind = finding.judgement.kind;
        let left = exhibits.left_out.get(&finding.id).map(|left| format!(" ({left} of its packets are left out)"));
        comments.push(fit(&format!(
            "{} {} {kind}, {:.0} % sure: {}{}",
            finding.id,
            kind.verdict().word().to_uppercase(),
            finding.judgement.confidence * 100.0,
            words::summary(report, finding),
            left.unwrap_or_default(),
        )));
    }
    comments
}

fn about_the_capture(report: &Report<'_>, health: &Health) -> String {
    let faults = text::faults(report, health);
    let faults = match faults.as_slice() {
        [] => "nothing is known to be lost, cut short or out of order".to_owned(),
        faults => faults.join("; "),
    };
    fit(&format!("{}: {} packets; {faults}", file_name(&health.summary.path), health.summary.packets))
}

fn about_the_packet(report: &Report<'_>, healths: &[&Health], exhibit: &Exhibit) -> Vec<String> {
    let path = healths.iter().find(|health| health.index == exhibit.frame.capture());
    let file = path.map(|health| file_name(&health.summary.path)).unwrap_or_default();
    let place = format!("frame {} of {file}", exhibit.frame.number());
    // Of several parts in one finding the most telling is told; the capture's edges beside findings are not.
    let mut roles: BTreeMap<&str, &Role> = BTreeMap::new();
    for role in &exhibit.roles {
        let known = roles.entry(&role.finding).or_insert(role);
        *known = if role.part < known.part { role } else { *known };
    }
    if roles.len() > 1 {
        roles.remove("");
    }
    let mut roles: Vec<_> = roles.into_values().collect();
    roles.sort_by_key(|role| role.part);
    let mut comments = Vec::new();
    for role in roles.iter().take(MOST_COMMENTS) {
        let kind = report.diagnosis.findings.iter().find(|finding| finding.id == role.finding);
        comments.push(match kind {
            Some(finding) => fit(&format!("{} {}: {} ({place})", finding.id, finding.judgement.kind, role.note)),
            None => fit(&format!("{} ({place})", role.note)),
        });
    }
    if let Some(more) = roles.len().checked_sub(MOST_COMMENTS).filter(|more| *more > 0) {
        comments.push(format!("and a part in {more} further findings"));
    }
    comments
}

/// Names of the hosts whose packets are shown.
fn names<'a>(report: &'a Report<'_>, shown: &[&Exhibit]) -> Vec<(IpAddr, &'a str)> {
    let packets = shown.iter().filter_map(|exhibit| exhibit.packet);
    let addresses: BTreeSet<IpAddr> = packets.flat_map(|packet| [packet.source, packet.destination]).collect();
    let named = addresses.into_iter().flat_map(|address| {
        let names = report.roster.host(address).map(|host| host.names.as_slice()).unwrap_or_default();
        names.iter().take(MOST_NAMES).map(move |name| (address, name.as_str()))
    });
    named.take(MOST_CAPTURES).collect()
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Text of a comment: no character in it that a terminal would obey.
fn fit(text: &str) -> String {
    harmless(text).into_owned()
}

/// Findings told in the section's comments.
const MOST_FINDINGS: usize = 100;
/// Comments of one packet: a sign of life may serve a thousand findings.
const MOST_COMMENTS: usize = 8;
/// Names of one host.
const MOST_NAMES: usize = 4;
/// Captures described, and names written.
const MOST_CAPTURES: usize = 4_096;
