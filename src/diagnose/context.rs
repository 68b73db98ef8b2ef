//! What all rules ask: who was heard when, who reached whom, and what a host's packets look like here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::{Side, Uuid};
use hashbrown::{HashMap, HashSet};

pub use crate::diagnose::voices::Voice;
use crate::diagnose::voices::Voices;
use crate::flow::{Endpoint, Flow, Moment, Outcome, Transport};
use crate::observe::{Conversation, Trace};
use crate::time::{Span, Time};
use crate::topology::Roster;

/// A trace and its hosts, indexed for judgement.
pub struct Context<'a> {
    /// The trace.
    pub trace: &'a Trace,
    /// Who is who.
    pub roster: &'a Roster,
    /// When and to whom each host was heard.
    pub(super) voices: Voices,
    /// Conversations in which a server answered nothing, or nothing any more, by server.
    pub(super) failing: HashMap<IpAddr, Vec<usize>>,
    /// Hosts of which any TCP port ever answered.
    pub(super) served: HashSet<IpAddr>,
    /// When lone SYNs that are no conversations came to ports that answered others.
    pub(super) lone_failing: BTreeMap<Endpoint, Vec<Time>>,
    /// Conversations in which both sides understood each other, by client and server.
    reached: HashMap<(IpAddr, IpAddr), Vec<usize>>,
    /// The same, by server port.
    pub(super) reached_port: HashMap<(Endpoint, Transport), Vec<usize>>,
    /// RSTs to SYNs, by the host in whose name they came.
    refusals: HashMap<IpAddr, Vec<Refusal>>,
    /// Endpoint mapper conversations, by client and server.
    mapper: HashMap<(IpAddr, IpAddr), Vec<usize>>,
    /// Directions that must have carried packets which were not captured.
    implied: HashSet<(IpAddr, IpAddr)>,
    /// Datagrams of which only some fragments came, by sender and receiver: when.
    unfinished: HashMap<(IpAddr, IpAddr), Vec<Time>>,
    /// What each host talks about.
    habits: HashMap<IpAddr, Habit>,
    /// With whom each host ships logs.
    shipped: HashMap<IpAddr, BTreeSet<IpAddr>>,
    /// Whether answers were generally not captured.
    pub one_way: bool,
    /// How much of the data the capture lost.
    pub loss: Loss,
}

/// Data that was acknowledged and not captured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loss {
    /// Stretches of it.
    pub unseen: u64,
    /// Data packets that were captured.
    pub data: u64,
    /// The first connection with such a stretch.
    pub first: Option<Moment>,
}

impl Loss {
    /// Of all data packets, the share that was lost; each stretch counts as one.
    pub fn share(self) -> f64 {
        self.unseen as f64 / (self.unseen + self.data).max(1) as f64
    }
}

/// What a host talks about, as far as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Habit {
    /// Nothing that was understood.
    Unknown,
    /// Heartbeats of a cluster and no more.
    Beats,
    /// Shipping logs, and at most heartbeats beside it.
    Replicates,
    /// Anything else.
    Talks,
}

/// A closed port that answered.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// When, and which frame.
    pub moment: Moment,
    /// The port.
    pub port: u16,
    /// The RST's time to live.
    pub ttl: u8,
}

impl<'a> Context<'a> {
    /// Reads through a trace once.
    pub fn new(trace: &'a Trace, roster: &'a Roster) -> Self {
        let mut context = Self {
            trace,
            roster,
            voices: Voices::default(),
            failing: HashMap::new(),
            lone_failing: BTreeMap::new(),
            served: HashSet::new(),
            reached: HashMap::new(),
            reached_port: HashMap::new(),
            refusals: HashMap::new(),
            mapper: HashMap::new(),
            implied: HashSet::new(),
            unfinished: HashMap::new(),
            habits: HashMap::new(),
            shipped: HashMap::new(),
            one_way: false,
            loss: Loss::default(),
        };
        for one in trace.healths.iter().flat_map(|health| &health.unfinished) {
            context.unfinished.entry((one.source, one.destination)).or_default().push(one.since);
        }
        for (at, conversation) in trace.conversations.iter().enumerate() {
            context.index(at, conversation);
            if conversation.flow.key.transport == Transport::Tcp {
                context.count_loss(conversation);
            }
        }
        // What is asked of a host is asked of all of its addresses.
        for address in roster.hosts().iter().filter(|host| host.addresses.len() > 1).flat_map(|host| &host.addresses) {
            trace.lone.of(*address).for_each(|syn| context.voices.add(&syn.flow()));
        }
        context.voices.settle();
        // Captures read side by side, and clocks that went back, put conversations out of their order in time.
        let began = |&at: &usize| trace.conversations.get(at).map(|one| one.flow.first);
        for list in context.reached.values_mut().chain(context.reached_port.values_mut()) {
            list.sort_by_key(began);
        }
        for refusals in context.refusals.values_mut() {
            refusals.sort_by_key(|refusal| refusal.moment);
        }
        context.one_way = is_one_way(trace);
        context.index_served();
        context
    }

