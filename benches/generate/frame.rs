//! Frames with right lengths and checksums: Ethernet, IPv4 or IPv6, TCP, UDP or ICMP.

use std::net::IpAddr;

/// One end of a conversation, as its packets look at the vantage point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// IPv4 or IPv6; both ends of a conversation have the same.
    pub address: IpAddr,
    /// Of TCP or UDP; the identifier of an echo.
    pub port: u16,
    /// Of the host, or of the router behind which it is.
    pub mac: [u8; 6],
    /// What is left of the initial one.
    pub ttl: u8,
}

/// What stands in a TCP header beside ports and checksum.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    /// A multiple of four octets.
    pub options: &'a [u8],
}

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

/// A frame under construction; its room is used again for the next one.
#[derive(Debug)]
pub struct Frame {
    octets: Vec<u8>,
    /// Where the header behind IP begins.
    body: usize,
    /// Shorter frames are padded up to this.
    least: usize,
}

impl Frame {
    /// Frames of at least `least` octets.
    pub fn new(least: usize) -> Self {
        Self { octets: Vec::with_capacity(2048), body: 0, least }
    }

    /// The finished frame.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The IP packet in it, padding left out, up to `most` octets.
    pub fn packet(&self, most: usize) -> &[u8] {
        let length = self.octets.len().min(ETHERNET + most);
        &self.octets[ETHERNET..length]
    }

    /// A TCP segment; `fill` completes the payload.
    pub fn tcp(
        &mut self,
        (from, to): (&End, &End),
        id: u16,
        segment: &Segment<'_>,
        payload: &[u8],
        fill: impl FnOnce(&mut [u8]),
    ) {
        self.begin(from, to, TCP, id);
        let mut header = [0; 20];
        header[0..2].copy_from_slice(&from.port.to_be_bytes());
        header[2..4].copy_from_slice(&to.port.to_be_bytes());
        header[4..8].copy_from_slice(&segment.sequence.to_be_bytes());
        header[8..12].copy_from_slice(&segment.acknowledgement.to_be_bytes());
        header[12] = ((20 + segment.options.len()) as u8) << 2;
        header[13] = segment.flags;
        header[14..16].copy_from_slice(&segment.window.to_be_bytes());
        self.octets.extend_from_slice(&header);
        self.octets.extend_from_slice(segment.options);
        self.payload(payload, fill);
        self.finish(from, TCP, 16);
    }

    /// A UDP datagram; `fill` completes the payload.
    pub fn udp(&mut self, (from, to): (&End, &End), id: u16, payload: &[u8], fill: impl FnOnce(&mut [u8])) {
        self.begin(from, to, UDP, id);
        let mut header = [0; 8];
        header[0..2].copy_from_slice(&from.port.to_be_bytes());
        header[2..4].copy_from_slice(&to.port.to_be_bytes());
        header[4..6].copy_from_slice(&((8 + payload.len()) as u16).to_be_bytes());
        self.octets.extend_from_slice(&header);
        self.payload(payload, fill);
        self.finish(from, UDP, 6);
    }

    /// An echo request or reply.
    pub fn echo(&mut self, (from, to): (&End, &End), id: u16, request: bool, sequence: u16, payload: &[u8]) {
        let (protocol, kind) = match (from.address, request) {
            (IpAddr::V4(_), true) => (ICMP, 8),
            (IpAddr::V4(_), false) => (ICMP, 0),
            (IpAddr::V6(_), true) => (ICMP_6, 128),
            (IpAddr::V6(_), false) => (ICMP_6, 129),
        };
        self.begin(from, to, protocol, id);
        self.octets.extend_from_slice(&[kind, 0, 0, 0]);
        self.octets.extend_from_slice(&from.port.to_be_bytes());
        self.octets.extend_from_slice(&sequence.to_be_bytes());
        self.octets.extend_from_slice(payload);
        self.finish(from, protocol, 2);
    }

    /// "Communication administratively prohibited", about the packet `quoted`.
    pub fn prohibited(&mut self, (from, to): (&End, &End), id: u16, quoted: &[u8]) {
        let (protocol, head) = match from.address {
            IpAddr::V4(_) => (ICMP, [3, 13]),
            IpAddr::V6(_) => (ICMP_6, [1, 1]),
        };
        self.begin(from, to, protocol, id);
        self.octets.extend_from_slice(&head);
        self.octets.extend_from_slice(&[0; 6]);
        self.octets.extend_from_slice(quoted);
        self.finish(from, protocol, 2);
    }

    fn payload(&mut self, payload: &[u8], fill: impl FnOnce(&mut [u8])) {
        let at = self.octets.len();
        self.octets.extend_from_slice(payload);
        fill(&mut self.octets[at..]);
    }

    fn begin(&mut self, from: &End, to: &End, protocol: u8, id: u16) {
        self.octets.clear();
        self.octets.extend_from_slice(&to.mac);
        self.octets.extend_from_slice(&from.mac);
        match (from.address, to.address) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let [high, low] = id.to_be_bytes();
                self.octets.extend_from_slice(&[8, 0, 0x45, 0, 0, 0, high, low, 0x40, 0, from.ttl, protocol, 0, 0]);
                self.octets.extend_from_slice(&source.octets());
                self.octets.extend_from_slice(&destination.octets());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                self.octets.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, protocol, from.ttl]);
                self.octets.extend_from_slice(&source.octets());
                self.octets.extend_from_slice(&destination.octets());
            }
            mixed => panic!("one conversation, two versions of IP: {mixed:?}"),
        }
        self.body = self.octets.len();
    }

    /// Writes lengths and checksums; that of the body lies at `at` in it.
    fn finish(&mut self, from: &End, protocol: u8, at: usize) {
        let length = (self.octets.len() - self.body) as u16;
        let pseudo = match from.address {
            IpAddr::V4(_) => {
                let total = (self.octets.len() - ETHERNET) as u16;
                self.octets[16..18].copy_from_slice(&total.to_be_bytes());
                let header = checksum(sum(&self.octets[ETHERNET..self.body]));
                self.octets[24..26].copy_from_slice(&header);
                sum(&self.octets[26..34])
            }
            IpAddr::V6(_) => {
                self.octets[18..20].copy_from_slice(&length.to_be_bytes());
                sum(&self.octets[22..54])
            }
        };
        let pseudo = match protocol {
            ICMP => 0,
            _ => pseudo + sum(&[0, protocol]) + sum(&length.to_be_bytes()),
        };
        let mut whole = checksum(pseudo + sum(&self.octets[self.body..]));
        if protocol == UDP && whole == [0, 0] {
            whole = [0xff, 0xff]; // RFC 768: none at all would be zero
        }
        self.octets[self.body + at..][..2].copy_from_slice(&whole);
        if self.octets.len() < self.least {
            self.octets.resize(self.least, 0);
        }
    }
}

/// The sum of the words of the Internet checksum (RFC 1071), in the machine's own order of octets.
fn sum(octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<4>();
    let whole: u64 = words.iter().map(|&word| u64::from(u32::from_ne_bytes(word))).sum();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    whole + u64::from(u32::from_ne_bytes(last))
}

fn checksum(mut sum: u64) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_ne_bytes()
}

const ETHERNET: usize = 14;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP_6: u8 = 58;
