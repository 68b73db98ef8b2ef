//! SMTP, HTTP, POP3 and IMAP: lines, of which verbs, codes and fields stay and everything else is mapped word by
//! word. Mail and web pages become `x`.

use super::words;
use crate::redact::Maps;
use crate::redact::octets::part;

/// Rewrites one line with its end; `spoken` says whether it is of the protocol, and not of what it carries.
pub(super) fn line(protocol: &str, line: &mut [u8], spoken: bool, maps: &mut Maps) {
    if !spoken {
        return content(line);
    }
    match protocol {
        "smtp" => smtp(line, maps),
        "http" => http(line, maps),
        "imap" => imap(line, maps),
        _ => pop3(line, maps),
    }
}

/// What is carried: only where lines end, and the dots that stand at their front.
pub(super) fn content(octets: &mut [u8]) {
    let mut front = true;
    for octet in octets {
        let kept = matches!(octet, b'\r' | b'\n') || front && *octet == b'.';
        front = *octet == b'\n';
        if !kept {
            *octet = b'x';
        }
    }
}

fn smtp(line: &mut [u8], maps: &mut Maps) {
    let greets = line.starts_with(b"220");
    if let [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-' | b'\r' | b'\n', said @ ..] = line {
        return smtp_reply(said, greets, maps);
    }
    let verb = line.iter().position(|octet| *octet == b' ').unwrap_or(line.len());
    let (verb, argument) = line.split_at_mut(verb);
    match verb.to_ascii_uppercase().as_slice() {
        b"EHLO" | b"HELO" | b"LHLO" => words::names(argument, maps),
        b"BDAT" | b"XEXCH50" => {}
        _ => {
            words::prose(verb, maps);
            words::prose(argument, maps);
        }
    }
}

/// What a server says behind its code.
fn smtp_reply(said: &mut [u8], greets: bool, maps: &mut Maps) {
    let masked = |octet: &u8| matches!(octet, b'*' | b'2' | b'0' | b' ' | b'\r' | b'\n');
    if said.starts_with(b"SMTP/cmap") || said.iter().all(masked) {
        return; // what a firewall wrote over the words
    }
    // An enhanced status (RFC 3463) is three numbers.
    let first = said.iter().position(|octet| matches!(octet, b' ' | b'\r')).unwrap_or(said.len());
    let status = said.get(..first).unwrap_or_default();
    let enhanced = matches!(status, [b'2' | b'4' | b'5' | b'#', ..])
        && status.split(|octet| *octet == b'.').count() == 3
        && status.len() <= 10
        && status.iter().all(|octet| octet.is_ascii_digit() || matches!(octet, b'.' | b'#'));
    let said = part(said, if enhanced { first } else { 0 }..usize::MAX);
    // A greeting begins with who greets.
    let host = if greets && !enhanced { first } else { 0 };
    words::names(part(said, 0..host), maps);
    words::prose(part(said, host..usize::MAX), maps);
}

fn http(line: &mut [u8], maps: &mut Maps) {
    if line.starts_with(b"HTTP/1.") {
        return words::prose(part(line, 12..usize::MAX), maps);
    }
    let end = line.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let version = part(line, end.saturating_sub(9)..end);
    if version.starts_with(b" HTTP/1.") {
        return words::prose(part(line, 0..end.saturating_sub(9)), maps);
    }
    field(line, maps);
}

/// A field of a head: its name, then its value.
fn field(line: &mut [u8], maps: &mut Maps) {
    let Some(colon) = line.iter().position(|octet| *octet == b':') else {
        return words::prose(line, maps);
    };
    let (name, value) = line.split_at_mut(colon);
    match name.to_ascii_lowercase().as_slice() {
        b"content-length" => {}
        b"host" => words::names(value, maps),
        _ => {
            words::prose(name, maps);
            words::prose(value, maps);
        }
    }
}

fn imap(line: &mut [u8], maps: &mut Maps) {
    // How many octets of a literal follow.
    let literal = line.iter().rposition(|octet| *octet == b'{').unwrap_or(line.len());
    let literal = if line.ends_with(b"}\r\n") { literal } else { line.len() };
    words::prose(part(line, 0..literal), maps);
}

fn pop3(line: &mut [u8], maps: &mut Maps) {
    let verb = line.iter().position(|octet| matches!(octet, b' ' | b'\r' | b'\n')).unwrap_or(line.len());
    let secret = matches!(part(line, 0..verb).to_ascii_uppercase().as_slice(), b"USER" | b"PASS" | b"APOP");
    let (verb, argument) = line.split_at_mut(verb);
    if !verb.starts_with(b"+") && !verb.starts_with(b"-") && !words::is_known(verb) {
        content(verb);
        return content(argument);
    }
    if secret { words::names(argument, maps) } else { words::prose(argument, maps) }
}
