//! What is known of one flow when it is over, or so far.

use anyany_dissectors::Side;

use crate::decode::{IcmpError, Segment};
use crate::flow::half::{Half, TtlRange};
use crate::flow::history::History;
use crate::flow::lazy::{Lazy, blank, reads_through};
use crate::flow::{Endpoint, FlowKey, Moment, Transport};
use crate::time::{Span, Time};

/// How it is known which end is the initiator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oriented {
    /// It sent the first packet, and the ports do not tell either.
    FirstSender,
    /// The other port is the likelier service port.
    Ports,
    /// A SYN-ACK or an RPC endpoint said so.
    Answer,
    /// It sent the SYN.
    Syn,
}

/// One flow: one attempt of one host to talk to another, and what became of it.
// In this order: what every packet touches comes first, so that it lies in few cache lines.
#[repr(C)]
#[derive(Debug, Clone)]
pub struct Flow {
    /// Sorted five-tuple.
    pub key: FlowKey,
    /// Who called; printed as the client.
    pub initiator: Endpoint,
    /// Who was called; printed as the server.
    pub responder: Endpoint,
    /// Last packet.
    pub last: Moment,
    /// The initiator's first packet after the SYN-ACK that was not RST: the handshake is complete.
    pub established: Option<Moment>,
    /// RSTs in all.
    pub reset_count: u32,
    /// How many tunnels it was inside of.
    pub tunnels: u8,
    /// How sure the two lines above are.
    pub oriented: Oriented,
    /// Initiator's and responder's direction, by [`Side::index`].
    pub halves: [Lazy<Half>; 2],
    /// First packet.
    pub first: Moment,
    /// Zeek's letters.
    pub history: History,
    /// SYNs of the initiator; in UDP, datagrams sent before any answer.
    pub tries: Tries,
    /// SYN-ACKs of the responder.
    pub answers: Lazy<Tries>,
    /// In UDP, what the initiator asked first, before any answer.
    pub question: Option<Box<Question>>,
    pub(super) rare: Lazy<Rare>,
}

/// What most flows never see.
#[derive(Debug, Clone, Default)]
pub struct Rare {
    /// RSTs, the first few.
    pub resets: Vec<Reset>,
    /// Packets that a side sent after "its own" RST, not counting RSTs: strong against its being the sender.
    pub spoke_after_reset: [u32; 2],
    /// ICMP errors that quote this flow: the first few different ones.
    pub icmp: Vec<IcmpReport>,
    /// The silence that something broke, last seen.
    pub pause: Option<Pause>,
    /// The longest silence after which both sides still understood each other.
    pub survived: Option<Pause>,
}

blank!(Rare, Tries);
reads_through!(Flow.rare: Rare);

/// Times of repeated tries: the first few, the last, and how many.
#[derive(Debug, Clone, Default)]
pub struct Tries {
    /// All of them.
    pub count: u32,
    /// The first one.
    first: Option<Moment>,
    /// Where there are several: the next few in order, and the last one.
    more: Option<Box<([Option<Moment>; KEPT_TRIES - 1], Moment)>>,
}

/// What was asked in a datagram, and whether it was asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The same for the same words.
    pub mark: u64,
    /// When it was last asked.
    pub last: Time,
    /// How often it was asked again, word for word, after a wait: its sender had no answer.
    pub again: u32,
}

/// An RST, with all that helps to tell who sent it (see `reference/signatures.md`, b).
#[derive(Debug, Clone)]
pub struct Reset {
    /// In whose name it came.
    pub side: Side,
    /// When.
    pub moment: Moment,
    /// Its time to live.
    pub ttl: u8,
    /// Its IPv4 identification.
    pub ip_id: Option<u16>,
    /// Its window.
    pub window: u16,
    /// Its sequence number.
    pub sequence: u32,
    /// Its acknowledgement number, with ACK.
    pub acknowledgement: Option<u32>,
    /// The sequence number its sender would have used next, as far as it was seen.
    pub expected: Option<u32>,
    /// The usual times to live of the side in whose name it came, until then.
    pub usual_ttl: Option<TtlRange>,
    /// The IPv4 identification of that side's last other packet.
    pub usual_ip_id: Option<u16>,
    /// The window of that side's last other packet.
    pub usual_window: Option<u16>,
    /// The IPv4 identification of the other side's last packet, which a device may have copied.
    pub answered_ip_id: Option<u16>,
    /// Whether either side had sent FIN.
    pub after_fin: bool,
    /// Whether the handshake was complete, or the capture began behind it.
    pub mid_stream: bool,
}

