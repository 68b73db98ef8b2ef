//! SMB 1 to 3 ([MS-CIFS], [MS-SMB2]): headers, numbers of commands, shares and files by mapped names, and what
//! pipes carry of RPC.

use super::{rpc, words};
use crate::redact::Maps;
use crate::redact::octets::{blank, part, u16_le, u32_le};

/// Rewrites one message behind its length of four octets.
pub(super) fn message(octets: &mut [u8], mapper: &mut bool, maps: &mut Maps) {
    match octets.first_chunk() {
        Some(b"\xffSMB") => first(octets, mapper, maps),
        Some(b"\xfeSMB") => chain(octets, mapper, maps),
        _ => blank(octets, 4..octets.len()),
    }
}

fn chain(octets: &mut [u8], mapper: &mut bool, maps: &mut Maps) {
    let mut at = 0;
    while at < octets.len() {
        let next = u32_le(octets, at + 20).filter(|next| *next >= HEADER);
        let end = next.map_or(octets.len(), |next| at.saturating_add(next));
        second(part(octets, at..end), mapper, maps);
        at = end;
    }
}

/// One message of SMB 2: a header, numbers, and what they point at.
fn second(octets: &mut [u8], mapper: &mut bool, maps: &mut Maps) {
    let original = octets.to_vec();
    let (Some(command), Some(size)) = (u16_le(octets, 12), u16_le(octets, HEADER)) else {
        return blank(octets, 16..octets.len());
    };
    let answers = octets.get(16).is_some_and(|flags| flags & 1 != 0);
    blank(octets, 48..64); // signature
    let fixed = HEADER + (size & !1);
    blank(octets, fixed.max(HEADER + 2)..octets.len());
    let field = |at: usize, length: usize| {
        let (Some(at), Some(length)) = (u16_le(&original, HEADER + at), u16_le(&original, HEADER + length)) else {
            return 0..0;
        };
        at..at + length
    };
    let mut put = |range: std::ops::Range<usize>, how: &mut dyn FnMut(&mut [u8])| {
        if range.start < fixed.min(HEADER) {
            return;
        }
        let Some(mut value) = original.get(range.start..range.end.min(original.len())).map(<[u8]>::to_vec) else {
            return;
        };
        how(&mut value);
        part(octets, range.start..range.start + value.len()).copy_from_slice(&value);
    };
    match (command, answers) {
        (0, false) => {
            let count = u16_le(&original, HEADER + 2).unwrap_or(0);
            put(fixed..fixed + 2 * count, &mut |_| {});
            blank(octets, HEADER + 12..HEADER + 28);
        }
        (0, true) => blank(octets, HEADER + 8..HEADER + 24),
        (1, false) => put(field(12, 14), &mut |token| challenge(token, maps)),
        (1, true) => put(field(4, 6), &mut |token| challenge(token, maps)),
        (3, false) => put(field(4, 6), &mut |path| words::wide(path, maps)),
        (5, false) => put(field(44, 46), &mut |name| words::wide(name, maps)),
        (8, true) => {
            let at = original.get(HEADER + 2).copied().map_or(0, usize::from);
            let length = u32_le(&original, HEADER + 4).unwrap_or(0);
            put(at..at.saturating_add(length), &mut |data| pipe(data, mapper, maps));
        }
        (9, false) => {
            let at = u16_le(&original, HEADER + 2).unwrap_or(0);
            let length = u32_le(&original, HEADER + 4).unwrap_or(0);
            put(at..at.saturating_add(length), &mut |data| pipe(data, mapper, maps));
        }
        (11, _) => {
            for (at, length) in [(24, 28), (32, 36)] {
                let at = u32_le(&original, HEADER + at).unwrap_or(0);
                let length = u32_le(&original, HEADER + length).unwrap_or(0);
                put(at..at.saturating_add(length), &mut |data| pipe(data, mapper, maps));
            }
        }
        _ => {}
    }
}

/// RPC in a pipe; anything else is somebody's file.
fn pipe(data: &mut [u8], mapper: &mut bool, maps: &mut Maps) {
    let mut at = 0;
    while rpc::begins(data.get(at..).unwrap_or_default()) {
        let length = rpc::length(data.get(at..).unwrap_or_default()).unwrap_or(16);
        rpc::pdu(part(data, at..at + length), mapper, maps);
        at += length;
    }
    blank(data, at.min(data.len())..data.len());
}

