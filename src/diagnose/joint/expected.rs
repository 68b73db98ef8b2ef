//! What two hosts surely need of each other and what was never seen, not even an attempt, at a place that
//! shows the two talking all the time. It is no block: nobody was seen trying. A capture behind the device
//! that drops looks just so, and a service that is not in use as well.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::Uuid;
use hashbrown::HashMap;

use super::failover::node;
use crate::diagnose::path::Told;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Endpoint, Moment, Transport};
use crate::observe::Conversation;
use crate::reference::{Among, Path, Reference, Rhythm};
use crate::time::{Span, Time};

/// Everything between hosts of known roles that should have come at least once.
pub(super) fn judge(context: &Context<'_>) -> Vec<Told> {
    let lost: u64 = context.trace.healths.iter().map(|health| health.summary.lost_by_capture).sum();
    let packets: u64 = context.trace.healths.iter().map(|health| health.summary.packets).sum();
    if !context.trace.crowd.is_empty() {
        return Vec::new(); // it may be among what there was no room for
    }
    if context.one_way || context.loss.share() > LOSS_THAT_MATTERS || lost.saturating_mul(100) > packets {
        return Vec::new();
    }
    let sightings = Sightings::of(context, Reference::embedded());
    let mut told = sightings.named_and_not_called();
    for rhythm in sightings.reference.rhythms() {
        let Some(path) = sightings.reference.path(&rhythm.path) else { continue };
        match rhythm.among {
            Among::Pair => told.extend(sightings.missing_between(rhythm, path)),
            Among::Servers => told.extend(sightings.missing_anywhere(rhythm, path)),
        }
    }
    told
}

/// What a client does at a server: port and what runs there.
type Use = (Transport, u16, &'static str, Option<Uuid>);

/// How one use was seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    first: Moment,
    last: Time,
    /// Whether the server answered.
    reached: bool,
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.reached |= other.reached;
    }
}

/// What [`Use`] of which hosts a conversation is, with their places in the roster.
type Alike = (Option<usize>, Option<usize>, Transport, u16, &'static str, Option<Uuid>);

/// All that was seen of hosts whose roles are certain. Each host counts once, by its first address.
struct Sightings<'a> {
    context: &'a Context<'a>,
    reference: &'static Reference,
    roles: BTreeMap<IpAddr, Vec<&'a str>>,
    /// By client and server.
    pairs: BTreeMap<(IpAddr, IpAddr), BTreeMap<Use, Seen>>,
    /// Ports that such a client called at anyone.
    called: BTreeMap<IpAddr, BTreeSet<(Transport, u16)>>,
    /// Ports that anyone called at anyone.
    ports: BTreeSet<(Transport, u16)>,
    /// Such hosts that sent or received datagrams.
    datagrams: BTreeSet<IpAddr>,
    /// A connection to a port that the endpoint mapper names or that RPC was bound on.
    dynamic: Option<Moment>,
}

impl<'a> Sightings<'a> {
    fn of(context: &'a Context<'a>, reference: &'static Reference) -> Self {
        let mut sightings = Self {
            context,
            reference,
            roles: certain(context),
            pairs: BTreeMap::new(),
            called: BTreeMap::new(),
            ports: BTreeSet::new(),
            datagrams: BTreeSet::new(),
            dynamic: None,
        };
        if !sightings.roles.is_empty() {
            for (one, seen) in sightings.alike().into_values() {
                sightings.add(one, seen);
            }
            sightings.add_lone();
        }
        sightings
    }

    /// Conversations of the same two hosts, where the roster has them, in which the same was used.
    fn alike(&mut self) -> HashMap<Alike, (&'a Conversation, Seen), foldhash::fast::RandomState> {
        let (trace, roster) = (self.context.trace, self.context.roster);
        let mut alike: HashMap<Alike, (&Conversation, Seen), _> = HashMap::default();
        for one in &trace.conversations {
            let flow = &one.flow;
            let (transport, at) = (flow.key.transport, flow.responder);
            if self.dynamic.is_none()
                && transport == Transport::Tcp
                && at.port != MAPPER
                && trace.book.contains_key(&at)
            {
                self.dynamic = Some(flow.first);
            }
            let hosts = (roster.place(flow.initiator.address), roster.place(at.address));
            let key = (hosts.0, hosts.1, transport, at.port, one.service, trace.interface(one));
            let seen = Seen { first: flow.first, last: flow.last.time, reached: one.outcome.reached() };
            alike.entry(key).and_modify(|(_, known)| known.join(seen)).or_insert((one, seen));
        }
        alike
    }

