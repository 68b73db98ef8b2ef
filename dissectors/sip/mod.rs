//! The session initiation protocol (RFC 3261) between telephony gateways and Unified Messaging, and
//! the session descriptions (RFC 8866) in it that promise media.
//!
//! On TCP a message ends where its Content-Length says, on UDP with its datagram. Whether a
//! message is a request or a reply is read from its first line: both ends of a SIP flow send both.

use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Text, Transport, text};

mod body;
mod calls;
mod head;
mod sdp;

#[cfg(test)]
mod tests;

use calls::{Calls, Promise};
use head::{Head, StartLine};

/// SIP in clear text; on 5061 and 5063 it rides in TLS.
pub const PROTOCOL: Protocol = Protocol { name: "sip", tcp_ports: PORTS, udp_ports: PORTS, probe, open };

fn open(transport: Transport) -> Box<dyn Dialogue> {
    Box::new(Messages { transport, calls: Calls::default(), asked: false, lost: [false; 2] })
}

/// A SIP start line is proof enough. HTTP on a SIP port has another version in its first line.
fn probe(hint: &Hint<'_>) -> Probe {
    let usual = PORTS.iter().any(|&port| hint.port(port));
    if usual && hint.transport == Transport::Udp && is_keep_alive(hint.octets) {
        return Probe::Maybe;
    }
    let octets = hint.octets.trim_ascii_start();
    match Reader::new(octets).line(MAX_LINE, "start line") {
        Ok(line) if StartLine::read(line).is_some() => Probe::Yes,
        Err(stop) if stop.is_incomplete() => match head::probe_unfinished(octets) {
            Probe::More if hint.transport == Transport::Udp => Probe::No, // no more will come
            told => told,
        },
        _ => Probe::No,
    }
}

/// Whether a datagram is no message: empty lines (RFC 5626 §3.5.1), STUN (§3.5.2), or the zeros
/// and short words with which devices hold a firewall open.
fn is_keep_alive(octets: &[u8]) -> bool {
    octets.len() < MIN_MESSAGE || octets.trim_ascii_start().first().is_none_or(|&octet| octet < b' ')
}

struct Messages {
    transport: Transport,
    calls: Calls,
    /// Whether a request was seen, so that `method` stays the first.
    asked: bool,
    /// Sides whose octets were lost: the next start line is searched for.
    lost: [bool; 2],
}

impl Dialogue for Messages {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.transport == Transport::Udp && is_keep_alive(octets) {
            return Ok(octets.len());
        }
        let message = octets.trim_ascii_start();
        let idle = octets.len() - message.len();
        if self.transport == Transport::Tcp && idle > 0 {
            return Ok(idle); // keep-alive, or an empty line behind a body
        }
        if self.is_lost(side) {
            match head::find_start_line(message) {
                Ok(0) => self.set_lost(side, false),
                Err(0) => return Err(Stop::Incomplete { field: "start line", more: 1 }),
                Ok(before) | Err(before) => return Ok(before),
            }
        }
        self.message(side, message, tell)
    }

    fn gap(&mut self, side: Side) -> bool {
        self.set_lost(side, true);
        true
    }
}

impl Messages {
    fn is_lost(&self, side: Side) -> bool {
        self.lost.get(side.index()).copied().unwrap_or_default()
    }

    fn set_lost(&mut self, side: Side, is_lost: bool) {
        if let Some(lost) = self.lost.get_mut(side.index()) {
            *lost = is_lost;
        }
    }

    fn message(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let head = Head::read(octets, self.transport)?;
        let behind = octets.get(head.length..).unwrap_or_default();
        let declared = match (head.content_length, self.transport) {
            (Some(length), _) => length,
            (None, Transport::Udp) => behind.len(),
            (None, Transport::Tcp) => 0, // RFC 3261 §20.14 demands it here
        };
        let wanted = if body::may_describe(&head) { declared.min(MAX_BODY) } else { 0 };
        let body = match self.transport {
            // To the end of the datagram: gateways that rewrite addresses in a body forget its length.
            Transport::Udp => behind,
            Transport::Tcp => behind
                .get(..wanted)
                .ok_or_else(|| Stop::Incomplete { field: "body", more: wanted.saturating_sub(behind.len()) })?,
        };
        self.tell_message(side, &head, body, body.len() < declared, tell);
        Ok(match self.transport {
            Transport::Udp => octets.len(),
            Transport::Tcp => head.length.saturating_add(declared),
        })
    }

