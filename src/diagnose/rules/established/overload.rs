//! A listener that is overloaded: at the same moment it takes some connections and ignores or refuses
//! others, or its program takes none any more (signatures.md b and l).

use std::collections::BTreeSet;

use anyany_dissectors::Side;

use crate::diagnose::presence::Presence;
use crate::diagnose::rules::{Ruling, refused, silence};
use crate::diagnose::{Attribution, Context, Evidence, Judgement, Kind};
use crate::flow::{Flow, Moment, Outcome, Transport};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// The SYN was answered only when it came again, of several clients at that time, while others were
/// answered at once and the host's other ports never hesitated.
pub(in crate::diagnose::rules) fn hesitating(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let Some(answer) = late_answer(&conversation.flow) else { return Ruling::Pass };
    let flow = &conversation.flow;
    let (client, server) = (flow.initiator.address, flow.responder);
    let around = || context.of_port(&conversation.flow).filter(|other| near(other.flow.first.time, flow.first.time));
    let late: Vec<&Conversation> = around().filter(|other| late_answer(&other.flow).is_some()).collect();
    let clients: BTreeSet<_> = late.iter().map(|other| other.flow.initiator.address).collect();
    let prompt = around().filter(|other| other.flow.connect_time().is_some_and(|span| span < AT_ONCE)).count();
    // Loss on the way would not pick one port.
    let elsewhere = context.of_pair(conversation).filter(|other| {
        near(other.flow.first.time, flow.first.time) && other.flow.responder != server && other.flow.tries.count > 0
    });
    let (mut smooth, mut rough) = (0usize, 0usize);
    for other in elsewhere {
        if late_answer(&other.flow).is_some() { rough += 1 } else { smooth += 1 }
    }
    let many = late.len() >= FEWEST && clients.len() >= FEWEST_CLIENTS;
    if !many || prompt < FEWEST || smooth == 0 || rough > 0 {
        return Ruling::Pass;
    }
    let judgement = overloaded(0.7)
        .because(format!(
            "{server} answers the SYNs of {} clients only when they are sent again ({} connections), others at once",
            clients.len(),
            late.len()
        ))
        .because(format!("other ports answer {client} at once at that time: the path does not lose packets"))
        .or("loss on the way", "it would not pick one port", "")
        .frame(flow.first, "SYN")
        .frame(answer, "SYN-ACK, to a later SYN");
    Ruling::Found(show(judgement, late.iter().map(|other| other.flow.first), "SYN of another connection answered late"))
}

/// The host's own RST, while it takes other connections to the same port in the same second.
pub(in crate::diagnose::rules) fn refusing(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    if conversation.outcome != Outcome::Refused {
        return Ruling::Pass;
    }
    let flow = &conversation.flow;
    let when = |other: &Conversation| other.flow.first.time.since(flow.first.time);
    let taken = |other: &&Conversation| when(other).0.abs() <= SAME_TIME.0 && other.flow.established.is_some();
    let accepted: Vec<Moment> =
        context.of_port(&conversation.flow).filter(taken).map(|other| other.flow.first).collect();
    let before = accepted.iter().any(|moment| moment.time < flow.first.time);
    let after = accepted.iter().any(|moment| moment.time > flow.first.time);
    let refusals = context.refusals(flow.responder.address).iter().filter(|refusal| {
        refusal.port == flow.responder.port && refusal.moment.time.since(flow.first.time).0.abs() <= SAME_TIME.0
    });
    let refusals = refusals.count();
    // A service that starts or stops accepts on one side of the refusal only.
    if !before || !after || refusals < FEWEST {
        return Ruling::Pass;
    }
    let Ruling::Found(host) = refused::judge(context, conversation) else { return Ruling::Pass };
    if host.kind != Kind::RefusedByHost {
        return Ruling::Pass;
    }
    let mut judgement = overloaded(0.75).because(format!(
        "{} refuses {refusals} connections and takes {} others to the same port within two seconds",
        flow.responder,
        accepted.len()
    ));
    judgement.because.extend(host.because);
    judgement.evidence = host.evidence;
    Ruling::Found(show(judgement, accepted.into_iter(), "a connection that was taken"))
}

/// SYNs into silence, while connections to the same port that were taken before stand open and the
/// program behind it has not said a word on any of them: it no longer takes connections, and there is no
/// more room for them to wait.
pub(in crate::diagnose::rules) fn deaf(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if conversation.outcome != Outcome::Unanswered || flow.key.transport != Transport::Tcp {
        return Ruling::Pass;
    }
    if silence::too_near_the_end(context, flow) {
        return Ruling::Pass;
    }
    let waiting = waiting(context, flow);
    let there = matches!(context.presence(flow.responder, flow.first.time, flow.last.time), Presence::There);
    if waiting.len() < FEWEST_WAITING || !there {
        return Ruling::Pass;
    }
    let judgement = overloaded(0.65)
        .because(format!("SYN to {} {} times, no answer", flow.responder, flow.tries.count))
        .because(format!(
            "{} connections to this port that were taken before stand open, and its program has not said a word on them: it takes no more, and their queue is full",
            waiting.len()
        ))
        .or("a rule that came just then and drops new connections", "", "a full queue and such a rule look alike from here")
        .frame(flow.first, "SYN");
    Ruling::Found(show(judgement, waiting.iter().map(|other| other.first), "a connection that waits since then"))
}

