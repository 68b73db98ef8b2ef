//! TLS (RFC 8446, RFC 5246): record and handshake headers, what both sides can do, and who they are by mapped
//! names. Keys, random numbers and everything sealed is blank.

use super::ber;
use crate::redact::Maps;
use crate::redact::octets::{blank, part, u16_be, u24_be};

/// Rewrites one record, from its header on.
pub(super) fn record(octets: &mut [u8], maps: &mut Maps) {
    let body = octets.get(RECORD_HEADER..).unwrap_or_default();
    match (octets.first(), body.len()) {
        (Some(22), _) => handshake(part(octets, RECORD_HEADER..usize::MAX), maps),
        (Some(20), 1) | (Some(21), 2) => {}
        _ => blank(octets, RECORD_HEADER..octets.len()),
    }
}

/// The hello of SSL 2, by which old clients offer newer versions.
pub(super) fn old_hello(octets: &mut [u8]) {
    let ciphers = u16_be(octets, 5).unwrap_or(0);
    blank(octets, 11 + ciphers..octets.len());
}

/// A datagram of DTLS or QUIC.
pub(super) fn datagram(octets: &mut [u8], maps: &mut Maps) {
    match octets {
        [22, 0xfe, _, 0, 0, ..] => {
            let body = part(octets, 13..usize::MAX);
            match body.first() {
                Some(1) => hello(part(body, 12..usize::MAX), true, true, maps),
                Some(2) => hello(part(body, 12..usize::MAX), false, true, maps),
                _ => blank(body, 12..body.len()),
            }
        }
        [20..=26, 0xfe | 0x01, ..] => blank(octets, 13 + 2..octets.len()),
        // A long header: version, and two connection identifiers.
        [first, ..] if *first & 0x80 != 0 => {
            let mut at = 5;
            for _ in 0..2 {
                let length = octets.get(at).copied().map_or(0, usize::from);
                blank(octets, at + 1..at + 1 + length);
                at += 1 + length;
            }
            blank(octets, at..octets.len());
        }
        // A short header says nothing; without zeros it still looks like one.
        [..] => octets.fill(0x55),
    }
}

fn handshake(octets: &mut [u8], maps: &mut Maps) {
    let mut at = 0;
    while at < octets.len() {
        let (Some(&kind), Some(length)) = (octets.get(at), u24_be(octets, at + 1)) else {
            return blank(octets, at..octets.len());
        };
        // What is sealed has lengths beyond all measure.
        if !matches!(kind, 0..=25) || length > MAX_MESSAGE {
            return blank(octets, at..octets.len());
        }
        let body = part(octets, at + HANDSHAKE_HEADER..at + HANDSHAKE_HEADER + length);
        match kind {
            1 => hello(body, true, false, maps),
            2 => hello(body, false, false, maps),
            11 => certificates(body, maps),
            _ => body.fill(0),
        }
        at += HANDSHAKE_HEADER + length;
    }
}

/// Walks over a hello; nothing of it stays that was not walked over.
fn hello(octets: &mut [u8], client: bool, datagram: bool, maps: &mut Maps) {
    if octets.get(2..34) != Some(&RETRY) {
        blank(octets, 2..34);
    }
    let mut at = 34;
    let sized = |octets: &mut [u8], at: usize| {
        let length = octets.get(at).copied().map_or(0, usize::from);
        blank(octets, at + 1..at + 1 + length);
        at + 1 + length
    };
    at = sized(octets, at); // session
    if client {
        if datagram {
            at = sized(octets, at); // cookie
        }
        at += 2 + u16_be(octets, at).unwrap_or(octets.len());
        at += 1 + octets.get(at).copied().map_or(0, usize::from);
    } else {
        at += 3;
    }
    let end = (at + 2 + u16_be(octets, at).unwrap_or(0)).min(octets.len());
    at += 2;
    while at + 4 <= end {
        let (Some(kind), Some(length)) = (u16_be(octets, at), u16_be(octets, at + 2)) else { break };
        let value = part(octets, at + 4..(at + 4 + length).min(end));
        match kind {
            0 if value.len() > 5 => {
                let stated = u16_be(value, 3).unwrap_or(0);
                maps.names.name(part(value, 5..5 + stated));
                blank(value, 5 + stated..value.len());
            }
            // Groups, formats, algorithms, application protocols, versions, key exchange modes.
            10 | 11 | 13 | 16 | 27 | 43 | 45 | 50 => {}
            _ => value.fill(0),
        }
        at += 4 + length;
    }
    blank(octets, at.min(octets.len())..octets.len());
}

/// The chain of certificates (RFC 5246 §7.4.2).
fn certificates(octets: &mut [u8], maps: &mut Maps) {
    let mut at = 3;
    while at + 3 <= octets.len() {
        let length = u24_be(octets, at).unwrap_or(0);
        ber::walk(part(octets, at + 3..at + 3 + length), ber::Kind::Certificate, maps);
        at += 3 + length;
    }
    blank(octets, at.min(octets.len())..octets.len());
}

const RECORD_HEADER: usize = 5;
const HANDSHAKE_HEADER: usize = 4;
const MAX_MESSAGE: usize = 1 << 18;
/// The random number that asks for another hello (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
