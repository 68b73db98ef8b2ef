//! A message up to its body: start line and header fields (RFC 3261 §7).

use super::MAX_LINE;
use crate::{Probe, Reader, Stop, Text, Transport, text};

/// The first line.
pub enum StartLine {
    /// `INVITE sip:um@contoso.com SIP/2.0`
    Request { method: Text },
    /// `SIP/2.0 302 Moved Temporarily`
    Status { code: u16, words: Text },
}

impl StartLine {
    /// `None` when the line is not one of SIP 2.0.
    pub fn read(line: &[u8]) -> Option<Self> {
        if let Some(status) = line.strip_prefix(VERSION) {
            let status = status.strip_prefix(b" ")?;
            let (code, words) = status.split_at_checked(3)?;
            let code: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
            let fits = (100..700).contains(&code) && words.first().is_none_or(|&octet| octet == b' ');
            return fits.then(|| Self::Status { code, words: text(words.trim_ascii()) });
        }
        let (method, rest) = split_once(line, b' ')?;
        let uri = rest.trim_ascii_end().strip_suffix(VERSION)?.strip_suffix(b" ")?;
        let uri = uri.trim_ascii();
        (is_method(method) && has_scheme(uri)).then(|| Self::Request { method: text(method) })
    }
}

/// What the front of a start line that has not ended yet tells.
pub fn probe_unfinished(octets: &[u8]) -> Probe {
    let begins_version = VERSION.iter().zip(octets).all(|(wanted, octet)| wanted == octet);
    let (proved, possible) = match split_once(octets, b' ') {
        Some((method, uri)) => {
            let proved = method == VERSION || (is_method(method) && has_scheme(uri));
            (proved, is_method(method) && uri.len() < MAX_SCHEME)
        }
        None => (false, begins_version || is_method(octets)),
    };
    match (proved, possible) {
        (true, _) => Probe::Yes,
        (false, true) => Probe::More,
        (false, false) => Probe::No,
    }
}

/// Where the next start line begins; else the octets that are surely before it.
pub fn find_start_line(octets: &[u8]) -> Result<usize, usize> {
    let mut r = Reader::new(octets);
    loop {
        let at = r.position();
        match r.line(MAX_LINE, "start line") {
            Ok(line) if StartLine::read(line).is_some() => return Ok(at),
            Ok(_) => {}
            Err(stop) if stop.is_incomplete() => return Err(at),
            Err(_) => return Err(octets.len()),
        }
    }
}

/// The header fields that anything is made of.
pub struct Head<'a> {
    pub start: StartLine,
    /// Octets up to the body.
    pub length: usize,
    pub call_id: &'a [u8],
    pub cseq_number: u32,
    /// The method that a reply is about; empty when the field is missing.
    pub cseq_method: &'a [u8],
    pub contact: Option<&'a [u8]>,
    pub content_length: Option<usize>,
    pub content_type: &'a [u8],
    pub user_agent: Option<&'a [u8]>,
    pub server: Option<&'a [u8]>,
}

impl<'a> Head<'a> {
    /// On UDP a head may end with its datagram, cut by the snap length: what is there is taken.
    pub fn read(octets: &'a [u8], transport: Transport) -> Result<Self, Stop> {
        let mut r = Reader::new(octets);
        let start = StartLine::read(r.line(MAX_LINE, "start line")?)
            .ok_or_else(|| r.malformed("start line", "is neither a request nor a status of SIP/2.0"))?;
        let mut head = Self {
            start,
            length: 0,
            call_id: b"",
            cseq_number: 0,
            cseq_method: b"",
            contact: None,
            content_length: None,
            content_type: b"",
            user_agent: None,
            server: None,
        };
        loop {
            match field(&mut r) {
                Ok(b"") => break,
                Ok(line) => head.take(line),
                Err(stop) if stop.is_incomplete() && transport == Transport::Udp => {
                    r.skip(r.remaining(), "header field")?;
                    break;
                }
                Err(stop) => return Err(stop),
            }
            if r.position() > MAX_HEAD {
                return Err(r.malformed("header", "does not end"));
            }
        }
        head.length = r.position();
        Ok(head)
    }

