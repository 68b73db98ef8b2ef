//! Connections that were established and then failed (signatures.md b, c, e, f, g, h, n).
//!
//! What these rules share: one side repeats itself, the other acknowledges nothing, and the capture
//! could have seen it if it had. That is [`Quiet`]. Whether the quiet side still lives is [`Peer`].

pub(super) mod bind;
pub(super) mod idle;
pub(super) mod overload;
pub(super) mod pmtu;
pub(super) mod slow;
pub(super) mod stall;
mod timers;
pub(super) mod tls;

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyany_dissectors::Side;

use crate::diagnose::context::Voice;
use crate::diagnose::presence::Presence;
use crate::diagnose::{Attribution, Context, Evidence, Judgement};
use crate::flow::{Flow, Moment, Outcome, Transport};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// What is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Payload.
    Data,
    /// The end of the stream, and nothing else.
    Fin,
    /// The question whether the other side is still there.
    KeepAlive,
}

/// One side of an established connection repeats itself, and nothing that it sends is acknowledged.
#[derive(Debug, Clone, Copy)]
struct Quiet {
    /// Who repeats.
    speaker: Side,
    /// What.
    what: What,
    /// The first packet of which nothing was acknowledged.
    since: Moment,
    /// The last repetition.
    last: Moment,
    /// Repetitions.
    repeats: u32,
    /// Packets of the other side that came meanwhile and acknowledged nothing.
    heard: u32,
}

impl Quiet {
    /// Reads it from a conversation. `None` where the other side answers, has said goodbye, has no room,
    /// was not captured, or might yet have answered when the capture ended.
    fn of(context: &Context<'_>, conversation: &Conversation) -> Option<Self> {
        let flow = &conversation.flow;
        let both = flow.halves.iter().all(|half| half.packets > 0);
        let complete = flow.established.is_some() || (flow.tries.count == 0 && flow.answers.count == 0);
        if flow.key.transport != Transport::Tcp || !both || !complete || context.one_way {
            return None;
        }
        [Side::Initiator, Side::Responder].into_iter().find_map(|speaker| {
            let quiet = Self::on(flow, speaker)?;
            quiet.is_beyond_doubt(context, flow).then_some(quiet)
        })
    }

    fn on(flow: &Flow, speaker: Side) -> Option<Self> {
        let half = flow.half(speaker);
        if let (Some(repeated), Some(since)) = (half.delivery.repeated.as_deref(), half.delivery.open_since) {
            let what = if repeated.largest > 0 { What::Data } else { What::Fin };
            let (repeats, heard, last) = (repeated.count, repeated.heard, repeated.last);
            return Some(Self { speaker, what, since, last, repeats, heard });
        }
        let (since, last) = (half.tail_since?, half.last?);
        let asks = half.keep_alives > 0 && half.delivery.open_since.is_none();
        asks.then_some(Self {
            speaker,
            what: What::KeepAlive,
            since,
            last,
            repeats: half.tail_retransmissions,
            heard: 0,
        })
    }

    fn is_beyond_doubt(&self, context: &Context<'_>, flow: &Flow) -> bool {
        let (speaker, quiet) = (flow.half(self.speaker), flow.half(self.speaker.other()));
        let over = |side| flow.resets.iter().find(|reset| reset.side == side);
        // It said goodbye before, or has no room for more: its own program's affair. Who says goodbye after
        // a while of silence gave up waiting.
        let before = |moment: Moment| moment.time.since(self.since.time) < PATIENCE;
        let left =
            quiet.fin.is_some_and(before) || over(self.speaker.other()).is_some_and(|reset| before(reset.moment));
        if left || quiet.window == 0 {
            return false;
        }
        // A router says that the host cannot be reached.
        if flow.icmp.iter().any(|report| report.about == self.speaker && report.is_undeliverable()) {
            return false;
        }
        // Its packets reached the speaker without being captured, so its acknowledgements may have, too.
        if quiet.unseen > 0 || context.loss.share() > MOST_LOSS {
            return false;
        }
        // The speaker went on to something new: it knows more than the capture.
        if speaker.last_new_data.is_some_and(|data| data.time > self.last.time) {
            return false;
        }
        if self.repeats < FEWEST_REPEATS || self.last.time.since(self.since.time) < SHORTEST {
            return false;
        }
        let end = context.trace.covered.map_or(flow.last.time, |(_, end)| end);
        // Where the last repetition had not its time, those before it had.
        let had_time = end.since(self.last.time) >= ROUND_TRIP || self.repeats > FEWEST_REPEATS;
        let waited = end.since(self.since.time) >= ENOUGH && had_time;
        waited || over(self.speaker).is_some()
    }