    /// What lone SYNs show that are no conversations: that somebody called.
    fn add_lone(&mut self) {
        let trace = self.context.trace;
        self.ports.extend(trace.lone.servers().iter().map(|tried| (Transport::Tcp, tried.at.port)));
        if trace.lone.is_empty() {
            return;
        }
        for address in self.context.roster.hosts().iter().flat_map(|host| &host.addresses) {
            if self.roles.contains_key(&node(self.context, *address)) {
                trace.lone.of(*address).for_each(|syn| {
                    let one = trace.conversation(syn);
                    let seen = Seen { first: one.flow.first, last: one.flow.last.time, reached: false };
                    self.add(&one, seen);
                });
            }
        }
    }

    fn add(&mut self, one: &Conversation, seen: Seen) {
        let flow = &one.flow;
        let (transport, port) = (flow.key.transport, flow.responder.port);
        let [client, server] = [flow.initiator, flow.responder].map(|end| node(self.context, end.address));
        let [from, to] = [client, server].map(|host| self.roles.contains_key(&host));
        self.ports.insert((transport, port));
        if from {
            self.called.entry(client).or_default().insert((transport, port));
        }
        if transport == Transport::Udp {
            self.datagrams.extend([(client, from), (server, to)].into_iter().filter(|end| end.1).map(|end| end.0));
        }
        if from && to && client != server {
            let what = (transport, port, self.context.service(one), self.context.interface(one));
            self.pairs.entry((client, server)).or_default().entry(what).or_insert(seen).join(seen);
        }
    }

    /// The uses of a pair, in one direction, that a path of the tables is about.
    fn on(&self, pair: (IpAddr, IpAddr), path: &Path) -> impl Iterator<Item = (Use, Seen)> {
        let uses = self.pairs.get(&pair).into_iter().flatten();
        uses.filter(|((transport, port, service, interface), _)| {
            self.reference.carries(path, *transport, *port, service, *interface)
        })
        .map(|(&what, &seen)| (what, seen))
    }

    /// What between two hosts shows that they need a path, and how long it was seen.
    fn shown(&self, pair: (IpAddr, IpAddr), rhythm: &Rhythm) -> Option<Shown> {
        let paths = rhythm.shown_by.iter().filter_map(|id| self.reference.path(id));
        let uses = paths.flat_map(|path| self.on(pair, path)).filter(|(_, seen)| seen.reached);
        uses.map(|((_, port, ..), seen)| Shown { pair, port, first: seen.first, last: seen.last }).reduce(Shown::with)
    }

    /// A pair of hosts that both ends of a path, of their version, can be.
    fn fits(&self, (client, server): (IpAddr, IpAddr), path: &Path) -> bool {
        let roles = |host| self.roles.get(&host).map(Vec::as_slice).unwrap_or_default();
        let versions = self.context.roster.versions_between(client, server, self.reference);
        let of_version = versions.first().is_none_or(|newest| path.versions.contains(newest));
        let seen = [(client, server), (server, client)];
        let unseen = seen.iter().any(|&(from, to)| self.context.unseen_direction(from, to));
        of_version && !unseen && self.reference.joins(path, roles(client), roles(server))
    }

    /// Whether the capture would have shown a path: it shows its port elsewhere, or datagrams of both hosts
    /// where it is one of datagrams. A capture that was filtered by port shows neither.
    fn would_show(&self, (client, server): (IpAddr, IpAddr), path: &Path) -> bool {
        let elsewhere = |transport| path.ports.iter().any(|&port| self.ports.contains(&(transport, port)));
        let datagrams = [client, server].iter().all(|host| self.datagrams.contains(host));
        path.transport.iter().any(|&transport| elsewhere(transport) || (transport == Transport::Udp && datagrams))
    }

