//! A flood of lone SYNs: the document is the same as if each had been made a conversation, with any number of
//! threads, and cut into pieces.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use anyany::diagnose::diagnose;
use anyany::observe::{FEW_LONE, Trace};
use anyany::reference::Reference;
use anyany::report::page::{Paint, Sheet};
use anyany::report::{Report, json, junit, text};
use anyany::topology::roster;

#[path = "support/frames.rs"]
mod frames;
#[path = "support/pcap.rs"]
mod pcap;

use frames::Frame;
use pcap::{SYN, tcp};

#[test]
fn the_document_of_a_flood_is_that_of_its_conversations() {
    let frames = flooded();
    let kept = frames::traces(&[&frames], 1);
    assert!(kept[0].lone.len() > FEW_LONE / 2, "{} stay as they came", kept[0].lone.len());
    let mut whole = kept.clone();
    whole.iter_mut().for_each(Trace::unfold);
    assert_eq!(whole[0].conversations.len() as u64, kept[0].attempts());
    let (kept, whole) = (words(&kept), words(&whole));
    for (kept, whole) in kept.iter().zip(&whole) {
        let first = kept.lines().zip(whole.lines()).find(|(kept, whole)| kept != whole);
        assert!(kept == whole, "{first:?}");
    }
}

#[test]
fn the_document_of_a_flood_does_not_depend_on_threads() {
    let frames = flooded();
    let alone = words(&frames::traces(&[&frames], 1));
    for threads in [2, 4] {
        assert!(words(&frames::traces(&[&frames], threads)) == alone, "{threads} threads");
    }
}

#[test]
fn a_flood_cut_into_pieces_is_the_same_flood() {
    let frames = flooded();
    let pieces: Vec<&[Frame]> = frames.chunks(frames.len() / 3 + 1).collect();
    let (whole, cut) = (frames::traces(&[&frames], 2), frames::traces(&pieces, 2));
    assert_eq!((whole.len(), cut.len()), (1, 1));
    let counts = |trace: &Trace| {
        let servers = trace.lone.servers().iter().map(|tried| (tried.at, tried.count)).collect::<Vec<_>>();
        (trace.attempts(), trace.lone.len(), servers)
    };
    assert_eq!(counts(&cut[0]), counts(&whole[0]));
    let told = |pieces: &[&[Frame]]| {
        let findings = frames::findings(pieces, 2);
        let one = findings.into_iter().map(|one| (one.judgement.kind, one.client, one.server, one.port, one.attempts));
        one.collect::<Vec<_>>()
    };
    assert_eq!(told(&pieces), told(&[&frames]));
}

/// Everything that is told: the document, for people, and for machines that count tests.
fn words(traces: &[Trace]) -> [String; 3] {
    let reference = Reference::embedded();
    let roster = roster(traces, None, None, reference);
    let diagnosis = diagnose(traces, &roster);
    let report = Report { traces, unusable: &[], roster: &roster, diagnosis: &diagnosis, reference };
    let document = serde_json::to_string_pretty(&json::document(&report, false)).unwrap();
    [document, text::text(&report, Sheet { width: 100, paint: Paint::Plain }), junit::junit(&report)]
}

/// A recorded block, and lone SYNs all around it: from invented addresses to one port and to any; of such as try
/// again and again; of hosts of the recording; of IPv6.
fn flooded() -> Vec<Frame> {
    let scene = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/dag/witness-dropped/client.pcap");
    let mut frames = frames::frames(&scene).unwrap();
    let (first, last) = (frames[0].clone(), frames.last().unwrap().time);
    let link = first.octets[..12].to_vec();
    let servers: Vec<Ipv4Addr> = frames.iter().filter_map(|frame| source(&frame.octets)).collect();
    let span = last.since(first.time).0;
    let count = 80_000u32;
    let flood = (0..count).map(|number| {
        // A number that looks like chance, and is the same in every run.
        let chance = number.wrapping_mul(0x9e37_79b9) ^ number >> 7;
        let invented = Ipv4Addr::from_bits(0x6400_0000 + chance % 0x0fff_ffff);
        let victim = Ipv4Addr::new(10, 77, 0, 7);
        let port = 1_024 + (chance % 60_000) as u16;
        let sequence = chance.rotate_left(9);
        let listed = |at: u32| servers[at as usize % servers.len()];
        let mut frame = Frame { octets: [&link[..], &[8, 0]].concat(), ..first.clone() };
        let packet = match number % 40 {
            0 => tcp((invented, port), (listed(chance), 700 + (chance % 3) as u16), SYN, sequence, 0, &[]),
            1 => tcp((Ipv4Addr::new(198, 18, 0, (chance % 9) as u8), port), (victim, 443), SYN, sequence, 0, &[]),
            2 => tcp(
                (invented, port),
                (Ipv4Addr::from_bits(0x0b00_0000 + chance % 0x00ff_ffff), 80),
                SYN,
                sequence,
                0,
                &[],
            ),
            3 if number % 400 == 3 => tcp((listed(chance), port), (victim, 25), SYN, sequence, 0, &[]),
            4 => {
                frame.octets.splice(12.., [0x86, 0xdd]);
                v6(u128::from(chance), port, sequence)
            }
            _ => tcp((invented, port), (victim, 443), SYN, sequence, 0, &[]),
        };
        frame.octets.extend(packet);
        frame.time = first.time.plus(anyany::time::Span(span / i64::from(count) * i64::from(number)));
        frame.wire_len = u32::try_from(frame.octets.len()).unwrap();
        frame
    });
    frames.extend(flood.collect::<Vec<_>>());
    frames.sort_by_key(|frame| frame.time);
    frames
}

/// The IPv4 source of a plain Ethernet frame.
fn source(octets: &[u8]) -> Option<Ipv4Addr> {
    (octets[12..14] == [8, 0]).then(|| Ipv4Addr::new(octets[26], octets[27], octets[28], octets[29]))
}

fn v6(from: u128, port: u16, sequence: u32) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0, 0, 20, 6, 64];
    packet.extend(Ipv6Addr::from_bits((0xfd00_u128 << 112) + from % 40_000).octets());
    packet.extend(Ipv6Addr::from_bits((0xfd00_u128 << 112) + (1 << 64)).octets());
    packet.extend([port.to_be_bytes(), 443u16.to_be_bytes()].concat());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, SYN, 0x20, 0, 0, 0, 0, 0]);
    packet
}
