//! One mapped capture, read by all threads together.
//!
//! The way from one record to the next is a chain of loads that only one thread can walk, and each load waits
//! for memory. So a thread that has nothing else to do takes the walk, goes on for a stretch of frames, decodes
//! each - which fills the wait for the next - and hands every packet to the thread that owns the packet's flow.
//! Stretches are numbered, and an owner takes them in that order: its table sees its packets in the order of the
//! capture, whichever thread read them.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

use super::arrived;
use crate::capture::{Capture, Frame, Map, fetch};
use crate::decode::{Decoded, Decoder, Health, Packet, stateless, straight};
use crate::flow::{Arrival, Table};
use crate::observe::{Talk, World};
use crate::time::Time;

/// Which frames are looked at.
type Keep<'a> = &'a (dyn Fn(&Frame<'_>) -> bool + Sync);

/// Reads a mapped capture into the tables, one thread for each. `origin` is the capture with whose fragments
/// this one's are joined; the decoder carries them from file to file.
pub(super) fn read(
    (index, capture): (u32, Capture),
    origin: u32,
    keep: Keep<'_>,
    decoder: &mut Decoder,
    tables: &mut [Table<Talk>],
    world: &World,
) -> Health {
    let health = Health::new(index, capture.summary().clone());
    let Some(map) = capture.map().cloned() else { return health };
    let by_shard = tables.iter().any(Table::is_limited);
    let mut walk = Walk { map: &map, capture, origin, keep, decoder, health, by_shard, stretches: 0, ended: false };
    if let [table] = tables {
        walk.alone(table, world);
    } else {
        walk = together(walk, tables, world);
    }
    Health { summary: walk.capture.summary().clone(), ..walk.health }
}

/// Reads all of the capture, the walk going from thread to thread.
fn together<'a, 'd>(walk: Walk<'a, 'd>, tables: &mut [Table<Talk>], world: &World) -> Walk<'a, 'd> {
    let walk = Mutex::new(walk);
    let (owners, parts): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
    let (spent, spare) = unbounded();
    let tickets = Tickets::new(tables.len() * STRETCHES_EACH);
    thread::scope(|scope| {
        let member = |(table, parts)| Member {
            walk: &walk,
            world,
            table,
            parts,
            owners: owners.clone(),
            spent: spent.clone(),
            spare: spare.clone(),
            tickets: tickets.clone(),
            next: 0,
            early: BTreeMap::new(),
        };
        let members: Vec<_> = tables.iter_mut().zip(parts).map(member).collect();
        drop(owners); // a member is done when no other has anything for it
        let threads: Vec<_> = members.into_iter().map(|member| scope.spawn(move || member.work())).collect();
        for thread in threads {
            // A thread that panicked has lost flows: nothing that is left may be believed.
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    walk.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Where the walk over the capture stands.
struct Walk<'a, 'd> {
    map: &'a Map,
    capture: Capture,
    origin: u32,
    keep: Keep<'a>,
    decoder: &'d mut Decoder,
    health: Health,
    /// Whether an owner owns whole shards.
    by_shard: bool,
    stretches: u64,
    ended: bool,
}

impl<'a> Walk<'a, '_> {
    /// Reads all of the capture into the only table. Each packet goes there as soon as the next one shows another
    /// time: the work on a packet, too, fills the wait for the next record.
    fn alone(&mut self, table: &mut Table<Talk>, world: &World) {
        let mut parts = [Part::new(0, Vec::with_capacity(STRETCH))];
        let mut time = None;
        while let Some(frame) = self.capture.next_in(self.map) {
            let [part] = &mut parts;
            if time.replace(frame.time) != Some(frame.time) {
                part.enter_moment(table, world);
            } else if part.arrivals.len() >= STRETCH {
                part.enter(table, world);
            }
            self.frame(&frame, &mut parts);
        }
        let [part] = &mut parts;
        part.enter(table, world);
    }

    /// Reads the next stretch into a part for each owner; `None` at the end.
    fn stretch(&mut self, owners: usize, mut room: impl FnMut() -> Vec<Arrival<'a>>) -> Option<Vec<Part<'a>>> {
        if self.ended {
            return None;
        }
        let mut parts: Vec<_> = (0..owners).map(|_| Part::new(self.stretches, room())).collect();
        for _ in 0..STRETCH {
            let Some(frame) = self.capture.next_in(self.map) else {
                self.ended = true;
                break;
            };
            self.frame(&frame, &mut parts);
        }
        self.stretches += 1;
        Some(parts)
    }

    /// Decodes a frame for the part of its owner.
    #[inline]
    fn frame(&mut self, frame: &Frame<'a>, parts: &mut [Part<'a>]) {
        if !(self.keep)(frame) {
            self.health.filtered += 1;
        } else if let Some(packet) = straight(frame.link, frame.octets) {
            self.deal(frame, packet, parts);
        } else {
            self.long_way(frame, parts);
        }
    }

    /// The same for a frame that takes more than a look.
    #[inline(never)]
    fn long_way(&mut self, frame: &Frame<'a>, parts: &mut [Part<'a>]) {
        match stateless(frame.link, frame.octets, frame.wire_len) {
            Some(Decoded::Packet(packet)) => self.deal(frame, packet, parts),
            Some(other) => note(frame, &other, parts, &mut self.health),
            None => match self.decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, self.origin) {
                Decoded::Packet(packet) => {
                    let arrival = arrived(&mut self.health, frame, packet);
                    joined(self.map, arrival, arrival.owner(parts.len(), self.by_shard), parts);
                }
                other => note(frame, &other, parts, &mut self.health),
            },
        }
    }

    /// Hands a packet to the part of its owner.
    #[inline]
    fn deal(&mut self, frame: &Frame<'a>, packet: Packet<'a>, parts: &mut [Part<'a>]) {
        let arrival = arrived(&mut self.health, frame, packet);
        let owner = arrival.owner(parts.len(), self.by_shard);
        if let Some(part) = parts.get_mut(owner) {
            part.arrivals.push(arrival);
        }
    }
}

/// A packet out of the decoder, for the part of its owner: its payload lies in the map, or was put together outside.
fn joined<'a>(map: &'a Map, arrival: Arrival<'_>, owner: usize, parts: &mut [Part<'a>]) {
    let (bare, octets) = arrival.parted();
    let mapped = map.range_of(octets).and_then(|range| map.get(range));
    let Some(part) = parts.get_mut(owner) else { return };
    match mapped {
        Some(octets) => part.arrivals.push(bare.with_payload(octets)),
        None => part.odd.push((part.arrivals.len(), Odd::Joined(bare, octets.to_vec()))),
    }
}

/// Counts a frame that is no packet.
fn note(frame: &Frame<'_>, decoded: &Decoded<'_>, parts: &mut [Part<'_>], health: &mut Health) {
    health.cover(frame.time);
    match decoded {
        Decoded::Arp { sender } => {
            health.undecoded("arp");
            if let (false, Some(part)) = (sender.is_unspecified(), parts.first_mut()) {
                part.odd.push((part.arrivals.len(), Odd::Heard((*sender).into(), frame.time)));
            }
        }
        Decoded::Undecoded(word) => health.undecoded(word),
        Decoded::UnknownLink => health.unknown_link(frame.link, frame.number),
        Decoded::Held { .. } | Decoded::Packet(_) => {}
    }
}

/// One thread, and the flows that it owns.
struct Member<'a, 'd, 'c> {
    walk: &'c Mutex<Walk<'a, 'd>>,
    world: &'c World,
    table: &'c mut Table<Talk>,
    parts: Receiver<Part<'a>>,
    owners: Vec<Sender<Part<'a>>>,
    /// Room for packets goes round: memory that one thread takes and another gives back is slow.
    spent: Sender<Vec<Arrival<'a>>>,
    spare: Receiver<Vec<Arrival<'a>>>,
    tickets: Tickets,
    /// The stretch that the table takes next.
    next: u64,
    /// Parts of later stretches.
    early: BTreeMap<u64, Part<'a>>,
}

impl<'a> Member<'a, '_, '_> {
    fn work(mut self) {
        loop {
            // What waits for its owner comes first: it holds memory.
            while let Ok(part) = self.parts.try_recv() {
                self.take(part);
            }
            if self.owners.is_empty() {
                let Ok(part) = self.parts.recv() else { return };
                self.take(part);
                continue;
            }
            select! {
                recv(self.parts) -> part => if let Ok(part) = part { self.take(part); },
                recv(self.tickets.free) -> _ => self.read(),
            }
        }
    }

    /// Takes a part in the order of the stretches.
    fn take(&mut self, part: Part<'a>) {
        self.early.insert(part.stretch, part);
        while let Some(mut part) = self.early.remove(&self.next) {
            part.enter(self.table, self.world);
            let _ = self.spent.send(mem::take(&mut part.arrivals)); // somebody always listens: this one
            self.next += 1;
        }
    }

    /// Reads one stretch and hands it out.
    fn read(&mut self) {
        let ticket = Arc::new(Ticket(self.tickets.back.clone()));
        let owners = self.owners.len();
        let room = || self.spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(STRETCH * 3 / (owners * 2)));
        let Some(parts) = held(self.walk).stretch(owners, room) else {
            self.owners.clear();
            return;
        };
        for (owner, part) in self.owners.iter().zip(parts) {
            // An owner that is gone has panicked; joining it says so.
            let _ = owner.send(Part { _ticket: Some(Arc::clone(&ticket)), ..part });
        }
    }
}

/// What one stretch holds for one owner.
struct Part<'a> {
    stretch: u64,
    arrivals: Vec<Arrival<'a>>,
    /// What is no packet in the map; each comes before the packet at its place.
    odd: Vec<(usize, Odd)>,
    /// Goes back when all parts of the stretch are done with.
    _ticket: Option<Arc<Ticket>>,
}

