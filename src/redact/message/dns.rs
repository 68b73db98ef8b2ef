//! DNS and its cousins (RFC 1035): labels and addresses are mapped, other data is blank. NetBIOS names
//! (RFC 1002) travel in messages of the same shape.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::redact::Maps;
use crate::redact::octets::{blank, part, u16_be};

/// Rewrites a message.
pub(super) fn message(octets: &mut [u8], maps: &mut Maps) {
    records(octets, maps, &mut |octets, at, maps| name(octets, at, maps), &mut |octets, kind, at, length, maps| {
        data(octets, kind, at, length, maps);
    });
}

/// Rewrites a message of the NetBIOS name service.
pub(super) fn netbios(octets: &mut [u8], maps: &mut Maps) {
    records(
        octets,
        maps,
        &mut |octets, at, maps| netbios_name(octets, at, maps),
        &mut |octets, kind, at, length, maps| {
            netbios_data(octets, kind, at, length, maps);
        },
    );
}

type Name<'a> = &'a mut dyn FnMut(&mut [u8], usize, &mut Maps) -> Option<usize>;
type Data<'a> = &'a mut dyn FnMut(&mut [u8], usize, usize, usize, &mut Maps);

fn records(octets: &mut [u8], maps: &mut Maps, name: Name<'_>, data: Data<'_>) {
    let count = |at| u16_be(octets, at).unwrap_or(0);
    let (questions, records) = (count(4), count(6) + count(8) + count(10));
    let mut at = HEADER;
    for _ in 0..questions {
        let Some(end) = name(octets, at, maps) else { return };
        at = end + 4;
    }
    for _ in 0..records {
        let Some(end) = name(octets, at, maps) else { return };
        let (Some(kind), Some(length)) = (u16_be(octets, end), u16_be(octets, end + 8)) else {
            return blank(octets, end..octets.len());
        };
        at = end + 10;
        data(octets, kind, at, length, maps);
        at += length;
    }
    blank(octets, at..octets.len());
}

/// Maps the name at `at`; returns its end. What cannot be a name is blanked to the end of the message.
fn name(octets: &mut [u8], mut at: usize, maps: &mut Maps) -> Option<usize> {
    loop {
        match octets.get(at).copied() {
            Some(0) => return Some(at + 1),
            Some(0xc0..) if at + 2 <= octets.len() => return Some(at + 2),
            Some(length @ 1..=63) if at + 1 + usize::from(length) <= octets.len() => {
                let label = part(octets, at + 1..at + 1 + usize::from(length));
                // An address in reverse cannot keep its length: no digit stays.
                if label.iter().all(u8::is_ascii_digit) {
                    label.fill(b'x');
                } else {
                    maps.names.label(label);
                }
                at += 1 + usize::from(length);
            }
            _ => {
                blank(octets, at..octets.len());
                return None;
            }
        }
    }
}

fn data(octets: &mut [u8], kind: usize, at: usize, length: usize, maps: &mut Maps) {
    let end = (at + length).min(octets.len());
    let names_from = match kind {
        A | AAAA => return address(part(octets, at..end), maps),
        NS | CNAME | PTR => at,
        SRV => at + 6,
        MX => at + 2,
        _ => return blank(octets, at..end),
    };
    if names_from >= end {
        return blank(octets, at..end);
    }
    let behind = octets.get(end..).unwrap_or_default().to_vec();
    // A name that does not end within its record is none.
    let fits = name(octets, names_from, maps).is_some_and(|name_end| name_end <= end);
    part(octets, end..end + behind.len()).copy_from_slice(&behind);
    if !fits {
        blank(octets, at..end);
    }
}

/// An address of four or sixteen octets; anything else is blanked.
pub(super) fn address(octets: &mut [u8], maps: &mut Maps) {
    if let Ok(v4) = <[u8; 4]>::try_from(&*octets) {
        octets.copy_from_slice(&maps.addresses.v4(Ipv4Addr::from(v4)).octets());
    } else if let Ok(v6) = <[u8; 16]>::try_from(&*octets) {
        octets.copy_from_slice(&maps.addresses.v6(Ipv6Addr::from(v6)).octets());
    } else {
        octets.fill(0);
    }
}

