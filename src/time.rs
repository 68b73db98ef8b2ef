//! Capture time: the only clock of the core.

use std::fmt;

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z. Comes from packets, never from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Time(pub i64);

/// A span between two moments, in nanoseconds. Negative when the capture's clock went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span(pub i64);

impl Time {
    /// The moment `seconds` and `nanoseconds` after 1970 began, held at the ends of the range.
    pub fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self(seconds.saturating_mul(NANOS).saturating_add(nanoseconds.into()))
    }

    /// How long after `earlier` this is.
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved by `span`.
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This moment moved back by `span`.
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// RFC 3339 in UTC with `digits` (0 to 9) decimals: the precision that the capture has.
    pub fn rfc3339(self, digits: u8) -> String {
        let (days, within) = (self.0.div_euclid(NANOS * DAY), self.0.rem_euclid(NANOS * DAY));
        let (year, month, day) = civil(days);
        let (second, nanos) = (within / NANOS, within % NANOS);
        let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        let digits = usize::from(digits.min(9));
        let decimals = format!("{nanos:09}");
        let decimals = decimals.get(..digits).unwrap_or_default();
        let dot = if digits == 0 { "" } else { "." };
        format!("{year:04}-{month:02}-{day:02}T{clock}{dot}{decimals}Z")
    }
}

impl Span {
    /// A span of whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS))
    }

    /// A span of whole milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Its length, whichever way it runs.
    #[must_use]
    pub const fn length(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// In seconds, for people.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// In milliseconds, for people.
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_seconds();
        if seconds.abs() < 1.0 {
            write!(f, "{:.1} ms", self.as_millis())
        } else if seconds.abs() < 100.0 {
            write!(f, "{seconds:.1} s")
        } else {
            write!(f, "{seconds:.0} s")
        }
    }
}

/// Year, month and day of the `days`-th day after 1970-01-01, in the proleptic Gregorian calendar:
/// eras of 400 years have 146,097 days, and a year that begins in March ends with its leap day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar; the inverse of [`civil`].
/// `None` for a date that there is not.
pub fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

const NANOS: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_in_utc_with_the_asked_precision() {
        let time = Time::new(1_361_167_200, 1_000);
        assert_eq!(time.rfc3339(6), "2013-02-18T06:00:00.000001Z");
        assert_eq!(time.rfc3339(9), "2013-02-18T06:00:00.000001000Z");
        assert_eq!(time.rfc3339(0), "2013-02-18T06:00:00Z");
        assert_eq!(Time::new(951_782_400, 0).rfc3339(0), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn a_date_is_the_day_that_prints_as_it() {
        for day in (-719_000..2_900_000).step_by(97) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
        assert_eq!(
            (days(1970, 1, 1), days(2013, 2, 29), days(2013, 13, 1), days(10_000, 1, 1)),
            (Some(0), None, None, None)
        );
    }

    #[test]
    fn times_before_1970_print_too() {
        assert_eq!(Time(-1).rfc3339(9), "1969-12-31T23:59:59.999999999Z");
    }
}
