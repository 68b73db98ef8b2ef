//! IMAP4 (RFC 9051, RFC 3501; 2595 STARTTLS, 2177 IDLE). Names, passwords and mail are never kept.

mod line;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::by_side::BySide;
use crate::line::{Lines, Step, is_tls};
use crate::{Dialogue, Fact, Hint, Probe, Protocol, ReplyClass, Side, Stop, Text, Transport, text};
use line::{Command, Response, capabilities, literal};

/// IMAP on any port.
pub const PROTOCOL: Protocol = Protocol { name: "imap", tcp_ports: &[143, 993, 1993], udp_ports: &[], probe, open };

fn open(_: Transport) -> Box<dyn Dialogue> {
    Box::new(Imap::default())
}

/// Whether the first octets of one side fit IMAP.
fn probe(hint: &Hint<'_>) -> Probe {
    let usual = PROTOCOL.tcp_ports.iter().any(|&port| hint.port(port));
    let line = hint.octets.split(|&octet| octet == b'\n').next().unwrap_or_default().trim_ascii_end();
    let greets = [&b"* OK "[..], b"* PREAUTH ", b"* BYE "].iter().any(|greeting| line.starts_with(greeting));
    match (hint.transport, Response::read(line)) {
        (Transport::Udp, _) => Probe::No,
        _ if line.len() < 5 && b"* OK ".starts_with(line) => Probe::More,
        _ if greets => Probe::Yes,
        (_, Response::Untagged(b"CAPABILITY", _)) => Probe::Yes,
        (_, Response::Untagged(..) | Response::Tagged(..)) if usual => Probe::Maybe,
        _ if Command::read(line).is_some_and(|command| command.is_known()) => {
            if usual { Probe::Yes } else { Probe::Maybe }
        }
        _ => Probe::No,
    }
}

#[derive(Default)]
struct Imap {
    client: Option<Side>,
    lines: BySide<Lines>,
    /// By side: the next line goes on behind a literal.
    continues: BySide<bool>,
    greeted: bool,
    waiting: VecDeque<Waiting>,
    next_id: u64,
    capabilities: usize,
    upgraded: bool,
}

#[derive(Debug)]
struct Waiting {
    tag: Text,
    id: u64,
    verb: &'static str,
}

impl Dialogue for Imap {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.upgraded {
            return Ok(octets.len());
        }
        if is_tls(octets) {
            self.upgrade(tell);
            return Ok(0);
        }
        let (line, length) = match self.lines.of_mut(side).next(octets, MAX_LINE, "line")? {
            Step::Tail(length) => return Ok(length),
            Step::Line { line, length } => (line, length),
        };
        // Mail travels in literals, which are stepped over.
        let literal = literal(line).map_or(0, |octets| usize::try_from(octets).unwrap_or(usize::MAX));
        let continued = std::mem::replace(self.continues.of_mut(side), literal > 0);
        if !continued {
            match self.client {
                Some(client) if client == side => self.read_command(line, tell),
                Some(_) => self.read_response(line, tell),
                None => self.read_first(side, line, tell),
            }
        }
        Ok(length.saturating_add(literal))
    }

    fn gap(&mut self, side: Side) -> bool {
        self.lines.of_mut(side).lose();
        *self.continues.of_mut(side) = false;
        true
    }

    fn finished(&self, _: Side) -> bool {
        self.upgraded
    }
}

impl Imap {
    /// The line that tells who is who.
    fn read_first(&mut self, side: Side, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        if !matches!(Response::read(line), Response::Other) {
            self.client = Some(side.other());
            self.read_response(line, tell);
        } else if Command::read(line).is_some_and(|command| command.is_known()) {
            self.client = Some(side);
            self.read_command(line, tell);
        }
    }

    fn read_command(&mut self, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        self.greeted = true;
        // Credentials and the DONE of IDLE have no tag.
        let Some(Command { tag, verb }) = Command::read(line) else { return };
        let id = self.next_id;
        self.next_id += 1;
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { tag: text(tag), id, verb });
        tell(Fact::Request { id, what: verb.into() });
        if verb == "LOGOUT" {
            tell(Fact::Close("LOGOUT".into()));
        }
    }

    fn read_response(&mut self, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        match Response::read(line) {
            Response::Untagged(status @ (b"OK" | b"PREAUTH" | b"BYE"), said)
                if !std::mem::replace(&mut self.greeted, true) =>
            {
                tell(Fact::Greeting(text(said)));
                tell(Fact::Detail { key: "banner", value: text(said).into() });
                self.learn_capabilities(said, tell);
                if status == b"BYE" {
                    tell(Fact::Alert("BYE".into()));
                }
            }
            Response::Untagged(b"CAPABILITY", _) => self.learn_capabilities(line, tell),
            // The server leaves, asked to or not.
            Response::Untagged(b"BYE", _) => tell(Fact::Close("BYE".into())),
            Response::Untagged(..) | Response::Other => {}
            Response::Continue => {
                if let Some(asked) = self.waiting.back().filter(|asked| asked.verb == "AUTHENTICATE") {
                    tell(Fact::Reply { id: asked.id, class: ReplyClass::Challenge, what: "+".into() });
                }
            }
            Response::Tagged(tag, status, class, said) => {
                self.learn_capabilities(said, tell);
                let found = self.waiting.iter().position(|waiting| waiting.tag.as_bytes() == tag);
                let Some(Waiting { id, verb, .. }) = found.and_then(|at| self.waiting.remove(at)) else { return };
                tell(Fact::Reply { id, class, what: status.into() });
                if verb == "STARTTLS" && class == ReplyClass::Success {
                    self.upgrade(tell);
                }
            }
        }
    }

    fn learn_capabilities(&mut self, said: &[u8], tell: &mut dyn FnMut(Fact)) {
        for capability in capabilities(said) {
            if self.capabilities == MAX_CAPABILITIES {
                return;
            }
            self.capabilities += 1;
            tell(Fact::Member { key: "capabilities", value: text(&capability.to_ascii_uppercase()).into() });
        }
    }

    fn upgrade(&mut self, tell: &mut dyn FnMut(Fact)) {
        self.upgraded = true;
        tell(Fact::Detail { key: "starttls", value: true.into() });
        tell(Fact::UpgradeToTls);
    }
}

/// The octets of a line that are looked at.
const MAX_LINE: usize = 2048;
const MAX_WAITING: usize = 32;
const MAX_CAPABILITIES: usize = 64;
