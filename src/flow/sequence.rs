//! Sequence numbers: what is new, repeated, out of order, or acknowledged and never seen.

use anyany_dissectors::Side;

use crate::decode::{Control, Segment};
use crate::flow::delivery::Sent;
use crate::flow::live::Live;
use crate::flow::reassembly::distance;
use crate::flow::{Arrival, Moment, Observer};
use crate::time::Span;

/// Sequence numbers that were jumped over, by later data or by an acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hole {
    from: u32,
    to: u32,
    since: Moment,
    /// When the other side acknowledged some of it: it has what the capture has not. But the capture
    /// may only have taken the two directions in the wrong order, so this is settled a little later.
    acknowledged: Option<Moment>,
}

/// Where a segment lies among what was seen of its direction.
struct Place {
    /// Numbers of it that are new.
    new: u32,
    /// It was sent before.
    again: bool,
}

impl<O: Observer> Live<O> {
    pub(super) fn acknowledge(&mut self, segment: &Segment<'_>, side: Side, moment: Moment, world: &O::World) {
        let acknowledged = segment.acknowledgement;
        let of = side.other();
        let next = self.flow.half(of).next_sequence;
        let ahead = next.map_or(0, |next| distance(next, acknowledged));
        if ahead > MOST_UNSEEN || (ahead > 0 && self.is_challenge(segment, side)) {
            return; // another connection's number
        }
        self.flow.half_mut(of).delivery_mut().heard(acknowledged, moment);
        let half = self.flow.half_mut(side);
        if half.acknowledged.is_none_or(|highest| distance(highest, acknowledged) > 0) {
            half.acknowledged = Some(acknowledged);
        }
        let Some(next) = next else { return };
        if ahead > 0 {
            self.flow.half_mut(of).next_sequence = Some(acknowledged);
            self.open_hole(of, Hole { from: next, to: acknowledged, since: moment, acknowledged: Some(moment) });
        } else if let Some(hole) = self.holes.get_mut(of.index()).and_then(Option::as_mut)
            && distance(hole.from, acknowledged) > 0
        {
            hole.acknowledged.get_or_insert(moment);
        }
        let unsettled = self.holes.get(of.index()).copied().flatten().is_some_and(|hole| hole.acknowledged.is_some());
        if !unsettled {
            self.acknowledge_stream(of, acknowledged, moment, world);
        }
    }

    /// Everything of `side` below `acknowledged` was received.
    fn acknowledge_stream(&mut self, side: Side, acknowledged: u32, moment: Moment, world: &O::World) {
        let half = self.flow.half(side);
        // FIN takes a number and is no octet of the stream.
        let fin = half.fin.is_some() && half.next_sequence == Some(acknowledged);
        let octets = acknowledged.wrapping_sub(u32::from(fin));
        if self.streams.as_ref().and_then(|streams| streams.get(side.index())).is_some_and(|stream| stream.has(octets))
        {
            return; // nearly always
        }
        self.with_stream(side, moment, world, |stream, feed| {
            stream.acknowledged(octets, feed);
        });
    }

    /// A host that still knows an older connection of this five-tuple answers a SYN with that one's numbers
    /// (RFC 5961 §4), and a host that knows none may be sent anything.
    fn is_challenge(&self, segment: &Segment<'_>, side: Side) -> bool {
        side == Side::Responder && self.flow.tries.count > 0 && self.flow.answers.count == 0 && !segment.control.syn()
    }

    fn open_hole(&mut self, side: Side, hole: Hole) {
        let Some(place) = self.holes.get_mut(side.index()) else { return };
        let earlier = match place {
            // What is acknowledged now continues what was acknowledged before.
            Some(open) if open.to == hole.from && open.acknowledged.is_some() == hole.acknowledged.is_some() => {
                open.to = hole.to;
                return;
            }
            place => place.replace(hole),
        };
        if earlier.is_some_and(|earlier| earlier.acknowledged.is_some()) {
            self.count_unseen(side);
        }
    }

    fn count_unseen(&mut self, side: Side) {
        let half = self.flow.half_mut(side);
        half.unseen += 1;
        let unseen = half.unseen;
        self.flow.history.count(side, b'G', unseen);
    }

    /// Holes that were acknowledged and not filled until `now` are the capture's loss; `None` when no more will come.
    pub(super) fn settle_holes(&mut self, now: Option<Moment>, world: &O::World) {
        if self.holes.iter().all(Option::is_none) {
            return;
        }
        for side in [Side::Initiator, Side::Responder] {
            let overdue = |hole: &mut Hole| {
                hole.acknowledged
                    .is_some_and(|then| now.is_none_or(|now| now.time.since(then.time).length() >= REORDERED_WITHIN))
            };
            if self.holes.get_mut(side.index()).and_then(|hole| hole.take_if(overdue)).is_none() {
                continue;
            }
            self.count_unseen(side);
            if let Some(acknowledged) = self.flow.half(side.other()).acknowledged {
                self.acknowledge_stream(side, acknowledged, now.unwrap_or(self.flow.last), world);
            }
        }
    }

