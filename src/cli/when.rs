//! Times as people type them: `2013-02-18T06:00:00.5Z`, `06:00:00` on the capture's first day, or
//! `07:00:00+01:00` as a clock east of Greenwich shows it.

use std::str::FromStr;

use crate::time::{self, Time};

/// A time as typed. What was not typed is open: `06:00:00` begins at .000000000 and ends at .999999999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Days since 1970-01-01; `None` means the day on which the first capture begins.
    day: Option<i64>,
    /// Nanoseconds of the day.
    within: i64,
    /// Nanoseconds that were not typed.
    open: i64,
    /// Nanoseconds by which the clock that was read is ahead of UTC.
    ahead: i64,
}

impl When {
    /// The first moment meant, where the first packet was captured at `begin`.
    pub fn first(self, begin: Time) -> Time {
        let day = self.day.unwrap_or_else(|| begin.0.saturating_add(self.ahead).div_euclid(DAY));
        Time(day.saturating_mul(DAY).saturating_add(self.within).saturating_sub(self.ahead))
    }

    /// The last moment meant.
    pub fn last(self, begin: Time) -> Time {
        Time(self.first(begin).0.saturating_add(self.open))
    }

    /// From the first to the last moment meant in captures that run from `begin` to `end`. Where no day
    /// was typed, and on the first day the captures began only later, the next day is meant if they
    /// last until then: nobody asks for what was surely not captured.
    pub fn within(self, (begin, end): (Time, Time)) -> (Time, Time) {
        let (first, last) = (self.first(begin), self.last(begin));
        let next_day = Time(begin.0.saturating_add(DAY));
        if self.day.is_none() && last < begin && self.first(next_day) <= end {
            (self.first(next_day), self.last(next_day))
        } else {
            (first, last)
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| {
            "write it as 2013-02-18T06:00:00Z, as 06:00:00 in UTC, or as 07:00:00+01:00 with your clock's offset"
                .to_owned()
        })
    }
}

fn read(text: &str) -> Option<When> {
    let (day, clock) = match text.split_once(['T', 't', ' ']) {
        Some((date, clock)) => (Some(days(date)?), clock),
        None => (None, text),
    };
    let (clock, ahead) = match clock.split_at_checked(clock.find(['+', '-']).unwrap_or(clock.len()))? {
        (clock, "") => (clock.strip_suffix(['Z', 'z']).unwrap_or(clock), 0),
        (clock, offset) => (clock, ahead(offset)?),
    };
    let (clock, fraction) = match clock.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (clock, ""),
    };
    let mut parts = clock.split(':').map(|part| number(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // A leap second counts as the second before it.
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 || fraction.len() > 9 {
        return None;
    }
    let second = second.min(59);
    let digits = u32::try_from(fraction.len()).ok()?;
    let open = 10i64.pow(9 - digits);
    let nanos = if fraction.is_empty() { 0 } else { number(fraction, fraction.len())? * open };
    let within = ((hour * 60 + minute) * 60 + second) * SECOND + nanos;
    Some(When { day, within, open: open - 1, ahead })
}

/// Nanoseconds of an offset such as `+01:00` (RFC 3339 section 5.6).
fn ahead(offset: &str) -> Option<i64> {
    let (sign, clock) = offset.split_at_checked(1)?;
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let nanos = (hours * 60 + minutes) * 60 * SECOND;
    (hours <= 23 && minutes <= 59).then_some(if sign == "-" { -nanos } else { nanos })
}

/// Days from 1970-01-01 to a date.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() { None } else { time::days(year, month, day) }
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|octet| octet.is_ascii_digit())).then(|| text.parse().ok())?
}

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(text: &str) -> String {
        text.parse::<When>().unwrap().first(Time::new(951_782_400, 0)).rfc3339(9)
    }

    #[test]
    fn dates_and_clocks_are_read() {
        assert_eq!(first("2013-02-18T06:00:00.000001Z"), "2013-02-18T06:00:00.000001000Z");
        assert_eq!(first("2013-02-18 06:00:00"), "2013-02-18T06:00:00.000000000Z");
        assert_eq!(first("06:10:00.5"), "2000-02-29T06:10:00.500000000Z");
    }

    #[test]
    fn what_was_not_typed_is_open() {
        let when: When = "06:00:00.12".parse().unwrap();
        assert_eq!(when.last(Time::default()).rfc3339(9), "1970-01-01T06:00:00.129999999Z");
    }

    #[test]
    fn clocks_of_other_zones_are_read() {
        assert_eq!(first("2013-02-18T07:00:00+01:00"), "2013-02-18T06:00:00.000000000Z");
        assert_eq!(first("2013-02-17T22:30:00.25-07:30"), "2013-02-18T06:00:00.250000000Z");
        // The capture begins on the 29th in Greenwich, which is the 28th still in New York.
        assert_eq!(first("23:00:00-05:00"), "2000-02-29T04:00:00.000000000Z");
    }

    #[test]
    fn a_clock_alone_means_the_first_time_that_the_capture_lasts_to_see() {
        let evening = Time::new(951_782_400 + 22 * 3_600, 0);
        let at = |hours: i64, clock: &str| {
            let when: When = clock.parse().unwrap();
            when.within((evening, Time(evening.0 + hours * 3_600 * SECOND))).0.rfc3339(0)
        };
        assert_eq!(at(12, "23:00:00"), "2000-02-29T23:00:00Z");
        assert_eq!(at(12, "03:00:00"), "2000-03-01T03:00:00Z");
        assert_eq!(at(2, "03:00:00"), "2000-02-29T03:00:00Z");
        assert_eq!(at(12, "2000-02-29T03:00:00Z"), "2000-02-29T03:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "6:00:00",
            "06:00",
            "24:00:00",
            "06:00:00+2",
            "06:00:00+24:00",
            "06:00:00-02:60",
            "06:00:00Z+02:00",
            "06:00:00+-1:00",
            "2013-02-29T00:00:00Z",
            "now",
            "06:00:00.",
            "T",
            "+",
            "ü",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_of_the_report_is_read_as_itself(nanos in -2_000_000_000_000_000_000i64..9_000_000_000_000_000_000) {
            let time = Time(nanos);
            let when: When = time.rfc3339(9).parse().unwrap();
            prop_assert_eq!(when.first(Time::default()), time);
        }
    }
}
