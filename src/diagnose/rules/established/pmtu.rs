//! Large packets are lost, small ones pass: a path-MTU black hole (signatures.md g; RFC 2923 §2.1).

use anyany_dissectors::Side;

use super::{end, place};
use crate::diagnose::rules::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Flow, IcmpReport, Missing, Repeated, Transport};
use crate::observe::Conversation;
use crate::time::Span;

/// Decides whether size is what keeps a segment from arriving. Three views: the sender repeats it in full,
/// it passes once it is cut up, or (beside the receiver) it never arrives while smaller ones do.
pub(in crate::diagnose::rules) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    let both = flow.halves.iter().all(|half| half.packets > 0);
    if flow.key.transport != Transport::Tcp || !both || context.one_way {
        return Ruling::Pass;
    }
    let found = [Side::Initiator, Side::Responder].into_iter().find_map(|sender| {
        let direction = Direction { context, conversation, sender };
        direction.repeated().or_else(|| direction.shrunk()).or_else(|| direction.never_arrived())
    });
    found.map_or(Ruling::Pass, Ruling::Found)
}

/// One direction of a conversation.
struct Direction<'a> {
    context: &'a Context<'a>,
    conversation: &'a Conversation,
    sender: Side,
}

impl Direction<'_> {
    fn flow(&self) -> &Flow {
        &self.conversation.flow
    }

    /// The sender repeats a full-size segment; the receiver goes on answering what is smaller.
    fn repeated(&self) -> Option<Judgement> {
        let flow = self.flow();
        let (half, receiver) = (flow.half(self.sender), flow.half(self.sender.other()));
        let delivery = &half.delivery;
        let (repeated, since) = (**delivery.repeated.as_ref()?, delivery.open_since?);
        let at_full = repeated.count - repeated.smaller.min(repeated.count);
        let waits = end(self.context, flow).since(since.time) >= LONG_ENOUGH
            && repeated.last.time.since(since.time) >= SHORTEST;
        // Without a word of the receiver one large segment could have met any trouble, such as a timer.
        let after_pause = flow.pause.is_some_and(|pause| !pause.answered && pause.after.time < repeated.first.time);
        let receiver_lives = repeated.heard > 0
            || (!after_pause && self.small_ones_pass_after(&repeated) && self.others_are_stuck(repeated.largest));
        if at_full < FEWEST_REPEATS || !waits || !receiver_lives || receiver.unseen > 0 || receiver.window == 0 {
            return None;
        }
        // Who reset or left wants no more of it, whatever its size.
        let left = receiver.fin.is_some_and(|fin| fin.time < repeated.first.time);
        if left || flow.resets.iter().any(|reset| reset.side != self.sender) {
            return None;
        }
        let size = self.full_size(repeated.largest)?;
        let smaller = Some(self.largest_delivered()).filter(|delivered| (1..size).contains(delivered))?;
        let confidence = if repeated.heard > 0 { 0.88 } else { 0.75 };
        let judgement = self
            .judgement(confidence)
            .because(format!(
                "{} repeats a segment of {size} octets {at_full} times over {:.1} s and it is never acknowledged",
                self.from(),
                repeated.last.time.since(since.time).as_seconds()
            ))
            .because(format!("smaller ones, up to {smaller} octets, are acknowledged"));
        let judgement = if repeated.heard > 0 {
            judgement.because(format!("{} goes on answering, and asks for just this segment", self.to()))
        } else {
            judgement
        };
        Some(
            self.icmp(judgement)
                .frame(since, "since here nothing more is acknowledged")
                .frame(repeated.first, format!("{size} octets, first repetition"))
                .frame(repeated.last, format!("{size} octets, repetition number {}", repeated.count)),
        )
    }

    /// It was acknowledged as soon as it was sent in smaller pieces: the sender found the black hole.
    fn shrunk(&self) -> Option<Judgement> {
        let delivery = &self.flow().half(self.sender).delivery;
        let shrunk = **delivery.shrunk.as_ref()?;
        let at_full = shrunk.count - shrunk.smaller.min(shrunk.count);
        let slow = shrunk.last.time.since(shrunk.first.time) >= SHORTEST;
        let size = self.full_size(shrunk.largest)?;
        if at_full < FEWEST_REPEATS || !slow || self.largest_delivered() >= size {
            return None;
        }
        let judgement = self
            .judgement(0.85)
            .because(format!(
                "{} repeats a segment of {size} octets {at_full} times without an acknowledgement; cut into smaller pieces it passes",
                self.from()
            ))
            .because(format!("no packet of that size from {} to {} was ever acknowledged", self.from(), self.to()));
        Some(
            self.icmp(judgement)
                .frame(shrunk.first, format!("{size} octets, first repetition"))
                .frame(shrunk.last, "the same octets in smaller pieces"),
        )
    }

    /// Seen beside the receiver: what is missing is never filled and never acknowledged, and all that
    /// arrived from this sender was smaller than a full packet.
    fn never_arrived(&self) -> Option<Judgement> {
        let flow = self.flow();
        let (half, receiver) = (flow.half(self.sender), flow.half(self.sender.other()));
        let missing: Missing = *half.delivery.missing.as_deref()?;
        let full = receiver.options.and_then(|options| options.mss).map(u32::from)?;
        let waits = receiver.acknowledged == Some(missing.from)
            && receiver.last.is_some_and(|last| last.time > missing.since.time)
            && end(self.context, flow).since(missing.since.time) >= LONG_ENOUGH;
        let stays = receiver.last.is_some_and(|last| last.time.since(missing.since.time) >= LONG_ENOUGH)
            || (flow.resets.is_empty() && receiver.fin.is_none());
        let whole_packets = missing.octets() >= full.saturating_sub(OPTIONS) && full >= SMALLEST_FULL;
        if !waits || !stays || !whole_packets || half.unseen > 0 {
            return None;
        }
        let largest = self.pair_max(|half| half.largest_payload);
        if largest.saturating_add(OPTIONS) >= full {
            return None;
        }
        let mut judgement = self.judgement(0.7);
        judgement.attribution = Attribution::Network; // beside the receiver they did not arrive
        let judgement = judgement
            .because(format!(
                "{} octets from {} never arrive, and {} does not acknowledge them; the smaller packet behind them does arrive",
                missing.octets(),
                self.from(),
                self.to()
            ))
            .because(format!(
                "no packet from {} to {} carries more than {largest} octets, although {full} were agreed on",
                self.from(),
                self.to()
            ));
        Some(self.icmp(judgement).frame(missing.since, "the packet behind those that never arrive"))
    }

    /// The size of a packet that fills the path, if this is one.
    fn full_size(&self, payload: u32) -> Option<u32> {
        let mss = self.flow().half(self.sender.other()).options.and_then(|options| options.mss).map(u32::from);
        let full = match mss {
            // A larger one was cut up later by the network card: which piece is lost is not known.
            Some(mss) => payload <= mss && payload.saturating_add(OPTIONS) >= mss && payload >= SMALLEST_FULL,
            None => (ETHERNET_FULL..=ETHERNET_LARGEST).contains(&payload),
        };
        full.then_some(payload)
    }

    /// The largest payload from this sender to this receiver that was ever acknowledged, in any conversation.
    fn largest_delivered(&self) -> u32 {
        self.pair_max(|half| half.delivery.largest_acknowledged)
    }

    fn pair_max(&self, of: impl Fn(&crate::flow::Half) -> u32) -> u32 {
        let (flow, from) = (self.flow(), self.from());
        let side = |flow: &Flow| if flow.initiator.address == from { Side::Initiator } else { Side::Responder };
        let others = self.context.of_pair(self.conversation).map(|other| of(other.flow.half(side(&other.flow))));
        others.max().unwrap_or(0).max(of(flow.half(self.sender)))
    }

    /// Another connection between the two, begun after the repetitions did, delivers what is small.
    fn small_ones_pass_after(&self, repeated: &Repeated) -> bool {
        let (to, from) = (self.to(), self.from());
        self.context.of_pair(self.conversation).any(|other| {
            let side = if other.flow.initiator.address == from { Side::Initiator } else { Side::Responder };
            let delivered = other.flow.half(side).delivery.largest_acknowledged > 0;
            other.flow.first.time > repeated.first.time && delivered && other.flow.endpoint(side.other()).address == to
        })
    }

    /// Another connection between the two repeats a segment as large.
    fn others_are_stuck(&self, length: u32) -> bool {
        let from = self.from();
        self.context.of_pair(self.conversation).filter(|other| other.flow.first != self.flow().first).any(|other| {
            let side = if other.flow.initiator.address == from { Side::Initiator } else { Side::Responder };
            other.flow.half(side).delivery.repeated.as_ref().is_some_and(|repeated| repeated.largest >= length)
        })
    }

    fn from(&self) -> std::net::IpAddr {
        self.flow().endpoint(self.sender).address
    }

    fn to(&self) -> std::net::IpAddr {
        self.flow().endpoint(self.sender.other()).address
    }

    fn judgement(&self, confidence: f64) -> Judgement {
        let attribution = place(self.context, self.from(), self.to());
        Judgement::new(Kind::PmtuBlackHole, attribution, confidence).or(
            "one packet is dropped for what is in it, by an intrusion prevention system",
            "no packet of this size passes",
            "",
        )
    }

    /// Says what ICMP said, or that it said nothing.
    fn icmp(&self, mut judgement: Judgement) -> Judgement {
        let report = self.flow().icmp.iter().find(|report| report.about == self.sender && too_big(report));
        let Some(report) = report else {
            return judgement.because("no ICMP message that asks for smaller packets was captured");
        };
        judgement.attribution = Attribution::NetworkOrEndpoint;
        let (sender, from) = (report.sender, self.from());
        judgement
            .because(format!("{sender} asks for smaller packets by ICMP, and {from} does not heed it"))
            .frame(report.moment, "ICMP asks for smaller packets")
    }
}

/// "Fragmentation needed" (RFC 792) and "packet too big" (RFC 4443 §3.2).
fn too_big(report: &IcmpReport) -> bool {
    matches!((report.error.v6, report.error.kind, report.error.code), (false, 3, 4) | (true, 2, 0))
}

/// Repetitions at full size that are no mere loss.
const FEWEST_REPEATS: u32 = 3;
/// They are spread over at least this time.
const SHORTEST: Span = Span::seconds(1);
/// Nothing was acknowledged for so long.
const LONG_ENOUGH: Span = Span::seconds(3);
/// Octets that TCP options may take of a segment's payload, and a little more.
const OPTIONS: u32 = 52;
/// Smaller segments pass everywhere (RFC 879, RFC 9293 §3.7.1).
const SMALLEST_FULL: u32 = 1000;
/// What full packets carry on Ethernet, tunnels and options deducted.
const ETHERNET_FULL: u32 = 1360;
/// What they carry at most.
const ETHERNET_LARGEST: u32 = 1460;
