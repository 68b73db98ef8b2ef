//! Who talks to whom: the key under which both directions of a flow meet.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::num::NonZeroU64;

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
    #[inline]
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

/// Two words, or five, where the derived hash feeds the hasher a dozen small pieces: it is asked for every packet.
impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self.low.address, self.high.address) {
            (IpAddr::V4(low), IpAddr::V4(high)) => {
                state.write_u64(u64::from(low.to_bits()) << 32 | u64::from(high.to_bits()));
            }
            (low, high) => {
                state.write_u128(bits(low));
                state.write_u128(bits(high));
            }
        }
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
///
/// In one word, and never 0: a conversation keeps a dozen of them, most of which are absent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameRef(NonZeroU64);

impl FrameRef {
    /// The `number`-th frame (from 1) of the capture with this index among the inputs. What no input reaches
    /// (a million captures, frames of 16 terabytes) is held at the end of the range.
    pub fn new(capture: u32, number: u64) -> Self {
        let capture = u64::from(capture).min(MOST_CAPTURES);
        Self(NonZeroU64::MIN.saturating_add((capture << NUMBER_BITS | number.clamp(1, MOST_FRAMES)) - 1))
    }

    /// Index of the capture among the inputs, in the order of the report.
    pub fn capture(self) -> u32 {
        u32::try_from(self.0.get() >> NUMBER_BITS).unwrap_or(u32::MAX)
    }

    /// 1-based frame number in that capture.
    pub fn number(self) -> u64 {
        self.0.get() & MOST_FRAMES
    }
}

impl fmt::Debug for FrameRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.capture(), self.number())
    }
}

/// Room for the number.
const NUMBER_BITS: u32 = 44;
const MOST_FRAMES: u64 = (1 << NUMBER_BITS) - 1;
const MOST_CAPTURES: u64 = (1 << (64 - NUMBER_BITS)) - 1;

/// When something was seen, and in which frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Packet time.
    pub time: Time,
    /// The frame.
    pub frame: FrameRef,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_word_in_the_order_of_captures_and_numbers() {
        assert_eq!((size_of::<FrameRef>(), size_of::<Option<Moment>>()), (8, 16));
        let frames = [(0, 1), (0, 2), (0, 1 << 40), (1, 1), (7, 3), (1 << 19, 5)];
        let made = frames.map(|(capture, number)| FrameRef::new(capture, number));
        assert_eq!(made.map(|frame| (frame.capture(), frame.number())), frames);
        assert!(made.is_sorted());
    }

    #[test]
    fn what_no_input_reaches_is_held_at_the_end() {
        let last = FrameRef::new(u32::MAX, u64::MAX);
        assert_eq!((u64::from(last.capture()), last.number()), (MOST_CAPTURES, MOST_FRAMES));
        assert_eq!(FrameRef::new(3, 0), FrameRef::new(3, 1));
    }
}
