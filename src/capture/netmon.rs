//! Captures of Microsoft Network Monitor, versions 1 and 2 ("Capture File Format" in the help of
//! Network Monitor 3.4): a header, frames, and a table that says where each frame begins. All numbers
//! are little-endian.
//!
//! Frames count in the order of the table, whatever their order in the file. So the octets up to the
//! table's end are needed first: a mapped file has them, a stream is held, within a bound. Where the
//! file ends before its table, frames are read in the order in which they stand.

mod event;
mod record;

use std::ops::Range;

use record::{Record, Short};

use super::order::Order::Little;
use super::step::{Place, Step};
use super::{Format, LinkType, Summary};
use crate::time::{self, Time};

/// A reader behind the file header.
#[derive(Debug)]
pub(super) struct Netmon {
    layout: Layout,
    /// Where the table of frames lies in the file.
    table: Range<usize>,
    /// The source is a stream, whose octets have to be held.
    streamed: bool,
    way: Way,
}

/// What is the same for all frames.
#[derive(Debug, Clone, Copy)]
struct Layout {
    major: u8,
    minor: u8,
    /// When the capture began, by a clock whose time zone nobody wrote down.
    start: Option<Time>,
    /// The media type of all frames, where they have none of their own.
    media: u16,
}

/// How the reader goes from frame to frame.
#[derive(Debug)]
enum Way {
    /// The table was not looked for yet.
    Begin,
    /// By the table.
    Table(Progress),
    /// Frame behind frame: where the window begins in the file.
    InTurn { at: usize },
}

/// How far the table was gone through.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// The entry that comes next.
    next: usize,
    /// Where the frame begins that was looked at last.
    at: usize,
    /// The octets of all frames so far.
    spent: usize,
    /// Where the farthest of them ends.
    reached: usize,
    /// The octets of the next frame are not there.
    lacking: bool,
}

impl Netmon {
    /// Whether a file that begins with `magic` is one.
    pub(super) fn magic(magic: [u8; 4]) -> bool {
        matches!(&magic, b"RTSS" | b"GMBU")
    }

    /// Reads the file header: the reader, or the unusable major version. `None` when `header` is not
    /// one.
    pub(super) fn open(header: &[u8], streamed: bool) -> Option<Result<Self, u32>> {
        let (header, magic) = (header.first_chunk::<HEADER>()?, *header.first_chunk()?);
        let (minor, major) = (header[4], header[5]);
        if !Self::magic(magic) {
            return None;
        }
        if !(1..=2).contains(&major) {
            return Some(Err(major.into()));
        }
        let offset = |at| Little.u32(header, at).unwrap_or_default() as usize;
        let table = offset(24)..offset(24).saturating_add(offset(28));
        let layout = Layout { major, minor, start: start(header), media: Little.u16(header, 6)? };
        Some(Ok(Self { layout, table, streamed, way: Way::Begin }))
    }

    pub(super) fn format(&self) -> Format {
        if self.layout.major == 1 { Format::NetworkMonitor1 } else { Format::NetworkMonitor2 }
    }

    /// Decimals of the times: milliseconds, microseconds, and from 2.3 on units of 100 nanoseconds.
    pub(super) fn precision(&self) -> u8 {
        match (self.layout.major, self.layout.minor) {
            (1, _) => 3,
            (_, ..=2) => 6,
            _ => 7,
        }
    }

    /// Whether times are those of a clock whose time zone the file does not tell: all before 2.3.
    pub(super) fn has_local_times(&self) -> bool {
        self.precision() < 7
    }

    /// Where the frame at hand begins in the file. `None` when it is at the front of the window.
    pub(super) fn offset(&self) -> Option<u64> {
        match self.way {
            Way::Table(progress) => Some(progress.at as u64),
            Way::Begin | Way::InTurn { .. } => None,
        }
    }

    /// Reads the next frame. As long as the table leads, the window is to stay where it is.
    pub(super) fn step(&mut self, window: &[u8]) -> Step {
        match self.way {
            Way::Begin => self.begin(window),
            Way::Table(progress) => self.by_table(window, progress),
            Way::InTurn { at } => self.in_turn(window, at),
        }
    }

    /// The octets that were asked for are not there: whether there is a way on.
    pub(super) fn recover(&mut self, summary: &mut Summary) -> bool {
        match &mut self.way {
            Way::Begin => {
                summary.truncated = true;
                summary.problem(format!(
                    "the index of its frames, at offset {}, is not in the file: it was cut short. Frames are read in \
                     the order in which they stand; copy it again for the rest",
                    self.table.start
                ));
                self.way = Way::InTurn { at: 0 };
                true
            }
            Way::Table(progress) => {
                progress.lacking = true;
                true
            }
            Way::InTurn { .. } => false,
        }
    }