    fn index(&mut self, at: usize, conversation: &Conversation) {
        let flow = &conversation.flow;
        let (client, server) = (flow.initiator.address, flow.responder.address);
        self.voices.add(flow);
        if conversation.outcome == Outcome::OneSided && flow.key.transport == Transport::Tcp {
            let talked =
                |side| flow.history.has(side, b'A') || flow.history.has(side, b'D') || flow.history.has(side, b'H');
            if talked(Side::Initiator) {
                self.implied.insert((server, client));
            }
            if talked(Side::Responder) {
                self.implied.insert((client, server));
            }
        }
        if matches!(conversation.outcome, Outcome::Unanswered | Outcome::Stalled) {
            self.failing.entry(server).or_default().push(at);
        }
        if conversation.outcome.reached() {
            self.reached.entry((client, server)).or_default().push(at);
            self.reached_port.entry((flow.responder, flow.key.transport)).or_default().push(at);
        }
        self.note_habits(conversation);
        if conversation.outcome == Outcome::Refused
            && let Some(reset) = flow.resets.iter().find(|reset| reset.side == Side::Responder)
        {
            let refusal = Refusal { moment: reset.moment, port: flow.responder.port, ttl: reset.ttl };
            self.refusals.entry(server).or_default().push(refusal);
        }
        if !conversation.seen.rpc_answers.is_empty() {
            self.mapper.entry((client, server)).or_default().push(at);
        }
    }

    /// What was tried in vain is no habit.
    fn note_habits(&mut self, conversation: &Conversation) {
        let flow = &conversation.flow;
        let habit = match (flow.key.transport, conversation.service) {
            (Transport::Icmp, _) => return,
            (Transport::Udp, "cluster") => Habit::Beats,
            _ if !conversation.outcome.reached() && conversation.outcome != Outcome::OneSided => return,
            (Transport::Tcp, "dag-replication") => Habit::Replicates,
            _ => Habit::Talks,
        };
        let (client, server) = (flow.initiator.address, flow.responder.address);
        if habit == Habit::Replicates {
            self.shipped.entry(client).or_default().insert(server);
            self.shipped.entry(server).or_default().insert(client);
        }
        for (side, host) in [(Side::Initiator, client), (Side::Responder, server)] {
            if flow.half(side).packets > 0 {
                let known = self.habits.entry(host).or_insert(Habit::Unknown);
                *known = (*known).max(habit);
            }
        }
    }

    fn count_loss(&mut self, conversation: &Conversation) {
        let flow = &conversation.flow;
        // Of a one-sided flow every packet of the other side is unseen; that is no loss.
        if conversation.outcome == Outcome::OneSided {
            return;
        }
        for half in &flow.halves {
            self.loss.unseen += half.unseen;
            self.loss.data += half.data_packets;
            if half.unseen > 0 {
                self.loss.first.get_or_insert(flow.first);
            }
        }
    }

