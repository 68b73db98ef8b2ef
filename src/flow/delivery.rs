//! What became of the octets that one side sent: acknowledged, repeated, or missing (RFC 9293 §3.8.1).

use crate::flow::Moment;
use crate::flow::lazy::blank;
use crate::flow::reassembly::distance;

/// The fate of one direction's octets, as far as it was seen.
#[derive(Debug, Clone, Default)]
pub struct Delivery {
    /// The segment that its sender repeats and nothing acknowledges; the lowest, when there are several.
    pub repeated: Option<Box<Repeated>>,
    /// A segment that was acknowledged only after it had been sent again in smaller pieces.
    pub shrunk: Option<Box<Repeated>>,
    /// Octets that neither the capture nor, by its acknowledgements, the receiver ever saw, though later
    /// ones arrived here.
    pub missing: Option<Box<Missing>>,
    /// The largest payload of one packet that was acknowledged.
    pub largest_acknowledged: u32,
    /// Since when nothing more was acknowledged, while something waits for it: its first packet, or the
    /// acknowledgement that left it open. `None` when all was acknowledged.
    pub open_since: Option<Moment>,
    /// The last packet of the other side that acknowledged something new.
    pub last_acknowledged: Option<Moment>,
    /// The number after the highest octet sent.
    end: Option<u32>,
    acknowledged: Option<u32>,
    /// End and length of a payload that would be the largest acknowledged one.
    candidate: Option<(u32, u32)>,
}

/// A segment that is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// Its sequence number.
    pub sequence: u32,
    /// The largest payload with which it was repeated; 0 for a FIN alone.
    pub largest: u32,
    /// The first repetition.
    pub first: Moment,
    /// The last repetition.
    pub last: Moment,
    /// How often it was repeated.
    pub count: u32,
    /// How often with less than the largest payload.
    pub smaller: u32,
    /// Packets of the other side since the first repetition that did not acknowledge it.
    pub heard: u32,
}

/// Sequence numbers that were jumped over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// The first one.
    pub from: u32,
    /// The number after the last one.
    pub to: u32,
    /// The packet that jumped over them.
    pub since: Moment,
}

impl Missing {
    /// How many octets.
    pub fn octets(&self) -> u32 {
        self.to.wrapping_sub(self.from)
    }
}

/// A segment as its direction's record needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Number of its first octet.
    pub sequence: u32,
    /// Payload octets.
    pub payload: u32,
    /// Payload and FIN.
    pub takes: u32,
    /// When.
    pub moment: Moment,
}

blank!(Delivery);

impl Delivery {
    /// The stream begins with this number: what is missing in front of the first segment is missing too.
    pub(super) fn begins(&mut self, sequence: u32) {
        self.end.get_or_insert(sequence);
    }

    /// A segment with payload or FIN, not sent before as far as it was seen.
    pub(super) fn sent(&mut self, segment: Sent) {
        let end = segment.sequence.wrapping_add(segment.takes);
        self.fill(segment.sequence, end);
        self.open_since.get_or_insert(segment.moment);
        let known = self.end.replace(self.end.filter(|known| distance(*known, end) <= 0).unwrap_or(end));
        if let Some(from) = known.filter(|known| distance(*known, segment.sequence) > 0) {
            let missing = || Box::new(Missing { from, to: segment.sequence, since: segment.moment });
            self.missing.get_or_insert_with(missing);
        }
        if segment.payload > self.largest_acknowledged && self.candidate.is_none() {
            self.candidate = Some((end, segment.payload));
        }
    }

    /// A segment with payload or FIN that was sent before.
    pub(super) fn again(&mut self, segment: Sent) {
        let end = segment.sequence.wrapping_add(segment.takes);
        self.fill(segment.sequence, end);
        if self.end.is_none_or(|known| distance(known, end) > 0) {
            self.end = Some(end);
        }
        if self.acknowledged.is_some_and(|acknowledged| distance(end, acknowledged) >= 0) {
            return; // its acknowledgement was seen: the sender missed it, or was too quick
        }
        self.open_since.get_or_insert(segment.moment);
        // Once a piece of the candidate is sent by itself, an acknowledgement says nothing of the whole.
        self.candidate.take_if(|(end, length)| {
            let start = end.wrapping_sub(*length);
            segment.payload < *length && distance(start, segment.sequence) >= 0 && distance(segment.sequence, *end) > 0
        });
        let fresh = Repeated {
            sequence: segment.sequence,
            largest: segment.payload,
            first: segment.moment,
            last: segment.moment,
            count: 1,
            smaller: 0,
            heard: 0,
        };
        match &mut self.repeated {
            Some(known) if known.sequence == segment.sequence => known.again(segment),
            Some(known) if distance(known.sequence, segment.sequence) > 0 => {}
            place => *place = Some(Box::new(fresh)),
        }
    }

