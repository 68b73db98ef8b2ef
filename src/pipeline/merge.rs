//! Several captures as one trace, in time order.

use std::sync::Arc;

use crate::capture::{Capture, Frame, LinkType, Map};
use crate::decode::Health;
use crate::time::Time;

/// Reads the captures of one run to their ends: a single one in its own order; several, which
/// overlap in time, side by side, the earliest frame first and each in its own order.
pub(super) fn read_run(
    mut run: Vec<(u32, Capture)>,
    mut take: impl FnMut(&mut Health, Option<&Arc<Map>>, &Frame<'_>),
) -> Vec<Health> {
    if run.len() > 1 {
        return side_by_side(run, take);
    }
    let Some((index, mut capture)) = run.pop() else { return Vec::new() };
    let map = capture.map().cloned();
    let mut health = Health::new(index, capture.summary().clone());
    while let Some(frame) = capture.next() {
        take(&mut health, map.as_ref(), &frame);
    }
    health.summary = capture.summary().clone();
    vec![health]
}

fn side_by_side(
    run: Vec<(u32, Capture)>,
    mut take: impl FnMut(&mut Health, Option<&Arc<Map>>, &Frame<'_>),
) -> Vec<Health> {
    let mut lanes: Vec<Lane> = run.into_iter().map(Lane::new).collect();
    while let Some(lane) = lanes
        .iter_mut()
        .filter(|lane| lane.ahead.is_some())
        .min_by_key(|lane| lane.ahead.as_ref().map(|ahead| (ahead.time, lane.health.index)))
    {
        if let Some(ahead) = lane.ahead.take() {
            take(&mut lane.health, None, &ahead.frame());
            lane.refill(ahead.octets);
        }
    }
    lanes
        .into_iter()
        .map(|mut lane| {
            lane.health.summary = lane.capture.summary().clone();
            lane.health
        })
        .collect()
}

/// One capture among others, with its next frame at hand.
struct Lane {
    capture: Capture,
    health: Health,
    ahead: Option<Ahead>,
}

/// A frame that waits for its turn; copied, since comparing frames takes all captures at once.
struct Ahead {
    number: u64,
    time: Time,
    link: LinkType,
    interface: u32,
    octets: Vec<u8>,
    wire_len: u32,
}

impl Lane {
    fn new((index, capture): (u32, Capture)) -> Self {
        let health = Health::new(index, capture.summary().clone());
        let mut lane = Self { capture, health, ahead: None };
        lane.refill(Vec::new());
        lane
    }

    fn refill(&mut self, mut octets: Vec<u8>) {
        self.ahead = self.capture.next().map(|frame| {
            octets.clear();
            octets.extend_from_slice(frame.octets);
            let Frame { number, time, link, interface, wire_len, .. } = frame;
            Ahead { number, time, link, interface, octets, wire_len }
        });
    }
}

impl Ahead {
    fn frame(&self) -> Frame<'_> {
        Frame {
            number: self.number,
            time: self.time,
            link: self.link,
            interface: self.interface,
            octets: &self.octets,
            wire_len: self.wire_len,
        }
    }
}
