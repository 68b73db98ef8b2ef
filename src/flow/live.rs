//! A flow that is going on: its record, its streams, and who reads them.

use anyany_dissectors::Side;

use crate::decode::{Control, Datagram, Segment};
use crate::flow::delivery::Sent;
use crate::flow::reassembly::{Reassembly, distance};
use crate::flow::record::{KEPT_RESETS, Pause, Reset};
use crate::flow::{About, Arrival, Flow, Moment, Observer, Oriented};
use crate::time::Span;

/// A flow that is going on.
#[derive(Debug)]
pub struct Live<O> {
    /// What is known of it.
    pub flow: Flow,
    /// What the observer made of it.
    pub observer: O,
    streams: Option<Box<[Reassembly; 2]>>,
    holes: [Option<Hole>; 2],
    ended: bool,
}

/// Sequence numbers that were jumped over, by later data or by an acknowledgement.
#[derive(Debug, Clone, Copy)]
struct Hole {
    from: u32,
    to: u32,
    since: Moment,
    /// When the other side acknowledged some of it: it has what the capture has not. But the capture
    /// may only have taken the two directions in the wrong order, so this is settled a little later.
    acknowledged: Option<Moment>,
}

impl<O: Observer> Live<O> {
    pub(super) fn new(flow: Flow) -> Self {
        Self { flow, observer: O::default(), streams: None, holes: [None, None], ended: false }
    }

    fn about(&self, moment: Moment) -> About {
        About {
            transport: self.flow.key.transport,
            initiator: self.flow.initiator,
            responder: self.flow.responder,
            moment,
        }
    }

    /// Takes one TCP segment. Returns whether it was a copy made by the capture.
    pub(super) fn segment(
        &mut self,
        arrival: &Arrival<'_>,
        segment: &Segment<'_>,
        side: Side,
        world: &O::World,
    ) -> bool {
        let moment = arrival.moment;
        let control = segment.control;
        if self.is_copy(arrival, tcp_mark(arrival, segment), side, bare_ack(segment)) {
            return true;
        }
        self.settle_holes(Some(moment), world);
        self.note_pause(moment, side, control);
        self.arrive(arrival, side);
        let half = self.flow.half_mut(side);
        if segment.payload.len() < usize::try_from(segment.payload_len).unwrap_or(usize::MAX) {
            half.snapped += 1;
        }
        if control.rst() {
            self.reset(arrival, segment, side);
            // During the handshake an RST may be about an older connection, and this one still begins.
            if self.flow.established.is_some() {
                self.end(world);
            }
            return false;
        }
        half.note_ttl(arrival.packet.ttl);
        half.ip_id = arrival.packet.ip_id;
        half.window = segment.window;
        if segment.window == 0 && !control.syn() {
            half.zero_windows += 1;
            let count = half.zero_windows;
            self.flow.history.count(side, b'W', count);
        }
        if self.flow.resets.iter().any(|reset| reset.side == side)
            && let Some(spoke) = self.flow.spoke_after_reset.get_mut(side.index())
        {
            *spoke = spoke.saturating_add(1);
        }
        if control.syn() {
            self.synchronize(segment, side, moment);
        } else if side == Side::Initiator && self.flow.answers.count > 0 {
            self.flow.established.get_or_insert(moment);
        }
        if control.ack() {
            self.acknowledge(segment, side, moment, world);
        }
        self.data(arrival, segment, side, world);
        if control.fin() {
            self.flow.half_mut(side).fin.get_or_insert(moment);
            self.flow.history.say(side, b'F');
        } else if bare_ack(segment) && !control.syn() {
            self.flow.history.say(side, b'A');
        }
        // Nothing new can come: the dissector's state goes now, not at the end of the capture.
        if self.flow.halves.iter().all(|half| half.fin.is_some()) && self.holes.iter().all(Option::is_none) {
            self.end(world);
        }
        false
    }

    fn is_copy(&mut self, arrival: &Arrival<'_>, mark: u64, side: Side, bare_ack: bool) -> bool {
        let within = if numbered(arrival) { COPY_NUMBERED } else { COPY_PLAIN };
        // Without a fresh IP identification, two honest duplicate ACKs look like one ACK twice.
        if bare_ack && !numbered(arrival) && self.flow.halves.iter().all(|half| half.duplicates == 0) {
            return false;
        }
        let half = self.flow.half_mut(side);
        let copy = half.recent.is_copy(mark, arrival.moment.time, arrival.packet.ttl, within);
        half.duplicates += u64::from(copy);
        copy
    }

