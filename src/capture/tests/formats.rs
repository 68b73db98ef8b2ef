//! What others than libpcap write: Network Monitor's format, snoop, ERF.

use std::io::Cursor;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::writing::{Netmon, Packet, all as all_formats, erf, erf_record, event, snoop};
use super::{Kept, Trickle, all, read, stream};
use crate::capture::{Capture, Format, LinkType};
use crate::time::Time;

/// 2013-02-18T06:00:00Z, in nanoseconds.
const BEGIN: i64 = 1_361_167_200_000_000_000;

fn packets(count: u8) -> Vec<Packet> {
    let one = |number: u8| Packet {
        time: BEGIN + i64::from(number) * 1_001_000_000,
        // With its headers a multiple of eight: ERF pads what was cut as if it had been captured.
        octets: (0..62).map(|octet| octet ^ number).collect(),
        wire_len: 62 + u32::from(number),
    };
    (0..count).map(one).collect()
}

fn same(kept: &[Kept], sent: &[Packet], unit: i64, name: &str) {
    assert_eq!(kept.len(), sent.len(), "{name}");
    for (number, (kept, sent)) in (1..).zip(kept.iter().zip(sent)) {
        assert_eq!((kept.number, kept.link, &kept.octets), (number, LinkType(1), &sent.octets), "{name}");
        assert_eq!((kept.time, kept.wire_len), (Time(sent.time / unit * unit), sent.wire_len), "{name}");
    }
}

#[test]
fn every_version_of_every_format_gives_back_what_was_written() {
    let sent = packets(7);
    for (name, octets) in all_formats(&sent) {
        for capture in [stream(Cursor::new(octets.clone())), stream(Trickle(Cursor::new(octets)))] {
            let (kept, summary) = all(capture.unwrap());
            same(&kept, &sent, if name == "netmon (1, 1)" { 1_000_000 } else { 1_000 }, &name);
            assert_eq!((summary.complete, summary.truncated, summary.snapped), (true, false, 6), "{name}");
            assert!(summary.problems.is_empty(), "{name}: {:?}", summary.problems);
        }
    }
}

#[test]
fn files_and_packed_streams_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (name, octets) in all_formats(&packets(5)) {
        let (expected, _) = read(&octets);
        let mut gzip = GzEncoder::new(Vec::new(), Level::fast());
        std::io::Write::write_all(&mut gzip, &octets).unwrap();
        for (kind, octets) in [
            ("plain", octets.clone()),
            ("gzip", gzip.finish().unwrap()),
            ("zstd", zstd::encode_all(&octets[..], 1).unwrap()),
        ] {
            let path = folder.path().join(kind);
            std::fs::write(&path, octets).unwrap();
            let (kept, summary) = all(Capture::open(&path).unwrap());
            assert_eq!((&kept, summary.complete), (&expected, true), "{name} {kind}");
        }
    }
}

#[test]
fn only_times_of_network_monitor_before_2_3_lack_a_time_zone() {
    for (name, octets) in all_formats(&packets(2)) {
        let (_, summary) = read(&octets);
        let local = matches!(name.as_str(), "netmon (1, 1)" | "netmon (2, 0)" | "netmon (2, 1)" | "netmon (2, 2)");
        assert_eq!(summary.local_times, local, "{name}");
        let (format, precision) = match name.as_str() {
            "netmon (1, 1)" => (Format::NetworkMonitor1, 3),
            "netmon (2, 3)" => (Format::NetworkMonitor2, 7),
            "snoop" => (Format::Snoop, 6),
            "erf" => (Format::Erf, 9),
            _ => (Format::NetworkMonitor2, 6),
        };
        assert_eq!((summary.format, summary.precision), (format, precision), "{name}");
    }
}

#[test]
fn the_index_tells_the_order_of_frames_and_where_they_are() {
    let sent = packets(4);
    let octets = Netmon::of((2, 3), &sent).octets_in(&[3, 1, 0, 2], 5);
    let (kept, summary) = read(&octets);
    same(&kept, &sent, 1_000, "out of order, with holes");
    assert!(summary.complete && summary.problems.is_empty(), "{summary:?}");
}

#[test]
fn frames_behind_the_index_are_read_from_files_and_streams() {
    let sent = packets(2);
    let mut octets = Netmon::of((2, 0), &sent).octets();
    let frame = octets[octets.len() - 8 - 16 - 62..octets.len() - 8].to_vec();
    let index = octets.len() - 8;
    let behind = u32::try_from(octets.len()).unwrap();
    octets[index + 4..].copy_from_slice(&behind.to_le_bytes());
    octets.extend(frame);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.cap");
    std::fs::write(&path, &octets).unwrap();
    for capture in [stream(Trickle(Cursor::new(octets.clone()))), Capture::open(&path)] {
        same(&all(capture.unwrap()).0, &sent, 1_000, "behind the index");
    }
}

