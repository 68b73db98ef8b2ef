//! What should have come and never did.

use anyany_dissectors::Side;

use crate::diagnose::{Finding, Kind, Verdict};
use crate::flow::Transport;
use crate::report::html::ladder::packets::other;
use crate::report::html::ladder::{Act, Lane, Rung, Way};

/// Puts a ghost behind the last rung of every conversation in which something is missing. `whole` gives all
/// packets that are known of one.
pub(super) fn add(finding: &Finding, rungs: &mut Vec<Rung>, whole: impl Fn(Lane) -> Vec<Rung>) {
    let mut lanes: Vec<Lane> = rungs.iter().filter_map(|rung| rung.lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    for lane in lanes {
        let Some((side, what)) = missing(finding, &whole(lane)) else { continue };
        if let Some(last) = rungs.iter().rposition(|rung| rung.lane == Some(lane)) {
            rungs.insert(last + 1, ghost(side, what, Some(lane)));
        }
    }
    if let Some(what) = promised(finding.judgement.kind) {
        rungs.push(ghost(Side::Initiator, what, None));
    }
}

fn ghost(from: Side, what: &str, lane: Option<Lane>) -> Rung {
    Rung {
        time: None,
        frame: None,
        way: Way::From(from),
        what: format!("{what}, never came"),
        port: None,
        named: false,
        note: None,
        act: Act::NeverCame,
        lane,
    }
}

/// What one conversation lacks, and from whom.
fn missing(finding: &Finding, packets: &[Rung]) -> Option<(Side, &'static str)> {
    let kind = finding.judgement.kind;
    let silent = matches!(kind.verdict(), Verdict::Blocked | Verdict::Inconclusive);
    let refused = packets.iter().any(|rung| rung.act == Act::Refuses);
    if !silent || refused || promised(kind).is_some() {
        return None;
    }
    let sent = |side: Side| packets.iter().filter(move |rung| rung.way == Way::From(side));
    let syns = sent(Side::Initiator).filter(|rung| rung.act == Act::Asks).count();
    if sent(Side::Responder).next().is_none() {
        return match finding.transport? {
            Transport::Tcp if syns > 0 => Some((Side::Responder, "SYN-ACK")),
            Transport::Udp => Some((Side::Responder, "answer")),
            _ => None,
        };
    }
    if kind == Kind::SynAckDropped {
        return Some((Side::Initiator, "ACK"));
    }
    // One side goes on, and the other one is not heard any more.
    let Way::From(last) = packets.last()?.way else { return None };
    let alone = packets.iter().rev().take_while(|rung| rung.way == Way::From(last));
    let spoke = alone.filter(|rung| rung.act == Act::Speaks).count() > 0;
    let cut = matches!(
        kind,
        Kind::MidstreamDrop | Kind::IdleTimeout | Kind::TlsBlocked | Kind::PmtuBlackHole | Kind::ProxyBlocked
    );
    match kind {
        Kind::TlsBlocked if spoke && last == Side::Initiator => Some((Side::Responder, "answer to the ClientHello")),
        _ if cut && spoke => Some((other(last), "acknowledgement")),
        _ => None,
    }
}

/// What was promised to come by itself, without being asked for.
fn promised(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::MediaBlocked => Some("media"),
        Kind::HeartbeatBlocked => Some("heartbeats"),
        _ => None,
    }
}
