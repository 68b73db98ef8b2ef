//! An event of Windows' event tracing as a frame. Where a trace of `netsh trace` was opened in Network
//! Monitor and saved, its packets lie in such events.
//!
//! Event header as Network Monitor writes it: EVENT_HEADER (evntcons.h, 80 octets), then processor,
//! counts, and extended data items; its order is that of Wireshark's packet-netmon.c. Packet events:
//! manifest of Microsoft-Windows-NDIS-PacketCapture.

use std::ops::Range;

use super::super::order::Order::Little;
use super::LinkType;

/// The packet in an event, if it holds a whole one: what it begins with, and where it lies.
pub(super) fn packet(event: &[u8]) -> Option<(LinkType, Range<usize>)> {
    let is_packet = event.get(24..40)? == NDIS_PACKET_CAPTURE && Little.u16(event, 40)? == PACKET_FRAGMENT;
    let keywords = Little.u64(event.get(48..)?)?;
    if !is_packet || keywords & WHOLE != WHOLE {
        return None;
    }
    let mut at = EVENT;
    for _ in 0..Little.u16(event, 84)? {
        at += ITEM + usize::from(Little.u16(event, at + 6)?);
    }
    // Two interface numbers, then the length.
    let (begin, length) = (at + 12, Little.u32(event, at + 8)? as usize);
    let packet = begin..begin.checked_add(length)?;
    event.get(packet.clone())?;
    let link = match keywords {
        keywords if keywords & WIRELESS_WAN != 0 => LinkType(101),
        keywords if keywords & NATIVE_802_11 != 0 => LinkType(105),
        _ => LinkType(1),
    };
    Some((link, packet))
}

/// Octets up to the extended data items.
const EVENT: usize = 89;
/// Octets in front of an extended data item's own.
const ITEM: usize = 8;
/// {2ed6006e-4729-4609-b423-3ee7bcd678ef}
const NDIS_PACKET_CAPTURE: [u8; 16] =
    [0x6e, 0x00, 0xd6, 0x2e, 0x29, 0x47, 0x09, 0x46, 0xb4, 0x23, 0x3e, 0xe7, 0xbc, 0xd6, 0x78, 0xef];
const PACKET_FRAGMENT: u16 = 1001;

// Keywords.
const WIRELESS_WAN: u64 = 0x200;
const NATIVE_802_11: u64 = 0x1_0000;
/// A packet begins here, and ends here.
const WHOLE: u64 = 0xc000_0000;
