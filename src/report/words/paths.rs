//! Role by role: what passes, what does not, and what should have been seen and was not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::Uuid;
use hashbrown::HashMap;

use super::advice::rhythm;
use super::policy::row;
use crate::diagnose::{Finding, Kind, Verdict};
use crate::flow::{Endpoint, Outcome, Single, Transport};
use crate::observe::{Conversation, Trace};
use crate::reference::{Direction, Need, Path, Version};
use crate::report::Report;
use crate::time::Time;

/// One row of the role-by-role matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRow {
    /// Role of the client.
    pub from: String,
    /// Role of the server.
    pub to: String,
    /// The service.
    pub service: String,
    /// Whether the tables say that it must pass: Exchange, or a feature that was used, needs it.
    pub required: bool,
    /// `ok`, `degraded`, `blocked` or `never-seen`.
    pub status: &'static str,
    /// Attempts.
    pub flows: u64,
    /// Those that were blocked.
    pub blocked: u64,
    /// Seconds within which a working deployment shows it, where the tables know that.
    pub every: Option<u32>,
}

/// The role-by-role matrix of what was seen, and of what should have been. A row of which this capture
/// allows no statement at all (its answers were not captured, or could not have come yet) is left out.
pub fn paths(report: &Report<'_>) -> Vec<PathRow> {
    let mut rows: BTreeMap<Key<'_>, Attempts> = BTreeMap::new();
    let (mut needs, connected_in_vain) = (Needs::new(report), connected_in_vain(report));
    for trace in report.traces {
        for (one, flows, passed) in alike(report, trace, &connected_in_vain).into_values() {
            let (client, server) = (one.flow.initiator.address, one.flow.responder.address);
            let (from, to) = (report.roster.role(client), report.roster.role(server));
            if from == "unknown" && to == "unknown" {
                continue;
            }
            let row = rows.entry((from, to, service(report, one))).or_default();
            row.flows += flows;
            row.passed += passed;
            row.required |= needs.required(trace, one);
        }
        for (one, flows) in lone(report, trace) {
            let (client, server) = (one.flow.initiator.address, one.flow.responder.address);
            let (from, to) = (report.roster.role(client), report.roster.role(server));
            if from == "unknown" && to == "unknown" {
                continue;
            }
            let row = rows.entry((from, to, service(report, &one))).or_default();
            row.flows += flows;
            row.required |= needs.required(trace, &one);
        }
    }
    for finding in &report.diagnosis.findings {
        let (Some(client), Some(server), Some(service)) = (&finding.client, &finding.server, finding.service) else {
            continue;
        };
        let key = (client.role.as_str(), server.role.as_str(), service);
        match rows.get_mut(&key) {
            Some(row) => row.add(finding),
            // What other traffic of the two shows that they need.
            None if finding.judgement.kind == Kind::ExpectedNotSeen => {
                rows.insert(key, Attempts { required: true, every: every(report, finding), ..Attempts::default() });
            }
            // What should have come from a host that sent nothing at all there.
            None if finding.judgement.kind.verdict() == Verdict::Blocked => {
                let mut row = Attempts { flows: finding.attempts, required: true, ..Attempts::default() };
                row.add(finding);
                rows.insert(key, row);
            }
            None => {}
        }
    }
    for ((from, to, service), (every, either)) in expected(report) {
        // Datagrams of both directions are one conversation, whoever began it.
        if either && rows.contains_key(&(to, from, service)) {
            continue;
        }
        rows.entry((from, to, service)).or_insert(Attempts { required: true, every, ..Attempts::default() });
    }
    rows.into_iter().filter_map(|(key, row)| row.settle(key)).collect()
}

/// Role of the client, role of the server, service.
type Key<'a> = (&'a str, &'a str, &'a str);

/// Client, server, what carries it, and the server's port.
type Line = (IpAddr, IpAddr, Transport, u16);

/// What decides of which row a conversation is: its hosts, where the roster has them, what carries it, the
/// server's port, and what runs there.
type Alike = (Option<usize>, Option<usize>, Transport, u16, &'static str, Option<Uuid>);

/// Conversations that are one to the matrix: the first of them, how many there are, and how many passed.
fn alike<'a>(
    report: &Report<'_>,
    trace: &'a Trace,
    connected_in_vain: &HashMap<Line, Vec<(Time, Time)>>,
) -> Known<Alike, (&'a Conversation, u64, u64)> {
    let mut known: Known<Alike, (&Conversation, u64, u64)> = Known::default();
    for one in &trace.conversations {
        let (client, server) = (one.flow.initiator.address, one.flow.responder);
        let hosts = (report.roster.place(client), report.roster.place(server.address));
        let key = (hosts.0, hosts.1, one.flow.key.transport, server.port, one.service, trace.interface(one));
        let (_, flows, through) = known.entry(key).or_insert((one, 0, 0));
        *flows += 1;
        *through += u64::from(passed(one, connected_in_vain));
    }
    known
}

