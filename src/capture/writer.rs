//! Writes pcapng (IETF draft-ietf-opsawg-pcapng): one section, little-endian, with comments.

use std::net::IpAddr;

use super::InterfaceSummary;
use crate::time::Time;

/// A pcapng being written into memory. Blocks stand in the order of the calls; a packet's interface must
/// have been described before.
#[derive(Debug)]
pub struct Writer {
    octets: Vec<u8>,
    clocks: Vec<Clock>,
}

/// How an interface counts time.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Nanoseconds of one tick.
    tick: i64,
    /// Nanoseconds to take from every time.
    offset: i64,
}

impl Writer {
    /// Begins a section (4.1), written by `application`, with comments on the whole.
    pub fn new(application: &str, comments: &[String]) -> Self {
        let mut body = [&BYTE_ORDER.to_le_bytes()[..], &VERSION, &u64::MAX.to_le_bytes()].concat();
        options(&mut body, comments, &[(SHB_USERAPPL, application.as_bytes())]);
        let mut writer = Self { octets: Vec::new(), clocks: Vec::new() };
        writer.block(SECTION_HEADER, &body);
        writer
    }

    /// Describes an interface (4.2) as it was described to us; answers its number.
    ///
    /// Times are kept to the nanosecond: a finer resolution becomes that.
    pub fn interface(&mut self, about: &InterfaceSummary, comments: &[String]) -> u32 {
        let exponent = if about.resolution <= NANOSECONDS { about.resolution } else { NANOSECONDS };
        let link = u16::try_from(about.link.0).unwrap_or(u16::MAX);
        let mut body = [&link.to_le_bytes()[..], &[0, 0], &about.snaplen.to_le_bytes()].concat();
        let offset = about.offset.to_le_bytes();
        let mut told: Vec<(u16, &[u8])> = Vec::new();
        told.extend(about.name.as_ref().map(|name| (IF_NAME, name.as_bytes())));
        told.extend(about.description.as_ref().map(|description| (IF_DESCRIPTION, description.as_bytes())));
        let exponent_octet = [exponent];
        told.push((IF_TSRESOL, &exponent_octet));
        if about.offset != 0 {
            told.push((IF_TSOFFSET, &offset));
        }
        options(&mut body, comments, &told);
        self.block(INTERFACE_DESCRIPTION, &body);
        let tick = 10_i64.pow(u32::from(NANOSECONDS - exponent));
        self.clocks.push(Clock { tick, offset: about.offset.saturating_mul(1_000_000_000) });
        u32::try_from(self.clocks.len() - 1).unwrap_or(u32::MAX)
    }

    /// Names of addresses (4.5).
    pub fn names(&mut self, names: &[(IpAddr, &str)]) {
        let mut body = Vec::new();
        for (address, name) in names {
            let (kind, address) = match address {
                IpAddr::V4(address) => (NRB_IPV4, address.octets().to_vec()),
                IpAddr::V6(address) => (NRB_IPV6, address.octets().to_vec()),
            };
            let name = cut(name, LONGEST_TEXT).replace('\0', "");
            option(&mut body, kind, &[&address[..], name.as_bytes(), &[0]].concat());
        }
        option(&mut body, END, &[]);
        self.block(NAME_RESOLUTION, &body);
    }

    /// A packet (4.3): what was captured of its `wire_len` octets.
    pub fn packet(&mut self, interface: u32, time: Time, octets: &[u8], wire_len: u32, comments: &[String]) {
        let [high, low] = self.ticks(interface, time);
        let captured = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let mut body: Vec<u8> =
            [interface, high, low, captured, wire_len].into_iter().flat_map(u32::to_le_bytes).collect();
        body.extend(octets);
        pad(&mut body);
        options(&mut body, comments, &[]);
        self.block(ENHANCED_PACKET, &body);
    }

    /// What the interface counted in the original capture (4.6), from its first to its last packet.
    pub fn statistics(&mut self, interface: u32, span: (Time, Time), packets: Option<u64>, lost: Option<u64>) {
        let [high, low] = self.ticks(interface, span.1);
        let mut body: Vec<u8> = [interface, high, low].into_iter().flat_map(u32::to_le_bytes).collect();
        let [from, to] = [span.0, span.1].map(|time| {
            let [high, low] = self.ticks(interface, time);
            [high.to_le_bytes(), low.to_le_bytes()].concat()
        });
        let (packets, lost) = (packets.map(u64::to_le_bytes), lost.map(u64::to_le_bytes));
        let mut told: Vec<(u16, &[u8])> = vec![(ISB_STARTTIME, &from), (ISB_ENDTIME, &to)];
        told.extend(packets.as_ref().map(|packets| (ISB_IFRECV, &packets[..])));
        told.extend(lost.as_ref().map(|lost| (ISB_IFDROP, &lost[..])));
        options(&mut body, &[], &told);
        self.block(INTERFACE_STATISTICS, &body);
    }

    /// All that was written.
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// The upper and the lower half of a time in the interface's ticks.
    fn ticks(&self, interface: u32, time: Time) -> [u32; 2] {
        let clock = usize::try_from(interface).ok().and_then(|at| self.clocks.get(at)).copied();
        let clock = clock.unwrap_or(Clock { tick: 1, offset: 0 });
        let ticks = time.0.saturating_sub(clock.offset).div_euclid(clock.tick).max(0).cast_unsigned();
        [ticks >> 32, ticks & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(u32::MAX))
    }

    fn block(&mut self, kind: u32, body: &[u8]) {
        let padded = body.len().next_multiple_of(4);
        let length = u32::try_from(padded + 12).unwrap_or(u32::MAX).to_le_bytes();
        self.octets.extend(kind.to_le_bytes());
        self.octets.extend(length);
        self.octets.extend(body);
        self.octets.resize(self.octets.len() + padded - body.len(), 0);
        self.octets.extend(length);
    }
}

/// Comments, then the block's own options; nothing where there is none.
fn options(body: &mut Vec<u8>, comments: &[String], others: &[(u16, &[u8])]) {
    for comment in comments {
        option(body, COMMENT, cut(comment, LONGEST_TEXT).as_bytes());
    }
    for (code, value) in others {
        let value = value.get(..LONGEST_TEXT).unwrap_or(value);
        option(body, *code, value);
    }
    if !comments.is_empty() || !others.is_empty() {
        option(body, END, &[]);
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    body.extend(value);
    pad(body);
}

fn pad(octets: &mut Vec<u8>) {
    octets.resize(octets.len().next_multiple_of(4), 0);
}

/// At most so many octets, cut between characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Octets of one text: a length has 16 bits, and readers show less.
const LONGEST_TEXT: usize = 4_096;
/// The exponent of the finest time that is kept.
const NANOSECONDS: u8 = 9;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// 1.0, little-endian.
const VERSION: [u8; 4] = [1, 0, 0, 0];

// Block types, section 11.1.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

// Options, sections 3.5 and 4.
const END: u16 = 0;
const COMMENT: u16 = 1;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
const ISB_STARTTIME: u16 = 2;
const ISB_ENDTIME: u16 = 3;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const NRB_IPV4: u16 = 1;
const NRB_IPV6: u16 = 2;
