//! Who talks to whom: the key under which both directions of a flow meet.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::decode::{Packet, Payload};
use crate::time::Time;

/// Address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// IPv4 or IPv6 address.
    pub address: IpAddr,
    /// TCP or UDP port; the identifier of an ICMP echo.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}:{}", self.port),
            IpAddr::V6(address) => write!(f, "[{address}]:{}", self.port),
        }
    }
}

/// What carries the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
    /// ICMP and ICMPv6 echo.
    Icmp,
}

impl Transport {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
        }
    }
}

/// A five-tuple with its ends sorted, so that both directions have the same key. VLAN tags are no
/// part of it: the two directions of one flow often carry different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    /// The transport.
    pub transport: Transport,
    /// The lower end.
    pub low: Endpoint,
    /// The higher end.
    pub high: Endpoint,
}

impl FlowKey {
    /// The key of a packet from `source` to `destination`.
    pub fn new(transport: Transport, source: Endpoint, destination: Endpoint) -> Self {
        let in_order = match (source.address, destination.address) {
            // The usual case, without a call: what the derived order says, in two comparisons.
            (IpAddr::V4(from), IpAddr::V4(to)) => (from.to_bits(), source.port) <= (to.to_bits(), destination.port),
            _ => source <= destination,
        };
        let (low, high) = if in_order { (source, destination) } else { (destination, source) };
        Self { transport, low, high }
    }

    /// The key of the flow that a packet belongs to; of an ICMP error, of the flow that it quotes. `None` of
    /// what belongs to no flow.
    pub fn of(packet: &Packet<'_>) -> Option<Self> {
        let ends = |transport, source_port, destination_port| {
            let source = Endpoint { address: packet.source, port: source_port };
            Self::new(transport, source, Endpoint { address: packet.destination, port: destination_port })
        };
        match &packet.payload {
            Payload::Tcp(segment) => Some(ends(Transport::Tcp, segment.source_port, segment.destination_port)),
            Payload::Udp(datagram) => Some(ends(Transport::Udp, datagram.source_port, datagram.destination_port)),
            Payload::Echo { id, .. } => Some(ends(Transport::Icmp, *id, *id)),
            Payload::IcmpError(error) => {
                let quoted = &error.quoted;
                let transport = match quoted.protocol {
                    6 => Transport::Tcp,
                    17 => Transport::Udp,
                    _ => return None,
                };
                let (source_port, destination_port) = quoted.ports?;
                let source = Endpoint { address: quoted.source, port: source_port };
                Some(Self::new(transport, source, Endpoint { address: quoted.destination, port: destination_port }))
            }
            Payload::Other(_) => None,
        }
    }
}

/// Three words, where the derived hash feeds the hasher a dozen small pieces: it is asked for every packet.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (low, high) = (bits(self.low.address), bits(self.high.address));
        state.write_u128(low);
        state.write_u128(high);
        let ports = u64::from(self.low.port) << 16 | u64::from(self.high.port);
        state.write_u64(ports << 8 | self.transport as u64);
    }
}

/// An address as a number; equal numbers of different families only meet in one bucket.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// A frame of one of the captures: what a person can look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameRef {
    /// Index of the capture among the inputs, in the order of the report.
    pub capture: u32,
    /// 1-based frame number in that capture.
    pub number: u64,
}

/// When something was seen, and in which frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Packet time.
    pub time: Time,
    /// The frame.
    pub frame: FrameRef,
}