/// A token: of NTLM's challenge ([MS-NLMP] 2.2.1.2) the names of the server, mapped.
fn challenge(token: &mut [u8], maps: &mut Maps) {
    let Some(start) = token.windows(NTLM.len()).position(|window| window == NTLM) else { return token.fill(0) };
    blank(token, 0..start);
    let token = part(token, start..usize::MAX);
    if token.get(8) != Some(&2) {
        return blank(token, 12..token.len());
    }
    let (name, info) = (pointed(token, 12), pointed(token, 40));
    let original = token.to_vec();
    blank(token, 24..40);
    blank(token, 56..token.len());
    if let Some(value) = original.get(name.clone()).filter(|_| name.start >= 48) {
        let mut value = value.to_vec();
        words::wide(&mut value, maps);
        part(token, name.clone()).copy_from_slice(&value);
    }
    if info.start < 48 {
        return;
    }
    let mut at = info.start;
    while at + 4 <= info.end {
        let (Some(kind), Some(length)) = (u16_le(&original, at), u16_le(&original, at + 2)) else { return };
        let Some(value) = original.get(at..at + 4 + length) else { return };
        let mut value = value.to_vec();
        match kind {
            1..=5 => words::wide(part(&mut value, 4..usize::MAX), maps),
            7 => {}
            _ => blank(&mut value, 4..usize::MAX),
        }
        part(token, at..at + 4 + length).copy_from_slice(&value);
        at += 4 + length;
    }
}

/// Length, room and place of a field in a token.
fn pointed(token: &[u8], at: usize) -> std::ops::Range<usize> {
    let (length, place) = (u16_le(token, at).unwrap_or(0), u32_le(token, at + 4).unwrap_or(0));
    place..place.saturating_add(length).min(token.len().max(place))
}

/// A message of SMB 1: blocks of words and bytes, one pointing at the next.
fn first(octets: &mut [u8], mapper: &mut bool, maps: &mut Maps) {
    blank(octets, 14..22); // signature
    let mut command = octets.get(4).copied().unwrap_or_default();
    let answers = octets.get(9).is_some_and(|flags| flags & 0x80 != 0);
    let unicode = octets.get(11).is_some_and(|flags| flags & 0x80 != 0);
    let mut at = 32;
    for _ in 0..8 {
        let words = octets.get(at).copied().map_or(0, usize::from);
        let bytes = at + 1 + 2 * words + 2;
        let chained = matches!(command, 0x24 | 0x2d | 0x2e | 0x2f | 0x73 | 0x74 | 0x75 | 0xa2) && words >= 2;
        let next = octets.get(at + 1).copied().filter(|next| chained && *next != 0xff);
        let offset = u16_le(octets, at + 3).filter(|offset| next.is_some() && *offset >= bytes);
        let end = offset.unwrap_or(octets.len());
        let data = match (command, answers) {
            (0x2e, true) => u16_le(octets, at + 1 + 12).zip(u16_le(octets, at + 1 + 10)),
            (0x2f, false) => u16_le(octets, at + 1 + 22).zip(u16_le(octets, at + 1 + 20)),
            (0x25, false) => u16_le(octets, at + 1 + 24).zip(u16_le(octets, at + 1 + 22)),
            (0x25, true) => u16_le(octets, at + 1 + 14).zip(u16_le(octets, at + 1 + 12)),
            _ => None,
        };
        match data {
            Some((place, length)) if place >= bytes => {
                blank(octets, bytes..place);
                let lead = usize::from(octets.get(place + 2).is_some_and(|version| *version == 5)) * 2;
                pipe(part(octets, place + lead..place + length), mapper, maps);
                blank(octets, place..place + lead);
                blank(octets, (place + length).max(place)..end);
            }
            _ => strings(part(octets, bytes..end), bytes, command, answers, unicode, maps),
        }
        match (next, offset) {
            (Some(next), Some(offset)) => (command, at) = (next, offset),
            _ => return,
        }
    }
    blank(octets, at..octets.len());
}

/// The bytes of a block.
fn strings(octets: &mut [u8], at: usize, command: u8, answers: bool, unicode: bool, maps: &mut Maps) {
    match (command, answers) {
        (0x72, false) => {} // dialects
        (0x73, _) => challenge(octets, maps),
        (0x75, false) => {
            // A path, then the kind of service in ASCII.
            let path = octets.windows(2).position(|two| two == b"\\\\" || two == b"\\\0").unwrap_or(octets.len());
            blank(octets, 0..path);
            let text = part(octets, path..usize::MAX);
            if unicode {
                let end = text.chunks(2).position(|pair| pair == [0, 0]).map_or(text.len(), |pair| 2 * pair);
                words::wide(part(text, 0..end), maps);
            } else {
                words::text(text, maps);
            }
        }
        (0x75, true) => {
            let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
            words::prose(part(octets, 0..end), maps);
            blank(octets, end..octets.len());
        }
        (0xa2, false) => {
            let name = part(octets, if unicode { at % 2 } else { 0 }..usize::MAX);
            if unicode { words::wide(name, maps) } else { words::text(name, maps) }
        }
        _ => octets.fill(0),
    }
}

const HEADER: usize = 64;
const NTLM: &[u8] = b"NTLMSSP\0";
