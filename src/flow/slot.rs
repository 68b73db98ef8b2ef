//! Where a table keeps a flow: as its first packet, while that is a SYN and all there is, else as what goes on.

use crate::decode::{Control, Packet, Payload, Segment, TcpOptions};
use crate::flow::{Arrival, Endpoint, Flow, FlowKey, Live, Moment, Observer, Oriented, Transport};
use crate::time::Time;

/// One flow of a table.
#[derive(Debug)]
pub(super) enum Slot<O> {
    /// A SYN and nothing else: of a flood or a scan, nearly all flows are.
    Single(Box<Single>),
    /// More than that.
    Live(Box<Live<O>>),
    /// Nothing any more: there was no room, and the flow was counted.
    Gone,
}

/// The SYN that is all there is of a flow; all of it that a [`Live`] flow would look at.
#[derive(Debug, Clone)]
pub(super) struct Single {
    pub(super) moment: Moment,
    wire_len: u32,
    sequence: u32,
    acknowledgement: u32,
    pub(super) source: Endpoint,
    pub(super) destination: Endpoint,
    ip_id: Option<u16>,
    window: u16,
    checksum: u16,
    options: TcpOptions,
    control: Control,
    ttl: u8,
    tunnels: u8,
}

impl Single {
    /// The packet as the whole of a flow; `None` when it says more than "SYN".
    pub(super) fn of(arrival: &Arrival<'_>, segment: &Segment<'_>) -> Option<Self> {
        let Control(bits) = segment.control;
        let others = Control::ACK | Control::RST | Control::FIN;
        if bits & Control::SYN == 0 || bits & others != 0 || segment.payload_len > 0 {
            return None;
        }
        let Arrival { moment, wire_len, packet } = *arrival;
        Some(Self {
            moment,
            wire_len,
            sequence: segment.sequence,
            acknowledgement: segment.acknowledgement,
            source: Endpoint { address: packet.source, port: segment.source_port },
            destination: Endpoint { address: packet.destination, port: segment.destination_port },
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
        source == self.source && bits & (others | Control::SYN) == Control::SYN && segment.sequence != self.sequence
    }

    pub(super) fn key(&self) -> FlowKey {
        FlowKey::new(Transport::Tcp, self.source, self.destination)
    }

    /// The flow that the SYN makes.
    pub(super) fn live<O: Observer>(&self, world: &O::World) -> Live<O> {
        let flow = Flow::new(self.key(), self.source, self.destination, Oriented::Syn, self.moment);
        let mut live = Live::new(flow);
        let segment = Segment {
            source_port: self.source.port,
            destination_port: self.destination.port,
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
            source: self.source.address,
            destination: self.destination.address,
            ttl: self.ttl,
            ip_id: self.ip_id,
            dont_fragment: false, // no flow looks at it
            vlan: None,           // nor at this
            tunnels: self.tunnels,
            payload: Payload::Tcp(segment),
        };
        let arrival = Arrival { moment: self.moment, wire_len: self.wire_len, packet };
        let side = live.flow.side_of(self.source);
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
    fn a_single_syn_takes_less_than_a_hundred_octets() {
        assert!(size_of::<Single>() <= 96, "{}", size_of::<Single>());
        assert_eq!(size_of::<Slot<()>>(), 16);
    }
}
