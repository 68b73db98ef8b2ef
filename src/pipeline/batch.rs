//! Packets on their way to the workers, in batches.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::capture::Map;
use crate::flow::Arrival;
use crate::time::Time;

/// Packets for one worker, in the order of the trace. Payload stays in the mapped file where there
/// is one; else it is copied once, into the batch's arena.
#[derive(Debug, Default)]
pub(super) struct Batch {
    map: Option<Arc<Map>>,
    arena: Vec<u8>,
    packets: Vec<Stored>,
    heard: Vec<(IpAddr, Time)>,
}

#[derive(Debug)]
struct Stored {
    /// Everything but the payload octets.
    arrival: Arrival<'static>,
    payload: Place,
}

#[derive(Debug)]
enum Place {
    Nowhere,
    Mapped(Range<usize>),
    Copied(Range<usize>),
}

impl Batch {
    fn push(&mut self, arrival: &Arrival<'_>, map: Option<&Arc<Map>>) {
        let (bare, octets) = arrival.parted();
        let mapped = map.and_then(|map| map.range_of(octets)).filter(|_| !octets.is_empty());
        let payload = match mapped {
            _ if octets.is_empty() => Place::Nowhere,
            Some(range) => Place::Mapped(range),
            None => {
                let from = self.arena.len();
                self.arena.extend_from_slice(octets);
                Place::Copied(from..self.arena.len())
            }
        };
        self.packets.push(Stored { arrival: bare, payload });
    }

    fn is_full(&self) -> bool {
        self.packets.len() >= MOST_PACKETS || self.arena.len() >= MOST_OCTETS || self.heard.len() >= MOST_PACKETS
    }

    /// Each packet, with its payload back in place.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = Arrival<'_>> {
        self.packets.iter().map(|stored| {
            let octets = match &stored.payload {
                Place::Nowhere => None,
                Place::Mapped(range) => self.map.as_ref().and_then(|map| map.get(range.clone())),
                Place::Copied(range) => self.arena.get(range.clone()),
            };
            stored.arrival.with_payload(octets.unwrap_or_default())
        })
    }

    /// Hosts heard of outside IP packets.
    pub(super) fn heard(&self) -> &[(IpAddr, Time)] {
        &self.heard
    }
}

/// Deals packets out to the workers.
pub(super) struct Dealer {
    filling: Vec<Batch>,
    senders: Vec<Sender<Batch>>,
    /// Whether a worker owns whole shards.
    by_shard: bool,
}

impl Dealer {
    pub(super) fn new(workers: usize, by_shard: bool) -> (Self, Vec<Receiver<Batch>>) {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..workers).map(|_| bounded(BATCHES_WAITING)).unzip();
        (Self { filling: senders.iter().map(|_| Batch::default()).collect(), senders, by_shard }, receivers)
    }

    pub(super) fn deal(&mut self, arrival: &Arrival<'_>, map: Option<&Arc<Map>>) {
        let shard = arrival.owner(self.senders.len(), self.by_shard);
        let Some(batch) = self.filling.get_mut(shard) else { return };
        let same_map = match (&batch.map, map) {
            (Some(held), Some(map)) => Arc::ptr_eq(held, map),
            (None, None) => true,
            (held, _) => held.is_none() && batch.packets.is_empty(),
        };
        if batch.is_full() || !same_map {
            self.send(shard);
        }
        if let Some(batch) = self.filling.get_mut(shard) {
            if batch.packets.is_empty() {
                batch.map = map.cloned();
            }
            batch.push(arrival, map);
        }
    }

    pub(super) fn hear(&mut self, host: IpAddr, time: Time) {
        if let Some(batch) = self.filling.first_mut() {
            batch.heard.push((host, time));
            if batch.is_full() {
                self.send(0);
            }
        }
    }

    /// Sends what is not full yet.
    pub(super) fn flush(&mut self) {
        for shard in 0..self.senders.len() {
            self.send(shard);
        }
    }

    fn send(&mut self, shard: usize) {
        let (Some(batch), Some(sender)) = (self.filling.get_mut(shard), self.senders.get(shard)) else { return };
        // A worker that is gone has panicked; joining it says so.
        let _ = sender.send(std::mem::take(batch));
    }
}

/// Packets of a batch.
const MOST_PACKETS: usize = 512;
/// Copied octets of a batch.
const MOST_OCTETS: usize = 512 * 1024;
/// Batches that wait for a worker; the reader waits when there are more.
const BATCHES_WAITING: usize = 8;
