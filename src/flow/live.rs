//! A flow that is going on: its record, its streams, and who reads them.

use anyany_dissectors::Side;

use crate::decode::{Control, Datagram, Segment};
use crate::flow::half::Recent;
use crate::flow::life::{Stretch, Voice};
use crate::flow::reassembly::{Reassembly, distance};
use crate::flow::record::{KEPT_RESETS, Pause, Rare, Reset};
use crate::flow::sequence::Hole;
use crate::flow::{About, Arrival, Flow, Moment, Observer, Oriented};
use crate::time::{Span, Time};

/// A flow that is going on.
#[derive(Debug)]
pub struct Live<O> {
    /// What is known of it.
    pub flow: Flow,
    /// What the observer made of it.
    pub observer: O,
    pub(super) streams: Option<Box<[Reassembly; 2]>>,
    pub(super) holes: [Option<Hole>; 2],
    /// When each side was last heard, copies included.
    pub(super) voices: [Voice; 2],
    /// The last packets of each side, to know copies by.
    recent: [Recent; 2],
    ended: bool,
    /// Whether the observer wants no more octets of either side.
    sated: bool,
}

impl<O: Observer> Live<O> {
    pub(super) fn new(flow: Flow) -> Self {
        Self {
            flow,
            observer: O::default(),
            streams: None,
            holes: [None, None],
            voices: Default::default(),
            recent: Default::default(),
            ended: false,
            sated: false,
        }
    }

    /// A side is heard; returns its stretch of life that ended before, if one did.
    pub(super) fn hear(&mut self, side: Side, time: Time) -> Option<Stretch> {
        self.voices.get_mut(side.index()).and_then(|voice| voice.heard(time))
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
        if self.flow.reset_count > 0
            && self.flow.resets.iter().any(|reset| reset.side == side)
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
        let Some(recent) = self.recent.get_mut(side.index()) else { return false };
        let copy = recent.is_copy(mark, arrival.moment.time, arrival.packet.ttl, within);
        if copy {
            self.flow.half_mut(side).duplicates += 1;
        }
        copy
    }

    fn arrive(&mut self, arrival: &Arrival<'_>, side: Side) {
        self.flow.last = arrival.moment;
        self.flow.tunnels = self.flow.tunnels.max(arrival.packet.tunnels);
        self.flow.half_mut(side).count(arrival.moment, arrival.wire_len);
        if let Some(other) = self.flow.heard_half(side.other()) {
            other.heard();
        }
    }

    fn note_pause(&mut self, moment: Moment, side: Side, control: Control) {
        if let Some(Rare { pause: Some(pause), survived, .. }) = self.flow.rare.get_mut()
            && !pause.answered
            && pause.by != side
            && !control.rst()
        {
            pause.answered = true;
            if survived.is_none_or(|longest| longest.span < pause.span) {
                *survived = Some(*pause);
            }
        }
        let span = moment.time.since(self.flow.last.time);
        if span < NOTEWORTHY_PAUSE {
            return;
        }
        // Who repeats what is not answered pauses longer and longer: the silence began before that.
        let repeats = self.flow.pause.is_some_and(|pause| !pause.answered && pause.by == side);
        if !repeats {
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
        let (caller, known) = if control.ack() { (side.other(), Oriented::Answer) } else { (side, Oriented::Syn) };
        if self.flow.oriented >= Oriented::Answer {
            return;
        }
        self.flow.oriented = known;
        if caller == Side::Responder {
            self.flow.flip();
            self.holes.reverse();
            self.voices.reverse();
            self.recent.reverse();
            // What was read until now was read with the sides exchanged.
            self.streams = None;
            self.sated = false;
            self.observer = O::default();
        }
    }

    fn synchronize(&mut self, segment: &Segment<'_>, side: Side, moment: Moment) {
        let half = self.flow.half_mut(side);
        half.isn.get_or_insert(segment.sequence);
        half.options = Some(segment.options);
        let next = segment.sequence.wrapping_add(1);
        half.begins(next);
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
        if cut {
            half.snapped += 1;
        }
        self.flow.history.say(side, b'D');
        if side == Side::Initiator && self.flow.half(Side::Responder).packets == 0 {
            self.flow.tries.add(moment);
            self.flow.ask(said(datagram, datagram.payload_len.into()), moment.time);
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

    /// Whether nothing about it is worth more than a count.
    pub(super) fn is_ordinary(&self) -> bool {
        let whole = self.streams.is_none() && self.holes.iter().all(Option::is_none);
        let over = self.ended || self.flow.key.transport == crate::flow::Transport::Udp;
        over && whole && self.flow.is_ordinary() && self.observer.is_ordinary()
    }

    /// Whether no more can come of it.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Octets that wait in its streams.
    pub(super) fn waiting(&self) -> usize {
        self.streams.iter().flat_map(|streams| streams.iter()).map(Reassembly::waiting).sum()
    }

    /// There is no room for what waits in its streams.
    pub(super) fn give_up_streams(&mut self, world: &O::World) {
        let moment = self.flow.last;
        for side in [Side::Initiator, Side::Responder] {
            if self.streams.is_some() {
                self.with_stream(side, moment, world, |stream, feed| stream.give_up_all(feed));
            }
        }
    }

    fn stream(&mut self, side: Side) -> Option<&mut Reassembly> {
        self.streams.as_mut().and_then(|streams| streams.get_mut(side.index()))
    }

    pub(super) fn with_stream(
        &mut self,
        side: Side,
        moment: Moment,
        world: &O::World,
        act: impl FnOnce(&mut Reassembly, &mut Feed<'_, O>),
    ) {
        if self.sated {
            return;
        }
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
        let mut feed = Feed { observer: &mut self.observer, world, about, side, told: false };
        act(stream, &mut feed);
        // Only what it is told changes what the observer wants.
        if feed.told && !self.observer.wants(Side::Initiator) && !self.observer.wants(Side::Responder) {
            self.streams = None;
            self.sated = true;
        }
    }
}

/// Hands a stream's octets to the flow's observer.
pub(super) struct Feed<'a, O: Observer> {
    observer: &'a mut O,
    world: &'a O::World,
    about: About,
    side: Side,
    /// Whether the observer was told anything.
    told: bool,
}

impl<O: Observer> super::reassembly::Reader for Feed<'_, O> {
    fn read(&mut self, octets: &[u8]) -> usize {
        self.told = true;
        self.observer.stream(self.world, &self.about, self.side, octets)
    }

    fn gap(&mut self) {
        self.told = true;
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
    said(datagram, small)
}

/// A mark of the words of a datagram, which begins from `sum`.
fn said(datagram: &Datagram<'_>, sum: u64) -> u64 {
    let marked = datagram.payload.get(..MARKED_WORDS * 8).unwrap_or(datagram.payload);
    let (words, rest) = marked.as_chunks::<8>();
    let sum = words.iter().fold(sum, |sum, word| mix(sum, u64::from_be_bytes(*word)));
    if rest.is_empty() {
        return sum;
    }
    mix(sum, rest.iter().fold(0, |word, &octet| word << 8 | u64::from(octet)))
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
/// Silences from here on are worth remembering, the short ones to set the long ones against: no round trip
/// inside one organization takes so long.
const NOTEWORTHY_PAUSE: Span = Span::seconds(1);
