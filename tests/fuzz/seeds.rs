//! Writes the fuzzer's seeds, made from the captures below a folder:
//! `seeds CAPTURES INTO` writes `INTO/<target>/<number>`. The targets that read whole captures are
//! seeded with the captures themselves.
//!
//! An example of the root package: what it needs is built for the tests anyway, while the fuzzer's
//! own package is built only with its instruments.
#![allow(clippy::indexing_slicing)] // within lengths that were just compared

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyany::capture::Capture;
use anyany_dissectors::{ALL, Hint, Probe, Protocol, Side};

#[path = "src/conversation.rs"]
mod conversation;
#[path = "../support/conversations.rs"]
mod conversations;
#[path = "../support/formats.rs"]
mod formats;

use conversation::{Conversation, Part};
use conversations::{Said, conversations};

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [captures, into] = arguments.as_slice() else {
        eprintln!("usage: seeds CAPTURES INTO");
        return ExitCode::from(2);
    };
    let mut seeds = Seeds { into, written: 0 };
    match seeds.all(captures) {
        Ok(()) if seeds.written > 0 => ExitCode::SUCCESS,
        Ok(()) => {
            eprintln!("seeds: no capture below {}", captures.display());
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("seeds: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Seeds on their way to their folders.
struct Seeds<'a> {
    into: &'a Path,
    written: usize,
}

impl Seeds<'_> {
    fn all(&mut self, folder: &Path) -> io::Result<()> {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
        entries.sort();
        for path in entries {
            if path.is_dir() {
                self.all(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng") {
                self.capture(&path)?;
            }
        }
        Ok(())
    }

    fn capture(&mut self, path: &Path) -> io::Result<()> {
        self.write("decode", &frames(path)?)?;
        let packets = packets(path)?;
        // Without what the targets put in front.
        for version in [(1, 1), (2, 0), (2, 1), (2, 3)] {
            self.write("netmon", &formats::Netmon::of(version, &packets).octets()[4..])?;
        }
        self.write("snoop", &formats::snoop(&packets, 1)[16..])?;
        self.write("erf", &formats::erf(&packets))?;
        for said in conversations(path) {
            let conversation = conversation(&said);
            let seed = conversation.write();
            assert_eq!(Conversation::read(&seed), conversation, "{}: not read as it was written", path.display());
            for protocol in ALL.iter().filter(|protocol| said.on_port_of(protocol) || fits(protocol, &said)) {
                self.write(&target(protocol), &seed)?;
            }
            if said.responder.port == ENDPOINT_MAPPER {
                for (_, octets) in said.parts.iter().filter(|(_, octets)| octets.len() > STUB) {
                    self.write("epm", &[&[0], &octets[STUB..]].concat())?;
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, target: &str, seed: &[u8]) -> io::Result<()> {
        let folder = self.into.join(target);
        fs::create_dir_all(&folder)?;
        self.written += 1;
        fs::write(folder.join(self.written.to_string()), seed)
    }
}

/// The frames at the front of a capture, as the target `decode` reads them.
fn frames(path: &Path) -> io::Result<Vec<u8>> {
    let mut capture = Capture::open(path).map_err(io::Error::other)?;
    let mut seed = Vec::new();
    while let Some(frame) = capture.next().filter(|_| seed.len() < LONGEST) {
        if seed.is_empty() {
            seed.extend_from_slice(&u16::try_from(frame.link.0).unwrap_or_default().to_le_bytes());
        }
        let length = u16::try_from(frame.octets.len()).unwrap_or(u16::MAX);
        seed.extend_from_slice(&length.to_le_bytes());
        seed.push(0);
        seed.extend_from_slice(&frame.octets[..usize::from(length)]);
    }
    Ok(seed)
}

/// A few packets of a capture.
fn packets(path: &Path) -> io::Result<Vec<formats::Packet>> {
    let mut capture = Capture::open(path).map_err(io::Error::other)?;
    let mut packets = Vec::new();
    while let Some(frame) = capture.next().filter(|_| packets.len() < PACKETS) {
        let octets = frame.octets.to_vec();
        packets.push(formats::Packet { time: frame.time.0, octets, wire_len: frame.wire_len });
    }
    packets.sort_by_key(|packet| packet.time);
    Ok(packets)
}

/// Whether the first words of either side are this protocol's beyond doubt.
fn fits(protocol: &Protocol, said: &Said) -> bool {
    [Side::Initiator, Side::Responder].into_iter().any(|side| {
        let Some((_, octets)) = said.parts.iter().find(|(speaker, _)| *speaker == side) else { return false };
        let (initiator_port, responder_port) = (said.initiator.port, said.responder.port);
        let hint = Hint { transport: said.transport, initiator_port, responder_port, side, octets };
        (protocol.probe)(&hint) == Probe::Yes
    })
}

/// The front of a conversation.
fn conversation(said: &Said) -> Conversation {
    let mut left = LONGEST;
    let parts = said.parts.iter().map_while(|(side, octets)| {
        let octets = octets[..octets.len().min(left)].to_vec();
        left -= octets.len();
        (!octets.is_empty()).then_some(Part { side: *side, after_gap: false, octets })
    });
    Conversation { transport: said.transport, parts: parts.collect() }
}

/// The target of a protocol has its folder's name.
fn target(protocol: &Protocol) -> String {
    if protocol.name == "https" { "tls".to_owned() } else { protocol.name.replace('-', "_") }
}

/// Octets of a seed; longer ones only make the fuzzer slow.
const LONGEST: usize = 8 * 1024;
/// Packets of a seed for the formats of captures.
const PACKETS: usize = 8;
const ENDPOINT_MAPPER: u16 = 135;
/// Where the stub of a request or a response begins (C706 12.6.4.9).
const STUB: usize = 24;
