//! Captures written here, octet by octet, and read back.

mod damage;
#[cfg(feature = "live")]
mod device;
mod files;
mod formats;
mod pcap;
mod pcapng;
mod refusals;
mod writer;
#[path = "../../tests/support/formats.rs"]
mod writing;

use std::io::{Cursor, Read};

use super::{Capture, LinkType, Summary};
use crate::time::Time;

/// A frame with its octets held.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    number: u64,
    time: Time,
    link: LinkType,
    interface: u32,
    octets: Vec<u8>,
    wire_len: u32,
}

/// Every frame of `capture`, and its summary.
fn all(mut capture: Capture) -> (Vec<Kept>, Summary) {
    let mut kept = Vec::new();
    while let Some(frame) = capture.next() {
        kept.push(Kept {
            number: frame.number,
            time: frame.time,
            link: frame.link,
            interface: frame.interface,
            octets: frame.octets.to_vec(),
            wire_len: frame.wire_len,
        });
    }
    assert!(capture.next().is_none(), "a capture that ended has ended");
    (kept, capture.summary().clone())
}

/// Reads `octets` as a stream.
fn read(octets: &[u8]) -> (Vec<Kept>, Summary) {
    all(stream(Cursor::new(octets.to_vec())).unwrap())
}

fn stream(reader: impl Read + Send + 'static) -> Result<Capture, super::Unusable> {
    Capture::from_reader("test".to_owned(), Box::new(reader))
}

/// A reader that gives one octet at a time, as a slow pipe may.
struct Trickle(Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let one = to.len().min(1);
        self.0.read(&mut to[..one])
    }
}
