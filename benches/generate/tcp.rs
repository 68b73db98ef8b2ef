//! The packets of a TCP connection, as a vantage point between its ends sees them.

use super::frame::{ACK, FIN, PSH, RST, SYN, Segment};
use super::random::Random;
use super::script::{CLIENT, Ending, MILLIS, Micros, SECOND, SERVER, Side};
use super::talk::{Fault, Output, Talk};

/// The state of a connection.
#[derive(Debug)]
pub struct Stream {
    phase: Phase,
    /// What each side's next octet is numbered, those of the current message left out.
    said: [u32; 2],
    /// Octets of the current message that were sent without a hole.
    offset: usize,
    /// Octets of it that were sent behind a hole of one segment.
    ahead: Option<usize>,
    /// Who sent data last.
    speaker: Side,
    /// Segments of the speaker that were not acknowledged.
    owed: u8,
    tries: u8,
    /// From this vantage point to each end and back.
    trips: [Micros; 2],
    /// Whether the client waits long before it tries again.
    patient: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Syn,
    Refusal,
    Answer,
    Handshaken,
    Talk,
    /// The listener acknowledges; the speaker goes on after so long.
    Acknowledge(Micros),
    /// The listener asks for what it misses.
    Miss,
    /// The same segment again.
    Repeat,
    /// RST in this side's name.
    Reset(Side),
    /// The client repeats itself.
    Lost,
    Finish(u8),
}

impl Stream {
    pub(super) fn new(random: &mut Random) -> Self {
        Self {
            phase: Phase::Syn,
            said: [random.word(), random.word()],
            offset: 0,
            ahead: None,
            speaker: CLIENT,
            owed: 0,
            tries: 0,
            trips: [random.between(60, 400), random.between(80, 600)],
            patient: random.once_in(2),
        }
    }
}

impl Talk {
    /// Sends the segment that is due; how long the next one takes.
    pub(super) fn tcp(&mut self, now: Micros, out: &mut Output, random: &mut Random) -> Option<Micros> {
        match self.stream.phase {
            Phase::Syn => self.call(now, out, random),
            Phase::Refusal => self.refuse(now, out),
            Phase::Answer => {
                self.segment(now, out, SERVER, SYN | ACK);
                if self.fault == Fault::AnswerDropped {
                    self.stream.phase = Phase::Syn;
                    return self.next_try();
                }
                self.go(Phase::Handshaken, self.stream.trips[CLIENT])
            }
            Phase::Handshaken => {
                self.stream.said = self.stream.said.map(|number| number.wrapping_add(1));
                self.segment(now, out, CLIENT, ACK);
                let wait = self.thinks(random);
                self.go(Phase::Talk, wait)
            }
            Phase::Talk => self.speak(now, out, random),
            Phase::Acknowledge(wait) => {
                self.segment(now, out, 1 - self.stream.speaker, ACK);
                self.stream.owed = 0;
                self.go(Phase::Talk, wait)
            }
            Phase::Miss => {
                self.segment(now, out, 1 - self.stream.speaker, ACK);
                self.go(Phase::Talk, self.stream.trips[0] + self.stream.trips[1])
            }
            Phase::Repeat => {
                let length = self.piece(now, out, self.stream.offset);
                self.stream.phase = Phase::Talk;
                Some(self.past(length, random))
            }
            Phase::Reset(side) => self.reset(now, out, side),
            Phase::Lost => self.repeat_into_silence(now, out),
            Phase::Finish(step) => self.finish(now, out, step, random),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "said where a step is returned")]
    fn go(&mut self, phase: Phase, wait: Micros) -> Option<Micros> {
        self.stream.phase = phase;
        Some(wait)
    }

    fn call(&mut self, now: Micros, out: &mut Output, random: &mut Random) -> Option<Micros> {
        self.segment(now, out, CLIENT, SYN);
        self.stream.tries += 1;
        match self.fault {
            Fault::Dropped => self.next_try(),
            Fault::FirstLost if self.stream.tries < 2 => self.next_try(),
            Fault::Rejected { .. } | Fault::Prohibited { .. } | Fault::Closed => {
                self.go(Phase::Refusal, 150 + random.below(200))
            }
            _ => self.go(Phase::Answer, self.stream.trips[SERVER]),
        }
    }

    /// Windows before 2012 asks three times, later ones five times and sooner.
    fn next_try(&mut self) -> Option<Micros> {
        let waits: &[Micros] = if self.stream.patient { &[3, 6] } else { &[1, 2, 4, 8] };
        waits.get(usize::from(self.stream.tries) - 1).map(|seconds| seconds * SECOND)
    }