    /// The service of a conversation; a port that the topology file fixes is RPC, whatever was said there.
    pub fn service(&self, conversation: &Conversation) -> &'static str {
        match conversation.service {
            "other" if self.fixed(conversation).is_some() => "dcerpc",
            service => service,
        }
    }

    /// The RPC interface of a conversation: what was seen of it, else what the topology file fixes to the port.
    pub fn interface(&self, conversation: &Conversation) -> Option<Uuid> {
        self.trace.interface(conversation).or_else(|| self.fixed(conversation))
    }

    fn fixed(&self, conversation: &Conversation) -> Option<Uuid> {
        let (at, transport) = (conversation.flow.responder, conversation.flow.key.transport);
        self.roster.fixed(at.address, at.port).filter(|_| transport == Transport::Tcp)
    }

    /// What an address talks about.
    pub fn habit(&self, address: IpAddr) -> Habit {
        self.habits.get(&address).copied().unwrap_or(Habit::Unknown)
    }

    /// Whether an address lies in a network of its own for shipping logs, as far as is seen: it does nothing
    /// else, nor does anyone with whom it ships them.
    pub fn only_replicates(&self, address: IpAddr) -> bool {
        let peers = self.shipped.get(&address).into_iter().flatten();
        self.habit(address) == Habit::Replicates && peers.copied().all(|peer| self.habit(peer) != Habit::Talks)
    }

    /// Whether two addresses understood each other at least once, whoever called.
    pub fn understood(&self, one: IpAddr, other: IpAddr) -> bool {
        self.reached.contains_key(&(one, other)) || self.reached.contains_key(&(other, one))
    }

    /// Conversations near that of `conversation` in which `server` answered calls of `client`.
    pub fn served(
        &self,
        server: IpAddr,
        client: IpAddr,
        conversation: &Conversation,
    ) -> impl Iterator<Item = &'a Conversation> + '_ {
        self.near(self.reached.get(&(client, server)), conversation.flow.first.time, conversation.flow.last.time)
    }

    /// Whether the host was heard, by any of its addresses, near the time of `from..to`.
    pub fn alive(&self, host: IpAddr, from: Time, to: Time) -> bool {
        let (from, to) = (from.minus(LIFE), to.plus(LIFE));
        self.roster.addresses(host).into_iter().any(|address| self.trace.heard_between(address, from, to))
    }

    /// Whether the host was heard at all.
    pub fn ever_heard(&self, host: IpAddr) -> bool {
        self.roster.addresses(host).into_iter().any(|address| self.trace.ever_heard(address))
    }

    /// Whether the host was heard between `time` and the end of the life that it proves.
    pub fn heard_after(&self, host: IpAddr, time: Time) -> bool {
        let addresses = self.roster.addresses(host);
        let mut next = addresses.iter().filter_map(|address| self.voices.after(*address, time));
        next.any(|next| next.since(time) <= LIFE)
    }

    /// The packet of the host nearest to `time`; one to `peer` is preferred when it is near enough to count.
    pub fn voice(&self, host: IpAddr, peer: IpAddr, time: Time) -> Option<Voice> {
        let addresses = self.roster.addresses(host);
        let near = |only: Option<IpAddr>| {
            let nearest = addresses.iter().filter_map(|address| self.voices.nearest(*address, time, only));
            nearest.min_by_key(|voice| (voice.time.since(time).length(), voice.frame))
        };
        let to_peer = near(Some(peer)).filter(|voice| voice.time.since(time).length() <= LIFE);
        to_peer.or_else(|| near(None))
    }

    /// Conversations of the same two hosts, in the same direction, near the time, in which they understood each
    /// other on other ports; the ports in order.
    pub fn other_ports(&self, conversation: &Conversation) -> BTreeSet<u16> {
        let flow = &conversation.flow;
        let (client, server) = (flow.initiator.address, flow.responder.address);
        let near = self.near(self.reached.get(&(client, server)), flow.first.time, flow.last.time);
        let other = near.filter(|other| other.flow.responder.port != flow.responder.port);
        other.map(|other| other.flow.responder.port).take(MOST_NAMED).collect()
    }

    /// Whether the two hosts understood each other on another port before the attempt began: who was first heard
    /// after it may have come within reach only then.
    pub fn talked_before(&self, conversation: &Conversation) -> bool {
        let flow = &conversation.flow;
        let list = self.reached.get(&(flow.initiator.address, flow.responder.address));
        let mut near = self.near(list, flow.first.time, flow.last.time);
        near.any(|other| other.flow.responder.port != flow.responder.port && other.flow.first < flow.first)
    }

    /// Other clients that reached the same port near the time, in order. Those who were answered only some time
    /// before it are left out: the service may have been stopped since.
    pub fn other_clients(&self, conversation: &Conversation) -> BTreeSet<IpAddr> {
        let flow = &conversation.flow;
        let reached = self.reached_port.get(&(flow.responder, flow.key.transport));
        let near = self.near(reached, flow.first.time, flow.last.time);
        let since = flow.first.time.minus(STILL);
        let other = near.filter(|other| {
            other.flow.initiator.address != flow.initiator.address
                && other.flow.half(Side::Responder).last.is_some_and(|answer| answer.time >= since)
        });
        other.map(|other| other.flow.initiator.address).take(MOST_NAMED).collect()
    }

    /// Conversations of the same two hosts, whoever called, near the time, in which they understood each other.
    pub fn of_pair(&self, conversation: &Conversation) -> impl Iterator<Item = &'a Conversation> + '_ {
        let flow = &conversation.flow;
        let (client, server) = (flow.initiator.address, flow.responder.address);
        let called = self.near(self.reached.get(&(client, server)), flow.first.time, flow.last.time);
        called.chain(self.near(self.reached.get(&(server, client)), flow.first.time, flow.last.time))
    }

    /// Conversations of anyone with the same server port, near the time of `flow`, in which they understood each other.
    pub fn of_port(&self, flow: &Flow) -> impl Iterator<Item = &'a Conversation> + '_ {
        let reached = self.reached_port.get(&(flow.responder, flow.key.transport));
        self.near(reached, flow.first.time, flow.last.time)
    }

    /// Whether the host was heard after `time`, by any of its addresses, within `span`.
    pub fn heard_within(&self, host: IpAddr, time: Time, span: Span) -> bool {
        let (from, to) = (time.plus(Span::millis(1)), time.plus(span));
        self.roster.addresses(host).into_iter().any(|address| self.trace.heard_between(address, from, to))
    }

    /// Whether a conversation of the host began or ended with a packet of its own after `from` and not after `to`.
    /// Signs of life tell no single moments; these do.
    pub fn spoke_between(&self, host: IpAddr, from: Time, to: Time) -> bool {
        let addresses = self.roster.addresses(host);
        addresses.into_iter().filter_map(|address| self.voices.after(address, from)).any(|next| next <= to)
    }

    /// Conversations in which a client reached a server's port, whenever that was.
    pub fn successes(
        &self,
        client: IpAddr,
        server: Endpoint,
        transport: Transport,
    ) -> impl Iterator<Item = &'a Conversation> + use<'a, '_> {
        let (list, trace) = (self.reached.get(&(client, server.address)), self.trace);
        let all = list.into_iter().flatten().filter_map(move |&at| trace.conversations.get(at));
        all.filter(move |other| other.flow.responder.port == server.port && other.flow.key.transport == transport)
    }

    /// Conversations in which anyone reached a server's TCP port, with their places in the trace; in order of time.
    pub fn reached_on(&self, server: Endpoint) -> impl Iterator<Item = (usize, &'a Conversation)> + '_ {
        let list = self.reached_port.get(&(server, Transport::Tcp)).map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|&at| Some((at, self.trace.conversations.get(at)?)))
    }

    /// When a server's TCP port was reached, by anyone.
    pub(super) fn reached_at(&self, server: Endpoint) -> impl Iterator<Item = Time> {
        let list = self.reached_port.get(&(server, Transport::Tcp)).map_or(&[][..], Vec::as_slice);
        let whole = |conversation: &&Conversation| conversation.outcome != Outcome::Stalled;
        list.iter().filter_map(|&at| self.trace.conversations.get(at)).filter(whole).map(|one| one.flow.first.time)
    }

    /// A conversation in which the same client reached the same port, whenever that was.
    pub fn same_path(&self, conversation: &Conversation) -> Option<&'a Conversation> {
        let flow = &conversation.flow;
        self.successes(flow.initiator.address, flow.responder, flow.key.transport).next()
    }

    /// Whether the same client got answers from the same port while or shortly after it got none here.
    pub fn answered_meanwhile(&self, conversation: &Conversation) -> bool {
        let flow = &conversation.flow;
        let (from, to) = (flow.first.time, flow.last.time.plus(LIFE));
        self.successes(flow.initiator.address, flow.responder, flow.key.transport).any(|other| {
            let answer = other.flow.half(Side::Responder).last;
            answer.is_some_and(|answer| answer.time >= from && answer.time <= to)
        })
    }

    /// A conversation over TCP of the same service between the same two hosts, by any of their addresses, near the time.
    pub fn over_tcp(&self, conversation: &Conversation) -> Option<&'a Conversation> {
        let flow = &conversation.flow;
        let (clients, servers) =
            (self.roster.addresses(flow.initiator.address), self.roster.addresses(flow.responder.address));
        for client in clients {
            for &server in &servers {
                let mut near = self.near(self.reached.get(&(client, server)), flow.first.time, flow.last.time);
                let same = near.find(|other| {
                    other.flow.key.transport == Transport::Tcp && other.flow.responder.port == flow.responder.port
                });
                if same.is_some() {
                    return same;
                }
            }
        }
        None
    }

    /// Conversations of a list that were going on near the time; of a very long list those that began last.
    fn near<'b>(
        &'b self,
        list: Option<&'b Vec<usize>>,
        from: Time,
        to: Time,
    ) -> impl Iterator<Item = &'a Conversation> + use<'a, 'b> {
        let (from, to) = (from.minus(LIFE), to.plus(LIFE));
        let (list, trace) = (list.map_or(&[][..], Vec::as_slice), self.trace);
        let began = move |&at: &usize| trace.conversations.get(at).is_some_and(|other| other.flow.first.time <= to);
        let until = list.get(..list.partition_point(began)).unwrap_or_default();
        let all = until.iter().rev().take(MOST_LOOKED_AT).filter_map(move |&at| trace.conversations.get(at));
        all.filter(move |other| other.flow.last.time >= from)
    }

    /// The endpoint mapper's answers that this client got from this server.
    pub fn mapper_answers(&self, client: IpAddr, server: IpAddr) -> impl Iterator<Item = &'a Conversation> + '_ {
        let (list, trace) = (self.mapper.get(&(client, server)), self.trace);
        list.into_iter().flatten().filter_map(move |&at| trace.conversations.get(at))
    }

    /// Closed ports of a host that answered with RST, in order of time.
    pub fn refusals(&self, host: IpAddr) -> &[Refusal] {
        self.refusals.get(&host).map_or(&[], Vec::as_slice)
    }

    /// Whether packets from `from` to `to` surely existed and were not captured, and none ever was.
    pub fn unseen_direction(&self, from: IpAddr, to: IpAddr) -> bool {
        self.implied.contains(&(from, to)) && !self.voices.heard(from, to)
    }

    /// Whether the capture saw any two hosts in both directions. One that did not may well not be able to.
    pub fn sees_answers(&self) -> bool {
        !self.one_way && self.voices.both_ways()
    }

    /// Whether fragments of `from` to `to` came between the two moments that never made a whole.
    pub fn in_pieces(&self, from: IpAddr, to: IpAddr, (since, until): (Time, Time)) -> bool {
        let all = self.unfinished.get(&(from, to));
        all.into_iter().flatten().any(|&time| since <= time && time <= until)
    }

    /// The times to live that packets of a host usually have here, RSTs left out: first those of its packets to
    /// `peer` on other flows, else to anyone. `None` when it never sent anything but RST.
    pub fn usual_ttl(&self, host: IpAddr) -> Option<(u8, u64)> {
        let shown = (0..=u8::MAX).map(|ttl| (self.voices.showed_ttl(host, ttl), ttl));
        shown.max().filter(|(count, _)| *count > 0).map(|(count, ttl)| (ttl, count))
    }

    /// Whether a host ever showed this time to live in anything but an RST.
    pub fn showed_ttl(&self, host: IpAddr, ttl: u8) -> bool {
        self.voices.showed_ttl(host, ttl) > 0
    }

    /// Routers between a host and the vantage point, from the usual initial values (64, 128, 255).
    pub fn hops(&self, host: IpAddr) -> Option<u8> {
        self.usual_ttl(host).map(|(ttl, _)| initial_ttl(ttl) - ttl)
    }

    /// Whether a block between these hosts is ours to judge: one of them has a known role, or both addresses are private.
    pub fn concerns_us(&self, client: IpAddr, server: IpAddr) -> bool {
        let known = |address| !matches!(self.roster.role(address), "unknown" | "client");
        known(client) || known(server) || (is_private(client) && is_private(server))
    }
}

