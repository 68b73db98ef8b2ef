//! TLS in datagrams: QUIC (RFC 9000 §17, RFC 8999, RFC 9369, and Google's before them) and DTLS
//! (RFC 6347 §4.1, RFC 9147 §4). Recognised and, for DTLS hellos, read; nothing is decrypted.

use super::alert::Alert;
use super::hello::{ClientHello, Kind, ServerHello};
use crate::{Dialogue, Fact, Hint, Probe, Reader, ReplyClass, Side, Stop, Text, text};

/// Whether a datagram fits QUIC or DTLS.
pub fn probe(hint: &Hint<'_>) -> Probe {
    match Datagram::read(hint.octets) {
        Some(Datagram::Quic(header)) if header.version.is_some_and(QuicVersion::is_known) => Probe::Yes,
        Some(Datagram::Dtls(_)) => Probe::Yes,
        // A client's first datagram is filled up, even when it only asks which versions there are.
        Some(Datagram::Quic(header)) if header.version.is_some() && hint.octets.len() >= MIN_INITIAL => Probe::Yes,
        // Version negotiation, versions to come, and short headers.
        Some(Datagram::Quic(_)) => Probe::Maybe,
        None if hint.port(HTTPS) && is_short_header(hint.octets) => Probe::Maybe,
        None => Probe::No,
    }
}

/// One conversation of QUIC or DTLS.
#[derive(Default)]
pub struct Datagrams {
    /// What the last datagram that said so belongs to.
    carries: Option<Carries>,
    client: Option<Side>,
    waiting: Option<u64>,
    next_id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    Quic,
    Dtls,
}

impl Dialogue for Datagrams {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match Datagram::read(octets) {
            Some(Datagram::Quic(header)) => self.read_quic(side, header, tell),
            Some(Datagram::Dtls(record)) => self.read_dtls(side, record, tell),
            // Encrypted, with a header that shows nothing.
            None => {}
        }
        Ok(octets.len())
    }
}

impl Datagrams {
    fn read_quic(&mut self, side: Side, header: QuicHeader, tell: &mut dyn FnMut(Fact)) {
        if self.carries != Some(Carries::Quic) {
            self.carries = Some(Carries::Quic);
            tell(Fact::Detail { key: "tls", value: true.into() });
        }
        // The client speaks first, and is never asked to negotiate.
        let client = *self.client.get_or_insert(if header.version.is_none() { side.other() } else { side });
        let Some(version) = header.version else {
            return self.reply(ReplyClass::Referral, "Version Negotiation".into(), tell);
        };
        if side == client {
            if self.waiting.is_none() && self.next_id == 0 {
                self.request("QUIC Initial", tell);
                tell(Fact::Detail { key: "quic_version", value: version.name().into() });
            }
        } else if self.waiting.is_some() {
            tell(Fact::Detail { key: "quic_version", value: version.name().into() });
            self.reply(ReplyClass::Success, format!("QUIC {}", version.name()).into(), tell);
        }
    }

    fn read_dtls(&mut self, side: Side, record: DtlsRecord<'_>, tell: &mut dyn FnMut(Fact)) {
        if self.carries != Some(Carries::Dtls) {
            self.carries = Some(Carries::Dtls);
            // No web: media, remote desktops and tunnels use it.
            tell(Fact::Service("other"));
            tell(Fact::Detail { key: "tls", value: true.into() });
            tell(Fact::Detail { key: "dtls", value: true.into() });
        }
        if record.epoch > 0 {
            return;
        }
        match record.content {
            ALERT => {
                if let Some(alert) = Alert::read(record.body) {
                    tell(alert.fact());
                }
            }
            HANDSHAKE => {
                // A hello in fragments is rare, and only its details are missed.
                let _ = self.read_dtls_handshake(side, record.body, tell);
            }
            _ => {}
        }
    }

    fn read_dtls_handshake(&mut self, side: Side, body: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let mut r = Reader::bounded(body);
        let kind = r.u8("handshake type")?;
        let length = r.u24_be("handshake length")?;
        r.u16_be("message sequence")?;
        let offset = r.u24_be("fragment offset")?;
        let whole = offset == 0 && r.u24_be("fragment length")? == length;
        let body = r.rest();
        match kind {
            CLIENT_HELLO if offset == 0 => {
                self.client = Some(side);
                self.request("ClientHello", tell);
                if whole {
                    ClientHello::read(body, Kind::Datagram)?.tell(tell);
                }
            }
            HELLO_VERIFY_REQUEST => self.reply(ReplyClass::Challenge, "HelloVerifyRequest".into(), tell),
            SERVER_HELLO if whole => {
                let hello = ServerHello::read(body)?;
                let version = hello.version.to_string();
                self.reply(ReplyClass::Success, format!("ServerHello {version}").into(), tell);
                tell(Fact::Detail { key: "tls_version", value: Text::from(version).into() });
            }
            _ => {}
        }
        Ok(())
    }

    fn request(&mut self, what: &'static str, tell: &mut dyn FnMut(Fact)) {
        // A hello sent again asks the same.
        let id = self.waiting.unwrap_or(self.next_id);
        if self.waiting.is_none() {
            self.next_id += 1;
            self.waiting = Some(id);
            tell(Fact::Request { id, what: what.into() });
        }
    }

