//! Packets on their way to the workers, in batches.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::capture::Map;
use crate::decode::{Packet, Payload};
use crate::flow::Arrival;
use crate::time::Time;

/// Packets for one worker, in the order of the trace. Payload stays in the mapped file where there
/// is one; else it is copied once, into the batch's arena.
#[derive(Debug, Default)]
pub(super) struct Batch {
    maps: Vec<Arc<Map>>,
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
    /// In the map with this index.
    Mapped(usize, Range<usize>),
    Copied(Range<usize>),
}

impl Batch {
    /// Takes one packet; `map` is that of its file.
    pub(super) fn push(&mut self, arrival: &Arrival<'_>, map: Option<&Arc<Map>>) {
        let (bare, octets) = without_payload(arrival);
        let mapped = map.and_then(|map| map.range_of(octets).map(|range| (map, range)));
        let payload = match mapped {
            _ if octets.is_empty() => Place::Nowhere,
            Some((map, range)) => Place::Mapped(self.hold(map), range),
            None => {
                let from = self.arena.len();
                self.arena.extend_from_slice(octets);
                Place::Copied(from..self.arena.len())
            }
        };
        self.packets.push(Stored { arrival: bare, payload });
    }

    /// The index of a map that is held until the batch is done with.
    fn hold(&mut self, map: &Arc<Map>) -> usize {
        // Files follow each other: it is the last one, or new.
        if !self.maps.last().is_some_and(|held| Arc::ptr_eq(held, map)) {
            self.maps.push(Arc::clone(map));
        }
        self.maps.len() - 1
    }

    /// A host was heard of outside IP packets.
    pub(super) fn hear(&mut self, host: IpAddr, time: Time) {
        self.heard.push((host, time));
    }

    /// Whether the batch is to be handed on before a packet of `time` is added. Packets of one time stay
    /// together, since only together they can be put in order, unless there are very many of them.
    pub(super) fn is_full_before(&self, time: Time) -> bool {
        let most = match self.packets.last() {
            Some(last) if last.arrival.moment.time == time => SAME_TIME,
            _ => 1,
        };
        self.packets.len() >= MOST_PACKETS * most || self.arena.len() >= MOST_OCTETS * most || self.is_full_of_heard()
    }

    fn is_full_of_heard(&self) -> bool {
        self.heard.len() >= MOST_PACKETS
    }

    /// Each packet, with its payload back in place.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = Arrival<'_>> {
        self.packets.iter().map(|stored| {
            let octets = match &stored.payload {
                Place::Nowhere => None,
                Place::Mapped(map, range) => self.maps.get(*map).and_then(|map| map.get(range.clone())),
                Place::Copied(range) => self.arena.get(range.clone()),
            };
            with_payload(stored.arrival, octets.unwrap_or_default())
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
}

impl Dealer {
    pub(super) fn new(workers: usize) -> (Self, Vec<Receiver<Batch>>) {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..workers).map(|_| bounded(BATCHES_WAITING)).unzip();
        (Self { filling: senders.iter().map(|_| Batch::default()).collect(), senders }, receivers)
    }

    pub(super) fn deal(&mut self, arrival: &Arrival<'_>, map: Option<&Arc<Map>>) {
        let shard = super::shard(&arrival.packet, self.senders.len());
        if self.filling.get(shard).is_some_and(|batch| batch.is_full_before(arrival.moment.time)) {
            self.send(shard);
        }
        if let Some(batch) = self.filling.get_mut(shard) {
            batch.push(arrival, map);
        }
    }

    pub(super) fn hear(&mut self, host: IpAddr, time: Time) {
        if let Some(batch) = self.filling.first_mut() {
            batch.hear(host, time);
            if batch.is_full_of_heard() {
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

fn without_payload<'a>(arrival: &Arrival<'a>) -> (Arrival<'static>, &'a [u8]) {
    let Arrival { moment, wire_len, packet } = *arrival;
    let Packet { source, destination, ttl, ip_id, dont_fragment, vlan, tunnels, payload } = packet;
    let (payload, octets): (Payload<'static>, &[u8]) = match payload {
        Payload::Tcp(segment) => (Payload::Tcp(crate::decode::Segment { payload: &[], ..segment }), segment.payload),
        Payload::Udp(datagram) => {
            (Payload::Udp(crate::decode::Datagram { payload: &[], ..datagram }), datagram.payload)
        }
        Payload::IcmpError(error) => (Payload::IcmpError(error), &[]),
        Payload::Echo { request, id, sequence } => (Payload::Echo { request, id, sequence }, &[]),
        Payload::Other(protocol) => (Payload::Other(protocol), &[]),
    };
    let packet = Packet { source, destination, ttl, ip_id, dont_fragment, vlan, tunnels, payload };
    (Arrival { moment, wire_len, packet }, octets)
}

fn with_payload<'a>(arrival: Arrival<'a>, octets: &'a [u8]) -> Arrival<'a> {
    let mut arrival = arrival;
    match &mut arrival.packet.payload {
        Payload::Tcp(segment) => segment.payload = octets,
        Payload::Udp(datagram) => datagram.payload = octets,
        _ => {}
    }
    arrival
}

/// Packets of a batch.
const MOST_PACKETS: usize = 512;
/// Copied octets of a batch.
const MOST_OCTETS: usize = 512 * 1024;
/// Batches that packets of one time may fill.
const SAME_TIME: usize = 8;
/// Batches that wait for a worker; the reader waits when there are more.
const BATCHES_WAITING: usize = 8;
