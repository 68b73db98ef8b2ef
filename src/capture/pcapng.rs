//! The format of blocks (IETF draft-ietf-opsawg-pcapng): sections, their interfaces, their packets.
//!
//! Blocks are framed and packets read here, since a packet must not cost an allocation; the rare
//! blocks that describe (section, interface, names, statistics) are taken apart by `pcap-parser`.

mod describe;
mod interface;

use interface::Interface;

use super::order::Order;
use super::step::{Place, Step};
use super::{LinkType, Summary};

/// A reader of blocks.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    /// Blocks begun so far, with the one at the window's front.
    blocks: u64,
    /// Interfaces of this section, by their number in it.
    interfaces: Vec<Interface>,
    /// Interfaces of the sections before.
    interfaces_before: u32,
}

impl Pcapng {
    /// Whether a file that begins with `magic` is one.
    pub(super) fn magic(magic: [u8; 4]) -> bool {
        magic == SECTION_HEADER.to_be_bytes()
    }

    /// Looks at the first section header: the reader, or the unusable major version. `None` when
    /// `header` is not one.
    pub(super) fn open(header: &[u8]) -> Option<Result<Self, u16>> {
        let order = byte_order(header)?;
        let major = order.u16(header, 12)?;
        if major != 1 {
            return Some(Err(major));
        }
        Some(Ok(Self { order, blocks: 0, interfaces: Vec::new(), interfaces_before: 0 }))
    }

    /// Reads the block at the front of `window`.
    pub(super) fn step(&mut self, window: &[u8], summary: &mut Summary) -> Step {
        let Some(head) = window.first_chunk::<HEAD>() else { return Step::Needs(HEAD) };
        if Self::magic([head[0], head[1], head[2], head[3]]) {
            let Some(order) = byte_order(head) else {
                return self.broken("begins a section without a byte order mark");
            };
            self.order = order;
        }
        let (Some(kind), Some(length)) = (self.order.u32(head, 0), self.order.u32(head, 4)) else {
            return Step::Needs(HEAD);
        };
        if length < SHORTEST || !length.is_multiple_of(4) {
            return self.broken(&format!("has the length {length}, which no block can have"));
        }
        if length > LONGEST {
            return self.broken(&format!("has the length {length}, more than the {LONGEST} that are read"));
        }
        let length = length as usize;
        let Some(block) = window.get(..length) else { return Step::Needs(length) };
        let trailing = self.order.u32(block, length - 4).unwrap_or_default();
        if trailing as usize != length {
            return self.broken(&format!("has the length {length} at its front and {trailing} at its end"));
        }
        self.blocks += 1;
        match kind {
            ENHANCED_PACKET => self.enhanced(block, summary),
            SIMPLE_PACKET => self.simple(block),
            PACKET => self.obsolete(block, summary),
            SECTION_HEADER => self.section(block, summary),
            INTERFACE_DESCRIPTION | NAME_RESOLUTION | INTERFACE_STATISTICS => {
                self.describe(block, summary);
                Step::Passed(length)
            }
            // Secrets, journals, custom blocks and those yet to be invented.
            _ => Step::Passed(length),
        }
    }

    /// Section 4.3.
    fn enhanced(&mut self, block: &[u8], summary: &mut Summary) -> Step {
        let interface = self.order.u32(block, 8).unwrap_or_default();
        self.packet(block, interface, 0, summary)
    }

    /// Appendix A: like the enhanced packet, with a short interface number and a count of losses.
    fn obsolete(&mut self, block: &[u8], summary: &mut Summary) -> Step {
        let interface = self.order.u16(block, 8).unwrap_or_default();
        let drops = self.order.u16(block, 10).filter(|drops| *drops != u16::MAX).unwrap_or_default();
        self.packet(block, interface.into(), drops, summary)
    }

