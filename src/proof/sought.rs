//! Which conversations and frames matter to which finding.

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use super::exhibit::{Part, Role};
use super::index::{Index, followed_by};
use super::limits::{Ends, Limits};
use crate::diagnose::{Diagnosis, Finding, Kind};
use crate::flow::{Endpoint, FlowKey, FrameRef, Moment, Outcome, Transport};
use crate::observe::{Conversation, Trace};
use crate::time::{Span, Time};
use crate::topology::Roster;

/// What a second look at the captures should look for.
#[derive(Debug, Default)]
pub struct Sought {
    /// Conversations, each trace's in the order of their first packets.
    pub(super) lanes: Vec<Lane>,
    /// Frames that findings name.
    pub(super) frames: HashMap<FrameRef, Vec<Role>>,
    /// When each capture begins and ends.
    pub(super) edges: Vec<(u32, Time, Role)>,
    /// Hosts whose life may show in frames that belong to no conversation.
    pub(super) lives: Vec<Watched>,
    /// Octets that may be kept.
    pub(super) octets: usize,
    /// Conversations beyond [`MOST_LANES`], by finding.
    pub(super) beyond: HashMap<String, u64>,
}

/// One conversation to keep packets of.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) key: FlowKey,
    /// Captures of its trace.
    pub(super) captures: Vec<u32>,
    pub(super) from: Moment,
    /// Its last packet.
    pub(super) to: Moment,
    /// The first packet of the next conversation with the same five-tuple.
    pub(super) next: Option<Moment>,
    pub(super) ends: Ends,
    pub(super) roles: Vec<Role>,
}

/// A host, and the moment for which it matters whether it was there.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) host: IpAddr,
    pub(super) captures: Vec<u32>,
    pub(super) time: Time,
    pub(super) role: Role,
}

impl Sought {
    /// For all findings; those that come first have the first say when there are too many.
    pub fn new(traces: &[Trace], roster: &Roster, diagnosis: &Diagnosis, limits: Limits) -> Self {
        let mut sought = Self { octets: limits.octets, ..Self::default() };
        for trace in traces {
            let captures: Vec<u32> = trace.healths.iter().map(|health| health.index).collect();
            let of_trace = |finding: &&Finding| {
                let first = finding.judgement.evidence.first();
                first.is_some_and(|evidence| captures.contains(&evidence.frame.capture()))
            };
            let findings: Vec<&Finding> = diagnosis.findings.iter().filter(of_trace).collect();
            sought.of_trace(trace, &captures, &findings, roster, limits);
        }
        sought
    }

    fn of_trace(&mut self, trace: &Trace, captures: &[u32], findings: &[&Finding], roster: &Roster, limits: Limits) {
        let parties = findings.iter().flat_map(|finding| [&finding.client, &finding.server]).flatten();
        let hosts: HashSet<IpAddr> = parties.flat_map(|party| roster.addresses(party.address)).collect();
        let evidence =
            || findings.iter().flat_map(|finding| finding.judgement.evidence.iter().map(move |e| (finding, e)));
        let frames: HashSet<FrameRef> = evidence().map(|(_, evidence)| evidence.frame).collect();
        for (finding, evidence) in evidence() {
            let role = Role { finding: finding.id.clone(), part: Part::Named, note: evidence.note.clone() };
            self.frames.entry(evidence.frame).or_default().push(role);
        }
        if !findings.is_empty() {
            self.edges(trace);
        }
        let mut chosen = Chosen { index: Index::new(trace, &hosts, &frames), lanes: HashMap::new(), limits };
        for finding in findings {
            chosen.finding(finding, roster);
            self.lives.extend(lives(finding, roster, captures));
        }
        if !findings.is_empty() {
            chosen.at_the_edges(trace);
        }
        chosen.excuses(trace);
        let wanted: HashSet<usize> = chosen.lanes.keys().copied().collect();
        let next = followed_by(trace, &wanted);
        let mut lanes: Vec<(usize, Vec<Role>, Ends)> =
            chosen.lanes.into_iter().map(|(at, (roles, ends))| (at, roles, ends)).collect();
        lanes.sort_by_key(|(at, ..)| *at);
        for (at, roles, ends) in lanes {
            let Some(conversation) = trace.conversations.get(at) else { continue };
            let flow = &conversation.flow;
            if self.lanes.len() >= MOST_LANES {
                for role in roles {
                    *self.beyond.entry(role.finding).or_default() +=
                        flow.halves.iter().map(|half| half.packets).sum::<u64>();
                }
                continue;
            }
            self.lanes.push(Lane {
                key: flow.key,
                captures: captures.to_owned(),
                from: flow.first,
                to: flow.last,
                next: next.get(&at).copied(),
                ends,
                roles,
            });
        }
    }

