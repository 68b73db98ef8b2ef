//! Media that a call promised and that never came (signatures.md o): one-way audio, or none.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyany_dissectors::Side;
use hashbrown::{HashMap, HashSet};

use super::calls::{Promise, promises};
use super::going_on;
use crate::diagnose::context::LIFE;
use crate::diagnose::path::Told;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Endpoint, Half, Moment, Transport};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// Every promised direction of which not one packet came, where it would have been seen.
pub(super) fn judge(context: &Context<'_>) -> Vec<Told> {
    let promises = promises(context.trace);
    let heard = Heard::new(context, &promises);
    promises.iter().filter_map(|promise| missing(context, &heard, promise)).collect()
}

fn missing(context: &Context<'_>, heard: &Heard<'_>, promise: &Promise) -> Option<Told> {
    if promise.stood() < SHORTEST || heard.came(promise) || !would_be_seen(context, promise) {
        return None;
    }
    let (sender, receiver) = (promise.sender, promise.receiver);
    let judgement = match heard.back(promise) {
        Some(back) => one_way(promise, back),
        None => both_ways(heard, promise)?,
    };
    let sign = sign_of_life(context, promise)?;
    let mut judgement = judgement
        .frame(promise.said, format!("{receiver} is promised to receive"))
        .frame(promise.from, "the call stands: answered and acknowledged")
        .frame(
            sign.flow.first,
            format!(
                "sign of life of {}: it talks to {} on port {}",
                promise.signalling.0, promise.signalling.1, sign.flow.responder.port
            ),
        )
        .or(
            format!("{} sends nothing, muted or broken", sender.address).as_str(),
            "",
            "some telephones send nothing at all while muted",
        );
    if !context.trace.ever_heard(sender.address) {
        judgement.confidence -= 0.1;
    }
    Some(Told {
        client: sender,
        server: receiver,
        transport: Transport::Udp,
        service: "rtp",
        attempts: 1,
        first: promise.from.time,
        last: promise.to,
        last_success: None,
        judgement,
    })
}

/// The other direction flows: the capture sees media of this call.
fn one_way(promise: &Promise, back: &Datagrams<'_>) -> Judgement {
    let judgement = Judgement::new(Kind::MediaBlocked, Attribution::NetworkOrEndpoint, 0.85)
        .because(promised(promise))
        .because(nothing_came(promise))
        .because(format!("the other direction flows: {} packets to {}", back.half.packets, promise.sender));
    match back.half.first {
        Some(first) => judgement.frame(first, "media of the other direction"),
        None => judgement,
    }
}

/// Neither direction flows: only a capture that sees other datagrams of the two, and the end of the
/// call, was not merely made of the signalling.
fn both_ways(heard: &Heard<'_>, promise: &Promise) -> Option<Judgement> {
    let other = heard.others(promise).filter(|_| promise.ended)?;
    let first = other.half.first?;
    let judgement = Judgement::new(Kind::MediaBlocked, Attribution::NetworkOrEndpoint, 0.7)
        .because(promised(promise))
        .because(nothing_came(promise))
        .because(format!("the capture sees other datagrams of these hosts, from {} to {}", other.from, other.to))
        .frame(first, "other datagrams of the same hosts");
    Some(judgement)
}

fn promised(promise: &Promise) -> String {
    format!("the call was answered, and its descriptions promise media from {} to {}", promise.sender, promise.receiver)
}

fn nothing_came(promise: &Promise) -> String {
    format!("the call stood for {:.1} s, and not one packet came", promise.stood().as_seconds())
}

/// One direction of a flow of datagrams.
#[derive(Debug, Clone, Copy)]
struct Datagrams<'a> {
    from: Endpoint,
    to: Endpoint,
    half: &'a Half,
    service: &'static str,
}

impl Datagrams<'_> {
    fn seen_between(&self, from: Time, to: Time) -> bool {
        let (first, last) = (self.half.first, self.half.last);
        first.is_some_and(|first| first.time <= to) && last.is_some_and(|last| last.time >= from)
    }

    /// Whether these went on for `span` while the call was there.
    fn lasts(&self, promise: &Promise, span: Span) -> bool {
        let within = |moment: Option<Moment>| moment.map(|moment| moment.time.max(promise.begun).min(promise.to));
        within(self.half.first).zip(within(self.half.last)).is_some_and(|(first, last)| last.since(first) >= span)
    }
}

/// All datagrams of a trace other than signalling, found by who sent them and who received them.
#[derive(Debug, Default)]
struct Heard<'a> {
    by_receiver: HashMap<Endpoint, Vec<Datagrams<'a>>>,
    by_sender: HashMap<Endpoint, Vec<Datagrams<'a>>>,
    by_hosts: HashMap<(IpAddr, IpAddr), Vec<Datagrams<'a>>>,
    /// Where any call promised media: what flows there belongs to that call.
    promised: HashSet<Endpoint>,
}

