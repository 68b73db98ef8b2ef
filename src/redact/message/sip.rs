//! SIP (RFC 3261) and session descriptions (RFC 8866). Addresses change their length in text, so a message is
//! written anew: start line, the fields that a call hangs on, and media lines first, then as much of the rest
//! as fits, then filler. Head and body each keep their length.

use std::net::IpAddr;

use super::words;
use crate::redact::Maps;
use crate::redact::name::is_of_label;

/// Rewrites a message, of which the end may be missing.
pub(super) fn message(octets: &mut [u8], maps: &mut Maps) {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    let (head, body) = octets.split_at_mut(end);
    let is_sdp = body.starts_with(b"v=0");
    let closing = if head.ends_with(b"\r\n\r\n") { 2 } else { 0 };
    let fields_end = head.len() - closing;
    if let Some(fields) = head.get_mut(..fields_end) {
        section(fields, &FIELDS, b"X:", maps);
    }
    if is_sdp {
        section(body, &MEDIA, b"a=", maps);
    } else {
        words::prose(body, maps);
    }
}

/// Which lines come first, and how they are rewritten.
struct Lines {
    needed: fn(&[u8]) -> bool,
    /// Whether the first line is a start line.
    starts: bool,
    /// The values that stay as they are.
    plain: fn(&[u8]) -> bool,
}

const FIELDS: Lines = Lines {
    starts: true,
    needed: |line| {
        let name = name(line);
        NEEDED.iter().any(|needed| needed.as_bytes() == name.as_slice())
    },
    plain: |line| {
        matches!(name(line).as_slice(), b"cseq" | b"content-length" | b"l" | b"content-type" | b"c" | b"max-forwards")
    },
};
const MEDIA: Lines = Lines {
    starts: false,
    needed: |line| {
        matches!(line, [b'v' | b'c' | b'm', b'=', ..])
            || [&b"a=sendrecv"[..], b"a=sendonly", b"a=recvonly", b"a=inactive", b"a=rtcp"]
                .iter()
                .any(|kept| line.starts_with(kept))
    },
    plain: |line| matches!(line, [b'v' | b'm', b'=', ..]) || line.starts_with(b"a=send") || line.starts_with(b"a=r"),
};

fn name(line: &[u8]) -> Vec<u8> {
    let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
    name.trim_ascii().to_ascii_lowercase()
}

/// Writes lines anew into the same room.
fn section(octets: &mut [u8], lines: &Lines, filler: &[u8], maps: &mut Maps) {
    let split: Vec<&[u8]> = octets.split_inclusive(|octet| *octet == b'\n').collect();
    let mut kept: Vec<Option<Vec<u8>>> = vec![None; split.len()];
    let mut left = octets.len();
    for needed in [true, false] {
        for (at, (line, place)) in split.iter().zip(&mut kept).enumerate() {
            let first = at == 0 && lines.starts;
            if (first || (lines.needed)(line)) != needed {
                continue;
            }
            let new = if !first && (lines.plain)(line) && line.ends_with(b"\n") {
                line.to_vec()
            } else {
                changed(line, first, maps)
            };
            // What is left must be filler's, which takes four octets at least, or nothing.
            let rest = left.checked_sub(new.len());
            if rest.is_some_and(|rest| needed || rest == 0 || rest >= LEAST_FILLER) {
                left -= new.len();
                *place = Some(new);
            }
        }
    }
    let mut made = kept.into_iter().flatten().flatten().collect::<Vec<u8>>();
    if left > 0 {
        let mut line = filler.to_vec();
        line.resize(left.saturating_sub(2).max(filler.len()), b'x');
        line.extend(b"\r\n");
        if left >= LEAST_FILLER {
            made.extend(line);
        } else if made.ends_with(b"\r\n") {
            made.truncate(made.len() - 2);
            made.resize(octets.len() - 2, b' ');
            made.extend(b"\r\n");
        }
    }
    made.resize(octets.len(), b' ');
    octets.copy_from_slice(&made);
}

/// A line with its words and addresses replaced.
fn changed(line: &[u8], first: bool, maps: &mut Maps) -> Vec<u8> {
    if first {
        return start(line, maps);
    }
    replaced(line, maps)
}

/// A start line keeps version, method and status.
fn start(line: &[u8], maps: &mut Maps) -> Vec<u8> {
    if line.starts_with(b"SIP/2.0 ") {
        let (status, reason) = line.split_at(line.len().min(11));
        return [status.to_vec(), replaced(reason, maps)].concat();
    }
    let version = line.windows(VERSION.len()).position(|window| window == VERSION).unwrap_or(line.len());
    let (request, version) = line.split_at(version);
    let method = request.iter().position(|octet| *octet == b' ').unwrap_or(request.len());
    let (method, target) = request.split_at(method);
    let method = if words::is_known(method) { method.to_vec() } else { replaced(method, maps) };
    [method, replaced(target, maps), version.to_vec()].concat()
}

/// Text with addresses mapped, whatever their length becomes, and other words as everywhere.
fn replaced(text: &[u8], maps: &mut Maps) -> Vec<u8> {
    let mut made = Vec::with_capacity(text.len() + 16);
    let mut from = 0;
    let mut at = 0;
    while at < text.len() {
        let found = words::quad(text, at).or_else(|| six(text, at));
        let Some(length) = found else {
            at += 1;
            continue;
        };
        let address = text.get(at..at + length).and_then(|text| std::str::from_utf8(text).ok()?.parse::<IpAddr>().ok());
        let Some(address) = address else {
            at += 1;
            continue;
        };
        made.extend(worded(text.get(from..at).unwrap_or_default(), maps));
        made.extend(maps.addresses.map(address).to_string().into_bytes());
        at += length;
        from = at;
    }
    made.extend(worded(text.get(from..).unwrap_or_default(), maps));
    made
}

fn worded(text: &[u8], maps: &mut Maps) -> Vec<u8> {
    let mut text = text.to_vec();
    // Ports stay: a number behind a colon, up to five digits.
    let mut at = 0;
    while at < text.len() {
        let port = text.get(at) == Some(&b':');
        let digits = text.get(at + 1..).unwrap_or_default().iter().take_while(|octet| octet.is_ascii_digit()).count();
        let ends = !text.get(at + 1 + digits).copied().is_some_and(|octet| is_of_label(octet) || octet == b'@');
        let end = if port && (2..=5).contains(&digits) && ends { at + 1 + digits } else { at };
        if end > at {
            at = end;
            continue;
        }
        let next = text.get(at + 1..).unwrap_or_default().iter().position(|octet| *octet == b':');
        let next = next.map_or(text.len(), |next| at + 1 + next);
        if let Some(words) = text.get_mut(at..next) {
            words::prose(words, maps);
        }
        at = next;
    }
    text
}

/// The length of the IPv6 address at `at`.
fn six(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    if before.is_some_and(|before| is_of_label(*before) || *before == b':') {
        return None;
    }
    let length = rest.iter().take_while(|octet| octet.is_ascii_hexdigit() || matches!(octet, b':' | b'.')).count();
    let address = rest.get(..length)?;
    let fits = address.split(|octet| *octet == b':').count() > 2;
    let parsed = fits && std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
    parsed.then_some(length)
}

const VERSION: &[u8] = b" SIP/2.0";
const LEAST_FILLER: usize = 4;
/// Fields that a call is told apart and followed by.
const NEEDED: &[&str] =
    &["call-id", "i", "cseq", "content-length", "l", "content-type", "c", "contact", "m", "user-agent", "server"];
