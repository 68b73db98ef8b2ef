//! When and to whom each host was heard: lists over all hosts, sorted by host. A list for each host by itself
//! would take most of its room for hosts that sent one packet, as nearly all hosts of a flood did.

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use crate::flow::{Flow, FrameRef, Moment, TtlRange};
use crate::time::Time;

/// A moment at which a host spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Voice {
    /// When.
    pub time: Time,
    /// The frame.
    pub frame: FrameRef,
    to: Id,
    /// The port of the server in that conversation.
    pub port: u16,
}

/// A host, by its place among all that were heard or spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Id(u32);

impl Id {
    fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// What was heard of all hosts.
#[derive(Debug, Default)]
pub(super) struct Voices {
    ids: HashMap<IpAddr, Id, foldhash::fast::RandomState>,
    /// First packets of conversations, then last ones, by sender.
    moments: ByHost<Voice>,
    /// From the first to the last packet of each conversation, by sender.
    spans: ByHost<(Time, Time)>,
    /// Last packets, until all conversations were taken.
    lasts: Vec<(Id, Voice)>,
    /// Directions of which something was captured.
    heard: HashSet<(Id, Id), foldhash::fast::RandomState>,
    /// Times to live, RSTs left out: how many conversations showed each.
    ttls: HashMap<(Id, u8), u64, foldhash::fast::RandomState>,
    /// Whether any two hosts were heard in both directions.
    both_ways: bool,
}

impl Voices {
    /// Takes what the ends of a conversation sent.
    pub(super) fn add(&mut self, flow: &Flow) {
        let [client, server] = [flow.initiator, flow.responder].map(|end| self.id(end.address));
        for (half, (from, to)) in flow.halves.iter().zip([(client, server), (server, client)]) {
            let (Some(first), Some(last)) = (half.first, half.last) else { continue };
            let voice = |Moment { time, frame }| (from, Voice { time, frame, to, port: flow.responder.port });
            self.moments.taken.push(voice(first));
            if last != first {
                self.lasts.push(voice(last));
            }
            self.spans.taken.push((from, (first.time, last.time)));
            self.heard.insert((from, to));
            if let Some(TtlRange { first, .. }) = half.ttl {
                *self.ttls.entry((from, first)).or_default() += 1;
            }
        }
    }

    /// All conversations were taken.
    pub(super) fn settle(&mut self) {
        self.moments.taken.append(&mut self.lasts);
        self.moments.settle(self.ids.len());
        self.spans.settle(self.ids.len());
        self.both_ways = self.heard.iter().any(|&(from, to)| self.heard.contains(&(to, from)));
    }

    fn id(&mut self, host: IpAddr) -> Id {
        // So many hosts fit in no memory.
        let next = Id(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        *self.ids.entry(host).or_insert(next)
    }

    /// Where a host spoke, by time.
    fn moments(&self, host: IpAddr) -> &[Voice] {
        self.ids.get(&host).map(|&id| self.moments.of(id)).unwrap_or_default()
    }

    /// The first moment of a host after `time`.
    pub(super) fn after(&self, host: IpAddr, time: Time) -> Option<Time> {
        let moments = self.moments(host);
        moments.get(moments.partition_point(|voice| voice.time <= time)).map(|voice| voice.time)
    }

    /// The moment of a host nearest to `time`; with a peer, of its packets to that one only.
    pub(super) fn nearest(&self, host: IpAddr, time: Time, peer: Option<IpAddr>) -> Option<Voice> {
        let only = match peer {
            Some(peer) => Some(*self.ids.get(&peer)?),
            None => None,
        };
        let moments = self.moments(host);
        let at = moments.partition_point(|voice| voice.time < time);
        let fits = |voice: &&Voice| only.is_none_or(|peer| voice.to == peer);
        let before = moments.get(..at).unwrap_or_default().iter().rev().take(MOST_LOOKED_AT).find(fits);
        let after = moments.get(at..).unwrap_or_default().iter().take(MOST_LOOKED_AT).find(fits);
        let found = [before, after].into_iter().flatten().copied();
        found.min_by_key(|voice| (voice.time.since(time).length(), voice.frame))
    }

    /// From the first to the last packet of each conversation of a host.
    pub(super) fn spans(&self, host: IpAddr) -> impl Iterator<Item = (Time, Time)> {
        let spans = self.ids.get(&host).map(|&id| self.spans.of(id)).unwrap_or_default();
        spans.iter().copied()
    }

    /// Whether packets from `from` to `to` were captured.
    pub(super) fn heard(&self, from: IpAddr, to: IpAddr) -> bool {
        let ends = self.ids.get(&from).zip(self.ids.get(&to));
        ends.is_some_and(|(&from, &to)| self.heard.contains(&(from, to)))
    }

    /// Whether any two hosts were heard in both directions.
    pub(super) fn both_ways(&self) -> bool {
        self.both_ways
    }

    /// How many conversations of a host showed a time to live.
    pub(super) fn showed_ttl(&self, host: IpAddr, ttl: u8) -> u64 {
        let count = self.ids.get(&host).and_then(|&id| self.ttls.get(&(id, ttl)));
        count.copied().unwrap_or(0)
    }
}

/// Entries of all hosts in one list: one host's behind the other's, those of one host in order.
#[derive(Debug)]
struct ByHost<T> {
    /// As they were taken.
    taken: Vec<(Id, T)>,
    /// Where each host's end.
    ends: Vec<usize>,
    entries: Vec<T>,
}

impl<T> Default for ByHost<T> {
    fn default() -> Self {
        Self { taken: Vec::new(), ends: Vec::new(), entries: Vec::new() }
    }
}

impl<T: Copy + Ord> ByHost<T> {
    /// All were taken. Dealt out to their hosts first: what a host did lies nearly in order, all hosts together do not.
    fn settle(&mut self, hosts: usize) {
        let taken = std::mem::take(&mut self.taken);
        let Some(&(_, filler)) = taken.first() else { return };
        let mut places = vec![0; hosts];
        for (id, _) in &taken {
            if let Some(count) = places.get_mut(id.place()) {
                *count += 1;
            }
        }
        let mut begin = 0;
        for place in &mut places {
            begin += std::mem::replace(place, begin);
        }
        self.entries = vec![filler; begin];
        for (id, entry) in taken {
            if let Some(place) = places.get_mut(id.place()) {
                if let Some(slot) = self.entries.get_mut(*place) {
                    *slot = entry;
                }
                *place += 1;
            }
        }
        self.ends = places;
        for host in 0..hosts {
            let (from, to) = self.range(host);
            if let Some(entries) = self.entries.get_mut(from..to) {
                entries.sort();
            }
        }
    }

    fn range(&self, host: usize) -> (usize, usize) {
        let end = |host: Option<usize>| host.and_then(|host| self.ends.get(host)).copied().unwrap_or(0);
        (end(host.checked_sub(1)), end(Some(host)))
    }

    /// The entries of one host.
    fn of(&self, id: Id) -> &[T] {
        let (from, to) = self.range(id.place());
        self.entries.get(from..to).unwrap_or_default()
    }
}

/// Packets of a host that are looked at to find one to a certain peer.
const MOST_LOOKED_AT: usize = 4096;
