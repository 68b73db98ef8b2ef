//! One dissector, fed as `observe` feeds it from the streams that `flow` puts together.

use anyany_dissectors::dcerpc::ndr::{Ndr, Order, Syntax};
use anyany_dissectors::epm::{Answer, Operation, Question};
use anyany_dissectors::{Dialogue, Fact, Hint, Protocol, Reader, Side, Stop, Transport};

use crate::Conversation;

/// Plays the octets as a conversation to a dissector. Asserts that every message moves the stream
/// forward, that facts are bounded and told only of messages that were read, and that a stream cut
/// elsewhere tells the same facts.
pub fn dialogue(protocol: &Protocol, octets: &[u8]) {
    let conversation = spoken(protocol, Conversation::read(octets));
    probe(protocol, &conversation);
    match conversation.transport {
        Transport::Udp => datagrams(protocol, &conversation),
        Transport::Tcp => {
            let whole = streams(protocol, &conversation, usize::MAX);
            for most in [1, 7] {
                let cut = streams(protocol, &conversation, most);
                assert_eq!(cut, whole, "at most {most} octets at a time, against all at once");
            }
        }
    }
}

/// Over a transport that the protocol is ever asked to read.
fn spoken(protocol: &Protocol, mut conversation: Conversation) -> Conversation {
    if protocol.tcp_ports.is_empty() {
        conversation.transport = Transport::Udp;
    } else if protocol.udp_ports.is_empty() {
        conversation.transport = Transport::Tcp;
    }
    conversation
}

fn probe(protocol: &Protocol, conversation: &Conversation) {
    let transport = conversation.transport;
    let ports = if transport == Transport::Tcp { protocol.tcp_ports } else { protocol.udp_ports };
    let usual = ports.first().copied().unwrap_or_default();
    for part in conversation.parts.iter().filter(|part| !part.octets.is_empty()) {
        for responder_port in [usual, 50_000] {
            let hint =
                Hint { transport, initiator_port: 50_001, responder_port, side: part.side, octets: &part.octets };
            let _ = (protocol.probe)(&hint);
        }
    }
}

/// Every part is a datagram, and one that cannot be read says nothing of the next.
fn datagrams(protocol: &Protocol, conversation: &Conversation) {
    let mut dialogue = (protocol.open)(Transport::Udp);
    for part in conversation.parts.iter().filter(|part| !part.octets.is_empty()) {
        let _ = message(&mut *dialogue, part.side, &part.octets, &mut Vec::new());
    }
}

/// The facts of two streams, up to the first message that ends the dialogue; octets arrive at most
/// `most` at a time.
fn streams(protocol: &Protocol, conversation: &Conversation, most: usize) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut dialogue = (protocol.open)(Transport::Tcp);
    let mut streams = [Stream::default(), Stream::default()];
    for part in &conversation.parts {
        let stream = &mut streams[part.side.index()];
        if part.after_gap {
            stream.lose(&mut *dialogue, part.side);
        }
        for piece in part.octets.chunks(most) {
            if stream.arrive(&mut *dialogue, part.side, piece, &mut facts).is_err() {
                return facts;
            }
        }
    }
    facts
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

/// Nothing more of the conversation is for this dialogue.
struct Ended;

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
    ) -> Result<(), Ended> {
        let stepped = self.skip.min(octets.len());
        self.skip -= stepped;
        self.unread.extend_from_slice(&octets[stepped..]);
        while !self.unread.is_empty() && !self.closed && !dialogue.finished(side) {
            let told = facts.len();
            let read = match message(dialogue, side, &self.unread, facts) {
                Ok(read) => read,
                Err(Stop::Incomplete { .. }) => break,
                Err(Stop::Malformed { .. }) => return Err(Ended),
            };
            if facts[told..].contains(&Fact::UpgradeToTls) {
                return Err(Ended);
            }
            assert!(read > 0, "a message without octets");
            self.skip = read.saturating_sub(self.unread.len());
            self.unread.drain(..read.min(self.unread.len()));
        }
        Ok(())
    }
}

/// Reads one message and keeps what it says; only a message that was read says anything.
fn message(dialogue: &mut dyn Dialogue, side: Side, octets: &[u8], facts: &mut Vec<Fact>) -> Result<usize, Stop> {
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

/// Reads the octets as every stub that the endpoint mapper's dialogues read.
pub fn epm(octets: &[u8]) {
    let Some((choice, stub)) = octets.split_first() else { return };
    let operation = if choice & 1 == 0 { Operation::Map } else { Operation::Lookup };
    let order = if choice & 2 == 0 { Order::LittleEndian } else { Order::BigEndian };
    let syntax = if choice & 4 == 0 { Syntax::Ndr } else { Syntax::Ndr64 };
    let question = Question::read(operation, &mut Ndr::new(Reader::bounded(stub), order, syntax)).ok();
    let answer = Answer::read(operation, &mut Ndr::new(Reader::bounded(stub), order, syntax));
    let recognised = Answer::recognise(stub, order).map(|(answer, _)| answer);
    let _ = Question::recognise(operation, stub, order);
    for answer in answer.into_iter().chain(recognised) {
        let mut facts = 0;
        answer.tell(1, question.as_ref(), &mut |_| facts += 1);
        assert!(facts <= MOST_FACTS, "{facts} facts of one answer");
    }
}

/// More than any one message has to say.
const MOST_FACTS: usize = 4096;
/// Of its debug form: a few texts of at most 255 octets, each escaped.
const LONGEST_FACT: usize = 16 * 1024;
