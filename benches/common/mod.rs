//! What the benches read: the captures of this repository, and generated ones.
#![allow(dead_code, unused_imports)] // each bench uses its own part

#[path = "../../tests/support/conversations.rs"]
pub mod conversations;
#[path = "../generate/mod.rs"]
mod generate;
#[path = "../../tests/support/reading.rs"]
mod reading;
pub mod stories;

use std::fs;
use std::path::{Path, PathBuf};

use anyany::capture::{Capture, LinkType};
use anyany::classify::usual_ports;
use anyany::decode::{Decoded, Decoder};
use anyany::flow::{Arrival, FrameRef, Moment, ServicePorts};
use anyany::observe::Trace;
use anyany::time::Time;
use anyany_dissectors::Transport;
use criterion::Throughput;
use generate::{Format, Order, Profile};

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

/// A generated capture, which goes with this value.
pub struct Generated {
    folder: tempfile::TempDir,
    /// Its file.
    pub path: PathBuf,
    /// Paths that are blocked in it.
    pub blocks: u64,
}

/// Generates so many packets of a profile.
pub fn generated(profile: &str, packets: u64) -> Generated {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("generated.pcap");
    let profile = Profile::named(profile).unwrap();
    let truth = Order { profile, packets, seed: 1, format: Format::Pcap }.write(&path).unwrap();
    Generated { folder, path, blocks: truth["findings"].as_array().unwrap().len() as u64 }
}

/// A capture, read as the product reads it.
pub fn trace(path: &Path) -> Trace {
    reading::traces(&[path.to_owned()], 1).remove(0)
}

/// Frames to measure with: recorded ones, of short conversations of all kinds, and generated ones, of
/// many conversations at once.
pub fn frames() -> [(&'static str, Vec<Stored>); 2] {
    let recorded = captures().iter().flat_map(|path| frames_of(path)).collect();
    [("recorded", recorded), ("generated", frames_of(&generated("mix", 100_000).path))]
}

fn frames_of(path: &Path) -> Vec<Stored> {
    let mut frames = Vec::new();
    let mut capture = Capture::open(path).unwrap();
    while let Some(frame) = capture.next() {
        let octets = frame.octets.to_vec();
        frames.push(Stored { time: frame.time, link: frame.link, octets, wire_len: frame.wire_len });
    }
    frames
}

/// Packets and octets.
pub fn throughput(frames: &[Stored]) -> Throughput {
    let bytes = frames.iter().map(|frame| frame.octets.len() as u64).sum();
    Throughput::ElementsAndBytes { elements: frames.len() as u64, bytes }
}

/// Decodes every frame and hands on what holds a packet; returns how many did.
pub fn packets(frames: &[Stored], mut each: impl FnMut(&Arrival<'_>)) -> usize {
    let mut decoder = Decoder::default();
    let mut packets = 0;
    for (number, frame) in (1u64..).zip(frames) {
        if let Decoded::Packet(packet) = decoder.decode(frame.link, &frame.octets, frame.wire_len, frame.time, 0) {
            let moment = Moment { time: frame.time, frame: FrameRef::new(0, number) };
            each(&Arrival::new(moment, frame.wire_len, packet));
            packets += 1;
        }
    }
    packets
}

/// The ports that the product knows.
pub fn ports() -> ServicePorts {
    ServicePorts::new(usual_ports(Transport::Tcp), usual_ports(Transport::Udp))
}
