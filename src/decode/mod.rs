//! L2 to L4: a frame's octets as one packet.
//!
//! Link headers, tags and tunnels are peeled off until a packet is at the front that holds no other.
//! A tunnel whose inside is not a packet is itself the packet: its host did speak. Nothing here
//! believes more than was captured, and lengths are those that IP tells, since a snap length cuts
//! frames and Ethernet pads them.

mod ethernet;
mod fragments;
mod front;
mod health;
mod icmp;
mod layout;
mod link;
mod network;
mod packet;
mod straight;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;

use std::net::{IpAddr, Ipv4Addr};

pub use crate::capture::StepBack;
pub use fragments::{FragmentCounts, Unfinished};
pub use health::{Health, protocol_word};
pub use layout::{IpHeader, Layout, layout, place, quoted_layout};
pub use packet::{Control, Datagram, IcmpError, Packet, Payload, Quoted, Segment, TcpOptions};

use crate::capture::LinkType;
use crate::time::Time;
use fragments::Fragments;
use front::Front;
use link::Opened;
use network::Network;

/// Reads frames. Remembers nothing between them but the fragments that wait for others.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    /// Datagrams put together for the present frame: fragments may be tunnelled in fragments.
    whole: [Vec<u8>; DEPTH],
}

/// What a frame holds.
#[derive(Debug, Clone, Copy)]
pub enum Decoded<'a> {
    /// An IP packet: the innermost, and whole, where it came in fragments.
    Packet(Packet<'a>),
    /// A fragment, which waits for the others or repeats one.
    Held {
        /// Sender of the packet that it is of.
        source: IpAddr,
        /// Its receiver.
        destination: IpAddr,
        /// Its identification, as that of the whole packet.
        ip_id: u16,
    },
    /// An ARP request or reply.
    Arp {
        /// Who asks or answers; unspecified in a probe.
        sender: Ipv4Addr,
    },
    /// No IP packet; the word says why: a protocol beside IP, or damage.
    Undecoded(&'static str),
    /// Frames of this link type cannot be read.
    UnknownLink,
}

impl Decoder {
    /// Reads one frame: `octets` of the `wire_len` that it had on the wire, seen at `time`. Fragments
    /// are joined only with those of the same `origin`: files that were captured at once each have their own.
    pub fn decode<'a>(
        &'a mut self,
        link: LinkType,
        octets: &'a [u8],
        wire_len: u32,
        time: Time,
        origin: u32,
    ) -> Decoded<'a> {
        let Some(mut layer) = link::first(link) else {
            return Decoded::UnknownLink;
        };
        let mut front = Front::new(octets, wire_len);
        let (mut vlan, mut outer) = (None, None);
        for (tunnels, whole) in (0u8..).zip(&mut self.whole) {
            let network = match link::open(layer, front, &mut vlan) {
                Ok(Opened::Ip(front)) => network::read(front),
                Ok(Opened::Arp(sender)) => return Decoded::Arp { sender },
                Err(word) => Err(word),
            };
            let network = match network {
                Ok(network) => network,
                Err(word) => return outer.map_or(Decoded::Undecoded(word), Decoded::Packet),
            };
            let network = match network.fragment {
                None => network,
                Some(fragment) => match self.fragments.join(&network, fragment, time, origin, whole) {
                    Some((protocol, body)) => network.joined(protocol, body),
                    None => return held(&network),
                },
            };
            let packet = network.packet(vlan, tunnels);
            match tunnel::inside(&packet.payload, network.body) {
                None => return Decoded::Packet(packet),
                Some(inside) => (layer, front) = inside,
            }
            outer = Some(packet);
        }
        Decoded::Undecoded(TOO_DEEP)
    }

    /// What became of the fragments so far.
    pub fn fragment_counts(&self) -> FragmentCounts {
        self.fragments.counts()
    }

    /// Datagrams of which only some fragments came, in order of time.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        self.fragments.unfinished()
    }

    /// How many datagrams still wait for fragments. At the end of the captures these are lost, too.
    pub fn incomplete(&self) -> usize {
        self.fragments.waiting()
    }
}

fn held<'a>(network: &Network<'_>) -> Decoded<'a> {
    let (source, destination) = (network.source, network.destination);
    Decoded::Held { source, destination, ip_id: network.ip_id.unwrap_or_default() }
}

/// The packet that a frame holds, where it takes no more than a look: nearly always. `None` sends it to
/// [`stateless`].
#[inline]
pub fn straight(link: LinkType, octets: &[u8]) -> Option<Packet<'_>> {
    if link == LinkType::ETHERNET { straight::packet(octets) } else { None }
}

/// What a frame holds, where that can be told from the frame alone: nearly always. `None` sends it to
/// [`Decoder::decode`], for it holds a fragment or a tunnel.
pub fn stateless(link: LinkType, octets: &[u8], wire_len: u32) -> Option<Decoded<'_>> {
    let mut vlan = None;
    let Some(layer) = link::first(link) else { return Some(Decoded::UnknownLink) };
    let network = match link::open(layer, Front::new(octets, wire_len), &mut vlan) {
        Ok(Opened::Ip(front)) => network::read(front),
        Ok(Opened::Arp(sender)) => return Some(Decoded::Arp { sender }),
        Err(word) => Err(word),
    };
    let network = match network {
        Ok(network) => network,
        Err(word) => return Some(Decoded::Undecoded(word)),
    };
    if network.fragment.is_some() {
        return None;
    }
    let packet = network.packet(vlan, 0);
    tunnel::inside(&packet.payload, network.body).is_none().then_some(Decoded::Packet(packet))
}

/// IP protocol numbers (IANA).
mod protocol {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ICMP: u8 = 1;
    pub(super) const IPV4: u8 = 4;
    pub(super) const TCP: u8 = 6;
    pub(super) const UDP: u8 = 17;
    pub(super) const IPV6: u8 = 41;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const GRE: u8 = 47;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const ICMPV6: u8 = 58;
    pub(super) const DESTINATION_OPTIONS: u8 = 60;
}

/// IP headers read one inside the other: four tunnels and what is in them.
const DEPTH: usize = 5;
const TOO_DEEP: &str = "nested too deep";
