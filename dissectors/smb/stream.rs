//! Messages in one side's stream: the session packet around them (RFC 1002 §4.3; MS-SMB2 §2.1),
//! several requests compounded in one (MS-SMB2 §3.2.4.1.4), and the way back after a loss.

use super::conversation::Conversation;
use super::message::Front;
use super::{v1, v2};
use crate::netbios_ssn::{Kind, Packet};
use crate::{Dialogue, Fact, Reader, Side, Stop};

/// An SMB connection, from its start or from its middle.
#[derive(Default)]
pub struct Stream {
    initiator: Reading,
    responder: Reading,
    /// Whether a message was read, so that what does not fit is a loss rather than another protocol.
    proven: bool,
    conversation: Conversation,
}

/// How far one side is read.
#[derive(Default)]
struct Reading {
    place: Place,
    /// Encrypted messages in a row.
    sealed: usize,
}

/// What the next octets of one side are.
#[derive(Default, Clone, Copy)]
enum Place {
    /// The first octets that were captured: a header, or the tail of a message in front of one.
    #[default]
    Start,
    /// The header of a session packet.
    Packet,
    /// The next of several messages in one session packet, of which so many octets are left.
    Compounded(usize),
    /// Octets from an arbitrary point.
    Lost,
}

impl Stream {
    /// Whether a message of SMB was read.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    fn reading(&mut self, side: Side) -> &mut Reading {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }

    /// Reads a session packet up to the end of its first message.
    fn packet(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let mut r = Reader::new(octets);
        let packet = Packet::read(&mut r)?;
        if packet.kind != Kind::MESSAGE || packet.length == 0 {
            self.reading(side).place = Place::Packet;
            return Ok(packet.whole());
        }
        let length = self.message(side, r.rest(), packet.length, tell)?;
        Ok(Packet::HEADER.saturating_add(length))
    }

    /// Reads one message of a session packet of which `left` octets are left.
    fn message(
        &mut self,
        side: Side,
        octets: &[u8],
        left: usize,
        tell: &mut dyn FnMut(Fact),
    ) -> Result<usize, Stop> {
        let front = Front::new(octets, left);
        let (length, sealed) = match front.field(0, MAGIC, "protocol id")? {
            V1 => {
                self.conversation.hear(&v1::read(front)?, tell)?;
                (left, false)
            }
            V2 => {
                let header = v2::Header::read(front)?;
                let length = header.next(left).unwrap_or(left);
                self.conversation.hear(&v2::read(&header, Front::new(octets, length))?, tell)?;
                (length, false)
            }
            SEALED => {
                tell(Fact::Detail { key: "encrypted", value: true.into() });
                (left, true)
            }
            COMPRESSED => {
                tell(Fact::Detail { key: "compressed", value: true.into() });
                (left, false)
            }
            _ => return Err(front.reader().malformed("protocol id", "is none of SMB")),
        };
        self.proven = true;
        let reading = self.reading(side);
        reading.sealed = if sealed { reading.sealed.saturating_add(1) } else { 0 };
        reading.place = match left.saturating_sub(length) {
            0 => Place::Packet,
            left => Place::Compounded(left),
        };
        Ok(length)
    }

    /// Steps to the next message, over octets that do not fit, if this is SMB at all.
    fn astray(&mut self, side: Side, octets: &[u8], stop: Stop) -> Result<usize, Stop> {
        // Whatever stands at the very front is what did not fit.
        let further = octets.get(1..).unwrap_or_default();
        let found = find(further);
        if found.is_none() && !self.proven {
            return Err(stop);
        }
        self.reading(side).place = Place::Lost;
        self.conversation.gap(side);
        Ok(1 + found.unwrap_or(further.len().saturating_sub(HEAD)))
    }

    /// Steps over octets up to the next message, and reads it.
    fn search(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match find(octets) {
            Some(0) => {
                self.reading(side).place = Place::Packet;
                self.read(side, octets, tell)
            }
            Some(at) => Ok(at),
            // The last few octets may be the front of a header.
            None => match octets.len().checked_sub(HEAD - 1) {
                None | Some(0) => Err(Stop::Incomplete { field: "next message", more: 1 }),
                Some(passed) => Ok(passed),
            },
        }
    }
}

impl Dialogue for Stream {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let read = match self.reading(side).place {
            Place::Start => match find(octets) {
                Some(at) if at > 0 => {
                    self.reading(side).place = Place::Packet;
                    return Ok(at);
                }
                _ => self.packet(side, octets, tell),
            },
            Place::Packet => self.packet(side, octets, tell),
            Place::Compounded(left) => self.message(side, octets, left, tell),
            Place::Lost => return self.search(side, octets, tell),
        };
        match read {
            Err(stop) if !stop.is_incomplete() => self.astray(side, octets, stop),
            read => read,
        }
    }

    fn gap(&mut self, side: Side) -> bool {
        self.reading(side).place = Place::Lost;
        self.conversation.gap(side);
        true
    }

    /// One share may be encrypted and another not (MS-SMB2 §3.3.5.2.5), so a single encrypted message
    /// does not end the story; many in a row do.
    fn finished(&self, side: Side) -> bool {
        let reading = match side {
            Side::Initiator => &self.initiator,
            Side::Responder => &self.responder,
        };
        reading.sealed >= SEALED_FOR_GOOD
    }
}

/// Where the first session packet with an SMB message begins in `octets`.
pub(super) fn find(octets: &[u8]) -> Option<usize> {
    octets.windows(HEAD).position(|window| {
        // Of octets that are something else, nearly all end here.
        if !matches!(window, [_, _, _, _, 0xfc..=0xff, b'S', b'M', b'B']) {
            return false;
        }
        let mut r = Reader::new(window);
        let packet = Packet::read(&mut r);
        let shortest = match r.rest() {
            V1 => v1::SHORTEST,
            V2 => v2::HEADER,
            SEALED => SEALED_HEADER,
            COMPRESSED => COMPRESSED_HEADER,
            _ => return false,
        };
        packet.is_ok_and(|packet| packet.kind == Kind::MESSAGE && packet.length >= shortest)
    })
}

/// Whether `octets`, too short for [`find`], may be the front of a session packet with an SMB message.
pub(super) fn may_begin(octets: &[u8]) -> bool {
    let magic = octets.get(Packet::HEADER..).unwrap_or_default();
    octets.len() < HEAD
        && octets.first() == Some(&Kind::MESSAGE.0)
        && [V1, V2, SEALED, COMPRESSED].iter().any(|known| known.starts_with(magic))
}

/// Octets of a protocol id.
const MAGIC: usize = 4;

/// Octets by which a message is recognised: the session packet's header and the protocol id.
const HEAD: usize = Packet::HEADER + MAGIC;

/// Protocol ids: MS-CIFS §2.2.3.1; MS-SMB2 §2.2.1, §2.2.41, §2.2.42.
const V1: &[u8] = b"\xffSMB";
const V2: &[u8] = b"\xfeSMB";
const SEALED: &[u8] = b"\xfdSMB";
const COMPRESSED: &[u8] = b"\xfcSMB";

/// Octets of the headers in front of encrypted and of compressed messages.
const SEALED_HEADER: usize = 52;
const COMPRESSED_HEADER: usize = 16;

/// So many encrypted messages in a row, and the whole session is taken to be encrypted.
const SEALED_FOR_GOOD: usize = 16;
