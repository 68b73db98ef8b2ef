//! What one flow learns and others need: written by all workers while they read, read only when
//! the judging is done, so that no finding depends on which thread came first.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyany_dissectors::Uuid;
use dashmap::DashMap;
use foldhash::fast::RandomState;

use crate::flow::{Endpoint, Moment};
use crate::observe::{Latency, ServicePort, Timing};

/// How a port's interface became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LearntFrom {
    /// The endpoint mapper named it.
    Epm,
    /// The server accepted a bind on it.
    Bind,
}

impl LearntFrom {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Epm => "epm",
            Self::Bind => "bind",
        }
    }
}

/// One entry of the endpoint book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Learnt {
    /// When it was first said, and in which frame.
    pub moment: Moment,
    /// By whom.
    pub from: LearntFrom,
    /// The RPC interface.
    pub interface: Uuid,
}

/// Everything shared between flows of one trace. Entries are kept in an order of their own (time,
/// frame), never in the order of arrival.
#[derive(Debug, Default)]
pub struct World {
    book: DashMap<Endpoint, BTreeSet<Learnt>, RandomState>,
    names: DashMap<IpAddr, BTreeMap<String, Moment>, RandomState>,
    latency: DashMap<ServicePort, Timing, RandomState>,
    dropped: AtomicU64,
}

impl World {
    /// The endpoint book: an interface listens at `at`. Of equal claims the earliest is kept.
    pub fn learn(&self, at: Endpoint, interface: Uuid, from: LearntFrom, moment: Moment) {
        if self.book.len() >= MOST_ENDPOINTS && !self.book.contains_key(&at) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut entries = self.book.entry(at).or_default();
        let same = entries.iter().find(|known| known.interface == interface && known.from == from).copied();
        match same {
            Some(known) if known.moment <= moment => return,
            Some(known) => {
                entries.remove(&known);
            }
            None => {}
        }
        entries.insert(Learnt { moment, from, interface });
        if entries.len() > MOST_PER_ENDPOINT {
            entries.pop_last();
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A host has this name.
    pub fn name(&self, address: IpAddr, name: &str, moment: Moment) {
        if address.is_unspecified() || name.is_empty() {
            return;
        }
        if self.names.len() >= MOST_NAMED && !self.names.contains_key(&address) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut names = self.names.entry(address).or_default();
        let since = names.entry(name.to_ascii_lowercase()).or_insert(moment);
        *since = moment.min(*since);
        if names.len() > MOST_NAMES {
            let last =
                names.iter().max_by_key(|(name, moment)| (**moment, (*name).clone())).map(|(name, _)| name.clone());
            last.map(|last| names.remove(&last));
        }
    }

    /// A server took this long to answer. What else its port takes can be recorded where this was; there is no
    /// such place when there are too many ports.
    pub fn answered(&self, service: ServicePort, span: crate::time::Span) -> Option<Timing> {
        // Nearly always the port is known; counting all of them asks every shard.
        let known = self.latency.get(&service).map(|known| known.clone());
        let timing = match known {
            Some(known) => known,
            None if self.latency.len() >= MOST_SERVICES => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            None => self.latency.entry(service).or_default().clone(),
        };
        timing.record(span);
        Some(timing)
    }

    /// The endpoint book in order of address and port.
    pub fn book(&self) -> BTreeMap<Endpoint, Vec<Learnt>> {
        self.book.iter().map(|entry| (*entry.key(), entry.value().iter().copied().collect())).collect()
    }

    /// Every name learnt, by address; the earliest first.
    pub fn names(&self) -> BTreeMap<IpAddr, Vec<String>> {
        let sorted = |names: &BTreeMap<String, Moment>| {
            let mut names: Vec<_> = names.iter().collect();
            names.sort_by_key(|(name, moment)| (**moment, (*name).clone()));
            names.into_iter().map(|(name, _)| name.clone()).collect()
        };
        self.names.iter().map(|entry| (*entry.key(), sorted(entry.value()))).collect()
    }

    /// Response times by server port.
    pub fn latencies(&self) -> BTreeMap<ServicePort, Latency> {
        self.latency.iter().map(|entry| (*entry.key(), entry.value().so_far())).collect()
    }

    /// Entries that a bound kept out.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Endpoints in the book; a forest has some thousands.
const MOST_ENDPOINTS: usize = 1 << 17;
/// One process serves a few dozen interfaces on one port.
const MOST_PER_ENDPOINT: usize = 128;
/// Addresses with names.
const MOST_NAMED: usize = 1 << 17;
/// Names of one address.
const MOST_NAMES: usize = 16;
/// Server ports with response times.
const MOST_SERVICES: usize = 1 << 16;
