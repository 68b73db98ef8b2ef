//! One mapped capture, read by all threads together.
//!
//! Reading and decoding are about half of the work, so one reader would starve its workers. Here every
//! thread walks a stretch of the capture under a lock, which numbers frames and finds damage just as a
//! single reader would, decodes the stretch by itself, and hands each packet to the thread that owns the
//! packet's flow. Stretches are numbered, and an owner takes them in that order: its table sees its
//! packets in the order of the capture, whichever thread read them.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

use super::batch::with_payload;
use super::{arrived, shard};
use crate::capture::{Capture, Frame, Map};
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
    let mut health = Health::new(index, capture.summary().clone());
    let Some(map) = capture.map().cloned() else { return health };
    let walk = Mutex::new(Walk { capture, stretches: 0, ended: false });
    let turn = Mutex::new(Turn { decoder, stretch: 0, broken: false });
    let crew = Crew { map: &map, origin, keep, world, start: health.clone(), walk, turn, passed: Condvar::new() };
    for part in crew.work(tables) {
        health.add(&part);
    }
    health.summary = held(&crew.walk).capture.summary().clone();
    health
}

/// What all threads share while they read one capture.
struct Crew<'a, 'd> {
    map: &'a Map,
    origin: u32,
    keep: Keep<'a>,
    world: &'a World,
    /// What every thread begins to count from.
    start: Health,
    walk: Mutex<Walk>,
    turn: Mutex<Turn<'d>>,
    passed: Condvar,
}

/// Where the walk over the capture stands.
struct Walk {
    capture: Capture,
    stretches: u64,
    ended: bool,
}

/// Whose turn it is to use the decoder: what it joins depends on the order.
struct Turn<'d> {
    decoder: &'d mut Decoder,
    stretch: u64,
    /// A thread panicked before its turn had passed, and nobody may wait for it.
    broken: bool,
}

