//! What rules look at: one conversation, and what each host did in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::{Side, Uuid};
use hashbrown::HashMap;

use crate::flow::{Moment, Transport};
use crate::observe::{Conversation, LearntFrom, Trace};
use crate::reference::Reference;

/// One conversation and what is needed to understand it.
pub(super) struct View<'a> {
    pub trace: &'a Trace,
    pub conversation: &'a Conversation,
    pub reference: &'a Reference,
}

/// What hosts did.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    hosts: BTreeMap<IpAddr, Profile>,
    alike: HashMap<Alike, Seen, foldhash::fast::RandomState>,
}

/// Conversations that tell the same of their ends but for when: client, server, service, port and interfaces (the
/// endpoint mapper's, and the one that it was asked for).
type Alike = (IpAddr, IpAddr, &'static str, u16, [Option<Uuid>; 2]);

/// The earliest moments of conversations that are alike.
#[derive(Debug, Clone, Copy)]
struct Seen {
    began: Moment,
    answered: Option<Moment>,
}

/// What one host did.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Services that it answered on, by port.
    pub served: BTreeMap<(&'static str, u16), Moment>,
    /// Services that it was answered on, by port.
    pub used: BTreeMap<(&'static str, u16), Moment>,
    /// Services that it asked for, answered or not.
    pub asked: BTreeSet<&'static str>,
    /// Whether anybody called it on a service that hosts do not all have.
    pub called: bool,
    /// Ids of the RPC interfaces that it serves, and what it did about them.
    pub interfaces: BTreeMap<String, (Moment, String)>,
    /// Ids of the RPC interfaces that it asked for.
    pub wanted: BTreeMap<String, Moment>,
    /// Who asked it for an interface.
    pub callers: BTreeMap<String, BTreeSet<IpAddr>>,
    /// With whom it exchanged log files, and when.
    pub log_peers: BTreeMap<IpAddr, Moment>,
    /// When it exchanged voice: RTP both ways.
    pub media: Option<Moment>,
}

impl View<'_> {
    /// Who was called.
    pub fn server(&self) -> IpAddr {
        self.conversation.flow.responder.address
    }

    /// Who called.
    pub fn client(&self) -> IpAddr {
        self.conversation.flow.initiator.address
    }

    /// The port that was called.
    pub fn port(&self) -> u16 {
        self.conversation.flow.responder.port
    }

    /// Whether this is TCP.
    pub fn tcp(&self) -> bool {
        self.conversation.flow.key.transport == Transport::Tcp
    }

    /// When the server first said something; `None` when it never answered: being called is no sign
    /// of a role, and a handshake alone may be a device's.
    pub fn answered(&self) -> Option<Moment> {
        let Conversation { flow, seen, outcome, .. } = self.conversation;
        let said = flow.half(Side::Responder).first_data?;
        // Of a flow that was seen in part, only what was understood counts.
        (outcome.reached() || seen.service.is_some()).then_some(said)
    }

    /// When the server first answered on this service.
    pub fn served(&self, service: &str) -> Option<Moment> {
        self.answered().filter(|_| self.conversation.service == service)
    }

    /// Whether nothing was answered and nothing understood, so that nobody shows what it is: what a flood is made of.
    fn asks_only(&self) -> bool {
        let Conversation { flow, seen, outcome, .. } = self.conversation;
        !outcome.reached()
            && seen.service.is_none()
            && flow.half(Side::Responder).first_data.is_none()
            && seen.says_nothing_of_rpc()
            && self.trace.interface(self.conversation).is_none()
    }

    /// The interfaces that the client asked for, in order.
    fn wanted(&self) -> Vec<Uuid> {
        let seen = &self.conversation.seen;
        let mapped = seen.rpc_answers.iter().filter_map(|answer| answer.interface);
        let all = seen.wanted.iter().chain(&seen.bound).copied().chain(mapped);
        let mut all: Vec<Uuid> = all.chain(self.trace.interface(self.conversation)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether the service is one that may carry RPC over a named pipe.
    fn has_pipes(&self) -> bool {
        matches!(self.conversation.service, "smb" | "netbios-ssn")
    }
}

impl Profiles {
    /// What a host did.
    pub fn of(&self, host: IpAddr) -> Option<&Profile> {
        self.hosts.get(&host)
    }

    /// Every host.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &Profile)> {
        self.hosts.iter().map(|(&host, profile)| (host, profile))
    }

    pub(super) fn add(&mut self, view: &View<'_>) {
        let (client, server) = (view.client(), view.server());
        let (service, port) = (view.conversation.service, view.port());
        let moment = view.conversation.flow.first;
        let everywhere = EVERYWHERE.contains(&service);
        let answered = view.answered();
        if view.asks_only() {
            return;
        }
        let wanted = view.wanted();
        let piped = view.has_pipes() && !view.conversation.seen.bound.is_empty();
        if wanted.len() <= 2 && !piped {
            let alike = (client, server, service, port, [wanted.first().copied(), wanted.get(1).copied()]);
            if !self.is_earlier(alike, Seen { began: moment, answered }) {
                return;
            }
        }
        let interfaces = wanted.into_iter().filter_map(|uuid| view.reference.interface(uuid));
        let wanted: Vec<String> = interfaces.map(|interface| interface.id.clone()).collect();

        let theirs = self.hosts.entry(server).or_default();
        theirs.called |= !everywhere;
        if let Some(moment) = answered.filter(|_| !everywhere) {
            earliest(&mut theirs.served, (service, port), moment);
        }
        for interface in &wanted {
            theirs.callers.entry(interface.clone()).or_default().insert(client);
        }
        // What is bound over a named pipe is in no endpoint book.
        for uuid in view.conversation.seen.bound.iter().filter(|_| piped) {
            if let Some(interface) = view.reference.interface(*uuid) {
                let deed = told(format_args!("accepts {} over a named pipe", interface.short_name()), moment);
                theirs.serves(&interface.id, moment, deed);
            }
        }
        theirs.exchanges(client, service, answered);

        let ours = self.hosts.entry(client).or_default();
        if !everywhere {
            ours.asked.insert(service);
        }
        if let Some(moment) = answered.filter(|_| !everywhere) {
            earliest(&mut ours.used, (service, port), moment);
        }
        for interface in wanted {
            earliest(&mut ours.wanted, interface, moment);
        }
        ours.exchanges(server, service, answered);
    }

    /// Whether a conversation tells of an earlier moment than those that are alike and were seen before.
    fn is_earlier(&mut self, alike: Alike, seen: Seen) -> bool {
        let Some(known) = self.alike.get_mut(&alike) else {
            self.alike.insert(alike, seen);
            return true;
        };
        let answered = seen.answered.is_some_and(|at| known.answered.is_none_or(|known| at < known));
        if seen.began >= known.began && !answered {
            return false;
        }
        known.began = known.began.min(seen.began);
        known.answered = known.answered.into_iter().chain(seen.answered).min();
        true
    }

    /// Takes a conversation in which nothing was answered: it only tells more of hosts of which something is known.
    pub(super) fn add_asked(&mut self, view: &View<'_>) {
        let service = view.conversation.service;
        if !view.asks_only() || EVERYWHERE.contains(&service) {
            return;
        }
        self.add_called(view.server(), service);
        if let Some(ours) = self.hosts.get_mut(&view.client()) {
            ours.asked.insert(service);
        }
    }

    /// A host of which something may be known was called in vain.
    pub(super) fn add_called(&mut self, server: IpAddr, service: &str) {
        if let Some(theirs) = self.hosts.get_mut(&server).filter(|_| !EVERYWHERE.contains(&service)) {
            theirs.called = true;
        }
    }

    /// Takes over what servers said of their ports.
    pub(super) fn add_book(&mut self, trace: &Trace, reference: &Reference) {
        for (endpoint, entries) in &trace.book {
            for learnt in entries {
                let Some(interface) = reference.interface(learnt.interface) else { continue };
                let (name, port) = (interface.short_name(), endpoint.port);
                let deed = match learnt.from {
                    LearntFrom::Epm => format!("names port {port} for {name}"),
                    LearntFrom::Bind => format!("accepts {name} on port {port}"),
                };
                let deed = told(deed, learnt.moment);
                self.hosts.entry(endpoint.address).or_default().serves(&interface.id, learnt.moment, deed);
            }
        }
    }
}

impl Profile {
    /// Whether it serves nothing at all.
    pub fn serves_nothing(&self) -> bool {
        self.served.is_empty() && self.interfaces.is_empty()
    }

    /// When it first served one of these interfaces, and how.
    pub fn first_of(&self, interfaces: &[&str]) -> Option<&(Moment, String)> {
        interfaces.iter().filter_map(|id| self.interfaces.get(*id)).min()
    }

    /// When it was first answered on one of these ports.
    pub fn used_port(&self, service: &str, ports: &[u16]) -> Option<Moment> {
        let used = self.used.iter().filter(|((used, port), _)| *used == service && ports.contains(port));
        used.map(|(_, &moment)| moment).min()
    }

    /// What passes alike in both directions.
    fn exchanges(&mut self, peer: IpAddr, service: &str, answered: Option<Moment>) {
        let Some(moment) = answered else { return };
        match service {
            "dag-replication" => earliest(&mut self.log_peers, peer, moment),
            "rtp" => self.media = self.media.min(Some(moment)).or(Some(moment)),
            _ => {}
        }
    }

    fn serves(&mut self, interface: &str, moment: Moment, deed: String) {
        let new = (moment, deed);
        match self.interfaces.get_mut(interface) {
            Some(known) if *known <= new => {}
            Some(known) => *known = new,
            None => {
                self.interfaces.insert(interface.to_owned(), new);
            }
        }
    }
}

/// `deed` with its frame, as a person can look it up.
pub(super) fn told(deed: impl std::fmt::Display, moment: Moment) -> String {
    let frame = moment.frame;
    match frame.capture() {
        0 => format!("{deed} (frame {})", frame.number()),
        capture => format!("{deed} (frame {} of capture {capture})", frame.number()),
    }
}

fn earliest<K: Ord>(moments: &mut BTreeMap<K, Moment>, key: K, moment: Moment) {
    let known = moments.entry(key).or_insert(moment);
    *known = moment.min(*known);
}

/// Services that tell nothing of who answers: every host has them.
const EVERYWHERE: &[&str] = &["icmp", "netbios-ns", "netbios-dgm", "rtp", "rtcp"];
