use std::net::IpAddr;

use proptest::prelude::*;

use super::writer::{Order, Pen};
use super::{Kept, read};
use crate::capture::{Format, LinkType};
use crate::time::Time;

/// 2020-09-13T12:26:40.123456Z in microseconds.
const NOON: u64 = 1_600_000_000_123_456;

#[test]
fn packets_of_every_kind_of_block_are_read_in_both_byte_orders() {
    for order in [Order::Little, Order::Big] {
        let mut pen = Pen::new(order);
        pen.section().interface(1, 6);
        pen.enhanced(0, NOON, b"enhanced", 100);
        pen.block(3, |pen| {
            pen.u32(14).padded(b"simple");
        }); // cut to the snaplen of 6
        pen.block(2, |pen| {
            pen.u16(0).u16(3).ticks(NOON).u32(3).u32(3).padded(b"old");
        });
        let (kept, summary) = read(&pen.octets);
        let octets: Vec<_> = kept.iter().map(|kept| kept.octets.as_slice()).collect();
        assert_eq!(octets, [&b"enhanced"[..], b"simple", b"old"]);
        assert!(kept.iter().all(|kept| kept.time == Time(1_600_000_000_123_456_000)), "{kept:?}");
        assert_eq!((summary.format, summary.packets, summary.octets, summary.snapped), (Format::Pcapng, 3, 117, 2));
        assert_eq!((summary.untimed, summary.lost_by_capture, summary.complete), (1, 3, true));
    }
}

#[test]
fn sections_of_both_byte_orders_follow_each_other_and_interfaces_count_on() {
    let mut first = Pen::new(Order::Little);
    first.section().interface(1, 0).interface(101, 0).enhanced(1, NOON, b"one", 3);
    let mut second = Pen::new(Order::Big);
    second.section().interface(113, 0).enhanced(0, NOON, b"two", 3);
    let (kept, summary) = read(&[first.octets, second.octets].concat());
    let found: Vec<_> = kept.iter().map(|kept| (kept.interface, kept.link)).collect();
    assert_eq!(found, [(1, LinkType(101)), (2, LinkType(113))]);
    assert_eq!(summary.link_types, [LinkType(101), LinkType(113)]);
}

#[test]
fn times_are_read_in_the_resolution_and_from_the_offset_of_their_interface() {
    for order in [Order::Little, Order::Big] {
        let cases: [(u8, u64, i64, u8); 8] = [
            (3, 1_600_000_000_123, 1_600_000_000_123_000_000, 6),
            (6, NOON, 1_600_000_000_123_456_000, 6),
            (7, 16_000_000_001_234_567, 1_600_000_000_123_456_700, 9),
            (9, 1_600_000_000_123_456_789, 1_600_000_000_123_456_789, 9),
            (12, 1_600_000_123_456_789, 1_600_000_123_456, 9),
            (0x8a, (1_600_000_000 << 10) + 512, 1_600_000_000_500_000_000, 6),
            (0xa0, (1_600_000_000 << 32) + (1 << 31), 1_600_000_000_500_000_000, 9),
            (127, u64::MAX, 0, 9),
        ];
        for (resolution, ticks, nanoseconds, precision) in cases {
            let mut pen = Pen::new(order);
            pen.section().interface_with(1, 0, |pen| {
                pen.option(9, &[resolution]);
            });
            pen.enhanced(0, ticks, b"", 0);
            let (kept, summary) = read(&pen.octets);
            let near = (kept[0].time.0 - nanoseconds).abs() <= 1;
            assert!(near, "{resolution:#x}: {} instead of {nanoseconds}", kept[0].time.0);
            assert_eq!(summary.precision, precision, "{resolution:#x}");
        }
        let mut pen = Pen::new(order);
        let offset = match order {
            Order::Little => (-2_i64).to_le_bytes(),
            Order::Big => (-2_i64).to_be_bytes(),
        };
        pen.section().interface_with(1, 0, |pen| {
            pen.option(14, &offset);
        });
        pen.enhanced(0, 1_000_000, b"", 0);
        assert_eq!(read(&pen.octets).0[0].time, Time(-1_000_000_000), "{order:?}");
    }
}