    fn begin(&mut self, window: &[u8]) -> Step {
        if self.table.start < HEADER {
            // Written when the capture is saved or closed.
            return if window.len() > HEADER {
                self.way = Way::InTurn { at: 0 };
                Step::Passed(0)
            } else {
                Step::Needs(HEADER + 1)
            };
        }
        if self.streamed && self.table.end > MOST_HELD {
            return Step::Broken(format!(
                "a Network Monitor capture begins with its end, the index of its frames, which comes only after {} \
                 octets, more than the {MOST_HELD} that are held of a stream. Write it to a file, not packed, and name \
                 that",
                self.table.end
            ));
        }
        if window.len() < self.table.end {
            return Step::Needs(self.table.end);
        }
        self.way = Way::Table(Progress { reached: self.table.end, ..Progress::default() });
        Step::Passed(0)
    }

    fn by_table(&mut self, window: &[u8], mut progress: Progress) -> Step {
        let entry = self.table.start.saturating_add(progress.next.saturating_mul(ENTRY));
        let at = match Little.u32(window, entry) {
            Some(at) if entry + ENTRY <= self.table.end => at as usize,
            _ => return Step::End,
        };
        progress.at = at;
        let record = match Record::read(window.get(at..).unwrap_or_default(), self.layout) {
            Ok(record) => Ok(record),
            Err(Short::Broken(why)) => Err(why),
            Err(Short::Needs(octets)) => {
                let end = at.saturating_add(octets);
                let too_far = self.streamed && end > MOST_HELD;
                if !(progress.lacking || too_far) {
                    self.way = Way::Table(progress);
                    return Step::Needs(end);
                }
                Err("the index points to octets that are not in the file".to_owned())
            }
        };
        (progress.next, progress.lacking) = (progress.next + 1, false);
        if let Ok(record) = &record {
            progress.spent = progress.spent.saturating_add(record.length);
            progress.reached = progress.reached.max(at.saturating_add(record.length));
        }
        self.way = Way::Table(progress);
        // Frames do not share octets: a table that says so would make much work of a small file.
        if progress.spent > progress.reached {
            return Step::Broken("the index names more octets than there are: damaged from here on".to_owned());
        }
        match record.map(|record| record.step()) {
            Ok(Step::Packet(place)) => {
                let octets = at + place.octets.start..at + place.octets.end;
                Step::Packet(Place { length: 0, octets, ..place })
            }
            Ok(_) => Step::Passed(0),
            Err(why) => Step::Unreadable(0, why),
        }
    }

    fn in_turn(&mut self, window: &[u8], at: usize) -> Step {
        if at == 0 {
            self.way = Way::InTurn { at: HEADER };
            return Step::Passed(HEADER);
        }
        if self.table.start >= HEADER && at >= self.table.start {
            return Step::End;
        }
        match Record::read(window, self.layout) {
            Ok(record) if record.is_plausible() => {
                self.way = Way::InTurn { at: at.saturating_add(record.length) };
                record.step()
            }
            Ok(_) => Step::Broken("no frame, and nothing says where the next one begins".to_owned()),
            Err(Short::Needs(octets)) => Step::Needs(octets),
            Err(Short::Broken(why)) => Step::Broken(why),
        }
    }
}

/// A SYSTEMTIME: year, month, day of the week, day, hour, minute, second, millisecond. `None` when
/// there is no such time.
fn start(header: &[u8]) -> Option<Time> {
    let field = |at: usize| Little.u16(header, 8 + 2 * at).map(i64::from);
    let day = time::days(field(0)?, field(1)?, field(3)?)?;
    let (hour, minute, second, millis) = (field(4)?, field(5)?, field(6)?, field(7)?);
    let seconds = ((day * 24 + hour) * 60 + minute) * 60 + second;
    let valid = hour < 24 && minute < 60 && second < 61 && millis < 1_000;
    valid.then(|| Time::new(seconds, u32::try_from(millis).unwrap_or_default() * 1_000_000))
}

/// Octets of the file header.
pub(super) const HEADER: usize = 128;
/// Octets of an entry of the table.
const ENTRY: usize = 4;
/// Octets of a stream that are held until the table has come. Network Monitor itself stops at 20 MB
/// unless told otherwise.
const MOST_HELD: usize = 256 * 1024 * 1024;