    fn tell_message(&mut self, side: Side, head: &Head<'_>, body: &[u8], cut: bool, tell: &mut dyn FnMut(Fact)) {
        if !head.call_id.is_empty() {
            tell(Fact::Detail { key: "call_id", value: text(head.call_id).into() });
        }
        let description = body::description(head, body, cut);
        match &head.start {
            StartLine::Request { method } => {
                self.tell_request(head, method, tell);
                if let Some(agent) = head.user_agent {
                    tell(Fact::Detail { key: "user_agent", value: text(agent).into() });
                }
            }
            StartLine::Status { code, words } => tell_reply(head, *code, words, tell),
        }
        let promise = self.calls.promise(head, description.is_some());
        let (Some(description), Some(promise)) = (description, promise) else { return };
        for media in sdp::read(description.octets, description.cut) {
            let answer = promise == Promise::Answer;
            if let Some(endpoint) = media.endpoint(text(head.call_id), side, answer) {
                tell(Fact::Endpoint(endpoint));
            }
        }
    }

    fn tell_request(&mut self, head: &Head<'_>, method: &str, tell: &mut dyn FnMut(Fact)) {
        let what = Text::copied(method);
        if !self.asked {
            self.asked = true;
            tell(Fact::Detail { key: "method", value: what.clone().into() });
        }
        tell(Fact::Member { key: "methods", value: what.clone().into() });
        tell(Fact::Request { id: calls::transaction(head), what });
        match method {
            "ACK" => tell_call("acknowledged_calls", head, tell),
            "BYE" | "CANCEL" => tell_call("ended_calls", head, tell),
            _ => {}
        }
        if method == "BYE" {
            tell(Fact::Close("BYE".into()));
        }
    }
}

fn tell_reply(head: &Head<'_>, code: u16, words: &str, tell: &mut dyn FnMut(Fact)) {
    if let Some(server) = head.server.or(head.user_agent) {
        tell(Fact::Detail { key: "server", value: text(server).into() });
    }
    tell(Fact::Detail { key: "status", value: u64::from(code).into() });
    let class = match code {
        ..=199 => ReplyClass::Interim,
        200..=299 => ReplyClass::Success,
        300..=399 => ReplyClass::Referral,
        401 | 407 => ReplyClass::Challenge,
        500..=599 => ReplyClass::Failed,
        _ => ReplyClass::Refused,
    };
    let what: Text = text(format!("{code} {words}").trim_end().as_bytes());
    tell(Fact::Reply { id: calls::transaction(head), class, what });
    if class == ReplyClass::Referral
        && let Some(target) = head.contact.and_then(head::host_and_port)
    {
        tell(Fact::Detail { key: "redirect", value: target.into() });
    }
    if class == ReplyClass::Success && head.cseq_method == b"INVITE" {
        tell_call("answered_calls", head, tell);
    }
}

/// Lists the call under what happened to it; the time of the fact is the time of the event.
fn tell_call(key: &'static str, head: &Head<'_>, tell: &mut dyn FnMut(Fact)) {
    if !head.call_id.is_empty() {
        tell(Fact::Member { key, value: text(head.call_id).into() });
    }
}

/// 5060 everywhere, and Unified Messaging's own clear-text ports.
const PORTS: &[u16] = &[5060, 5062, 5065, 5066, 5067, 5068];
/// Octets of a start line.
const MAX_LINE: usize = 4096;
/// Octets of a body that are read: descriptions with ICE candidates and keys stay far below.
const MAX_BODY: usize = 16 * 1024;
/// No message is shorter: `A im:b SIP/2.0`.
const MIN_MESSAGE: usize = 14;
