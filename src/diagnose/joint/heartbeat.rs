//! Cluster heartbeats that are missing in one direction, or in both, while the pair goes on talking
//! (signatures.md o).

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyany_dissectors::Side;

use super::{going_on, side_between};
use crate::diagnose::path::Told;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{Endpoint, Moment, Transport};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// Every direction between two nodes in which heartbeats are missing.
pub(super) fn judge(context: &Context<'_>) -> Vec<Told> {
    let mut told = Vec::new();
    for ((low, high), beats) in pairs(context) {
        let [from_low, from_high] = &beats;
        let found = match (missing_beside(from_low, from_high), missing_beside(from_high, from_low)) {
            (Some(gap), None) => one_way(context, (low, high), from_low, gap).into_iter().collect(),
            (None, Some(gap)) => one_way(context, (high, low), from_high, gap).into_iter().collect(),
            _ => both_ways(context, (low, high), &beats),
        };
        told.extend(found);
    }
    told
}

/// The heartbeats of one direction.
#[derive(Debug, Default)]
struct Beats<'a> {
    flows: Vec<&'a Conversation>,
    packets: u64,
    first: Option<Moment>,
    last: Option<Moment>,
    /// Whether the first few came evenly, as far as their times were kept.
    uneven: bool,
}

/// A stretch without heartbeats.
#[derive(Debug, Clone, Copy)]
struct Gap {
    from: Time,
    to: Time,
    /// Between the heartbeats that went on.
    interval: Span,
    /// The last one of the direction that fell silent. `None`: not one was seen.
    before: Option<Moment>,
}

/// Heartbeats by pair of nodes, the lower address first; by direction.
fn pairs<'a>(context: &Context<'a>) -> BTreeMap<(IpAddr, IpAddr), [Beats<'a>; 2]> {
    let mut pairs: BTreeMap<(IpAddr, IpAddr), [Beats<'a>; 2]> = BTreeMap::new();
    for one in &context.trace.conversations {
        let flow = &one.flow;
        let heartbeat = [flow.initiator.port, flow.responder.port].contains(&HEARTBEAT);
        if flow.key.transport != Transport::Udp || !heartbeat {
            continue;
        }
        let (initiator, responder) = (flow.initiator.address, flow.responder.address);
        let pair = (initiator.min(responder), initiator.max(responder));
        if pair.0 == pair.1 || is_group(initiator) || is_group(responder) {
            continue;
        }
        let beats = pairs.entry(pair).or_default();
        for (direction, host) in beats.iter_mut().zip([pair.0, pair.1]) {
            let side = if host == initiator { Side::Initiator } else { Side::Responder };
            direction.add(one, side);
        }
    }
    pairs
}

impl<'a> Beats<'a> {
    fn add(&mut self, one: &'a Conversation, side: Side) {
        let half = one.flow.half(side);
        let (Some(first), Some(last)) = (half.first, half.last) else { return };
        self.flows.push(one);
        self.packets += half.packets;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
        if side == Side::Initiator {
            let times = one.flow.tries.first_few();
            let spans: Vec<i64> = times.clone().zip(times.skip(1)).map(|(a, b)| b.time.since(a.time).0).collect();
            let (least, most) = (spans.iter().min().copied(), spans.iter().max().copied());
            self.uneven |=
                spans.len() >= 3 && least.zip(most).is_some_and(|(least, most)| most > least.saturating_mul(4));
        }
    }

    /// The time from one heartbeat to the next, when they came steadily and often enough.
    fn interval(&self) -> Option<Span> {
        let (first, last) = (self.first?, self.last?);
        let intervals = i64::try_from(self.packets.checked_sub(1)?).ok().filter(|&count| count >= INTERVALS)?;
        let interval = Span(last.time.since(first.time).0 / intervals);
        (!self.uneven && interval >= SHORTEST && interval <= LONGEST).then_some(interval)
    }

    fn refused(&self) -> bool {
        self.flows.iter().any(|one| !one.flow.icmp.is_empty())
    }
}

/// How long `silent` has been missing while `going` went on.
fn missing_beside(going: &Beats<'_>, silent: &Beats<'_>) -> Option<Gap> {
    let interval = going.interval()?;
    let (begin, to) = (going.first?.time, going.last?.time);
    let from = silent.last.map_or(begin, |last| last.time.max(begin));
    long_enough(from, to, interval).then_some(Gap { from, to, interval, before: silent.last })
}

fn long_enough(from: Time, to: Time, interval: Span) -> bool {
    // Faster heartbeats are no reason to hurry: a second of loss is not a rule.
    to.since(from) >= Span(interval.0.max(SECOND.0).saturating_mul(INTERVALS))
}

/// `going` sends, `silent` does not, and is alive to `going` all the same.
fn one_way(context: &Context<'_>, (going, silent): (IpAddr, IpAddr), beats: &Beats<'_>, gap: Gap) -> Option<Told> {
    // An ICMP error answers the heartbeats: nothing listens there, and nothing will be sent from there.
    if beats.refused() || !would_be_seen(context, silent, going) {
        return None;
    }
    let sign = going_on(context, silent, going, (gap.from, gap.to)).find(|one| !is_heartbeat(one))?;
    let seconds = gap.to.since(gap.from).as_seconds();
    let mut judgement = Judgement::new(Kind::HeartbeatBlocked, Attribution::NetworkOrEndpoint, 0.8)
        .because(format!(
            "{going} sends a heartbeat every {:.1} s to {silent}, {} in all",
            gap.interval.as_seconds(),
            beats.packets
        ))
        .because(match gap.before {
            None => format!("not one heartbeat of {silent} comes to {going} in {seconds:.0} s"),
            Some(last) => {
                format!("the last heartbeat of {silent} came at {}, then none for {seconds:.0} s", last.time.rfc3339(0))
            }
        })
        .because(format!("{silent} is up and talks to {going} on port {} meanwhile", sign.flow.responder.port));
    if cluster_works(context, silent, going, gap) {
        judgement.confidence = 0.9;
        judgement = judgement.because(format!("the cluster service of {silent} answers over TCP at that time"));
    }
    if let Some(first) = beats.first {
        judgement = judgement.frame(first, format!("heartbeat of {going}, which goes on"));
    }
    Some(finish(judgement, silent, going, gap, sign))
}

/// Heartbeats of both went on steadily, and ended together, and the pair still talks.
fn both_ways(context: &Context<'_>, (low, high): (IpAddr, IpAddr), beats: &[Beats<'_>; 2]) -> Vec<Told> {
    let [from_low, from_high] = beats;
    let known = (from_low.interval(), from_high.interval(), from_low.last, from_high.last, context.trace.covered);
    let (Some(one), Some(other), Some(low_last), Some(high_last), Some((_, end))) = known else { return Vec::new() };
    let interval = Span(one.0.max(other.0));
    let from = low_last.time.max(high_last.time);
    let together = !long_enough(low_last.time.min(high_last.time), from, interval);
    let by = from.plus(Span(interval.0.max(SECOND.0).saturating_mul(INTERVALS)));
    if !together || end < by || beats.iter().any(Beats::refused) || took_leave(context, low, high, from) {
        return Vec::new();
    }
    let mut told = Vec::new();
    for (sender, receiver, before) in [(low, high, low_last), (high, low, high_last)] {
        let gap = Gap { from, to: end, interval, before: Some(before) };
        let sign = going_on(context, sender, receiver, (by, end)).find(|one| !is_heartbeat(one));
        let Some(sign) = sign.filter(|_| would_be_seen(context, sender, receiver)) else { return Vec::new() };
        let judgement = Judgement::new(Kind::HeartbeatBlocked, Attribution::NetworkOrEndpoint, 0.65)
            .because(format!(
                "heartbeats came every {:.1} s in both directions until {}, then none for {:.0} s",
                interval.as_seconds(),
                from.rfc3339(0),
                end.since(from).as_seconds()
            ))
            .because(format!("{sender} still talks to {receiver} on port {}", sign.flow.responder.port));
        told.push(finish(judgement, sender, receiver, gap, sign));
    }
    told
}

