//! How far the reading is: one line on standard error for who waits in front of a terminal.
#![allow(clippy::disallowed_methods, reason = "how long the user has waited is no matter of packets")]

use std::fmt::Write as _;
use std::fs::Metadata;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::cli::args::Show;

/// Tells how far the reading is, while it goes on.
pub(super) struct Progress {
    /// Frames that were read.
    frames: AtomicU64,
    /// `None` where nothing is to be told.
    teller: Option<Mutex<Teller>>,
}

impl Progress {
    /// Told where standard error is a terminal, or where the user asks for it.
    pub(super) fn new(show: Show) -> Self {
        let able = || io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let told = match show {
            Show::Auto => able(),
            Show::Always => true,
            Show::Never => false,
        };
        let begin = Instant::now();
        let teller = || Teller {
            out: Box::new(io::stderr()),
            clock: Box::new(move || begin.elapsed()),
            line: Line { terminal: able(), ..Line::default() },
            phase: Phase::default(),
        };
        Self { frames: AtomicU64::new(0), teller: told.then(teller).map(Mutex::new) }
    }

    /// Begins to go through these inputs; `doing` says to which end. Only files have a length to compare with.
    pub(super) fn begin<'a>(&self, doing: &'static str, mut inputs: impl Iterator<Item = &'a Path>) {
        let Some(teller) = &self.teller else { return };
        let length = |path: &Path| std::fs::metadata(path).ok().filter(Metadata::is_file).map(|about| about.len());
        let total = inputs.try_fold(0, |total: u64, path| Some(total.saturating_add(length(path)?)));
        let mut teller = teller.lock().unwrap_or_else(PoisonError::into_inner);
        teller.phase = Phase { doing, total, begin: (teller.clock)(), read: Vec::new() };
        self.frames.store(0, Ordering::Relaxed);
    }

    /// Looks from now on at how far this capture was read.
    pub(super) fn follow(&self, capture: &Capture) {
        let Some(teller) = &self.teller else { return };
        teller.lock().unwrap_or_else(PoisonError::into_inner).phase.read.push(capture.progress());
    }

    /// Counts a frame, and looks at the clock now and then.
    pub(super) fn frame(&self) {
        if self.teller.is_some() && (self.frames.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(LOOK_EVERY) {
            self.look();
        }
    }

    /// Looks at the clock.
    pub(super) fn look(&self) {
        let Some(teller) = &self.teller else { return };
        teller.lock().unwrap_or_else(PoisonError::into_inner).tell(self.frames.load(Ordering::Relaxed));
    }

    /// The reading is done; what comes now may take a moment too.
    pub(super) fn judging(&self) {
        let Some(teller) = &self.teller else { return };
        let mut teller = teller.lock().unwrap_or_else(PoisonError::into_inner);
        teller.tell_last(self.frames.load(Ordering::Relaxed));
    }

    /// Takes the line away, before others write.
    pub(super) fn end(&self) {
        let Some(teller) = &self.teller else { return };
        teller.lock().unwrap_or_else(PoisonError::into_inner).end();
    }
}

/// Who writes the line.
struct Teller {
    out: Box<dyn Write + Send>,
    /// How long the program has run.
    clock: Box<dyn Fn() -> Duration + Send>,
    line: Line,
    phase: Phase,
}

/// What is being read.
#[derive(Default)]
struct Phase {
    doing: &'static str,
    /// Octets of all captures, as they are stored. `None` where that is not known.
    total: Option<u64>,
    /// Octets read of each.
    read: Vec<Arc<AtomicU64>>,
    /// When it began.
    begin: Duration,
}

/// What stands on the terminal.
#[derive(Default)]
struct Line {
    /// Whether it can be written over.
    terminal: bool,
    /// When it was last written. `None` until something was told.
    told: Option<Duration>,
    /// Its length.
    columns: usize,
}

