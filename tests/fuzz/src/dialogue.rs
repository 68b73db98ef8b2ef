//! One dissector, fed as `observe` feeds it from the streams that `flow` puts together.

use anyany_dissectors::dcerpc::ndr::{Ndr, Order, Syntax};
use anyany_dissectors::epm::{Answer, Operation, Question};
use anyany_dissectors::{Hint, Protocol, Reader, Transport};

use crate::Conversation;
use crate::streams::{MOST_FACTS, message, streams};

/// Plays the octets as a conversation to a dissector. Asserts that every message moves the stream
/// forward, and that facts are bounded and told only of messages that were read.
pub fn dialogue(protocol: &Protocol, octets: &[u8]) {
    let conversation = spoken(protocol, Conversation::read(octets));
    probe(protocol, &conversation);
    match conversation.transport {
        Transport::Udp => datagrams(protocol, &conversation),
        Transport::Tcp => {
            let _ = streams(protocol, &conversation, usize::MAX);
            let _ = streams(protocol, &conversation, 7);
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
