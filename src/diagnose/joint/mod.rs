//! What only several conversations together tell: each rule names its parts in the evidence.

mod calls;
mod certificate;
mod expected;
mod failover;
mod heartbeat;
mod media;
mod proxy;

use std::net::IpAddr;

use anyany_dissectors::Side;

use crate::diagnose::Context;
use crate::diagnose::path::Paths;
use crate::flow::Transport;
use crate::observe::Conversation;
use crate::time::Time;

/// Adds what is missing altogether to what failed, then tells plain failures by the story they are part of.
pub(super) fn judge(context: &Context<'_>, paths: &mut Paths) {
    let missing = [heartbeat::judge(context), media::judge(context), expected::judge(context)];
    for told in missing.into_iter().flatten() {
        paths.tell(told);
    }
    for (conversation, judgement) in certificate::judge(context) {
        paths.add(context, conversation, judgement);
    }
    paths.settle(context);
    failover::retell(context, paths);
    proxy::retell(context, paths);
}

/// Conversations in which both hosts understood each other while packets of `host` to `peer` were
/// captured between `from` and `to`.
fn going_on<'a>(
    context: &Context<'a>,
    host: IpAddr,
    peer: IpAddr,
    (from, to): (Time, Time),
) -> impl Iterator<Item = &'a Conversation> + use<'a> {
    let trace = context.trace;
    trace.conversations.iter().filter(move |one| {
        let flow = &one.flow;
        let between = [flow.initiator.address, flow.responder.address];
        if flow.key.transport == Transport::Icmp || !one.outcome.reached() {
            return false;
        }
        let Some(side) = side_between(between, host, peer) else { return false };
        let half = flow.half(side);
        half.first.is_some_and(|first| first.time <= to) && half.last.is_some_and(|last| last.time >= from)
    })
}

/// The side of `host` in a conversation of these two ends, when it is one with `peer`.
fn side_between(ends: [IpAddr; 2], host: IpAddr, peer: IpAddr) -> Option<Side> {
    match ends {
        [initiator, responder] if initiator == host && responder == peer => Some(Side::Initiator),
        [initiator, responder] if initiator == peer && responder == host => Some(Side::Responder),
        _ => None,
    }
}

/// Whether the host is known, with some certainty, to be an Exchange server or a domain controller.
pub(super) fn is_ours(context: &Context<'_>, address: IpAddr) -> bool {
    let host = context.roster.host(address);
    host.is_some_and(|host| {
        host.roles.iter().any(|claim| claim.confidence >= SURE && OURS.contains(&claim.role.as_str()))
    })
}

/// A role that is less sure names nothing.
const SURE: f64 = 0.7;
/// Roles that servers of the organization have.
const OURS: [&str; 9] = ["frontend", "backend", "cas", "hub", "mailbox", "um", "edge", "dc", "gc"];
