//! Which frames are looked at: `--from`, `--to`, `--filter`.

use std::path::PathBuf;

use crate::capture::{Capture, Frame};
use crate::cli::Failure;
use crate::cli::args::Analyze;
use crate::cli::when::When;
use crate::time::Time;

/// What was asked to be left out.
pub(super) struct Keep {
    from: Option<When>,
    to: Option<When>,
    /// When the first frame was captured: its day is meant where none was typed.
    begin: Time,
    filter: Option<filter::Filters>,
    /// Frames were looked at when they were written anew, and marked.
    marked: bool,
}

impl Keep {
    /// As typed; fails where the filter is none.
    pub(super) fn new(options: &Analyze) -> Result<Self, Failure> {
        let filter = options.filter.as_deref().map(filter::Filters::new).transpose().map_err(Failure::Said)?;
        Ok(Self { from: options.from, to: options.to, begin: Time::default(), filter, marked: false })
    }

    /// From now on frames are those that were written anew, and say themselves whether they were looked at.
    pub(super) fn go_by_marks(&mut self) {
        self.marked = true;
    }

    /// Whether a frame is to be looked at.
    pub(super) fn frame(&self, frame: &Frame<'_>) -> bool {
        if self.marked {
            return frame.interface & LEFT_OUT == 0;
        }
        self.from.is_none_or(|from| from.first(self.begin) <= frame.time)
            && self.to.is_none_or(|to| frame.time <= to.last(self.begin))
            && self.filter.as_ref().is_none_or(|filter| filter.matches(frame))
    }

    /// Looks when the captures begin. Threads read them together, so it cannot be left to the first frame that
    /// one of them meets.
    pub(super) fn look_at(&mut self, captures: &mut [(PathBuf, Capture)]) {
        let begin = captures.iter_mut().filter_map(|(_, capture)| capture.first_time()).min();
        self.begin = begin.unwrap_or_default();
    }

    /// When the first frame was captured.
    pub(super) fn begin(&self) -> Time {
        self.begin
    }

    /// Why the filter could not be used for some frames.
    pub(super) fn refused(&self) -> Vec<String> {
        self.filter.as_ref().map(filter::Filters::refused).unwrap_or_default()
    }
}

/// In the interface of a frame that was written anew: nobody looks at it. No capture has so many interfaces.
pub(super) const LEFT_OUT: u32 = 1 << 31;

#[cfg(feature = "live")]
mod filter {
    use std::sync::{Mutex, PoisonError};

    use crate::capture::device::Filter;
    use crate::capture::{Frame, LinkType};

    /// One filter, compiled for each link type that is met.
    pub(super) struct Filters {
        text: String,
        compiled: Mutex<Vec<(LinkType, Result<Filter, String>)>>,
    }

    impl Filters {
        /// Fails where the filter is none for Ethernet: most likely a mistake in writing.
        pub(super) fn new(text: &str) -> Result<Self, String> {
            let ethernet = Filter::compile(text, ETHERNET).map_err(|why| format!("--filter: {why}"))?;
            Ok(Self { text: text.to_owned(), compiled: Mutex::new(vec![(ETHERNET, Ok(ethernet))]) })
        }

        pub(super) fn matches(&self, frame: &Frame<'_>) -> bool {
            let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, filter)) = compiled.iter().find(|(link, _)| *link == frame.link) {
                return filter.as_ref().is_ok_and(|filter| filter.matches(frame.octets));
            }
            let filter = Filter::compile(&self.text, frame.link).map_err(|why| why.to_string());
            let matches = filter.as_ref().is_ok_and(|filter| filter.matches(frame.octets));
            compiled.push((frame.link, filter));
            matches
        }

        pub(super) fn refused(&self) -> Vec<String> {
            let compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
            let failed = compiled.iter().filter_map(|(link, filter)| filter.as_ref().err().map(|why| (link, why)));
            failed.map(|(link, why)| format!("--filter cannot be used for frames of {link}: {why}")).collect()
        }
    }

    const ETHERNET: LinkType = LinkType(1);
}

#[cfg(not(feature = "live"))]
mod filter {
    use crate::capture::Frame;

    /// There are none: libpcap compiles filters, and this program was built without it.
    pub(super) enum Filters {}

    impl Filters {
        pub(super) fn new(_: &str) -> Result<Self, String> {
            Err("--filter needs libpcap, and this anyany was built without it (feature \"live\"). Filter the capture \
                 first: tcpdump -r IN -w OUT 'host 10.0.0.5 or icmp', or with Wireshark's tools: tshark -r IN -w OUT \
                 -Y 'ip.addr==10.0.0.5 || icmp'"
                .to_owned())
        }

        pub(super) fn matches(&self, _: &Frame<'_>) -> bool {
            match *self {}
        }

        pub(super) fn refused(&self) -> Vec<String> {
            match *self {}
        }
    }
}
