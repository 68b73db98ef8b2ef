//! Stories as octets: what a capture file of them would hold.

use std::net::IpAddr;

use super::story::{Told, What};
use crate::decode::IcmpError;

/// A pcap with nanoseconds, of raw IP packets.
pub fn pcap(told: &[Told]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_3c4d_u32.to_le_bytes());
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(262_144u32.to_le_bytes());
    file.extend(101u32.to_le_bytes());
    for told in told {
        let (octets, time) = (packet(told), told.time().0);
        let length = u32::try_from(octets.len()).unwrap();
        let wire = length + u32::try_from(cut(told)).unwrap();
        file.extend(u32::try_from(time / 1_000_000_000).unwrap().to_le_bytes());
        file.extend(u32::try_from(time % 1_000_000_000).unwrap().to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(wire.to_le_bytes());
        file.extend(octets);
    }
    file
}

/// Octets of the payload that the snap length cut off.
fn cut(told: &Told) -> usize {
    match &told.what {
        What::Tcp(tcp) => tcp.wire.map_or(0, |wire| usize::try_from(wire).unwrap() - tcp.payload.len()),
        _ => 0,
    }
}

/// One IP packet, as far as it was captured.
pub fn packet(told: &Told) -> Vec<u8> {
    let v6 = told.source.address.is_ipv6();
    let ports = |inside: &mut Vec<u8>| {
        inside.extend(told.source.port.to_be_bytes());
        inside.extend(told.destination.port.to_be_bytes());
    };
    let mut inside = Vec::new();
    let protocol = match &told.what {
        What::Tcp(tcp) => {
            ports(&mut inside);
            inside.extend(tcp.sequence.to_be_bytes());
            inside.extend(tcp.acknowledgement.to_be_bytes());
            inside.extend([if tcp.mss.is_some() { 0x60 } else { 0x50 }, tcp.control]);
            inside.extend(tcp.window.to_be_bytes());
            inside.extend(tcp.checksum.to_be_bytes());
            inside.extend([0, 0]);
            if let Some(mss) = tcp.mss {
                inside.extend([2, 4]);
                inside.extend(mss.to_be_bytes());
            }
            inside.extend(&tcp.payload);
            6
        }
        What::Udp(payload) => {
            ports(&mut inside);
            inside.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
            inside.extend([0, 0]);
            inside.extend(payload);
            17
        }
        What::Echo { request, sequence } => {
            let kind = match (v6, request) {
                (false, true) => 8,
                (false, false) => 0,
                (true, true) => 128,
                (true, false) => 129,
            };
            inside.extend([kind, 0, 0, 0]);
            inside.extend(told.source.port.to_be_bytes());
            inside.extend(sequence.to_be_bytes());
            icmp(v6)
        }
        What::Icmp(error) => {
            inside.extend([error.kind, error.code, 0, 0, 0, 0, 0, 0]);
            inside.extend(quoted(error));
            icmp(v6)
        }
    };
    let (source, destination) = (told.source.address, told.destination.address);
    let mut octets = ip(
        source,
        destination,
        protocol,
        told.ttl,
        told.ip_id.unwrap_or(0),
        &[&inside[..], &vec![0; cut(told)]].concat(),
    );
    octets.truncate(octets.len() - cut(told));
    octets
}

fn icmp(v6: bool) -> u8 {
    if v6 { 58 } else { 1 }
}

fn quoted(error: &IcmpError) -> Vec<u8> {
    let quoted = &error.quoted;
    let (source, destination) = quoted.ports.unwrap();
    let mut inside = Vec::new();
    inside.extend(source.to_be_bytes());
    inside.extend(destination.to_be_bytes());
    inside.extend(quoted.sequence.unwrap_or(0).to_be_bytes());
    inside.extend([0; 12]);
    ip(quoted.source, quoted.destination, quoted.protocol, quoted.ttl, quoted.ip_id.unwrap_or(0), &inside)
}

fn ip(source: IpAddr, destination: IpAddr, protocol: u8, ttl: u8, id: u16, inside: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            octets.extend([0x45, 0]);
            octets.extend(u16::try_from(20 + inside.len()).unwrap().to_be_bytes());
            octets.extend(id.to_be_bytes());
            octets.extend([0x40, 0, ttl, protocol, 0, 0]);
            octets.extend(source.octets());
            octets.extend(destination.octets());
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            octets.extend([0x60, 0, 0, 0]);
            octets.extend(u16::try_from(inside.len()).unwrap().to_be_bytes());
            octets.extend([protocol, ttl]);
            octets.extend(source.octets());
            octets.extend(destination.octets());
        }
        _ => panic!("two families"),
    }
    octets.extend(inside);
    octets
}
