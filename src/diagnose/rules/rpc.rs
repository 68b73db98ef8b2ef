//! The join: what the endpoint mapper answered, and what became of the connection that followed.

use anyany_dissectors::Uuid;

use super::{Ruling, silence};
use crate::diagnose::{Attribution, Context, Evidence, Judgement, Kind, Verdict};
use crate::flow::{Endpoint, Moment, Outcome, Transport};
use crate::observe::{Conversation, LearntFrom, RpcAnswer};

/// "Not registered": the server was reached, and says that the service is not there.
pub(super) fn unregistered(_: &Context<'_>, conversation: &Conversation) -> Ruling {
    let refused = |answer: &&RpcAnswer| answer.port.is_err();
    let Some(answer) = conversation.seen.rpc_answers.iter().find(refused) else { return Ruling::Pass };
    // Asked again, with success: the service was only starting.
    let later = conversation.seen.rpc_answers.iter().any(|other| {
        other.port.is_ok() && other.interface == answer.interface && other.moment.time >= answer.moment.time
    });
    if later {
        return Ruling::Pass;
    }
    let Err(status) = answer.port else { return Ruling::Pass };
    let mut judgement = Judgement::new(Kind::RpcNotRegistered, Attribution::Endpoint, 0.97)
        .because(format!(
            "the endpoint mapper of {} answers with status 0x{status:08x}: no such interface is registered here",
            conversation.flow.responder.address
        ))
        .because("port 135 was reached and answered: nothing blocks the question")
        .frame(answer.moment, "the endpoint mapper's answer");
    judgement.interface = answer.interface;
    Ruling::Found(judgement)
}

/// The endpoint mapper names another port by now for the interface that listened on this one: the service
/// has moved, the client kept its old port, and a host's own firewall hides that nothing listens there.
pub(super) fn moved(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if conversation.outcome != Outcome::Unanswered || flow.key.transport != Transport::Tcp {
        return Ruling::Pass;
    }
    let Some((interface, told, _)) = named(context, conversation) else { return Ruling::Pass };
    let server = flow.responder;
    let elsewhere = context.trace.book.iter().filter(|(at, _)| at.address == server.address && at.port != server.port);
    let newer = elsewhere.flat_map(|(at, entries)| entries.iter().map(|learnt| (at.port, learnt)));
    let newer = newer.filter(|(_, learnt)| learnt.interface == interface && learnt.from == LearntFrom::Epm);
    let newest = newer.filter(|(_, learnt)| learnt.moment > told).max_by_key(|(_, learnt)| learnt.moment);
    let Some((port, learnt)) = newest else { return Ruling::Pass };
    // Asked for just now and silent is another story, whatever comes later; a port that served this client
    // since it was named is one that it kept.
    let kept = context.same_path(conversation).is_some_and(|served| served.flow.first.time >= told.time);
    if learnt.moment.time > flow.first.time && !kept {
        return Ruling::Pass;
    }
    let judgement = Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.7)
        .because(format!("SYN to {server} {} times, no answer", flow.tries.count))
        .because(format!(
            "the endpoint mapper named port {} before, and names port {port} for the same interface since frame {}: the service has moved",
            server.port, learnt.moment.frame.number()
        ))
        .or("the old port is stale, and the server's own firewall hides that nothing listens there", "", "the mapper says so")
        .or("a device drops the port", "", "silence looks the same")
        .frame(flow.first, "SYN")
        .frame(told, format!("the endpoint mapper names port {}", server.port))
        .frame(learnt.moment, format!("the endpoint mapper names port {port}"));
    Ruling::Found(judgement)
}

/// A failed connection to a port that is known to be RPC gets the interface's name; a blocked one
/// whose port the endpoint mapper named becomes the more telling kind.
pub(super) fn join(context: &Context<'_>, conversation: &Conversation, mut judgement: Judgement) -> Judgement {
    let flow = &conversation.flow;
    if flow.key.transport != Transport::Tcp || matches!(flow.responder.port, 135 | 139 | 445) {
        return judgement;
    }
    let Some((interface, moment, own)) = named(context, conversation) else {
        judgement.interface = judgement.interface.or_else(|| context.interface(conversation));
        return judgement;
    };
    judgement.interface.get_or_insert(interface);
    let silent_or_rejected =
        matches!(judgement.kind, Kind::SynDropped | Kind::SynRejected | Kind::IcmpProhibited | Kind::SynAckDropped);
    if judgement.kind.verdict() != Verdict::Blocked || !silent_or_rejected {
        return judgement;
    }
    judgement.kind = Kind::RpcDynamicPortBlocked;
    let port = flow.responder.port;
    let whom = if own { flow.initiator.address.to_string() } else { "another client".to_owned() };
    judgement
        .because
        .insert(0, format!("the endpoint mapper named port {port} to {whom} (frame {})", moment.frame.number()));
    judgement
        .evidence
        .insert(0, Evidence { frame: moment.frame, note: format!("the endpoint mapper names port {port}") });
    // The mapper forgets a service whose process ends: what it names is running, and so not stopped behind a
    // firewall of its own.
    if let Some(stopped) = judgement.alternatives.iter_mut().find(|one| own && one.cause == silence::STOPPED) {
        let names = format!("the endpoint mapper names it as running (frame {})", moment.frame.number());
        stopped.against = if stopped.against.is_empty() { names } else { format!("{}; {names}", stopped.against) };
    }
    let sooner = if own { TOLD_BY_MAPPER } else { TOLD_TO_ANOTHER };
    judgement.confidence = (judgement.confidence + sooner).min(0.98);
    judgement
}

/// The endpoint mapper's answer that a connection follows: the last one to this client before it, else
/// what the book knows of the port. With it, whether this client was the one told.
pub(super) fn named(context: &Context<'_>, conversation: &Conversation) -> Option<(Uuid, Moment, bool)> {
    let flow = &conversation.flow;
    let (client, server) = (flow.initiator.address, flow.responder);
    let mut own: Option<(Moment, Uuid)> = None;
    for answer in context.mapper_answers(client, server.address).flat_map(|mapper| &mapper.seen.rpc_answers) {
        let (Ok(port), Some(interface)) = (answer.port, answer.interface) else { continue };
        let before = answer.moment.time <= flow.first.time;
        if port == server.port && before && own.is_none_or(|(moment, _)| moment < answer.moment) {
            own = Some((answer.moment, interface));
        }
    }
    if let Some((moment, interface)) = own {
        return Some((interface, moment, true));
    }
    let at = Endpoint { address: server.address, port: server.port };
    let entries = context.trace.book.get(&at)?;
    let mapped = entries.iter().filter(|learnt| learnt.from == LearntFrom::Epm).min_by_key(|learnt| learnt.moment);
    mapped.map(|learnt| (learnt.interface, learnt.moment, false))
}

/// How much surer it makes a block that the endpoint mapper named the port to this very client just before.
const TOLD_BY_MAPPER: f64 = 0.13;
/// And to another client, at some time.
const TOLD_TO_ANOTHER: f64 = 0.05;
