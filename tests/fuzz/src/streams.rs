//! Streams as `flow` hands them to a dissector: what was not read yet, and what is to be stepped over.

use anyany_dissectors::{Dialogue, Fact, Protocol, Side, Stop, Transport};

use super::Conversation;

/// The facts of two streams whose octets arrive at most `most` at a time, up to an upgrade to TLS.
pub fn streams(protocol: &Protocol, conversation: &Conversation, most: usize) -> Result<Vec<Fact>, Malformed> {
    let mut facts = Vec::new();
    let mut dialogue = (protocol.open)(Transport::Tcp);
    let mut streams = [Stream::default(), Stream::default()];
    for part in &conversation.parts {
        let stream = &mut streams[part.side.index()];
        if part.after_gap {
            stream.lose(&mut *dialogue, part.side);
        }
        for piece in part.octets.chunks(most) {
            stream.arrive(&mut *dialogue, part.side, piece, &mut facts)?;
            if facts.contains(&Fact::UpgradeToTls) {
                return Ok(facts); // another dialogue goes on from here
            }
        }
    }
    Ok(facts)
}

/// One side of a stream.
#[derive(Default)]
struct Stream {
    /// What was not read yet.
    unread: Vec<u8>,
    /// Octets that are still to be stepped over.
    skip: usize,
    /// After a gap from which the dialogue cannot find its way.
    closed: bool,
}

/// The conversation is not what it seemed.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

impl Stream {
    fn lose(&mut self, dialogue: &mut dyn Dialogue, side: Side) {
        self.unread.clear();
        self.skip = 0;
        self.closed |= !dialogue.gap(side);
    }

    fn arrive(
        &mut self,
        dialogue: &mut dyn Dialogue,
        side: Side,
        octets: &[u8],
        facts: &mut Vec<Fact>,
    ) -> Result<(), Malformed> {
        let stepped = self.skip.min(octets.len());
        self.skip -= stepped;
        self.unread.extend_from_slice(&octets[stepped..]);
        while !self.unread.is_empty() && !self.closed && !dialogue.finished(side) {
            let told = facts.len();
            let read = match message(dialogue, side, &self.unread, facts) {
                Ok(read) => read,
                Err(Stop::Incomplete { .. }) => break,
                Err(Stop::Malformed { .. }) => return Err(Malformed),
            };
            if facts[told..].contains(&Fact::UpgradeToTls) {
                break;
            }
            assert!(read > 0, "a message without octets");
            self.skip = read.saturating_sub(self.unread.len());
            self.unread.drain(..read.min(self.unread.len()));
        }
        Ok(())
    }
}

/// Reads one message and keeps what it says; only a message that was read says anything.
pub fn message(dialogue: &mut dyn Dialogue, side: Side, octets: &[u8], facts: &mut Vec<Fact>) -> Result<usize, Stop> {
    let mut told = Vec::new();
    let read = dialogue.read(side, octets, &mut |fact| told.push(fact));
    if read.as_ref().is_err_and(Stop::is_incomplete) {
        assert!(told.is_empty(), "told before the message was whole: {told:?}");
    }
    assert!(told.len() <= MOST_FACTS, "{} facts of one message", told.len());
    for fact in &told {
        assert!(format!("{fact:?}").len() <= LONGEST_FACT, "a fact without bound");
    }
    let read = read?;
    facts.append(&mut told);
    Ok(read)
}

/// More than any one message has to say.
pub const MOST_FACTS: usize = 4096;
/// Of its debug form: a few texts of at most 255 octets, each escaped.
const LONGEST_FACT: usize = 16 * 1024;
