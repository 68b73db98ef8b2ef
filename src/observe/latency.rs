//! How long servers take, in HDR histograms that can be added up.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;

use crate::flow::Transport;
use crate::time::Span;

/// A server's port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServicePort {
    /// The server.
    pub server: IpAddr,
    /// Its port.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
}

/// Spans with two significant digits, from a microsecond to an hour; longer ones count as an hour.
///
/// Most server ports of a capture answer a few times only, and a histogram takes kilobytes: so the
/// first few spans are kept as they are.
#[derive(Debug, Clone)]
pub enum Latency {
    /// In microseconds, sorted.
    Few(Vec<u32>),
    /// In microseconds.
    Many(Box<Histogram<u32>>),
}

/// The response times of one server's port, as all its flows see them.
#[derive(Debug, Clone, Default)]
pub struct Timing(Arc<Mutex<Latency>>);

impl Timing {
    /// Adds one measurement, as [`Latency::record`] does.
    pub fn record(&self, span: Span) {
        self.latency().record(span);
    }

    /// What was measured until now.
    pub fn so_far(&self) -> Latency {
        self.latency().clone()
    }

    fn latency(&self) -> MutexGuard<'_, Latency> {
        // A measurement is whole or not made at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Latency {
    /// Adds one measurement; a span that runs backwards counts as the shortest.
    pub fn record(&mut self, span: Span) {
        let micros = u32::try_from(span.0.max(0) / 1_000).unwrap_or(u32::MAX).clamp(1, HOUR);
        match self {
            Self::Few(spans) if spans.len() < KEPT => {
                spans.insert(spans.partition_point(|&known| known <= micros), micros);
            }
            Self::Few(spans) => {
                let Ok(mut histogram) = Histogram::new(2) else { return };
                for known in spans.iter().copied().chain([micros]) {
                    note(&mut histogram, known);
                }
                *self = Self::Many(Box::new(histogram));
            }
            Self::Many(histogram) => note(histogram, micros),
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Self::Few(spans) => spans.len() as u64,
            Self::Many(histogram) => histogram.len(),
        }
    }

    /// The span that `share` (0 to 1) of them do not exceed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let micros = match self {
            Self::Few(spans) => {
                // The smallest span with at least that share of all at or below it.
                let within = |at: usize| (at + 1) as f64 >= share * spans.len() as f64;
                let at = (0..spans.len()).find(|&at| within(at));
                at.and_then(|at| spans.get(at)).copied().unwrap_or(0).into()
            }
            Self::Many(histogram) => histogram.value_at_quantile(share),
        };
        micros as f64 / 1e3
    }

    /// The longest, in milliseconds.
    pub fn max_ms(&self) -> f64 {
        let micros = match self {
            Self::Few(spans) => spans.last().copied().unwrap_or(0).into(),
            Self::Many(histogram) => histogram.max(),
        };
        micros as f64 / 1e3
    }
}

/// The histogram grows to whatever is noted in it; an hour always fits.
fn note(histogram: &mut Histogram<u32>, micros: u32) {
    let noted = histogram.record(micros.into());
    debug_assert!(noted.is_ok(), "a histogram that cannot grow: {noted:?}");
}

/// Spans kept before a histogram is worth its memory.
const KEPT: usize = 32;
/// In microseconds.
const HOUR: u32 = 3_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = i64>) -> Latency {
        let mut latency = Latency::default();
        for span in millis {
            latency.record(Span::millis(span));
        }
        latency
    }

    #[test]
    fn few_and_many_spans_tell_the_same_to_two_digits() {
        for count in [1, 10, KEPT, KEPT + 1, 1000] {
            let latency = of((1..=count).map(|span| i64::try_from(span).unwrap()));
            assert_eq!(latency.count(), count as u64);
            let near = |is: f64, wanted: f64| {
                assert!((is - wanted).abs() <= wanted * 0.011 + 1e-9, "{is} for {wanted} of {count}");
            };
            near(latency.quantile_ms(0.5), (count as f64 / 2.0).ceil());
            near(latency.max_ms(), count as f64);
        }
    }

    #[test]
    fn order_does_not_matter_and_extremes_are_held() {
        assert_eq!(of([5, 1, 9]).quantile_ms(0.5).to_bits(), of([9, 5, 1]).quantile_ms(0.5).to_bits());
        assert!(of([-5]).max_ms() > 0.0);
        assert!(of((0..100).map(|_| 100_000_000)).max_ms() <= 3_700_000.0);
    }
}