    pub(super) fn data(&mut self, arrival: &Arrival<'_>, segment: &Segment<'_>, side: Side, world: &O::World) {
        let (moment, control) = (arrival.moment, segment.control);
        let length = segment.payload_len;
        let takes = length.saturating_add(u32::from(control.fin()));
        // TCP Fast Open carries data on the SYN, behind its own number (RFC 7413).
        let sequence = segment.sequence.wrapping_add(u32::from(control.syn()));
        if self.is_keep_alive(segment, side) {
            let half = self.flow.half_mut(side);
            half.keep_alives += 1;
            if half.tail_retransmissions == 0 {
                half.tail_since = Some(moment); // an acknowledgement before it asked for nothing
            }
            half.tail_retransmissions = half.tail_retransmissions.saturating_add(1);
            return;
        }
        if takes == 0 {
            return;
        }
        let end = sequence.wrapping_add(takes);
        let Place { new, again } = self.order(sequence, end, side, moment);
        let new = new.min(length);
        let half = self.flow.half_mut(side);
        let sent = Sent { sequence, payload: length, takes, moment };
        if again {
            half.delivery_mut().again(sent);
        } else {
            half.delivery_mut().sent(sent);
        }
        if length > 0 {
            half.data_packets += 1;
            half.first_data.get_or_insert(moment);
            half.largest_payload = half.largest_payload.max(length);
            if new > 0 {
                half.payload += u64::from(new);
                half.last_new_data = Some(moment);
            }
            self.flow.history.say(side, b'D');
            self.with_stream(side, moment, world, |stream, feed| {
                stream.segment(sequence, segment.payload, length, feed);
            });
        }
    }

    /// A keep-alive repeats the last octet's number, which the other side has acknowledged, with that octet or
    /// none (RFC 9293 §3.8.4); so does the probe of a closed window, whose octet was not acknowledged.
    fn is_keep_alive(&self, segment: &Segment<'_>, side: Side) -> bool {
        let Control(bits) = segment.control;
        if segment.payload_len > 1 || bits & (Control::SYN | Control::FIN) != 0 {
            return false;
        }
        let (own, other) = (self.flow.half(side), self.flow.half(side.other()));
        if own.fin.is_some() {
            return false;
        }
        own.next_sequence.is_some_and(|next| {
            let acknowledged = other.acknowledged.is_none_or(|acknowledged| distance(next, acknowledged) >= 0);
            let closed = other.ttl.is_some() && other.window == 0;
            distance(segment.sequence, next) == 1 && (acknowledged || closed || segment.payload_len == 0)
        })
    }

    /// Places `sequence..end` against what was seen, and counts retransmissions and reordering.
    fn order(&mut self, sequence: u32, end: u32, side: Side, moment: Moment) -> Place {
        let takes = end.wrapping_sub(sequence);
        let next = *self.flow.half_mut(side).next_sequence.get_or_insert(sequence);
        let ahead = distance(next, sequence);
        if ahead >= 0 {
            if ahead > 0 {
                self.open_hole(side, Hole { from: next, to: sequence, since: moment, acknowledged: None });
            }
            self.flow.half_mut(side).next_sequence = Some(end);
            return Place { new: takes, again: false };
        }
        let fills = self.holes.get_mut(side.index()).and_then(|hole| {
            let open = (*hole)?;
            let fills = distance(open.from, sequence) >= 0 && distance(sequence, open.to) > 0;
            if fills {
                *hole = (distance(end, open.to) > 0).then_some(Hole { from: end, ..open });
            }
            fills.then_some(open)
        });
        let beyond = u32::try_from(distance(next, end)).unwrap_or(0);
        let half = self.flow.half_mut(side);
        if beyond > 0 {
            half.next_sequence = Some(end);
        }
        if fills.is_some_and(|hole| moment.time.since(hole.since.time).length() < REORDERED_WITHIN) {
            half.out_of_order += 1;
            return Place { new: takes, again: false };
        }
        if ahead == -1 && beyond > 0 {
            return Place { new: beyond, again: false }; // all but the octet that had probed a closed window
        }
        half.retransmissions += 1;
        half.tail_retransmissions = half.tail_retransmissions.saturating_add(1);
        let count = half.retransmissions;
        self.flow.history.count(side, b'T', count);
        Place { new: if fills.is_some() { takes } else { beyond }, again: true }
    }
}

/// Later than this a filled hole was filled by a retransmission; Wireshark draws the same line.
const REORDERED_WITHIN: Span = Span::millis(3);
/// No window is larger (RFC 7323 §2.2).
const MOST_UNSEEN: i32 = 1 << 30;