    /// A capture's first and last frame: how long silence lasted is known only from where it ends.
    fn edges(&mut self, trace: &Trace) {
        for health in &trace.healths {
            let Some((begin, end)) = health.covered else { continue };
            for (time, note) in [(begin, "the capture begins"), (end, "the capture ends")] {
                let role = Role { finding: String::new(), part: Part::Edge, note: note.to_owned() };
                self.edges.push((health.index, time, role));
            }
        }
    }
}

/// Conversations of one trace on their way to becoming lanes.
struct Chosen<'a> {
    index: Index<'a>,
    lanes: HashMap<usize, (Vec<Role>, Ends)>,
    limits: Limits,
}

impl Chosen<'_> {
    fn take(&mut self, at: usize, finding: &Finding, part: Part, note: String) {
        let ends = match part {
            Part::Attempt | Part::Success | Part::Told => self.limits.path,
            _ => self.limits.context,
        };
        let (roles, known) = self.lanes.entry(at).or_insert((Vec::new(), ends));
        *known = known.or(ends);
        // The first part that is asked for is the most telling one.
        if !roles.iter().any(|role| role.finding == finding.id) {
            roles.push(Role { finding: finding.id.clone(), part, note });
        }
    }

    fn finding(&mut self, finding: &Finding, roster: &Roster) {
        let named: Vec<usize> =
            finding.judgement.evidence.iter().filter_map(|evidence| self.index.holding(evidence.frame)).collect();
        if let Some(path) = Path::of(finding) {
            self.path(finding, &path, &named);
        }
        for &at in &named {
            self.take(at, finding, Part::Told, "around a frame that the finding names".to_owned());
        }
        if let Some(path) = Path::of(finding) {
            self.beside(finding, &path, roster);
            self.alive(finding, &path, roster);
        } else {
            self.whole(finding);
        }
    }

    /// The path's own conversations: the first and last attempts, those that the finding names, and the
    /// last success before and the first after.
    fn path(&mut self, finding: &Finding, path: &Path, named: &[usize]) {
        let own: Vec<(usize, &Conversation)> =
            self.index.of_pair(path.client, path.server).filter(|(_, one)| path.is(one)).collect();
        let during = |one: &Conversation| one.flow.last.time >= path.first && one.flow.first.time <= path.last;
        let failed = |&(at, one): &(usize, &Conversation)| {
            during(one) && (named.contains(&at) || !went_well(one) || finding.judgement.kind == Kind::ServiceSlow)
        };
        let attempts: Vec<usize> = own.iter().filter(|one| failed(one)).map(|(at, _)| *at).collect();
        let rest = attempts.get(ATTEMPTS..).unwrap_or_default();
        let last = rest.get(rest.len().saturating_sub(ATTEMPTS)..).unwrap_or_default();
        for &at in attempts.iter().take(ATTEMPTS).chain(last).chain(attempts.iter().filter(|at| named.contains(at))) {
            self.take(at, finding, Part::Attempt, "an attempt on this path".to_owned());
        }
        let well = |one: &&(usize, &Conversation)| !attempts.contains(&one.0) && one.1.outcome.reached();
        let before = own.iter().filter(well).rfind(|(_, one)| one.flow.first.time <= path.last);
        let first = own.iter().filter(well).find(|(_, one)| one.flow.first.time <= path.last);
        let after = own.iter().filter(well).find(|(_, one)| one.flow.first.time > path.last);
        for (at, note) in [
            (before, "the same path, working"),
            (first, "the same path, working"),
            (after, "the same path, working again later"),
        ] {
            if let Some((at, _)) = at {
                self.take(*at, finding, Part::Success, note.to_owned());
            }
        }
    }

    /// What passes beside it: the same hosts on other ports, other clients on this port, closed ports.
    fn beside(&mut self, finding: &Finding, path: &Path, roster: &Roster) {
        let (from, to) = (path.first.minus(NEAR), path.last.plus(NEAR));
        let near = |one: &Conversation| one.flow.last.time >= from && one.flow.first.time <= to;
        let (clients, servers) = (roster.addresses(path.client), roster.addresses(path.server));
        let distance = |one: &Conversation| one.flow.first.time.since(path.first).length();
        let mut ports: HashMap<(Endpoint, Transport, bool), (Span, usize)> = HashMap::new();
        let mut callers: HashMap<(IpAddr, bool), (Span, usize)> = HashMap::new();
        for &server in &servers {
            for &client in &clients {
                for (at, one) in self.index.of_pair(client, server).filter(|(_, one)| near(one) && !path.is(one)) {
                    let key = (one.flow.responder, one.flow.key.transport, one.outcome.reached());
                    nearest(&mut ports, key, (distance(one), at));
                }
            }
            let endpoint = Endpoint { address: server, port: path.port };
            for (at, one) in self.index.to_port(endpoint, path.transport).filter(|(_, one)| near(one)) {
                let caller = one.flow.initiator.address;
                if !clients.contains(&caller) {
                    nearest(&mut callers, (caller, one.outcome.reached()), (distance(one), at));
                }
            }
            let mut closed: Vec<_> = self.index.refused(server).map(|(at, one)| (distance(one), at)).collect();
            closed.sort_unstable();
            for (_, at) in closed.into_iter().take(REFUSALS) {
                self.take(at, finding, Part::Refusal, format!("a port of {server} that refuses"));
            }
        }
        for (at, (endpoint, _, reached)) in the_nearest(ports, PORTS) {
            let how = if reached { "answers" } else { "fails too" };
            self.take(at, finding, Part::Pair, format!("the same hosts on port {}, which {how}", endpoint.port));
        }
        for (at, (caller, reached)) in the_nearest(callers, CALLERS) {
            let how = if reached { "reaches this port" } else { "fails on this port too" };
            self.take(at, finding, Part::OtherClient, format!("{caller}, which {how}"));
        }
    }

    /// Who was there: the conversations of each host nearest to the first and the last attempt, and between them: a
    /// silence is one because its host speaks meanwhile.
    fn alive(&mut self, finding: &Finding, path: &Path, roster: &Roster) {
        let all = path.last.since(path.first);
        let quarters = [0, 1, 2, 3].map(|quarter| path.first.plus(Span(all.0 / 4 * quarter)));
        for host in [path.server, path.client] {
            for address in roster.addresses(host) {
                for time in quarters.into_iter().chain([path.last]) {
                    let voices: Vec<usize> = self.index.voices(address, time).collect();
                    for at in voices {
                        self.take(at, finding, Part::Life, format!("{address} is heard"));
                    }
                }
            }
        }
    }

    /// The conversations whose packets stand where captures begin and end: without the rest of them those
    /// packets would look like attempts without an answer.
    fn at_the_edges(&mut self, trace: &Trace) {
        let covered: Vec<(Time, Time)> = trace.healths.iter().filter_map(|health| health.covered).collect();
        let at_edge = |one: &Conversation| {
            covered.iter().any(|(begin, end)| one.flow.first.time == *begin || one.flow.last.time == *end)
        };
        for (at, _) in self.index.all().filter(|(_, one)| at_edge(one)).collect::<Vec<_>>() {
            let role =
                Role { finding: String::new(), part: Part::Edge, note: "where the capture begins or ends".into() };
            self.lanes.entry(at).or_insert_with(|| (vec![role], self.limits.context));
        }
    }

    /// For each conversation that failed without being a finding, the nearest one on the same path that worked:
    /// without it the failure would look like a finding of its own.
    fn excuses(&mut self, trace: &Trace) {
        let failed = |at: &usize| trace.conversations.get(*at).filter(|one| !one.outcome.reached());
        let failed: Vec<&Conversation> = self.lanes.keys().filter_map(failed).collect();
        for one in failed {
            let (client, server) = (one.flow.initiator.address, one.flow.responder);
            let same = |other: &Conversation| {
                other.flow.responder == server && other.flow.key.transport == one.flow.key.transport
            };
            let worked = self.index.of_pair(client, server.address);
            let worked = worked.filter(|(_, other)| same(other) && other.outcome.reached());
            let nearest =
                worked.min_by_key(|(at, other)| (other.flow.first.time.since(one.flow.first.time).length(), *at));
            if let Some((at, _)) = nearest {
                let role = Role { finding: String::new(), part: Part::Pair, note: "the same path, working".into() };
                self.lanes.entry(at).or_insert_with(|| (vec![role], self.limits.context));
            }
        }
    }

    /// A claim about the whole capture: some of the conversations that show it.
    fn whole(&mut self, finding: &Finding) {
        let kind = finding.judgement.kind;
        let showing: Vec<usize> =
            self.index.all().filter(|(_, one)| shows(kind, one)).map(|(at, _)| at).take(SHOWN).collect();
        for at in showing {
            self.take(at, finding, Part::Told, format!("a conversation that shows {kind}"));
        }
    }
}

