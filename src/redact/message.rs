//! What is kept of a message: one rewriter for each protocol, and nothing of any other.

mod ber;
mod dns;
mod media;
mod rpc;
mod sip;
mod smb;
mod text;
mod tls;
mod words;

use anyany_dissectors::{Dialogue, Fact, Hint, Protocol, Side, Stop, Transport};

use super::Maps;
use super::octets::{blank, part, u16_be, u24_be, u32_be};
use crate::classify::{Choice, Rejected, choose};

/// How one conversation is read.
pub(super) struct Reading {
    transport: Transport,
    ports: [u16; 2],
    state: State,
    /// Looks at octets that no protocol recognised, by side.
    looks: [u8; 2],
    /// Whether the endpoint mapper is called.
    mapper: bool,
}

enum State {
    Unknown,
    /// Messages that say their own length.
    Framed(&'static str),
    /// Lines, whose dissector knows which of them are the protocol's.
    Spoken(&'static str, Box<dyn Dialogue>),
    GivenUp,
}

/// What became of a look at the front of a stream.
pub(super) enum Step {
    /// So many octets were read, or have not come yet and are of no interest.
    Read(usize),
    /// More are needed.
    Waits,
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("ports", &self.ports).finish_non_exhaustive()
    }
}

impl Reading {
    pub(super) fn new(transport: Transport, initiator_port: u16, responder_port: u16) -> Self {
        let ports = [initiator_port, responder_port];
        let mapper = ports.contains(&135);
        Self { transport, ports, state: State::Unknown, looks: [0; 2], mapper }
    }

    /// Rewrites the message at the front of a side's octets. `last` says that no more will come.
    pub(super) fn message(&mut self, side: Side, octets: &mut [u8], last: bool, maps: &mut Maps) -> Step {
        if is_tls(octets) && !matches!(self.state, State::Framed("https")) && self.may_turn_to_tls() {
            self.state = State::Framed("https");
        }
        if matches!(self.state, State::Unknown) && !self.find(side, octets) && !last {
            return Step::Waits;
        }
        match &self.state {
            State::Framed(name) => {
                let name = *name;
                self.framed(name, octets, last, maps)
            }
            State::Spoken(..) => self.spoken(side, octets, last, maps),
            State::Unknown | State::GivenUp => {
                octets.fill(0);
                Step::Read(octets.len())
            }
        }
    }

    /// Octets of a side are missing.
    pub(super) fn gap(&mut self, side: Side) {
        if let State::Spoken(_, dialogue) = &mut self.state {
            dialogue.gap(side);
        }
    }

    /// Rewrites a datagram.
    pub(super) fn datagram(&mut self, side: Side, octets: &mut [u8], maps: &mut Maps) {
        let name = match choose(&self.hint(side, octets), Rejected::default()) {
            Choice::Known(protocol) => protocol.name,
            Choice::Wait | Choice::Unknown => match &self.state {
                State::Framed(name) => name,
                _ => "",
            },
        };
        if !name.is_empty() {
            self.state = State::Framed(name);
        }
        match name {
            "dns" => dns::message(octets, maps),
            "netbios-ns" => dns::netbios(octets, maps),
            "netbios-dgm" => dns::netbios_datagram(octets, maps),
            "kerberos" => kerberos(octets, maps),
            "ldap" => ber::walk(octets, ber::Kind::Ldap, maps),
            "sip" if octets.len() > 8 => sip::message(octets, maps),
            "sip" => {}
            "ntp" => media::ntp(octets, maps),
            "rtp" => media::rtp(octets),
            "rtcp" => media::rtcp(octets),
            "dcerpc" => rpc::datagram(octets),
            "https" => tls::datagram(octets, maps),
            "cluster" if matches!(octets, [20..=25, 0xfe, 0xff | 0xfd, ..]) => blank(octets, 3..octets.len()),
            _ => octets.fill(0),
        }
    }