impl Teller {
    fn tell(&mut self, frames: u64) {
        let now = (self.clock)();
        let due = match self.line.told {
            None => PATIENCE,
            Some(told) if self.line.terminal => told + AGAIN,
            Some(told) => told + AGAIN_IN_A_FILE,
        };
        if now >= due {
            let says = self.phase.says(now, frames);
            self.write(now, &says);
        }
    }

    /// Where there was nothing to tell on the way, a terminal is spared the end of it as well.
    fn tell_last(&mut self, frames: u64) {
        if self.line.told.is_some() || !self.line.terminal {
            let now = (self.clock)();
            let read = self.phase.says(now, frames);
            self.write(now, &format!("{read}; judging"));
        }
    }

    /// Nobody is left to be told when standard error fails.
    fn write(&mut self, now: Duration, says: &str) {
        let columns = says.chars().count();
        let _ = if self.line.terminal {
            // Spaces wipe what was there before: every terminal knows them.
            write!(self.out, "\r{says}{:1$}", "", self.line.columns.saturating_sub(columns))
        } else {
            writeln!(self.out, "anyany: {says}")
        };
        let _ = self.out.flush();
        self.line = Line { told: Some(now), columns, ..self.line };
    }

    fn end(&mut self) {
        if self.line.terminal && self.line.columns > 0 {
            let _ = write!(self.out, "\r{:1$}\r", "", self.line.columns);
            let _ = self.out.flush();
            self.line.columns = 0;
        }
    }
}

impl Phase {
    /// "reading 42 %, 1.3 GB of 3.1 GB, 85.0 MB/s, 1234567 packets, 21 s left".
    fn says(&self, now: Duration, frames: u64) -> String {
        let read: u64 = self.read.iter().map(|read| read.load(Ordering::Relaxed)).sum();
        let rate = read as f64 / now.saturating_sub(self.begin).as_secs_f64().max(0.001);
        let mut says = match self.total {
            // A capture that is still being written grows while it is read.
            Some(total) if total >= read && total > 0 => {
                format!(
                    "{} {:.0} %, {} of {}",
                    self.doing,
                    read as f64 * 100.0 / total as f64,
                    size(read as f64),
                    size(total as f64)
                )
            }
            _ => format!("{} {}", self.doing, size(read as f64)),
        };
        // Writing to a string cannot fail.
        let _ = write!(says, ", {}/s", size(rate));
        if frames > 0 {
            let _ = write!(says, ", {frames} packets");
        }
        if let Some(left) = self.total.and_then(|total| total.checked_sub(read)).filter(|left| *left > 0 && rate > 0.0)
        {
            let _ = write!(says, ", {} left", lasting(left as f64 / rate));
        }
        says
    }
}

/// "85.0 MB".
fn size(octets: f64) -> String {
    match octets {
        ..1e3 => format!("{octets:.0} octets"),
        1e3..1e6 => format!("{:.1} kB", octets / 1e3),
        1e6..1e9 => format!("{:.1} MB", octets / 1e6),
        _ => format!("{:.1} GB", octets / 1e9),
    }
}

/// "21 s", "3 min", "2 h": more is not known of the future.
fn lasting(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{:.0} s", seconds.ceil()),
        100.0..6_000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3_600.0),
    }
}