    /// Address of who repeats.
    fn speaker(&self, flow: &Flow) -> IpAddr {
        flow.endpoint(self.speaker).address
    }

    /// Address of who is not heard.
    fn quiet(&self, flow: &Flow) -> IpAddr {
        flow.endpoint(self.speaker.other()).address
    }

    /// "10.0.0.1 repeats its data 5 times over 6.8 s and gets no acknowledgement of 10.0.0.2".
    fn sentence(&self, flow: &Flow) -> String {
        let what = match self.what {
            What::Data => "its data",
            What::Fin => "its FIN",
            What::KeepAlive => "its keep-alive",
        };
        format!(
            "{} repeats {what} {} times over {:.1} s and gets no acknowledgement of {}",
            self.speaker(flow),
            self.repeats,
            self.last.time.since(self.since.time).as_seconds(),
            self.quiet(flow)
        )
    }

    /// Adds the packets that show it.
    fn show(&self, mut judgement: Judgement, flow: &Flow) -> Judgement {
        let last_heard = flow.half(self.speaker.other()).last;
        if let Some(heard) = last_heard.filter(|heard| heard.time <= self.since.time) {
            let note = format!("last packet of {} in this connection", self.quiet(flow));
            judgement = judgement.frame(heard, note);
        }
        judgement
            .frame(self.since, "first packet that is not acknowledged")
            .frame(self.last, format!("its repetition number {}", self.repeats))
    }
}

/// Whether the quiet side still lives, and how that is known.
#[derive(Debug, Clone, Default)]
struct Peer {
    /// It goes on sending in this very connection.
    in_this: u32,
    /// Ports on which the same two hosts understood each other after the silence began.
    ports: BTreeSet<u16>,
    /// A packet of a connection that began before the silence and went on after: it was not restarted.
    outlived: Option<Moment>,
    /// It was heard, by anyone, while the speaker went on repeating.
    during: bool,
    /// The connection was new: the host had answered a moment before the silence, and was heard again soon.
    fresh: bool,
    /// It was heard soon after the silence began, by anyone.
    soon: bool,
    /// The packet nearest to the silence.
    voice: Option<Voice>,
}

impl Peer {
    fn of(context: &Context<'_>, conversation: &Conversation, quiet: &Quiet) -> Self {
        let flow = &conversation.flow;
        let (address, since) = (quiet.quiet(flow), quiet.since.time);
        // A goodbye behind the last repetition says that it is back, not that it was there.
        let goodbye = flow.half(quiet.speaker.other()).fin.is_some_and(|fin| fin.time > quiet.last.time);
        let mut peer = Self { in_this: quiet.heard.saturating_sub(u32::from(goodbye)), ..Self::default() };
        // What fell silent likewise says nothing.
        let talks = |other: &&Conversation| other.flow.first != flow.first && other.outcome != Outcome::Stalled;
        for other in context.of_pair(conversation).filter(talks) {
            let side = if other.flow.initiator.address == address { Side::Initiator } else { Side::Responder };
            let Some(last) = other.flow.half(side).last.filter(|last| last.time > since) else { continue };
            if peer.ports.len() < MOST_NAMED {
                peer.ports.insert(other.flow.responder.port);
            }
            if other.flow.first.time < since {
                peer.outlived.get_or_insert(last);
                peer.during |= goes_on(&other.flow, side, quiet.last.time.since(since)) && last.time > quiet.last.time;
            }
        }
        peer.during |= context.spoke_between(address, since, quiet.last.time);
        let there = context.presence(flow.endpoint(quiet.speaker.other()), since, quiet.last.time);
        peer.soon = context.heard_within(address, since, SOON) && !matches!(there, Presence::Gone(_));
        peer.fresh = peer.soon && flow.established.is_some_and(|moment| since.since(moment.time) < ROUND_TRIP);
        let voice = context.voice(address, quiet.speaker(flow), since.plus(SOON));
        peer.voice = voice.filter(|voice| voice.time > since);
        peer
    }

