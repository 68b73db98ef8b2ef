//! The format of Solaris' `snoop` (RFC 1761): a file header, then records; all numbers big-endian.

use super::order::Order::Big;
use super::step::{Place, Step};
use super::{LinkType, Summary};
use crate::time::Time;

/// A reader behind the file header.
#[derive(Debug)]
pub(super) struct Snoop {
    link: LinkType,
}

impl Snoop {
    /// Reads the file header: the reader, or the unusable version. `None` when `header` is not one.
    pub(super) fn open(header: &[u8]) -> Option<Result<Self, u32>> {
        let (version, datalink) = (Big.u32(header, 8)?, Big.u32(header, 12)?);
        if !header.starts_with(MAGIC) {
            return None;
        }
        Some(if version == 2 { Ok(Self { link: link(datalink) }) } else { Err(version) })
    }

    /// Reads the record at the front of `window`.
    pub(super) fn step(&self, window: &[u8], summary: &mut Summary) -> Step {
        let Some(header) = window.first_chunk::<RECORD>() else { return Step::Needs(RECORD) };
        let number = |at| Big.u32(header, at).unwrap_or_default();
        let (wire, captured, length, lost, seconds, micros) =
            (number(0), number(4), number(8), number(12), number(16), number(20));
        if captured > LONGEST {
            return Step::Broken(format!(
                "a packet of {captured} octets, more than the {LONGEST} that any capture keeps: damaged from here on"
            ));
        }
        let end = RECORD + captured as usize;
        let length = length as usize;
        if length < end || length - end > MOST_PADDING {
            return Step::Broken(format!(
                "a record of {length} octets for a packet of {captured} octets: damaged from here on"
            ));
        }
        if window.len() < length {
            return Step::Needs(length);
        }
        // Lost since the capture began, up to this packet.
        summary.lost_by_capture = summary.lost_by_capture.max(lost.into());
        Step::Packet(Place {
            length,
            octets: RECORD..end,
            time: Some(Time(i64::from(seconds) * 1_000_000_000 + i64::from(micros) * 1_000)),
            link: self.link,
            interface: 0,
            wire_len: wire.max(captured),
        })
    }
}

/// The datalink types of the registry (IANA, snoop datalink types) that have a number in libpcap's.
fn link(datalink: u32) -> LinkType {
    match datalink {
        0 | 4 => LinkType(1),
        2 => LinkType(6),
        8 => LinkType(10),
        16 => LinkType(122),
        0x8000_0005 => LinkType(226), // Solaris' IPNET
        other => LinkType::of_snoop(other),
    }
}

/// What a file begins with.
pub(super) const MAGIC: &[u8; 8] = b"snoop\0\0\0";
/// Octets of the file header.
pub(super) const HEADER: usize = 16;
/// Octets of a record header.
const RECORD: usize = 24;
/// A longer packet is not a packet, as for libpcap.
const LONGEST: u32 = 262_144;
/// Records are padded to four octets; Surveyor writes 16 octets of its own there.
const MOST_PADDING: usize = 1_024;
