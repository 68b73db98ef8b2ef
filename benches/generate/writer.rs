//! Capture files, written as they come: pcap and pcapng with microseconds.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Pcap,
    Pcapng,
}

/// Writes frames to a file, of which only one buffer is in memory.
#[derive(Debug)]
pub struct Writer {
    file: File,
    buffer: Vec<u8>,
    format: Format,
    /// Frames so far.
    pub packets: u64,
    /// Octets of all frames so far.
    pub octets: u64,
    failed: Option<io::Error>,
}

impl Writer {
    /// Creates the file and writes its head.
    pub fn create(path: &Path, format: Format) -> io::Result<Self> {
        let mut buffer = Vec::with_capacity(BUFFER + MOST_RECORD);
        match format {
            Format::Pcap => {
                buffer.extend(0xa1b2_c3d4_u32.to_le_bytes());
                buffer.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                buffer.extend(SNAP_LENGTH.to_le_bytes());
                buffer.extend(ETHERNET.to_le_bytes());
            }
            Format::Pcapng => {
                let section = [0x1a2b_3c4d_u32.to_le_bytes(), [1, 0, 0, 0], [0xff; 4], [0xff; 4]];
                block(&mut buffer, 0x0a0d_0d0a, section.as_flattened());
                let interface = [ETHERNET.to_le_bytes(), SNAP_LENGTH.to_le_bytes()];
                block(&mut buffer, 1, interface.as_flattened());
            }
        }
        Ok(Self { file: File::create(path)?, buffer, format, packets: 0, octets: 0, failed: None })
    }

    /// Adds a frame, seen `micros` after [`BEGIN`]. An error is kept until [`Writer::finish`].
    pub fn frame(&mut self, micros: u64, octets: &[u8]) {
        let length = (octets.len() as u32).to_le_bytes();
        match self.format {
            Format::Pcap => {
                let seconds = (BEGIN + micros / 1_000_000) as u32;
                let fraction = (micros % 1_000_000) as u32;
                let head = [seconds.to_le_bytes(), fraction.to_le_bytes(), length, length];
                self.buffer.extend_from_slice(head.as_flattened());
                self.buffer.extend_from_slice(octets);
            }
            Format::Pcapng => {
                let time = BEGIN * 1_000_000 + micros;
                let padded = octets.len().next_multiple_of(4);
                let whole = ((32 + padded) as u32).to_le_bytes();
                let (high, low) = (((time >> 32) as u32).to_le_bytes(), (time as u32).to_le_bytes());
                let head = [[6, 0, 0, 0], whole, [0; 4], high, low, length, length];
                self.buffer.extend_from_slice(head.as_flattened());
                self.buffer.extend_from_slice(octets);
                self.buffer.extend_from_slice(&[0; 3][..padded - octets.len()]);
                self.buffer.extend_from_slice(&whole);
            }
        }
        self.packets += 1;
        self.octets += octets.len() as u64;
        if self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if let Err(why) = self.file.write_all(&self.buffer) {
            self.failed.get_or_insert(why);
        }
        self.buffer.clear();
    }

    /// Writes what is left; the first error there was.
    pub fn finish(&mut self) -> io::Result<()> {
        self.flush();
        self.failed.take().map_or(Ok(()), Err)
    }
}

fn block(buffer: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (12 + body.len() as u32).to_le_bytes();
    buffer.extend(kind.to_le_bytes());
    buffer.extend(length);
    buffer.extend_from_slice(body);
    buffer.extend(length);
}

/// 18 February 2013, 06:00 UTC, in seconds since 1970.
pub const BEGIN: u64 = 1_361_167_200;
const ETHERNET: u32 = 1;
const SNAP_LENGTH: u32 = 65_535;
const BUFFER: usize = 1 << 20;
const MOST_RECORD: usize = 1 << 12;
