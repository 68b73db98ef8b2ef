//! What the benches read: the captures of this repository, in memory.
#![allow(dead_code)] // each bench uses its own part

#[path = "../../tests/support/conversations.rs"]
pub mod conversations;

use std::fs;
use std::path::{Path, PathBuf};

use anyany::capture::{Capture, LinkType};
use anyany::classify::usual_ports;
use anyany::decode::{Decoded, Decoder};
use anyany::flow::{Arrival, FrameRef, Moment, ServicePorts};
use anyany::time::Time;
use anyany_dissectors::Transport;

/// A frame with its octets.
pub struct Stored {
    pub time: Time,
    pub link: LinkType,
    pub octets: Vec<u8>,
    pub wire_len: u32,
}

/// Every bundled capture, in order of its path.
pub fn captures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"), &mut found);
    assert!(found.len() >= 40, "{} captures", found.len());
    found.sort();
    found
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "pcap") {
            found.push(path);
        }
    }
}

/// Every frame of every bundled capture.
pub fn frames() -> Vec<Stored> {
    let mut frames = Vec::new();
    for path in captures() {
        let mut capture = Capture::open(&path).unwrap();
        while let Some(frame) = capture.next() {
            let octets = frame.octets.to_vec();
            frames.push(Stored { time: frame.time, link: frame.link, octets, wire_len: frame.wire_len });
        }
    }
    frames
}

/// Octets of all frames.
pub fn octets(frames: &[Stored]) -> u64 {
    frames.iter().map(|frame| frame.octets.len() as u64).sum()
}

/// Decodes every frame and hands on what holds a packet; returns how many did.
pub fn packets(frames: &[Stored], mut each: impl FnMut(&Arrival<'_>)) -> usize {
    let mut decoder = Decoder::default();
    let mut packets = 0;
    for (number, frame) in (1u64..).zip(frames) {
        if let Decoded::Packet(packet) = decoder.decode(frame.link, &frame.octets, frame.wire_len, frame.time, 0) {
            let moment = Moment { time: frame.time, frame: FrameRef { capture: 0, number } };
            each(&Arrival { moment, wire_len: frame.wire_len, packet });
            packets += 1;
        }
    }
    packets
}

/// The ports that the product knows.
pub fn ports() -> ServicePorts {
    ServicePorts::new(usual_ports(Transport::Tcp), usual_ports(Transport::Udp))
}
