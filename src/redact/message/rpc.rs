//! DCE/RPC (C706, [MS-RPCE]): headers, bind contexts, status codes; of what is called only what the endpoint
//! mapper says, with addresses and names mapped.

use super::words;
use crate::redact::Maps;
use crate::redact::octets::{blank, part, u16_be, u16_le};

/// The length of the PDU at the front. `None` where there is none.
pub(super) fn length(octets: &[u8]) -> Option<usize> {
    let length = if is_little(octets) { u16_le(octets, 8) } else { u16_be(octets, 8) };
    length.filter(|length| *length >= 16)
}

/// Whether a PDU begins here, as far as can be seen.
pub(super) fn begins(octets: &[u8]) -> bool {
    matches!(octets, [5, 0 | 1, 0 | 2 | 3 | 11..=20, _, 0x00 | 0x10, 0..=3, 0, ..])
}

fn is_little(octets: &[u8]) -> bool {
    octets.get(4).is_some_and(|order| order & 0x10 != 0)
}

/// Rewrites one PDU; `mapper` says whether the endpoint mapper is called here, and learns it from a bind.
pub(super) fn pdu(octets: &mut [u8], mapper: &mut bool, maps: &mut Maps) {
    let Some(kind) = octets.get(2).copied() else { return };
    let length = length(octets).unwrap_or(octets.len()).min(octets.len());
    let auth = if is_little(octets) { u16_le(octets, 10) } else { u16_be(octets, 10) }.unwrap_or(0);
    let whole = self::length(octets).unwrap_or(0) == length;
    let end = if auth > 0 && whole { length.saturating_sub(auth) } else { length };
    if auth > 0 {
        blank(octets, end..length);
    }
    let stub_end = if auth > 0 { end.saturating_sub(8) } else { end };
    let object = if octets.get(3).is_some_and(|flags| flags & 0x80 != 0) { 16 } else { 0 };
    match kind {
        11 | 14 => *mapper |= octets.windows(MAPPER.len()).any(|window| window == MAPPER),
        0 => {
            blank(octets, 24..(24 + object).min(stub_end));
            stub(part(octets, 24 + object..stub_end), *mapper, maps);
        }
        2 => stub(part(octets, 24..stub_end), *mapper, maps),
        3 => blank(octets, 32..stub_end),
        12 | 13 | 15 => {}
        _ => blank(octets, 20..stub_end),
    }
}

/// A call's or answer's content.
fn stub(octets: &mut [u8], mapper: bool, maps: &mut Maps) {
    if mapper { towers(octets, maps) } else { octets.fill(0) }
}

/// Looks through what the endpoint mapper says for the floors of towers (C706 Appendix I, L) and for
/// annotations. What is neither is a number, an interface or a handle.
fn towers(octets: &mut [u8], maps: &mut Maps) {
    let mut at = 0;
    while at < octets.len() {
        let rest = part(octets, at..usize::MAX);
        at += floor(rest, maps).or_else(|| annotation(rest, at, maps)).unwrap_or(1);
    }
}

/// A floor that holds an address or a name: one octet that says which, then the value with its length.
fn floor(octets: &mut [u8], maps: &mut Maps) -> Option<usize> {
    let &[1, 0, protocol, low, high] = octets.first_chunk()? else { return None };
    let length = usize::from(u16::from_le_bytes([low, high]));
    let value = part(octets, 5..5 + length);
    match protocol {
        IP if length == 4 && value.len() == 4 => super::dns::address(value, maps),
        // Pipes, NetBIOS names, and their like.
        0x0c | 0x0f..=0x15 if words::is_text(value) && length > 0 => words::text(value, maps),
        _ => return None,
    }
    Some(5 + length)
}

/// An annotation: offset 0, length, and text of at most 64 octets with its end.
fn annotation(octets: &mut [u8], at: usize, maps: &mut Maps) -> Option<usize> {
    let &[0, 0, 0, 0, length @ 2..=64, 0, 0, 0] = octets.first_chunk()? else { return None };
    let value = part(octets, 8..8 + usize::from(length));
    let (last, text) = value.split_last()?;
    if !at.is_multiple_of(4) || *last != 0 || text.len() < 2 || text.contains(&0) || !words::is_text(text) {
        return None;
    }
    words::text(value, maps);
    Some(8 + usize::from(length))
}

/// A datagram (C706 §12.5): its header, and the status of a fault.
pub(super) fn datagram(octets: &mut [u8]) {
    blank(octets, 8..24);
    let kept = if matches!(octets.get(1), Some(3 | 6)) { 84 } else { 80 };
    blank(octets, kept..octets.len());
}

/// The endpoint mapper's interface, little-endian as nearly everybody writes it.
const MAPPER: [u8; 16] =
    [0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa];
const IP: u8 = 9;
