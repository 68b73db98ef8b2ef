//! Start lines and header fields (RFC 9112 §2 to §6).

use crate::line::word;
use crate::{ReplyClass, Text, text};

/// The first line of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum StartLine {
    /// A request.
    Request(RequestLine),
    /// An answer and its status.
    Status(u16),
}

/// The first line of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// As sent.
    pub method: Text,
    /// The target without query and without credentials.
    pub path: Text,
    /// What the method means for the connection.
    pub method_kind: Method,
}

/// The methods that change how the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The answer has no body.
    Head,
    /// A 2xx makes the connection a tunnel.
    Connect,
    /// HTTP/2 without asking (RFC 9113 §3.4).
    Preface,
    /// RPC over HTTP (MS-RPCH): one endless body each way.
    Rpc,
    /// `GET /` without a version (HTTP/0.9, RFC 1945 §5): no head either way. Simple health checks still ask so.
    Simple,
    /// Any other.
    Other,
}

impl StartLine {
    /// `None` when the line is no first line of HTTP/1; `cut` when its end was not looked at.
    pub fn read(line: &[u8], cut: bool) -> Option<Self> {
        if let Some(rest) = line.strip_prefix(b"HTTP/1.") {
            let (status, _) = word(word(rest).1);
            let status = std::str::from_utf8(status).ok()?.parse().ok()?;
            return (100..=999).contains(&status).then_some(Self::Status(status));
        }
        let (method, rest) = word(line);
        if method == b"GET" && rest.starts_with(b"/") && !rest.contains(&b' ') && !cut {
            let request = RequestLine { method: text(method), path: path(rest), method_kind: Method::Simple };
            return Some(Self::Request(request));
        }
        let (target, version) = if cut { (rest, None) } else { target_and_version(rest)? };
        let fits = is_method(method)
            && !target.is_empty()
            && match version {
                Some(version) => version.starts_with(b"HTTP/") && version.len() == b"HTTP/1.1".len(),
                None => target.starts_with(b"/") || target.starts_with(b"http"),
            };
        fits.then(|| {
            let method_kind = match method {
                b"HEAD" => Method::Head,
                b"CONNECT" => Method::Connect,
                b"PRI" => Method::Preface,
                b"RPC_IN_DATA" | b"RPC_OUT_DATA" => Method::Rpc,
                _ => Method::Other,
            };
            Self::Request(RequestLine { method: text(method), path: path(target), method_kind })
        })
    }
}

/// Target and version: a bad client may leave blanks in the target.
fn target_and_version(rest: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let blank = rest.iter().rposition(|&octet| octet == b' ')?;
    let (target, version) = rest.split_at_checked(blank)?;
    Some((target.trim_ascii(), version.get(1..)))
}

/// Whether these octets can be a method: a short token of capitals (RFC 9110 §9.1 and its registry).
pub fn is_method(octets: &[u8]) -> bool {
    (2..=MAX_METHOD).contains(&octets.len())
        && octets.iter().all(|&octet| octet.is_ascii_uppercase() || matches!(octet, b'_' | b'-'))
}

/// The target without what may be secret: query, fragment, user and password.
fn path(target: &[u8]) -> Text {
    let end = target.iter().position(|octet| matches!(octet, b'?' | b'#' | b';')).unwrap_or(target.len());
    let path = target.get(..end).unwrap_or_default();
    let Some(scheme) = path.windows(3).position(|three| three == b"://") else { return text(path) };
    let (scheme, rest) = path.split_at_checked(scheme + 3).unwrap_or((path, &[]));
    let authority = rest.iter().position(|&octet| octet == b'/').unwrap_or(rest.len());
    let user = rest.get(..authority).and_then(|authority| authority.iter().rposition(|&octet| octet == b'@'));
    let host_on = rest.get(user.map_or(0, |at| at + 1)..).unwrap_or_default();
    text(&[scheme, host_on].concat())
}

/// A header field that something is made of.
#[derive(Debug, PartialEq, Eq)]
pub enum Field {
    /// Host.
    Host(Text),
    /// User-Agent.
    UserAgent(Text),
    /// Server.
    Server(Text),
    /// Content-Length.
    Length(u64),
    /// Transfer-Encoding whose last coding is chunked.
    Chunked,
    /// The scheme of Authorization or Proxy-Authorization, never what follows it.
    Offers(Text),
    /// The scheme of WWW-Authenticate or Proxy-Authenticate.
    Demands(Text),
    /// Upgrade.
    Upgrade(Text),
    /// One of no interest here.
    Other,
}

impl Field {
    /// Reads one line of the header section.
    pub fn read(line: &[u8]) -> Self {
        let Some(colon) = line.iter().position(|&octet| octet == b':') else { return Self::Other };
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, &[]));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        match name.trim_ascii_end().to_ascii_lowercase().as_slice() {
            b"host" => Self::Host(text(value)),
            b"user-agent" => Self::UserAgent(text(value)),
            b"server" => Self::Server(text(value)),
            b"upgrade" => Self::Upgrade(text(value)),
            b"content-length" => number(value).map_or(Self::Other, Self::Length),
            b"transfer-encoding" if value.to_ascii_lowercase().ends_with(b"chunked") => Self::Chunked,
            b"authorization" | b"proxy-authorization" => {
                // A value of one word may be the credential itself.
                let (_, credential) = word(value);
                scheme(value).filter(|_| !credential.is_empty()).map_or(Self::Other, Self::Offers)
            },
            b"www-authenticate" | b"proxy-authenticate" => scheme(value).map_or(Self::Other, Self::Demands),
            _ => Self::Other,
        }
    }
}

/// The first word, if it looks like a scheme (RFC 9110 §11.1).
fn scheme(value: &[u8]) -> Option<Text> {
    let (scheme, _) = word(value);
    let fits = scheme.len() <= MAX_SCHEME && scheme.iter().all(|octet| octet.is_ascii_alphabetic() || *octet == b'-');
    (fits && !scheme.is_empty()).then(|| text(scheme))
}

fn number(digits: &[u8]) -> Option<u64> {
    let fits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// The size that begins a chunk (RFC 9112 §7.1).
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&octet| octet == b';').next()?.trim_ascii();
    let fits = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    fits.then(|| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

/// How a status answers (RFC 9110 §15).
pub fn class(status: u16) -> ReplyClass {
    match status {
        100..=199 => ReplyClass::Interim,
        200..=299 => ReplyClass::Success,
        300..=399 => ReplyClass::Referral,
        401 | 407 => ReplyClass::Challenge,
        400..=499 => ReplyClass::Refused,
        _ => ReplyClass::Failed,
    }
}

/// `BASELINE-CONTROL` and `X-MS-ENUMATTS` are the longest in use.
const MAX_METHOD: usize = 20;
const MAX_SCHEME: usize = 20;
