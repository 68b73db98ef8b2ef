//! SYNs that nobody answers (signatures.md c and l).

use super::Ruling;
use super::established::overload;
use crate::diagnose::capture::jump;
use crate::diagnose::context::LIFE;
use crate::diagnose::presence::Presence;
use crate::diagnose::{Attribution, Context, Evidence, Judgement, Kind};
use crate::flow::{Flow, Outcome};
use crate::observe::Conversation;
use crate::time::{Span, Time};

/// Decides what silence means: nothing yet, an unknown host, or a block.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if conversation.outcome != Outcome::Unanswered || flow.key.transport != crate::flow::Transport::Tcp {
        return Ruling::Pass;
    }
    let (client, server) = (flow.initiator.address, flow.responder);
    let asked = asked(conversation);
    let end = context.trace.covered.map_or(flow.last.time, |(_, end)| end);
    if too_near_the_end(context, flow) {
        let waited = end.since(flow.first.time);
        let judgement = Judgement::new(Kind::CaptureEdge, Attribution::Capture, 0.9)
            .because(asked)
            .because(format!(
                "the capture ends {waited} after the first SYN: an answer, or another try, could still have come"
            ))
            .frame(flow.first, "SYN near the end of the capture");
        return Ruling::Found(judgement);
    }
    if !context.alive(server.address, flow.first.time, flow.last.time) {
        return Ruling::Found(lifeless(context, conversation, asked));
    }
    if !context.sees_answers() {
        let judgement = Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.6)
            .because(asked)
            .because("no two hosts were heard in both directions: the capture may show one direction only")
            .frame(flow.first, "SYN");
        return Ruling::Found(judgement);
    }
    let presence = context.presence(server, flow.first.time, flow.last.time);
    if let Presence::Gone(why) = presence {
        return Ruling::Found(gone(conversation, asked, why));
    }
    if flow.tries.count < 2 && context.other_ports(conversation).is_empty() {
        // One SYN that was never repeated: a probe, or a program that did not wait.
        let judgement = Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.5)
            .because(asked)
            .because("it was sent once and not repeated, so its loss alone would explain the silence")
            .frame(flow.first, "SYN");
        return Ruling::Found(judgement);
    }
    if let Some(judgement) = under_two_clocks(context, conversation, &asked)
        .or_else(|| at_an_open_port(context, conversation, &asked))
        .or_else(|| at_a_mute_port(context, conversation, &asked))
    {
        return Ruling::Found(judgement);
    }
    let mut judgement = weigh(context, conversation, asked, &presence);
    for (at, moment) in flow.tries.kept().into_iter().enumerate() {
        let note =
            if at == 0 { "SYN".to_owned() } else { format!("SYN again after {}", moment.time.since(flow.first.time)) };
        judgement.evidence.push(Evidence { frame: moment.frame, note });
    }
    if let Some(voice) = context.voice(server.address, client, flow.first.time) {
        let note = format!("sign of life of {}, in a conversation on port {}", server.address, voice.port);
        judgement.evidence.push(Evidence { frame: voice.frame, note });
    }
    Ruling::Found(judgement)
}

/// "SYN at 0, 3.0, 9.0 s, no answer".
fn asked(conversation: &Conversation) -> String {
    let flow = &conversation.flow;
    let since = |time: Time| format!("{:.1}", time.since(flow.first.time).as_seconds());
    let times: Vec<_> = flow.tries.kept().into_iter().map(|moment| since(moment.time)).collect();
    format!("SYN to {} at {} s, no answer", flow.responder, times.join(", "))
}

/// An attempt is judged once it had the time for a second answer: three tries, or five seconds.
pub(super) fn too_near_the_end(context: &Context<'_>, flow: &Flow) -> bool {
    let end = context.trace.covered.map_or(flow.last.time, |(_, end)| end);
    let waited = end.since(flow.first.time);
    let since_last = flow.tries.last().map_or(waited, |last| end.since(last.time));
    if flow.tries.count >= 3 { waited < ENOUGH_FOR_THREE } else { waited < ENOUGH || since_last < ROUND_TRIP }
}