    fn take(&mut self, line: &'a [u8]) {
        let Some((name, value)) = split_once(line, b':') else { return };
        let (name, value) = (name.trim_ascii(), value.trim_ascii());
        let is = |long: &[u8], short: &[u8]| name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short);
        if is(b"call-id", b"i") {
            self.call_id = value;
        } else if is(b"cseq", b"cseq") {
            let (number, method) = split_once(value, b' ').unwrap_or((value, b""));
            self.cseq_number = number_of(number).unwrap_or(0);
            self.cseq_method = method.trim_ascii();
        } else if is(b"contact", b"m") {
            self.contact = self.contact.or(Some(value));
        } else if is(b"content-length", b"l") {
            self.content_length = number_of(value);
        } else if is(b"content-type", b"c") {
            self.content_type = value;
        } else if is(b"user-agent", b"user-agent") {
            self.user_agent = Some(value);
        } else if is(b"server", b"server") {
            self.server = Some(value);
        }
    }
}

/// The next header field with its folded lines (RFC 3261 §7.3.1); empty at the end of the head.
fn field<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Stop> {
    let rest = r.rest();
    let before = r.position();
    let first = r.line(MAX_FIELD, "header field")?;
    if first.is_empty() {
        return Ok(first);
    }
    let mut end = first.len();
    loop {
        match r.rest().first() {
            Some(b' ' | b'\t') => {
                let start = r.position() - before;
                end = start + r.line(MAX_FIELD, "header field")?.len();
            }
            Some(_) => return Ok(rest.get(..end).unwrap_or_default()),
            // Whether the field goes on shows only in the next octet.
            None => return Err(Stop::Incomplete { field: "header field", more: 1 }),
        }
    }
}

/// Host and port of the URI in a Contact: `"UM" <sip:mbx1.contoso.com:5065;transport=tcp>`.
/// Without a port it is the one that the transport usually has (RFC 3261 §19.1.2).
pub fn host_and_port(contact: &[u8]) -> Option<Text> {
    let contact = std::str::from_utf8(contact).ok()?;
    let uri = match contact.split_once('<') {
        Some((_, rest)) => rest.split('>').next()?,
        None => contact,
    };
    let (scheme, rest) = uri.trim().split_once(':')?;
    let place = rest.rsplit('@').next()?;
    let place = place.split([';', '?', ',', ' ']).next()?;
    if place.is_empty() {
        return None;
    }
    // An IPv6 reference has colons of its own.
    let has_port = place.rsplit(']').next()?.contains(':');
    let is_tls = scheme.eq_ignore_ascii_case("sips") || rest.to_ascii_lowercase().contains("transport=tls");
    Some(match (has_port, is_tls) {
        (true, _) => text(place.as_bytes()),
        (false, true) => text(format!("{place}:5061").as_bytes()),
        (false, false) => text(format!("{place}:5060").as_bytes()),
    })
}

/// Splits at the first `separator`, which neither part holds.
pub fn split_once(octets: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = octets.iter().position(|&octet| octet == separator)?;
    Some((octets.get(..at)?, octets.get(at + 1..)?))
}

fn number_of<T: std::str::FromStr>(octets: &[u8]) -> Option<T> {
    std::str::from_utf8(octets.trim_ascii()).ok()?.parse().ok()
}

/// Methods are upper-case words; extensions make new ones (RFC 3261 §7.1).
fn is_method(octets: &[u8]) -> bool {
    let is_word = |&octet: &u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || matches!(octet, b'-' | b'_');
    octets.len() <= MAX_METHOD && octets.first().is_some_and(u8::is_ascii_uppercase) && octets.iter().all(is_word)
}

fn has_scheme(uri: &[u8]) -> bool {
    SCHEMES.iter().any(|scheme| uri.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme)))
}

const VERSION: &[u8] = b"SIP/2.0";
const SCHEMES: [&[u8]; 5] = [b"sip:", b"sips:", b"tel:", b"urn:", b"im:"];
/// Octets of the longest scheme with its colon.
const MAX_SCHEME: usize = 5;
const MAX_METHOD: usize = 16;
/// Octets of a line of a header field: a Kerberos ticket in Proxy-Authorization is the longest.
const MAX_FIELD: usize = 24 * 1024;
/// Octets of a whole head.
const MAX_HEAD: usize = 32 * 1024;
