//! How long servers take, in HDR histograms that can be added up.

use std::net::IpAddr;

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
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        // The bounds are constants that the histogram accepts; were they not, it would grow by itself.
        Self(
            Histogram::new_with_bounds(1, HOUR, 2)
                .unwrap_or_else(|_| Histogram::new(2).unwrap_or_else(|_| unreachable!())),
        )
    }
}

impl Latency {
    /// Adds one measurement; a span that runs backwards counts as the shortest.
    pub fn record(&mut self, span: Span) {
        let micros = u64::try_from(span.0 / 1_000).unwrap_or(0).max(1);
        self.0.saturating_record(micros);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The span that `share` (0 to 1) of them do not exceed, in milliseconds.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1e3
    }

    /// The longest, in milliseconds.
    pub fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1e3
    }
}

/// In microseconds.
const HOUR: u64 = 3_600_000_000;