fn lifeless(context: &Context<'_>, conversation: &Conversation, asked: String) -> Judgement {
    let flow = &conversation.flow;
    let server = flow.responder.address;
    let heard = context.ever_heard(server);
    let kind = if heard { Kind::NoAnswer } else { Kind::HostSilent };
    let why = if heard {
        format!(
            "{server} was heard in this capture, but not within {:.0} minutes of the attempt",
            LIFE.as_seconds() / 60.0
        )
    } else {
        format!("no packet of {server} was captured, to anyone: it may be down, elsewhere, or wholly cut off")
    };
    Judgement::new(kind, Attribution::NetworkOrEndpoint, 0.8)
        .because(asked)
        .because(why)
        .or("the host is down", "", "nothing was heard of it")
        .or("everything to or from the host is dropped", "", "nothing was heard of it")
        .frame(flow.first, "SYN")
}

/// The whole host fell silent: a block on every port at once, or a host that went away.
fn gone(conversation: &Conversation, asked: String, why: String) -> Judgement {
    Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.8)
        .because(asked)
        .because(why)
        .or("the host was switched off, restarted, or lost its network", "", "all of its ports fell silent together")
        .or("everything to or from the host is dropped", "", "all of its ports fell silent together")
        .frame(conversation.flow.first, "SYN")
}

/// Where the clock went back, times stand in the capture twice: what was there "at that time" may have been there at
/// another.
fn under_two_clocks(context: &Context<'_>, conversation: &Conversation, asked: &str) -> Option<Judgement> {
    let first = conversation.flow.first;
    let of_capture = context.trace.healths.iter().find(|health| health.index == first.frame.capture())?;
    let step = jump(of_capture).filter(|step| step.doubles(first.time))?;
    Some(
        Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.5)
            .because(asked)
            .because(format!(
                "the capture's clock went back by {} at frame {}: what else was seen at that time may have been at another",
                step.by, step.frame
            ))
            .frame(first, "SYN"),
    )
}

/// Of a capture that lost packets, silence of a port that takes connections in the same minutes proves nothing:
/// a listener whose queue is full is just as silent, and what would tell the two apart may be among the lost.
fn at_an_open_port(context: &Context<'_>, conversation: &Conversation, asked: &str) -> Option<Judgement> {
    let lost = context.loss.unseen;
    let open = context.of_port(&conversation.flow).find(|other| other.flow.established.is_some())?;
    (lost > 0).then(|| {
        Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.5)
            .because(asked)
            .because(format!("the same port took a connection (frame {})", open.flow.first.frame.number()))
            .because(format!("the capture lost packets ({lost} stretches were acknowledged and never seen): what tells a full queue from a block may be among them"))
            .or("something began to drop new connections, or drops some of them", "the port takes connections", "")
            .or("the listener is overloaded and ignores new connections", "", "the port takes connections")
            .frame(conversation.flow.first, "SYN")
    })
}

/// A connection to the same port stands open and its program has not said a word: one alone may be a client's own
/// affair, so nothing tells that the queue is full (see `overload::deaf`), yet nothing tells that it is not.
fn at_a_mute_port(context: &Context<'_>, conversation: &Conversation, asked: &str) -> Option<Judgement> {
    let waiting = overload::waiting(context, &conversation.flow);
    let first = waiting.first()?;
    Some(
        Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.5)
            .because(asked)
            .because(format!(
                "a connection to this port that was made before (frame {}) stands open, and its program has not said a word since: it may take no more",
                first.first.frame.number()
            ))
            .or("the listener is overloaded and ignores new connections", "", "it is mute on the connection that it has")
            .or("something began to drop new connections", "", "a full queue and such a rule look alike from here")
            .frame(conversation.flow.first, "SYN")
            .frame(first.first, "a connection that waits since then"),
    )
}