/// Whether answers were generally not captured.
pub fn is_one_way(trace: &Trace) -> bool {
    let (mut both_ways, mut one_sided) = (0u64, 0u64);
    for one in trace.conversations.iter().filter(|one| one.flow.key.transport == Transport::Tcp) {
        both_ways += u64::from(one.flow.halves.iter().all(|half| half.packets > 0));
        one_sided += u64::from(one.outcome == Outcome::OneSided);
    }
    one_sided > 0 && one_sided >= both_ways.saturating_mul(4)
}

/// The initial value that a time to live most likely started from.
pub fn initial_ttl(ttl: u8) -> u8 {
    match ttl {
        0..=64 => 64,
        65..=128 => 128,
        _ => 255,
    }
}

/// Whether a packet with this time to live was sent with the same initial value as its sender's usual ones and has
/// passed more routers than they. A device between here and the sender is nearer than the sender and would show fewer;
/// a tunnel, or another of several ways of equal cost, shows more.
pub fn came_by_a_longer_way(ttl: u8, usual: u8) -> bool {
    ttl < usual && initial_ttl(ttl) == initial_ttl(usual) && usual - ttl <= LONGER_BY
}

/// RFC 1918, RFC 4193, link-local and documentation addresses: hosts of one organization.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_private() || address.is_link_local() || address.is_loopback() || address.is_documentation()
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback(),
    }
}

/// A sign of life counts for so long before and after (contract: within 5 minutes).
pub const LIFE: Span = Span::seconds(300);
/// Two ways to one host differ by no more routers than this.
const LONGER_BY: u8 = 8;
/// A service that answered someone so shortly before is most likely still there.
const STILL: Span = Span::seconds(60);
/// Ports or clients named in a reason.
const MOST_NAMED: usize = 8;
/// Packets of a host that are looked at to find one to a certain peer.
const MOST_LOOKED_AT: usize = 4096;
