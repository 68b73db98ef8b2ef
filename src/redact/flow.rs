//! Who talks with whom: payload finds the conversation that it belongs to.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Range;

use anyany_dissectors::{Side, Transport};
use hashbrown::HashMap;

use super::message::Reading;
use super::stream::Stream;
use super::{Maps, Waiting};
use crate::decode::{Packet, Payload, Segment};

/// All conversations, as far as they are remembered.
#[derive(Debug, Default)]
pub(super) struct Flows {
    known: HashMap<Key, Flow>,
    /// Conversations by when they began, with those that are forgotten already: their number is another one's.
    order: VecDeque<(Key, u64)>,
    /// How many have begun.
    begun: u64,
    /// Octets that their streams hold.
    octets: usize,
}

type End = (IpAddr, u16);
/// The lower end first.
type Key = (bool, End, End);

#[derive(Debug)]
struct Flow {
    number: u64,
    initiator: End,
    /// Where the numbers of the initiator's SYN began.
    syn: Option<u32>,
    reading: Reading,
    streams: [Stream; 2],
}

impl Flow {
    fn new(initiator: End, responder: End, transport: Transport) -> Self {
        let reading = Reading::new(transport, initiator.1, responder.1);
        Self { number: 0, initiator, syn: None, reading, streams: [Stream::default(), Stream::default()] }
    }
}

impl Flows {
    /// Takes the payload of a packet, which lies at `place` in the frame `at`.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        at: u64,
        place: Range<usize>,
        waiting: &mut Waiting,
        maps: &mut Maps,
    ) {
        match &packet.payload {
            Payload::Tcp(segment) => self.segment(packet, segment, at, place, waiting, maps),
            Payload::Udp(datagram) => {
                let from = (packet.source, datagram.source_port);
                let to = (packet.destination, datagram.destination_port);
                // The same rule as for what begins midway: the likelier service is called.
                let opens = to.1 <= from.1;
                let (initiator, responder) = if opens { (from, to) } else { (to, from) };
                let flow = self.flow((false, from.min(to), from.max(to)), waiting, maps, || {
                    Flow::new(initiator, responder, Transport::Udp)
                });
                let side = if flow.initiator == from { Side::Initiator } else { Side::Responder };
                let mut octets = waiting.original(at, place.clone()).to_vec();
                flow.reading.datagram(side, &mut octets, maps);
                waiting.write(at, place, &octets);
            }
            _ => {}
        }
    }

    fn segment(
        &mut self,
        packet: &Packet<'_>,
        segment: &Segment<'_>,
        at: u64,
        place: Range<usize>,
        waiting: &mut Waiting,
        maps: &mut Maps,
    ) {
        let from = (packet.source, segment.source_port);
        let to = (packet.destination, segment.destination_port);
        let (syn, ack) = (segment.control.syn(), segment.control.ack());
        if segment.control.rst() {
            return; // what a reset carries is an appliance's
        }
        let opens = if syn { !ack } else { to.1 <= from.1 };
        let (initiator, responder) = if opens { (from, to) } else { (to, from) };
        let key = (true, from.min(to), from.max(to));
        if syn && !ack && self.known.get(&key).is_some_and(|flow| flow.syn != Some(segment.sequence)) {
            self.forget(key, waiting, maps);
        }
        let flow = self.flow(key, waiting, maps, || Flow::new(initiator, responder, Transport::Tcp));
        if syn && !ack {
            flow.syn = Some(segment.sequence);
        }
        let side = if flow.initiator == from { Side::Initiator } else { Side::Responder };
        let Flow { reading, streams: [first, second], .. } = flow;
        let stream = match side {
            Side::Initiator => first,
            Side::Responder => second,
        };
        let begins = segment.sequence.wrapping_add(u32::from(syn));
        if syn {
            stream.begin(begins);
        }
        let before = stream.octets();
        stream.segment(begins, at, place, waiting);
        stream.read(side, reading, waiting, maps);
        let after = stream.octets();
        self.octets = (self.octets + after).saturating_sub(before);
    }

    fn flow(&mut self, key: Key, waiting: &mut Waiting, maps: &mut Maps, new: impl FnOnce() -> Flow) -> &mut Flow {
        if !self.known.contains_key(&key) {
            while self.known.len() >= MOST_FLOWS || self.octets > MOST_OCTETS {
                let Some((oldest, number)) = self.order.pop_front() else { break };
                if self.is_known(oldest, number) {
                    self.forget(oldest, waiting, maps);
                }
            }
            if self.order.len() >= 2 * MOST_FLOWS {
                let known = &self.known;
                self.order.retain(|(key, number)| known.get(key).is_some_and(|flow| flow.number == *number));
            }
            self.begun += 1;
            self.order.push_back((key, self.begun));
        }
        let number = self.begun;
        self.known.entry(key).or_insert_with(|| Flow { number, ..new() })
    }

    fn is_known(&self, key: Key, number: u64) -> bool {
        self.known.get(&key).is_some_and(|flow| flow.number == number)
    }

    /// What is not yet read of a conversation is read as it is.
    fn forget(&mut self, key: Key, waiting: &mut Waiting, maps: &mut Maps) {
        if let Some(mut flow) = self.known.remove(&key) {
            self.octets = self.octets.saturating_sub(flow.octets());
            flow.end(waiting, maps);
        }
    }

    /// No packet comes any more.
    pub(super) fn finish(&mut self, waiting: &mut Waiting, maps: &mut Maps) {
        for (key, number) in std::mem::take(&mut self.order) {
            if self.is_known(key, number) {
                self.forget(key, waiting, maps);
            }
        }
    }
}

impl Flow {
    fn octets(&self) -> usize {
        self.streams.iter().map(Stream::octets).sum()
    }

    fn end(&mut self, waiting: &mut Waiting, maps: &mut Maps) {
        let Self { reading, streams: [first, second], .. } = self;
        first.end(Side::Initiator, reading, waiting, maps);
        second.end(Side::Responder, reading, waiting, maps);
    }
}

/// Conversations remembered.
const MOST_FLOWS: usize = 1 << 15;
/// Octets remembered of all of them, before the oldest are forgotten.
const MOST_OCTETS: usize = 128 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Key as Secret;

    fn flows(ports: impl Iterator<Item = u16>) -> Flows {
        let (mut flows, mut waiting, mut maps) =
            (Flows::default(), Waiting::default(), Maps::new(&Secret::new([7; 32])));
        let host = |last| IpAddr::from([10, 0, 0, last]);
        for port in ports {
            let (from, to) = ((host(1), port), (host(2), 443));
            let key = (true, from.min(to), from.max(to));
            flows.forget(key, &mut waiting, &mut maps);
            flows.flow(key, &mut waiting, &mut maps, || Flow::new(from, to, Transport::Tcp));
        }
        flows
    }

    #[test]
    fn a_flood_of_conversations_is_forgotten_from_its_beginning() {
        let flows = flows(1..=u16::MAX);
        assert_eq!((flows.known.len(), flows.order.len()), (MOST_FLOWS, MOST_FLOWS));
        let first = flows.order.front().map(|((_, one, other), _)| one.1.max(other.1));
        assert_eq!(first, Some(u16::MAX - u16::try_from(MOST_FLOWS).unwrap() + 1));
    }

    #[test]
    fn attempts_on_one_path_leave_a_bounded_trace() {
        let flows = flows(std::iter::repeat_n(50_000, 3 * MOST_FLOWS));
        assert_eq!(flows.known.len(), 1);
        assert!(flows.order.len() <= 2 * MOST_FLOWS);
    }
}