    fn reply(&mut self, class: ReplyClass, what: Text, tell: &mut dyn FnMut(Fact)) {
        if let Some(id) = self.waiting.take() {
            tell(Fact::Reply { id, class, what });
        }
    }
}

enum Datagram<'a> {
    Quic(QuicHeader),
    Dtls(DtlsRecord<'a>),
}

impl<'a> Datagram<'a> {
    fn read(octets: &'a [u8]) -> Option<Self> {
        if let Ok(Some(record)) = DtlsRecord::read(octets) {
            return Some(Self::Dtls(record));
        }
        QuicHeader::read(octets).ok().flatten().map(Self::Quic)
    }
}

/// The invariant part of a long header (RFC 8999 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct QuicHeader {
    /// `None`: the server lists the versions it speaks.
    version: Option<QuicVersion>,
}

impl QuicHeader {
    fn read(octets: &[u8]) -> Result<Option<Self>, Stop> {
        let mut r = Reader::new(octets);
        let first = r.u8("first octet")?;
        if first & 0x80 == 0 {
            return Ok(Self::read_google(octets));
        }
        let version = QuicVersion(r.u32_be("version")?);
        if version.is_google() && version.0 < GOOGLE_Q049 {
            // Both connection ids measured by one octet of nibbles.
            return Ok(Some(Self { version: Some(version) }));
        }
        for field in ["destination connection id", "source connection id"] {
            if r.sized_u8(field)?.remaining() > MAX_CONNECTION_ID {
                return Ok(None);
            }
        }
        if version.0 == 0 {
            let listed = r.remaining();
            let negotiates = listed > 0 && listed.is_multiple_of(4) && listed <= MAX_VERSIONS * 4;
            return Ok(negotiates.then_some(Self { version: None }));
        }
        // The fixed bit may only be unset where both sides agreed on it before (RFC 9287).
        let fits = version.is_known() || (version.is_reserved() && first & 0x40 != 0);
        Ok(fits.then_some(Self { version: Some(version) }))
    }

    /// The public header before Q044: a version behind a connection id of eight octets.
    fn read_google(octets: &[u8]) -> Option<Self> {
        let (&flags, rest) = octets.split_first()?;
        let version = QuicVersion(u32::from_be_bytes(rest.get(8..12)?.try_into().ok()?));
        (flags & 0xc9 == 0x09 && version.is_google()).then_some(Self { version: Some(version) })
    }
}

/// A version of QUIC as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct QuicVersion(u32);

impl QuicVersion {
    fn is_known(self) -> bool {
        matches!(self.0, 1 | QUIC_V2 | 0xff00_0001..=0xff00_00ff | 0xface_b000..=0xface_b0ff) || self.is_google()
    }

    fn is_google(self) -> bool {
        matches!(self.0.to_be_bytes(), [b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9'])
    }

    /// Those that force a negotiation (RFC 9000 §15).
    fn is_reserved(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    fn name(self) -> Text {
        match self.0 {
            1 => "1".into(),
            QUIC_V2 => "2".into(),
            draft @ 0xff00_0000..=0xff00_00ff => format!("draft-{}", draft & 0xff).into(),
            google if self.is_google() => text(&google.to_be_bytes()),
            version => format!("0x{version:08x}").into(),
        }
    }
}

/// One record in clear form (RFC 6347 §4.1); the short headers of DTLS 1.3 show nothing.
#[derive(Debug, Clone, Copy)]
struct DtlsRecord<'a> {
    content: u8,
    /// Above 0 all is encrypted.
    epoch: u16,
    body: &'a [u8],
}

impl<'a> DtlsRecord<'a> {
    fn read(octets: &'a [u8]) -> Result<Option<Self>, Stop> {
        let mut r = Reader::new(octets);
        let content = r.u8("content type")?;
        let version = r.u16_be("version")?;
        if !(20..=26).contains(&content) || !matches!(version, 0xfeff | 0xfefd | 0xfefc | 0x0100) {
            return Ok(None);
        }
        let epoch = r.u16_be("epoch")?;
        r.skip(6, "sequence number")?;
        let declared = usize::from(r.u16_be("record length")?);
        // A datagram cut by the snap length is still one.
        Ok(Some(Self { content, epoch, body: r.rest().get(..declared).unwrap_or(r.rest()) }))
    }
}

/// A short header has the fixed bit alone of the two high ones (RFC 9000 §17.3) and is no shorter than this.
/// All behind it looks random, so octets of zero are rare; DNS on this port, for one, has many.
fn is_short_header(octets: &[u8]) -> bool {
    let Some(front) = octets.get(..21) else { return false };
    front.first().is_some_and(|octet| octet & 0xc0 == 0x40) && front.iter().filter(|&&octet| octet == 0).nth(2).is_none()
}

const HTTPS: u16 = 443;
const QUIC_V2: u32 = 0x6b33_43cf;
/// "Q049": from here on connection ids are measured as in QUIC.
const GOOGLE_Q049: u32 = 0x5130_3439;
/// The least size of a datagram with a client's Initial (RFC 9000 §14.1).
const MIN_INITIAL: usize = 1200;
const MAX_CONNECTION_ID: usize = 20;
const MAX_VERSIONS: usize = 64;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const HELLO_VERIFY_REQUEST: u8 = 3;
