//! What the messages of a connection mean together, whichever family they are of.
//!
//! Everything kept here is bounded: the oldest entry gives way.

use std::collections::VecDeque;

use super::message::{Content, Dialect, File, Message, ShareKind, Turn};
use super::ntlm::Target;
use super::pipes::{Pipes, Speech};
use crate::{Fact, ReplyClass, Side, Stop, Text, text};

/// What earlier messages of a connection said that later ones refer to.
#[derive(Default)]
pub struct Conversation {
    /// Dialects offered in SMB 1, whose answer is a number.
    dialects: Vec<Text>,
    /// The id of a negotiation begun in SMB 1 that may be answered in SMB 2 (MS-SMB2 §3.3.5.3).
    across: Option<u64>,
    /// Requests whose answer does not repeat what it is about.
    awaited: VecDeque<(u64, Awaited)>,
    /// Shares connected, by tree id.
    shares: VecDeque<(u32, ShareKind)>,
    pipes: Pipes,
}

/// What an answer will be about.
enum Awaited {
    /// The file or pipe of this name is being opened.
    Open(Text),
    /// This file or pipe is being read.
    Data(File),
}

impl Conversation {
    /// Takes in a message and tells what it says. Nothing is told or kept when more octets are needed.
    pub fn hear(&mut self, message: &Message<'_>, tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let speech = self.speech(message)?;
        match message.turn {
            Turn::Request => tell(Fact::Request { id: message.id, what: message.command.clone() }),
            Turn::Response(_) => self.tell_reply(message, tell),
            Turn::OneWay => {}
        }
        for content in &message.contents {
            match content {
                Content::DialectsOffered(dialects) => self.offered(message.id, dialects, tell),
                Content::DialectChosen { dialect, signing } => {
                    if let Some(dialect) = self.chosen(dialect) {
                        tell(Fact::Detail { key: "dialect", value: dialect.into() });
                    }
                    if let Some(signing) = signing {
                        tell(Fact::Detail { key: "signing", value: signing.word().into() });
                    }
                }
                Content::Token(token) => tell_names(token, tell),
                Content::ShareAsked(path) => tell(Fact::Member { key: "share", value: path.clone().into() }),
                Content::ShareGiven(kind) => self.connect(message.tree, *kind),
                Content::OpenAsked(name) => self.open(message, name, tell),
                Content::Opened { file, kind } => self.opened(message, *file, *kind, tell),
                Content::Closed(file) => self.pipes.close(*file),
                Content::ReadAsked(file) | Content::Sent { file, .. } => self.wait(message.id, Awaited::Data(*file)),
                Content::Received { .. } => {}
            }
        }
        if let Some(speech) = speech {
            self.pipes.hear(speech, tell);
        }
        if matches!(message.turn, Turn::Response(status) if status.class() != ReplyClass::Interim) {
            self.awaited.retain(|(id, _)| *id != message.id);
        }
        Ok(())
    }

    /// Octets were lost: a pipe's data may be among them.
    pub fn gap(&mut self, side: Side) {
        self.pipes.gap(side);
    }

