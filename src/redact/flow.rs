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
    order: VecDeque<Key>,
}

type End = (IpAddr, u16);
/// The lower end first.
type Key = (bool, End, End);

#[derive(Debug)]
struct Flow {
    initiator: End,
    /// Where the numbers of the initiator's SYN began.
    syn: Option<u32>,
    reading: Reading,
    streams: [Stream; 2],
}

impl Flow {
    fn new(initiator: End, responder: End, transport: Transport) -> Self {
        let reading = Reading::new(transport, initiator.1, responder.1);
        Self { initiator, syn: None, reading, streams: [Stream::default(), Stream::default()] }
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
        stream.segment(begins, at, place, waiting);
        stream.read(side, reading, waiting, maps);
    }

    fn flow(&mut self, key: Key, waiting: &mut Waiting, maps: &mut Maps, new: impl FnOnce() -> Flow) -> &mut Flow {
        if !self.known.contains_key(&key) {
            if self.known.len() >= MOST_FLOWS
                && let Some(oldest) = self.order.pop_front()
            {
                self.forget(oldest, waiting, maps);
            }
            self.order.push_back(key);
        }
        self.known.entry(key).or_insert_with(new)
    }

    /// What is not yet read of a conversation is read as it is.
    fn forget(&mut self, key: Key, waiting: &mut Waiting, maps: &mut Maps) {
        if let Some(mut flow) = self.known.remove(&key) {
            self.order.retain(|known| *known != key);
            flow.end(waiting, maps);
        }
    }

    /// No packet comes any more.
    pub(super) fn finish(&mut self, waiting: &mut Waiting, maps: &mut Maps) {
        for key in std::mem::take(&mut self.order) {
            if let Some(mut flow) = self.known.remove(&key) {
                flow.end(waiting, maps);
            }
        }
    }
}

impl Flow {
    fn end(&mut self, waiting: &mut Waiting, maps: &mut Maps) {
        let Self { reading, streams: [first, second], .. } = self;
        first.end(Side::Initiator, reading, waiting, maps);
        second.end(Side::Responder, reading, waiting, maps);
    }
}

/// Conversations remembered.
const MOST_FLOWS: usize = 1 << 15;
