//! Where a table keeps a flow: as its first packet, while that is a SYN and all there is, else as what goes on.

use std::net::{IpAddr, Ipv4Addr};

use crate::decode::{Control, Packet, Payload, Segment, TcpOptions};
use crate::flow::{Arrival, Deaf, Endpoint, Flow, FlowKey, Live, Moment, Observer, Oriented, Transport};
use crate::time::Time;

/// One flow of a table.
#[derive(Debug)]
pub(super) enum Slot<O> {
    /// A SYN and nothing else: of a flood or a scan, nearly all flows are.
    Single(Syn),
    /// More than that.
    Live(Box<Live<O>>),
    /// Nothing any more: there was no room, and the flow was counted.
    Gone,
}

/// A flow of which no more will come.
#[derive(Debug)]
pub enum Ended<O> {
    /// A SYN and nothing else. Whose it was is not among the signs of life yet.
    Lone(Syn),
    /// More than that.
    Flow(Box<Live<O>>),
}

/// Boxed where it is read, and nowhere else: a table has a word for each flow, and lists of them are moved and sorted.
pub type Syn = Box<Single>;

/// The SYN that is all there is of a flow; all of it that a [`Live`] flow would look at.
#[derive(Debug, Clone)]
pub struct Single {
    /// When it came, and in which frame.
    pub moment: Moment,
    addresses: Addresses,
    wire_len: u32,
    sequence: u32,
    acknowledgement: u32,
    source_port: u16,
    destination_port: u16,
    ip_id: Option<u16>,
    window: u16,
    checksum: u16,
    options: TcpOptions,
    control: Control,
    ttl: u8,
    tunnels: u8,
}

/// Source and destination. A flood is of IPv4, nearly always: its addresses take half of the room.
#[derive(Debug, Clone)]
enum Addresses {
    V4(Ipv4Addr, Ipv4Addr),
    Other(Box<(IpAddr, IpAddr)>),
}

impl Single {
    /// The packet as the whole of a flow; `None` when it says more than "SYN".
    pub(super) fn of(arrival: &Arrival<'_>, segment: &Segment<'_>) -> Option<Self> {
        let Control(bits) = segment.control;
        let others = Control::ACK | Control::RST | Control::FIN;
        if bits & Control::SYN == 0 || bits & others != 0 || segment.payload_len > 0 {
            return None;
        }
        let Arrival { moment, wire_len, packet, .. } = *arrival;
        Some(Self {
            moment,
            wire_len,
            sequence: segment.sequence,
            acknowledgement: segment.acknowledgement,
            addresses: match (packet.source, packet.destination) {
                (IpAddr::V4(source), IpAddr::V4(destination)) => Addresses::V4(source, destination),
                others => Addresses::Other(Box::new(others)),
            },
            source_port: segment.source_port,
            destination_port: segment.destination_port,
            ip_id: packet.ip_id,
            window: segment.window,
            checksum: segment.checksum,
            options: segment.options,
            control: segment.control,
            ttl: packet.ttl,
            tunnels: packet.tunnels,
        })
    }

    /// Whether a packet of `source` is a SYN that begins another attempt on the same five-tuple.
    pub(super) fn is_before(&self, source: Endpoint, segment: &Segment<'_>) -> bool {
        let Control(bits) = segment.control;
        let others = Control::ACK | Control::RST;
        source == self.source() && bits & (others | Control::SYN) == Control::SYN && segment.sequence != self.sequence
    }

    /// Who called.
    pub fn source(&self) -> Endpoint {
        let address = match &self.addresses {
            Addresses::V4(source, _) => IpAddr::V4(*source),
            Addresses::Other(both) => both.0,
        };
        Endpoint { address, port: self.source_port }
    }

    /// Who was called.
    pub fn destination(&self) -> Endpoint {
        let address = match &self.addresses {
            Addresses::V4(_, destination) => IpAddr::V4(*destination),
            Addresses::Other(both) => both.1,
        };
        Endpoint { address, port: self.destination_port }
    }

    /// Sorted five-tuple.
    pub fn key(&self) -> FlowKey {
        FlowKey::new(Transport::Tcp, self.source(), self.destination())
    }

    /// The time to live that its sender shows here.
    pub fn ttl(&self) -> u8 {
        self.ttl
    }

    /// The whole flow, now that no more of it will come.
    pub fn flow(&self) -> Flow {
        let mut live = self.live::<Deaf>(&());
        live.end(&());
        live.flow
    }

    /// The flow that the SYN makes.
    pub(super) fn live<O: Observer>(&self, world: &O::World) -> Live<O> {
        let (source, destination) = (self.source(), self.destination());
        let flow = Flow::new(self.key(), source, destination, Oriented::Syn, self.moment);
        let mut live = Live::new(flow);
        let segment = Segment {
            source_port: source.port,
            destination_port: destination.port,
            sequence: self.sequence,
            acknowledgement: self.acknowledgement,
            control: self.control,
            window: self.window,
            checksum: self.checksum,
            options: self.options,
            payload: &[],
            payload_len: 0,
        };
        let packet = Packet {
            source: source.address,
            destination: destination.address,
            ttl: self.ttl,
            ip_id: self.ip_id,
            dont_fragment: false, // no flow looks at it
            vlan: None,           // nor at this
            tunnels: self.tunnels,
            payload: Payload::Tcp(segment),
        };
        let arrival = Arrival::new(self.moment, self.wire_len, packet);
        let side = live.flow.side_of(source);
        live.hear(side, self.moment.time);
        live.segment(&arrival, &segment, side, world);
        live
    }
}

impl<O: Observer> Slot<O> {
    /// Whose flow it is.
    pub(super) fn key(&self) -> Option<FlowKey> {
        match self {
            Self::Single(single) => Some(single.key()),
            Self::Live(live) => Some(live.flow.key),
            Self::Gone => None,
        }
    }

    /// Whether it is of this five-tuple.
    #[inline]
    pub(super) fn is_of(&self, key: &FlowKey) -> bool {
        match self {
            Self::Live(live) => live.flow.key == *key,
            Self::Single(single) => single.key() == *key,
            Self::Gone => false,
        }
    }

    /// When its last packet came.
    pub(super) fn last(&self) -> Option<Time> {
        match self {
            Self::Single(single) => Some(single.moment.time),
            Self::Live(live) => Some(live.flow.last.time),
            Self::Gone => None,
        }
    }

    /// The flow, for a packet that says more than the first one did.
    pub(super) fn live(&mut self, world: &O::World) -> Option<&mut Live<O>> {
        if let Self::Single(single) = self {
            *self = Self::Live(Box::new(single.live(world)));
        }
        match self {
            Self::Live(live) => Some(live),
            Self::Single(_) | Self::Gone => None,
        }
    }

    /// The flow as it is when no more comes.
    pub(super) fn into_ended(self) -> Option<Ended<O>> {
        match self {
            Self::Single(single) => Some(Ended::Lone(single)),
            Self::Live(live) => Some(Ended::Flow(live)),
            Self::Gone => None,
        }
    }

    /// The flow by itself.
    pub(super) fn into_live(self, world: &O::World) -> Option<Live<O>> {
        match self {
            Self::Single(single) => Some(single.live(world)),
            Self::Live(live) => Some(*live),
            Self::Gone => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_syn_takes_little_more_than_it_took_on_the_wire() {
        assert!(size_of::<Single>() <= 72, "{}", size_of::<Single>());
        assert_eq!(size_of::<Slot<()>>(), 16);
    }
}
