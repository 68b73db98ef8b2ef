//! An interface of a section: how its packets' headers and times are read.

use super::LinkType;
use crate::time::Time;

/// What an interface description block said, and what was lost on it since.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// Octets kept of a packet at most; 0 means all.
    pub(super) snaplen: u32,
    tick: Tick,
    /// Nanoseconds to add to every time.
    offset: i64,
    /// Losses by the last statistics block.
    reported: u64,
    /// Sum of the losses that packets told of.
    told: u64,
}

/// The unit of an interface's times.
#[derive(Debug, Clone, Copy)]
enum Tick {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// So many ticks are a nanosecond.
    PerNanosecond(u64),
    /// Two to the minus so many seconds.
    Binary(u8),
}

impl Interface {
    /// `resolution` is `if_tsresol` (6 where absent), `offset` is `if_tsoffset` in seconds.
    pub(super) fn new(link: LinkType, snaplen: u32, resolution: u8, offset: i64) -> Self {
        let tick = Tick::new(resolution);
        Self { link, snaplen, tick, offset: offset.saturating_mul(1_000_000_000), reported: 0, told: 0 }
    }

    /// When `ticks` was, held at the ends of the range.
    pub(super) fn time(&self, ticks: u64) -> Time {
        Time(self.tick.nanoseconds(ticks).saturating_add(self.offset))
    }

    /// Takes the losses that a packet tells of; answers how many more this makes.
    pub(super) fn lost_before_packet(&mut self, packets: u64) -> u64 {
        let before = self.lost();
        self.told = self.told.saturating_add(packets);
        self.lost().saturating_sub(before)
    }

    /// Takes the losses of the latest statistics; answers how many these were and are now.
    pub(super) fn lost_in_all(&mut self, packets: u64) -> (u64, u64) {
        let before = self.lost();
        self.reported = packets;
        (before, self.lost())
    }

    /// Both count the same packets, so they are not added.
    pub(super) fn lost(&self) -> u64 {
        self.reported.max(self.told)
    }
}

impl Tick {
    fn new(resolution: u8) -> Self {
        let exponent = resolution & 0x7f;
        if resolution & 0x80 != 0 {
            return Self::Binary(exponent);
        }
        match exponent {
            0..=9 => Self::Nanoseconds(10_u64.pow(9 - u32::from(exponent))),
            _ => Self::PerNanosecond(10_u64.saturating_pow(u32::from(exponent) - 9)),
        }
    }

    fn nanoseconds(self, ticks: u64) -> i64 {
        let nanoseconds = match self {
            Self::Nanoseconds(each) => ticks.saturating_mul(each),
            Self::PerNanosecond(many) => ticks / many,
            Self::Binary(exponent) => {
                u64::try_from((u128::from(ticks) * 1_000_000_000) >> exponent).unwrap_or(u64::MAX)
            }
        };
        i64::try_from(nanoseconds).unwrap_or(i64::MAX)
    }
}

/// Decimals that show times of this resolution: 6, or 9 where it is finer than a microsecond.
pub(super) fn decimals(resolution: u8) -> u8 {
    let finer = if resolution & 0x80 == 0 { resolution > 6 } else { resolution & 0x7f > 20 };
    if finer { 9 } else { 6 }
}
