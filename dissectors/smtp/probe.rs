//! Telling SMTP from the other protocols that talk in lines, FTP above all: it also begins with 220.

use super::command::{is_command, is_masked};
use super::reply::{ReplyLine, is_masked_banner};
use crate::line::word;
use crate::{Hint, Probe, Transport};

/// Whether the first octets of one side fit SMTP.
pub fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport != Transport::Tcp {
        return Probe::No;
    }
    let usual = PORTS.iter().any(|&port| hint.port(port));
    let ended = hint.octets.iter().position(|&octet| octet == b'\n');
    let line = hint.octets.get(..ended.unwrap_or(hint.octets.len())).unwrap_or_default();
    let line = line.get(..MAX_LOOK).unwrap_or(line).trim_ascii_end();
    if line.len() < 4 && ended.is_none() {
        let begins = line.iter().all(|octet| octet.is_ascii_digit() || octet.is_ascii_alphabetic());
        return if begins { Probe::More } else { Probe::No };
    }
    match ReplyLine::read(line) {
        Some(reply) => probe_reply(reply, hint, usual, ended.is_some()),
        None => probe_command(line, usual),
    }
}

fn probe_reply(reply: ReplyLine<'_>, hint: &Hint<'_>, usual: bool, ended: bool) -> Probe {
    let said = reply.said.to_ascii_uppercase();
    let named = said.windows(4).any(|words| words == b"SMTP" || words == b"LMTP");
    // FTP replies look the same, and no one moves it to a port of mail.
    match reply.code {
        _ if hint.port(FTP) => Probe::No,
        220 if named || is_masked_banner(reply.said) => Probe::Yes,
        220 if !ended && said.len() < MAX_LOOK && !usual => Probe::More,
        220 | 421 | 554 if usual => Probe::Yes,
        _ if usual => Probe::Maybe,
        _ => Probe::No,
    }
}

fn probe_command(line: &[u8], usual: bool) -> Probe {
    let (verb, argument) = word(line);
    let (verb, argument) = (verb.to_ascii_uppercase(), argument.to_ascii_uppercase());
    match verb.as_slice() {
        b"EHLO" | b"HELO" | b"X-ANONYMOUSTLS" | b"X-EXPS" => Probe::Yes,
        b"MAIL" if argument.starts_with(b"FROM:") => Probe::Yes,
        b"RCPT" if argument.starts_with(b"TO:") => Probe::Yes,
        verb if usual && (is_command(line) || is_masked(verb)) => Probe::Maybe,
        _ => Probe::No,
    }
}

/// Mail, submission (TLS or not), the transport service behind the front end, outbound proxy, mailbox delivery.
pub const PORTS: &[u16] = &[25, 587, 465, 2525, 717, 475];

const FTP: u16 = 21;
/// Enough of a banner to find its protocol's name.
const MAX_LOOK: usize = 512;