    fn hint<'a>(&self, side: Side, octets: &'a [u8]) -> Hint<'a> {
        let [initiator_port, responder_port] = self.ports;
        Hint { transport: self.transport, initiator_port, responder_port, side, octets }
    }

    /// Whether what is spoken so far may go on in TLS.
    fn may_turn_to_tls(&self) -> bool {
        matches!(self.state, State::Spoken(..) | State::Framed("ldap"))
    }

    /// Looks for the protocol. False while more octets are needed.
    fn find(&mut self, side: Side, octets: &[u8]) -> bool {
        match choose(&self.hint(side, octets), Rejected::default()) {
            Choice::Known(protocol) => self.state = state(protocol, self.transport),
            Choice::Wait if octets.len() < MOST_PROBED => return false,
            Choice::Wait | Choice::Unknown => {
                if let Some(looks) = self.looks.get_mut(side.index()) {
                    *looks += 1;
                    if *looks >= MOST_LOOKS {
                        self.state = State::GivenUp;
                    }
                }
            }
        }
        true
    }

    /// A message that says its own length.
    fn framed(&mut self, name: &'static str, octets: &mut [u8], last: bool, maps: &mut Maps) -> Step {
        let (header, length) = match frame(name, octets) {
            Framing::Message { header, length } => (header, length),
            Framing::Short if !last => return Step::Waits,
            Framing::Short | Framing::Other => return astray(name, octets),
        };
        // A long message is read at its front.
        if octets.len() < length.min(MOST_READ) && !last {
            return Step::Waits;
        }
        let here = length.min(octets.len());
        let message = part(octets, 0..here);
        match name {
            "https" if message.first().is_some_and(|first| first & 0x80 != 0) => tls::old_hello(message),
            "https" => tls::record(message, maps),
            "dcerpc" if header == length => {}
            "dcerpc" => rpc::pdu(message, &mut self.mapper, maps),
            "dns" => dns::message(part(message, header..here), maps),
            "kerberos" => kerberos(part(message, header..here), maps),
            "ldap" if header == 0 => ber::walk(message, ber::Kind::Ldap, maps),
            "ldap" => sealed(message),
            "smb" | "netbios-ssn" if message.first() == Some(&0) => {
                smb::message(part(message, header..here), &mut self.mapper, maps);
            }
            "netbios-ssn" | "smb" => dns::netbios_session(message, maps),
            "sip" => sip::message(message, maps),
            _ => message.fill(0),
        }
        Step::Read(length)
    }

    /// A line, or what comes behind it.
    fn spoken(&mut self, side: Side, octets: &mut [u8], last: bool, maps: &mut Maps) -> Step {
        let State::Spoken(name, dialogue) = &mut self.state else { return Step::Read(octets.len()) };
        let name = *name;
        let finished = dialogue.finished(side);
        let mut facts = Vec::new();
        let read = dialogue.read(side, octets, &mut |fact| facts.push(fact));
        let length = match read {
            Ok(0) => 0,
            Ok(length) => length,
            Err(Stop::Incomplete { .. }) if !last => return Step::Waits,
            // A line without its end.
            Err(Stop::Incomplete { .. }) => {
                let spoken = !mail_goes_on(name, octets);
                text::line(name, octets, spoken, maps);
                return Step::Read(octets.len());
            }
            Err(Stop::Malformed { .. }) => {
                self.state = State::GivenUp;
                octets.fill(0);
                return Step::Read(octets.len());
            }
        };
        let upgrades = facts.contains(&Fact::UpgradeToTls);
        if length > 0 {
            let here = length.min(octets.len());
            let message = part(octets, 0..here);
            let line = message.iter().position(|octet| *octet == b'\n').map_or(here, |end| end + 1);
            let spoken = !finished && is_spoken(name, part(message, 0..line), length > line, &facts);
            let numbers = name == "http" && is_chunk_size(part(message, 0..line), length > line);
            if !numbers {
                text::line(name, part(message, 0..line), spoken, maps);
            }
            text::content(part(message, line..here));
        }
        if upgrades {
            self.state = State::Framed("https");
        }
        if length == 0 && !upgrades {
            octets.fill(0);
            return Step::Read(octets.len());
        }
        if length == 0 { self.message(side, octets, last, maps) } else { Step::Read(length) }
    }
}

/// No message begins here: everything up to where one might is blank.
fn astray(name: &str, octets: &mut [u8]) -> Step {
    let begins = |at: usize| {
        let rest = octets.get(at..).unwrap_or_default();
        rest.len() >= 16 && matches!(frame(name, rest), Framing::Message { .. })
    };
    let searched = matches!(name, "https" | "dcerpc" | "smb" | "netbios-ssn" | "ldap");
    let next = if searched { (1..octets.len()).find(|at| begins(*at)) } else { None };
    let end = next.unwrap_or(octets.len());
    blank(octets, 0..end);
    Step::Read(end)
}