/// The handshake passes, then data into silence from the first octet on, while a connection to the same port that was
/// made before was acknowledged and has got no word of the program: a full queue throws away what comes for a
/// connection that it has no room for, and says nothing. A rule that drops data looks the same.
pub(in crate::diagnose::rules) fn unaccepted(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    let server = flow.half(Side::Responder);
    let only_promised = flow.answers.count > 0 && server.packets == u64::from(flow.answers.count);
    let asks = flow.half(Side::Initiator).tail_retransmissions > 0;
    if flow.key.transport != Transport::Tcp || flow.established.is_none() || !only_promised || !asks {
        return Ruling::Pass;
    }
    let taken = |other: &&Flow| {
        other.half(Side::Responder).packets > u64::from(other.answers.count)
            && other.half(Side::Initiator).tail_retransmissions == 0
    };
    let Some(first) = waiting(context, flow).into_iter().find(taken) else { return Ruling::Pass };
    let judgement = Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.5)
        .because(format!("{} answers the SYN and acknowledges nothing after it", flow.responder))
        .because(format!(
            "a connection to this port that was made before (frame {}) is acknowledged and has got no word of its program either: it may take no more",
            first.first.frame.number()
        ))
        .or("the listener is overloaded: its queue is full", "", "its program is mute on the connection that it has")
        .or("something drops what clients send after the handshake", "", "a full queue and such a rule look alike from here")
        .frame(flow.first, "SYN")
        .frame(first.first, "a connection that waits since then");
    Ruling::Found(judgement)
}

/// Connections to the port of an attempt that were complete before it, stood open at that time, and had got no
/// word of the server; in order of time. None where the server's program answered anybody since the first of them:
/// then it still takes connections.
pub(in crate::diagnose::rules) fn waiting<'a>(context: &Context<'a>, attempt: &Flow) -> Vec<&'a Flow> {
    let (asked, gave_up) = (attempt.first.time, attempt.last.time);
    let (mut waiting, mut spoke): (Vec<&Flow>, Option<Time>) = (Vec::new(), None);
    for other in context.of_port(attempt) {
        let server = other.flow.half(Side::Responder);
        if server.first_data.is_some_and(|first| first.time <= gave_up) {
            spoke = spoke.max(server.last_new_data.map(|last| last.time));
        }
        // All that wait began before the attempt, and the later ones come first.
        let earliest = waiting.last().map_or(other.flow.first.time, |waits| waits.first.time);
        if spoke >= Some(asked.min(earliest)) {
            return Vec::new();
        }
        if waits(&other.flow, asked) {
            waiting.push(&other.flow);
        }
    }
    waiting.sort_by_key(|other| other.first);
    let talks = waiting.first().is_some_and(|since| spoke >= Some(since.first.time));
    if talks { Vec::new() } else { waiting }
}

/// Whether a connection began before `then`, stood open at that time, and had got no word of the server. The capture
/// may have lost a packet of its handshake, so its time is not asked for.
fn waits(flow: &Flow, then: Time) -> bool {
    let before = |moment: Option<Moment>| moment.is_some_and(|moment| moment.time <= then);
    let over =
        flow.resets.iter().any(|reset| reset.moment.time <= then) || flow.halves.iter().any(|half| before(half.fin));
    flow.first.time <= then && !over && !before(flow.half(Side::Responder).first_data)
}

fn overloaded(confidence: f64) -> Judgement {
    Judgement::new(Kind::HostOverloaded, Attribution::Endpoint, confidence)
}

fn show(mut judgement: Judgement, moments: impl Iterator<Item = Moment>, note: &str) -> Judgement {
    let shown = moments.take(MOST_SHOWN).map(|moment| Evidence { frame: moment.frame, note: note.to_owned() });
    judgement.evidence.extend(shown);
    judgement
}

/// The SYN-ACK, when it came to a SYN that had been sent before without an answer.
fn late_answer(flow: &Flow) -> Option<Moment> {
    let (first, answer) = (flow.tries.begin()?, flow.answers.begin()?);
    let late = flow.tries.count > 1 && answer.time.since(first.time) >= RETRY;
    let whole = flow.key.transport == Transport::Tcp && flow.established.is_some();
    (late && whole && flow.half(Side::Responder).unseen == 0).then_some(answer)
}

fn near(a: Time, b: Time) -> bool {
    a.since(b).0.abs() <= NEAR.0
}

/// Connections in trouble, and connections in order, that make a pattern.
const FEWEST: usize = 3;
/// One that waits may be a client's own affair.
const FEWEST_WAITING: usize = 2;
/// One client alone may have trouble of its own.
const FEWEST_CLIENTS: usize = 2;
/// No stack sends a SYN again sooner (RFC 6298 §2).
const RETRY: Span = Span::millis(900);
/// An answer without hesitation.
const AT_ONCE: Span = Span::millis(500);
/// What belongs to one moment of overload.
const NEAR: Span = Span::seconds(10);
/// Taken and refused at the same time.
const SAME_TIME: Span = Span::seconds(1);
/// Connections shown as evidence.
const MOST_SHOWN: usize = 4;