#[test]
fn frames_from_before_the_beginning_have_their_time() {
    for version in [(2, 0), (2, 3)] {
        let mut netmon = Netmon::new(version, BEGIN);
        let early = Packet { time: BEGIN - 1_500_000_000, octets: vec![1; 20], wire_len: 20 };
        netmon.frame(1, &early);
        assert_eq!(read(&netmon.octets()).0[0].time, Time(early.time));
    }
}

#[test]
fn beginnings_that_never_were_are_survived() {
    let mut octets = Netmon::of((2, 0), &packets(2)).octets();
    octets[8..10].copy_from_slice(&9_999u16.to_le_bytes());
    assert_eq!(read(&octets).0[1].time, Time(i64::MAX), "held at the end of the range");
    octets[10..12].copy_from_slice(&13u16.to_le_bytes());
    let (kept, summary) = read(&octets);
    assert_eq!((kept.len(), summary.untimed, summary.complete), (2, 2, true), "there is no thirteenth month");
}

#[test]
fn frames_that_are_no_packets_keep_their_numbers_and_are_named() {
    let mut netmon = Netmon::new((2, 3), BEGIN);
    let packet = |octets: Vec<u8>| Packet { time: BEGIN, wire_len: octets.len().try_into().unwrap(), octets };
    // Filter, adapters, three that Network Monitor does not number, event, a packet.
    for media in [0xffff, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffe0, 1] {
        netmon.frame(media, &packet(vec![0; 100]));
    }
    let (kept, summary) = read(&netmon.octets());
    let links: Vec<_> = kept.iter().map(|kept| kept.link.to_string()).collect();
    assert_eq!(links, ["NETMON_FILTER", "NETMON_NETWORK_INFO", "NETMON_EVENT", "ETHERNET"]);
    assert_eq!((kept[3].number, summary.packets), (4, 4));
}

#[test]
fn media_types_are_those_of_each_frame() {
    let mut netmon = Netmon::new((2, 1), BEGIN);
    let types = [(0, "ETHERNET"), (2, "IEEE802_5"), (3, "FDDI"), (4, "NETMON_WAN"), (6, "NETMON_802_11"), (7, "RAW")];
    let foreign =
        [(9, "RAW"), (0xe071, "LINUX_SLL"), (0xe080, "IEEE802_11"), (0xe083, "NETMON_0xe083"), (21, "NETMON_0x0015")];
    for (media, _) in types.iter().chain(&foreign) {
        netmon.frame(*media, &packets(1)[0]);
    }
    let links: Vec<_> = read(&netmon.octets()).0.iter().map(|kept| kept.link.to_string()).collect();
    let told: Vec<_> = types.iter().chain(&foreign).map(|(_, name)| *name).collect();
    assert_eq!(links, told);
}

#[test]
fn a_packet_in_an_event_of_netsh_is_the_packet() {
    let mut netmon = Netmon::new((2, 3), BEGIN);
    let inner: Vec<u8> = (0..80).collect();
    let whole = 0xc000_0000;
    for keywords in [whole, whole | 0x200, 0x4000_0000] {
        let octets = event(&inner, keywords);
        netmon.frame(0xffe0, &Packet { time: BEGIN, wire_len: octets.len().try_into().unwrap(), octets });
    }
    let (kept, _) = read(&netmon.octets());
    assert_eq!((kept[0].link, &kept[0].octets, kept[0].wire_len), (LinkType(1), &inner, 80));
    assert_eq!((kept[1].link, &kept[1].octets), (LinkType(101), &inner));
    assert_eq!(kept[2].link, LinkType::NETMON_EVENT, "a part of a packet is none");
    let octets = event(&inner, whole);
    for cut in 0..octets.len() {
        let mut netmon = Netmon::new((2, 3), BEGIN);
        netmon.frame(0xffe0, &Packet { time: BEGIN, octets: octets[..cut].to_vec(), wire_len: 200 });
        assert_eq!(read(&netmon.octets()).0[0].link, LinkType::NETMON_EVENT, "{cut}");
    }
}

