//! The LDAPMessage envelope and what is read of each request (RFC 4511 §4).

use std::fmt;

use crate::ber::{self, Tag};
use crate::{MAX_TEXT, Probe, Reader, Stop, Text, text};

/// A protocol operation: the number of its application tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation(pub u8);

macro_rules! operations {
    ($($constant:ident $octet:literal $word:literal $request:literal;)*) => {
        #[allow(missing_docs, reason = "the names of RFC 4511 §4.2 to §4.13 say it all")]
        impl Operation {
            $(pub const $constant: Self = Self($octet & 0x1f);)*

            /// The operation of an identifier octet, when RFC 4511 defines one with its form.
            fn from_tag(tag: Tag) -> Option<Self> {
                match tag.0 {
                    $($octet => Some(Self::$constant),)*
                    _ => None,
                }
            }

            /// The name in RFC 4511.
            pub fn word(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some($word),)*
                    _ => None,
                }
            }

            /// The words of an answer with this operation that reports success, as nearly all do.
            pub fn succeeded(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some(concat!($word, " success (0)")),)*
                    _ => None,
                }
            }

            /// Whether a client sends it.
            pub fn is_request(self) -> bool {
                match self {
                    $(Self::$constant => $request,)*
                    _ => false,
                }
            }
        }
    };
}

operations! {
    BIND_REQUEST 0x60 "bindRequest" true;
    BIND_RESPONSE 0x61 "bindResponse" false;
    UNBIND_REQUEST 0x42 "unbindRequest" true;
    SEARCH_REQUEST 0x63 "searchRequest" true;
    SEARCH_RESULT_ENTRY 0x64 "searchResEntry" false;
    SEARCH_RESULT_DONE 0x65 "searchResDone" false;
    MODIFY_REQUEST 0x66 "modifyRequest" true;
    MODIFY_RESPONSE 0x67 "modifyResponse" false;
    ADD_REQUEST 0x68 "addRequest" true;
    ADD_RESPONSE 0x69 "addResponse" false;
    DEL_REQUEST 0x4a "delRequest" true;
    DEL_RESPONSE 0x6b "delResponse" false;
    MODIFY_DN_REQUEST 0x6c "modDNRequest" true;
    MODIFY_DN_RESPONSE 0x6d "modDNResponse" false;
    COMPARE_REQUEST 0x6e "compareRequest" true;
    COMPARE_RESPONSE 0x6f "compareResponse" false;
    ABANDON_REQUEST 0x50 "abandonRequest" true;
    SEARCH_RESULT_REFERENCE 0x73 "searchResRef" false;
    EXTENDED_REQUEST 0x77 "extendedReq" true;
    EXTENDED_RESPONSE 0x78 "extendedResp" false;
    INTERMEDIATE_RESPONSE 0x79 "intermediateResponse" false;
}

impl Operation {
    /// As it is printed.
    pub fn text(self) -> Text {
        Text::known(self.word(), self)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => f.write_str(word),
            None => write!(f, "operation {:#04x}", self.0),
        }
    }
}

/// Around every operation: who asked for it and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Pairs requests and responses; 0 where nobody asked.
    pub id: u64,
    /// The operation.
    pub operation: Operation,
    /// Octets before the operation's value.
    pub start: usize,
    /// Octets of the operation's value.
    pub size: usize,
    /// Octets of the whole message, controls included.
    pub length: usize,
}

impl Envelope {
    /// Reads the envelope at the front of `octets`.
    pub fn read(octets: &[u8]) -> Result<Self, Stop> {
        let mut r = Reader::new(octets);
        let message = ber::header(&mut r, "message")?;
        if message.tag != Tag::SEQUENCE {
            return Err(r.malformed("message", "is no SEQUENCE"));
        }
        let length = r.position().saturating_add(message.length);
        let id = ber::integer(&mut r, Tag::INTEGER, "message id")?;
        let id = u64::try_from(id).ok().filter(|id| *id <= MAX_ID);
        let id = id.ok_or_else(|| r.malformed("message id", "is outside 0 to 2147483647"))?;
        let header = ber::header(&mut r, "operation")?;
        let operation = Operation::from_tag(header.tag);
        let operation = operation.ok_or_else(|| r.malformed("operation", "is none of LDAP"))?;
        let start = r.position();
        if start.saturating_add(header.length) > length {
            return Err(r.malformed("operation", "overruns its message"));
        }
        Ok(Self { id, operation, start, size: header.length, length })
    }

    /// The operation's value, or the front of it, in the octets the envelope was read from.
    pub fn value<'a>(&self, octets: &'a [u8]) -> Result<Reader<'a>, Stop> {
        let mut r = Reader::new(octets);
        r.skip(self.start, "operation")?;
        r.front(self.size, "operation")
    }
}

/// A bind request (RFC 4511 §4.2).
pub struct Bind {
    /// 3, or 2 from the old.
    pub version: u64,
    /// Who binds; empty when anonymous or when SASL will say.
    pub name: Text,
    /// `anonymous`, `simple`, `sicily` (MS-ADTS §5.1.1.1.3) or the SASL mechanism.
    pub method: Text,
}