/// Whether a line is the protocol's own.
fn is_spoken(name: &str, line: &[u8], goes_on: bool, facts: &[Fact]) -> bool {
    let request = facts.iter().find_map(|fact| match fact {
        Fact::Request { what, .. } => Some(&**what),
        _ => None,
    });
    match name {
        "smtp" => {
            let reply = matches!(line, [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-' | b'\r' | b'\n', ..]);
            reply || request.is_some_and(|what| !matches!(what, "end of data" | "AUTH response" | "XEXCH50 blob"))
        }
        "imap" => matches!(line, [b'*' | b'+', ..]) || request.is_some() || !facts.is_empty(),
        "http" => line.len() > 2 || goes_on,
        _ => true,
    }
}

/// The length of the next piece of a body.
fn is_chunk_size(line: &[u8], goes_on: bool) -> bool {
    let digits = line.trim_ascii_end();
    digits == b"0" || goes_on && !digits.is_empty() && digits.len() <= 8 && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Whether the cut end of a stream of lines is more likely mail than a command.
fn mail_goes_on(name: &str, line: &[u8]) -> bool {
    let verb = line.split(|octet| matches!(octet, b' ' | b'\r' | b':')).next().unwrap_or_default();
    name != "http" && !words::is_known(verb) && !line.first().is_some_and(u8::is_ascii_digit)
}

fn state(protocol: &'static Protocol, transport: Transport) -> State {
    match protocol.name {
        "smtp" | "http" | "pop3" | "imap" => State::Spoken(protocol.name, (protocol.open)(transport)),
        "cluster" | "dag-replication" => State::GivenUp,
        name => State::Framed(name),
    }
}

/// What stands at the front of a stream of messages.
enum Framing {
    /// A message of so many octets, of which the first `header` are its length's.
    Message {
        header: usize,
        length: usize,
    },
    Short,
    Other,
}

fn frame(name: &str, octets: &[u8]) -> Framing {
    let after = |header: usize, length: Option<usize>| match length {
        Some(length) => Framing::Message { header, length: header.saturating_add(length) },
        None => Framing::Short,
    };
    match (name, octets) {
        ("https", [20..=24, 3, 0..=4, ..] | [20..=24, 3] | [20..=24]) => after(5, u16_be(octets, 3)),
        ("https", [high @ 0x80..=0xff, low, 1, ..]) => {
            after(2, Some(usize::from(u16::from_be_bytes([high & 0x7f, *low]))))
        }
        ("dns", [..]) => after(2, u16_be(octets, 0)),
        ("kerberos", [..]) => after(4, u32_be(octets, 0).filter(|length| *length < MOST_HELD)),
        ("smb" | "netbios-ssn", [0, ..]) if octets.len() < 8 => Framing::Short,
        ("smb" | "netbios-ssn", [0, _, _, _, 0xfc..=0xff, b'S', b'M', b'B', ..] | [0x81..=0x85, ..]) => {
            after(4, u24_be(octets, 1))
        }
        ("dcerpc", _) if octets.starts_with(PREAMBLE) => {
            Framing::Message { header: PREAMBLE.len(), length: PREAMBLE.len() }
        }
        ("dcerpc", _) if octets.len() < 16 => Framing::Short,
        ("dcerpc", _) if rpc::begins(octets) => match rpc::length(octets) {
            Some(length) => Framing::Message { header: 0, length },
            None => Framing::Other,
        },
        ("ldap", [0x30, ..]) => match ber_length(octets) {
            Some(length) => Framing::Message { header: 0, length },
            None if octets.len() < 6 => Framing::Short,
            None => Framing::Other,
        },
        ("ldap", [0, ..]) => after(4, u32_be(octets, 0)),
        ("sip", _) => sip_message(octets),
        _ if octets.is_empty() => Framing::Short,
        _ => Framing::Other,
    }
}

/// A SIP message ends where its Content-Length says.
fn sip_message(octets: &[u8]) -> Framing {
    if octets.first().is_some_and(|first| matches!(first, b'\r' | b'\n')) {
        return Framing::Message { header: 0, length: 1 };
    }
    let Some(head) = octets.windows(4).position(|four| four == b"\r\n\r\n") else { return Framing::Short };
    let fields = octets.get(..head).unwrap_or_default();
    let length = fields.split(|octet| *octet == b'\n').find_map(|line| {
        let colon = line.iter().position(|octet| *octet == b':')?;
        let (name, value) = line.split_at(colon);
        let named = matches!(name.trim_ascii().to_ascii_lowercase().as_slice(), b"content-length" | b"l");
        let value = value.get(1..)?.trim_ascii();
        named.then(|| std::str::from_utf8(value).ok()?.parse::<usize>().ok())?
    });
    Framing::Message { header: 0, length: (head + 4).saturating_add(length.unwrap_or(0)) }
}

fn ber_length(octets: &[u8]) -> Option<usize> {
    match *octets.get(1)? {
        short @ 0..=0x7f => Some(2 + usize::from(short)),
        long @ 0x81..=0x84 => {
            let octets = octets.get(2..2 + usize::from(long & 0x7f))?;
            let length = octets.iter().fold(0usize, |length, octet| length << 8 | usize::from(*octet));
            Some(length.saturating_add(2 + octets.len()))
        }
        _ => None,
    }
}

/// Kerberos, or its service for passwords (RFC 3244).
fn kerberos(octets: &mut [u8], maps: &mut Maps) {
    let whole = u16_be(octets, 0) == Some(octets.len());
    if whole && matches!(octets.get(2..4), Some([0, 1] | [0xff, 0x80])) {
        return ber::walk(part(octets, 6..usize::MAX), ber::Kind::Kerberos, maps);
    }
    ber::walk(octets, ber::Kind::Kerberos, maps);
}

/// A sealed message of LDAP keeps its length and the mark of what sealed it.
fn sealed(octets: &mut [u8]) {
    let kept = match octets.get(4) {
        Some(1) => 4 + 4,
        Some(5) => 4 + 2,
        _ => 4 + 1,
    };
    blank(octets, kept..octets.len());
}

fn is_tls(octets: &[u8]) -> bool {
    matches!(octets, [22, 3, 0..=4, _, _, 1 | 2, ..])
}

const PREAMBLE: &[u8] = b"ncacn_http/1.0";
/// Octets of a message that are waited for before it is read.
const MOST_READ: usize = 72 << 10;
/// Octets of a message that any server takes.
const MOST_HELD: usize = 1 << 20;
const MOST_PROBED: usize = 4096;
const MOST_LOOKS: u8 = 4;
