//! SMTP (RFC 5321; 3030 BDAT, 3207 STARTTLS, 4954 AUTH) and what Exchange adds to it
//! ([MS-OXSMTP], X-ANONYMOUSTLS, X-EXPS, X-LINK2STATE, XEXCH50, XSHADOW, XPROXY).
//!
//! Mail, addresses and credentials are stepped over and never kept. A dialogue over which a device
//! wrote `*` and `X` is still a dialogue: it is read, and marked.

mod command;
mod probe;
mod reply;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::by_side::BySide;
use crate::line::{Dotted, Lines, Step, is_tls, word};
use crate::{Dialogue, Fact, Protocol, Side, Stop, Text, Transport, text};
use command::{Command, Effect, is_command, is_masked};
use reply::{ReplyLine, is_masked_banner};

/// SMTP on any port.
pub const PROTOCOL: Protocol =
    Protocol { name: "smtp", tcp_ports: probe::PORTS, udp_ports: &[], probe: probe::probe, open };

fn open(_: Transport) -> Box<dyn Dialogue> {
    Box::new(Smtp::new())
}

struct Smtp {
    /// Who speaks commands; unknown until somebody's line tells.
    client: Option<Side>,
    lines: BySide<Lines>,
    /// Nothing, or not all, of what comes before the next octets was seen.
    lost: BySide<bool>,
    /// Whether a whole reply was seen: the next one is no greeting.
    replied: bool,
    next_id: u64,
    /// Commands without a reply yet, oldest first (RFC 2920 lets several wait).
    waiting: VecDeque<Waiting>,
    expects: Expects,
    /// Text of the first line of a reply that goes on.
    opening: Option<Opening>,
    capabilities: usize,
    masked: bool,
    upgraded: bool,
}

#[derive(Clone, Copy)]
struct Waiting {
    id: u64,
    effect: Effect,
}

struct Opening {
    code: u16,
    banner: Text,
}

/// What the client's next octets are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Expects {
    #[default]
    Command,
    /// Mail or a command: the reply to DATA decides.
    DataReply,
    /// Mail, and whether it may have ended unseen.
    Mail { text: Dotted, holes: bool },
    /// A blob of so many octets or a command: the reply decides.
    BlobReply(u64),
    /// One line of credentials.
    Credentials,
}

impl Dialogue for Smtp {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.upgraded {
            return Ok(octets.len());
        }
        let from_client = match self.client {
            Some(client) => side == client,
            None => !could_be_reply(octets),
        };
        if !matches!(self.expects, Expects::Mail { .. }) && is_tls(octets) {
            self.upgrade(None, tell);
            return Ok(0);
        }
        if from_client { self.read_client(side, octets, tell) } else { self.read_server(side, octets, tell) }
    }

    fn gap(&mut self, side: Side) -> bool {
        // Replies can no longer be counted off against commands.
        self.waiting.clear();
        *self.lost.of_mut(side) = true;
        match &mut self.expects {
            _ if self.client != Some(side) => self.opening = None,
            Expects::Mail { text, holes } => (*text, *holes) = (Dotted::Within, true),
            Expects::DataReply | Expects::BlobReply(_) => self.expects = Expects::Command,
            Expects::Command | Expects::Credentials => {}
        }
        true
    }

    fn finished(&self, _: Side) -> bool {
        self.upgraded
    }
}

impl Smtp {
    fn new() -> Self {
        Self {
            client: None,
            lines: BySide::default(),
            lost: BySide::new(true, true),
            replied: false,
            next_id: 0,
            waiting: VecDeque::new(),
            expects: Expects::Command,
            opening: None,
            capabilities: 0,
            masked: false,
            upgraded: false,
        }
    }

