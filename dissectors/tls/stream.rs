//! TLS over TCP: records (RFC 8446 §5.1) and what is in clear in them.

use super::alert::Alert;
use super::certificate::tell_certificate;
use super::handshake::{Assembly, Message};
use super::hello::{ClientHello, Kind, ServerHello, Version};
use crate::by_side::BySide;
use crate::{Dialogue, Fact, Reader, ReplyClass, Side, Stop, Text};

/// One TLS connection.
pub struct Tls {
    sides: BySide<OneSide>,
    /// Who sent, or must send, the ServerHello.
    server: Option<Side>,
    /// A HelloRetryRequest waits for the second pair of hellos; ChangeCipherSpec means nothing until then.
    retrying: bool,
    /// The ClientHello without an answer.
    waiting: Option<u64>,
    next_id: u64,
    told: bool,
}

struct OneSide {
    /// Octets of the current handshake record that are still to be read.
    left: usize,
    /// Whether the next octets may lie within a record.
    lost: bool,
    /// Whether its handshake and alert records are encrypted.
    encrypted: bool,
    /// Whether application data was seen: all that follows is encrypted.
    done: bool,
    handshake: Assembly,
}

impl OneSide {
    fn new() -> Self {
        // A capture may start within a record.
        Self { left: 0, lost: true, encrypted: false, done: false, handshake: Assembly::default() }
    }
}

impl Tls {
    /// Both sides unread.
    pub fn new() -> Self {
        let sides = BySide::new(OneSide::new(), OneSide::new());
        Self { sides, server: None, retrying: false, waiting: None, next_id: 0, told: false }
    }

    fn read_handshake(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> usize {
        let one = self.sides.of_mut(side);
        let fragment = octets.get(..one.left).unwrap_or(octets);
        one.left -= fragment.len();
        let mut found = Vec::new();
        one.handshake.take(fragment, |message| found.push(message));
        for message in found {
            self.read_message(side, &message, tell);
        }
        fragment.len()
    }

    fn read_message(&mut self, side: Side, message: &Message, tell: &mut dyn FnMut(Fact)) {
        match message {
            Message::ClientHello(body) => {
                if let Ok(hello) = ClientHello::read(body, Kind::Stream) {
                    self.tell_client_hello(side, tell);
                    hello.tell(tell);
                }
            }
            Message::ServerHello(body) => {
                if let Ok(hello) = ServerHello::read(body) {
                    self.tell_server_hello(side, hello, tell);
                }
            }
            // A client may show a certificate too: it says nothing of what sits on the path to the server.
            Message::Certificate(der) if side == self.server.unwrap_or(Side::Responder) => tell_certificate(der, tell),
            Message::Certificate(_) | Message::Other => {}
        }
    }

    fn tell_client_hello(&mut self, side: Side, tell: &mut dyn FnMut(Fact)) {
        self.server = Some(side.other());
        let id = self.fresh_id();
        self.waiting = Some(id);
        tell(Fact::Request { id, what: "ClientHello".into() });
    }

    fn tell_server_hello(&mut self, side: Side, hello: ServerHello, tell: &mut dyn FnMut(Fact)) {
        self.server = Some(side);
        self.retrying = hello.retry;
        let id = self.waiting.take().unwrap_or_else(|| self.fresh_id());
        if hello.retry {
            tell(Fact::Reply { id, class: ReplyClass::Challenge, what: "HelloRetryRequest".into() });
            return;
        }
        let version = hello.version.text();
        tell(Fact::Reply { id, class: ReplyClass::Success, what: Text::joined(&["ServerHello ", &version]) });
        tell(Fact::Detail { key: "tls_version", value: version.into() });
        if let Some(alpn) = hello.alpn {
            tell(Fact::Detail { key: "alpn", value: alpn.into() });
        }
    }

    fn tell_tls(&mut self, tell: &mut dyn FnMut(Fact)) {
        if !std::mem::replace(&mut self.told, true) {
            tell(Fact::Detail { key: "tls", value: true.into() });
        }
    }

    fn fresh_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

impl Dialogue for Tls {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.sides.of(side).done {
            return Ok(octets.len());
        }
        if self.sides.of(side).left > 0 {
            return Ok(self.read_handshake(side, octets, tell));
        }
        let lost = self.sides.of(side).lost;
        let record = match Record::read(octets) {
            Ok(record) => record,
            Err(stop) if stop.is_incomplete() || !lost => return Err(stop),
            Err(_) => return self.read_old_hello(side, octets, tell),
        };
        let length = RECORD_HEADER + record.length;
        let clear = !self.sides.of(side).encrypted;
        let alert = match record.content {
            Content::Alert if clear && record.length == ALERT_LENGTH => {
                Alert::read(Reader::new(octets.get(RECORD_HEADER..).unwrap_or_default()).take(ALERT_LENGTH, "alert")?)
            }
            _ => None,
        };
        self.tell_tls(tell);
        let retrying = self.retrying;
        let one = self.sides.of_mut(side);
        if std::mem::take(&mut one.lost) {
            one.handshake.restart();
        }
        match record.content {
            Content::Handshake if clear => {
                one.left = record.length;
                return Ok(RECORD_HEADER);
            }
            Content::ChangeCipherSpec => one.encrypted = !retrying,
            Content::ApplicationData => one.done = true,
            Content::Alert => {
                if let Some(alert) = alert {
                    tell(alert.fact());
                }
            }
            Content::Handshake | Content::Heartbeat => {}
        }
        Ok(length)
    }

    fn gap(&mut self, side: Side) -> bool {
        let one = self.sides.of_mut(side);
        one.left = 0;
        one.lost = true;
        one.handshake.lose();
        true
    }

    fn finished(&self, side: Side) -> bool {
        self.sides.of(side).done
    }
}

impl Tls {
    /// Octets that are no record where a record may not begin: the hello of old clients, or the rest of a record.
    fn read_old_hello(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let Some(hello) = OldHello::read(octets)? else { return Ok(octets.len()) };
        self.sides.of_mut(side).lost = false;
        self.tell_tls(tell);
        self.tell_client_hello(side, tell);
        tell(Fact::Detail { key: "tls_offered", value: hello.version.text().into() });
        Ok(hello.length)
    }
}

/// The header of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// What it carries.
    pub content: Content,
    /// Octets behind the header.
    pub length: usize,
}