/// Maps the NetBIOS name at `at`, half an octet to a letter (RFC 1001 §14.1); returns its end.
pub(super) fn netbios_name(octets: &mut [u8], at: usize, maps: &mut Maps) -> Option<usize> {
    if octets.get(at).is_some_and(|octet| *octet >= 0xc0) {
        return Some(at + 2);
    }
    let encoded = part(octets, at..at + 33);
    let is_name = encoded.len() == 33
        && encoded.first() == Some(&32)
        && encoded.iter().skip(1).all(|letter| (b'A'..=b'P').contains(letter));
    if !is_name {
        blank(octets, at..octets.len());
        return None;
    }
    let mut decoded = [0; 16];
    for (octet, pair) in decoded.iter_mut().zip(encoded.get(1..).unwrap_or_default().chunks(2)) {
        *octet = pair.iter().fold(0, |octet, letter| octet << 4 | (letter - b'A'));
    }
    netbios_word(&mut decoded, maps);
    for (pair, octet) in part(encoded, 1..33).chunks_mut(2).zip(decoded) {
        for (letter, half) in pair.iter_mut().zip([octet >> 4, octet & 15]) {
            *letter = b'A' + half;
        }
    }
    // A scope follows, as labels.
    name(octets, at + 33, maps)
}

/// Fifteen octets of name, and what the name is of.
fn netbios_word(decoded: &mut [u8; 16], maps: &mut Maps) {
    let (name, _) = decoded.split_at_mut(15);
    let end = name.iter().rposition(|octet| !matches!(octet, b' ' | 0)).map_or(0, |last| last + 1);
    for label in part(name, 0..end).split_mut(|octet| !crate::redact::name::is_of_label(*octet)) {
        maps.names.label(label);
    }
}

fn netbios_data(octets: &mut [u8], kind: usize, at: usize, length: usize, maps: &mut Maps) {
    let end = (at + length).min(octets.len());
    match kind {
        NB => {
            for entry in part(octets, at..end).chunks_mut(6) {
                address(part(entry, 2..6), maps);
            }
        }
        NBSTAT => {
            let count = octets.get(at).copied().map_or(0, usize::from);
            for entry in part(octets, at + 1..(at + 1 + count * 18).min(end)).chunks_mut(18) {
                match entry.first_chunk_mut::<16>() {
                    Some(name) => netbios_word(name, maps),
                    None => entry.fill(0),
                }
            }
            blank(octets, at + 1 + count * 18..end);
        }
        A => address(part(octets, at..end), maps),
        _ => blank(octets, at..end),
    }
}

/// A datagram of the NetBIOS datagram service (RFC 1002 §4.4): names, address, and which mailslot.
pub(super) fn netbios_datagram(octets: &mut [u8], maps: &mut Maps) {
    address(part(octets, 4..8), maps);
    let kind = octets.first().copied().unwrap_or_default();
    let data = match kind {
        0x10..=0x12 => netbios_name(octets, 14, maps).and_then(|at| netbios_name(octets, at, maps)),
        0x14..=0x16 => netbios_name(octets, 10, maps),
        _ => Some(11),
    };
    let Some(data) = data else { return };
    let body = part(octets, data..usize::MAX);
    let slot = body.windows(MAILSLOT.len()).position(|window| window.eq_ignore_ascii_case(MAILSLOT));
    let known = body.starts_with(b"\xffSMB\x25");
    for (at, octet) in body.iter_mut().enumerate() {
        let kept = known && (at < 5 || slot.is_some_and(|slot| (slot..slot + MAILSLOT.len()).contains(&at)));
        if !kept {
            *octet = 0;
        }
    }
}

/// Which names a session of NetBIOS is opened under.
pub(super) fn netbios_session(octets: &mut [u8], maps: &mut Maps) {
    match octets.first() {
        Some(0x81) => {
            let end = netbios_name(octets, 4, maps).and_then(|at| netbios_name(octets, at, maps));
            blank(octets, end.unwrap_or(octets.len())..octets.len());
        }
        Some(0x84) => address(part(octets, 4..8), maps),
        _ => {}
    }
}

const MAILSLOT: &[u8] = br"\MAILSLOT\";
const HEADER: usize = 12;
const A: usize = 1;
const NS: usize = 2;
const CNAME: usize = 5;
const PTR: usize = 12;
const MX: usize = 15;
const AAAA: usize = 28;
const SRV: usize = 33;
const NB: usize = 0x20;
const NBSTAT: usize = 0x21;