    fn read_client(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match self.expects {
            Expects::Mail { mut text, holes } => {
                let (length, ended) = text.pass(octets);
                self.expects = if ended { Expects::Command } else { Expects::Mail { text, holes } };
                if ended {
                    *self.lost.of_mut(side) = false;
                    self.request(END_OF_DATA.into(), Effect::Plain, tell);
                }
                return Ok(length);
            }
            // No reply was seen: only a command that takes the DATA back speaks against mail.
            Expects::DataReply => match takes_back(octets) {
                Some(true) => self.expects = Expects::Command,
                Some(false) => {
                    self.expects = Expects::Mail { text: Dotted::Start, holes: false };
                    return self.read_client(side, octets, tell);
                }
                None => return Err(Stop::Incomplete { field: "mail or command", more: 1 }),
            },
            Expects::BlobReply(length) => {
                self.expects = Expects::Command;
                self.request("XEXCH50 blob".into(), Effect::Plain, tell);
                return Ok(usize::try_from(length).unwrap_or(usize::MAX));
            }
            Expects::Command | Expects::Credentials => {}
        }
        let begins = self.line_begins(side, octets, |line| is_command(line) || is_masked(word(line).0))?;
        if !begins && self.expects == Expects::Command {
            // Where no command is, mail is: DATA came before what was seen.
            self.expects = Expects::Mail { text: Dotted::Within, holes: true };
            return self.read_client(side, octets, tell);
        }
        let (line, length) = match self.lines.of_mut(side).next(octets, MAX_LINE, "command")? {
            Step::Tail(length) => return Ok(length),
            Step::Line { line, length } => (line, length),
        };
        self.client = Some(side);
        if self.expects == Expects::Credentials {
            self.expects = Expects::Command;
            self.request("AUTH response".into(), Effect::Authenticate, tell);
            return Ok(length);
        }
        let Command { what, effect, greets_as } = command::read(line);
        if line.is_empty() {
            return Ok(length);
        }
        self.request(what, effect, tell);
        if let Some(name) = greets_as {
            tell(Fact::Detail { key: "helo", value: name.into() });
        }
        match effect {
            Effect::Data => self.expects = Expects::DataReply,
            Effect::Blob(octets) => self.expects = Expects::BlobReply(octets),
            Effect::Chunk(octets) => {
                let chunk = usize::try_from(octets).unwrap_or(usize::MAX);
                return Ok(length.saturating_add(chunk));
            }
            Effect::Quit => tell(Fact::Close("QUIT".into())),
            Effect::Masked => self.mask(tell),
            Effect::Plain | Effect::Hello | Effect::StartTls(_) | Effect::Authenticate | Effect::Unknown => {}
        }
        Ok(length)
    }

    fn read_server(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if !self.line_begins(side, octets, could_be_reply)? {
            self.lines.of_mut(side).lose();
        }
        let (line, length) = match self.lines.of_mut(side).next(octets, MAX_LINE, "reply")? {
            Step::Tail(length) => return Ok(length),
            Step::Line { line, length } => (line, length),
        };
        // A line that is no reply belongs to none: some banners have such lines.
        let Some(reply) = ReplyLine::read(line) else { return Ok(length) };
        self.client = Some(side.other());
        let banner = match self.opening.take() {
            Some(opening) if opening.code == reply.code => {
                self.learn_capability(reply, tell);
                // A line of asterisks above words is an ornament: a device masks all of them.
                let ornament = is_masked_banner(opening.banner.as_bytes()) && !is_masked_banner(reply.said);
                if ornament { text(reply.said) } else { opening.banner }
            }
            _ => text(reply.said),
        };
        if reply.last {
            self.end_reply(reply, banner, tell);
        } else {
            self.opening = Some(Opening { code: reply.code, banner });
        }
        Ok(length)
    }

    /// Whether the next octets of `side` begin a line; after a loss, one that `is_whole` accepts does.
    fn line_begins(&mut self, side: Side, octets: &[u8], is_whole: fn(&[u8]) -> bool) -> Result<bool, Stop> {
        if !*self.lost.of(side) {
            return Ok(true);
        }
        let front = octets.get(..MAX_LINE).unwrap_or(octets);
        let end = match front.iter().position(|&octet| octet == b'\n') {
            Some(end) => end,
            None if front.len() < MAX_LINE => return Err(Stop::Incomplete { field: "line", more: 1 }),
            None => front.len(),
        };
        *self.lost.of_mut(side) = false;
        self.lines.of_mut(side).begin();
        Ok(front.get(..end).is_some_and(is_whole))
    }

    fn end_reply(&mut self, reply: ReplyLine<'_>, banner: Text, tell: &mut dyn FnMut(Fact)) {
        let first = !std::mem::replace(&mut self.replied, true);
        if first && self.greets(reply) {
            if is_masked_banner(banner.as_bytes()) {
                self.mask(tell);
            }
            tell(Fact::Greeting(banner.clone()));
            tell(Fact::Detail { key: "banner", value: banner.into() });
            return;
        }
        let waiting = self.waiting.pop_front();
        let (id, effect) = match waiting {
            Some(waiting) => (waiting.id, waiting.effect),
            None => (self.fresh_id(), Effect::Unknown),
        };
        tell(Fact::Reply { id, class: reply.class(), what: reply.status() });
        // Turned away at the door, or shown to it.
        if reply.code == 421 || (first && waiting.is_none() && reply.code >= 400) {
            tell(Fact::Alert(reply.status()));
        }
        self.follow(effect, reply, tell);
    }

