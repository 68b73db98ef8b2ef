use proptest::prelude::*;

use super::writer::{Order, Pen, Sent};
use super::{Kept, read};
use crate::capture::{Format, LinkType};
use crate::time::Time;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;

#[test]
fn all_three_magics_are_read_in_both_byte_orders() {
    let sent = [Sent::whole(1_600_000_000_123_456_000, 60), Sent { time: 1, octets: vec![7; 4], wire: 1_500 }];
    for order in [Order::Little, Order::Big] {
        for (magic, format, fractions, extra, precision) in [
            (MICROSECONDS, Format::Pcap, 1_000_000, &[][..], 6),
            (NANOSECONDS, Format::PcapNanoseconds, 1_000_000_000, &[], 9),
            (MODIFIED, Format::PcapModified, 1_000_000, &[9; 8], 6),
        ] {
            let mut pen = Pen::new(order);
            pen.pcap_header(magic, 4, 1);
            for sent in &sent {
                pen.record(sent, fractions, extra);
            }
            let (kept, summary) = read(&pen.octets);
            assert_eq!(kept.len(), 2, "{format} {order:?}");
            for (number, (kept, sent)) in (1..).zip(kept.iter().zip(&sent)) {
                assert_eq!((kept.number, &kept.octets, kept.wire_len), (number, &sent.octets, sent.wire));
                let unit = 1_000_000_000 / fractions;
                assert_eq!(kept.time, Time(sent.time / unit * unit));
            }
            assert_eq!((summary.format, summary.precision, summary.packets), (format, precision, 2));
            assert_eq!((summary.octets, summary.snapped, summary.clock_steps_back), (1_560, 1, 1));
            assert_eq!((summary.complete, summary.truncated, summary.problems.len()), (true, false, 0));
            assert!(summary.first < summary.last);
        }
    }
}

#[test]
fn the_frame_check_length_is_no_part_of_the_link_type() {
    let mut pen = Pen::new(Order::Little);
    pen.pcap_header(MICROSECONDS, 4, 0x4400_0071).record(&Sent::whole(0, 1), 1_000_000, &[]);
    let (kept, summary) = read(&pen.octets);
    assert_eq!(kept[0].link, LinkType(113));
    assert_eq!(summary.link_types[0].to_string(), "LINUX_SLL");
}

#[test]
fn lengths_that_early_versions_wrote_the_other_way_round_are_turned() {
    let cut = Sent { time: 0, octets: vec![1, 2], wire: 9 };
    for (minor, turned) in [(2, true), (3, true), (3, false), (4, false)] {
        let mut pen = Pen::new(Order::Big);
        pen.pcap_header(MICROSECONDS, minor, 1).record(&cut, 1_000_000, &[]);
        if turned {
            pen.octets[32..40].rotate_left(4);
        }
        let (kept, _) = read(&pen.octets);
        assert_eq!((kept[0].octets.len(), kept[0].wire_len), (2, 9), "2.{minor}");
    }
}

#[test]
fn a_wire_length_below_the_captured_length_is_raised_to_it() {
    let mut pen = Pen::new(Order::Little);
    let sent = Sent { time: 0, octets: vec![0; 9], wire: 2 };
    pen.pcap_header(MICROSECONDS, 4, 1).record(&sent, 1_000_000, &[]);
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept[0].octets.len(), kept[0].wire_len, summary.snapped), (9, 9, 0));
}

#[test]
fn an_impossible_length_stops_the_reading_and_names_the_place() {
    let mut pen = Pen::new(Order::Little);
    pen.pcap_header(MICROSECONDS, 4, 1).record(&Sent::whole(0, 10), 1_000_000, &[]);
    pen.u32(0).u32(0).u32(262_145).u32(262_145);
    pen.octets.resize(400_000, 0);
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept.len(), summary.complete, summary.truncated), (1, false, false));
    assert!(summary.problems[0].starts_with("frame 2 at offset 50: a packet of 262145 octets"), "{summary:?}");
}

#[test]
fn a_capture_without_packets_is_complete_and_empty() {
    let mut pen = Pen::new(Order::Little);
    pen.pcap_header(MICROSECONDS, 4, 1);
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept.len(), summary.complete, summary.first), (0, true, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        frames in prop::collection::vec((0_i64..4_000_000_000_000_000_000, prop::collection::vec(any::<u8>(), 0..200)), 0..20),
        big in any::<bool>(),
        variant in 0_usize..3,
    ) {
        let order = if big { Order::Big } else { Order::Little };
        let (magic, fractions, extra) =
            [(MICROSECONDS, 1_000_000, &[][..]), (NANOSECONDS, 1_000_000_000, &[]), (MODIFIED, 1_000_000, &[0; 8])][variant];
        let unit = 1_000_000_000 / fractions;
        let mut pen = Pen::new(order);
        pen.pcap_header(magic, 4, 1);
        let mut expected = Vec::new();
        for (number, (time, octets)) in (1..).zip(frames) {
            let wire_len = u32::try_from(octets.len()).unwrap();
            let sent = Sent { time: time / unit * unit, octets, wire: wire_len };
            pen.record(&sent, fractions, extra);
            let (time, link) = (Time(sent.time), LinkType(1));
            expected.push(Kept { number, time, link, interface: 0, octets: sent.octets, wire_len });
        }
        let (kept, summary) = read(&pen.octets);
        prop_assert_eq!(kept, expected);
        prop_assert!(summary.complete);
    }
}