/// The path of a finding, as far as packets are concerned.
struct Path {
    client: IpAddr,
    client_port: Option<u16>,
    server: IpAddr,
    port: u16,
    transport: Transport,
    first: Time,
    last: Time,
}

impl Path {
    fn of(finding: &Finding) -> Option<Self> {
        Some(Self {
            client: finding.client.as_ref()?.address,
            client_port: finding.client_port,
            server: finding.server.as_ref()?.address,
            port: finding.port?,
            transport: finding.transport?,
            first: finding.first?,
            last: finding.last?,
        })
    }

    /// Whether a conversation of the two hosts is on this path. Of media and heartbeats either end may
    /// count as the caller.
    fn is(&self, conversation: &Conversation) -> bool {
        let flow = &conversation.flow;
        let server = Endpoint { address: self.server, port: self.port };
        let to = flow.responder == server || (self.client_port.is_some() && flow.initiator == server);
        flow.key.transport == self.transport && to
    }
}

/// Frames that are no part of a conversation (ARP) tell too that a host was there.
fn lives(finding: &Finding, roster: &Roster, captures: &[u32]) -> Vec<Watched> {
    let Some(path) = Path::of(finding) else { return Vec::new() };
    let hosts = [path.server, path.client].into_iter().flat_map(|host| roster.addresses(host));
    let watched = hosts.flat_map(|host| {
        [path.first, path.last].map(|time| {
            let role = Role { finding: finding.id.clone(), part: Part::Life, note: format!("{host} is heard") };
            Watched { host, captures: captures.to_vec(), time, role }
        })
    });
    watched.collect()
}