#[test]
fn times_beyond_the_range_are_held_at_its_end() {
    let mut pen = Pen::new(Order::Little);
    pen.section().interface(1, 0).enhanced(0, u64::MAX, b"", 0);
    assert_eq!(read(&pen.octets).0[0].time, Time(i64::MAX));
}

#[test]
fn losses_are_those_of_the_last_statistics_of_each_interface() {
    let statistics = |pen: &mut Pen, interface, dropped: u64, by_system: u64| {
        pen.block(5, |pen| {
            let mut counts = Pen::new(pen.order);
            counts.u64(dropped).u64(by_system);
            pen.u32(interface).u64(0).option(5, &counts.octets[..8]).option(7, &counts.octets[8..]).option(0, b"");
        });
    };
    for order in [Order::Little, Order::Big] {
        let mut pen = Pen::new(order);
        pen.section().interface(1, 0).interface(1, 0);
        pen.enhanced_with(0, NOON, b"late", 4, |pen| {
            let count = Pen::new(pen.order).u64(2).octets.clone();
            pen.option(1, b"a comment").option(4, &count).option(0, b"");
        });
        statistics(&mut pen, 0, 100, 1);
        statistics(&mut pen, 0, 10, u64::MAX); // unknown
        statistics(&mut pen, 1, 5, 1);
        statistics(&mut pen, 7, 5, 1); // no such interface
        assert_eq!(read(&pen.octets).1.lost_by_capture, 16, "{order:?}");
    }
}

#[test]
fn names_of_addresses_are_kept() {
    for order in [Order::Little, Order::Big] {
        let mut pen = Pen::new(order);
        pen.section().block(4, |pen| {
            pen.option(1, b"\x0a\x0a\x02\x15mbx1\0mbx1.example\0");
            pen.option(2, b"\xfd\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x11dc\0");
            pen.option(0, b"");
        });
        let names: Vec<_> = read(&pen.octets).1.names.into_iter().collect();
        let [mbx, dc] = ["10.10.2.21", "fd00:1::11"].map(|address| address.parse::<IpAddr>().unwrap());
        let expected = [(mbx, "mbx1"), (mbx, "mbx1.example"), (dc, "dc")];
        assert_eq!(names, expected.map(|(address, name)| (address, name.to_owned())), "{order:?}");
    }
}

#[test]
fn a_flood_of_names_is_bounded() {
    let mut pen = Pen::new(Order::Little);
    pen.section().block(4, |pen| {
        for number in 0..6_000_u32 {
            pen.option(1, &[&number.to_be_bytes()[..], b"host\0"].concat());
        }
        pen.option(0, b"");
    });
    let summary = read(&pen.octets).1;
    assert_eq!((summary.names.len(), summary.complete), (4_096, true));
}

#[test]
fn the_section_tells_who_captured() {
    let mut pen = Pen::new(Order::Big);
    pen.section_with(|pen| {
        pen.option(1, b"lab\nday one").option(2, b"x86").option(3, b"Windows").option(4, b"pktmon").option(0, b"");
    });
    let summary = read(&pen.octets).1;
    let told = [summary.hardware, summary.os, summary.application].map(Option::unwrap);
    assert_eq!(told, ["x86", "Windows", "pktmon"]);
    assert_eq!(summary.comments, ["labday one"]);
}

#[test]
fn blocks_that_are_not_packets_are_passed_and_not_counted() {
    let mut pen = Pen::new(Order::Little);
    pen.section().interface(1, 0);
    for kind in [0x0a, 0x0bad, 0x4000_0bad, 9, 0x7777_7777] {
        pen.block(kind, |pen| {
            pen.u32(1).padded(b"whatever");
        });
    }
    pen.enhanced(0, NOON, b"one", 3);
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept[0].number, summary.packets, summary.complete), (1, 1, true));
    assert!(summary.problems.is_empty());
}