    /// What enhanced and obsolete packet blocks have in common.
    fn packet(&mut self, block: &[u8], interface: u32, drops: u16, summary: &mut Summary) -> Step {
        let length = block.len();
        let (Some(header), Some(room)) = (block.first_chunk::<DATA>(), length.checked_sub(DATA + 4)) else {
            return self.unreadable(length, "is too short for a packet");
        };
        let number = |at| self.order.u32(header, at).unwrap_or_default();
        let (high, low, captured, wire) = (number(12), number(16), number(20), number(24));
        if captured as usize > room {
            return self.unreadable(length, &format!("claims {captured} captured octets and has room for {room}"));
        }
        let end = DATA + captured as usize;
        let known = self.interfaces.len();
        let Some(from) = self.interfaces.get_mut(interface as usize) else {
            return self.unreadable(length, &format!("names interface {interface} of {known}"));
        };
        let options = end.next_multiple_of(4);
        if drops > 0 || options + 4 < length {
            let told = describe::drop_count(self.order, block.get(options..length - 4).unwrap_or_default());
            let more = from.lost_before_packet(told.saturating_add(drops.into()));
            if more > 0 {
                summary.lost_by_capture = summary.lost_by_capture.saturating_add(more);
                summary.lost_on(self.interfaces_before.saturating_add(interface), from.lost());
            }
        }
        Step::Packet(Place {
            length,
            octets: DATA..end,
            time: Some(from.time(u64::from(high) << 32 | u64::from(low))),
            link: from.link,
            interface: self.interfaces_before.saturating_add(interface),
            wire_len: wire.max(captured),
        })
    }

    /// Section 4.4: a packet of the first interface, without time or captured length.
    fn simple(&self, block: &[u8]) -> Step {
        let length = block.len();
        let (Some(wire), Some(room)) = (self.order.u32(block, 8), length.checked_sub(SIMPLE_DATA + 4)) else {
            return self.unreadable(length, "is too short for a packet");
        };
        let Some(from) = self.interfaces.first() else {
            return self.unreadable(length, "is a packet before any interface");
        };
        let captured = if from.snaplen == 0 { wire } else { wire.min(from.snaplen) };
        let captured = room.min(captured as usize);
        Step::Packet(Place {
            length,
            octets: SIMPLE_DATA..SIMPLE_DATA + captured,
            time: None,
            link: from.link,
            interface: self.interfaces_before,
            wire_len: wire,
        })
    }

    /// Section 4.1: interfaces count anew.
    fn section(&mut self, block: &[u8], summary: &mut Summary) -> Step {
        let major = self.order.u16(block, 12).unwrap_or_default();
        if major != 1 {
            return self.broken(&format!("begins a section of version {major}; version 1 is read"));
        }
        let passed = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.interfaces_before = self.interfaces_before.saturating_add(passed);
        self.interfaces.clear();
        self.describe(block, summary);
        Step::Passed(block.len())
    }

    fn unreadable(&self, length: usize, why: &str) -> Step {
        Step::Unreadable(length, format!("block {} {why}", self.blocks))
    }

    /// `why` the block at the front, not yet counted, ends the reading.
    fn broken(&self, why: &str) -> Step {
        Step::Broken(format!("block {} {why}", self.blocks + 1))
    }
}

/// The byte order that a section header declares. `None` when `block` is not one.
fn byte_order(block: &[u8]) -> Option<Order> {
    let magic = *block.first_chunk()?;
    let mark = block.get(8..12)?;
    if !Pcapng::magic(magic) {
        None
    } else if mark == BYTE_ORDER.to_le_bytes() {
        Some(Order::Little)
    } else if mark == BYTE_ORDER.to_be_bytes() {
        Some(Order::Big)
    } else {
        None
    }
}

/// Octets of the first section header up to its version.
pub(super) const HEADER: usize = 16;
/// Octets that frame a block and tell its byte order.
const HEAD: usize = 12;
/// Octets before the captured ones in an enhanced or obsolete packet block.
const DATA: usize = 28;
/// Octets before the captured ones in a simple packet block.
const SIMPLE_DATA: usize = 12;
/// A block of nothing but its type and its two lengths.
const SHORTEST: u32 = 12;
/// What Wireshark takes for the longest block: a longer one is damage.
const LONGEST: u32 = 16 * 1024 * 1024;

const BYTE_ORDER: u32 = 0x1a2b_3c4d;

// Block types, section 11.1. The first reads the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;
