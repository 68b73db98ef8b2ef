//! What is encoded by ASN.1's rules (X.690): LDAP, Kerberos, certificates. Tags, lengths, numbers, times and
//! object identifiers stay; text is mapped word by word, and all other values are blank.

use super::words;
use crate::redact::Maps;
use crate::redact::octets::{blank, part};

/// Whose encoding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ldap,
    Kerberos,
    Certificate,
}

/// Rewrites all elements in `octets`, of which the last may be cut.
pub(super) fn walk(octets: &mut [u8], kind: Kind, maps: &mut Maps) {
    elements(octets, kind, 0, maps);
}

fn elements(octets: &mut [u8], kind: Kind, depth: usize, maps: &mut Maps) {
    let mut at = 0;
    while at < octets.len() {
        let Some((tag, header, length)) = head(octets.get(at..).unwrap_or_default()) else {
            return blank(octets, at..octets.len());
        };
        let from = at + header;
        let value = part(octets, from..from.saturating_add(length));
        if tag & 0x20 == 0 {
            primitive(tag, value, kind, depth, maps);
        } else if depth >= DEEPEST {
            value.fill(0);
        } else if kind == Kind::Ldap && tag == BIND {
            bind(value, maps);
        } else {
            elements(value, kind, depth + 1, maps);
        }
        at = from.saturating_add(length);
    }
}

/// Tag, octets of the header, length of the value.
fn head(octets: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &first) = (octets.first()?, octets.get(1)?);
    if tag & 0x1f == 0x1f {
        return None;
    }
    match first {
        0..=0x7f => Some((tag, 2, first.into())),
        0x81..=0x84 => {
            let more = usize::from(first & 0x7f);
            let length = octets.get(2..2 + more)?.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
            Some((tag, 2 + more, length))
        }
        _ => None,
    }
}

/// Who binds, and how; never with which secret.
fn bind(octets: &mut [u8], maps: &mut Maps) {
    let mut at = 0;
    while let Some((tag, header, length)) = head(octets.get(at..).unwrap_or_default()) {
        let value = part(octets, at + header..(at + header).saturating_add(length));
        match tag {
            2 => {}
            4 => words::text(value, maps),
            0x80 => value.fill(b'x'),
            0xa3 => mechanism(value, maps),
            _ => value.fill(0),
        }
        at = (at + header).saturating_add(length);
    }
    blank(octets, at..octets.len());
}

/// The first string names the mechanism, the second is for it.
fn mechanism(octets: &mut [u8], maps: &mut Maps) {
    let Some((_, header, length)) = head(octets) else { return octets.fill(0) };
    words::text(part(octets, header..header.saturating_add(length)), maps);
    let behind = header.saturating_add(length);
    let blob = head(octets.get(behind..).unwrap_or_default()).map_or(0, |(_, header, _)| header);
    blank(octets, behind + blob..octets.len());
}

fn primitive(tag: u8, value: &mut [u8], kind: Kind, depth: usize, maps: &mut Maps) {
    match tag {
        // Yes and no, nothing, object identifiers, enumerations, times.
        1 | 5 | 6 | 10 | 23 | 24 | 0x42 | 0x50 => {}
        2 | 3 if value.len() <= SHORT => {}
        2 => {
            value.fill(0);
            blank_number(value);
        }
        3 => blank(value, 1..value.len()),
        4 if kind == Kind::Kerberos && value.len() == 4 => super::dns::address(value, maps),
        4 if kind == Kind::Certificate => inside(value, depth, maps),
        30 => value.fill(0),
        _ if kind == Kind::Certificate && tag == 0x87 => super::dns::address(value, maps),
        _ if kind == Kind::Ldap && is_locator_answer(value) => locator_answer(value, maps),
        _ if kind == Kind::Kerberos && words::is_text(value) => words::principal(value, maps),
        _ => words::text(value, maps),
    }
}

/// A long number is a serial number or a key: positive, and nothing else.
fn blank_number(value: &mut [u8]) {
    if let Some(first) = value.first_mut() {
        *first = 1;
    }
}

/// The value of a certificate's extension is encoded in itself.
fn inside(value: &mut [u8], depth: usize, maps: &mut Maps) {
    match head(value) {
        Some((_, header, length)) if header.saturating_add(length) == value.len() && depth < DEEPEST => {
            elements(value, Kind::Certificate, depth + 1, maps);
        }
        _ => value.fill(0),
    }
}

/// What a domain controller answers to the locator's ping ([MS-ADTS] 6.3.1.9).
fn is_locator_answer(value: &[u8]) -> bool {
    matches!(value, [0x13 | 0x15 | 0x17 | 0x19, 0, 0, 0, ..]) && value.len() > 24
}

/// Flags, an identifier, eight names in labels, versions.
fn locator_answer(value: &mut [u8], maps: &mut Maps) {
    blank(value, 8..24);
    let mut at = 24;
    for _ in 0..8 {
        loop {
            match value.get(at).copied() {
                Some(0) => {
                    at += 1;
                    break;
                }
                Some(0xc0..) => {
                    at += 2;
                    break;
                }
                Some(length @ 1..=63) => {
                    let label = part(value, at + 1..at + 1 + usize::from(length));
                    for word in label.split_mut(|octet| !crate::redact::name::is_of_label(*octet)) {
                        maps.names.label(word);
                    }
                    at += 1 + usize::from(length);
                }
                _ => return blank(value, at..value.len()),
            }
        }
    }
    blank(value, at..value.len().saturating_sub(8).max(at));
}

/// LDAP's bind request.
const BIND: u8 = 0x60;
/// Elements within elements.
const DEEPEST: usize = 32;
/// Octets of a number that counts something, and of a set of flags.
const SHORT: usize = 5;
