//! Telling TLS, QUIC and DTLS from everything else.

use super::alert::Alert;
use super::datagram;
use super::handshake::TYPES;
use super::stream::{Content, OldHello, RECORD_HEADER, Record};
use crate::{Hint, Probe, Stop, Transport};

/// Whether the first octets of one side, or one datagram, fit.
pub fn probe(hint: &Hint<'_>) -> Probe {
    match hint.transport {
        Transport::Tcp => probe_stream(hint.octets),
        Transport::Udp => datagram::probe(hint),
    }
}

fn probe_stream(octets: &[u8]) -> Probe {
    let record = match Record::read(octets) {
        Ok(record) => record,
        Err(Stop::Incomplete { .. }) => return Probe::More,
        Err(Stop::Malformed { .. }) => return probe_old_hello(octets),
    };
    let content = octets.get(RECORD_HEADER..).unwrap_or_default();
    let front = match (record.content, content) {
        (Content::Handshake, [kind, ..]) if record.length < HANDSHAKE_HEADER => {
            if TYPES.contains(kind) { Probe::Maybe } else { Probe::No }
        }
        (Content::Handshake, [1 | 2, high, _, _, major, ..]) => {
            let hello = *high <= 1 && matches!(major, 3 | 0x7f) || record.length == HANDSHAKE_HEADER;
            // Else a record that continues a message, or an encrypted one.
            if hello { Probe::Yes } else { Probe::Maybe }
        }
        (Content::ChangeCipherSpec, [1, ..]) if record.length == 1 => Probe::Yes,
        (Content::ChangeCipherSpec, [_, ..]) => Probe::No,
        (Content::Alert, content) if record.length == 2 => match content.get(..2).map(Alert::read) {
            None => Probe::More,
            Some(alert) if alert.is_some_and(Alert::is_named) => Probe::Yes,
            Some(_) => Probe::No,
        },
        (Content::Handshake, [1 | 2, ..]) | (Content::ChangeCipherSpec | Content::Handshake, []) => Probe::More,
        _ => Probe::Maybe,
    };
    if front == Probe::Maybe { probe_next(octets, RECORD_HEADER + record.length) } else { front }
}

/// Whether a record follows where the first one ends: two headers in their places are no accident.
fn probe_next(octets: &[u8], end: usize) -> Probe {
    match octets.get(end..).map(Record::read) {
        Some(Ok(_)) => Probe::Yes,
        Some(Err(Stop::Malformed { .. })) => Probe::No,
        Some(Err(Stop::Incomplete { .. })) | None => Probe::Maybe,
    }
}

fn probe_old_hello(octets: &[u8]) -> Probe {
    match OldHello::read(octets) {
        Ok(Some(_)) => Probe::Yes,
        Ok(None) => Probe::No,
        Err(_) => Probe::More,
    }
}

const HANDSHAKE_HEADER: usize = 4;