/// An ICMP error about a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpReport {
    /// Who complains.
    pub sender: std::net::IpAddr,
    /// When.
    pub moment: Moment,
    /// About whose packet.
    pub about: Side,
    /// What.
    pub error: IcmpError,
}

/// A silence on an open flow.
#[derive(Debug, Clone, Copy)]
pub struct Pause {
    /// How long nothing was said.
    pub span: Span,
    /// The packet before it.
    pub before: Moment,
    /// The packet that broke it.
    pub after: Moment,
    /// Who broke it.
    pub by: Side,
    /// Whether the other side answered then.
    pub answered: bool,
}

impl Tries {
    pub(super) fn add(&mut self, moment: Moment) {
        self.count = self.count.saturating_add(1);
        if self.first.is_none() {
            self.first = Some(moment);
            return;
        }
        let (next, last) = &mut **self.more.get_or_insert_with(|| Box::new(([None; _], moment)));
        if let Some(slot) = next.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(moment);
        }
        *last = moment;
    }

    /// The first try.
    pub fn begin(&self) -> Option<Moment> {
        self.first
    }

    /// The last try.
    pub fn last(&self) -> Option<Moment> {
        self.more.as_ref().map(|more| more.1).or(self.first)
    }

    /// The first few tries, in order.
    pub fn first_few(&self) -> impl Iterator<Item = Moment> + Clone {
        let next = self.more.iter().flat_map(|more| more.0);
        self.first.into_iter().chain(next.flatten())
    }

    /// The tries that were kept, in order; the last one always among them.
    pub fn kept(&self) -> Vec<Moment> {
        let mut kept: Vec<Moment> = self.first_few().collect();
        if let Some(last) = self.last()
            && kept.last() != Some(&last)
        {
            kept.push(last);
        }
        kept
    }
}

impl Flow {
    /// A flow of which nothing but its first packet's place is known.
    pub fn new(key: FlowKey, initiator: Endpoint, responder: Endpoint, oriented: Oriented, first: Moment) -> Self {
        Self {
            key,
            initiator,
            responder,
            oriented,
            first,
            last: first,
            halves: <[Lazy<Half>; 2]>::default(),
            history: History::default(),
            tries: Tries::default(),
            answers: Lazy::default(),
            question: None,
            established: None,
            reset_count: 0,
            tunnels: 0,
            rare: Lazy::default(),
        }
    }

    /// Which side `source` is.
    pub fn side_of(&self, source: Endpoint) -> Side {
        if source == self.initiator { Side::Initiator } else { Side::Responder }
    }

