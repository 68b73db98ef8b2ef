//! Telling HTTP/1 from everything else, above all from SIP and RTSP, which look alike.

use super::head::{Method, RequestLine, StartLine, is_method};
use crate::line::word;
use crate::{Hint, Probe, Transport};

/// Whether the first octets of one side fit HTTP/1.
pub fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport != Transport::Tcp {
        return Probe::No;
    }
    // Some clients send an empty line too many (RFC 9112 §2.2).
    let octets = hint.octets.trim_ascii_start();
    if let Some(end) = octets.iter().position(|&octet| octet == b'\n') {
        let line = octets.get(..end).unwrap_or_default().trim_ascii_end();
        return match StartLine::read(line, false) {
            Some(StartLine::Request(RequestLine { method_kind: Method::Simple, .. })) => Probe::Maybe,
            Some(_) => Probe::Yes,
            None => Probe::No,
        };
    }
    if b"HTTP/1.".starts_with(octets.get(..7).unwrap_or(octets)) {
        return if octets.len() >= 9 { Probe::Yes } else { Probe::More };
    }
    let (method, target) = word(octets);
    let is_web = target.starts_with(b"/") || target.starts_with(b"http");
    match is_method(method) {
        true if is_web && octets.len() > MAX_LOOK => Probe::Yes,
        true if is_web => Probe::Maybe,
        true if target.is_empty() && octets.len() <= 24 => Probe::More,
        _ => Probe::No,
    }
}

/// A line longer than this is a long query, not the beginning of something else.
const MAX_LOOK: usize = 1024;