#[test]
fn a_capture_cut_before_its_index_gives_the_frames_that_are_there() {
    for version in [(1, 1), (2, 0), (2, 1), (2, 3)] {
        let sent = packets(4);
        let octets = Netmon::of(version, &sent).octets();
        let index = octets.len() - 4 * sent.len();
        for cut in [index, index + 5, octets.len() - 1] {
            let (kept, summary) = read(&octets[..cut]);
            assert_eq!(kept, read(&octets).0, "{version:?} {cut}");
            assert!(summary.truncated && !summary.complete, "{version:?} {cut}");
            assert!(
                summary.problems[0].starts_with(&format!("the index of its frames, at offset {index},")),
                "{summary:?}"
            );
        }
        let (kept, summary) = read(&octets[..index - 3]);
        assert_eq!(kept.len(), 3, "{version:?}");
        assert!(summary.problems[1].starts_with("frame 4 at offset "), "{summary:?}");
    }
}

#[test]
fn a_capture_whose_index_was_never_written_is_read_to_its_end() {
    let mut octets = Netmon::of((2, 3), &packets(3)).octets();
    octets.truncate(octets.len() - 12);
    octets[24..32].fill(0);
    let (kept, summary) = read(&octets);
    assert_eq!((kept.len(), summary.complete), (3, true));
    let (kept, summary) = read(&Netmon::new((2, 3), BEGIN).octets());
    assert_eq!((kept.len(), summary.complete), (0, true));
}

#[test]
fn an_index_that_lies_makes_no_work_and_costs_no_frame_that_is_there() {
    let netmon = Netmon::of((2, 3), &packets(3));
    let octets = netmon.octets();
    let index = octets.len() - 12;
    let mut pointing_away = octets.clone();
    pointing_away[index + 4..index + 8].fill(0xff);
    let (kept, summary) = read(&pointing_away);
    assert_eq!((kept.len(), summary.packets), (2, 3));
    assert!(
        summary.problems[0]
            .starts_with("frame 2 at offset 4294967295: the index points to octets that are not in the file"),
        "{summary:?}"
    );
    let mut repeating = octets.clone();
    repeating[28..32].copy_from_slice(&40_000u32.to_le_bytes());
    for _ in 0..10_000 {
        repeating.extend(128u32.to_le_bytes());
    }
    let (kept, summary) = read(&repeating);
    assert!(kept.len() < 1_000 && !summary.complete, "{} frames", kept.len());
    assert!(summary.problems[0].contains("names more octets than there are"), "{summary:?}");
}