fn finish(judgement: Judgement, sender: IpAddr, receiver: IpAddr, gap: Gap, sign: &Conversation) -> Told {
    let mut judgement = judgement
        .frame(
            sign.flow.first,
            format!("sign of life of {sender}: it talks to {receiver} on port {}", sign.flow.responder.port),
        )
        .or(
            format!("the cluster service of {sender} is stopped").as_str(),
            "",
            "a node without it sends no heartbeats, and stays up",
        );
    if let Some(last) = gap.before {
        judgement = judgement.frame(last, format!("last heartbeat of {sender}"));
    }
    Told {
        client: Endpoint { address: sender, port: HEARTBEAT },
        server: Endpoint { address: receiver, port: HEARTBEAT },
        transport: Transport::Udp,
        service: "cluster",
        attempts: 1,
        first: gap.from,
        last: gap.to,
        last_success: gap.before.map(|last| last.time),
        judgement,
    }
}

/// Whether this vantage point would see packets of `sender` to `receiver`, and is not so near to
/// `sender` that their absence means that they were never sent.
fn would_be_seen(context: &Context<'_>, sender: IpAddr, receiver: IpAddr) -> bool {
    let beside_sender = context.hops(sender) == Some(0) && context.hops(receiver).is_some_and(|hops| hops > 0);
    !context.one_way && !context.unseen_direction(sender, receiver) && !beside_sender
}

/// Whether the node's cluster service was reached over TCP during the gap.
fn cluster_works(context: &Context<'_>, node: IpAddr, peer: IpAddr, gap: Gap) -> bool {
    let mut alive = going_on(context, node, peer, (gap.from, gap.to));
    alive.any(|one| is_cluster_tcp(context, one) && one.flow.responder.address == node)
}

/// Whether the pair's cluster connections ended in order when the heartbeats did: a node that is stopped or evicted.
fn took_leave(context: &Context<'_>, low: IpAddr, high: IpAddr, from: Time) -> bool {
    context.trace.conversations.iter().any(|one| {
        let ends = [one.flow.initiator.address, one.flow.responder.address];
        let near = one.flow.last.time.since(from).0.abs() <= LEAVE.0;
        near && one.flow.is_over() && side_between(ends, low, high).is_some() && is_cluster_tcp(context, one)
    })
}

fn is_cluster_tcp(context: &Context<'_>, one: &Conversation) -> bool {
    one.flow.key.transport == Transport::Tcp
        && (one.flow.responder.port == HEARTBEAT
            || context.trace.interface(one).is_some_and(super::failover::is_cluster_interface))
}

fn is_heartbeat(one: &Conversation) -> bool {
    let flow = &one.flow;
    flow.key.transport == Transport::Udp && [flow.initiator.port, flow.responder.port].contains(&HEARTBEAT)
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast() || address.octets()[3] == 255,
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// Heartbeats over UDP; joining over TCP.
pub(super) const HEARTBEAT: u16 = 3343;
/// So many intervals without one are no loss.
const INTERVALS: i64 = 5;
const SECOND: Span = Span::seconds(1);
/// What a cluster can be set to: 0.25 to 4 s (SameSubnetDelay, CrossSubnetDelay), with some leeway.
const SHORTEST: Span = Span::millis(200);
const LONGEST: Span = Span::seconds(5);
/// A node that stops closes its connections within this time of its last heartbeat.
const LEAVE: Span = Span::seconds(15);
