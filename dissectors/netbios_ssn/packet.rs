//! The four octets in front of everything on TCP 139 and 445 (RFC 1002 §4.3.1; MS-SMB2 §2.1).

use crate::{Reader, Stop};

/// What a session packet is for (RFC 1002 §4.3.1). Direct TCP knows [`Kind::MESSAGE`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub u8);

impl Kind {
    /// User data: an SMB message. Empty, it is a keep-alive.
    pub const MESSAGE: Self = Self(0x00);
    /// The client names whom it wants to talk to, and itself.
    pub const REQUEST: Self = Self(0x81);
    /// The session is accepted.
    pub const POSITIVE: Self = Self(0x82);
    /// The session is refused.
    pub const NEGATIVE: Self = Self(0x83);
    /// The session is to be had elsewhere.
    pub const RETARGET: Self = Self(0x84);
    /// Nothing but a sign of life.
    pub const KEEP_ALIVE: Self = Self(0x85);
}

/// The header of a session packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// What it is for.
    pub kind: Kind,
    /// Octets that follow the header. The session service counts them in 17 bits, direct TCP in
    /// 24; the bits that only direct TCP has are zero in the session service, so both read alike.
    pub length: usize,
}

impl Packet {
    /// Octets of this header.
    pub const HEADER: usize = 4;

    /// Reads the header, which fits only if its kind may have such a length.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let kind = Kind(r.u8("packet type")?);
        let length = r.u24_be("packet length")?;
        let fits = match kind {
            Kind::MESSAGE => true,
            Kind::REQUEST => (2 * SHORTEST_NAME..=2 * LONGEST_NAME).contains(&length),
            Kind::POSITIVE | Kind::KEEP_ALIVE => length == 0,
            Kind::NEGATIVE => length == 1,
            Kind::RETARGET => length == 6,
            _ => return Err(r.malformed("packet type", "is none of the session service")),
        };
        match usize::try_from(length) {
            Ok(length) if fits => Ok(Self { kind, length }),
            _ => Err(r.malformed("packet length", "does not fit the packet type")),
        }
    }

    /// Octets of the whole packet.
    pub fn whole(self) -> usize {
        Self::HEADER.saturating_add(self.length)
    }
}

/// An encoded name without scope: a length octet, 32 letters, the empty label.
const SHORTEST_NAME: u32 = 34;

/// RFC 1002 §4.1.
const LONGEST_NAME: u32 = 255;