    /// It lived while the speaker repeated itself. A host that is heard again only later may have been away,
    /// or been restarted and know no old connections.
    fn lives(&self) -> bool {
        self.in_this > 0 || self.during
    }

    /// How much surer this makes a block, at most 0.25.
    fn weight(&self) -> f64 {
        let of = |holds: bool, weight: f64| if holds { weight } else { 0.0 };
        (of(self.in_this > 0, 0.15) + of(!self.ports.is_empty(), 0.1) + of(self.outlived.is_some(), 0.1)).min(0.25)
    }

    /// Adds what is known of its life, and the alternative that it does not exclude.
    fn show(&self, mut judgement: Judgement, address: IpAddr) -> Judgement {
        if self.in_this > 0 {
            judgement = judgement.because(format!(
                "{address} is alive: it sends {} more packets in this very connection, and acknowledges nothing new",
                self.in_this
            ));
        }
        if !self.ports.is_empty() {
            let ports: Vec<_> = self.ports.iter().map(u16::to_string).collect();
            judgement = judgement.because(format!("the same hosts talk on port {} after that", ports.join(", ")));
        } else if let Some(voice) = self.voice {
            judgement = judgement.because(format!("{address} is alive: it was heard at {}", voice.time.rfc3339(0)));
        }
        if let Some(outlived) = self.outlived {
            let note = format!("a connection of {address} that began before the silence goes on");
            judgement = judgement.frame(outlived, note);
        } else if let Some(voice) = self.voice {
            let note = format!("sign of life of {address}, in a conversation on port {}", voice.port);
            judgement.evidence.push(Evidence { frame: voice.frame, note });
        }
        judgement.or(
            "the host was restarted, and its firewall hides that it does not know the connection",
            if self.outlived.is_some() || self.in_this > 0 {
                "other connections of it that were open at that time went on"
            } else {
                ""
            },
            "",
        )
    }
}

/// Whether a connection that spans the silence was never still for so long, and nothing in it had to be
/// sent again: then `side` spoke meanwhile.
fn goes_on(flow: &Flow, side: Side, window: Span) -> bool {
    let still = [flow.pause, flow.survived].into_iter().flatten().any(|pause| pause.span >= window);
    !still && window > ROUND_TRIP && flow.half(side.other()).retransmissions == 0
}

/// Where packets are lost that were captured on their way to `to` and not acknowledged by it.
fn place(context: &Context<'_>, from: IpAddr, to: IpAddr) -> Attribution {
    match (context.hops(from), context.hops(to)) {
        (Some(1..), Some(0)) => Attribution::Endpoint,
        (Some(0), Some(0)) => Attribution::NetworkOrEndpoint,
        _ => Attribution::Network,
    }
}

/// The end of the trace, or of the flow where nothing else is known.
fn end(context: &Context<'_>, flow: &Flow) -> Time {
    context.trace.covered.map_or(flow.last.time, |(_, end)| end)
}

/// Repetitions that make silence of loss.
const FEWEST_REPEATS: u32 = 3;
/// They are spread over at least this time; less is a burst of loss.
const SHORTEST: Span = Span::seconds(1);
/// No program gives up waiting sooner.
const PATIENCE: Span = Span::seconds(3);
/// A connection that stands still for so long does not go on by itself.
const ENOUGH: Span = Span::seconds(5);
/// Nothing on one organization's network takes longer to come back.
const ROUND_TRIP: Span = Span::seconds(1);
/// A host that was heard again within this time had no time for a restart.
const SOON: Span = Span::seconds(60);
/// From this share of loss in the capture on, silence proves nothing.
const MOST_LOSS: f64 = 0.01;
/// Ports named in a reason.
const MOST_NAMED: usize = 8;
