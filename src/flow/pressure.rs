//! A limit to what a table holds, and what became of the flows that there was no room for.
//!
//! The limit is split over a fixed number of shards by five-tuple, each always in the hands of one table: what is
//! let go depends on the packets alone, not on how many threads read them. Lone SYNs go first, of the server's port
//! that has most of them the oldest: a flood makes room for itself, and a client that knocks elsewhere keeps its
//! place. Of each the port and the time are kept. Where there are none left to let go, further flows are only counted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use std::net::IpAddr;

use hashbrown::{HashMap, HashSet};

use crate::flow::{Endpoint, Flow, FlowKey, FrameRef};
use crate::time::Time;

/// Flows that were only counted, by whom they called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd {
    /// By the server's address and port.
    pub by_server: BTreeMap<Endpoint, Crowded>,
    /// Of connections that were answered, from the first to the last, by client as well.
    pub answered: BTreeMap<(IpAddr, Endpoint), Span>,
    /// Those of further servers.
    pub others: Crowded,
}

/// Flows of one server's port that were only counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crowded {
    /// Lone SYNs: nobody had answered them when they were let go.
    pub unanswered: u64,
    /// Connections and exchanges that were answered and ended in order.
    pub answered: u64,
    /// Packets of flows that were never kept: what was said on them is not known.
    pub unread: u64,
    /// From the first packet to the last.
    pub span: Option<Span>,
}

/// From one packet to another.
type Span = (Time, Time);

impl Crowded {
    fn note(&mut self, from: Time, to: Time) {
        self.span = Some(self.span.map_or((from, to), |known| (known.0.min(from), known.1.max(to))));
    }

    fn add(&mut self, other: &Self) {
        self.unanswered += other.unanswered;
        self.answered += other.answered;
        self.unread += other.unread;
        if let Some((from, to)) = other.span {
            self.note(from, to);
        }
    }

    /// Whether any of them was between the two moments.
    pub fn touches(&self, from: Time, to: Time) -> bool {
        self.span.is_some_and(|(first, last)| first <= to && from <= last)
    }
}

impl Crowd {
    /// Whether all flows were kept.
    pub fn is_empty(&self) -> bool {
        self.by_server.is_empty() && self.others == Crowded::default()
    }

    /// All of them together.
    pub fn total(&self) -> Crowded {
        let mut total = self.others;
        self.by_server.values().for_each(|one| total.add(one));
        total
    }

    /// Takes over what another table counted.
    pub fn merge(&mut self, other: &Self) {
        for (server, one) in &other.by_server {
            self.by_server.entry(*server).or_default().add(one);
        }
        for (path, &span) in &other.answered {
            self.answer(*path, span);
        }
        self.others.add(&other.others);
    }

    /// Counts a lone SYN that is let go.
    fn silent(&mut self, server: Endpoint, time: Time) {
        let one = self.place(server);
        one.unanswered += 1;
        one.note(time, time);
    }

    /// Counts a flow that was answered, and is let go.
    fn ordinary(&mut self, client: IpAddr, server: Endpoint, span: Span) {
        let one = self.place(server);
        one.answered += 1;
        one.note(span.0, span.1);
        self.answer((client, server), span);
    }

    fn answer(&mut self, path: (IpAddr, Endpoint), (from, to): Span) {
        let known = self.answered.entry(path).or_insert((from, to));
        *known = (known.0.min(from), known.1.max(to));
    }

    /// Counts a packet of a flow that is not kept.
    fn unread(&mut self, server: Endpoint, time: Time) {
        let one = self.place(server);
        one.unread += 1;
        one.note(time, time);
    }

    fn place(&mut self, server: Endpoint) -> &mut Crowded {
        if self.by_server.len() >= MOST_SERVERS && !self.by_server.contains_key(&server) {
            return &mut self.others;
        }
        self.by_server.entry(server).or_default()
    }
}

/// What a table may hold.
#[derive(Debug)]
pub(super) struct Pressure {
    /// Octets for each shard.
    each: usize,
    shards: Vec<Shard>,
}

/// Where a flow stands, and its first frame: the place may have become another one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    at: u32,
    pub(super) first: FrameRef,
}

impl Place {
    pub(super) fn new(at: usize, first: FrameRef) -> Self {
        // So many flows fit in no memory.
        Self { at: u32::try_from(at).unwrap_or(u32::MAX), first }
    }

    pub(super) fn at(self) -> usize {
        usize::try_from(self.at).unwrap_or(usize::MAX)
    }
}

#[derive(Debug, Default)]
struct Shard {
    held: usize,
    /// Places of lone SYNs by server's port, the oldest first, with those that have become more meanwhile.
    singles: HashMap<Endpoint, VecDeque<Place>>,
    /// How many there are, by server's port.
    most: BTreeSet<(usize, Endpoint)>,
    /// Places of other flows that may be over, the oldest first.
    over: VecDeque<Place>,
    /// Paths of which a flow was kept although it might have been let go.
    kept: HashSet<(IpAddr, Endpoint)>,
    crowd: Crowd,
}

impl Pressure {
    /// So many octets in all tables together.
    pub(super) fn new(limit: u64) -> Self {
        let each = usize::try_from(limit).unwrap_or(usize::MAX) / SHARDS;
        Self { each, shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }

    /// Whether `more` octets fit into the shard of a five-tuple.
    pub(super) fn fits(&self, key: &FlowKey, more: usize) -> bool {
        self.shards.get(shard(key)).is_none_or(|shard| shard.held.saturating_add(more) <= self.each)
    }

    /// So many octets more are held for a flow.
    pub(super) fn hold(&mut self, key: &FlowKey, more: usize) {
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.held = shard.held.saturating_add(more);
        }
    }