enum Odd {
    /// A packet joined from fragments, and its payload.
    Joined(Arrival<'static>, Vec<u8>),
    /// A host was heard of outside of IP.
    Heard(IpAddr, Time),
}

impl<'a> Part<'a> {
    fn new(stretch: u64, room: Vec<Arrival<'a>>) -> Self {
        Self { stretch, arrivals: room, odd: Vec::new(), _ticket: None }
    }

    /// Hands everything to the table; all of it is of one time, and the next frame of another.
    #[inline]
    fn enter_moment(&mut self, table: &mut Table<Talk>, world: &World) {
        if !self.odd.is_empty() {
            self.enter(table, world);
        } else if !self.arrivals.is_empty() {
            table.moment(&self.arrivals, world);
            self.arrivals.clear();
        }
    }

    /// Hands everything to the table, in order.
    fn enter(&mut self, table: &mut Table<Talk>, world: &World) {
        self.arrivals.iter().for_each(|arrival| fetch(arrival.packet.octets()));
        let mut from = 0;
        for (at, odd) in mem::take(&mut self.odd) {
            table.packets(self.arrivals.get(from..at).unwrap_or_default(), world);
            match odd {
                Odd::Joined(arrival, octets) => table.packets(&[arrival.with_payload(&octets)], world),
                Odd::Heard(host, time) => table.hear(host, time),
            }
            from = at;
        }
        table.packets(self.arrivals.get(from..).unwrap_or_default(), world);
        self.arrivals.clear();
    }
}

/// The right to read one more stretch. There are few, so that what waits for its owner stays bounded.
#[derive(Clone)]
struct Tickets {
    free: Receiver<()>,
    back: Sender<()>,
}

impl Tickets {
    fn new(count: usize) -> Self {
        let (back, free) = bounded(count);
        for _ in 0..count {
            let _ = back.send(()); // there is room for all
        }
        Self { free, back }
    }
}

struct Ticket(Sender<()>);

impl Drop for Ticket {
    fn drop(&mut self) {
        let _ = self.0.send(()); // there is room for all
    }
}

/// The lock, also behind a thread that panicked: joining that thread says so.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frames of one stretch: many enough that taking the lock is nothing, few enough to stay in the cache.
const STRETCH: usize = 512;
/// Stretches for each thread that may be on their way.
const STRETCHES_EACH: usize = 4;
