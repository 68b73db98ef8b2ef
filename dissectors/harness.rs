//! What every dissector's tests run: real octets whole, cut, and damaged.

use crate::{Dialogue, Fact, Protocol, Side, Stop, Transport};

/// Feeds `octets` as one side's stream and returns the facts, the octets stepped over, and why it stopped.
pub fn feed(dialogue: &mut dyn Dialogue, side: Side, octets: &[u8]) -> (Vec<Fact>, usize, Option<Stop>) {
    let (mut facts, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        match dialogue.read(side, &octets[at..], &mut |fact| facts.push(fact)) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(stop) => return (facts, at, Some(stop)),
        }
    }
    (facts, at, None)
}

/// Plays a conversation, message by message, and returns all facts; panics when one is not read whole.
pub fn play(protocol: &Protocol, transport: Transport, story: &[(Side, &[u8])]) -> Vec<Fact> {
    let mut dialogue = (protocol.open)(transport);
    let mut facts = Vec::new();
    for (step, (side, octets)) in story.iter().enumerate() {
        let (told, at, stop) = feed(&mut *dialogue, *side, octets);
        assert_eq!(stop, None, "step {step} of {}", protocol.name);
        assert!(at >= octets.len(), "step {step} of {}: {at} of {} octets read", protocol.name, octets.len());
        facts.extend(told);
    }
    facts
}

/// Every truncation of every message of a stream story is incomplete, never malformed, and tells nothing twice:
/// cutting the stream anywhere and then going on gives the same facts as reading it whole.
pub fn cut_anywhere_reads_the_same(protocol: &Protocol, story: &[(Side, &[u8])]) {
    let whole = play(protocol, Transport::Tcp, story);
    for (step, (side, octets)) in story.iter().enumerate() {
        for cut in 1..octets.len() {
            let mut dialogue = (protocol.open)(Transport::Tcp);
            let mut facts = Vec::new();
            for (before_side, before) in &story[..step] {
                facts.extend(feed(&mut *dialogue, *before_side, before).0);
            }
            let (told, at, stop) = feed(&mut *dialogue, *side, &octets[..cut]);
            facts.extend(told);
            if let Some(stop) = stop {
                assert!(stop.is_incomplete(), "step {step} cut at {cut}: {stop}");
            }
            if let Some(rest) = octets.get(at..) {
                facts.extend(feed(&mut *dialogue, *side, rest).0);
            }
            for (after_side, after) in &story[step + 1..] {
                facts.extend(feed(&mut *dialogue, *after_side, after).0);
            }
            assert_eq!(facts, whole, "step {step} cut at {cut}");
        }
    }
}

/// Flips every octet of every message in turn (all bits, and each single bit) and cuts every
/// datagram: nothing panics and every text stays bounded.
pub fn damage_is_survived(protocol: &Protocol, transport: Transport, story: &[(Side, &[u8])]) {
    for (step, (_, octets)) in story.iter().enumerate() {
        for at in 0..octets.len() {
            for mask in [0xff, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80] {
                let mut damaged = octets.to_vec();
                damaged[at] ^= mask;
                survive(protocol, transport, story, step, &damaged);
            }
            survive(protocol, transport, story, step, &octets[..at]);
        }
    }
}

fn survive(protocol: &Protocol, transport: Transport, story: &[(Side, &[u8])], step: usize, damaged: &[u8]) {
    let mut dialogue = (protocol.open)(transport);
    for (index, (side, octets)) in story.iter().enumerate() {
        let octets = if index == step { damaged } else { octets };
        let (facts, _, _) = feed(&mut *dialogue, *side, octets);
        for fact in facts {
            assert!(format!("{fact:?}").len() < 8 * 1024, "a fact without bound: step {index}");
        }
    }
}
