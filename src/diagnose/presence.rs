//! Whether a host was there at all while it did not answer.
//!
//! A sign of life within minutes proves that a host exists; it does not prove that it was up at that
//! very time. A host that is switched off, restarts or loses its cable falls silent on every port at
//! once, and looks like a block on each of them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnose::Context;
use crate::diagnose::context::LIFE;
use crate::flow::{Endpoint, Transport};
use crate::time::{Span, Time};

/// How a host that did not answer was otherwise heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It spoke meanwhile, or later, and nothing says that it was away.
    There,
    /// It was first heard after the attempt: it may have come up only then.
    HeardLater,
    /// It was last heard before the attempt, and nobody else asked it for anything that it had served.
    NotHeardSince,
    /// It fell silent as a whole: the reason, as a sentence.
    Gone(String),
}

impl Context<'_> {
    /// All conversations were taken: notes which hosts answered anybody, and when lone SYNs came to ports that did.
    pub(super) fn index_served(&mut self) {
        let reached = self.reached_port.keys().filter(|(_, transport)| *transport == Transport::Tcp);
        let let_go = self.trace.crowd.by_server.iter().filter(|(_, crowded)| crowded.answered > 0);
        self.served = reached.map(|(at, _)| at.address).chain(let_go.map(|(at, _)| at.address)).collect();
        let crowd = &self.trace.crowd.by_server;
        let served = |at: &Endpoint| {
            let answered = crowd.get(at).is_some_and(|crowded| crowded.answered > 0);
            answered || self.reached_port.contains_key(&(*at, Transport::Tcp))
        };
        let tried = self.trace.lone.servers().iter().map(|tried| tried.at);
        let mut times: BTreeMap<Endpoint, Vec<Time>> = tried.filter(served).map(|at| (at, Vec::new())).collect();
        if times.is_empty() {
            return;
        }
        for syn in self.trace.lone.syns() {
            if let Some(times) = times.get_mut(&syn.destination()) {
                times.push(syn.moment.time);
            }
        }
        for times in times.values_mut() {
            times.sort_unstable();
        }
        self.lone_failing = times;
    }

    /// What is known of a server's presence while an attempt on `at` got no answer, from its first to
    /// its last packet.
    pub fn presence(&self, at: Endpoint, from: Time, to: Time) -> Presence {
        let host = at.address;
        let to_answer = to.plus(REACTION);
        if self.spoke_between(host, from, to_answer) || self.spoke_across(host, from, to_answer) {
            return Presence::There;
        }
        if let Some(port) = self.served_and_failing(at, from, to) {
            return Presence::Gone(format!(
                "{host} answers nothing at that time: port {port}, which it served before or later, is silent as well"
            ));
        }
        if self.heard_after(host, to) {
            let before = self.spoke_between(host, from.minus(LIFE), from);
            return if before { Presence::There } else { Presence::HeardLater };
        }
        let let_go = self.trace.crowd.by_server.get(&at).filter(|crowded| crowded.answered > 0);
        let served = self.reached_at(at).any(|one| one < from)
            || let_go.and_then(|crowded| crowded.span).is_some_and(|(first, _)| first < from);
        if served {
            return Presence::Gone(format!(
                "{host} served this port before; from then on nothing of it was heard on any port"
            ));
        }
        Presence::NotHeardSince
    }

    /// Whether the host spoke before and after two moments in one conversation: then most likely also
    /// between them, of which only the ends are known.
    fn spoke_across(&self, host: IpAddr, from: Time, to: Time) -> bool {
        let addresses = self.roster.addresses(host);
        let mut spoke = addresses.iter().flat_map(|address| self.voices.spans(*address));
        spoke.any(|(first, last)| first <= from && to <= last)
    }

    /// Another port of the host that was tried in vain at that time, and was reached at some other time.
    fn served_and_failing(&self, at: Endpoint, from: Time, to: Time) -> Option<u16> {
        let addresses = self.roster.addresses(at.address);
        if !addresses.iter().any(|address| self.served.contains(address)) {
            return None; // of a flood to a host that is not there, each SYN asks this
        }
        let failing = addresses.iter().filter_map(|address| self.failing.get(address)).flatten();
        let failing = failing.filter_map(|&index| self.trace.conversations.get(index)).take(MOST_LOOKED_AT);
        let failing = failing.filter(|one| {
            let flow = &one.flow;
            let near = flow.first.time <= to.plus(NEAR) && flow.last.time >= from.minus(NEAR);
            near && flow.responder.port != at.port && flow.key.transport == Transport::Tcp
        });
        let answered = |at: &Endpoint| self.trace.crowd.by_server.get(at).is_some_and(|crowded| crowded.answered > 0);
        let lone = addresses.iter().flat_map(|&address| {
            let ports = Endpoint { address, port: 0 }..=Endpoint { address, port: u16::MAX };
            self.lone_failing.range(ports).filter(|(other, times)| {
                let near = times.get(times.partition_point(|time| *time < from.minus(NEAR)));
                other.port != at.port && near.is_some_and(|time| *time <= to.plus(NEAR))
            })
        });
        let mut served = failing.map(|one| one.flow.responder).chain(lone.map(|(other, _)| *other));
        served.find(|at| self.reached_at(*at).next().is_some() || answered(at)).map(|at| at.port)
    }
}

/// A packet that answers the last try may still come.
const REACTION: Span = Span::seconds(1);
/// Attempts on two ports belong to one silence when they are no further apart.
const NEAR: Span = Span::seconds(5);
/// Attempts of one server that are looked at.
const MOST_LOOKED_AT: usize = 4096;
