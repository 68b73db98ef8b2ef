//! What rules look at: one conversation, and what each host did in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use anyany_dissectors::{Side, Uuid};

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
pub(super) struct Profiles(BTreeMap<IpAddr, Profile>);

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

    /// Ids of the interfaces that the client asked for.
    fn wanted(&self) -> BTreeSet<&str> {
        let seen = &self.conversation.seen;
        let mapped = seen.rpc_answers.iter().filter_map(|answer| answer.interface);
        let all = seen.wanted.iter().chain(&seen.bound).copied().chain(mapped);
        let all: BTreeSet<Uuid> = all.chain(self.trace.interface(self.conversation)).collect();
        all.into_iter().filter_map(|uuid| self.reference.interface(uuid)).map(|one| one.id.as_str()).collect()
    }
}

impl Profiles {
    /// What a host did.
    pub fn of(&self, host: IpAddr) -> Option<&Profile> {
        self.0.get(&host)
    }

    /// Every host.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, &Profile)> {
        self.0.iter().map(|(&host, profile)| (host, profile))
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
        let wanted: Vec<String> = view.wanted().into_iter().map(str::to_owned).collect();

        let theirs = self.0.entry(server).or_default();
        theirs.called |= !everywhere;
        if let Some(moment) = answered.filter(|_| !everywhere) {
            earliest(&mut theirs.served, (service, port), moment);
        }
        for interface in &wanted {
            theirs.callers.entry(interface.clone()).or_default().insert(client);
        }
        // What is bound over a named pipe is in no endpoint book.
        for uuid in view.conversation.seen.bound.iter().filter(|_| matches!(service, "smb" | "netbios-ssn")) {
            if let Some(interface) = view.reference.interface(*uuid) {
                let deed = told(format_args!("accepts {} over a named pipe", interface.short_name()), moment);
                theirs.serves(&interface.id, moment, deed);
            }
        }
        theirs.exchanges(client, service, answered);

        let ours = self.0.entry(client).or_default();
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

    /// Takes a conversation in which nothing was answered: it only tells more of hosts of which something is known.
    pub(super) fn add_asked(&mut self, view: &View<'_>) {
        let service = view.conversation.service;
        if !view.asks_only() || EVERYWHERE.contains(&service) {
            return;
        }
        if let Some(theirs) = self.0.get_mut(&view.server()) {
            theirs.called = true;
        }
        if let Some(ours) = self.0.get_mut(&view.client()) {
            ours.asked.insert(service);
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
                self.0.entry(endpoint.address).or_default().serves(&interface.id, learnt.moment, deed);
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
