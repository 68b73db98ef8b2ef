//! Packets of one time: their order is told by what they say, not by where they stand.
//!
//! A clock of milliseconds gives a whole handshake one time, and several queues or interfaces write such
//! packets in any order. TCP numbers what it sends and names what it has received, and each of the two only
//! grows: the sum of both, counted from where the connection stands, puts every packet behind those that its
//! sender had seen (RFC 9293 §3.4). Datagrams say no such thing: a question goes before its answer where the
//! ports tell which is which, and else the file's order stands.

use std::cmp::Reverse;

use anyany_dissectors::Side;

use crate::decode::{Payload, Segment};
use crate::flow::reassembly::distance;
use crate::flow::{Arrival, FlowKey, ServicePorts};

/// Puts packets of one time in the order in which they must have been sent, flow by flow.
pub(super) fn settle(packets: &mut [Arrival<'_>], ports: &ServicePorts) {
    packets.sort_by_key(|arrival| FlowKey::of(&arrival.packet));
    for flow in packets.chunk_by_mut(|one, next| FlowKey::of(&one.packet) == FlowKey::of(&next.packet)) {
        if flow.len() > 1 {
            let bases = Bases::of(flow);
            flow.sort_by_cached_key(|arrival| Rank::of(arrival, &bases, ports));
        }
    }
}

/// Where a packet stands among those of its flow and time; the lowest goes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    /// An ICMP error follows what it quotes.
    reports: bool,
    /// Octets that its sender had sent, and had received, before it.
    progress: i64,
    /// Of equal progress an RST is the last, and what brings something new goes behind what does not.
    resets: bool,
    takes: u32,
    /// Nothing tells these apart but what the sender counts or says: any order will do, if it is always the same.
    answers: bool,
    identification: u16,
    window: u16,
    content: &'a [u8],
    /// Of copies the one that passed fewer routers is the original.
    ttl: Reverse<u8>,
}

impl<'a> Rank<'a> {
    fn of(arrival: &Arrival<'a>, bases: &Bases, ports: &ServicePorts) -> Self {
        let packet = &arrival.packet;
        let mut rank = Self {
            reports: false,
            progress: 0,
            resets: false,
            takes: 0,
            answers: false,
            identification: 0,
            window: 0,
            content: &[],
            ttl: Reverse(0),
        };
        match &packet.payload {
            Payload::Tcp(segment) => {
                let side = side(arrival, segment.source_port, segment.destination_port);
                rank.progress = bases.progress(segment, side);
                rank.resets = segment.control.rst();
                rank.takes = takes(segment);
                rank.answers = side == Side::Responder;
                rank.identification = packet.ip_id.unwrap_or(0);
                rank.window = segment.window;
                rank.content = segment.payload;
                rank.ttl = Reverse(packet.ttl);
            }
            Payload::Udp(datagram) => {
                let key = FlowKey::of(packet);
                rank.answers = key.is_some_and(|key| {
                    ports.rank(key.transport, datagram.source_port)
                        > ports.rank(key.transport, datagram.destination_port)
                });
                rank.content = datagram.payload;
            }
            Payload::Echo { request, sequence, .. } => {
                rank.progress = (*sequence).into();
                rank.answers = !request;
            }
            Payload::IcmpError(_) => rank.reports = true,
            Payload::Other(_) => {}
        }
        rank
    }
}

/// Where both directions stand when these packets begin, by the lower and the higher end of the key.
struct Bases {
    sequence: [u32; 2],
    /// The farthest that anything of that direction goes.
    reach: [i64; 2],
}

impl Bases {
    fn of(flow: &[Arrival<'_>]) -> Self {
        let mut numbers = [const { Vec::new() }; 2];
        for arrival in flow {
            let Payload::Tcp(segment) = &arrival.packet.payload else { continue };
            let [low, high] = &mut numbers;
            let (own, other) = match side(arrival, segment.source_port, segment.destination_port) {
                Side::Initiator => (low, high),
                Side::Responder => (high, low),
            };
            own.push(segment.sequence);
            if segment.control.ack() {
                other.push(segment.acknowledgement);
            }
        }
        // The one from which all others lie ahead. Where numbers go all around there is none, and which one is
        // taken must not depend on the order of the packets either.
        let base = |numbers: &mut Vec<u32>| {
            numbers.sort_unstable();
            numbers.iter().copied().reduce(|base, number| if distance(base, number) < 0 { number } else { base })
        };
        let sequence = numbers.each_mut().map(|numbers| base(numbers).unwrap_or(0));
        let [low, high] = &numbers;
        let reach = |numbers: &[u32], base| numbers.iter().map(|number| i64::from(distance(base, *number))).max();
        let reach = [reach(low, sequence[0]).unwrap_or(0), reach(high, sequence[1]).unwrap_or(0)];
        Self { sequence, reach }
    }

    fn progress(&self, segment: &Segment<'_>, side: Side) -> i64 {
        let [low, high] = self.sequence;
        let [low_reach, high_reach] = self.reach;
        let (own, other, reach) = match side {
            Side::Initiator => (low, high, high_reach),
            Side::Responder => (high, low, low_reach),
        };
        let received = match segment.control {
            control if control.ack() => distance(other, segment.acknowledgement).into(),
            // Who resets without naming what was received answers the last of it.
            control if control.rst() => reach,
            _ => 0,
        };
        i64::from(distance(own, segment.sequence)) + received
    }
}

/// The sender's end of the key: the lower one is called the initiator here.
fn side(arrival: &Arrival<'_>, source_port: u16, destination_port: u16) -> Side {
    let packet = &arrival.packet;
    if (packet.source, source_port) <= (packet.destination, destination_port) {
        Side::Initiator
    } else {
        Side::Responder
    }
}

fn takes(segment: &Segment<'_>) -> u32 {
    segment.payload_len.saturating_add(u32::from(segment.control.fin()))
}
