//! What is meant to fail: Microsoft itself asks to block it, or nobody expects an answer (`[[trap]]` of ports.toml).

use std::net::IpAddr;

use super::Ruling;
use crate::diagnose::Context;
use crate::diagnose::context::Habit;
use crate::flow::{Outcome, Transport};
use crate::observe::Conversation;
use crate::reference::Reference;

/// Says [`Ruling::Fine`] of failures that are by design.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let failed = matches!(
        conversation.outcome,
        Outcome::Unanswered | Outcome::Refused | Outcome::IcmpRejected | Outcome::HalfOpen | Outcome::ResetByServer
    );
    let by_design = failed && (kept_apart(context, conversation) || probes_a_sender(context, conversation));
    if by_design { Ruling::Fine } else { Ruling::Pass }
}

/// The replication network of a database availability group: file sharing is unbound from its cards, and
/// what other networks send there is to be stopped (traps smb-445-repl-net and mapi-repl-isolation). An
/// address is known to lie there when all that it and its peers say is log shipping and heartbeats.
fn kept_apart(context: &Context<'_>, conversation: &Conversation) -> bool {
    let flow = &conversation.flow;
    let (client, server) = (flow.initiator.address, flow.responder.address);
    if !context.only_replicates(server) {
        return false;
    }
    let file_sharing = flow.key.transport == Transport::Tcp && FILE_SHARING.contains(&flow.responder.port);
    file_sharing || (context.habit(client) == Habit::Talks && !context.understood(client, server))
}

/// A server that tests whether who sends it mail is an open proxy (trap edge-probes): the host that it
/// dials in vain sends it mail at that time, and is none of the organization's own.
fn probes_a_sender(context: &Context<'_>, conversation: &Conversation) -> bool {
    let flow = &conversation.flow;
    let (client, server) = (flow.initiator.address, flow.responder.address);
    let is_probe = Reference::embedded().path(PROBES).is_some_and(|path| path.ports.contains(&flow.responder.port));
    let ours = |host: IpAddr| super::super::joint::is_ours(context, host);
    is_probe
        && flow.key.transport == Transport::Tcp
        && !ours(server)
        && (ours(client) || !context.concerns_us(client, server))
        && context.served(client, server, conversation).any(|mail| mail.flow.responder.port == MAIL)
}

const FILE_SHARING: [u16; 2] = [445, 139];
/// The row of ports.toml that lists the ports.
const PROBES: &str = "edge-openproxy";
const MAIL: u16 = 25;