    /// What each pair of hosts owes each other.
    fn missing_between(&self, rhythm: &Rhythm, path: &Path) -> Vec<Told> {
        let pairs: BTreeSet<(IpAddr, IpAddr)> = self.pairs.keys().map(|&(a, b)| (a.min(b), a.max(b))).collect();
        let missing = pairs.into_iter().filter_map(|pair| {
            let ways = [pair, (pair.1, pair.0)];
            let shown = ways.into_iter().filter_map(|way| self.shown(way, rhythm)).reduce(Shown::with)?;
            let never = ways.into_iter().all(|way| self.on(way, path).next().is_none());
            let long = shown.last.since(shown.first.time) >= Span::seconds(rhythm.watch.into());
            (never && long && self.fits(shown.pair, path) && self.would_show(shown.pair, path)).then_some(shown)
        });
        missing.filter_map(|shown| self.told(rhythm, path, shown)).collect()
    }

    /// What a host owes to any of the servers of its site, of which it talks to some here.
    fn missing_anywhere(&self, rhythm: &Rhythm, path: &Path) -> Vec<Told> {
        let mut missing: BTreeMap<IpAddr, Shown> = BTreeMap::new();
        for &pair in self.pairs.keys() {
            let (client, server) = pair;
            let called = self.called.get(&client);
            let never = path.transport.iter().all(|&transport| {
                path.ports.iter().all(|&port| called.is_none_or(|called| !called.contains(&(transport, port))))
            });
            if !never || !self.of_one_site(client, server) || !self.fits(pair, path) || !self.would_show(pair, path) {
                continue;
            }
            let shown = self.shown(pair, rhythm);
            let shown = shown.filter(|shown| shown.lasted() >= Span::seconds(rhythm.watch.into()));
            if let Some(shown) = shown {
                let longest = missing.entry(client).or_insert(shown);
                if longest.lasted() < shown.lasted() {
                    *longest = shown;
                }
            }
        }
        missing.into_values().filter_map(|shown| self.told(rhythm, path, shown)).collect()
    }

    fn of_one_site(&self, one: IpAddr, other: IpAddr) -> bool {
        let site = |host| self.context.roster.host(host).and_then(|host| host.site.as_deref());
        site(one).is_some() && site(one) == site(other)
    }

    fn told(&self, rhythm: &Rhythm, path: &Path, shown: Shown) -> Option<Told> {
        let (client, server) = shown.pair;
        let (transport, port) = (*path.transport.first()?, *path.ports.first()?);
        let service = service_word(path)?;
        let what = format!("{} {port}", transport.word().to_uppercase());
        let judgement = self
            .unseen(shown.pair, 0.7)
            .because(format!(
                "{client} talks to {server} on port {} for {:.0} s",
                shown.port,
                shown.lasted().as_seconds()
            ))
            .because(rhythm.text.clone())
            .because(format!("not one packet of it ({what}) was captured between them, answered or not"))
            .frame(shown.first, format!("{client} talks to {server} on port {}", shown.port))
            .or("they do it over another network or other addresses, which this place does not show", "", "")
            .or("it is not in use between the two", "", "");
        let client_port = if transport == Transport::Udp && port == super::heartbeat::HEARTBEAT { port } else { 0 };
        Some(Told {
            client: Endpoint { address: client, port: client_port },
            server: Endpoint { address: server, port },
            transport,
            service,
            attempts: 0,
            first: shown.first.time,
            last: shown.last,
            last_success: None,
            judgement,
        })
    }

    /// Ports that the endpoint mapper names to a client time and again, and that it never calls. Windows asks
    /// for a port only to call it, at once.
    fn named_and_not_called(&self) -> Vec<Told> {
        let Some(dynamic) = self.dynamic else { return Vec::new() };
        let Some((_, end)) = self.context.trace.covered else { return Vec::new() };
        let mut told = Vec::new();
        for (name, moments) in self.names() {
            let Name { client, server, interface, port } = name;
            let (Some(&first), Some(&last)) = (moments.first(), moments.last()) else { continue };
            let again = last.time.since(first.time) >= AGAIN && end.since(last.time) >= AT_ONCE;
            let called = self.called.get(&client).is_some_and(|called| called.contains(&(Transport::Tcp, port)));
            if !again || called || self.context.unseen_direction(client, server) {
                continue;
            }
            let known = self.reference.interface(interface);
            let known = known.map_or_else(|| interface.to_string(), crate::reference::Interface::short_name);
            let mut judgement = self
                .unseen((client, server), 0.75)
                .because(format!(
                    "the endpoint mapper of {server} named port {port} for {known} to {client} {} times in {:.0} s",
                    moments.len(),
                    last.time.since(first.time).as_seconds()
                ))
                .because(format!("not one packet of {client} to port {port} was captured, though it asks for the port only to call it at once"))
                .because("connections to other ports that 135 names were captured: this place shows them")
                .frame(first, format!("the endpoint mapper names port {port}"))
                .frame(last, format!("the endpoint mapper names port {port} again"))
                .frame(dynamic, "a connection to a port that 135 names, or that RPC was bound on")
                .or("the client called from another of its addresses, or by another way", "", "")
                .or("a program that only asks for ports, such as a monitor", "", "");
            judgement.interface = Some(interface);
            told.push(Told {
                client: Endpoint { address: client, port: 0 },
                server: Endpoint { address: server, port },
                transport: Transport::Tcp,
                service: "dcerpc",
                attempts: 0,
                first: first.time,
                last: end,
                last_success: None,
                judgement,
            });
        }
        told
    }

