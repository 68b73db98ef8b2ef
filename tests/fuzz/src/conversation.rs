//! How octets become a conversation, and the reverse: seeds are written in the form that targets read.

use anyany_dissectors::{Side, Transport};

/// What two sides said, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// How it was framed.
    pub transport: Transport,
    /// Who said what.
    pub parts: Vec<Part>,
}

/// What one side said without being interrupted: octets of a stream, or one datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who spoke.
    pub side: Side,
    /// Octets of this side were lost before these.
    pub after_gap: bool,
    /// What was said.
    pub octets: Vec<u8>,
}

impl Conversation {
    /// Reads any octets: one for the transport, then parts, each with its kind and its length (two
    /// octets, little-endian) in front. The last part may be shorter than it says.
    pub fn read(octets: &[u8]) -> Self {
        let Some((transport, mut rest)) = octets.split_first() else {
            return Self { transport: Transport::Tcp, parts: Vec::new() };
        };
        let mut parts = Vec::new();
        while let [kind, low, high, behind @ ..] = rest {
            let length = usize::from(u16::from_le_bytes([*low, *high])).min(behind.len());
            let (octets, next) = behind.split_at(length);
            let side = if kind & RESPONDER == 0 { Side::Initiator } else { Side::Responder };
            parts.push(Part { side, after_gap: kind & AFTER_GAP != 0, octets: octets.to_vec() });
            rest = next;
        }
        Self { transport: if transport & UDP == 0 { Transport::Tcp } else { Transport::Udp }, parts }
    }

    /// The octets from which [`Conversation::read`] makes this one again. Parts longer than a
    /// length can tell are cut.
    pub fn write(&self) -> Vec<u8> {
        let mut octets = vec![if self.transport == Transport::Udp { UDP } else { 0 }];
        for part in &self.parts {
            let gap = if part.after_gap { AFTER_GAP } else { 0 };
            octets.push(gap | if part.side == Side::Responder { RESPONDER } else { 0 });
            let length = u16::try_from(part.octets.len()).unwrap_or(u16::MAX);
            octets.extend_from_slice(&length.to_le_bytes());
            octets.extend_from_slice(&part.octets[..usize::from(length)]);
        }
        octets
    }
}

const UDP: u8 = 1;
const RESPONDER: u8 = 1;
const AFTER_GAP: u8 = 2;
