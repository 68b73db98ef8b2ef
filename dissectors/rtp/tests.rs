use super::PROTOCOL;
use crate::Side::{Initiator, Responder};
use crate::harness::{damage_is_survived, feed, play};
use crate::{Dialogue, Fact, Hint, Probe, Side, Stop, Transport};

/// Twenty milliseconds of G.711 silence, shortened.
fn packet(payload_type: u8, sequence: u16, ssrc: u32) -> Vec<u8> {
    let [high, low] = sequence.to_be_bytes();
    let mut octets = vec![0x80, payload_type, high, low, 0, 0, 0, 160];
    octets.extend(ssrc.to_be_bytes());
    octets.extend([0xd5; 20]);
    octets
}

fn hear(dialogue: &mut dyn Dialogue, side: Side, octets: &[u8]) -> Result<Vec<Fact>, Stop> {
    let (facts, _, stop) = feed(dialogue, side, octets);
    stop.map_or(Ok(facts), Err)
}

fn look(octets: &[u8]) -> Probe {
    let hint =
        Hint { transport: Transport::Udp, initiator_port: 16384, responder_port: 50172, side: Initiator, octets };
    (PROTOCOL.probe)(&hint)
}

#[test]
fn a_source_that_counts_on_is_media_and_named() {
    let story = [packet(0, 65535, 0xdee0_ee8f), packet(0, 0, 0xdee0_ee8f), packet(101, 2, 0xdee0_ee8f)];
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &story[0]), (Initiator, &story[1]), (Initiator, &story[2])]);
    assert_eq!(
        facts,
        [
            Fact::Service("rtp"),
            Fact::Detail { key: "ssrc", value: "0xdee0ee8f".into() },
            Fact::Detail { key: "payload_type", value: 0.into() },
            Fact::Member { key: "ssrcs", value: "0xdee0ee8f".into() },
            Fact::Member { key: "payload_types", value: 0.into() },
            Fact::Member { key: "payload_types", value: 101.into() },
        ]
    );
}

#[test]
fn one_datagram_only_might_be_media() {
    let octets = packet(8, 7, 1);
    assert_eq!(look(&octets), Probe::Maybe);
    assert!(play(&PROTOCOL, Transport::Udp, &[(Initiator, &octets)]).is_empty());
}

#[test]
fn sources_that_do_not_count_on_end_the_dialogue() {
    let mut dialogue = (PROTOCOL.open)(Transport::Udp);
    let mut hear = |step: u16| hear(&mut *dialogue, Initiator, &packet(0, step * 1000, u32::from(step) << 20));
    for step in 0..4 {
        assert_eq!(hear(step), Ok(Vec::new()), "step {step}");
    }
    assert!(hear(4).is_err());
}

#[test]
fn both_sides_have_sources_of_their_own() {
    let mut dialogue = (PROTOCOL.open)(Transport::Udp);
    for sequence in 1..4 {
        hear(&mut *dialogue, Initiator, &packet(0, sequence, 0xa)).unwrap();
        hear(&mut *dialogue, Responder, &packet(0, sequence + 900, 0xb)).unwrap();
    }
    let facts = play(&PROTOCOL, Transport::Udp, &[(Initiator, &packet(0, 1, 0xa)), (Initiator, &packet(0, 5, 0xa))]);
    assert!(facts.contains(&Fact::Service("rtp")));
}

#[test]
fn duplicates_and_reordering_neither_prove_nor_disprove() {
    let mut dialogue = (PROTOCOL.open)(Transport::Udp);
    for sequence in [100, 100, 99, 98, 100, 97, 100] {
        assert_eq!(hear(&mut *dialogue, Initiator, &packet(0, sequence, 0xa)), Ok(Vec::new()));
    }
    assert!(hear(&mut *dialogue, Initiator, &packet(0, 102, 0xa)).unwrap().contains(&Fact::Service("rtp")));
}

#[test]
fn neighbours_on_the_port_are_no_media_and_no_doubt() {
    let stun = b"\0\x01\0\0\x21\x12\xa4\x42abcdefghijkl";
    let dtls = b"\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x10\x01\0\0\x04";
    let zrtp = b"\x10\0\x2d\x05ZRTP\x30\x30\x30\x30";
    let control = b"\x80\xc9\0\x01\0\0\0\x0a";
    for octets in [&stun[..], dtls, zrtp, control, b"\0\0"] {
        assert_eq!(look(octets), Probe::No);
        let mut dialogue = (PROTOCOL.open)(Transport::Udp);
        for _ in 0..20 {
            assert!(hear(&mut *dialogue, Initiator, octets).is_ok(), "{octets:?}");
        }
    }
}

#[test]
fn a_header_must_fit_its_datagram() {
    assert_eq!(look(&packet(0, 1, 2)[..11]), Probe::No);
    let mut contributed = packet(0, 1, 2);
    contributed[0] |= 6; // six contributing sources are 24 octets, 20 are there
    assert_eq!(look(&contributed), Probe::No);
    let mut extended = packet(0, 1, 2);
    extended[0] |= 0x10; // the extension's length is 0xd5d5 words
    assert_eq!(look(&extended), Probe::No);
    for unassigned in [35, 64, 72, 76, 95] {
        assert_eq!(look(&packet(unassigned, 1, 2)), Probe::No, "{unassigned}");
    }
}

#[test]
fn damaged_datagrams_are_survived() {
    let (first, second) = (packet(0, 1, 0xa), packet(0, 2, 0xa));
    damage_is_survived(&PROTOCOL, Transport::Udp, &[(Initiator, &first), (Initiator, &second)]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn random_datagrams_are_never_named_media(
        datagrams in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 12..40), 1..30)
    ) {
        let mut dialogue = (PROTOCOL.open)(Transport::Udp);
        for datagram in datagrams {
            let Ok(facts) = hear(&mut *dialogue, Initiator, &datagram) else { return Ok(()) };
            proptest::prop_assert!(!facts.contains(&Fact::Service("rtp")));
        }
    }
}

#[test]
fn asked_on_after_it_gave_up_it_gives_up_again() {
    // Found by fuzzing: the count of doubts ran over.
    let mut dialogue = (PROTOCOL.open)(Transport::Udp);
    let mut ends = 0;
    for step in 0..600 {
        ends += u16::from(hear(&mut *dialogue, Initiator, &packet(0, (step % 60) * 1000, u32::from(step) << 20)).is_err());
    }
    assert_eq!(ends, 600 - 4);
}