/// The host is alive and this port is silent: how sure is a block, and where?
fn weigh(context: &Context<'_>, conversation: &Conversation, asked: String, presence: &Presence) -> Judgement {
    let flow = &conversation.flow;
    let (client, server) = (flow.initiator.address, flow.responder);
    let ports = context.other_ports(conversation);
    let clients = context.other_clients(conversation);
    let closed =
        context.refusals(server.address).iter().find(|refusal| context.showed_ttl(server.address, refusal.ttl));
    let same = context.same_path(conversation);
    let beside_server = context.hops(server.address) == Some(0) && context.hops(client).is_some_and(|hops| hops > 0);

    let mut confidence: f64 = 0.6;
    let mut judgement = Judgement::new(Kind::SynDropped, Attribution::NetworkOrEndpoint, 0.0).because(asked);
    if !ports.is_empty() {
        confidence += 0.2;
        let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
        judgement = judgement.because(format!("the same hosts talk on port {} at that time", ports.join(", ")));
    } else if let Some(voice) = context.voice(server.address, client, flow.first.time) {
        judgement =
            judgement.because(format!("{} is alive: it was heard at {}", server.address, voice.time.rfc3339(0)));
    }
    if !clients.is_empty() {
        confidence += 0.15;
        judgement.attribution = Attribution::Network;
        let clients: Vec<_> = clients.iter().map(ToString::to_string).collect();
        judgement = judgement.because(format!("port {} answers {} at that time", server.port, clients.join(", ")));
    }
    if let Some(refusal) = closed {
        confidence += 0.1;
        judgement.attribution = Attribution::Network;
        judgement = judgement.because(format!(
            "closed ports of {} answer with RST (port {}, frame {}): a stopped service would not be silent",
            server.address,
            refusal.port,
            refusal.moment.frame.number()
        ));
    }
    if let Some(same) = same {
        confidence += 0.1;
        let worked = same.flow.first.time.rfc3339(0);
        judgement = judgement.because(format!("the same client reached this port at {worked}"));
    }
    if flow.tries.count >= 3 {
        confidence += 0.05;
    }
    if beside_server && clients.is_empty() {
        judgement.attribution = Attribution::Endpoint;
        judgement = judgement.because(format!(
            "the SYNs arrive beside {} (its packets have passed no router here): the network has delivered them",
            server.address
        ));
    }
    // That it worked before says little: a service stopped since is silent behind the server's own firewall.
    let silence_alone = ports.is_empty() && clients.is_empty() && closed.is_none();
    let most = match (presence, judgement.attribution) {
        _ if silence_alone => SILENCE_ALONE,
        (Presence::NotHeardSince, _) => {
            let heard = "it was not heard after the first SYN either, and nobody else asked it for anything";
            judgement.because.push(format!("{} was alive before; {heard}", server.address));
            SILENCE_ALONE
        }
        (Presence::HeardLater, _) => {
            judgement
                .because
                .push(format!("{} was first heard after the attempt: it may have come up only then", server.address));
            SILENCE_ALONE
        }
        (_, Attribution::Network) => 0.97,
        // Other ports that answer do not tell a rule from a service that is stopped behind the host's own firewall.
        _ => OTHER_PORTS,
    };
    judgement.confidence = confidence.min(most);
    judgement
        .or(
            STOPPED,
            match (closed.is_some(), clients.is_empty()) {
                (true, _) => "closed ports of this server answer with RST",
                (false, false) => "the port answers other clients",
                (false, true) => "",
            },
            if closed.is_none() && clients.is_empty() { "nothing else was seen to answer on this port" } else { "" },
        )
        .or(
            "the listener is overloaded and ignores new connections",
            if clients.is_empty() { "" } else { "it answers other clients at that time" },
            "",
        )
}

/// The look-alike of every silence (signatures.md l).
pub(super) const STOPPED: &str = "the service is stopped behind the server's own firewall, which hides closed ports";
/// What silence may reach by itself (contract).
const SILENCE_ALONE: f64 = 0.7;
/// What other ports of the same two hosts raise it to: a block of one port, or a stopped service behind stealth.
const OTHER_PORTS: f64 = 0.8;
/// With three tries the first two have had their answers' time.
const ENOUGH_FOR_THREE: Span = Span::seconds(3);
/// With fewer, wait for what a Windows client's second try needs.
const ENOUGH: Span = Span::seconds(5);
/// Nothing on one organization's network takes longer to come back.
const ROUND_TRIP: Span = Span::seconds(1);