/// What a record carries (RFC 8446 §5.1, RFC 6520).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// 20.
    ChangeCipherSpec,
    /// 21.
    Alert,
    /// 22.
    Handshake,
    /// 23.
    ApplicationData,
    /// 24.
    Heartbeat,
}

impl Record {
    /// Reads the header at the front of `octets`.
    pub fn read(octets: &[u8]) -> Result<Self, Stop> {
        let mut r = Reader::new(octets);
        let content = match r.u8("content type")? {
            20 => Content::ChangeCipherSpec,
            21 => Content::Alert,
            22 => Content::Handshake,
            23 => Content::ApplicationData,
            24 => Content::Heartbeat,
            _ => return Err(r.malformed("content type", "is none")),
        };
        if r.u8("major version")? != 3 || r.u8("minor version")? > 4 {
            return Err(r.malformed("record version", "is none"));
        }
        let length = r.u16_be("record length")?;
        let fits = match content {
            Content::ApplicationData => length <= MAX_RECORD,
            _ => (1..=MAX_RECORD).contains(&length),
        };
        if !fits {
            return Err(r.malformed("record length", "is not allowed"));
        }
        Ok(Self { content, length: length.into() })
    }
}

/// The SSLv2 hello in which old clients offer newer versions (RFC 5246 Appendix E.2).
#[derive(Debug, PartialEq, Eq)]
pub struct OldHello {
    /// The highest version offered.
    pub version: Version,
    /// Octets of the whole record.
    pub length: usize,
}

impl OldHello {
    /// `None` when `octets` begin with something else.
    pub fn read(octets: &[u8]) -> Result<Option<Self>, Stop> {
        if octets.first().is_none_or(|octet| octet & 0x80 == 0) {
            return Ok(None);
        }
        let mut r = Reader::new(octets);
        let length = usize::from(r.u16_be("record length")? & 0x7fff);
        if r.u8("message type")? != 1 {
            return Ok(None);
        }
        let version = Version(r.u16_be("client version")?);
        let ciphers = usize::from(r.u16_be("cipher specs")?);
        let session = usize::from(r.u16_be("session id")?);
        let challenge = usize::from(r.u16_be("challenge")?);
        let consistent = matches!(version.0, 0x0002 | 0x0300..=0x0304)
            && ciphers.is_multiple_of(3)
            && matches!(session, 0 | 16)
            && (16..=32).contains(&challenge)
            && length == OLD_HELLO_HEADER + ciphers + session + challenge;
        Ok(consistent.then_some(Self { version, length: length + 2 }))
    }
}

/// Octets before the content of a record.
pub const RECORD_HEADER: usize = 5;
/// The largest ciphertext (RFC 5246 §6.2.3).
const MAX_RECORD: u16 = (1 << 14) + 2048;
const ALERT_LENGTH: usize = 2;
/// Type, version and three lengths.
const OLD_HELLO_HEADER: usize = 9;