    fn arrive(&mut self, arrival: &Arrival<'_>, side: Side) {
        self.flow.last = arrival.moment;
        self.flow.tunnels = self.flow.tunnels.max(arrival.packet.tunnels);
        self.flow.half_mut(side).count(arrival.moment, arrival.wire_len);
        self.flow.half_mut(side.other()).heard();
    }

    fn note_pause(&mut self, moment: Moment, side: Side, control: Control) {
        if let Some(pause) = &mut self.flow.pause
            && !pause.answered
            && pause.by != side
            && !control.rst()
        {
            pause.answered = true;
            if self.flow.survived.is_none_or(|longest| longest.span < pause.span) {
                self.flow.survived = self.flow.pause;
            }
        }
        let span = moment.time.since(self.flow.last.time);
        // Who repeats what is not answered pauses longer and longer: the silence began before that.
        let repeats = self.flow.pause.is_some_and(|pause| !pause.answered && pause.by == side);
        if span >= NOTEWORTHY_PAUSE && !repeats {
            self.flow.pause = Some(Pause { span, before: self.flow.last, after: moment, by: side, answered: false });
        }
    }

    fn reset(&mut self, arrival: &Arrival<'_>, segment: &Segment<'_>, side: Side) {
        self.flow.history.say(side, b'R');
        self.flow.reset_count = self.flow.reset_count.saturating_add(1);
        if self.flow.resets.len() >= KEPT_RESETS {
            return;
        }
        let (half, other) = (self.flow.half(side), self.flow.half(side.other()));
        let spoke = half.ttl.is_some();
        let reset = Reset {
            side,
            moment: arrival.moment,
            ttl: arrival.packet.ttl,
            ip_id: arrival.packet.ip_id,
            window: segment.window,
            sequence: segment.sequence,
            acknowledgement: segment.control.ack().then_some(segment.acknowledgement),
            expected: half.next_sequence,
            usual_ttl: half.ttl,
            usual_ip_id: half.ip_id,
            usual_window: spoke.then_some(half.window),
            answered_ip_id: other.ip_id,
            after_fin: self.flow.halves.iter().any(|half| half.fin.is_some()),
            mid_stream: self.flow.established.is_some() || (self.flow.tries.count == 0 && self.flow.answers.count == 0),
        };
        self.flow.resets.push(reset);
    }

    /// The handshake shows who called, where it was only guessed from packets captured before it.
    pub(super) fn orient_by_handshake(&mut self, side: Side, control: Control) {
        let (caller, known) = match control.ack() {
            true => (side.other(), Oriented::Answer),
            false => (side, Oriented::Syn),
        };
        if self.flow.oriented >= Oriented::Answer {
            return;
        }
        self.flow.oriented = known;
        if caller == Side::Responder {
            self.flow.flip();
            self.holes.reverse();
            // What was read until now was read with the sides exchanged.
            self.streams = None;
            self.observer = O::default();
        }
    }

    fn synchronize(&mut self, segment: &Segment<'_>, side: Side, moment: Moment) {
        let half = self.flow.half_mut(side);
        half.isn.get_or_insert(segment.sequence);
        half.options = Some(segment.options);
        let next = segment.sequence.wrapping_add(1);
        if half.next_sequence.is_none_or(|known| distance(known, next) > 0) {
            half.next_sequence = Some(next);
        }
        self.flow.history.say(side, if segment.control.ack() { b'H' } else { b'S' });
        // When both open at once, each sends both.
        match (side, segment.control.ack()) {
            (Side::Initiator, false) => self.flow.tries.add(moment),
            (Side::Responder, true) => self.flow.answers.add(moment),
            _ => {}
        }
        if let Some(stream) = self.stream(side) {
            stream.begin(next);
        }
    }

