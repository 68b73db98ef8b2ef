//! A capture being read.

use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::magic::{self, Kind};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::source::Source;
use super::step::{Place, Step};
use super::{Compression, Format, Frame, Map, STDIN, Summary, Unusable};
use crate::time::Time;

/// A capture being read, frame by frame.
///
/// Damage ends the reading, never the program: what came before it is kept, and the
/// [`summary`](Self::summary) names the place.
pub struct Capture {
    source: Source,
    reader: Reader,
    summary: Summary,
    /// Octets of the window that the caller has seen.
    taken: usize,
    /// A frame found by `first_time` and not yet handed out.
    held: Option<(Place, Time)>,
    ended: bool,
}

enum Reader {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Capture {
    /// Opens a file, or standard input for `-`. A plain file that can be mapped is mapped.
    pub fn open(path: &Path) -> Result<Self, Unusable> {
        if path == Path::new(STDIN) {
            return Self::from_stdin();
        }
        let name = path.display().to_string();
        let unreadable = |why| Unusable::unreadable(path, why);
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        if about.is_dir() {
            return Err(Unusable::Folder { file: name });
        }
        // A pipe has no length to map, and some file systems cannot map.
        let map = if about.is_file() && about.len() > 0 { Map::of(&file).ok() } else { None };
        let source = match map {
            Some(map) => Source::mapped(map),
            None => Source::streamed(Box::new(file)),
        };
        Self::begin(name, source)
    }

    /// Reads standard input.
    pub fn from_stdin() -> Result<Self, Unusable> {
        Self::from_reader(STDIN.to_owned(), Box::new(io::stdin()))
    }

    /// Reads whatever gives octets; `name` stands for the file in messages.
    pub fn from_reader(name: String, reader: Box<dyn Read + Send>) -> Result<Self, Unusable> {
        Self::begin(name, Source::streamed(reader))
    }

    /// Finds out what the source is, through its compression if it has one.
    fn begin(name: String, mut source: Source) -> Result<Self, Unusable> {
        let compression = match magic::of(&mut source) {
            Kind::Compressed(compression) => Some(compression),
            _ => None,
        };
        if let Some(compression) = compression {
            source = unpacked(source, compression);
        }
        let opened = match magic::of(&mut source) {
            Kind::Pcap => {
                source.fill(pcap::HEADER);
                let header = source.window().get(..pcap::HEADER).and_then(Pcap::open);
                header.map(|opened| opened.map(Reader::Pcap))
            }
            Kind::Pcapng => {
                source.fill(pcapng::HEADER);
                let header = source.window().get(..pcapng::HEADER).and_then(Pcapng::open);
                header.map(|opened| opened.map(Reader::Pcapng))
            }
            other => return Err(Unusable::not_a_capture(name, &other, &source)),
        };
        let reader = match opened {
            Some(Ok(reader)) => reader,
            Some(Err(major)) => return Err(Unusable::Version { file: name, major }),
            None => return Err(Unusable::Header { file: name, octets: source.window().len() }),
        };
        let mut summary = Summary::new(name, reader.format(), compression);
        let mut taken = 0;
        if let Reader::Pcap(pcap) = &reader {
            summary.precision = pcap.precision();
            summary.describe(pcap.interface());
            taken = pcap::HEADER;
        }
        Ok(Self { source, reader, summary, taken, held: None, ended: false })
    }

    /// The next frame. `None` at the end, or where no more can be read: the summary says which.
    #[allow(clippy::should_implement_trait)] // frames borrow from the capture; an iterator's items cannot
    pub fn next(&mut self) -> Option<Frame<'_>> {
        let (place, time) = match self.held.take() {
            Some(held) => held,
            None => self.advance()?,
        };
        Some(Frame {
            number: self.summary.packets,
            time,
            link: place.link,
            interface: place.interface,
            octets: self.source.window().get(place.octets).unwrap_or_default(),
            wire_len: place.wire_len,
        })
    }

    /// The time of the first frame, without taking it: what puts the files of a ring in order.
    /// `None` when there is no frame. To be asked before `next`.
    pub fn first_time(&mut self) -> Option<Time> {
        if self.held.is_none() && self.summary.packets == 0 {
            self.held = self.advance();
        }
        self.summary.first
    }

    /// What is known so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The mapped file from which the frames borrow. `None` when the capture is streamed.
    pub fn map(&self) -> Option<&Arc<Map>> {
        self.source.map()
    }

    /// Steps to the next packet that can be used.
    fn advance(&mut self) -> Option<(Place, Time)> {
        while !self.ended {
            self.source.step_over(mem::take(&mut self.taken));
            match self.reader.step(self.source.window(), &mut self.summary) {
                Step::Needs(octets) => {
                    if !self.source.fill(octets) {
                        self.end(octets);
                    }
                }
                Step::Passed(length) => self.taken = length,
                Step::Packet(place) => {
                    self.taken = place.length;
                    let time = self.summary.count(&place);
                    return Some((place, time));
                }
                Step::Unreadable(length, why) => {
                    self.taken = length;
                    self.note(&format!("{why}; passed over"));
                    self.summary.packets += 1;
                }
                Step::Broken(why) => {
                    self.note(&format!("{why}; reading stopped here"));
                    self.ended = true;
                }
            }
        }
        None
    }

    /// There are not `wanted` octets left: the end, or a file that was cut.
    fn end(&mut self, wanted: usize) {
        self.ended = true;
        let left = self.source.window().len();
        if let Some(failure) = self.source.failure() {
            self.summary.truncated = failure.kind() == io::ErrorKind::UnexpectedEof;
            let packed = self.summary.compression.map(|packed| format!(" ({packed}-compressed)"));
            let failure = format!("reading failed{}: {failure}", packed.unwrap_or_default());
            self.note(&failure);
        } else if left > 0 {
            self.summary.truncated = true;
            self.note(&format!("the file ends here, {left} octets into at least {wanted}"));
        } else {
            self.summary.complete = true;
        }
    }

    /// Keeps a problem with the packet that comes next.
    fn note(&mut self, problem: &str) {
        let (frame, offset) = (self.summary.packets + 1, self.source.offset());
        self.summary.problem(format!("frame {frame} at offset {offset}: {problem}"));
    }
}

impl Reader {
    fn step(&mut self, window: &[u8], summary: &mut Summary) -> Step {
        match self {
            Self::Pcap(pcap) => pcap.step(window),
            Self::Pcapng(pcapng) => pcapng.step(window, summary),
        }
    }

    fn format(&self) -> Format {
        match self {
            Self::Pcap(pcap) => pcap.format(),
            Self::Pcapng(_) => Format::Pcapng,
        }
    }
}

/// The same octets behind their decompressor.
pub(super) fn unpacked(source: Source, compression: Compression) -> Source {
    let packed = source.into_reader();
    match compression {
        Compression::Gzip => Source::streamed(Box::new(MultiGzDecoder::new(packed))),
        Compression::Zstd => match zstd::stream::read::Decoder::new(packed) {
            Ok(decoder) => Source::streamed(Box::new(decoder)),
            Err(why) => Source::streamed(Box::new(Failing(Some(why)))),
        },
    }
}

/// Gives one error and no octet: a decompressor that could not be set up.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
