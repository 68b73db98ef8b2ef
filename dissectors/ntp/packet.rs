//! The NTP header (RFC 5905 §7.3) and what may follow it.

use std::fmt;

use crate::{Reader, Stop, Text, text};

/// Who speaks to whom (RFC 5905 figure 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode(pub u8);

impl Mode {
    /// A peer asks; domain controllers ask each other so, too.
    pub const SYMMETRIC_ACTIVE: Self = Self(1);
    /// A peer answers.
    pub const SYMMETRIC_PASSIVE: Self = Self(2);
    /// A client asks.
    pub const CLIENT: Self = Self(3);
    /// A server answers.
    pub const SERVER: Self = Self(4);
    /// A server tells everybody.
    pub const BROADCAST: Self = Self(5);
    /// Monitoring (RFC 9327).
    pub const CONTROL: Self = Self(6);
    /// Monitoring of one implementation.
    pub const PRIVATE: Self = Self(7);
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::SYMMETRIC_ACTIVE => "symmetric active",
            Self::SYMMETRIC_PASSIVE => "symmetric passive",
            Self::CLIENT => "client",
            Self::SERVER => "server",
            Self::BROADCAST => "broadcast",
            Self::CONTROL => "control",
            Self::PRIVATE => "private",
            Self(other) => return write!(f, "mode {other:#x}"),
        })
    }
}

/// One datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// About the time.
    Time(Packet),
    /// About the server itself.
    Control {
        /// 1 to 4.
        version: u8,
        /// `CONTROL` or `PRIVATE`.
        mode: Mode,
    },
}

impl Message {
    /// Reads a datagram.
    pub fn read(octets: &[u8]) -> Result<Self, Stop> {
        let mut r = Reader::new(octets);
        let first = r.u8("mode")?;
        let (leap, version, mode) = (first >> 6, first >> 3 & 7, Mode(first & 7));
        if !(1..=4).contains(&version) {
            return Err(r.malformed("version", "is outside 1 to 4"));
        }
        match mode {
            Mode::CONTROL | Mode::PRIVATE => {
                r.skip(CONTROL_HEADER - 1, "control header")?;
                Ok(Self::Control { version, mode })
            }
            Mode(0) => Err(r.malformed("mode", "is reserved")),
            _ => Packet::read(&mut r, leap, version, mode).map(Self::Time),
        }
    }
}

/// What is behind the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Nothing, or extension fields alone.
    None,
    /// A key identifier and a digest.
    Symmetric,
    /// A domain member asks its controller to sign: an empty digest, or the extended form (MS-SNTP §2.2).
    Domain,
}

/// The header of a packet about the time. Timestamps are 64 bits: seconds since 1900 and their fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// 3: the clock is not synchronised.
    pub leap: u8,
    /// 1 to 4.
    pub version: u8,
    /// Who speaks to whom.
    pub mode: Mode,
    /// Hops from a reference clock; 0 in a refusal, 16 unsynchronised.
    pub stratum: u8,
    /// The server's source; letters when the stratum is 0 or 1.
    pub reference: [u8; 4],
    /// When the clock was last set.
    pub updated: u64,
    /// The client's transmit timestamp, sent back.
    pub origin: u64,
    /// When the request came.
    pub receive: u64,
    /// When this packet left.
    pub transmit: u64,
    /// What follows.
    pub authentication: Authentication,
}

impl Packet {
    fn read(r: &mut Reader<'_>, leap: u8, version: u8, mode: Mode) -> Result<Self, Stop> {
        let stratum = r.u8("stratum")?;
        if stratum > MAX_STRATUM {
            return Err(r.malformed("stratum", "is above 16"));
        }
        r.skip(2, "poll and precision")?;
        r.skip(8, "root delay and dispersion")?;
        let reference = r.u32_be("reference")?.to_be_bytes();
        let updated = r.u64_be("reference timestamp")?;
        let origin = r.u64_be("origin timestamp")?;
        let receive = r.u64_be("receive timestamp")?;
        let transmit = r.u64_be("transmit timestamp")?;
        let authentication = match r.rest() {
            [_, _, _, _, digest @ ..] if digest.len() == MD5_DIGEST && digest.iter().all(|&octet| octet == 0) => {
                Authentication::Domain
            }
            rest if rest.len() == DOMAIN_EXTENDED => Authentication::Domain,
            rest if rest.len() == KEY + MD5_DIGEST || rest.len() == KEY + SHA1_DIGEST => Authentication::Symmetric,
            rest if rest.len().is_multiple_of(4) => Authentication::None,
            _ => return Err(r.malformed("extension", "is not of whole words")),
        };
        Ok(Self { leap, version, mode, stratum, reference, updated, origin, receive, transmit, authentication })
    }

    /// The code of a refusal ("kiss-o'-death", RFC 5905 §7.4): `RATE`, `DENY`, `RSTR`…
    pub fn kiss(&self) -> Option<Text> {
        let letters = self.reference.iter().all(u8::is_ascii_uppercase);
        (self.stratum == 0 && letters).then(|| text(&self.reference))
    }

    /// Whether the server vouches for its time.
    pub fn is_synchronised(&self) -> bool {
        self.leap != LEAP_UNKNOWN && (1..MAX_STRATUM).contains(&self.stratum)
    }

    /// Whether this is a reply whose times fit each other, which other data will not do: left within
    /// ten seconds of when the request came, by a clock set before.
    pub fn is_coherent_reply(&self) -> bool {
        let reply = matches!(self.mode, Mode::SERVER | Mode::SYMMETRIC_PASSIVE);
        let taken = self.transmit.checked_sub(self.receive);
        let prompt = taken.is_some_and(|taken| taken >> 32 < 10);
        reply && prompt && self.is_synchronised() && self.updated >> 32 != 0 && self.updated <= self.transmit
    }
}

/// Octets of a control message before its data.
const CONTROL_HEADER: usize = 12;
const MAX_STRATUM: u8 = 16;
const LEAP_UNKNOWN: u8 = 3;
const KEY: usize = 4;
const MD5_DIGEST: usize = 16;
const SHA1_DIGEST: usize = 20;
/// MS-SNTP §2.2.3: the ExtendedAuthenticator field.
const DOMAIN_EXTENDED: usize = 72;