impl Bind {
    /// Reads up to the mechanism; the password or token behind it is left alone.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let version = ber::integer(r, Tag::INTEGER, "bind version")?;
        let version = u64::try_from(version).map_err(|_| r.malformed("bind version", "is negative"))?;
        let name = string(r, Tag::OCTET_STRING, "bind name")?;
        let choice = ber::header(r, "authentication")?;
        let method = match choice.tag.context() {
            Some(0) if choice.length == 0 && name.is_empty() => "anonymous".into(),
            Some(0) => "simple".into(),
            Some(3) => string(&mut r.front(choice.length, "authentication")?, Tag::OCTET_STRING, "mechanism")?,
            Some(9..=11) => "sicily".into(),
            _ => return Err(r.malformed("authentication", "is no choice of LDAP")),
        };
        Ok(Self { version, name, method })
    }
}

/// A search request (RFC 4511 §4.5.1).
pub struct Search {
    /// Where it starts; empty for the root DSE.
    pub base: Text,
    /// How deep it goes.
    pub scope: Scope,
}

impl Search {
    /// Reads up to the scope.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let base = string(r, Tag::OCTET_STRING, "base")?;
        Ok(Self { base, scope: Scope(ber::integer(r, Tag::ENUMERATED, "scope")?) })
    }
}

/// How deep a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(pub i64);

impl Scope {
    /// Only the base itself.
    pub const BASE: Self = Self(0);
    /// The base's children.
    pub const ONE_LEVEL: Self = Self(1);
    /// The base and all below.
    pub const SUBTREE: Self = Self(2);

    fn word(self) -> Option<&'static str> {
        Some(match self {
            Self::BASE => "base",
            Self::ONE_LEVEL => "one",
            Self::SUBTREE => "sub",
            _ => return None,
        })
    }

    /// As it is printed.
    pub fn text(self) -> Text {
        Text::known(self.word(), self)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => f.write_str(word),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

/// The object identifier of an extended request (RFC 4511 §4.12).
pub fn request_name(r: &mut Reader<'_>) -> Result<Text, Stop> {
    string(r, REQUEST_NAME, "request name")
}

/// The object identifier in an extended response of `size` octets whose result code was read. Most
/// leave it out.
pub fn response_name(r: &mut Reader<'_>, size: usize) -> Result<Option<Text>, Stop> {
    string(r, Tag::OCTET_STRING, "matched name")?;
    string(r, Tag::OCTET_STRING, "diagnostic message")?;
    while r.position() < size {
        let header = ber::header(r, "response field")?;
        if header.tag == RESPONSE_NAME {
            return Ok(Some(text(r.sub(header.length, "response name")?.rest())));
        }
        r.skip(header.length, "response field")?;
    }
    Ok(None)
}

/// The next text, cut at [`MAX_TEXT`] however long it is.
fn string(r: &mut Reader<'_>, tag: Tag, field: &'static str) -> Result<Text, Stop> {
    let header = ber::header(r, field)?;
    if header.tag != tag {
        return Err(r.malformed(field, "has another tag"));
    }
    let kept = text(r.take(header.length.min(MAX_TEXT), field)?);
    r.skip(header.length.saturating_sub(MAX_TEXT), field)?;
    Ok(kept)
}

/// Whether `octets` start with a message: the envelope, what must come first in the operation, and
/// the controls that may follow it all have to fit.
pub fn probe(octets: &[u8]) -> Probe {
    match fits(octets) {
        Ok(()) => Probe::Yes,
        Err(stop) if stop.is_incomplete() => Probe::More,
        Err(_) => Probe::No,
    }
}

fn fits(octets: &[u8]) -> Result<(), Stop> {
    let envelope = Envelope::read(octets)?;
    let mut value = envelope.value(octets)?;
    let (operation, wrong) = (envelope.operation, value.malformed("operation", "does not start as it must"));
    if envelope.id == 0 && operation != Operation::EXTENDED_RESPONSE {
        return Err(wrong);
    }
    let first = match operation {
        Operation::UNBIND_REQUEST if envelope.size == 0 => None,
        Operation::ABANDON_REQUEST if (1..=5).contains(&envelope.size) => None,
        Operation::UNBIND_REQUEST | Operation::ABANDON_REQUEST => return Err(wrong),
        Operation::DEL_REQUEST | Operation::INTERMEDIATE_RESPONSE => None,
        Operation::BIND_REQUEST => Some(Tag::INTEGER),
        Operation::EXTENDED_REQUEST => Some(REQUEST_NAME),
        request if request.is_request() => Some(Tag::OCTET_STRING),
        Operation::SEARCH_RESULT_ENTRY | Operation::SEARCH_RESULT_REFERENCE => Some(Tag::OCTET_STRING),
        _ => Some(Tag::ENUMERATED),
    };
    if let Some(first) = first {
        let header = ber::header(&mut value, "operation")?;
        let number = first == Tag::INTEGER || first == Tag::ENUMERATED;
        if header.tag != first || header.length > envelope.size || (number && header.length != 1) {
            return Err(wrong);
        }
    }
    match octets.get(envelope.start.saturating_add(envelope.size)) {
        Some(&controls) if envelope.start + envelope.size < envelope.length && Tag(controls) != CONTROLS => Err(wrong),
        _ => Ok(()),
    }
}

/// RFC 4511 §4.1.1.1: `maxInt`.
const MAX_ID: u64 = 0x7fff_ffff;
const CONTROLS: Tag = Tag::explicit(0);
const REQUEST_NAME: Tag = Tag(0x80);
const RESPONSE_NAME: Tag = Tag(0x8a);
