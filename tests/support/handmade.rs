//! Captures made by hand, packet by packet: for what no server would send.
#![allow(dead_code)] // each test file uses its own part

use std::net::Ipv4Addr;

/// A pcap of Ethernet frames, a millisecond apart.
pub struct Pcap {
    octets: Vec<u8>,
    packets: u32,
    /// Milliseconds that [`Pcap::pause`] added.
    paused: u32,
}

/// One end of a connection: address and port.
pub type End = (Ipv4Addr, u16);

pub const SYN: u8 = 0x02;
pub const SYN_ACK: u8 = 0x12;
pub const ACK: u8 = 0x10;
const PUSH: u8 = 0x18;

impl Pcap {
    pub fn new() -> Self {
        let mut octets = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        octets.extend([2, 0, 4, 0]); // version 2.4
        octets.extend([0; 8]); // time zone, accuracy
        octets.extend(65_535u32.to_le_bytes());
        octets.extend(1u32.to_le_bytes()); // Ethernet
        Self { octets, packets: 0, paused: 0 }
    }

    /// Nothing comes for so long.
    pub fn pause(&mut self, millis: u32) {
        self.paused += millis;
    }

    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// One TCP segment; both sides count from sequence number 1000.
    pub fn tcp(&mut self, from: End, to: End, flags: u8, said: [usize; 2], payload: &[u8]) {
        let number = |octets: usize| u32::try_from(1_000 + octets).unwrap().to_be_bytes();
        let mut segment = [from.1.to_be_bytes(), to.1.to_be_bytes()].concat();
        segment.extend(number(said[0]));
        segment.extend(if flags == SYN { [0; 4] } else { number(said[1]) });
        segment.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(payload);
        self.ip(6, from.0, to.0, &segment);
    }

    /// A whole conversation: the handshake, then what each side says in turn (`true`: the client).
    pub fn conversation(&mut self, client: End, server: End, lines: &[(bool, &[u8])]) {
        let mut said = [1, 1];
        self.tcp(client, server, SYN, [0, 0], &[]);
        self.tcp(server, client, SYN_ACK, [0, 1], &[]);
        self.tcp(client, server, ACK, said, &[]);
        for (by_client, line) in lines {
            if *by_client {
                self.tcp(client, server, PUSH, said, line);
                said[0] += line.len();
                self.tcp(server, client, ACK, [said[1], said[0]], &[]);
            } else {
                self.tcp(server, client, PUSH, [said[1], said[0]], line);
                said[1] += line.len();
                self.tcp(client, server, ACK, said, &[]);
            }
        }
    }

    pub fn udp(&mut self, from: End, to: End, payload: &[u8]) {
        let length = u16::try_from(8 + payload.len()).unwrap();
        let mut datagram = [from.1.to_be_bytes(), to.1.to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
        datagram.extend(payload);
        self.ip(17, from.0, to.0, &datagram);
    }

    fn ip(&mut self, protocol: u8, from: Ipv4Addr, to: Ipv4Addr, payload: &[u8]) {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0];
        frame.extend(u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
        // Not two alike, or they would count as one captured twice.
        frame.extend(u16::try_from(self.packets % 65_536).unwrap().to_be_bytes());
        frame.extend([0x40, 0, 128, protocol, 0, 0]);
        frame.extend(from.octets());
        frame.extend(to.octets());
        frame.extend(payload);
        let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
        let millis = self.packets + self.paused;
        self.octets.extend((1_361_167_200 + millis / 1_000).to_le_bytes()); // from 2013-02-18T06:00:00Z on
        self.octets.extend((millis % 1_000 * 1_000).to_le_bytes());
        self.octets.extend(length);
        self.octets.extend(length);
        self.octets.extend(frame);
        self.packets += 1;
    }
}

/// An answer of DNS: `name` has the address 10.0.0.2.
pub fn dns_answer(name: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    message.push(u8::try_from(name.len()).unwrap());
    message.extend(name);
    message.extend([0, 0, 1, 0, 1]); // end of name, A, IN
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 2]);
    message
}

/// The question that it answers.
pub fn dns_question(name: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.push(u8::try_from(name.len()).unwrap());
    message.extend(name);
    message.extend([0, 0, 1, 0, 1]);
    message
}

/// A ClientHello of TLS 1.2 that asks for the server `name`.
pub fn client_hello(name: &[u8]) -> Vec<u8> {
    let sized = |octets: &[u8]| [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat();
    let entry = [&[0][..], &sized(name)].concat();
    let extension = [&[0, 0][..], &sized(&sized(&entry))].concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]); // no session, one suite, no compression
    body.extend(sized(&extension));
    let handshake = [&[1, 0][..], &sized(&body)].concat();
    [&[22, 3, 1][..], &sized(&handshake)].concat()
}
