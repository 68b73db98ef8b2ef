//! ClientHello and ServerHello (RFC 8446 §4.1.2 and §4.1.3, RFC 5246 §7.4.1, RFC 9147 §5.3 for DTLS).

use std::fmt;

use crate::{Fact, Reader, Stop, Text, text};

/// A protocol version as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub u16);

impl Version {
    /// Whether this is one of the values that clients send to keep servers tolerant (RFC 8701).
    fn is_grease(self) -> bool {
        self.0 & 0x0f0f == 0x0a0a && self.0 >> 8 == self.0 & 0xff
    }

    /// A number that grows from version to version: DTLS counts down on the wire, and drafts of TLS 1.3 lie below it.
    fn rank(self) -> u16 {
        match self.0 {
            0xfeff => 0x0302,
            0xfefd | 0x7f00..=0x7fff => 0x0303,
            0xfefc => 0x0304,
            version => version,
        }
    }

    /// Whether its ServerHello has neither session id nor compression (drafts of TLS 1.3 up to 21).
    fn has_short_hello(self) -> bool {
        matches!(self.0, 0x7f00..=0x7f15)
    }
}

impl Version {
    fn word(self) -> Option<&'static str> {
        Some(match self.0 {
            0x0002 => "SSL 2.0",
            0x0300 => "SSL 3.0",
            0x0301 => "TLS 1.0",
            0x0302 => "TLS 1.1",
            0x0303 => "TLS 1.2",
            0x0304 => "TLS 1.3",
            0xfeff | 0x0100 => "DTLS 1.0",
            0xfefd => "DTLS 1.2",
            0xfefc => "DTLS 1.3",
            _ => return None,
        })
    }

    /// As it is printed.
    pub fn text(self) -> Text {
        Text::known(self.word(), self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.word(), self.0) {
            (Some(word), _) => f.write_str(word),
            (None, 0x7f00..=0x7fff) => write!(f, "TLS 1.3 draft {}", self.0 & 0xff),
            (None, _) => write!(f, "0x{:04x}", self.0),
        }
    }
}

/// What a client offers.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The highest version offered, by extension or else by the old field.
    pub offered: Version,
    /// `server_name`: where the client believes to be.
    pub server_name: Option<Text>,
    /// The first protocol offered by ALPN.
    pub alpn: Option<Text>,
    /// Number of cipher suites offered.
    pub ciphers: u64,
}

impl ClientHello {
    /// Reads the body of the handshake message; `has_cookie` as in DTLS.
    pub fn read(body: &[u8], kind: Kind) -> Result<Self, Stop> {
        let mut r = Reader::bounded(body);
        let legacy = Version(r.u16_be("client version")?);
        r.skip(RANDOM, "random")?;
        r.sized_u8("session id")?;
        if kind == Kind::Datagram {
            r.sized_u8("cookie")?;
        }
        let ciphers = r.sized_u16_be("cipher suites")?.remaining() / 2;
        r.sized_u8("compression methods")?;
        let mut hello =
            Self { offered: legacy, server_name: None, alpn: None, ciphers: u64::try_from(ciphers).unwrap_or_default() };
        // SSL 3.0 and old stacks end here; a broken extension still leaves what came before it.
        let _ = each_extension(&mut r, |number, value| hello.learn(number, value));
        Ok(hello)
    }

    fn learn(&mut self, number: u16, mut value: Reader<'_>) -> Result<(), Stop> {
        match number {
            SERVER_NAME => {
                let mut names = value.sized_u16_be("server names")?;
                let kind = names.u8("name type")?;
                let name = names.sized_u16_be("server name")?;
                self.server_name = (kind == 0).then(|| text(name.rest()));
            }
            ALPN => {
                let mut names = value.sized_u16_be("protocols")?;
                self.alpn = Some(text(names.sized_u8("protocol")?.rest()));
            }
            SUPPORTED_VERSIONS => {
                let mut versions = value.sized_u8("versions")?;
                let mut best: Option<Version> = None;
                while versions.remaining() >= 2 {
                    let version = Version(versions.u16_be("version")?);
                    if !version.is_grease() && best.is_none_or(|best| version.rank() > best.rank()) {
                        best = Some(version);
                    }
                }
                self.offered = best.unwrap_or(self.offered);
            }
            _ => {}
        }
        Ok(())
    }

    /// The hello as details.
    pub fn tell(self, tell: &mut dyn FnMut(Fact)) {
        tell(Fact::Detail { key: "tls_offered", value: self.offered.text().into() });
        tell(Fact::Detail { key: "tls_ciphers_offered", value: self.ciphers.into() });
        if let Some(name) = self.server_name {
            tell(Fact::Detail { key: "sni", value: name.into() });
        }
        if let Some(alpn) = self.alpn {
            tell(Fact::Detail { key: "alpn", value: alpn.into() });
        }
    }
}

/// What a server chose.
#[derive(Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version of this connection.
    pub version: Version,
    /// The protocol chosen by ALPN; in TLS 1.3 it is encrypted.
    pub alpn: Option<Text>,
    /// Whether it is no answer yet, but the wish for another ClientHello.
    pub retry: bool,
}

impl ServerHello {
    /// Reads the body of the handshake message.
    pub fn read(body: &[u8]) -> Result<Self, Stop> {
        let mut r = Reader::bounded(body);
        let version = Version(r.u16_be("server version")?);
        let retry = r.take(RANDOM, "random")? == RETRY_RANDOM;
        if !version.has_short_hello() {
            r.sized_u8("session id")?;
        }
        r.u16_be("cipher suite")?;
        if !version.has_short_hello() {
            r.u8("compression method")?;
        }
        let mut hello = Self { version, alpn: None, retry };
        let _ = each_extension(&mut r, |number, mut value| {
            match number {
                ALPN => {
                    let mut names = value.sized_u16_be("protocols")?;
                    hello.alpn = Some(text(names.sized_u8("protocol")?.rest()));
                }
                SUPPORTED_VERSIONS => hello.version = Version(value.u16_be("version")?),
                _ => {}
            }
            Ok(())
        });
        Ok(hello)
    }
}

/// Whether hellos have the field that only datagrams need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// TLS.
    Stream,
    /// DTLS: a cookie after the session id.
    Datagram,
}

fn each_extension(r: &mut Reader<'_>, mut learn: impl FnMut(u16, Reader<'_>) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut extensions = r.sized_u16_be("extensions")?;
    while !extensions.is_empty() {
        let number = extensions.u16_be("extension")?;
        let value = extensions.sized_u16_be("extension")?;
        learn(number, value)?;
    }
    Ok(())
}

const RANDOM: usize = 32;
const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// The random of a HelloRetryRequest: SHA-256 of those words (RFC 8446 §4.1.3).
const RETRY_RANDOM: [u8; RANDOM] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
