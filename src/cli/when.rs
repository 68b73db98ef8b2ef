//! Times as people type them: `2013-02-18T06:00:00.5Z`, or `06:00:00` on the capture's first day.

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
}

impl When {
    /// The first moment meant, where the first packet was captured at `begin`.
    pub fn first(self, begin: Time) -> Time {
        let day = self.day.unwrap_or(begin.0.div_euclid(DAY));
        Time(day.saturating_mul(DAY).saturating_add(self.within))
    }

    /// The last moment meant.
    pub fn last(self, begin: Time) -> Time {
        Time(self.first(begin).0.saturating_add(self.open))
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| "write it as 2013-02-18T06:00:00Z, or as 06:00:00; in UTC".to_owned())
    }
}

fn read(text: &str) -> Option<When> {
    let (day, clock) = match text.split_once(['T', 't', ' ']) {
        Some((date, clock)) => (Some(days(date)?), clock),
        None => (None, text),
    };
    let clock = clock.strip_suffix(['Z', 'z']).unwrap_or(clock);
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
    Some(When { day, within, open: open - 1 })
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
    fn what_is_no_time_is_refused() {
        for text in
            ["", "6:00:00", "06:00", "24:00:00", "06:00:00+02:00", "2013-02-29T00:00:00Z", "now", "06:00:00.", "T"]
        {
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
