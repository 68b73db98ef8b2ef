//! The real-time transport protocol (RFC 3550 §5) and its encrypted form with the same header
//! (RFC 3711 §3.1), on ports that a session description promised.
//!
//! Its header has two certain bits, so one datagram is never proof. The dialogue waits until a
//! source goes on counting, then says so with [`Fact::Service`]: a flow of which that was never said
//! only might be media. One in which no source counts on is given up as malformed. Control packets may share the port (RFC 5761), as do STUN, DTLS and ZRTP
//! (RFC 7983): those neither prove nor disprove anything.

use crate::rtcp::Compound;
use crate::{Dialogue, Fact, Hint, Probe, Protocol, Side, Stop, Transport};

mod packet;
mod sources;

#[cfg(test)]
mod tests;

use packet::Packet;
use sources::{Heard, Sources};

/// RTP and SRTP.
pub const PROTOCOL: Protocol = Protocol { name: "rtp", tcp_ports: &[], udp_ports: &[5004], probe, open };

/// A conversation of media and its control packets.
pub fn open(_: Transport) -> Box<dyn Dialogue> {
    Box::new(Conversation::default())
}

fn probe(hint: &Hint<'_>) -> Probe {
    match (hint.transport, Packet::read(hint.octets)) {
        (Transport::Udp, Ok(_)) => Probe::Maybe,
        _ => Probe::No,
    }
}

/// Media and control packets of one flow.
#[derive(Default)]
struct Conversation {
    /// By [`Side::index`].
    sources: [Sources; 2],
    /// What the flow is was proved: by media that count on, or by a whole control packet.
    proved: Option<Kind>,
    /// Datagrams that speak against media, before anything was proved.
    doubts: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Media,
    Control,
}

impl Dialogue for Conversation {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if let Some(compound) = Compound::read(octets) {
            if compound.is_whole && self.proved.is_none() {
                self.proved = Some(Kind::Control);
                tell(Fact::Service("rtcp"));
            }
            compound.tell(tell);
        } else if let Ok(packet) = Packet::read(octets) {
            self.media(side, packet, tell)?;
        } else if !is_neighbour(octets) {
            self.doubt()?;
        }
        Ok(octets.len())
    }
}

impl Conversation {
    fn media(&mut self, side: Side, packet: Packet, tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let [initiator, responder] = &mut self.sources;
        let sources = if side == Side::Initiator { initiator } else { responder };
        match sources.hear(packet) {
            Heard::First | Heard::Again => Ok(()),
            Heard::Doubtful => self.doubt(),
            Heard::GoesOn { is_new_source, is_new_type } => {
                if self.proved != Some(Kind::Media) {
                    self.proved = Some(Kind::Media);
                    tell(Fact::Service("rtp"));
                    tell(Fact::Detail { key: "ssrc", value: packet.ssrc_text().into() });
                    tell(Fact::Detail { key: "payload_type", value: u64::from(packet.payload_type).into() });
                }
                if is_new_source {
                    tell(Fact::Member { key: "ssrcs", value: packet.ssrc_text().into() });
                }
                if is_new_type {
                    tell(Fact::Member { key: "payload_types", value: u64::from(packet.payload_type).into() });
                }
                Ok(())
            }
        }
    }

    fn doubt(&mut self) -> Result<(), Stop> {
        if self.proved.is_none() {
            self.doubts = self.doubts.saturating_add(1);
            if self.doubts >= MAX_DOUBTS {
                return Err(Stop::Malformed { field: "sequence number", at: 2, why: "of no source goes on" });
            }
        }
        Ok(())
    }
}

/// Whether the datagram is of a protocol that shares the port with media, told by its first octet
/// (RFC 7983 §7: STUN 0-3, ZRTP 16-19, DTLS 20-63, TURN 64-79), or a keep-alive too short to be anything.
fn is_neighbour(octets: &[u8]) -> bool {
    octets.len() <= MAX_KEEP_ALIVE || octets.first().is_some_and(|&first| matches!(first, 0..=3 | 16..=79))
}

/// Doubtful datagrams after which the flow is no media. A bundle of audio, video and shared screen
/// starts with as many sources, each with one.
const MAX_DOUBTS: u8 = 4;
/// Octets of the empty packets that hold a firewall open (RFC 6263 §4.1).
const MAX_KEEP_ALIVE: usize = 4;
