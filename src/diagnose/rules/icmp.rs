//! ICMP errors that quote the attempt (signatures.md d).

use anyany_dissectors::Side;

use super::Ruling;
use crate::diagnose::{Attribution, Context, Judgement, Kind};
use crate::flow::{IcmpReport, Outcome, Transport};
use crate::observe::Conversation;
use crate::time::Span;

/// Decides what an ICMP error means for the attempt that it quotes.
pub(super) fn judge(context: &Context<'_>, conversation: &Conversation) -> Ruling {
    let flow = &conversation.flow;
    if conversation.outcome != Outcome::IcmpRejected {
        return Ruling::Pass;
    }
    let ours = |report: &&IcmpReport| report.about == Side::Initiator && meaning(report).is_some();
    let Some(report) = flow.icmp.iter().find(ours) else { return Ruling::Pass };
    let Some((meaning, name)) = meaning(report) else { return Ruling::Pass };
    let server = flow.responder.address;
    let by_host = context.roster.addresses(server).contains(&report.sender);
    let alive = context.alive(server, flow.first.time, flow.last.time);
    let version = if report.error.v6 { "ICMPv6" } else { "ICMP" };
    let says = format!("{} answers with {version} {}/{} ({name})", report.sender, report.error.kind, report.error.code);
    let others = context.other_ports(conversation);
    // A router that looks for a host first says so after some seconds without an ARP answer; a rule
    // rejects at once. And a host that died is not heard after the error, one behind a rule is.
    let at_once = report.moment.time.since(flow.first.time) < ARP_GIVES_UP;
    let lives_on = context.heard_after(server, report.moment.time);
    let judgement = match meaning {
        Meaning::Prohibited if !alive => Judgement::new(Kind::NoAnswer, Attribution::NetworkOrEndpoint, 0.6)
            .because(says)
            .because(format!("{server} itself was not heard within 5 minutes")),
        Meaning::Prohibited => Judgement::new(Kind::IcmpProhibited, place(by_host), 0.96).because(says),
        Meaning::PortClosed if by_host && flow.key.transport == Transport::Udp => {
            Judgement::new(Kind::RefusedByHost, Attribution::Endpoint, 0.95)
                .because(says)
                .because("the host itself says that nothing listens on that port")
        }
        // A host answers TCP to a closed port with RST; ICMP for TCP comes from a packet filter.
        Meaning::PortClosed if alive => {
            Judgement::new(Kind::IcmpProhibited, place(by_host), 0.9).because(says).because(if by_host {
                "for TCP a host's own stack would have answered with RST: its packet filter rejects".to_owned()
            } else {
                format!("only {server} itself could know that the port is closed")
            })
        }
        Meaning::Unreachable
            if at_once
                && lives_on
                && !by_host
                && context.talked_before(conversation)
                && !cut_off(context, conversation) =>
        {
            Judgement::new(Kind::IcmpProhibited, Attribution::Network, 0.85)
                .because(says)
                .because(format!("yet the same hosts talk on {} at that time: the host can be reached", list(&others)))
                .or("the host was down for a moment", "it talks to the same client on other ports", "")
        }
        Meaning::Unreachable | Meaning::PortClosed => {
            Judgement::new(Kind::HostUnreachable, Attribution::Endpoint, if at_once && lives_on { 0.6 } else { 0.9 })
                .because(says)
                .because(match (at_once, lives_on) {
                    (false, _) => format!(
                        "it comes {} after the attempt, as from a router that gets no ARP answer",
                        report.moment.time.since(flow.first.time)
                    ),
                    (true, true) if others.is_empty() => {
                        format!("{server} was heard later, but not by this client on other ports")
                    }
                    (true, true) => format!("this client reached {server} only later: the way may have been missing"),
                    (true, false) => format!("{server} was not heard after it"),
                })
                .or(
                    "a firewall that rejects with this code",
                    if lives_on { "" } else { "nothing was heard of the host after it" },
                    "many firewalls reject so",
                )
        }
    };
    let judgement =
        judgement.frame(flow.first, "attempt").frame(report.moment, format!("{version} error from {}", report.sender));
    Ruling::Found(match (judgement.kind, context.voice(server, flow.initiator.address, flow.first.time)) {
        (Kind::IcmpProhibited, Some(voice)) => with_life(judgement, server, voice),
        _ => judgement,
    })
}

/// Whether conversations of the two hosts that worked are told to be unreachable as well: then the host is, and no
/// rule picks a port.
fn cut_off(context: &Context<'_>, conversation: &Conversation) -> bool {
    let unreachable = |report: &IcmpReport| {
        report.about == Side::Initiator && meaning(report).is_some_and(|(meaning, _)| meaning == Meaning::Unreachable)
    };
    context.of_pair(conversation).any(|other| other.flow.icmp.iter().any(unreachable))
}

fn with_life(mut judgement: Judgement, server: std::net::IpAddr, voice: crate::diagnose::context::Voice) -> Judgement {
    let note = format!("sign of life of {server}");
    judgement.evidence.push(crate::diagnose::Evidence { frame: voice.frame, note });
    judgement
}

fn place(by_host: bool) -> Attribution {
    if by_host { Attribution::Endpoint } else { Attribution::Network }
}

fn list(ports: &std::collections::BTreeSet<u16>) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Prohibited,
    PortClosed,
    Unreachable,
}

/// What the codes say (IANA ICMP parameters; RFC 1812 §5.2.7.1, RFC 4443 §3.1).
fn meaning(report: &IcmpReport) -> Option<(Meaning, &'static str)> {
    use Meaning::{PortClosed, Prohibited, Unreachable};
    Some(match (report.error.v6, report.error.kind, report.error.code) {
        (false, 3, 0) => (Unreachable, "network unreachable"),
        (false, 3, 1) => (Unreachable, "host unreachable"),
        (false, 3, 2) => (PortClosed, "protocol unreachable"),
        (false, 3, 3) | (true, 1, 4) => (PortClosed, "port unreachable"),
        (false, 3, 9) => (Prohibited, "network administratively prohibited"),
        (false, 3, 10) => (Prohibited, "host administratively prohibited"),
        (false, 3, 13) => (Prohibited, "communication administratively prohibited"),
        (false, 3, 4) => return None,
        (true, 1, 0) => (Unreachable, "no route"),
        (true, 1, 1) => (Prohibited, "administratively prohibited"),
        (true, 1, 3) => (Unreachable, "address unreachable"),
        (true, 1, 5) => (Prohibited, "source address failed policy"),
        (true, 1, 6) => (Prohibited, "reject route"),
        (false, 3, _) | (true, 1, _) => (Unreachable, "destination unreachable"),
        _ => return None,
    })
}

/// Routers give a neighbour at least this long to answer (RFC 4861 §10; Linux and Windows wait 1 to 3 s).
const ARP_GIVES_UP: Span = Span::millis(700);
