//! What a capture as a whole was: counted while its frames are read.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::LinkType;
use super::step::Place;
use crate::time::{Span, Time};

/// What is known of a capture from the frames read so far. Final once `next` has returned `None`.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each says one thing of the file, and they are independent
pub struct Summary {
    /// The file as it was named, or `-`.
    pub path: String,
    /// How it is written.
    pub format: Format,
    /// How it is packed. `None` when it is not.
    pub compression: Option<Compression>,
    /// Link types of its frames, in order of first use.
    pub link_types: Vec<LinkType>,
    /// Packets, with those that could not be used: the number of the last one.
    pub packets: u64,
    /// Sum of the packets' lengths on the wire.
    pub octets: u64,
    /// The earliest packet's time. `None` while no packet had one.
    pub first: Option<Time>,
    /// The latest packet's time. `None` while no packet had one.
    pub last: Option<Time>,
    /// Decimals of its times: as many as the format has, for pcapng 6, or 9 where any interface is
    /// finer than a microsecond.
    pub precision: u8,
    /// Its times are those of a clock whose time zone it does not tell; they are taken for UTC.
    pub local_times: bool,
    /// Packets that the capture itself reports as lost: the last statistics of each interface (IETF
    /// pcapng 4.6, `isb_ifdrop` and `isb_osdrop`), or the drop counts of its packets if they are more;
    /// the drop counts of snoop and ERF.
    pub lost_by_capture: u64,
    /// Frames of which less was kept than was on the wire.
    pub snapped: u64,
    /// Frames whose time is before that of the frame in front of them.
    pub clock_steps_back: u64,
    /// The farthest of these steps.
    pub farthest_step_back: Option<StepBack>,
    /// Frames without a time of their own (simple packet blocks): given the time of the frame before.
    pub untimed: u64,
    /// It ends inside a record.
    pub truncated: bool,
    /// It was read to its end, and nothing stopped the reading before.
    pub complete: bool,
    /// What was wrong, each with frame number and offset. At most 32; see `problems_left_out`.
    pub problems: Vec<String>,
    /// Problems beyond those kept.
    pub problems_left_out: u64,
    /// Names of addresses from its name resolution blocks (IETF pcapng 4.5), at most 4,096.
    pub names: BTreeSet<(IpAddr, String)>,
    /// The machine that captured, as the first section that tells it says.
    pub hardware: Option<String>,
    /// Its operating system.
    pub os: Option<String>,
    /// The tool that captured.
    pub application: Option<String>,
    /// Comments on the capture as a whole, at most 16.
    pub comments: Vec<String>,
    /// Its interfaces, by the number that frames name; at most 1,024.
    pub interfaces: Vec<InterfaceSummary>,
    /// It was written anew before it was read, so that it can be passed on.
    pub redacted: bool,
    previous: Time,
}

/// One interface of a capture, as its file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceSummary {
    /// How its frames begin.
    pub link: LinkType,
    /// Octets kept of a frame at most; 0 means all.
    pub snaplen: u32,
    /// The unit of its times as `if_tsresol` has it: 10 to the minus so many seconds, or with the highest
    /// bit set 2 to the minus so many.
    pub resolution: u8,
    /// Seconds that were to be added to its times in the file (`if_tsoffset`); frames have them added.
    pub offset: i64,
    /// Its name on the machine that captured.
    pub name: Option<String>,
    /// What the machine says of it.
    pub description: Option<String>,
    /// Packets that the file reports as lost on it; `None` where it does not say.
    pub lost: Option<u64>,
}

/// How a capture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The classic format.
    Pcap,
    /// The classic format with times in nanoseconds.
    PcapNanoseconds,
    /// The classic format with Alexey Kuznetzov's wider record headers.
    PcapModified,
    /// The format of blocks.
    Pcapng,
    /// Microsoft Network Monitor 1.
    NetworkMonitor1,
    /// Microsoft Network Monitor 2 and 3.
    NetworkMonitor2,
    /// Solaris' `snoop`.
    Snoop,
    /// Endace's extensible record format.
    Erf,
    /// Not written at all: a device.
    Live,
}

/// How a capture is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// A clock that went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBack {
    /// How far.
    pub by: Span,
    /// The frame behind the step.
    pub frame: u64,
    /// Its time.
    pub to: Time,
    /// The earliest time before the step.
    pub since: Time,
}