#[test]
fn a_packet_that_cannot_be_used_is_counted_and_passed_over() {
    let mut pen = Pen::new(Order::Little);
    pen.section()
        .block(3, |pen| {
            pen.u32(1).padded(b"x");
        })
        .interface(1, 0);
    pen.enhanced(9, NOON, b"who?", 4);
    pen.block(6, |pen| {
        pen.u32(0).u64(0).u32(500).u32(500).padded(b"short");
    });
    pen.block(6, |pen| {
        pen.u32(0);
    });
    pen.block(3, |_| {});
    pen.enhanced(0, NOON, b"good", 4);
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept.len(), kept[0].number, summary.packets, summary.complete), (1, 6, 6, true));
    let beginnings = [
        "frame 1 at offset 28: block 2 is a packet before any interface",
        "frame 2 at offset 68: block 4 names interface 9 of 1",
        "frame 3 at offset 104: block 5 claims 500 captured octets and has room for 8",
        "frame 4 at offset 144: block 6 is too short",
        "frame 5 at offset 160: block 7 is too short",
    ];
    assert_eq!(summary.problems.len(), beginnings.len(), "{:?}", summary.problems);
    for (problem, beginning) in summary.problems.iter().zip(beginnings) {
        assert!(problem.starts_with(beginning), "{problem}");
    }
}

#[test]
fn a_length_that_no_block_has_stops_the_reading() {
    for length in [0, 3, 8, 13, 0xffff_fffc, u32::MAX, 16 * 1024 * 1024 + 4] {
        let mut pen = Pen::new(Order::Little);
        pen.section().interface(1, 0).enhanced(0, NOON, b"good", 4);
        let at = pen.octets.len();
        pen.u32(6).u32(length).u64(0).u64(0);
        let (kept, summary) = read(&pen.octets);
        assert_eq!((kept.len(), summary.complete), (1, false), "{length}");
        let beginning = format!("frame 2 at offset {at}: block 4 has the length {length}");
        assert!(summary.problems[0].starts_with(&beginning), "{:?}", summary.problems);
    }
}

#[test]
fn a_trailing_length_that_differs_stops_the_reading() {
    let mut pen = Pen::new(Order::Little);
    pen.section().interface(1, 0).enhanced(0, NOON, b"good", 4).enhanced(0, NOON, b"bad!", 4);
    let trailer = pen.octets.len() - 4;
    pen.octets[trailer] += 4;
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept.len(), summary.complete), (1, false));
    assert!(summary.problems[0].contains("36 at its front and 40 at its end"), "{:?}", summary.problems);
}

#[test]
fn a_section_of_another_version_stops_the_reading() {
    let mut pen = Pen::new(Order::Little);
    pen.section().interface(1, 0).enhanced(0, NOON, b"good", 4);
    let at = pen.octets.len();
    pen.section();
    pen.octets[at + 12] = 2;
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept.len(), summary.complete), (1, false));
    assert!(summary.problems[0].contains("version 2"), "{:?}", summary.problems);
}

#[test]
fn problems_beyond_the_bound_are_counted() {
    let mut pen = Pen::new(Order::Little);
    pen.section();
    (0..100).for_each(|_| {
        pen.enhanced(0, NOON, b"", 0);
    });
    let summary = read(&pen.octets).1;
    assert_eq!((summary.problems.len(), summary.problems_left_out, summary.packets), (32, 68, 100));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_back(
        frames in prop::collection::vec(
            (any::<bool>(), 0_u64..4_000_000_000_000_000, prop::collection::vec(any::<u8>(), 0..200), 0_u32..99, any::<bool>()),
            0..20,
        ),
        big in any::<bool>(),
    ) {
        let order = if big { Order::Big } else { Order::Little };
        let mut pen = Pen::new(order);
        pen.section().interface(1, 0).interface_with(101, 0, |pen| { pen.option(9, &[9]); });
        let mut expected = Vec::new();
        for (number, (second, ticks, octets, cut, comment)) in (1..).zip(frames) {
            let wire_len = u32::try_from(octets.len()).unwrap() + cut;
            let interface = u32::from(second);
            pen.enhanced_with(interface, ticks, &octets, wire_len, |pen| {
                if comment {
                    pen.option(1, b"comment").option(0, b"");
                }
            });
            let ticks = i64::try_from(ticks).unwrap();
            let (time, link) = if second { (Time(ticks), LinkType(101)) } else { (Time(ticks * 1_000), LinkType(1)) };
            expected.push(Kept { number, time, link, interface, octets, wire_len });
        }
        let (kept, summary) = read(&pen.octets);
        prop_assert_eq!(kept, expected);
        prop_assert!(summary.complete && summary.problems.is_empty());
    }
}
