//! Where in a frame its headers lie: for who writes frames anew.

use std::ops::Range;

use super::front::Front;
use super::link::{self, Opened};
use super::{DEPTH, Packet, network, tunnel};
use crate::capture::LinkType;

/// The IP headers of a frame, from the outermost to the innermost, and the packet that the last one heads.
#[derive(Debug, Clone)]
pub struct Layout<'a> {
    /// Each within the one before.
    pub headers: Vec<IpHeader>,
    /// The innermost packet; of a fragment, as much as it holds. `None` where there is no IP.
    pub packet: Option<Packet<'a>>,
}

/// One IP header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpHeader {
    /// Where it begins.
    pub at: usize,
    /// What it carries, behind all extension headers, as far as that was captured.
    pub body: Range<usize>,
    /// The protocol of the body.
    pub protocol: u8,
    /// For a piece of a datagram: where in it the piece begins, and the datagram's identification.
    pub fragment: Option<(u32, u32)>,
}

/// Finds the IP headers of a frame, without joining fragments.
pub fn layout(link: LinkType, octets: &[u8], wire_len: u32) -> Layout<'_> {
    let mut found = Layout { headers: Vec::new(), packet: None };
    let Some(mut layer) = link::first(link) else { return found };
    let mut front = Front::new(octets, wire_len);
    let mut vlan = None;
    for tunnels in (0u8..).take(DEPTH) {
        let Ok(Opened::Ip(ip)) = link::open(layer, front, &mut vlan) else { break };
        let Ok(network) = network::read(ip) else { break };
        let (Some(at), Some(body)) = (place(octets, ip.octets), place(octets, network.body.octets)) else { break };
        let fragment = network.fragment.map(|fragment| (fragment.offset, fragment.id));
        let protocol = network.protocol;
        found.headers.push(IpHeader { at: at.start, body, protocol, fragment });
        let packet = network.packet(vlan, tunnels);
        let inside = if fragment.is_some() { None } else { tunnel::inside(&packet.payload, network.body) };
        found.packet = Some(packet);
        match inside {
            Some(inside) => (layer, front) = inside,
            None => break,
        }
    }
    found
}

/// Finds the IP header at the front of `octets`: what an ICMP error quotes.
pub fn quoted_layout(octets: &[u8]) -> Option<IpHeader> {
    let network = network::read(Front::new(octets, u32::MAX)).ok()?;
    let fragment = network.fragment.map(|fragment| (fragment.offset, fragment.id));
    Some(IpHeader { at: 0, body: place(octets, network.body.octets)?, protocol: network.protocol, fragment })
}

/// Where `part`, a slice of `whole`, lies in it.
pub fn place(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}
