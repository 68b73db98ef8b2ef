//! The lines of both sides (RFC 9051 §2.2).

use crate::ReplyClass;
use crate::line::word;

/// A tagged command, without its arguments.
#[derive(Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Chosen by the client; the answer bears it too.
    pub tag: &'a [u8],
    /// From the list of known ones, or [`UNKNOWN`].
    pub verb: &'static str,
}

impl<'a> Command<'a> {
    /// `None` when the line has no tag and verb.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let (tag, rest) = word(line);
        let (verb, argument) = word(rest);
        if !is_tag(tag) || verb.is_empty() {
            return None;
        }
        let mut verb = verb.to_ascii_uppercase();
        if verb == b"UID" {
            verb = [b"UID ", word(argument).0.to_ascii_uppercase().as_slice()].concat();
        }
        let verb = VERBS.iter().find(|known| known.as_bytes() == verb).copied().unwrap_or(UNKNOWN);
        Some(Self { tag, verb })
    }

    /// Whether the verb is one of IMAP.
    pub fn is_known(&self) -> bool {
        self.verb != UNKNOWN
    }
}

/// A line of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Response<'a> {
    /// `* WORD …`: data, or a status that answers nothing.
    Untagged(&'a [u8], &'a [u8]),
    /// `+`: go on.
    Continue,
    /// The answer to the command of that tag: its status, how it went, and the words behind it.
    Tagged(&'a [u8], &'static str, ReplyClass, &'a [u8]),
    /// None of these.
    Other,
}

impl<'a> Response<'a> {
    /// Reads one line.
    pub fn read(line: &'a [u8]) -> Self {
        let (first, rest) = word(line);
        let (second, said) = word(rest);
        match (first, second) {
            (b"*", b"") => Self::Other,
            (b"*", second) => Self::Untagged(second, said),
            (b"+", _) => Self::Continue,
            (tag, b"OK") if is_tag(tag) => Self::Tagged(tag, "OK", ReplyClass::Success, said),
            (tag, b"NO") if is_tag(tag) => Self::Tagged(tag, "NO", ReplyClass::Refused, said),
            (tag, b"BAD") if is_tag(tag) => Self::Tagged(tag, "BAD", ReplyClass::Failed, said),
            _ => Self::Other,
        }
    }
}

/// How many octets follow the line as a literal: `{42}`, or `{42+}` when nobody waits (RFC 7888).
pub fn literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let start = inner.iter().rposition(|&octet| octet == b'{')?;
    let digits = inner.get(start + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    let fits = !digits.is_empty() && digits.len() <= 10 && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// The capabilities that a line names: `CAPABILITY a b`, alone or in brackets.
pub fn capabilities(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let named = line.windows(KEYWORD.len()).position(|words| words.eq_ignore_ascii_case(KEYWORD));
    let list = named.and_then(|at| line.get(at + KEYWORD.len()..)).unwrap_or_default();
    let list = list.split(|&octet| octet == b']').next().unwrap_or_default();
    list.split(|&octet| octet == b' ').filter(|capability| !capability.is_empty() && capability.len() <= MAX_CAPABILITY)
}

fn is_tag(tag: &[u8]) -> bool {
    (1..=MAX_TAG).contains(&tag.len()) && tag.iter().all(|octet| octet.is_ascii_alphanumeric() || b".-_".contains(octet))
}

/// Stands for a verb that is not IMAP's: it might be a credential.
const UNKNOWN: &str = "(unknown)";
const KEYWORD: &[u8] = b"CAPABILITY ";
const MAX_TAG: usize = 32;
const MAX_CAPABILITY: usize = 40;

const VERBS: &[&str] = &[
    "CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE", "LOGIN", "ENABLE", "SELECT", "EXAMINE", "CREATE",
    "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "LIST", "LSUB", "XLIST", "NAMESPACE", "STATUS", "APPEND", "IDLE",
    "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "SEARCH", "FETCH", "STORE", "COPY", "MOVE", "SORT", "THREAD", "ID",
    "GETQUOTA", "GETQUOTAROOT", "GETACL", "MYRIGHTS", "COMPRESS", "UID FETCH", "UID STORE", "UID COPY", "UID MOVE",
    "UID SEARCH", "UID EXPUNGE", "UID SORT", "UID THREAD",
];