    /// Whether the first reply is the greeting: also behind a client that did not wait for it.
    fn greets(&self, reply: ReplyLine<'_>) -> bool {
        let fits = self.waiting.front().is_none_or(|waiting| waiting.effect == Effect::Hello);
        reply.code == 220 && reply.enhanced().is_none() && fits
    }

    /// What a reply to a command of this effect makes of the client's next octets.
    fn follow(&mut self, effect: Effect, reply: ReplyLine<'_>, tell: &mut dyn FnMut(Fact)) {
        match (self.expects, reply.code) {
            (Expects::DataReply, 354) => self.expects = Expects::Mail { text: Dotted::Start, holes: false },
            (Expects::BlobReply(_), 354) => {}
            (Expects::DataReply | Expects::BlobReply(_), _)
                if matches!(effect, Effect::Data | Effect::Blob(_)) =>
            {
                self.expects = Expects::Command;
            }
            // The end of the mail fell into a hole: this is the answer to it.
            (Expects::Mail { holes: true, .. }, 200..=299 | 400..=599) if self.waiting.is_empty() => {
                self.expects = Expects::Command;
                if let Some(client) = self.client {
                    *self.lost.of_mut(client) = true;
                }
            }
            (_, 334) => self.expects = Expects::Credentials,
            _ => {}
        }
        if let (Effect::StartTls(verb), 220) = (effect, reply.code) {
            self.upgrade(Some(verb), tell);
        }
    }

    fn learn_capability(&mut self, reply: ReplyLine<'_>, tell: &mut dyn FnMut(Fact)) {
        // Seen from one side only, the replies of several lines with 250 are those to EHLO.
        let asked = self.waiting.front().is_none_or(|waiting| waiting.effect == Effect::Hello);
        let (keyword, _) = word(reply.said);
        let is_keyword = keyword.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'=' | b'*'));
        if reply.code != 250 || !asked || keyword.is_empty() || !is_keyword || self.capabilities == MAX_CAPABILITIES {
            return;
        }
        self.capabilities += 1;
        if is_masked(keyword) {
            self.mask(tell);
        }
        let said = reply.said.get(..MAX_CAPABILITY).unwrap_or(reply.said).trim_ascii();
        tell(Fact::Member { key: "capabilities", value: text(&said.to_ascii_uppercase()).into() });
    }

    fn request(&mut self, what: Text, effect: Effect, tell: &mut dyn FnMut(Fact)) {
        let id = self.fresh_id();
        if self.waiting.len() == MAX_WAITING {
            // Nobody sends so many without reading: the replies are not in this capture.
            self.waiting.clear();
        }
        self.waiting.push_back(Waiting { id, effect });
        tell(Fact::Request { id, what });
    }

    fn upgrade(&mut self, verb: Option<&'static str>, tell: &mut dyn FnMut(Fact)) {
        self.upgraded = true;
        tell(Fact::Detail { key: "starttls", value: true.into() });
        if let Some(verb) = verb {
            tell(Fact::Detail { key: "tls_by", value: verb.into() });
        }
        tell(Fact::UpgradeToTls);
    }

    fn mask(&mut self, tell: &mut dyn FnMut(Fact)) {
        if !std::mem::replace(&mut self.masked, true) {
            tell(Fact::Detail { key: "masked", value: true.into() });
        }
    }

    fn fresh_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

/// Whether a line begins with the three digits of a reply.
fn could_be_reply(octets: &[u8]) -> bool {
    match octets {
        [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-' | b'\r' | b'\n', ..] => true,
        [first, ..] if octets.len() < 4 => first.is_ascii_digit(),
        _ => false,
    }
}

/// Whether these octets after an unanswered DATA begin with a command, not with mail. `None`: too few to tell.
fn takes_back(octets: &[u8]) -> Option<bool> {
    let mut undecided = false;
    for command in [&b"RSET\r\n"[..], b"QUIT\r\n", b"MAIL FROM:"] {
        let (shared, _) = octets.split_at(octets.len().min(command.len()));
        if command.get(..shared.len()).is_some_and(|front| front.eq_ignore_ascii_case(shared)) {
            if shared.len() == command.len() {
                return Some(true);
            }
            undecided = true;
        }
    }
    (!undecided).then_some(false)
}

/// The octets of a line that are looked at: RFC 5321 §4.5.3.1 allows 512, credentials and extensions more.
const MAX_LINE: usize = 2048;
const MAX_CAPABILITY: usize = 80;
const MAX_CAPABILITIES: usize = 64;
const MAX_WAITING: usize = 128;
/// The request whose reply accepts or refuses the mail.
const END_OF_DATA: &str = "end of data";