/// Who waits no longer than this needs no line.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is written anew.
const AGAIN: Duration = Duration::from_millis(200);
/// How often a line is added to what cannot be written over.
const AGAIN_IN_A_FILE: Duration = Duration::from_secs(10);
/// Frames between two looks at the clock.
const LOOK_EVERY: u64 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Standard error and the clock, in the hands of a test.
    #[derive(Clone, Default)]
    struct Bench {
        written: Arc<Mutex<Vec<u8>>>,
        millis: Arc<AtomicU64>,
    }

    impl Write for Bench {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.written.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Bench {
        fn progress(&self, terminal: bool, total: Option<u64>, read: &Arc<AtomicU64>) -> Progress {
            let millis = Arc::clone(&self.millis);
            let teller = Teller {
                out: Box::new(self.clone()),
                clock: Box::new(move || Duration::from_millis(millis.load(Ordering::Relaxed))),
                line: Line { terminal, ..Line::default() },
                phase: Phase { doing: "reading", total, read: vec![Arc::clone(read)], ..Phase::default() },
            };
            Progress { frames: AtomicU64::new(0), teller: Some(Mutex::new(teller)) }
        }

        fn pass(&self, progress: &Progress, millis: u64) -> String {
            self.millis.fetch_add(millis, Ordering::Relaxed);
            for _ in 0..LOOK_EVERY {
                progress.frame();
            }
            self.take()
        }

        fn take(&self) -> String {
            String::from_utf8(std::mem::take(&mut *self.written.lock().unwrap())).unwrap()
        }
    }

    #[test]
    fn who_waits_for_a_second_is_told_the_rate_and_the_time_left() {
        let (bench, read) = (Bench::default(), Arc::new(AtomicU64::new(10_000_000)));
        let progress = bench.progress(true, Some(100_000_000), &read);
        assert_eq!(bench.pass(&progress, 900), "");
        let line = "\rreading 10 %, 10.0 MB of 100.0 MB, 10.0 MB/s, 2048 packets, 9 s left";
        assert_eq!(bench.pass(&progress, 100), line);
        assert_eq!(bench.pass(&progress, 100), "");
        read.store(100_000_000, Ordering::Relaxed);
        // The shorter line leaves nothing of the longer one.
        let shorter = "\rreading 100 %, 100.0 MB of 100.0 MB, 40.0 MB/s, 4096 packets";
        let said = bench.pass(&progress, 1_400);
        assert_eq!((said.trim_end(), said.len()), (shorter, line.len()));
        progress.judging();
        assert!(bench.take().ends_with("; judging"));
        progress.end();
        let wiped = bench.take();
        assert!(wiped.len() > 60 && wiped.starts_with('\r') && wiped.ends_with('\r') && wiped.trim().is_empty());
        progress.end();
        assert_eq!(bench.take(), "");
    }

    #[test]
    fn nobody_is_told_of_what_takes_no_time() {
        let (bench, read) = (Bench::default(), Arc::new(AtomicU64::new(10)));
        let progress = bench.progress(true, Some(10), &read);
        progress.judging();
        progress.end();
        assert_eq!(bench.take(), "");
    }

    #[test]
    fn a_stream_has_a_rate_and_no_end() {
        let (bench, read) = (Bench::default(), Arc::new(AtomicU64::new(2_500_000_000)));
        let progress = bench.progress(true, None, &read);
        assert_eq!(bench.pass(&progress, 10_000), "\rreading 2.5 GB, 250.0 MB/s, 1024 packets");
    }

    #[test]
    fn a_file_that_grows_is_read_on_without_a_wrong_word() {
        let (bench, read) = (Bench::default(), Arc::new(AtomicU64::new(2_000)));
        let progress = bench.progress(true, Some(1_000), &read);
        assert_eq!(bench.pass(&progress, 1_000), "\rreading 2.0 kB, 2.0 kB/s, 1024 packets");
    }

    #[test]
    fn what_cannot_be_written_over_gets_lines_and_few_of_them() {
        let (bench, read) = (Bench::default(), Arc::new(AtomicU64::new(1_000)));
        let progress = bench.progress(false, Some(2_000), &read);
        assert!(bench.pass(&progress, 1_000).starts_with("anyany: reading 50 %"));
        assert_eq!(bench.pass(&progress, 9_000), "");
        assert!(bench.pass(&progress, 1_000).ends_with(" left\n"));
        progress.end();
        assert_eq!(bench.take(), "");
    }

    #[test]
    fn the_future_is_told_in_round_figures() {
        let told = [0.2, 99.4, 150.0, 5_999.0, 9_000.0].map(lasting);
        assert_eq!(told, ["1 s", "100 s", "2 min", "100 min", "2 h"]);
    }
}
