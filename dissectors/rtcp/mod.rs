//! The control packets beside RTP (RFC 3550 §6) and beside SRTP (RFC 3711 §3.4), usually on the
//! next odd port.
//!
//! A whole compound packet proves itself: its lengths add up to its datagram. What follows,
//! media on the same port included, reads the conversation that [`crate::rtp`] keeps.

use crate::{Hint, Probe, Protocol, Transport, rtp};

mod compound;

#[cfg(test)]
mod tests;

pub use compound::Compound;

/// RTCP and SRTCP.
pub const PROTOCOL: Protocol =
    Protocol { name: "rtcp", tcp_ports: &[], udp_ports: &[5005], probe, open: rtp::open };

fn probe(hint: &Hint<'_>) -> Probe {
    match (hint.transport, Compound::read(hint.octets)) {
        (Transport::Udp, Some(compound)) if compound.is_whole && compound.starts_with_report() => Probe::Yes,
        (Transport::Udp, Some(_)) => Probe::Maybe,
        _ => Probe::No,
    }
}