impl StepBack {
    /// Whether a time behind the step may stand in the capture twice.
    pub fn doubles(&self, time: Time) -> bool {
        self.to.max(self.since) <= time && time <= self.to.plus(self.by)
    }
}

impl Summary {
    /// Nothing captured yet from a device, whose times have `precision` decimals.
    pub fn of_device(name: &str, link: LinkType, precision: u8) -> Self {
        let mut summary = Self::new(name.to_owned(), Format::Live, None);
        summary.link_types.push(link);
        summary.precision = precision;
        summary.complete = true;
        summary
    }

    pub(super) fn new(path: String, format: Format, compression: Option<Compression>) -> Self {
        Self {
            path,
            format,
            compression,
            link_types: Vec::new(),
            packets: 0,
            octets: 0,
            first: None,
            last: None,
            precision: 6,
            local_times: false,
            lost_by_capture: 0,
            snapped: 0,
            clock_steps_back: 0,
            farthest_step_back: None,
            untimed: 0,
            truncated: false,
            complete: false,
            problems: Vec::new(),
            problems_left_out: 0,
            names: BTreeSet::new(),
            hardware: None,
            os: None,
            application: None,
            comments: Vec::new(),
            interfaces: Vec::new(),
            redacted: false,
            previous: Time::default(),
        }
    }

    /// The same, with nothing counted yet that [`count`](Self::count) counts.
    pub(super) fn uncounted(mut self) -> Self {
        (self.packets, self.octets, self.snapped, self.untimed, self.clock_steps_back) = (0, 0, 0, 0, 0);
        (self.first, self.last, self.farthest_step_back) = (None, None, None);
        self.link_types.clear();
        self.complete = false;
        self.previous = Time::default();
        self
    }

    /// Counts one more frame, and says when it was.
    #[inline]
    pub(super) fn count(&mut self, place: &Place) -> Time {
        self.packets += 1;
        self.octets = self.octets.saturating_add(place.wire_len.into());
        self.snapped += u64::from(place.octets.len() < place.wire_len as usize);
        if self.link_types.last() != Some(&place.link) && !self.link_types.contains(&place.link) {
            self.link_types.push(place.link);
        }
        let Some(time) = place.time else {
            self.untimed += 1;
            return self.previous;
        };
        if self.last.is_some() && time < self.previous {
            self.step_back(time);
        }
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.previous = time;
        time
    }

    #[cold]
    fn step_back(&mut self, time: Time) {
        self.clock_steps_back += 1;
        let step = self.previous.since(time);
        if self.farthest_step_back.is_none_or(|farthest| farthest.by < step) {
            self.farthest_step_back =
                Some(StepBack { by: step, frame: self.packets, to: time, since: self.first.unwrap_or(time) });
        }
    }

    /// One more interface.
    pub(super) fn describe(&mut self, interface: InterfaceSummary) {
        if self.interfaces.len() < INTERFACES {
            self.interfaces.push(interface);
        }
    }

    /// So many packets are lost on an interface by now.
    pub(super) fn lost_on(&mut self, interface: u32, lost: u64) {
        if let Some(known) = usize::try_from(interface).ok().and_then(|at| self.interfaces.get_mut(at)) {
            known.lost = Some(lost);
        }
    }

    pub(super) fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS {
            self.problems.push(problem);
        } else {
            self.problems_left_out += 1;
        }
    }
}

impl Format {
    /// The word of the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcap | Self::PcapNanoseconds | Self::PcapModified => "pcap",
            Self::Pcapng => "pcapng",
            Self::NetworkMonitor1 | Self::NetworkMonitor2 => "netmon",
            Self::Snoop => "snoop",
            Self::Erf => "erf",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::PcapNanoseconds => "pcap with nanoseconds",
            Self::PcapModified => "modified pcap",
            Self::Pcapng => "pcapng",
            Self::NetworkMonitor1 => "Network Monitor 1",
            Self::NetworkMonitor2 => "Network Monitor 2",
            Self::Snoop => "snoop",
            Self::Erf => "ERF",
            Self::Live => "live",
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

const PROBLEMS: usize = 32;
const INTERFACES: usize = 1_024;