    /// What is held for a flow changes.
    pub(super) fn change(&mut self, key: &FlowKey, before: usize, after: usize) {
        if let Some(shard) = self.shards.get_mut(shard(key)).filter(|_| before != after) {
            shard.held = shard.held.saturating_add(after).saturating_sub(before);
        }
    }

    /// A lone SYN to `server` stands at `at`.
    pub(super) fn single(&mut self, key: &FlowKey, server: Endpoint, place: Place) {
        self.hold(key, SINGLE);
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.change(server, |places| places.push_back(place));
        }
    }

    /// The place at which a lone SYN stood, of this shard and the server's port that has most of them the oldest.
    pub(super) fn oldest(&self, key: &FlowKey) -> Option<Place> {
        let shard = self.shards.get(shard(key))?;
        let (_, server) = shard.most.last()?;
        shard.singles.get(server)?.front().copied()
    }

    /// That place is looked at no more.
    pub(super) fn next_single(&mut self, key: &FlowKey) {
        let Some(shard) = self.shards.get_mut(shard(key)) else { return };
        if let Some(&(_, server)) = shard.most.last() {
            shard.change(server, VecDeque::pop_front);
        }
    }

    /// The lone SYN to `server` at this place was passed over.
    pub(super) fn again(&mut self, key: &FlowKey, server: Endpoint, place: Place) {
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.change(server, |places| places.push_front(place));
        }
    }

    /// A lone SYN to `server` was let go.
    pub(super) fn let_go(&mut self, key: &FlowKey, server: Endpoint, time: Time) {
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.held = shard.held.saturating_sub(SINGLE);
            shard.crowd.silent(server, time);
        }
    }

    /// The flow at this place is over, or may be.
    pub(super) fn may_be_over(&mut self, key: &FlowKey, place: Place) {
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.over.push_back(place);
        }
    }

    /// The place of the flow of the shard that was over first.
    pub(super) fn first_over(&self, key: &FlowKey) -> Option<Place> {
        self.shards.get(shard(key))?.over.front().copied()
    }

    /// That place is looked at no more.
    pub(super) fn next_over(&mut self, key: &FlowKey) {
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.over.pop_front();
        }
    }

    /// Whether one more flow of the path may go: one of each shard stays, to show what there was.
    pub(super) fn may_go(&mut self, flow: &Flow) -> bool {
        let Some(shard) = self.shards.get_mut(shard(&flow.key)) else { return false };
        let path = (flow.initiator.address, flow.responder);
        if shard.kept.contains(&path) || shard.crowd.answered.contains_key(&path) {
            return true;
        }
        // What stays takes no more than a quarter of the room.
        if shard.kept.len() * LIVE * 4 < self.each {
            shard.kept.insert(path);
            return false;
        }
        shard.crowd.answered.len() < MOST_PATHS
    }

    /// An ordinary flow was let go.
    pub(super) fn let_go_ordinary(&mut self, flow: &Flow) {
        if let Some(shard) = self.shards.get_mut(shard(&flow.key)) {
            shard.held = shard.held.saturating_sub(LIVE);
            shard.crowd.ordinary(flow.initiator.address, flow.responder, (flow.first.time, flow.last.time));
        }
    }

    /// A packet of a flow with `server` for which there is no room.
    pub(super) fn unread(&mut self, key: &FlowKey, server: Endpoint, time: Time) {
        if let Some(shard) = self.shards.get_mut(shard(key)) {
            shard.crowd.unread(server, time);
        }
    }

    /// All that was only counted.
    pub(super) fn crowd(&self) -> Crowd {
        let mut crowd = Crowd::default();
        self.shards.iter().for_each(|shard| crowd.merge(&shard.crowd));
        crowd
    }
}

impl Shard {
    /// Changes the places of one server's port.
    fn change<T>(&mut self, server: Endpoint, change: impl FnOnce(&mut VecDeque<Place>) -> T) -> T {
        let places = self.singles.entry(server).or_default();
        let before = places.len();
        let result = change(places);
        let after = places.len();
        if after == 0 {
            self.singles.remove(&server);
        }
        self.most.remove(&(before, server));
        if after > 0 {
            self.most.insert((after, server));
        }
        result
    }
}

/// The shard of a five-tuple, of [`SHARDS`]. Always the same: what is let go must not change from run to run, nor
/// with the number of threads, each of which owns whole shards.
pub fn shard(key: &FlowKey) -> usize {
    use std::hash::BuildHasher;
    let hash = foldhash::fast::FixedState::with_seed(0).hash_one(key);
    usize::try_from(hash % SHARDS as u64).unwrap_or(0)
}

/// Shards in all.
pub const SHARDS: usize = 64;
/// What a lone SYN takes until the report is written: its packet, its place, its record, and what is known of its
/// sender.
pub(crate) const SINGLE: usize = 1_000;
/// What any other flow takes: its record, what was said on it, and what diagnosis keeps of it.
pub(crate) const LIVE: usize = 2_900;
/// Paths, of one shard, whose flows are let go.
const MOST_PATHS: usize = 1_024;
/// Server ports, of one shard, of which flows are counted apart.
const MOST_SERVERS: usize = 256;
