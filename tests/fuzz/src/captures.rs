//! What stands before and behind the dissectors: files, frames, and the whole way from a file to the report.

use std::io::{Cursor, Read};

use anyany::capture::{Capture, LinkType};
use anyany::classify::usual_ports;
use anyany::decode::Decoder;
use anyany::diagnose::diagnose;
use anyany::flow::ServicePorts;
use anyany::pipeline::{Settings, read};
use anyany::redact::{Key, Redactor};
use anyany::reference::Reference;
use anyany::report::{Report, json};
use anyany::time::Time;
use anyany::topology::roster;
use anyany_dissectors::Transport;

/// Reads the octets as a capture. Asserts what a frame promises, and that a stream which comes in
/// small pieces holds the same frames.
pub fn capture(octets: &[u8]) {
    let whole = frames(Box::new(Cursor::new(octets.to_vec())));
    let pieces = frames(Box::new(Pieces(Cursor::new(octets.to_vec()))));
    // What a decompressor has given when it finds damage depends on what it was given.
    let packed = octets.starts_with(&[0x1f, 0x8b]) || octets.get(1..4) == Some(&[0xb5, 0x2f, 0xfd]);
    assert!(packed || pieces == whole, "in pieces: {pieces:?}, all at once: {whole:?}");
}

/// Reads the octets as what follows the magic number of Network Monitor's format.
pub fn netmon(octets: &[u8]) {
    capture(&[b"GMBU", octets].concat());
}

/// Reads the octets as what follows the file header of snoop.
pub fn snoop(octets: &[u8]) {
    capture(&[b"snoop\0\0\0\0\0\0\x02\0\0\0\x04", octets].concat());
}

/// Reads the octets as what follows two ERF records, by which the format is recognised.
pub fn erf(octets: &[u8]) {
    let record = [0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 0, 24, 0, 0, 0, 6, 0, 0, 1, 2, 3, 4, 5, 6];
    capture(&[&record[..], &record, octets].concat());
}

/// Redacts the octets as a capture. Asserts that every frame comes back once, in order and as long as it was.
pub fn redact(octets: &[u8]) {
    let reader = Box::new(Cursor::new(octets.to_vec()));
    let Ok(mut capture) = Capture::from_reader("fuzz".to_owned(), reader) else { return };
    let mut redactor = Redactor::new(&Key::new([7; 32]));
    let (mut went, mut came) = (Vec::new(), Vec::new());
    while let Some(frame) = capture.next() {
        went.push((frame.number, frame.octets.len()));
        redactor.frame(&frame);
        came.extend(redactor.ready());
    }
    came.extend(redactor.finish());
    let came: Vec<_> = came.iter().map(|frame| (frame.number, frame.octets.len())).collect();
    assert_eq!(went, came);
}

/// What a capture says, frame by frame and as a whole.
fn frames(reader: Box<dyn Read + Send>) -> Vec<String> {
    let mut capture = match Capture::from_reader("fuzz".to_owned(), reader) {
        Ok(capture) => capture,
        // How many octets were there when it was refused is another matter.
        Err(_) => return vec!["unusable".to_owned()],
    };
    let mut said = Vec::new();
    let mut before = 0;
    while let Some(frame) = capture.next() {
        assert!(frame.number > before, "frame {} after {before}", frame.number);
        before = frame.number;
        assert!(u64::from(frame.wire_len) >= frame.octets.len() as u64, "frame {before} holds more than there was");
        said.push(format!("{} {:?} {} {}", frame.number, frame.time, frame.link, frame.octets.len()));
    }
    said.push(format!("{:?}", capture.summary()));
    said
}

/// A reader that never has more than three octets at hand.
struct Pieces(Cursor<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = into.len().min(3);
        self.0.read(&mut into[..most])
    }
}

/// Reads the octets as frames: two octets of link type, then frames, each with its length (two
/// octets) in front and the length that it had on the wire.
pub fn decode(octets: &[u8]) {
    let [low, high, rest @ ..] = octets else { return };
    let link = LinkType(u32::from(u16::from_le_bytes([*low, *high])));
    let (mut decoder, mut rest, mut second) = (Decoder::default(), rest, 0);
    while let [low, high, lost, behind @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(behind.len());
        let (frame, next) = behind.split_at(length);
        let wire_len = u32::try_from(length).unwrap_or(u32::MAX) + u32::from(*lost);
        let decoded = decoder.decode(link, frame, wire_len, Time::new(second, 0), 0);
        assert!(format!("{decoded:?}").len() < usize::MAX);
        rest = next;
        second += 1;
    }
}

/// Reads the octets as a capture, judges it and writes the report. Asserts that two threads find
/// what one finds.
pub fn pipeline(octets: &[u8]) {
    let one = document(octets, 1);
    assert_eq!(document(octets, 2), one, "two threads, against one");
}

fn document(octets: &[u8], threads: usize) -> Option<serde_json::Value> {
    let capture = Capture::from_reader("fuzz".to_owned(), Box::new(Cursor::new(octets.to_vec()))).ok()?;
    let ports = ServicePorts::new(usual_ports(Transport::Tcp), usual_ports(Transport::Udp));
    let traces = vec![read(vec![vec![(0, capture)]], &Settings { threads, memory: None, ports }, &|_| true)];
    let reference = Reference::embedded();
    let roster = roster(&traces, None, None, reference);
    let diagnosis = diagnose(&traces, &roster);
    let report = Report { traces: &traces, unusable: &[], roster: &roster, diagnosis: &diagnosis, reference };
    Some(json::document(&report, true))
}
