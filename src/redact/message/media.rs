//! RTP, RTCP and NTP: headers and counters.

use crate::redact::Maps;
use crate::redact::octets::{blank, part, u16_be};

/// RTP (RFC 3550 §5.1): the fixed header.
pub(super) fn rtp(octets: &mut [u8]) {
    blank(octets, 12..octets.len());
}

/// RTCP (RFC 3550 §6): reports; who sends by name stays unsaid.
pub(super) fn rtcp(octets: &mut [u8]) {
    let mut at = 0;
    while let Some(kind) = octets.get(at + 1).copied() {
        let length = 4 * (u16_be(octets, at + 2).unwrap_or(0) + 1);
        match kind {
            200 | 201 => {}
            202 => descriptions(part(octets, at + 4..at + length)),
            203 => blank(octets, at + 8..at + length),
            204..=207 => blank(octets, at + 12..at + length),
            _ => blank(octets, at + 4..octets.len()),
        }
        at += length;
    }
    blank(octets, at.min(octets.len())..octets.len());
}

/// A source, then items of type, length and text, up to a zero.
fn descriptions(octets: &mut [u8]) {
    let mut at = 4;
    while let Some(kind) = octets.get(at).copied() {
        if kind == 0 {
            return blank(octets, at..octets.len()); // of several sources the first is enough
        }
        let length = octets.get(at + 1).copied().map_or(0, usize::from);
        part(octets, at + 2..at + 2 + length).fill(b'x');
        at += 2 + length;
    }
}

/// NTP (RFC 5905 §7.3): a server's reference is the address of its own server, except at the first stratum.
pub(super) fn ntp(octets: &mut [u8], maps: &mut Maps) {
    let mode = octets.first().map_or(0, |first| first & 7);
    if !matches!(mode, 1..=5) {
        return blank(octets, 2..octets.len());
    }
    if octets.get(1).is_some_and(|stratum| *stratum >= 2) {
        super::dns::address(part(octets, 12..16), maps);
    }
    blank(octets, 48..octets.len());
}