/// Lone SYNs that are no conversations, by client and server's port; all clients of which the roster knows nothing
/// are one. With each a conversation that shows it, and how many there are.
fn lone(report: &Report<'_>, trace: &Trace) -> Vec<(Conversation, u64)> {
    let mut left: HashMap<Endpoint, u64> = trace.lone.servers().iter().map(|tried| (tried.at, tried.count)).collect();
    let mut found: HashMap<(IpAddr, Endpoint), (&Single, u64)> = HashMap::new();
    for &client in report.roster.hosts().iter().flat_map(|host| &host.addresses) {
        for syn in trace.lone.of(client) {
            found.entry((client, syn.destination())).or_insert((syn, 0)).1 += 1;
            left.entry(syn.destination()).and_modify(|left| *left -= 1);
        }
    }
    let mut all: Vec<_> = found.into_values().map(|(syn, count)| (trace.conversation(syn), count)).collect();
    let stranger = trace.lone.sources().map(|(source, _)| source).find(|source| report.roster.host(*source).is_none());
    for tried in trace.lone.servers() {
        let count = left.get(&tried.at).copied().filter(|left| *left > 0);
        if let (Some(syn), Some(stranger), Some(count)) = (trace.lone.first(tried), stranger, count) {
            let mut one = trace.conversation(syn);
            one.flow.initiator.address = stranger;
            all.push((one, count));
        }
    }
    all
}

/// Paths on which connections were made and nothing passed on them, and when that was.
fn connected_in_vain(report: &Report<'_>) -> HashMap<Line, Vec<(Time, Time)>> {
    let mut found: HashMap<Line, Vec<(Time, Time)>> = HashMap::new();
    for finding in &report.diagnosis.findings {
        let vain =
            matches!(finding.judgement.kind, Kind::TlsBlocked | Kind::PmtuBlackHole | Kind::RpcDynamicPortBlocked);
        let (Some(client), Some(server), true) = (&finding.client, &finding.server, vain) else { continue };
        let (Some(transport), Some(port)) = (finding.transport, finding.port) else { continue };
        if let (Some(first), Some(last)) = (finding.first, finding.last) {
            found.entry((client.address, server.address, transport, port)).or_default().push((first, last));
        }
    }
    found
}

/// Whether both sides understood each other. Acknowledgements of one direction tell that the other one passes too.
fn passed(one: &Conversation, connected_in_vain: &HashMap<Line, Vec<(Time, Time)>>) -> bool {
    let flow = &one.flow;
    let line = (flow.initiator.address, flow.responder.address, flow.key.transport, flow.responder.port);
    let in_vain = connected_in_vain
        .get(&line)
        .is_some_and(|times| times.iter().any(|&(first, last)| first <= flow.first.time && flow.first.time <= last));
    (one.outcome.reached() || one.outcome == Outcome::OneSided) && !in_vain
}

/// How often what a finding misses comes.
fn every(report: &Report<'_>, finding: &Finding) -> Option<u32> {
    rhythm(report, finding).map(|rhythm| rhythm.every)
}

/// What was tried between two roles.
#[derive(Debug, Default)]
struct Attempts {
    flows: u64,
    passed: u64,
    blocked: u64,
    altered: u64,
    /// Refused, unanswered, or slow: not blocked, as far as is known, and not in order.
    failed: u64,
    required: bool,
    every: Option<u32>,
}

impl Attempts {
    fn add(&mut self, finding: &Finding) {
        let kind = finding.judgement.kind;
        match kind.verdict() {
            Verdict::Blocked => self.blocked += finding.attempts,
            Verdict::Altered => self.altered += finding.attempts,
            // A host may cut what it has done with.
            Verdict::NotBlocked if kind != Kind::ResetByHost => self.failed += finding.attempts,
            Verdict::Inconclusive if matches!(kind, Kind::NoAnswer | Kind::HostSilent) => {
                self.failed += finding.attempts;
            }
            Verdict::NotBlocked | Verdict::Inconclusive => {}
        }
    }

    fn settle(self, (from, to, service): Key<'_>) -> Option<PathRow> {
        let impaired = self.blocked > 0 || self.altered > 0 || (self.failed > 0 && self.failed >= self.passed);
        let status = match (self.flows, self.passed) {
            (0, _) => "never-seen",
            (_, 0) if self.blocked > 0 => "blocked",
            _ if impaired => "degraded",
            (_, 0) => return None,
            _ => "ok",
        };
        let blocked = self.blocked.min(self.flows);
        let Self { flows, required, every, .. } = self;
        let (from, to, service) = (from.to_owned(), to.to_owned(), service.to_owned());
        Some(PathRow { from, to, service, required, status, flows, blocked, every })
    }
}

