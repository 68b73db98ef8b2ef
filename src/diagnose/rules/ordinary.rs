//! Everyday patterns that look like failures and are none (signatures.md j and k, `[[trap]]` of ports.toml).

use anyany_dissectors::Side;

use super::Ruling;
use crate::diagnose::Context;
use crate::flow::{Outcome, Transport};
use crate::observe::Conversation;

/// Says [`Ruling::Fine`] of what everyday networks are full of.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if flow.key.transport == Transport::Icmp {
        return Ruling::Fine; // an unanswered ping proves nothing: ICMP is often filtered on purpose
    }
    // A host that calls itself, by any of its addresses: no network lies between, and what it says as the
    // client would pass for a sign of life of the server.
    if context.roster.are_one(flow.responder.address, flow.initiator.address) {
        return Ruling::Fine;
    }
    let failed = matches!(conversation.outcome, Outcome::Unanswered | Outcome::Refused | Outcome::IcmpRejected);
    let reset = matches!(conversation.outcome, Outcome::ResetByClient | Outcome::ResetByServer | Outcome::HalfOpen);
    // Windows dials 445 and 139 at once and keeps the first that answers (KB 204279).
    if flow.responder.port == NETBIOS_SESSION && (failed || reset) && context.other_ports(conversation).contains(&SMB) {
        return Ruling::Fine;
    }
    // POP and IMAP services are off unless someone starts them.
    if conversation.outcome == Outcome::Refused && OFF_BY_DEFAULT.contains(&flow.responder.port) {
        return Ruling::Fine;
    }
    // A load balancer's probe, or the loser of two parallel SYNs: the client breaks off what it opened.
    let said_nothing = flow.halves.iter().all(|half| half.payload == 0);
    if conversation.outcome == Outcome::ResetByClient && said_nothing && flow.answers.count > 0 {
        return Ruling::Fine;
    }
    // "Half-open connection discovered": a rebooted host resets what it no longer knows (RFC 9293 §3.5.1).
    let midway = flow.tries.count == 0 && flow.answers.count == 0;
    if midway && flow.halves.iter().any(|half| half.packets == 0) && flow.half(Side::Initiator).payload == 0 {
        return Ruling::Fine;
    }
    Ruling::Pass
}

const NETBIOS_SESSION: u16 = 139;
const SMB: u16 = 445;
const OFF_BY_DEFAULT: [u16; 4] = [110, 143, 993, 995];
