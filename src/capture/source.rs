//! Octets of a capture as a window that moves forward.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Map;

/// The octets of one capture, uncompressed, from the first to the last.
pub(super) struct Source {
    backing: Backing,
    /// Where the window begins, counted in uncompressed octets.
    offset: u64,
    /// What ended the reading before the end, if anything did.
    failure: Option<io::Error>,
    /// Octets of the file that were read, as it is stored.
    progress: Arc<AtomicU64>,
}

enum Backing {
    Mapped { map: Arc<Map>, at: usize },
    Streamed { reader: Box<dyn Read + Send>, held: Vec<u8>, start: usize, end: usize },
}

impl Source {
    /// All of a mapped file.
    pub(super) fn mapped(map: Map) -> Self {
        let backing = Backing::Mapped { map: Arc::new(map), at: 0 };
        Self { backing, offset: 0, failure: None, progress: Arc::default() }
    }

    /// What `reader` gives, until it gives no more.
    pub(super) fn streamed(reader: Box<dyn Read + Send>) -> Self {
        let progress = Arc::default();
        let reader = Box::new(Counted { reader, read: Arc::clone(&progress) });
        Self {
            backing: Backing::Streamed { reader, held: vec![0; HELD], start: 0, end: 0 },
            offset: 0,
            failure: None,
            progress,
        }
    }

    /// What a decompressor gives that reads from a source with this `progress`.
    pub(super) fn unpacked(decoder: Box<dyn Read + Send>, progress: Arc<AtomicU64>) -> Self {
        Self { progress, ..Self::streamed(decoder) }
    }

    /// The octets at hand: for a mapped file all that are left.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        match &self.backing {
            Backing::Mapped { map, at } => map.get(*at..),
            Backing::Streamed { held, start, end, .. } => held.get(*start..*end),
        }
        .unwrap_or_default()
    }

    /// Sees to it that the window has `wanted` octets. False when there are not that many left;
    /// the window then holds all that are.
    ///
    /// Reads no further than needed, so that a pipe's packets pass as they come. The buffer grows with
    /// what comes, up to `wanted`, which the readers of the formats bound.
    pub(super) fn fill(&mut self, wanted: usize) -> bool {
        if let Backing::Streamed { reader, held, start, end } = &mut self.backing {
            if held.len() - *start < wanted {
                held.copy_within(*start..*end, 0);
                (*start, *end) = (0, *end - *start);
            }
            while *end - *start < wanted && self.failure.is_none() {
                if *end == held.len() {
                    // Not at once to what a header claims: the octets may never come.
                    held.resize(wanted.min(held.len().saturating_mul(2)), 0);
                }
                match reader.read(held.get_mut(*end..).unwrap_or_default()) {
                    Ok(0) => break,
                    Ok(more) => *end = end.saturating_add(more).min(held.len()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => self.failure = Some(error),
                }
            }
        }
        self.window().len() >= wanted
    }

    /// Moves the window's front by `length`, which must not pass its end.
    #[inline]
    pub(super) fn step_over(&mut self, length: usize) {
        let length = length.min(self.window().len());
        self.offset += length as u64;
        match &mut self.backing {
            Backing::Mapped { at, .. } => {
                *at += length;
                // Nobody else writes it.
                self.progress.store(*at as u64, Ordering::Relaxed);
            }
            Backing::Streamed { start, .. } => *start += length,
        }
    }

    /// What begins `ahead` octets behind the window's front will be read soon.
    #[inline]
    pub(super) fn fetch(&self, ahead: usize) {
        if let Backing::Mapped { map, at } = &self.backing {
            let at = at.saturating_add(ahead);
            for line in 0..LINES {
                map.fetch(at.saturating_add(line * LINE));
            }
        }
    }

    /// Where the window begins, counted in uncompressed octets.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the window begins in `map`; `None` when that is not what is read.
    #[inline]
    pub(super) fn place_in(&self, map: &Map) -> Option<usize> {
        match &self.backing {
            Backing::Mapped { map: own, at } if std::ptr::eq(&raw const **own, map) => Some(*at),
            _ => None,
        }
    }

    /// Octets of the file that were read, as it is stored; goes on counting.
    pub(super) fn progress(&self) -> &Arc<AtomicU64> {
        &self.progress
    }

    /// The map, when there is one.
    pub(super) fn map(&self) -> Option<&Arc<Map>> {
        match &self.backing {
            Backing::Mapped { map, .. } => Some(map),
            Backing::Streamed { .. } => None,
        }
    }

    /// What ended the reading before the end: a decompressor that found its input damaged, a disk.
    pub(super) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }

    /// Everything from the window's front on, to be read through a decompressor.
    pub(super) fn into_reader(self) -> Box<dyn Read + Send> {
        match self.backing {
            Backing::Mapped { map, at } => Box::new(Counted { reader: Rest { map, at }, read: self.progress }),
            Backing::Streamed { reader, held, start, end } => {
                let head = held.get(start..end).unwrap_or_default().to_vec();
                Box::new(io::Cursor::new(head).chain(reader))
            }
        }
    }
}

/// What is left of a map, as a reader.
struct Rest {
    map: Arc<Map>,
    at: usize,
}

impl Read for Rest {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.map.get(self.at..).unwrap_or_default().read(to)?;
        self.at += read;
        Ok(read)
    }
}

/// A reader that counts what it gave.
struct Counted<R> {
    reader: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let octets = self.reader.read(to)?;
        self.read.fetch_add(octets as u64, Ordering::Relaxed);
        Ok(octets)
    }
}

/// Octets of a cache line.
const LINE: usize = 64;
/// Record and packet headers take one or two, and what a message says stands at its front.
const LINES: usize = 3;
/// Octets buffered of a stream, unless one record needs more: many packets for each read.
const HELD: usize = 256 * 1024;