    /// The other side spoke; `acknowledged` is the number in its packet.
    pub(super) fn heard(&mut self, acknowledged: u32, moment: Moment) {
        let progress = self.acknowledged.is_none_or(|known| distance(known, acknowledged) > 0);
        if !progress {
            if let Some(repeated) = &mut self.repeated {
                repeated.heard = repeated.heard.saturating_add(1);
            }
            return;
        }
        self.acknowledged = Some(acknowledged);
        self.last_acknowledged = Some(moment);
        let all = self.end.is_none_or(|end| distance(end, acknowledged) >= 0);
        self.open_since = if all { None } else { Some(moment) };
        if let Some((_, length)) = self.candidate.take_if(|(end, _)| distance(*end, acknowledged) >= 0) {
            self.largest_acknowledged = self.largest_acknowledged.max(length);
        }
        self.missing.take_if(|missing| distance(missing.from, acknowledged) > 0);
        let settled = self.repeated.take_if(|repeated| distance(repeated.sequence, acknowledged) > 0);
        if let Some(settled) = settled.filter(|settled| settled.smaller > 0) {
            self.shrunk.get_or_insert(settled);
        }
    }

    fn fill(&mut self, from: u32, to: u32) {
        self.missing.take_if(|missing| {
            if distance(from, missing.from) >= 0 && distance(missing.from, to) > 0 {
                missing.from = to;
            }
            distance(missing.from, missing.to) <= 0
        });
    }
}

impl Repeated {
    fn again(&mut self, segment: Sent) {
        self.count = self.count.saturating_add(1);
        self.last = segment.moment;
        if segment.payload > self.largest {
            // All that were repeated so far were smaller than this one.
            self.smaller = self.count.saturating_sub(1);
            self.largest = segment.payload;
        } else if segment.payload < self.largest {
            self.smaller = self.smaller.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::FrameRef;
    use crate::time::{Span, Time};

    fn at(second: i64) -> Moment {
        Moment { time: Time(Span::seconds(second).0), frame: FrameRef::new(0, 1) }
    }

    fn segment(sequence: u32, payload: u32, second: i64) -> Sent {
        Sent { sequence, payload, takes: payload, moment: at(second) }
    }

    #[test]
    fn what_is_repeated_without_acknowledgement_stays_open() {
        let mut delivery = Delivery::default();
        delivery.sent(segment(100, 50, 1));
        for second in 2..5 {
            delivery.again(segment(100, 50, second));
        }
        let repeated = delivery.repeated.clone().unwrap();
        assert_eq!((repeated.count, repeated.first, repeated.last), (3, at(2), at(4)));
        assert_eq!(delivery.open_since, Some(at(1)));
    }

    #[test]
    fn an_acknowledgement_settles_what_was_repeated() {
        let mut delivery = Delivery::default();
        delivery.sent(segment(100, 50, 1));
        delivery.again(segment(100, 50, 2));
        delivery.heard(150, at(3));
        assert_eq!((delivery.repeated, delivery.open_since), (None, None));
        assert_eq!((delivery.largest_acknowledged, delivery.last_acknowledged), (50, Some(at(3))));
    }

    #[test]
    fn an_acknowledgement_that_does_not_advance_is_heard_and_settles_nothing() {
        let mut delivery = Delivery::default();
        delivery.heard(100, at(0));
        delivery.sent(segment(100, 1460, 1));
        delivery.again(segment(100, 1460, 2));
        delivery.heard(100, at(3));
        assert_eq!(delivery.repeated.unwrap().heard, 1);
        assert_eq!(delivery.largest_acknowledged, 0);
    }

    #[test]
    fn a_segment_that_passes_only_in_pieces_is_remembered_and_its_size_is_not_counted_as_delivered() {
        let mut delivery = Delivery::default();
        delivery.sent(segment(100, 1460, 1));
        delivery.again(segment(100, 1460, 2));
        delivery.again(segment(100, 1460, 3));
        delivery.again(segment(100, 536, 4));
        delivery.heard(636, at(5));
        let shrunk = delivery.shrunk.clone().unwrap();
        assert_eq!((shrunk.largest, shrunk.count, shrunk.smaller), (1460, 3, 1));
        delivery.again(segment(636, 924, 6));
        delivery.heard(1560, at(7));
        assert_eq!(delivery.largest_acknowledged, 0);
    }

    #[test]
    fn a_hole_is_missing_until_it_is_filled_or_acknowledged() {
        let hole = |delivery: &Delivery| delivery.missing.as_ref().map(|missing| (missing.from, missing.octets()));
        let mut delivery = Delivery::default();
        delivery.sent(segment(100, 10, 1));
        delivery.sent(segment(130, 10, 2));
        assert_eq!(hole(&delivery), Some((110, 20)));
        delivery.again(segment(110, 5, 3));
        assert_eq!(hole(&delivery), Some((115, 15)));
        delivery.heard(140, at(4));
        assert_eq!(hole(&delivery), None);
    }

    #[test]
    fn numbers_that_wrap_around_are_still_in_order() {
        let mut delivery = Delivery::default();
        delivery.sent(segment(u32::MAX - 9, 20, 1));
        delivery.again(segment(u32::MAX - 9, 20, 2));
        delivery.heard(10, at(3));
        assert_eq!((delivery.repeated, delivery.open_since), (None, None));
    }
}
