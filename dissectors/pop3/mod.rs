//! POP3 (RFC 1939, RFC 2449 CAPA, RFC 2595 STLS, RFC 5034 AUTH). Names, passwords and mail are never kept.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::by_side::BySide;
use crate::line::{Dotted, Lines, Step, is_tls, word};
use crate::{Dialogue, Fact, Hint, Probe, Protocol, ReplyClass, Side, Stop, Transport, text};

/// POP3 on any port.
pub const PROTOCOL: Protocol = Protocol { name: "pop3", tcp_ports: &[110, 995, 1995], udp_ports: &[], probe, open };

fn open(_: Transport) -> Box<dyn Dialogue> {
    Box::new(Pop3::default())
}

/// Whether the first octets of one side fit POP3.
fn probe(hint: &Hint<'_>) -> Probe {
    let usual = PROTOCOL.tcp_ports.iter().any(|&port| hint.port(port));
    let front = hint.octets;
    let is_reply = [&b"+OK"[..], b"-ERR"].iter().any(|status| {
        front.strip_prefix(*status).is_some_and(|rest| matches!(rest, [] | [b' ' | b'\r' | b'\n', ..]))
    });
    let partial = front.len() < 4 && [&b"+OK "[..], b"-ERR"].iter().any(|status| status.starts_with(front));
    if hint.transport == Transport::Udp {
        return Probe::No;
    }
    match front {
        _ if partial => Probe::More,
        _ if is_reply && usual => Probe::Yes,
        // Redis and gdb begin likewise.
        _ if is_reply && front.starts_with(b"+OK ") => Probe::Maybe,
        _ if usual && is_verb(front) => Probe::Maybe,
        _ => Probe::No,
    }
}

#[derive(Default)]
struct Pop3 {
    client: Option<Side>,
    lines: BySide<Lines>,
    greeted: bool,
    waiting: VecDeque<Waiting>,
    next_id: u64,
    /// The client's next line is a credential.
    asked: bool,
    /// A mail or a list that a single dot ends.
    body: Option<Body>,
    capabilities: usize,
    upgraded: bool,
}

#[derive(Debug, Clone, Copy)]
enum Body {
    Passed(Dotted),
    Capabilities,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    id: u64,
    brings: Brings,
}

/// What a positive reply to a command brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brings {
    Nothing,
    Lines,
    Capabilities,
    Tls,
}

impl Dialogue for Pop3 {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.upgraded {
            return Ok(octets.len());
        }
        if is_tls(octets) {
            self.upgrade(tell);
            return Ok(0);
        }
        let from_client = match self.client {
            Some(client) => side == client,
            None => !matches!(octets, [b'+' | b'-', ..]),
        };
        if let (false, Some(Body::Passed(dotted))) = (from_client, &mut self.body) {
            let (length, ended) = dotted.pass(octets);
            if ended {
                self.body = None;
            }
            return Ok(length);
        }
        let (line, length) = match self.lines.of_mut(side).next(octets, MAX_LINE, "line")? {
            Step::Tail(length) => return Ok(length),
            Step::Line { line, length } => (line, length),
        };
        self.client.get_or_insert(if from_client { side } else { side.other() });
        if from_client {
            self.read_command(line, tell);
        } else {
            self.read_reply(line, tell);
        }
        Ok(length)
    }

    fn gap(&mut self, side: Side) -> bool {
        self.lines.of_mut(side).lose();
        self.waiting.clear();
        if self.client != Some(side) {
            // The end of a mail may be lost; its lines are not taken for replies.
            self.body = None;
        }
        true
    }

    fn finished(&self, _: Side) -> bool {
        self.upgraded
    }
}

impl Pop3 {
    fn read_command(&mut self, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        self.greeted = true;
        let (verb, argument) = word(line);
        let verb = verb.to_ascii_uppercase();
        let known = VERBS.iter().find(|known| known.as_bytes() == verb);
        let what = match known {
            _ if std::mem::take(&mut self.asked) => "AUTH response",
            Some(known) => known,
            None if line.is_empty() => return,
            None => "(unknown)",
        };
        let brings = match what {
            "RETR" | "TOP" => Brings::Lines,
            "LIST" | "UIDL" if argument.is_empty() => Brings::Lines,
            "CAPA" => Brings::Capabilities,
            "STLS" => Brings::Tls,
            _ => Brings::Nothing,
        };
        let id = self.fresh_id();
        if self.waiting.len() == MAX_WAITING {
            self.waiting.clear();
        }
        self.waiting.push_back(Waiting { id, brings });
        tell(Fact::Request { id, what: what.into() });
        if what == "QUIT" {
            tell(Fact::Close("QUIT".into()));
        }
    }

    fn read_reply(&mut self, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        if let Some(Body::Capabilities) = self.body {
            return self.read_capability(line, tell);
        }
        let (status, said) = word(line);
        let (class, what) = match status {
            b"+OK" => (ReplyClass::Success, "+OK"),
            b"-ERR" => (ReplyClass::Refused, "-ERR"),
            b"+" => (ReplyClass::Challenge, "+"),
            // A stray line of a mail whose beginning was lost.
            _ => return,
        };
        self.asked = class == ReplyClass::Challenge;
        let Some(waiting) = self.waiting.pop_front() else {
            if !std::mem::replace(&mut self.greeted, true) {
                // The stamp that APOP answers is not a secret, but no banner either.
                let banner = said.split(|&octet| octet == b'<').next().unwrap_or_default().trim_ascii();
                tell(Fact::Greeting(text(banner)));
                tell(Fact::Detail { key: "banner", value: text(banner).into() });
                return;
            }
            let id = self.fresh_id();
            tell(Fact::Reply { id, class, what: what.into() });
            return;
        };
        tell(Fact::Reply { id: waiting.id, class, what: what.into() });
        if class == ReplyClass::Success {
            match waiting.brings {
                Brings::Nothing => {}
                Brings::Lines => self.body = Some(Body::Passed(Dotted::Start)),
                Brings::Capabilities => self.body = Some(Body::Capabilities),
                Brings::Tls => self.upgrade(tell),
            }
        }
    }

    fn read_capability(&mut self, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        if line == b"." {
            self.body = None;
        } else if self.capabilities < MAX_CAPABILITIES {
            self.capabilities += 1;
            let front = line.get(..MAX_CAPABILITY).unwrap_or(line);
            tell(Fact::Member { key: "capabilities", value: text(&front.to_ascii_uppercase()).into() });
        }
    }

    fn upgrade(&mut self, tell: &mut dyn FnMut(Fact)) {
        self.upgraded = true;
        tell(Fact::Detail { key: "starttls", value: true.into() });
        tell(Fact::UpgradeToTls);
    }

    fn fresh_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

fn is_verb(front: &[u8]) -> bool {
    let line = front.split(|&octet| octet == b'\n').next().unwrap_or_default().trim_ascii_end();
    let verb = word(line).0.to_ascii_uppercase();
    VERBS.iter().any(|known| known.as_bytes() == verb)
}

const VERBS: &[&str] = &[
    "USER", "PASS", "APOP", "AUTH", "CAPA", "STLS", "STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "QUIT", "TOP",
    "UIDL", "UTF8", "LANG",
];
const MAX_LINE: usize = 1024;
const MAX_WAITING: usize = 64;
const MAX_CAPABILITY: usize = 80;
const MAX_CAPABILITIES: usize = 32;