    /// What the endpoint mapper named between hosts of certain roles, in order of time.
    fn names(&self) -> BTreeMap<Name, Vec<Moment>> {
        let mut names: BTreeMap<Name, Vec<Moment>> = BTreeMap::new();
        for one in &self.context.trace.conversations {
            if one.seen.rpc_answers.is_empty() {
                continue;
            }
            let [client, server] = [one.flow.initiator, one.flow.responder].map(|end| node(self.context, end.address));
            if client == server || !self.roles.contains_key(&client) || !self.roles.contains_key(&server) {
                continue;
            }
            for answer in &one.seen.rpc_answers {
                if let (Ok(port), Some(interface)) = (answer.port, answer.interface) {
                    names.entry(Name { client, server, interface, port }).or_default().push(answer.moment);
                }
            }
        }
        for moments in names.values_mut() {
            moments.sort_unstable();
        }
        names
    }

    /// A judgement that puts the cause where this place allows.
    fn unseen(&self, (client, server): (IpAddr, IpAddr), confidence: f64) -> Judgement {
        let beside = self.context.hops(client) == Some(0) && self.context.hops(server).is_some_and(|hops| hops > 0);
        let at = if beside { Attribution::Endpoint } else { Attribution::NetworkOrEndpoint };
        let judgement = Judgement::new(Kind::ExpectedNotSeen, at, confidence);
        if !beside {
            return judgement.or(
                "a device in front of this place drops it",
                "",
                "a capture behind such a device looks just so",
            );
        }
        judgement.or(
            "the client does not send it",
            "",
            "its packets have passed no router here: what it sends is captured",
        )
    }
}

/// What the endpoint mapper said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    client: IpAddr,
    server: IpAddr,
    interface: Uuid,
    port: u16,
}

/// Traffic of two hosts that shows what they need.
#[derive(Debug, Clone, Copy)]
struct Shown {
    pair: (IpAddr, IpAddr),
    port: u16,
    first: Moment,
    last: Time,
}

impl Shown {
    /// Both together; who called first is the client.
    fn with(self, other: Self) -> Self {
        let earlier = if other.first < self.first { other } else { self };
        Self { last: self.last.max(other.last), ..earlier }
    }

    fn lasted(&self) -> Span {
        self.last.since(self.first.time)
    }
}

/// Hosts whose roles are stated or next to certain, with those roles.
fn certain<'a>(context: &'a Context<'_>) -> BTreeMap<IpAddr, Vec<&'a str>> {
    let hosts = context.roster.hosts().iter().filter_map(|host| {
        let claims = host.roles.iter().filter(|claim| claim.confidence >= CERTAIN);
        let roles: Vec<&str> = claims.map(|claim| claim.role.as_str()).collect();
        host.addresses.first().filter(|_| !roles.is_empty()).map(|&address| (address, roles))
    });
    hosts.collect()
}

/// The contract's word for what runs on a path.
fn service_word(path: &Path) -> Option<&'static str> {
    let word = path.services.first()?;
    ["cluster", "ldap", "dag-replication", "https", "smtp"].into_iter().find(|known| known == word)
}

/// Roles below this say nothing of what must be there.
const CERTAIN: f64 = 0.95;
/// A capture that lost more of the data than this proves nothing by absence.
const LOSS_THAT_MATTERS: f64 = 0.01;
/// Asked once more after this time, a port was not just about to be called.
const AGAIN: Span = Span::seconds(10);
/// A port that was named is called within this time.
const AT_ONCE: Span = Span::seconds(10);
/// The endpoint mapper's port.
const MAPPER: u16 = 135;
