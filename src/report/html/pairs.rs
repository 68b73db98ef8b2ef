//! Host by host: who opened connections to whom, and what became of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use crate::diagnose::Finding;
use crate::flow::{Moment, Outcome, Transport};
use crate::observe::Conversation;
use crate::report::html::mark::Mark;
use crate::report::html::markup::{Html, tag};
use crate::report::html::tables::{Column, beyond, filter_cell, number, table};
use crate::report::html::{Material, matrix, section};
use crate::report::text::{grouped, is_host};
use crate::report::{Report, brief, words};

/// What two hosts did, one opening connections to the other.
#[derive(Debug, Default)]
pub(super) struct Pair<'a> {
    /// Attempts.
    pub(super) attempts: u64,
    /// Those that were answered.
    reached: u64,
    /// Those in which only one direction was seen: nothing is known of them.
    one_sided: u64,
    /// The services of the attempts.
    services: BTreeSet<&'a str>,
    /// Where the first one began.
    first: Option<Moment>,
    /// The findings about them, the gravest first.
    pub(super) findings: Vec<&'a Finding>,
}

impl Pair<'_> {
    /// The worst that is known of it.
    pub(super) fn mark(&self) -> Mark {
        let found = self.findings.iter().map(|finding| Mark::of(finding.judgement.kind.verdict())).min();
        found.unwrap_or(if self.reached + self.one_sided == self.attempts { Mark::Good } else { Mark::Degraded })
    }

    fn add(&mut self, conversation: &Conversation) {
        self.attempts += 1;
        self.reached += u64::from(conversation.outcome.reached());
        self.one_sided += u64::from(conversation.outcome == Outcome::OneSided);
        self.services.insert(conversation.service);
        let first = conversation.flow.first;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
    }
}

/// The matrix of the hosts that matter most, then all pairs as a list.
pub(super) fn write(html: &mut Html, material: &Material<'_>, shown: &HashSet<&str>) {
    let pairs = pairs(material.report);
    section(html, "hosts-matrix", "Host by host", |html| {
        if pairs.is_empty() {
            html.leaf(tag("p"), "No two hosts were seen to talk.");
            return;
        }
        let (clients, servers) = chosen(material.report, &pairs);
        let intro = "Each row opens connections, each column answers them. The sign is the worst of all attempts, the \
                     number how many there were; where something was found, the sign leads to it.";
        html.leaf(tag("p").class("intro"), intro);
        matrix::write(html, material, &pairs, (&clients, &servers), shown);
        let all = |pick: fn(&(IpAddr, IpAddr)) -> IpAddr| pairs.keys().map(pick).collect::<BTreeSet<_>>().len();
        let (rows, columns) = (all(|pair| pair.0) - clients.len(), all(|pair| pair.1) - servers.len());
        if rows + columns > 0 {
            let note = format!(
                "Hosts whose role is known, and those of findings, come first; {} that open connections and {} that \
                 answer them found no room here. The list below goes on.",
                grouped(rows as u64),
                grouped(columns as u64)
            );
            html.leaf(tag("p").class("beyond"), &note);
        }
        list(html, material, &pairs);
    });
}

/// Every pair, by the first addresses of its hosts.
fn pairs<'a>(report: &Report<'a>) -> BTreeMap<(IpAddr, IpAddr), Pair<'a>> {
    let host = |address: IpAddr| report.roster.host(address).and_then(|host| host.addresses.first()).copied();
    let host = |address: IpAddr| host(address).unwrap_or(address);
    let mut pairs: BTreeMap<(IpAddr, IpAddr), Pair<'a>> = BTreeMap::new();
    let mut add = |one: &Conversation| {
        let (client, server) = (one.flow.initiator.address, one.flow.responder.address);
        if is_host(client) && is_host(server) && one.flow.key.transport != Transport::Icmp {
            pairs.entry((host(client), host(server))).or_default().add(one);
        }
    };
    report.traces.iter().for_each(|trace| trace.each(&mut add));
    for finding in &report.diagnosis.findings {
        if let (Some(client), Some(server)) = (&finding.client, &finding.server) {
            pairs.entry((host(client.address), host(server.address))).or_default().findings.push(finding);
        }
    }
    pairs
}

/// Rows and columns of the matrix: hosts with roles or names first, then those with the gravest signs and
/// the most attempts.
fn chosen(report: &Report<'_>, pairs: &BTreeMap<(IpAddr, IpAddr), Pair<'_>>) -> (Vec<IpAddr>, Vec<IpAddr>) {
    let pick = |end: fn(&(IpAddr, IpAddr)) -> IpAddr| {
        let mut hosts: BTreeMap<IpAddr, (Mark, u64)> = BTreeMap::new();
        for (ends, pair) in pairs {
            let weight = hosts.entry(end(ends)).or_insert((Mark::Unseen, 0));
            *weight = (weight.0.min(pair.mark()), weight.1 + pair.attempts);
        }
        let mut ranked: Vec<_> = hosts
            .into_iter()
            .map(|(host, (mark, attempts))| {
                let known = report.roster.host(host).is_some_and(|host| !host.roles.is_empty());
                (!known, mark, std::cmp::Reverse(attempts), host)
            })
            .collect();
        ranked.sort_unstable();
        let mut hosts: Vec<IpAddr> = ranked.into_iter().take(MOST_HOSTS).map(|(.., host)| host).collect();
        hosts.sort_by(|one, other| (report.roster.role(*one), one).cmp(&(report.roster.role(*other), other)));
        hosts
    };
    (pick(|ends| ends.0), pick(|ends| ends.1))
}

fn list(html: &mut Html, material: &Material<'_>, pairs: &BTreeMap<(IpAddr, IpAddr), Pair<'_>>) {
    let report = material.report;
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_by_key(|(ends, pair)| (pair.mark(), std::cmp::Reverse(pair.attempts), **ends));
    let columns = [
        Column::Text("Verdict"),
        Column::Text("Client"),
        Column::Text("Server"),
        Column::Text("Services"),
        Column::Number("Attempts"),
        Column::Number("Answered"),
        Column::Number("First frame"),
        Column::Plain("Wireshark"),
    ];
    let mut left = 0;
    table(html, "Pairs of hosts", &columns, |html| {
        left = html.fit(ROOM, sorted, |html, ((client, server), pair)| {
            let mark = pair.mark();
            html.line().within(tag("tr"), |html| {
                let rank = Mark::ALL.iter().position(|one| *one == mark).unwrap_or_default();
                html.within(tag("td").set("data-key", rank), |html| mark.badge(html, mark.word()));
                html.cell(tag("td"), &brief::host(report, *client)).cell(tag("td"), &brief::host(report, *server));
                html.leaf(tag("td"), &pair.services.iter().copied().collect::<Vec<_>>().join(", "));
                number(html, pair.attempts);
                number(html, pair.reached);
                let frame = pair.first.map(|first| material.frame(first.frame));
                html.leaf(tag("td").class("n"), &frame.unwrap_or_default());
                filter_cell(html, Some(&words::pair_filter(*client, *server)));
            });
        });
    });
    beyond(html, left, "pairs of hosts");
}

/// Rows, and columns, of the matrix.
const MOST_HOSTS: usize = 28;
/// Octets that the list may take.
const ROOM: usize = 60_000;