    fn acknowledge(&mut self, segment: &Segment<'_>, side: Side, moment: Moment, world: &O::World) {
        let acknowledged = segment.acknowledgement;
        let of = side.other();
        let next = self.flow.half(of).next_sequence;
        let ahead = next.map_or(0, |next| distance(next, acknowledged));
        if ahead > MOST_UNSEEN || (ahead > 0 && self.is_challenge(segment, side)) {
            return; // another connection's number
        }
        self.flow.half_mut(of).delivery.heard(acknowledged, moment);
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
    fn settle_holes(&mut self, now: Option<Moment>, world: &O::World) {
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

    fn data(&mut self, arrival: &Arrival<'_>, segment: &Segment<'_>, side: Side, world: &O::World) {
        let (moment, control) = (arrival.moment, segment.control);
        let length = segment.payload_len;
        let takes = length.saturating_add(u32::from(control.fin()));
        // TCP Fast Open carries data on the SYN, behind its own number (RFC 7413).
        let sequence = segment.sequence.wrapping_add(u32::from(control.syn()));
        if self.is_keep_alive(segment, side) {
            let half = self.flow.half_mut(side);
            half.keep_alives += 1;
            half.tail_retransmissions = half.tail_retransmissions.saturating_add(1);
            return;
        }
        if takes == 0 {
            return;
        }
        let end = sequence.wrapping_add(takes);
        let retransmissions = self.flow.half(side).retransmissions;
        let new = self.order(sequence, end, side, moment).min(length);
        let half = self.flow.half_mut(side);
        let sent = Sent { sequence, payload: length, takes, moment };
        if half.retransmissions > retransmissions {
            half.delivery.again(sent);
        } else {
            half.delivery.sent(sent);
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
        let (own, other) = (self.flow.half(side), self.flow.half(side.other()));
        let Control(bits) = segment.control;
        if segment.payload_len > 1 || bits & (Control::SYN | Control::FIN) != 0 || own.fin.is_some() {
            return false;
        }
        own.next_sequence.is_some_and(|next| {
            let acknowledged = other.acknowledged.is_none_or(|acknowledged| distance(next, acknowledged) >= 0);
            let closed = other.ttl.is_some() && other.window == 0;
            distance(segment.sequence, next) == 1 && (acknowledged || closed || segment.payload_len == 0)
        })
    }

    /// Places `sequence..end` against what was seen: returns how many octets of it are new, and counts
    /// retransmissions and reordering.
    fn order(&mut self, sequence: u32, end: u32, side: Side, moment: Moment) -> u32 {
        let takes = end.wrapping_sub(sequence);
        let next = *self.flow.half_mut(side).next_sequence.get_or_insert(sequence);
        let ahead = distance(next, sequence);
        if ahead >= 0 {
            if ahead > 0 {
                self.open_hole(side, Hole { from: next, to: sequence, since: moment, acknowledged: None });
            }
            self.flow.half_mut(side).next_sequence = Some(end);
            return takes;
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
            return takes;
        }
        if ahead == -1 && beyond > 0 {
            return beyond; // all but the octet that had probed a closed window
        }
        half.retransmissions += 1;
        half.tail_retransmissions = half.tail_retransmissions.saturating_add(1);
        let count = half.retransmissions;
        self.flow.history.count(side, b'T', count);
        if fills.is_some() { takes } else { beyond }
    }

    /// Takes one datagram. Returns whether it was a copy made by the capture.
    pub(super) fn datagram(
        &mut self,
        arrival: &Arrival<'_>,
        datagram: &Datagram<'_>,
        side: Side,
        world: &O::World,
    ) -> bool {
        if self.is_copy(arrival, udp_mark(arrival, datagram), side, false) {
            return true;
        }
        let moment = arrival.moment;
        self.note_pause(moment, side, Control::default());
        self.arrive(arrival, side);
        let half = self.flow.half_mut(side);
        half.note_ttl(arrival.packet.ttl);
        half.ip_id = arrival.packet.ip_id;
        half.payload += u64::from(datagram.payload_len);
        half.data_packets += 1;
        half.first_data.get_or_insert(moment);
        half.last_new_data = Some(moment);
        half.largest_payload = half.largest_payload.max(datagram.payload_len);
        let cut = datagram.payload.len() < usize::try_from(datagram.payload_len).unwrap_or(usize::MAX);
        half.snapped += u64::from(cut);
        self.flow.history.say(side, b'D');
        if side == Side::Initiator && self.flow.half(Side::Responder).packets == 0 {
            self.flow.tries.add(moment);
        }
        if !datagram.payload.is_empty() {
            let about = self.about(moment);
            self.observer.datagram(world, &about, side, datagram.payload);
        }
        false
    }

    /// Takes one echo request or reply. Returns whether it was a copy made by the capture.
    pub(super) fn echo(&mut self, arrival: &Arrival<'_>, sequence: u16, side: Side) -> bool {
        let mark = mix(mix(u64::from(sequence), arrival.packet.ip_id.unwrap_or(0).into()), 8);
        if self.is_copy(arrival, mark, side, false) {
            return true;
        }
        self.arrive(arrival, side);
        let half = self.flow.half_mut(side);
        half.note_ttl(arrival.packet.ttl);
        half.data_packets += 1;
        self.flow.history.say(side, b'D');
        if side == Side::Initiator && self.flow.half(Side::Responder).packets == 0 {
            self.flow.tries.add(arrival.moment);
        }
        false
    }

    /// No more packets will come.
    pub(super) fn end(&mut self, world: &O::World) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let moment = self.flow.last;
        self.settle_holes(None, world);
        self.end_streams(moment, world);
        self.streams = None;
        let about = self.about(moment);
        self.observer.end(world, &about);
    }

    fn end_streams(&mut self, moment: Moment, world: &O::World) {
        if self.streams.is_none() {
            return;
        }
        for side in [Side::Initiator, Side::Responder] {
            self.with_stream(side, moment, world, |stream, feed| stream.end(feed));
        }
    }

    fn stream(&mut self, side: Side) -> Option<&mut Reassembly> {
        self.streams.as_mut().and_then(|streams| streams.get_mut(side.index()))
    }

    fn with_stream(
        &mut self,
        side: Side,
        moment: Moment,
        world: &O::World,
        act: impl FnOnce(&mut Reassembly, &mut Feed<'_, O>),
    ) {
        let about = self.about(moment);
        if self.streams.is_none() {
            if self.ended || !self.observer.wants(side) || self.flow.half(side).data_packets == 0 {
                return;
            }
            let mut streams = Box::<[Reassembly; 2]>::default();
            for (stream, half) in streams.iter_mut().zip(&self.flow.halves) {
                if let Some(isn) = half.isn {
                    stream.begin(isn.wrapping_add(1));
                }
            }
            self.streams = Some(streams);
        }
        let Some(stream) = self.streams.as_mut().and_then(|streams| streams.get_mut(side.index())) else { return };
        act(stream, &mut Feed { observer: &mut self.observer, world, about, side });
        if !self.observer.wants(Side::Initiator) && !self.observer.wants(Side::Responder) {
            self.streams = None;
        }
    }
}

/// Hands a stream's octets to the flow's observer.
struct Feed<'a, O: Observer> {
    observer: &'a mut O,
    world: &'a O::World,
    about: About,
    side: Side,
}

impl<O: Observer> super::reassembly::Reader for Feed<'_, O> {
    fn read(&mut self, octets: &[u8]) -> usize {
        self.observer.stream(self.world, &self.about, self.side, octets)
    }

    fn gap(&mut self) {
        self.observer.gap(self.world, &self.about, self.side);
    }

    fn wants_more(&self) -> bool {
        self.observer.wants(self.side)
    }
}

fn bare_ack(segment: &Segment<'_>) -> bool {
    let Control(bits) = segment.control;
    segment.payload_len == 0 && bits & (Control::SYN | Control::FIN | Control::RST) == 0
}

fn tcp_mark(arrival: &Arrival<'_>, segment: &Segment<'_>) -> u64 {
    let numbers = u64::from(segment.sequence) << 32 | u64::from(segment.acknowledgement);
    // The sender's network card may write the checksum only after one of the copies was captured.
    let checksum = if numbered(arrival) { 0 } else { segment.checksum };
    let small = u64::from(segment.window) << 48
        | u64::from(checksum) << 32
        | u64::from(arrival.packet.ip_id.unwrap_or(0)) << 16
        | u64::from(segment.control.0);
    mix(mix(numbers, small), segment.payload_len.into())
}

fn udp_mark(arrival: &Arrival<'_>, datagram: &Datagram<'_>) -> u64 {
    let small = u64::from(datagram.checksum) << 48
        | u64::from(arrival.packet.ip_id.unwrap_or(0)) << 32
        | u64::from(datagram.payload_len);
    let words = datagram.payload.chunks(8).take(MARKED_WORDS);
    words.fold(small, |sum, word| mix(sum, word.iter().fold(0, |word, &octet| word << 8 | u64::from(octet))))
}

/// Whether the packet has an IP identification of its own; 0 means that the sender gives none.
fn numbered(arrival: &Arrival<'_>) -> bool {
    arrival.packet.ip_id.is_some_and(|id| id != 0)
}

/// Folds `value` into `sum`; good enough to tell four packets apart.
fn mix(sum: u64, value: u64) -> u64 {
    (sum ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ value
}

/// A copy has its original's IP identification, which comes round again only after 65,535 packets.
const COPY_NUMBERED: Span = Span::millis(50);
/// Without one, only a copy follows this closely; retransmissions wait 200 ms and more.
const COPY_PLAIN: Span = Span::millis(2);
/// Words of eight octets by which datagrams without IP identification are told apart.
const MARKED_WORDS: usize = 16;
/// Later than this a filled hole was filled by a retransmission; Wireshark draws the same line.
const REORDERED_WITHIN: Span = Span::millis(3);
/// Silences from here on are worth remembering: no round trip inside one organization takes so long.
const NOTEWORTHY_PAUSE: Span = Span::seconds(1);
/// No window is larger (RFC 7323 §2.2).
const MOST_UNSEEN: i32 = 1 << 30;
