//! The classic format (IETF draft-ietf-opsawg-pcap): one header, then records.

use super::order::Order;
use super::step::{Place, Step};
use super::{Format, InterfaceSummary, LinkType};
use crate::time::Time;

/// A reader behind the file header.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    format: Format,
    lengths: Lengths,
    link: LinkType,
    snaplen: u32,
    /// Octets of a record's header.
    header: usize,
    /// Nanoseconds in the unit behind a record's seconds.
    fraction: i64,
}

/// The order of a record's two lengths. Early tools had them the other way round.
#[derive(Debug, Clone, Copy)]
enum Lengths {
    CapturedFirst,
    /// Minor version 3: some wrote one order and some the other; the captured length is the smaller.
    SmallerCaptured,
    WireFirst,
}

impl Pcap {
    /// The format and the byte order that `magic` stands for.
    pub(super) fn magic(magic: [u8; 4]) -> Option<(Format, Order)> {
        let by = |order, number| {
            let format = match number {
                MICROSECONDS => Format::Pcap,
                NANOSECONDS => Format::PcapNanoseconds,
                MODIFIED => Format::PcapModified,
                _ => return None,
            };
            Some((format, order))
        };
        by(Order::Little, u32::from_le_bytes(magic)).or_else(|| by(Order::Big, u32::from_be_bytes(magic)))
    }

    /// Reads the file header: the reader, or the unusable major version. `None` when `header` is not
    /// one.
    pub(super) fn open(header: &[u8]) -> Option<Result<Self, u16>> {
        let (format, order) = Self::magic(*header.first_chunk()?)?;
        let (major, minor) = (order.u16(header, 4)?, order.u16(header, 6)?);
        if major != 2 {
            return Some(Err(major));
        }
        let lengths = match minor {
            0..=2 => Lengths::WireFirst,
            3 => Lengths::SmallerCaptured,
            _ => Lengths::CapturedFirst,
        };
        // The upper half carries the length of the frame check sequence.
        let link = LinkType(order.u32(header, 20)? & 0xffff);
        let snaplen = order.u32(header, 16)?;
        let header = if format == Format::PcapModified { MODIFIED_RECORD } else { RECORD };
        let fraction = if format == Format::PcapNanoseconds { 1 } else { 1_000 };
        Some(Ok(Self { order, format, lengths, link, snaplen, header, fraction }))
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Decimals of the times.
    pub(super) fn precision(&self) -> u8 {
        if self.format == Format::PcapNanoseconds { 9 } else { 6 }
    }

    /// The only interface that it has.
    pub(super) fn interface(&self) -> InterfaceSummary {
        let (link, snaplen, resolution) = (self.link, self.snaplen, self.precision());
        InterfaceSummary { link, snaplen, resolution, offset: 0, name: None, description: None, lost: None }
    }

    /// Reads the record at the front of `window`.
    #[inline]
    pub(super) fn step(&self, window: &[u8]) -> Step {
        let header = self.header;
        let Some(fixed) = window.first_chunk::<RECORD>().filter(|_| window.len() >= header) else {
            return Step::Needs(header);
        };
        let [seconds, fraction, one, other] = self.order.four(fixed);
        let (captured, wire) = match self.lengths {
            Lengths::CapturedFirst => (one, other),
            Lengths::SmallerCaptured => (one.min(other), one.max(other)),
            Lengths::WireFirst => (other, one),
        };
        if captured > LONGEST {
            return too_long(captured);
        }
        let length = header + captured as usize;
        if window.len() < length {
            return Step::Needs(length);
        }
        Step::Packet(Place {
            length,
            octets: header..length,
            time: Some(Time(i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.fraction)),
            link: self.link,
            interface: 0,
            wire_len: wire.max(captured),
        })
    }
}

#[cold]
fn too_long(captured: u32) -> Step {
    Step::Broken(format!(
        "a packet of {captured} octets, more than the {LONGEST} that any capture keeps: damaged from here on"
    ))
}

/// Octets of the file header.
pub(super) const HEADER: usize = 24;
/// Octets of a record header.
const RECORD: usize = 16;
/// Octets of a record header that also has interface index, protocol and packet type.
const MODIFIED_RECORD: usize = 24;
/// `MAXIMUM_SNAPLEN` of libpcap: a longer packet is not a packet.
const LONGEST: u32 = 262_144;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;
