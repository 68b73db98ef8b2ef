//! A capture being read.

use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::magic::{self, Kind};
use super::netmon::{self, Netmon};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::snoop::{self, Snoop};
use super::source::Source;
use super::spool;
use super::step::{Place, Step};
use super::{Compression, Format, Frame, Map, STDIN, Summary, Unusable, erf};
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
    Netmon(Netmon),
    Snoop(Snoop),
    /// Each record says all that there is to know.
    Erf,
    /// Written anew by this program. `complete` is what the capture was.
    Spool {
        complete: bool,
        format: Format,
    },
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

    /// Reads a capture that was written anew; `summary` is that of the one whose place it takes, read to its end.
    pub(super) fn spooled(summary: Summary, map: Option<Map>) -> Self {
        let source = match map {
            Some(map) => Source::mapped(map),
            None => Source::streamed(Box::new(io::empty())),
        };
        let reader = Reader::Spool { complete: summary.complete, format: summary.format };
        Self { source, reader, summary: summary.uncounted(), taken: 0, held: None, ended: false }
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
        let kind = magic::of(&mut source);
        let header = match kind {
            Kind::Pcap => pcap::HEADER,
            Kind::Pcapng => pcapng::HEADER,
            Kind::Netmon => netmon::HEADER,
            Kind::Snoop => snoop::HEADER,
            Kind::Erf => 0,
            other => return Err(Unusable::not_a_capture(name, &other, &source)),
        };
        source.fill(header);
        let streamed = source.map().is_none();
        let head = source.window().get(..header);
        let opened = head.and_then(|head| Reader::open(&kind, head, streamed));
        let reader = match opened {
            Some(Ok(reader)) => reader,
            Some(Err(major)) => return Err(Unusable::version(name, &kind, major)),
            None => return Err(Unusable::Header { file: name, octets: source.window().len() }),
        };
        let mut summary = Summary::new(name, reader.format(), compression);
        summary.precision = reader.precision();
        summary.local_times = matches!(&reader, Reader::Netmon(netmon) if netmon.has_local_times());
        let taken = if matches!(reader, Reader::Pcap(_) | Reader::Snoop(_)) { header } else { 0 };
        if let Reader::Pcap(pcap) = &reader {
            summary.describe(pcap.interface());
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

    /// The next frame, borrowed from the capture's own map instead of the capture, so that several can be at
    /// hand at once. `None` also without a map: then [`next`](Self::next) gives the frames.
    #[inline]
    pub fn next_in<'m>(&mut self, map: &'m Map) -> Option<Frame<'m>> {
        let (place, time) = match self.held.take() {
            Some(held) => held,
            None => self.advance()?,
        };
        let at = self.source.place_in(map)?;
        Some(Frame {
            number: self.summary.packets,
            time,
            link: place.link,
            interface: place.interface,
            octets: map.get(at + place.octets.start..at + place.octets.end).unwrap_or_default(),
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

    /// Octets read of the file as it is stored, packed or not; goes on counting while the capture is read.
    pub fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(self.source.progress())
    }

    /// Steps to the next packet that can be used.
    #[inline]
    fn advance(&mut self) -> Option<(Place, Time)> {
        while !self.ended {
            self.source.step_over(mem::take(&mut self.taken));
            let step = match &mut self.reader {
                Reader::Pcap(pcap) => pcap.step(self.source.window()),
                reader => reader.step(self.source.window(), &mut self.summary),
            };
            match step {
                Step::Packet(place) => {
                    if let Some(offset) = self.reader.offset() {
                        self.source.progress().fetch_max(offset, Ordering::Relaxed); // the window stays where it is
                    }
                    self.taken = place.length;
                    self.source.fetch(place.length);
                    let time = self.summary.count(&place);
                    return Some((place, time));
                }
                step => self.pass(step),
            }
        }
        None
    }

    /// What stands at the front is no packet that can be used.
    #[cold]
    fn pass(&mut self, step: Step) {
        match step {
            Step::Needs(octets) => {
                if !self.source.fill(octets) && !self.reader.recover(&mut self.summary) {
                    self.end(octets);
                }
            }
            Step::Passed(length) => self.taken = length,
            Step::Numbered(length) => {
                self.taken = length;
                self.summary.packets += 1;
            }
            Step::Packet(_) => {} // is taken where it is found
            Step::Unreadable(length, why) => {
                self.taken = length;
                self.note(&format!("{why}; passed over"));
                self.summary.packets += 1;
            }
            Step::Broken(why) => {
                self.note(&format!("{why}; reading stopped here"));
                self.ended = true;
            }
            Step::End => {
                let was = if let Reader::Spool { complete, .. } = self.reader { complete } else { true };
                self.summary.complete = was && !self.summary.truncated;
                self.ended = true;
            }
        }
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
            self.summary.complete = !self.summary.truncated;
        }
    }

    /// Keeps a problem with the packet that comes next.
    fn note(&mut self, problem: &str) {
        let (frame, offset) = (self.summary.packets + 1, self.reader.offset().unwrap_or(self.source.offset()));
        self.summary.problem(format!("frame {frame} at offset {offset}: {problem}"));
    }
}