fn went_well(conversation: &Conversation) -> bool {
    matches!(conversation.outcome, Outcome::Closed | Outcome::Open | Outcome::Datagrams)
}

fn shows(kind: Kind, conversation: &Conversation) -> bool {
    let flow = &conversation.flow;
    let halves = || flow.halves.iter();
    match kind {
        Kind::OneWayCapture => conversation.outcome == Outcome::OneSided && flow.key.transport == Transport::Tcp,
        Kind::CaptureLoss => halves().any(|half| half.unseen > 0),
        Kind::DuplicatePackets => halves().any(|half| half.duplicates > 0),
        Kind::TruncatedPackets => halves().any(|half| half.snapped > 0),
        Kind::StartedMidway => {
            flow.tries.count == 0 && flow.answers.count == 0 && halves().all(|half| half.packets > 0)
        }
        _ => false,
    }
}

fn nearest<K: Eq + std::hash::Hash>(found: &mut HashMap<K, (Span, usize)>, key: K, new: (Span, usize)) {
    let known = found.entry(key).or_insert(new);
    *known = new.min(*known);
}

/// So many of them, the nearest in time first.
fn the_nearest<K>(found: HashMap<K, (Span, usize)>, most: usize) -> Vec<(usize, K)> {
    let mut list: Vec<_> = found.into_iter().collect();
    list.sort_by_key(|(_, near)| *near);
    list.into_iter().take(most).map(|(key, (_, at))| (at, key)).collect()
}

/// Attempts at each end of a finding's time.
const ATTEMPTS: usize = 4;
/// Other ports of the same hosts.
const PORTS: usize = 12;
/// Other clients of the same port.
const CALLERS: usize = 6;
/// Closed ports that answer.
const REFUSALS: usize = 2;
/// Conversations that show what is wrong with a capture.
const SHOWN: usize = 16;
/// What counts beside a finding (contract: within 5 minutes).
const NEAR: Span = Span::seconds(300);
/// Conversations looked for in all.
const MOST_LANES: usize = 1 << 16;
