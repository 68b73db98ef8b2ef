//! A capture written anew, to be read in its place: frames in a format of our own, and what was known of the
//! capture beside them.
//!
//! The file has no name and is gone with the program.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use super::step::{Place, Step};
use super::{Capture, Frame, LinkType, Map, Summary};
use crate::time::Time;

/// A capture that was written anew.
#[derive(Debug)]
pub struct Spool {
    file: File,
    summary: Summary,
}

/// Writes a [`Spool`].
#[derive(Debug)]
pub struct SpoolWriter {
    out: BufWriter<File>,
}

impl SpoolWriter {
    /// Fails where no temporary file can be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self { out: BufWriter::with_capacity(1 << 20, tempfile::tempfile()?) })
    }

    /// Writes a frame; `timed` is false where its capture told no time.
    pub fn frame(&mut self, frame: &Frame<'_>, timed: bool) -> io::Result<()> {
        let captured = u32::try_from(frame.octets.len()).map_err(io::Error::other)?;
        self.out.write_all(&frame.number.to_le_bytes())?;
        self.out.write_all(&frame.time.0.to_le_bytes())?;
        for number in [captured, frame.wire_len, frame.link.0, frame.interface, u32::from(timed)] {
            self.out.write_all(&number.to_le_bytes())?;
        }
        self.out.write_all(frame.octets)
    }

    /// All frames are written; the capture was this one.
    pub fn finish(self, summary: Summary) -> io::Result<Spool> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spool { file, summary })
    }
}

impl Spool {
    /// The capture from its beginning, as if it were read from its own file.
    pub fn open(&self) -> io::Result<Capture> {
        // Nothing can be mapped of an empty file.
        let map = if self.file.metadata()?.len() > 0 { Some(Map::of(&self.file)?) } else { None };
        Ok(Capture::spooled(self.summary.clone(), map))
    }
}

/// Reads the record at the front of `window`; `packets` were read before.
pub(super) fn step(window: &[u8], packets: u64) -> Step {
    let Some(header) = window.first_chunk::<RECORD>() else {
        return if window.is_empty() { Step::End } else { Step::Needs(RECORD) };
    };
    let (number, rest) = header.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let (time, rest) = rest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let mut numbers = rest.chunks_exact(4).filter_map(|four| Some(u32::from_le_bytes(four.try_into().ok()?)));
    let mut next = || numbers.next().unwrap_or_default();
    let (captured, wire_len, link, interface, timed) = (next(), next(), LinkType(next()), next(), next());
    // Packets that could not be used have numbers, too.
    if u64::from_le_bytes(*number) > packets + 1 {
        return Step::Numbered(0);
    }
    let length = RECORD + captured as usize;
    if window.len() < length {
        return Step::Needs(length);
    }
    let time = (timed != 0).then(|| Time(i64::from_le_bytes(*time)));
    Step::Packet(Place { length, octets: RECORD..length, time, link, interface, wire_len })
}

const RECORD: usize = 36;