impl Reader {
    /// Reads a file header of this kind: the reader, or the unusable version.
    fn open(kind: &Kind, header: &[u8], streamed: bool) -> Option<Result<Self, u32>> {
        match kind {
            Kind::Pcap => Pcap::open(header).map(|opened| opened.map(Self::Pcap).map_err(u32::from)),
            Kind::Pcapng => Pcapng::open(header).map(|opened| opened.map(Self::Pcapng).map_err(u32::from)),
            Kind::Netmon => Netmon::open(header, streamed).map(|opened| opened.map(Self::Netmon)),
            Kind::Snoop => Snoop::open(header).map(|opened| opened.map(Self::Snoop)),
            Kind::Erf => Some(Ok(Self::Erf)),
            _ => None,
        }
    }

    fn step(&mut self, window: &[u8], summary: &mut Summary) -> Step {
        match self {
            Self::Pcap(pcap) => pcap.step(window),
            Self::Pcapng(pcapng) => pcapng.step(window, summary),
            Self::Netmon(netmon) => netmon.step(window),
            Self::Snoop(snoop) => snoop.step(window, summary),
            Self::Erf => erf::step(window, summary),
            Self::Spool { .. } => spool::step(window, summary.packets),
        }
    }

    /// Whether there is another way on where the octets asked for are not there.
    fn recover(&mut self, summary: &mut Summary) -> bool {
        match self {
            Self::Netmon(netmon) => netmon.recover(summary),
            _ => false,
        }
    }

    /// Where the record at hand begins in the file, if not at the front of the window.
    #[inline]
    fn offset(&self) -> Option<u64> {
        match self {
            Self::Netmon(netmon) => netmon.offset(),
            _ => None,
        }
    }

    fn format(&self) -> Format {
        match self {
            Self::Pcap(pcap) => pcap.format(),
            Self::Pcapng(_) => Format::Pcapng,
            Self::Netmon(netmon) => netmon.format(),
            Self::Snoop(_) => Format::Snoop,
            Self::Erf => Format::Erf,
            Self::Spool { format, .. } => *format,
        }
    }

    /// Decimals of the times, as far as the file header tells.
    fn precision(&self) -> u8 {
        match self {
            Self::Pcap(pcap) => pcap.precision(),
            Self::Netmon(netmon) => netmon.precision(),
            Self::Pcapng(_) | Self::Snoop(_) => 6,
            Self::Erf | Self::Spool { .. } => 9,
        }
    }
}

/// The same octets behind their decompressor.
pub(super) fn unpacked(source: Source, compression: Compression) -> Source {
    let progress = Arc::clone(source.progress());
    let packed = source.into_reader();
    let decoder: Box<dyn Read + Send> = match compression {
        Compression::Gzip => Box::new(MultiGzDecoder::new(packed)),
        Compression::Zstd => match zstd::stream::read::Decoder::new(packed) {
            Ok(decoder) => Box::new(decoder),
            Err(why) => Box::new(Failing(Some(why))),
        },
    };
    Source::unpacked(decoder, progress)
}

/// Gives one error and no octet: a decompressor that could not be set up.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