impl<'a, 'd> Crew<'a, 'd> {
    /// Reads all of the capture; returns what each thread counted.
    fn work(&self, tables: &mut [Table<Talk>]) -> Vec<Health> {
        if let [table] = tables {
            return vec![self.alone(table)];
        }
        let (owners, parts): (Vec<_>, Vec<_>) = tables.iter().map(|_| unbounded()).unzip();
        let tickets = Tickets::new(tables.len() * STRETCHES_EACH);
        thread::scope(|scope| {
            let member = |(table, parts)| Member {
                crew: self,
                table,
                parts,
                owners: owners.clone(),
                tickets: tickets.clone(),
                next: 0,
                early: BTreeMap::new(),
            };
            let members: Vec<_> = tables.iter_mut().zip(parts).map(member).collect();
            drop(owners); // a member is done when no other has anything for it
            let threads: Vec<_> = members.into_iter().map(|member| scope.spawn(move || member.work())).collect();
            let joined = threads.into_iter().map(|thread| match thread.join() {
                Ok(health) => health,
                // A thread that panicked has lost flows: nothing that is left may be believed.
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.collect()
        })
    }

    /// Reads all of the capture into the only table. Each packet goes there as soon as the next one shows another
    /// time: the way from record to record is a chain of loads, and the work on a packet fills the wait for the next.
    fn alone(&self, table: &mut Table<Talk>) -> Health {
        let mut health = self.start.clone();
        let (mut walk, mut turn) = (held(&self.walk), None);
        let mut parts = [Part::new(0, 0)];
        let mut time = None;
        while let Some(frame) = walk.capture.next_in(self.map) {
            let [part] = &mut parts;
            if time.replace(frame.time) != Some(frame.time) {
                part.enter_moment(table, self.world);
            } else if part.arrivals.len() >= STRETCH {
                part.enter(table, self.world);
            }
            self.frame(&frame, &mut turn, 0, &mut parts, &mut health);
        }
        let [part] = &mut parts;
        part.enter(table, self.world);
        health
    }

    /// Walks the next stretch; returns its number, `None` at the end.
    fn walk(&self, frames: &mut Vec<Frame<'a>>) -> Option<u64> {
        frames.clear();
        let mut walk = held(&self.walk);
        while !walk.ended && frames.len() < STRETCH {
            match walk.capture.next_in(self.map) {
                Some(frame) => frames.push(frame),
                None => walk.ended = true,
            }
        }
        let stretch = walk.stretches;
        walk.stretches += u64::from(!frames.is_empty());
        (!frames.is_empty()).then_some(stretch)
    }

    /// Decodes a stretch into a part for each owner.
    fn decode(&self, stretch: u64, frames: &[Frame<'a>], owners: usize, health: &mut Health) -> Vec<Part<'a>> {
        let _pass = Pass(self);
        let mut parts: Vec<_> = (0..owners).map(|_| Part::new(stretch, frames.len() * 3 / (owners * 2))).collect();
        let mut turn = None;
        for frame in frames {
            self.frame(frame, &mut turn, stretch, &mut parts, health);
        }
        let mut turn = turn.unwrap_or_else(|| self.turn(stretch));
        turn.stretch += 1;
        drop(turn);
        self.passed.notify_all();
        parts
    }

    /// Decodes a frame for the part of its owner; asks for the decoder's turn only when it must.
    fn frame<'c>(
        &'c self,
        frame: &Frame<'a>,
        turn: &mut Option<MutexGuard<'c, Turn<'d>>>,
        stretch: u64,
        parts: &mut [Part<'a>],
        health: &mut Health,
    ) {
        if !(self.keep)(frame) {
            health.filtered += 1;
            return;
        }
        if let Some(packet) = straight(frame.link, frame.octets) {
            deal(frame, packet, parts, health);
            return;
        }
        self.long_way(frame, turn, stretch, parts, health);
    }

    /// The same for a frame that takes more than a look.
    #[inline(never)]
    fn long_way<'c>(
        &'c self,
        frame: &Frame<'a>,
        turn: &mut Option<MutexGuard<'c, Turn<'d>>>,
        stretch: u64,
        parts: &mut [Part<'a>],
        health: &mut Health,
    ) {
        match stateless(frame.link, frame.octets, frame.wire_len) {
            Some(Decoded::Packet(packet)) => deal(frame, packet, parts, health),
            Some(other) => note(frame, &other, parts, health),
            None => {
                let turn = turn.get_or_insert_with(|| self.turn(stretch));
                match turn.decoder.decode(frame.link, frame.octets, frame.wire_len, frame.time, self.origin) {
                    Decoded::Packet(packet) => self.joined(frame, packet, parts, health),
                    other => note(frame, &other, parts, health),
                }
            }
        }
    }

    /// Waits until the decoder has seen all stretches before this one.
    fn turn(&self, stretch: u64) -> MutexGuard<'_, Turn<'d>> {
        let mut turn = held(&self.turn);
        while turn.stretch != stretch && !turn.broken {
            turn = self.passed.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn
    }

    /// A packet out of the decoder: its payload lies in the map, or was put together outside.
    fn joined(&self, frame: &Frame<'_>, packet: Packet<'_>, parts: &mut [Part<'a>], health: &mut Health) {
        let owner = shard(&packet, parts.len());
        let (packet, octets) = packet.parted();
        let bare = arrived(health, frame, packet);
        let mapped = self.map.range_of(octets).and_then(|range| self.map.get(range));
        let Some(part) = parts.get_mut(owner) else { return };
        match mapped {
            Some(octets) => part.arrivals.push(with_payload(bare, octets)),
            None => part.odd.push((part.arrivals.len(), Odd::Joined(bare, octets.to_vec()))),
        }
    }
}

/// Hands a packet to the part of its owner.
#[inline]
fn deal<'a>(frame: &Frame<'a>, packet: Packet<'a>, parts: &mut [Part<'a>], health: &mut Health) {
    let owner = shard(&packet, parts.len());
    if let Some(part) = parts.get_mut(owner) {
        part.arrivals.push(arrived(health, frame, packet));
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
    crew: &'c Crew<'a, 'd>,
    table: &'c mut Table<Talk>,
    parts: Receiver<Part<'a>>,
    owners: Vec<Sender<Part<'a>>>,
    tickets: Tickets,
    /// The stretch that the table takes next.
    next: u64,
    /// Parts of later stretches.
    early: BTreeMap<u64, Part<'a>>,
}

impl<'a> Member<'a, '_, '_> {
    fn work(mut self) -> Health {
        let (mut health, mut frames) = (self.crew.start.clone(), Vec::with_capacity(STRETCH));
        loop {
            // What waits for its owner comes first: it holds memory.
            while let Ok(part) = self.parts.try_recv() {
                self.take(part);
            }
            if self.owners.is_empty() {
                let Ok(part) = self.parts.recv() else { return health };
                self.take(part);
                continue;
            }
            select! {
                recv(self.parts) -> part => if let Ok(part) = part { self.take(part); },
                recv(self.tickets.free) -> _ => self.read(&mut frames, &mut health),
            }
        }
    }

    /// Takes a part in the order of the stretches.
    fn take(&mut self, part: Part<'a>) {
        self.early.insert(part.stretch, part);
        while let Some(mut part) = self.early.remove(&self.next) {
            part.enter(self.table, self.crew.world);
            self.next += 1;
        }
    }

    /// Reads one stretch and hands it out.
    fn read(&mut self, frames: &mut Vec<Frame<'a>>, health: &mut Health) {
        let ticket = Arc::new(Ticket(self.tickets.back.clone()));
        let Some(stretch) = self.crew.walk(frames) else {
            self.owners.clear();
            return;
        };
        let parts = self.crew.decode(stretch, frames, self.owners.len(), health);
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

impl Part<'_> {
    fn new(stretch: u64, room: usize) -> Self {
        Self { stretch, arrivals: Vec::with_capacity(room), odd: Vec::new(), _ticket: None }
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
        let mut from = 0;
        for (at, odd) in mem::take(&mut self.odd) {
            table.packets(self.arrivals.get(from..at).unwrap_or_default(), world);
            match odd {
                Odd::Joined(arrival, octets) => table.packets(&[with_payload(arrival, &octets)], world),
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

/// Held while a stretch is decoded: if that panics, nobody waits for its turn to pass.
struct Pass<'c, 'a, 'd>(&'c Crew<'a, 'd>);

impl Drop for Pass<'_, '_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            held(&self.0.turn).broken = true;
            self.0.passed.notify_all();
        }
    }
}

/// The lock, also behind a thread that panicked: joining that thread says so.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frames of one stretch: many enough that taking the lock is nothing, few enough to stay in the cache.
const STRETCH: usize = 256;
/// Stretches for each thread that may be on their way.
const STRETCHES_EACH: usize = 4;
