//! Writes small captures: raw IPv4 packets in classic pcap.
#![allow(dead_code)] // each test file uses its own part

use std::net::Ipv4Addr;
use std::path::Path;

/// Address and port.
pub type End = (Ipv4Addr, u16);

pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;
pub const DATA: u8 = 0x18;

/// A capture being written.
pub struct Pcap {
    octets: Vec<u8>,
    unit: Unit,
}

/// What a file counts the fractions of a second in.
#[derive(Clone, Copy)]
pub enum Unit {
    Micros,
    Nanos,
}

impl Pcap {
    /// An empty one of this link type (tcpdump.org/linktypes.html).
    pub fn new(link: u32, unit: Unit) -> Self {
        let mut octets = Vec::new();
        let magic: u32 = match unit {
            Unit::Micros => 0xa1b2_c3d4,
            Unit::Nanos => 0xa1b2_3c4d,
        };
        octets.extend(magic.to_le_bytes());
        octets.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        octets.extend(262_144u32.to_le_bytes());
        octets.extend(link.to_le_bytes());
        Self { octets, unit }
    }

    /// Packets from `SECONDS` on, each with its time in milliseconds.
    pub fn of(packets: &[(u32, Vec<u8>)]) -> Self {
        let mut pcap = Self::new(RAW, Unit::Micros);
        for (millis, packet) in packets {
            let (seconds, rest) = (SECONDS + millis / 1000, millis % 1000 * 1_000_000);
            pcap.frame(seconds, rest, packet, u32::try_from(packet.len()).unwrap());
        }
        pcap
    }

    /// Adds a frame of `wire_len` octets, seen `nanos` after `seconds`.
    pub fn frame(&mut self, seconds: u32, nanos: u32, octets: &[u8], wire_len: u32) {
        let fraction = match self.unit {
            Unit::Micros => nanos / 1000,
            Unit::Nanos => nanos,
        };
        for number in [seconds, fraction, u32::try_from(octets.len()).unwrap(), wire_len] {
            self.octets.extend(number.to_le_bytes());
        }
        self.octets.extend_from_slice(octets);
    }

    /// Writes it out.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, &self.octets).unwrap();
    }
}

/// A TCP segment in its IPv4 packet.
pub fn tcp(from: End, to: End, flags: u8, sequence: u32, acknowledgement: u32, payload: &[u8]) -> Vec<u8> {
    let mut segment = ports(from, to);
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledgement.to_be_bytes());
    segment.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    segment.extend_from_slice(payload);
    ipv4(from, to, 6, &segment)
}

/// A datagram in its IPv4 packet.
pub fn udp(from: End, to: End, payload: &[u8]) -> Vec<u8> {
    let mut datagram = ports(from, to);
    datagram.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    ipv4(from, to, 17, &datagram)
}

fn ports(from: End, to: End) -> Vec<u8> {
    [from.1.to_be_bytes(), to.1.to_be_bytes()].concat()
}

fn ipv4(from: End, to: End, protocol: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0];
    packet.extend(from.0.octets());
    packet.extend(to.0.octets());
    packet.extend_from_slice(body);
    packet
}

/// LINKTYPE_RAW: an IP packet at once.
const RAW: u32 = 101;
/// 18 February 2013.
const SECONDS: u32 = 1_361_170_800;