/// The service of a conversation; a port that the topology file fixes is RPC, whatever was said there.
fn service(report: &Report<'_>, one: &Conversation) -> &'static str {
    let at = one.flow.responder;
    match (one.service, report.roster.fixed(at.address, at.port)) {
        ("other", Some(_)) if one.flow.key.transport == Transport::Tcp => "dcerpc",
        (service, _) => service,
    }
}

/// What hosts are to the tables: the client's roles, the server's, and the versions that they run.
type Sorts<'a> = (Vec<&'a str>, Vec<&'a str>, Vec<Version>);
/// A sort of pair, port and interface of a conversation.
type Place = (usize, Transport, u16, &'static str, Option<Uuid>);
type Known<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Whether the tables list a conversation among those that somebody needs. They are asked once for all hosts
/// that are the same to them.
struct Needs<'a> {
    report: &'a Report<'a>,
    /// By the places of client and server in the roster.
    pairs: Known<(Option<usize>, Option<usize>), usize>,
    sorts: Known<Sorts<'a>, usize>,
    known: Known<Place, bool>,
}

impl<'a> Needs<'a> {
    fn new(report: &'a Report<'a>) -> Self {
        Self { report, pairs: Known::default(), sorts: Known::default(), known: Known::default() }
    }

    fn required(&mut self, trace: &Trace, one: &Conversation) -> bool {
        let report = self.report;
        let (client, server) = (one.flow.initiator.address, one.flow.responder);
        let (transport, service) = (one.flow.key.transport, service(report, one));
        let interface = trace.interface(one).or_else(|| report.roster.fixed(server.address, server.port));
        let sort = self.sort(client, server.address);
        *self.known.entry((sort, transport, server.port, service, interface)).or_insert_with(|| {
            row(report, (client, server.address), transport, server.port, service, interface)
                .is_some_and(|path| path.need != Need::Optional)
        })
    }

    /// The number of the sort of pair that two hosts are.
    fn sort(&mut self, client: IpAddr, server: IpAddr) -> usize {
        let (report, sorts) = (self.report, &mut self.sorts);
        let places = (report.roster.place(client), report.roster.place(server));
        *self.pairs.entry(places).or_insert_with(|| {
            let roles = |host| report.roster.roles(host).collect();
            let versions = report.roster.versions_between(client, server, report.reference);
            let next = sorts.len();
            *sorts.entry((roles(client), roles(server), versions)).or_insert(next)
        })
    }
}

/// What no deployment works without, between hosts that the topology file names and that were captured
/// talking to each other, both ways: only of those could the rest have been seen here.
///
/// With each, how often it comes, and whether either side may begin it.
fn expected<'a>(report: &'a Report<'_>) -> BTreeMap<Key<'a>, (Option<u32>, bool)> {
    let mut expected = BTreeMap::new();
    for (client, server) in report.traces.iter().flat_map(|trace| talking(report, trace)) {
        let from: Vec<&str> = report.roster.roles(client).collect();
        let to: Vec<&str> = report.roster.roles(server).collect();
        let newest = report.roster.versions_between(client, server, report.reference).into_iter().next();
        for path in report.reference.needed(&from, &to, newest) {
            let every = report.reference.rhythms().iter().find(|rhythm| rhythm.path == path.id);
            let either = path.direction == Direction::Both && path.transport == [Transport::Udp];
            for service in services(path) {
                let key = (report.roster.role(client), report.roster.role(server), service);
                expected.insert(key, (every.map(|rhythm| rhythm.every), either));
            }
        }
    }
    expected
}

/// The services of a path that must show: of several that stand in for each other (HTTP with and without
/// TLS, media and its control) the first, and none that is only a fallback.
fn services(path: &Path) -> impl Iterator<Item = &str> {
    let named = |service: &&str| *service != "other" && !service.starts_with("netbios-");
    let alike = |service: &str| matches!(service, "http" | "https" | "rtp" | "rtcp");
    let mut seen = false;
    let all = path.services.iter().map(String::as_str).filter(named);
    all.filter(move |service| !alike(service) || !std::mem::replace(&mut seen, true))
}

/// Pairs of known hosts, in either order, of which packets to each other were captured in both directions.
fn talking(report: &Report<'_>, trace: &Trace) -> BTreeSet<(IpAddr, IpAddr)> {
    let mut pairs = BTreeSet::new();
    if is_one_way(report, trace) {
        return pairs;
    }
    let known = |address: IpAddr| report.roster.host(address).filter(|host| host.known);
    let both = |one: &&Conversation| one.flow.halves.iter().all(|half| half.packets > 0);
    for one in trace.conversations.iter().filter(both) {
        let ends = [one.flow.initiator.address, one.flow.responder.address];
        let [Some(client), Some(server)] = ends.map(known) else { continue };
        // One address for each host: what it is does not depend on which one it uses.
        let ends = (client.addresses.first(), server.addresses.first());
        if let (Some(&client), Some(&server)) = ends
            && client != server
        {
            pairs.extend([(client, server), (server, client)]);
        }
    }
    pairs
}

/// Whether only one direction of a trace was captured.
fn is_one_way(report: &Report<'_>, trace: &Trace) -> bool {
    let of_trace = |capture| trace.healths.iter().any(|health| health.index == capture);
    report.diagnosis.findings.iter().any(|finding| {
        finding.judgement.kind == Kind::OneWayCapture
            && finding.client.is_none()
            && finding.judgement.evidence.iter().any(|evidence| of_trace(evidence.frame.capture()))
    })
}
