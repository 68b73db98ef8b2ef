//! Endace's extensible record format (ERF types, version 21): records and nothing else. Times are
//! little-endian, all other numbers big-endian.

use std::ops::Range;

use super::order::Order::{Big, Little};
use super::step::{Place, Step};
use super::{LinkType, Summary};
use crate::time::Time;

/// Reads the record at the front of `window`.
pub(super) fn step(window: &[u8], summary: &mut Summary) -> Step {
    let Some(header) = window.first_chunk::<HEADER>() else { return Step::Needs(HEADER) };
    let number = |at| Big.u16(header, at).unwrap_or_default();
    let (length, lost, wire) = (usize::from(number(10)), number(12), number(14));
    if length < HEADER {
        return Step::Broken(format!("a record of {length} octets, less than its header has: damaged from here on"));
    }
    let Some(record) = window.get(..length) else { return Step::Needs(length) };
    let kind = header[8] & KIND;
    if kind == PAD {
        return Step::Passed(length);
    }
    let Some((link, octets)) = packet(record) else {
        return Step::Unreadable(length, "a record whose extension headers do not end within it".to_owned());
    };
    if COUNTS_LOSSES.contains(&kind) {
        summary.lost_by_capture = summary.lost_by_capture.saturating_add(lost.into());
    }
    let fixed_point = Little.u64(header).unwrap_or_default();
    if fixed_point == 0 {
        // What a converter says of itself. A packet always has a time.
        return Step::Numbered(length);
    }
    Step::Packet(Place {
        length,
        wire_len: u32::from(wire).max(u32::try_from(octets.len()).unwrap_or(u32::MAX)),
        octets,
        time: Some(time(fixed_point)),
        link,
        interface: interface(header[9]),
    })
}

/// Where a record's packet lies in it, and what it begins with. `None` when the headers do not end
/// within the record.
pub fn packet(record: &[u8]) -> Option<(LinkType, Range<usize>)> {
    let (first, wire) = (*record.get(8)?, Big.u16(record, 14)?);
    let mut begin = HEADER;
    let mut more = first;
    while more & MORE != 0 {
        more = *record.get(begin)?;
        begin += EXTENSION;
    }
    // What it begins with, and the octets that stand in front of that: offset and padding, or a channel.
    let (link, front) = match first & KIND {
        ETHERNET | COLOR_ETHERNET | DSM_ETHERNET | HASH_ETHERNET => (LinkType(1), 2),
        HDLC | COLOR_HDLC | DSM_HDLC | HASH_HDLC => (LinkType(104), 0),
        CHANNEL_HDLC | COLOR_CHANNEL_HDLC => (LinkType(104), 4),
        IPV4 => (LinkType(228), 0),
        IPV6 => (LinkType(229), 0),
        other => (LinkType::of_erf(other), 0),
    };
    begin += front;
    let room = record.len().checked_sub(begin)?;
    // Records are padded to eight octets, behind as much as was on the wire.
    Some((link, begin..begin + room.min(wire.into())))
}

/// Seconds and fractions of 2^-32 seconds, rounded to nanoseconds.
fn time(fixed_point: u64) -> Time {
    let (seconds, fraction) = (fixed_point >> 32, fixed_point & 0xffff_ffff);
    let nanos = (fraction * 1_000_000_000 + (1 << 31)) >> 32;
    Time(seconds.saturating_mul(1_000_000_000).saturating_add(nanos).try_into().unwrap_or(i64::MAX))
}

/// Two bits in front, and a third that was found for cards with more ports.
fn interface(flags: u8) -> u32 {
    u32::from(flags & 3 | flags >> 4 & 4)
}

/// Whether octets are records that follow each other: of a known type, with a length that holds the
/// header, and a time that does not go back by more than ports of one card may differ. One record
/// proves nothing.
pub(super) fn looks_like(head: &[u8]) -> bool {
    let (mut rest, mut records, mut before) = (head, 0, None);
    while let Some(record) = rest.get(..HEADER).filter(|_| records < RECORDS) {
        let kind = record.get(8).map_or(0, |kind| kind & KIND);
        let length = usize::from(Big.u16(record, 10).unwrap_or_default());
        if !(1..=PAD).contains(&kind) || length < HEADER {
            return false;
        }
        rest = rest.get(length..).unwrap_or_default();
        let second = Little.u32(record, 4).unwrap_or_default();
        // The first record, which tells of the machine, may have no time, and padding has none.
        if kind == PAD || second == 0 {
            records += usize::from(kind != PAD);
            continue;
        }
        if before.is_some_and(|before: u32| second.saturating_add(1) < before || second - before.min(second) > YEAR) {
            return false;
        }
        (records, before) = (records + 1, Some(second));
    }
    records >= 2 && before.is_some()
}

/// Octets of a record header.
pub(super) const HEADER: usize = 16;
/// Octets in which two records surely begin: one of the greatest length, and the next one's header.
pub(super) const TWO_RECORDS: usize = 65_535 + HEADER;
/// Octets of an extension header.
const EXTENSION: usize = 8;
/// Records looked at to recognise the format; damage behind them is not taken for another format.
const RECORDS: usize = 8;
const YEAR: u32 = 365 * 86_400;

// The octet of the type: an extension header follows, and which type it is.
const MORE: u8 = 0x80;
const KIND: u8 = 0x7f;

const HDLC: u8 = 1;
const ETHERNET: u8 = 2;
const CHANNEL_HDLC: u8 = 5;
const COLOR_HDLC: u8 = 10;
const COLOR_ETHERNET: u8 = 11;
const DSM_HDLC: u8 = 15;
const DSM_ETHERNET: u8 = 16;
const COLOR_CHANNEL_HDLC: u8 = 17;
const HASH_HDLC: u8 = 19;
const HASH_ETHERNET: u8 = 20;
const IPV4: u8 = 22;
const IPV6: u8 = 23;
const PAD: u8 = 48;

/// Types whose field at 12 counts the packets lost since the record before. In others it is a colour.
const COUNTS_LOSSES: [u8; 9] = [HDLC, ETHERNET, 3, 4, CHANNEL_HDLC, 6, 7, 8, 9];
