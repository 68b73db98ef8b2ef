//! A call between a gateway and Unified Messaging (RFC 3261, RFC 8866), and its media (RFC 3550).

use std::net::IpAddr;

use super::super::random::Random;
use super::super::script::{Carrier, Ending, Fill, MILLIS, Micros, Order, SECOND, SERVER, Say, Script, client, server};

/// Who calls whom, and where each wants its media.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    pub number: u64,
    pub addresses: [IpAddr; 2],
    pub media: [u16; 2],
    pub carrier: Carrier,
    /// From answer to goodbye.
    pub lasts: Micros,
}

impl Call {
    /// The signalling.
    pub fn signalling(&self) -> Script {
        let called = bracketed(self.addresses[1]);
        let request = format!("sip:7000@{called}:5060;transport={}", self.word().to_lowercase());
        let invite = format!("INVITE {request} SIP/2.0");
        let opening = vec![
            client(self.message(&invite, "1 INVITE", Some(0))),
            server(self.message("SIP/2.0 100 Trying", "1 INVITE", None)),
            server(self.message("SIP/2.0 180 Ringing", "1 INVITE", None)).after(30 * MILLIS),
            server(self.message("SIP/2.0 200 OK", "1 INVITE", Some(1))).after(ANSWERED - 100 * MILLIS),
            client(self.message(&format!("ACK {request} SIP/2.0"), "1 ACK", None)),
            client(self.message(&format!("BYE {request} SIP/2.0"), "2 BYE", None)).after(self.lasts + SECOND),
            server(self.message("SIP/2.0 200 OK", "2 BYE", None)),
        ];
        Script { carrier: self.carrier, ending: Ending::Closed(SERVER), ..Script::tcp(5060) }.opening(opening)
    }

    fn message(&self, first: &str, order: &str, describes: Option<usize>) -> Vec<u8> {
        let [caller, called] = self.addresses.map(bracketed);
        let (body, kind) = match describes {
            Some(by) => (self.description(by), "Content-Type: application/sdp\r\n"),
            None => (String::new(), ""),
        };
        let (word, number, turn) = (self.word(), self.number, &order[..1]);
        let tag = if first.starts_with("INVITE") || first.contains("Trying") { "" } else { ";tag=um" };
        format!(
            "{first}\r\nVia: SIP/2.0/{word} {caller}:5060;branch=z9hG4bK{number:x}{turn}\r\nMax-Forwards: 70\r\n\
            From: \"Reception\" <sip:7100@{caller}>;tag=gw{number:x}\r\nTo: <sip:7000@{called}>{tag}\r\n\
            Call-ID: {number:016x}@contoso.com\r\nCSeq: {order}\r\nContact: <sip:7100@{caller}:5060>\r\n\
            User-Agent: Gateway/6.2\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn description(&self, by: usize) -> String {
        let (address, port) = (self.addresses[by], self.media[by]);
        let version = if address.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=- {} 1 IN {version} {address}\r\ns=-\r\nc=IN {version} {address}\r\nt=0 0\r\n\
            m=audio {port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
            a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
            self.number & 0xffff
        )
    }

    fn word(&self) -> &'static str {
        if self.carrier == Carrier::Udp { "UDP" } else { "TCP" }
    }

    /// How often the middle of [`media`] is said.
    pub fn packets(&self) -> u64 {
        self.lasts / (20 * MILLIS)
    }

    /// How often the middle of [`control`] is said.
    pub fn reports(&self) -> u64 {
        (self.lasts / (5 * SECOND)).max(1)
    }
}

/// Twenty milliseconds of G.711 from each of these sides, again and again.
pub fn media(sides: &[usize], payload: usize, random: &mut Random) -> Script {
    let middle = sides.iter().map(|&side| {
        let mut octets = vec![0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        octets.extend(random.octets(payload));
        let say = Say { from: side, ..client(octets) }.after(20 * MILLIS / sides.len() as u64);
        say.blank(2, 2, Order::Big, Fill::Own { slot: 0, step: 1 })
            .blank(4, 4, Order::Big, Fill::Own { slot: 1, step: payload as u64 })
            .blank(8, 4, Order::Big, Fill::Own { slot: 2 + side, step: 0 })
    });
    Script::udp(0).middle(middle.collect())
}

/// A report of each of these sides every five seconds.
pub fn control(sides: &[usize]) -> Script {
    let middle = sides.iter().map(|&side| {
        let mut octets = vec![0x80, 0xc8, 0, 6];
        octets.extend([0; 4]);
        octets
            .extend([0xd4, 0xcc, 0x2c, 0xe0, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x1f, 0x40, 0, 0, 0, 250, 0, 0, 0x9c, 0x40]);
        octets.extend(b"\x81\xca\0\x04");
        octets.extend([0; 4]);
        octets.extend(b"\x01\x08um@mbx01\0\0");
        let own = Fill::Own { slot: 2 + side, step: 0 };
        let say = Say { from: side, ..client(octets) }.after(5 * SECOND / sides.len() as u64);
        say.blank(4, 4, Order::Big, own).blank(32, 4, Order::Big, own)
    });
    Script::udp(0).middle(middle.collect())
}

/// From the call to its answer.
pub const ANSWERED: Micros = 900 * MILLIS;

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}
