//! The sources of media that one side sends, and whether they count on (RFC 3550 §A.1).

use super::packet::Packet;

/// A few sources: audio, video, a shared screen, and what took their place during the call.
#[derive(Default)]
pub struct Sources {
    known: Vec<Source>,
    /// Payload types of proved sources, a bit each.
    types: u128,
}

struct Source {
    ssrc: u32,
    last: u16,
    proved: bool,
}

/// What one more packet says about its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The side's first source.
    First,
    /// The same packet, or an older one: a duplicate or reordering.
    Again,
    /// The next packet of a known source, within a small loss.
    GoesOn { is_new_source: bool, is_new_type: bool },
    /// Another source, or one that jumped.
    Doubtful,
}

impl Sources {
    /// Takes one packet in.
    pub fn hear(&mut self, packet: Packet) -> Heard {
        let Some(source) = self.known.iter_mut().find(|source| source.ssrc == packet.ssrc) else {
            let heard = if self.known.is_empty() { Heard::First } else { Heard::Doubtful };
            // The newest stay: before anything is proved, the old ones may be noise.
            if self.known.len() == MAX_SOURCES {
                self.known.remove(0);
            }
            self.known.push(Source { ssrc: packet.ssrc, last: packet.sequence, proved: false });
            return heard;
        };
        let step = packet.sequence.wrapping_sub(source.last);
        if step == 0 || step > u16::MAX - MAX_STEP {
            return Heard::Again;
        }
        source.last = packet.sequence;
        if step > MAX_STEP {
            return Heard::Doubtful;
        }
        let bit = 1u128 << (packet.payload_type & 0x7f);
        let is_new_type = self.types & bit == 0;
        self.types |= bit;
        let is_new_source = !std::mem::replace(&mut source.proved, true);
        Heard::GoesOn { is_new_source, is_new_type }
    }
}

/// Sources that are followed at one time.
const MAX_SOURCES: usize = 8;
/// How far a source may jump from one captured packet to the next: a burst of loss.
const MAX_STEP: u16 = 20;
