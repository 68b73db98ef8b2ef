//! One frame: a header, its octets, and from version 2.1 on a trailer that tells its media type.

use std::ops::Range;

use super::super::order::Order::Little;
use super::super::step::{Place, Step};
use super::{Layout, LinkType, event};
use crate::time::Time;

/// A frame at the front of some octets.
#[derive(Debug)]
pub(super) struct Record {
    /// Octets in the file, with header and trailer.
    pub(super) length: usize,
    octets: Range<usize>,
    wire_len: u32,
    time: Option<Time>,
    media: u16,
    link: LinkType,
}

/// Why there is no frame.
#[derive(Debug)]
pub(super) enum Short {
    /// It has so many octets, and there are less.
    Needs(usize),
    /// It cannot be one.
    Broken(String),
}

impl Record {
    pub(super) fn read(octets: &[u8], layout: Layout) -> Result<Self, Short> {
        let header = if layout.major == 1 { 8 } else { 16 };
        if octets.len() < header {
            return Err(Short::Needs(header));
        }
        let number = |at| Little.u32(octets, at).unwrap_or_default();
        let (wire, captured) = match layout.major {
            1 => (number(4) & 0xffff, number(4) >> 16),
            _ => (number(8), number(12)),
        };
        if captured > LONGEST {
            return Err(Short::Broken(format!(
                "a packet of {captured} octets, more than the {LONGEST} that any capture keeps: damaged"
            )));
        }
        let end = header + captured as usize;
        let trailer = match (layout.major, layout.minor) {
            (1, _) | (_, 0) => 0,
            (_, 1) => 2,
            (_, 2) => 6,
            _ => 15,
        };
        let length = end + trailer;
        if octets.len() < length {
            return Err(Short::Needs(length));
        }
        let behind = octets.get(end..length).unwrap_or_default();
        let media = Little.u16(behind, 0).unwrap_or(layout.media);
        let inside = octets.get(header..end).unwrap_or_default();
        let (link, packet) = match media {
            EVENT => event::packet(inside).unwrap_or((LinkType::NETMON_EVENT, 0..inside.len())),
            media => (link(media), 0..inside.len()),
        };
        let wire_len = wire.max(captured);
        Ok(Self {
            length,
            // An event tells the length of its packet and not what it was before.
            wire_len: if packet.len() == inside.len() { wire_len } else { packet.len().try_into().unwrap_or(captured) },
            octets: header + packet.start..header + packet.end,
            time: behind.get(6..).and_then(since_1601).or_else(|| since_start(octets, layout)),
            media,
            link,
        })
    }

    /// What the frame is, for whoever counts frames as Network Monitor does.
    pub(super) fn step(&self) -> Step {
        if SKIPPED.contains(&self.media) {
            return Step::Passed(self.length);
        }
        Step::Packet(Place {
            length: self.length,
            octets: self.octets.clone(),
            time: self.time,
            link: self.link,
            interface: 0,
            wire_len: self.wire_len,
        })
    }

    /// Whether it may be a frame where no table says so.
    pub(super) fn is_plausible(&self) -> bool {
        self.media < MEDIA || self.media >= OF_PCAP
    }
}

/// The time as a FILETIME: units of 100 nanoseconds since 1601. `None` when there is none, or out of
/// range.
fn since_1601(octets: &[u8]) -> Option<Time> {
    let units = i64::try_from(Little.u64(octets)?).ok()?;
    units.checked_sub(UNITS_TO_1970)?.checked_mul(100).map(Time)
}

/// The time as a distance from the capture's beginning: milliseconds, later microseconds. Frames from
/// before the beginning have distances that turn negative when counted in units of 100 nanoseconds.
fn since_start(header: &[u8], layout: Layout) -> Option<Time> {
    let nanos = match layout.major {
        1 => i64::from(Little.u32(header, 0)?) * 1_000_000,
        _ => Little.u64(header)?.wrapping_mul(10).cast_signed().saturating_mul(100),
    };
    Some(Time(layout.start?.0.saturating_add(nanos)))
}

/// What a media type is in libpcap's registry.
fn link(media: u16) -> LinkType {
    match media {
        0 | 1 => LinkType(1), // 0: frames of a VPN, which are Ethernet all the same
        2 => LinkType(6),
        3 => LinkType(10),
        7..=9 => LinkType(101), // tunnels, mobile broadband, raw IP
        0xe080 => LinkType(105),
        0xe081..=0xe08a => LinkType::of_netmon(media), // what Message Analyzer put among those of libpcap
        OF_PCAP..=0xefff => LinkType(u32::from(media & 0x0fff)),
        other => LinkType::of_netmon(other),
    }
}

/// A longer packet is not a packet, as for libpcap.
const LONGEST: u32 = 262_144;
/// Media types of NDIS are below, and more than there are.
const MEDIA: u16 = 32;
/// Link types of libpcap, and behind them frames that are no packets, begin here.
const OF_PCAP: u16 = 0xe000;
/// An event of Windows' event tracing.
const EVENT: u16 = 0xffe0;
/// Headers of what was put together from other frames, adapters, names: these have no frame number.
const SKIPPED: [u16; 3] = [0xfffc, 0xfffd, 0xfffe];
/// From 1601-01-01 to 1970-01-01, in units of 100 nanoseconds.
const UNITS_TO_1970: i64 = 116_444_736_000_000_000;