impl<'a> Heard<'a> {
    fn new(context: &Context<'a>, promises: &[Promise]) -> Self {
        let mut heard = Self::default();
        if promises.is_empty() {
            return heard;
        }
        heard.promised = promises.iter().flat_map(|promise| [promise.sender, promise.receiver]).collect();
        for one in &context.trace.conversations {
            let flow = &one.flow;
            if flow.key.transport != Transport::Udp || one.service == "sip" {
                continue;
            }
            let (initiator, responder) = (flow.initiator, flow.responder);
            for (side, from, to) in [(Side::Initiator, initiator, responder), (Side::Responder, responder, initiator)] {
                let datagrams = Datagrams { from, to, half: flow.half(side), service: one.service };
                heard.by_receiver.entry(to).or_default().push(datagrams);
                heard.by_sender.entry(from).or_default().push(datagrams);
                heard.by_hosts.entry((from.address, to.address)).or_default().push(datagrams);
            }
        }
        heard
    }

    /// Whether the promised media came after all, early ones included: to the promised port from
    /// anywhere, from the sender's own port to anywhere (ICE, NAT, a relay), or as what may be media
    /// between the two hosts on ports that no call named.
    fn came(&self, promise: &Promise) -> bool {
        let here = |datagrams: &Datagrams<'_>| datagrams.seen_between(promise.begun, promise.to);
        let may_be_media = |one: &Datagrams<'_>| {
            let of_another = self.promised.contains(&one.from) || self.promised.contains(&one.to);
            matches!(one.service, "rtp" | "rtcp" | "other") && !of_another
        };
        let arrived = self.by_receiver.get(&promise.receiver).into_iter().flatten().any(here);
        let left = self.by_sender.get(&promise.sender).into_iter().flatten().any(here);
        let mut between = self.between(promise);
        arrived || left || between.any(|one| here(&one) && may_be_media(&one))
    }

    /// Datagrams from any address of the sender to any of the receiver's.
    fn between<'b>(&'b self, promise: &Promise) -> impl Iterator<Item = Datagrams<'a>> + use<'a, 'b> {
        let senders = BTreeSet::from([promise.sender.address, promise.signalling.0]);
        let receivers = BTreeSet::from([promise.receiver.address, promise.signalling.1]);
        let pairs: Vec<_> = senders.iter().flat_map(|&from| receivers.iter().map(move |&to| (from, to))).collect();
        pairs.into_iter().filter_map(|pair| self.by_hosts.get(&pair)).flatten().copied()
    }

    /// Media of the other direction, to where the sender receives.
    fn back(&self, promise: &Promise) -> Option<&Datagrams<'a>> {
        let all = self.by_receiver.get(&promise.sender)?;
        all.iter().find(|one| one.seen_between(promise.begun, promise.to) && one.lasts(promise, SHORTEST))
    }

    /// Any datagrams between the two hosts about the time of the call.
    fn others(&self, promise: &Promise) -> Option<Datagrams<'a>> {
        let (from, to) = (promise.begun.minus(LIFE), promise.to.plus(LIFE));
        self.between(promise).find(|one| one.seen_between(from, to))
    }
}

/// Whether packets from the sender to the receiver pass this vantage point, behind the sender's own wire.
fn would_be_seen(context: &Context<'_>, promise: &Promise) -> bool {
    let pairs = [(promise.sender.address, promise.receiver.address), promise.signalling];
    let unseen = pairs.iter().any(|&(from, to)| context.unseen_direction(from, to));
    let hops = |address: IpAddr, other: IpAddr| context.hops(address).or_else(|| context.hops(other));
    let (of_sender, of_receiver) =
        (hops(promise.sender.address, promise.signalling.0), hops(promise.receiver.address, promise.signalling.1));
    let beside_sender = of_sender == Some(0) && of_receiver.is_some_and(|hops| hops > 0);
    // The media's own address belongs to who signals for it, or was heard here; to one that is neither, packets may
    // take another way.
    let known = |media: IpAddr, signalling: IpAddr| {
        context.roster.addresses(signalling).contains(&media) || context.alive(media, promise.from.time, promise.to)
    };
    !context.one_way
        && !unseen
        && !beside_sender
        && known(promise.sender.address, promise.signalling.0)
        && known(promise.receiver.address, promise.signalling.1)
}

/// A conversation in which the sender's packets to the receiver were captured around the call.
fn sign_of_life<'a>(context: &Context<'a>, promise: &Promise) -> Option<&'a Conversation> {
    let window = (promise.from.time, promise.to.plus(GOODBYE));
    let (sender, receiver) = (promise.sender.address, promise.receiver.address);
    let direct = going_on(context, sender, receiver, window).next();
    direct.or_else(|| going_on(context, promise.signalling.0, promise.signalling.1, window).next())
}

/// A call that stood for less may have ended before anyone spoke.
const SHORTEST: Span = Span::seconds(2);
/// The answer to a BYE comes after it.
const GOODBYE: Span = Span::seconds(1);
