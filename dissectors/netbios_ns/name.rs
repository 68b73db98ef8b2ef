//! NetBIOS names as the wire spells them (RFC 1001 §14, RFC 1002 §4.1).

use std::fmt;

use crate::{Reader, Stop, Text, text};

/// A NetBIOS name: fifteen characters that people chose, and an octet that says what listens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name without its padding, in the code page of whoever registered it.
    pub text: Text,
    /// The sixteenth octet.
    pub suffix: Suffix,
}

/// The sixteenth octet of a NetBIOS name: the service behind it (MS-NBTE §1.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suffix(pub u8);

impl Suffix {
    /// The workstation service; of a group: the domain.
    pub const WORKSTATION: Self = Self(0x00);
    /// The server service: who has it serves SMB.
    pub const SERVER: Self = Self(0x20);

    /// Whether a unique name of this kind is the name of a computer.
    pub fn names_a_host(self) -> bool {
        matches!(self, Self::WORKSTATION | Self::SERVER)
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02x}", self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}<{:02x}>", self.text, self.suffix.0)
    }
}

impl Name {
    /// From the sixteen octets that it has outside the first-level encoding.
    pub fn from_octets(octets: [u8; DECODED]) -> Self {
        let [characters @ .., suffix] = octets;
        // `*`, the name that asks for a node's status, is padded with NUL, all others with spaces.
        let end = characters.iter().rposition(|&octet| octet != b' ' && octet != 0).map_or(0, |last| last + 1);
        Self { text: text(characters.get(..end).unwrap_or_default()), suffix: Suffix(suffix) }
    }

    /// The first-level encoding (RFC 1001 §14.1) and the scope behind it, which is stepped over.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        if usize::from(r.u8("name length")?) != ENCODED {
            return Err(r.malformed("name length", "is not that of an encoded NetBIOS name"));
        }
        let mut octets = [0; DECODED];
        for octet in &mut octets {
            *octet = (nibble(r)? << 4) | nibble(r)?;
        }
        skip_labels(r)?;
        Ok(Self::from_octets(octets))
    }
}

/// Steps over the labels of a name up to its end: an empty label or a pointer (RFC 1002 §4.2.1.2).
pub fn skip_labels(r: &mut Reader<'_>) -> Result<(), Stop> {
    for _ in 0..=MAX_LABELS {
        match r.u8("label length")? {
            0 => return Ok(()),
            length @ 1..0x40 => r.skip(length.into(), "label")?,
            0xc0.. => return r.skip(1, "label pointer"),
            _ => return Err(r.malformed("label length", "is neither a length nor a pointer")),
        }
    }
    Err(r.malformed("label", "is one too many for a name of 255 octets"))
}

/// One letter of the encoding: `A` stands for 0, `P` for 15.
fn nibble(r: &mut Reader<'_>) -> Result<u8, Stop> {
    match r.u8("name")? {
        letter @ b'A'..=b'P' => Ok(letter - b'A'),
        _ => Err(r.malformed("name", "has a letter outside A to P")),
    }
}

/// Octets of a name, the suffix included.
pub const DECODED: usize = 16;

/// Letters that encode them.
const ENCODED: usize = 32;

/// More labels do not fit into a name (RFC 1002 §4.1: at most 255 octets).
const MAX_LABELS: usize = 127;