    /// What a message carries through a pipe.
    fn speech<'a>(&self, message: &Message<'a>) -> Result<Option<Speech<'a>>, Stop> {
        for content in &message.contents {
            let (side, file, data) = match content {
                Content::Sent { file, data } => (Side::Initiator, Some(*file), *data),
                Content::Received { file, data } => (Side::Responder, file.or(self.awaited_file(message.id)), *data),
                _ => continue,
            };
            if let Some(file) = file
                && let Some(speech) = self.pipes.speech(side, file, data)?
            {
                return Ok(Some(speech));
            }
        }
        Ok(None)
    }

    fn tell_reply(&mut self, message: &Message<'_>, tell: &mut dyn FnMut(Fact)) {
        let Turn::Response(status) = message.turn else { return };
        let negotiated = matches!(message.contents.as_slice(), [Content::DialectChosen { .. }]);
        let id = self.across.take_if(|_| negotiated).unwrap_or(message.id);
        let unfit = matches!(
            message.contents.as_slice(),
            [Content::DialectChosen { dialect: Dialect::NoneFits, .. }]
        );
        let class = if unfit { ReplyClass::Refused } else { status.class() };
        let what = if unfit { "no dialect fits".into() } else { status.text() };
        if matches!(class, ReplyClass::Refused | ReplyClass::Failed) {
            tell(Fact::Detail { key: "status", value: what.clone().into() });
        }
        let succeeded = message.succeeded.filter(|_| !unfit && status.is_success());
        let what = succeeded.map_or_else(|| Text::joined(&[&message.command, " ", &what]), Text::from);
        tell(Fact::Reply { id, class, what });
    }

    fn offered(&mut self, id: u64, dialects: &[Text], tell: &mut dyn FnMut(Fact)) {
        for dialect in dialects {
            tell(Fact::Member { key: "dialects_offered", value: dialect.clone().into() });
        }
        // MS-SMB2 §2.2.3 gives these names to SMB 2 where it is offered in SMB 1.
        let across = dialects.iter().any(|dialect| matches!(&**dialect, "SMB 2.002" | "SMB 2.???"));
        self.across = across.then_some(id);
        self.dialects = dialects.to_vec();
    }

    fn chosen(&self, dialect: &Dialect) -> Option<Text> {
        match dialect {
            Dialect::Named(name) => Some(name.clone()),
            Dialect::Offered { index, name } => {
                name.map(Text::from).or_else(|| self.dialects.get(usize::from(*index)).cloned())
            }
            Dialect::NoneFits => None,
        }
    }

    fn connect(&mut self, tree: u32, kind: ShareKind) {
        self.shares.retain(|(known, _)| *known != tree);
        keep(&mut self.shares, (tree, kind), MOST_SHARES);
    }

    fn share(&self, tree: u32) -> Option<ShareKind> {
        self.shares.iter().find(|(known, _)| *known == tree).map(|(_, kind)| *kind)
    }

    fn open(&mut self, message: &Message<'_>, name: &str, tell: &mut dyn FnMut(Fact)) {
        let name = pipe_name(name);
        match self.share(message.tree) {
            Some(ShareKind::Other) => return,
            // Told at once: an attempt without an answer is worth knowing too.
            Some(ShareKind::Pipes) => tell(Fact::Member { key: "pipe", value: name.clone().into() }),
            None => {}
        }
        self.wait(message.id, Awaited::Open(name));
    }

    fn opened(&mut self, message: &Message<'_>, file: File, kind: Option<ShareKind>, tell: &mut dyn FnMut(Fact)) {
        let name = self.awaited.iter().find_map(|(id, awaited)| match awaited {
            Awaited::Open(name) if *id == message.id => Some(name.clone()),
            _ => None,
        });
        match (kind, name) {
            (Some(ShareKind::Other), _) | (None, None) => {}
            (Some(ShareKind::Pipes), None) => self.pipes.open(file, None),
            (Some(ShareKind::Pipes), Some(name)) => {
                tell(Fact::Member { key: "pipe", value: name.clone().into() });
                self.pipes.open(file, Some(name));
            }
            (None, Some(name)) => self.pipes.open(file, Some(name)),
        }
    }

    fn awaited_file(&self, id: u64) -> Option<File> {
        self.awaited.iter().find_map(|(awaited, what)| match what {
            Awaited::Data(file) if *awaited == id => Some(*file),
            _ => None,
        })
    }

    fn wait(&mut self, id: u64, awaited: Awaited) {
        self.awaited.retain(|(known, _)| *known != id);
        keep(&mut self.awaited, (id, awaited), MOST_AWAITED);
    }
}

/// The names in a server's NTLM challenge, if the token holds one.
fn tell_names(token: &[u8], tell: &mut dyn FnMut(Fact)) {
    let Some(target) = Target::find(token) else { return };
    for (key, name) in [("server_name", target.computer), ("server_dns_name", target.dns_computer)] {
        if let Some(name) = name {
            tell(Fact::Detail { key, value: name.into() });
        }
    }
}

/// A pipe's name without the path in front of it; case does not matter in it.
fn pipe_name(path: &str) -> Text {
    let path = path.trim_start_matches('\\').to_ascii_lowercase();
    text(path.strip_prefix("pipe\\").unwrap_or(&path).as_bytes())
}

/// Appends to a bounded list, at the cost of its oldest entry.
fn keep<T>(list: &mut VecDeque<T>, entry: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(entry);
}

/// At most so many requests are remembered per connection; servers grant some hundreds of credits, but
/// few requests are under way at once.
const MOST_AWAITED: usize = 32;

/// At most so many shares are remembered per connection.
const MOST_SHARES: usize = 16;
