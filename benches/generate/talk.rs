//! A conversation that goes on: one packet for each step, and when the next one is due.

use std::rc::Rc;

use super::frame::{End, Frame};
use super::random::Random;
use super::script::{CLIENT, Carrier, MILLIS, Micros, SECOND, Say, Script, Side};
use super::tcp::Stream;
use super::writer::Writer;

/// What the network does to a conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing that a host could not mend.
    None,
    /// Drops each SYN; each request, where there are none.
    Dropped,
    /// Answers each SYN with RST in the server's name, with this time to live.
    Rejected { ttl: u8 },
    /// Answers each SYN by ICMP, from this router.
    Prohibited { router: End },
    /// Drops each answer to a SYN.
    AnswerDropped,
    /// After so many messages, answers the client's next one with RST to both, with this time to live.
    Reset { says: u32, ttl: u8 },
    /// After so many messages, drops all that the client sends.
    Silenced { says: u32 },
    /// Not the network: nothing listens there, and the host says so.
    Closed,
    /// Loses the first packet, as happens.
    FirstLost,
}

/// Where packets go.
#[derive(Debug)]
pub struct Output {
    pub frame: Frame,
    pub writer: Writer,
}

impl Output {
    /// Writes the frame that was built last.
    pub fn write(&mut self, now: Micros) {
        self.writer.frame(now, self.frame.octets());
    }
}

/// A conversation between two ends that follows a script.
#[derive(Debug)]
pub struct Talk {
    pub script: Rc<Script>,
    pub ends: [End; 2],
    pub fault: Fault,
    /// How often the middle of the script is said.
    pub rounds: u64,
    /// Pauses before the client's messages of the middle, in hundredths of the script's.
    pub pace: u64,
    /// Numbers of this conversation, for blanks.
    pub own: [u64; 4],
    /// Data that are lost and sent again, or overtaken: once in so many segments. 0: never.
    pub trouble: u64,
    /// Segments that are acknowledged together.
    pub acknowledged_together: u8,
    /// Packets that may come of it, where the script's own bound is too wide.
    pub promise: Option<u64>,
    /// IP identification that each side used last.
    pub ids: [u16; 2],
    pub(super) place: Place,
    pub(super) stream: Stream,
    tries: u32,
}

/// Where in its script a conversation is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    part: u8,
    say: u16,
    pub round: u64,
    /// Messages said so far.
    pub says: u32,
}

impl Talk {
    /// A conversation without trouble.
    pub fn new(script: &Rc<Script>, ends: [End; 2], rounds: u64, random: &mut Random) -> Self {
        let mut talk = Self {
            script: Rc::clone(script),
            ends,
            fault: Fault::None,
            rounds,
            pace: 100,
            own: [random.next(), random.next(), random.next(), random.next()],
            trouble: 500,
            acknowledged_together: 2,
            promise: None,
            ids: [random.short(), random.short()],
            place: Place::default(),
            stream: Stream::new(random),
            tries: 0,
        };
        talk.settle();
        talk
    }

    /// An upper bound for the packets that will come of it.
    pub fn packets(&self) -> u64 {
        self.promise.unwrap_or_else(|| self.script.packets(self.rounds))
    }

    /// Sends the packet that is due, and says how long the next one takes; `None` when it was the last.
    pub fn step(&mut self, now: Micros, out: &mut Output, random: &mut Random) -> Option<Micros> {
        match self.script.carrier {
            Carrier::Tcp => self.tcp(now, out, random),
            Carrier::Udp | Carrier::Echo => self.datagram(now, out, random),
        }
    }

    /// The message that comes next.
    pub(super) fn say(&self) -> Option<&Say> {
        let script = &self.script;
        let part = match self.place.part {
            0 => &script.opening,
            1 => &script.middle,
            _ => &script.closing,
        };
        part.get(usize::from(self.place.say))
    }

    /// The message is said: on to the next.
    pub(super) fn advance(&mut self) {
        self.place.say += 1;
        self.place.says += 1;
        self.settle();
    }

    /// Leaves parts of which nothing is left to say.
    fn settle(&mut self) {
        while self.say().is_none() && self.place.part <= 2 {
            self.place.say = 0;
            match self.place.part {
                1 if self.place.round + 1 < self.rounds && !self.script.middle.is_empty() => self.place.round += 1,
                0 if self.rounds == 0 => self.place.part = 2,
                part => self.place.part = part + 1,
            }
        }
    }

    /// How long the next message is thought about.
    pub(super) fn thinks(&self, random: &mut Random) -> Micros {
        let Some(say) = self.say() else { return random.between(200, 2_000) };
        let pace = if self.place.part == 1 && say.from == CLIENT { self.pace } else { 100 };
        let mean = (say.after * pace / 100).max(20);
        // Long pauses are somebody's timer or the length of a call.
        let varies = mean.min(LONG);
        mean - varies / 2 + random.below(varies)
    }

    /// The next IP identification of a side.
    pub(super) fn id(&mut self, side: Side) -> u16 {
        // 0 would say that there is none.
        self.ids[side] = self.ids[side].wrapping_add(1).max(1);
        self.ids[side]
    }

    fn datagram(&mut self, now: Micros, out: &mut Output, random: &mut Random) -> Option<Micros> {
        let from = self.say()?.from;
        let id = self.id(from);
        let say = self.say()?;
        let ends = (&self.ends[from], &self.ends[1 - from]);
        if self.script.carrier == Carrier::Echo {
            out.frame.echo(ends, id, from == CLIENT, self.place.round as u16 + 1, &say.octets);
        } else {
            out.frame.udp(ends, id, &say.octets, |payload| say.fill(0, payload, self.place.round, &self.own));
        }
        out.write(now);
        self.tries += 1;
        let tries = match self.fault {
            Fault::Dropped => RETRIES.len() + 1,
            Fault::FirstLost => 2,
            _ => 1,
        };
        if self.tries < tries as u32 {
            return Some(RETRIES[self.tries as usize - 1]);
        }
        if self.fault == Fault::Dropped {
            return None;
        }
        self.advance();
        self.say()?;
        Some(self.thinks(random))
    }
}

/// From here on pauses vary by half of this only.
const LONG: Micros = 200 * MILLIS;
/// When a resolver or a Kerberos client asks again.
const RETRIES: [Micros; 3] = [SECOND, SECOND, 2 * SECOND];