#[test]
fn a_stream_is_not_held_without_bound_and_the_cure_is_told() {
    let mut octets = Netmon::of((2, 3), &packets(3)).octets();
    octets[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
    let (kept, summary) = read(&octets);
    assert_eq!((kept.len(), summary.complete), (0, false));
    assert!(summary.problems[0].contains("Write it to a file, not packed"), "{summary:?}");
}

#[test]
fn losses_that_the_capture_counts_are_told() {
    let sent = packets(3);
    assert_eq!(read(&snoop(&sent, 17)).1.lost_by_capture, 17);
    let record = |kind, lost| erf_record(kind, 0, lost, &[0, 0], &sent[0]);
    let octets = [record(2, 3), record(2, 4), record(11, 500)].concat();
    assert_eq!(read(&octets).1.lost_by_capture, 7, "of a coloured record the field is its colour");
}

#[test]
fn every_type_of_erf_that_carries_packets_is_opened() {
    let packet = &packets(2)[1];
    let cases: [(u8, &[u8], &str); 16] = [
        (1, &[], "C_HDLC"),
        (2, &[0, 0], "ETHERNET"),
        (3, &[], "ERF_3"),
        (5, &[0; 4], "C_HDLC"),
        (10, &[], "C_HDLC"),
        (11, &[0, 0], "ETHERNET"),
        (15, &[], "C_HDLC"),
        (16, &[0, 0], "ETHERNET"),
        (17, &[0; 4], "C_HDLC"),
        (19, &[], "C_HDLC"),
        (20, &[0, 0], "ETHERNET"),
        (21, &[], "ERF_21"),
        (22, &[], "IPV4"),
        (23, &[], "IPV6"),
        (27, &[], "ERF_META"),
        (29, &[], "ERF_29"),
    ];
    for (kind, sub, link) in cases {
        for extensions in 0..3 {
            let octets = [erf(&packets(2)), erf_record(kind, extensions, 0, sub, packet)].concat();
            let (kept, _) = read(&octets);
            assert_eq!(kept[2].link.to_string(), link, "{kind} {extensions}");
            assert!(kept[2].octets.starts_with(&packet.octets), "{kind} {extensions}");
        }
    }
}

#[test]
fn padding_of_erf_has_no_number_and_what_has_no_time_has_only_a_number() {
    let sent = packets(3);
    let pad = [&[0; 8][..], &[48, 0, 0, 32, 0, 0, 0, 0], &[0; 16]].concat();
    let meta = [&[0; 8][..], &[27, 0, 0, 24, 0, 0, 0, 8], &[1; 8]].concat();
    let octets = [meta, erf(&sent[..1]), pad, erf(&sent[1..])].concat();
    let (kept, summary) = read(&octets);
    let numbers: Vec<_> = kept.iter().map(|kept| kept.number).collect();
    assert_eq!((numbers, summary.packets, summary.first), (vec![2, 3, 4], 4, Some(Time(BEGIN))));
}

#[test]
fn erf_behind_one_long_record_is_recognised_and_one_record_alone_is_not() {
    let long = Packet { time: BEGIN, octets: vec![7; 60_000], wire_len: 60_000 };
    let octets = erf(&[long.clone(), packets(1)[0].clone()]);
    assert_eq!(read(&octets).0.len(), 2);
    assert!(stream(Cursor::new(erf(&[long]))).is_err());
}

#[test]
fn impossible_lengths_stop_the_reading_and_name_the_place() {
    let sent = packets(2);
    let mut snoop = snoop(&sent, 0);
    let second = 16 + 24 + 64;
    snoop[second + 8..second + 12].fill(0);
    assert!(read(&snoop).1.problems[0].starts_with("frame 2 at offset 104: a record of 0 octets"));
    let mut erf = erf(&packets(3));
    let second = usize::from(u16::from_be_bytes([erf[10], erf[11]]));
    let third = second + usize::from(u16::from_be_bytes([erf[second + 10], erf[second + 11]]));
    erf[third + 10..third + 12].fill(0);
    // Found out when the file is recognised: what cannot be told from damage is no ERF.
    assert!(stream(Cursor::new(erf.clone())).is_err());
    let many: Vec<_> = packets(200);
    let mut erf = super::writing::erf(&many);
    let last = erf.len() - erf_record(2, 0, 0, &[0, 0], &many[199]).len();
    erf[last + 10..last + 12].fill(0);
    let problem = &read(&erf).1.problems[0];
    assert!(problem.starts_with(&format!("frame 200 at offset {last}: a record of 0 octets")), "{problem}");
}

#[test]
fn every_shorter_prefix_gives_a_prefix_of_the_frames_and_is_never_called_whole() {
    let sent = packets(3);
    for (name, octets) in all_formats(&sent) {
        let (uncut, _) = read(&octets);
        let boundary = |cut: usize| match name.as_str() {
            "snoop" => (0..=3).any(|count| snoop(&sent[..count], 0).len() == cut),
            "erf" => (2..=3).any(|count| erf(&sent[..count]).len() == cut),
            _ => false,
        };
        for cut in 0..octets.len() {
            let Ok(capture) = stream(Cursor::new(octets[..cut].to_vec())) else {
                assert!(cut < 128 || name == "erf", "{name} {cut}");
                continue;
            };
            let (kept, summary) = all(capture);
            assert!(uncut.starts_with(&kept), "{name} {cut}");
            assert_eq!(summary.complete, boundary(cut), "{name} {cut}: {:?}", summary.problems);
            assert_eq!(summary.problems.is_empty(), boundary(cut), "{name} {cut}");
        }
    }
}

#[test]
fn changed_octets_are_survived() {
    for (name, octets) in all_formats(&packets(3)) {
        for at in 0..octets.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut changed = octets.clone();
                changed[at] ^= mask;
                if let Ok(capture) = stream(Cursor::new(changed)) {
                    let (kept, summary) = all(capture);
                    assert!(summary.packets >= kept.len() as u64, "{name} {at}");
                    assert!(kept.iter().all(|kept| kept.wire_len as usize >= kept.octets.len()), "{name} {at}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        frames in prop::collection::vec((0_i64..4_000_000_000, prop::collection::vec(any::<u8>(), 1..200)), 2..12),
    ) {
        let mut time = BEGIN / 1_000 * 1_000;
        let mut sent = Vec::new();
        for (step, octets) in frames {
            time += step / 1_000_000 * 1_000_000;
            sent.push(Packet { time, wire_len: octets.len().try_into().unwrap(), octets });
        }
        for (name, octets) in all_formats(&sent) {
            let (kept, summary) = read(&octets);
            same(&kept, &sent, 1_000_000, &name);
            prop_assert!(summary.complete, "{}", name);
        }
    }
}