    /// The refusal of a SYN. The client tries again: half a second after an RST, as late as ever after ICMP.
    fn refuse(&mut self, now: Micros, out: &mut Output) -> Option<Micros> {
        self.stream.phase = Phase::Syn;
        if let Fault::Prohibited { router } = self.fault {
            // Others have sent since: the SYN is built again to be quoted.
            self.ids[CLIENT] = self.ids[CLIENT].wrapping_sub(1);
            self.build(out, CLIENT, SYN);
            let mut quoted = [0; QUOTED];
            let packet = out.frame.packet(if router.address.is_ipv4() { 28 } else { QUOTED });
            let quoted = &mut quoted[..packet.len()];
            quoted.copy_from_slice(packet);
            let id = self.id(SERVER);
            out.frame.prohibited((&router, &self.ends[CLIENT]), id, quoted);
            out.write(now);
            return self.next_try();
        }
        let acknowledgement = self.stream.said[CLIENT].wrapping_add(1);
        let segment = Segment { sequence: 0, acknowledgement, flags: RST | ACK, window: 0, options: &[] };
        let id = self.id(SERVER);
        let mut from = self.ends[SERVER];
        if let Fault::Rejected { ttl } = self.fault {
            from.ttl = ttl;
        }
        out.frame.tcp((&from, &self.ends[CLIENT]), id, &segment, &[], |_| {});
        out.write(now);
        (self.stream.tries < 3).then_some(500 * MILLIS)
    }

    /// Sends a piece of the current message, or what the network makes of it.
    fn speak(&mut self, now: Micros, out: &mut Output, random: &mut Random) -> Option<Micros> {
        let Some(say) = self.say() else { return self.finish(now, out, 0, random) };
        let (speaker, whole) = (say.from, say.octets.len());
        match self.fault {
            Fault::Reset { says, .. } if self.place.says >= says && speaker == CLIENT => {
                self.stream.offset = self.piece(now, out, 0);
                return self.go(Phase::Reset(SERVER), 250);
            }
            Fault::Silenced { says } if self.place.says >= says && speaker == CLIENT => {
                self.piece(now, out, 0);
                self.stream.tries = 0;
                return self.go(Phase::Lost, SILENCE[0]);
            }
            _ => {}
        }
        let (offset, most) = (self.stream.offset, self.most());
        if let Some(ahead) = self.stream.ahead.take() {
            // What came late, or was lost before this vantage point, comes now.
            let hole = self.piece(now, out, offset);
            return Some(self.past(hole + ahead, random));
        }
        if self.trouble == 0 || !random.once_in(self.trouble) {
            let length = self.piece(now, out, offset);
            return Some(self.past(length, random));
        }
        if whole - offset > most {
            self.stream.ahead = Some(self.piece(now, out, offset + most));
            let overtaken = random.once_in(2);
            return if overtaken { Some(15 + random.below(60)) } else { self.go(Phase::Miss, 300) };
        }
        self.piece(now, out, offset);
        self.go(Phase::Repeat, 250 * MILLIS + random.below(60 * MILLIS))
    }

    /// So much more of the current message is said: how long until the next segment.
    fn past(&mut self, length: usize, random: &mut Random) -> Micros {
        let speaker = self.stream.speaker;
        let whole = self.say().map_or(0, |say| say.octets.len());
        self.stream.offset += length;
        self.stream.owed = self.stream.owed.saturating_add(1);
        let due = self.stream.owed >= self.acknowledged_together;
        if self.stream.offset < whole {
            let pause = 8 + random.below(25);
            if due {
                self.stream.phase = Phase::Acknowledge(pause);
                return 60 + random.below(90);
            }
            return pause;
        }
        self.stream.said[speaker] = self.stream.said[speaker].wrapping_add(whole as u32);
        self.stream.offset = 0;
        self.advance();
        let wait = self.thinks(random);
        let answered = self.say().is_none_or(|next| next.from != speaker);
        if answered && wait < DELAYED {
            self.stream.owed = 0;
            return wait;
        }
        let sooner = if due { 120 } else { DELAYED }.min(wait / 2);
        self.stream.phase = Phase::Acknowledge(wait - sooner);
        sooner
    }