    /// Address and port of a side.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Initiator => self.initiator,
            Side::Responder => self.responder,
        }
    }

    /// One direction.
    pub fn half(&self, side: Side) -> &Half {
        let [initiator, responder] = &self.halves;
        match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        }
    }

    /// Exchanges the sides: who was taken for the initiator turns out to be the responder.
    pub fn flip(&mut self) {
        std::mem::swap(&mut self.initiator, &mut self.responder);
        self.halves.reverse();
        self.history.flip();
        let Some(rare) = self.rare.get_mut() else { return };
        rare.spoke_after_reset.reverse();
        for reset in &mut rare.resets {
            reset.side = reset.side.other();
        }
        for report in &mut rare.icmp {
            report.about = report.about.other();
        }
        for pause in rare.pause.iter_mut().chain(&mut rare.survived) {
            pause.by = pause.by.other();
        }
    }

    pub(super) fn half_mut(&mut self, side: Side) -> &mut Half {
        self.kept_half(side)
    }

    /// One direction, if it was heard.
    pub(super) fn heard_half(&mut self, side: Side) -> Option<&mut Half> {
        self.kept_half(side).get_mut()
    }

    fn kept_half(&mut self, side: Side) -> &mut Lazy<Half> {
        let [initiator, responder] = &mut self.halves;
        match side {
            Side::Initiator => initiator,
            Side::Responder => responder,
        }
    }

    /// Whether either side said goodbye (FIN from both, or RST).
    pub fn is_over(&self) -> bool {
        self.reset_count > 0 || self.halves.iter().all(|half| half.fin.is_some())
    }

    /// Whether it went as it should and is over: answered, nothing repeated, lost, reset or complained of.
    pub(super) fn is_ordinary(&self) -> bool {
        let both = self.halves.iter().all(|half| half.packets > 0 && half.is_whole());
        let over = match self.key.transport {
            Transport::Tcp => self.answers.count == 1 && self.established.is_some() && self.is_over(),
            // A question and its answer; not media, nor what beats.
            Transport::Udp => self.halves.iter().map(|half| half.packets).sum::<u64>() <= 4,
            Transport::Icmp => false,
        };
        both && over && self.tries.count == 1 && self.rare.is_blank() && self.reset_count == 0 && self.tunnels == 0
    }

    /// First SYN to first SYN-ACK, in capture time at the vantage point. `None` while unanswered, or
    /// when the SYN was repeated and it cannot be told which one was answered.
    pub fn connect_time(&self) -> Option<Span> {
        let (syn, answer) = (self.tries.begin()?, self.answers.begin()?);
        let span = answer.time.since(syn.time);
        (self.tries.count == 1 && span.0 >= 0).then_some(span)
    }

    /// Whether a SYN or SYN-ACK begins another attempt on the same five-tuple rather than belonging to this one.
    pub(super) fn is_another_attempt(&self, side: Side, segment: &Segment<'_>, moment: Moment) -> bool {
        if segment.control.ack() {
            self.is_answer_to_another(side, segment, moment)
        } else {
            self.is_another_call(side, segment, moment)
        }
    }

    fn is_another_call(&self, side: Side, syn: &Segment<'_>, moment: Moment) -> bool {
        let (own, other) = (self.half(side), self.half(side.other()));
        let next = Some(syn.sequence.wrapping_add(1));
        match own.isn {
            Some(isn) if isn != syn.sequence => true,
            // Some stacks always begin with the same number.
            Some(_) => self.is_done() && !self.is_young(moment),
            // The SYN that this answer was for, sent again because the answer did not arrive.
            None if other.isn.is_some() && other.acknowledged == next && self.established.is_none() => false,
            // Captured out of order: the handshake's own later packets came first.
            None if own.next_sequence == next || other.acknowledged == next => !self.is_young(moment),
            // Both open at once (RFC 9293 §3.5, figure 7).
            None => !(self.is_young(moment) && other.isn.is_some() && self.answers.count == 0 && !self.is_over()),
        }
    }

    fn is_answer_to_another(&self, side: Side, answer: &Segment<'_>, moment: Moment) -> bool {
        let (own, other) = (self.half(side), self.half(side.other()));
        let next = Some(answer.sequence.wrapping_add(1));
        match (other.isn, own.isn) {
            (Some(isn), _) if isn.wrapping_add(1) == answer.acknowledgement => false,
            (Some(_), own) => self.is_over() || own.is_some_and(|own| own != answer.sequence),
            // One direction only: its own number tells attempts apart.
            (None, Some(own)) => own != answer.sequence || (self.is_done() && !self.is_young(moment)),
            (None, None) => !(self.is_young(moment) && (own.next_sequence == next || other.acknowledged == next)),
        }
    }

    /// Whether both sides understood each other and said goodbye.
    fn is_done(&self) -> bool {
        self.established.is_some() && self.is_over()
    }

    /// Whether this is so near its beginning that packets of the handshake may still be on their way here.
    fn is_young(&self, moment: Moment) -> bool {
        moment.time.since(self.first.time).length() < Span::seconds(1)
    }

    /// The initiator asks in a datagram, and had no answer yet.
    pub(super) fn ask(&mut self, mark: u64, time: Time) {
        match &mut self.question {
            None => self.question = Some(Box::new(Question { mark, last: time, again: 0 })),
            Some(question) if question.mark == mark => {
                if time.since(question.last) >= WAITED {
                    question.again = question.again.saturating_add(1);
                }
                question.last = time;
            }
            Some(_) => {}
        }
    }

    /// Takes an ICMP error that quotes a packet of `about`. Of those that say the same the first is kept.
    pub(super) fn icmp_error(&mut self, report: IcmpReport) {
        let same = |known: &IcmpReport| {
            (known.sender, known.about, known.error.kind, known.error.code)
                == (report.sender, report.about, report.error.kind, report.error.code)
        };
        if self.icmp.len() < KEPT_ICMP && !self.icmp.iter().any(same) {
            self.icmp.push(report);
        }
    }
}

/// Who asks again sooner sends the same to several addresses, or twice to be sure; no resolver gives up so soon.
pub const WAITED: Span = Span::millis(400);
/// Tries kept with their times.
const KEPT_TRIES: usize = 6;
/// Resets kept: three answers to one Windows attempt, and one more.
pub(super) const KEPT_RESETS: usize = 4;
/// ICMP errors kept.
const KEPT_ICMP: usize = 4;