    /// RST of a device in both sides' names, or a side's own.
    fn reset(&mut self, now: Micros, out: &mut Output, side: Side) -> Option<Micros> {
        let own = self.ends[side].ttl;
        let device = if let Fault::Reset { ttl, .. } = self.fault { Some(ttl) } else { None };
        self.ends[side].ttl = device.unwrap_or(own);
        self.segment(now, out, side, RST | ACK);
        self.ends[side].ttl = own;
        if device.is_some() && side == SERVER { self.go(Phase::Reset(CLIENT), 40) } else { None }
    }

    fn repeat_into_silence(&mut self, now: Micros, out: &mut Output) -> Option<Micros> {
        self.piece(now, out, 0);
        self.stream.tries += 1;
        match SILENCE.get(usize::from(self.stream.tries)) {
            Some(&wait) => Some(wait),
            None => self.go(Phase::Reset(CLIENT), 2 * SILENCE[SILENCE.len() - 1]),
        }
    }

    fn finish(&mut self, now: Micros, out: &mut Output, step: u8, random: &mut Random) -> Option<Micros> {
        let first = match self.script.ending {
            Ending::Closed(side) => side,
            Ending::Cut(side) => return self.reset(now, out, side),
        };
        let side = if step == 1 { 1 - first } else { first };
        if step == 2 {
            self.segment(now, out, side, ACK);
            return None;
        }
        self.segment(now, out, side, FIN | ACK);
        self.stream.said[side] = self.stream.said[side].wrapping_add(1);
        let wait = self.stream.trips[1 - side] + random.below(400);
        self.go(Phase::Finish(step + 1), wait)
    }

    /// What fits in one segment.
    fn most(&self) -> usize {
        if self.ends[CLIENT].address.is_ipv4() { 1460 } else { 1440 }
    }

    /// Sends the segment of the current message that begins at `offset`; its length.
    fn piece(&mut self, now: Micros, out: &mut Output, offset: usize) -> usize {
        let Some(from) = self.say().map(|say| say.from) else { return 0 };
        let id = self.id(from);
        let (most, round, own) = (self.most(), self.place.round, self.own);
        let Some(say) = self.say() else { return 0 };
        let piece = &say.octets[offset..say.octets.len().min(offset + most)];
        let last = offset + piece.len() == say.octets.len();
        let segment = Segment {
            sequence: self.stream.said[from].wrapping_add(offset as u32),
            acknowledgement: self.stream.said[1 - from],
            flags: if last { ACK | PSH } else { ACK },
            window: WINDOW,
            options: &[],
        };
        let ends = (&self.ends[from], &self.ends[1 - from]);
        out.frame.tcp(ends, id, &segment, piece, |piece| say.fill(offset, piece, round, &own));
        out.write(now);
        let length = piece.len();
        self.stream.speaker = from;
        length
    }

    /// Sends a segment without payload.
    fn segment(&mut self, now: Micros, out: &mut Output, side: Side, flags: u8) {
        self.build(out, side, flags);
        out.write(now);
    }

    fn build(&mut self, out: &mut Output, side: Side, flags: u8) {
        let id = self.id(side);
        let speaks = |other: Side| if other == self.stream.speaker { self.stream.offset as u32 } else { 0 };
        let number = |other: Side| self.stream.said[other].wrapping_add(speaks(other));
        let heard = number(1 - side).wrapping_add(u32::from(flags & SYN != 0));
        let segment = Segment {
            sequence: number(side),
            acknowledgement: if flags & ACK == 0 { 0 } else { heard },
            flags,
            window: if flags & RST == 0 { WINDOW } else { 0 },
            options: match (flags & SYN != 0, self.ends[side].address.is_ipv4()) {
                (true, true) => &OPTIONS,
                (true, false) => &OPTIONS_6,
                _ => &[],
            },
        };
        out.frame.tcp((&self.ends[side], &self.ends[1 - side]), id, &segment, &[], |_| {});
    }
}

/// Segment size, window scale and selective acknowledgement, as Windows offers them.
const OPTIONS: [u8; 12] = [2, 4, 0x05, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2];
const OPTIONS_6: [u8; 12] = [2, 4, 0x05, 0xa0, 1, 3, 3, 8, 1, 1, 4, 2];
const WINDOW: u16 = 8_212;
/// How long Windows waits before it acknowledges what nobody answers.
const DELAYED: Micros = 40 * MILLIS;
/// When data are sent again that nobody acknowledges.
const SILENCE: [Micros; 5] = [300_000, 600_000, 1_200_000, 2_400_000, 4_800_000];
/// Octets of a packet that an error quotes at most.
const QUOTED: usize = 72;
