//! Copies that the capture makes: counted, and taken for nothing else.

use super::*;
use story::{ACK, Told, What};

const V4: (&str, &str) = ("10.0.0.1:50000", "10.0.0.2:443");
const V6: (&str, &str) = ("[fd00::1]:50000", "[fd00::2]:443");

/// A conversation with a burst in it.
fn burst(ends: (&str, &str), segments: usize) -> Line {
    let mut line = Line::new(ends.0, ends.1);
    line.opens(0).talks(10 * MS);
    for at in 0..segments {
        line.says(S + i64::try_from(at).unwrap() * 12, Responder, &[b'x'; 1_000]);
    }
    line.ack(S + 200 * MS, Initiator).closes(2 * S);
    line
}

/// Every packet a second time, `after` microseconds later, changed.
fn twice(line: &Line, after: i64, change: impl Fn(&mut Told)) -> Vec<Told> {
    let mut copies = line.clone();
    for told in &mut copies.told {
        told.at += after;
        change(told);
    }
    story(&[line, &copies])
}

#[track_caller]
fn same_but_counted(line: &Line, told: &[Told]) {
    let (once, watched) = (line.live(), watch(told));
    let [seen] = &watched.flows[..] else { panic!("one flow") };
    for (copied, half) in seen.flow.halves.iter().zip(&once.flow.halves) {
        assert_eq!(
            (copied.packets, copied.payload, copied.retransmissions, copied.out_of_order),
            (half.packets, half.payload, half.retransmissions, half.out_of_order)
        );
    }
    let copies: u64 = seen.flow.halves.iter().map(|half| half.duplicates).sum();
    assert_eq!(copies, line.told.len() as u64);
    assert_eq!(watched.counters.duplicates.get(&0), Some(&copies));
    assert_eq!(seen.observer.streams, once.observer.streams);
    assert_eq!(seen.flow.history.text(), once.flow.history.text());
    assert_eq!(seen.flow.tries.count, once.flow.tries.count);
}

#[test]
fn a_port_mirrored_twice_changes_nothing_but_the_count_of_copies() {
    for ends in [V4, V6] {
        let line = burst(ends, 5);
        same_but_counted(&line, &twice(&line, 3, |_| {}));
    }
}

#[test]
fn both_sides_of_a_router_change_nothing_but_the_count_of_copies() {
    for ends in [V4, V6] {
        let line = burst(ends, 5);
        same_but_counted(&line, &twice(&line, 40, |told| told.ttl -= 1));
        same_but_counted(&line, &twice(&line, 40, |told| told.ttl += 1));
    }
}

#[test]
fn a_burst_that_is_copied_behind_the_router_as_a_whole_is_known() {
    for ends in [V4, V6] {
        let line = burst(ends, 40);
        same_but_counted(&line, &twice(&line, 500, |told| told.ttl -= 1));
    }
}

#[test]
fn copies_in_other_vlans_and_with_a_checksum_written_later_are_known() {
    let line = burst(V4, 5);
    let told = twice(&line, 3, |told| {
        told.vlan = Some(100);
        told.tcp().checksum = 0xffff;
    });
    same_but_counted(&line, &told);
}

#[test]
fn a_bad_checksum_hides_no_packet() {
    let mut line = burst(V4, 5);
    for told in &mut line.told {
        told.tcp().checksum = 0;
    }
    assert_eq!(line.flow().halves.each_ref().map(|half| half.packets), [7, 8]);
}

#[test]
fn duplicate_acknowledgements_without_identification_are_the_hosts_own() {
    for ends in [V4, V6] {
        let mut line = Line::new(ends.0, ends.1);
        line.opens(0).talks(10 * MS);
        for at in 0..5 {
            line.raw(S + at * 20, Initiator, ACK, 1_009, 5_007, b"");
        }
        for told in &mut line.told {
            told.ip_id = told.ip_id.map(|_| 0);
        }
        let flow = line.flow();
        assert_eq!((flow.half(Initiator).packets, flow.half(Initiator).duplicates), (9, 0), "{ends:?}");
    }
}

#[test]
fn keep_alives_and_window_probes_are_no_copies() {
    for ends in [V4, V6] {
        let mut line = Line::new(ends.0, ends.1);
        line.opens(0).talks(10 * MS);
        for at in 1..6 {
            line.raw(at * 200 * MS, Initiator, ACK, 1_008, 5_007, b"\0").ack(at * 200 * MS + 100, Responder);
        }
        let flow = line.flow();
        assert_eq!(flow.halves.each_ref().map(|half| half.duplicates), [0, 0]);
        assert_eq!(flow.half(Initiator).keep_alives, 5);
    }
}

#[test]
fn a_retransmission_has_an_identification_of_its_own_and_is_no_copy() {
    let mut line = Line::new(V4.0, V4.1);
    line.opens(0).says(10 * MS, Initiator, b"x1").again(12 * MS);
    assert_eq!((line.flow().half(Initiator).duplicates, line.flow().half(Initiator).retransmissions), (0, 1));
    let mut sixth = Line::new(V6.0, V6.1);
    sixth.opens(0).says(10 * MS, Initiator, b"x1").again(220 * MS);
    assert_eq!((sixth.flow().half(Initiator).duplicates, sixth.flow().half(Initiator).retransmissions), (0, 1));
}

#[test]
fn datagrams_that_differ_anywhere_near_their_front_are_no_copies() {
    let mut line = Line::new("[fd00::1]:50000", "[fd00::2]:53");
    let mut words = *b"same--- same--- same--- 1234567 ";
    line.asks(0, &words);
    words[26] = b'!';
    line.asks(10, &words);
    // Two words of eight octets that change in the same way.
    words[1] ^= 1;
    words[9] ^= 1;
    line.asks(20, &words).copy(30);
    let flow = line.flow();
    assert_eq!((flow.half(Initiator).packets, flow.half(Initiator).duplicates), (3, 1));
    assert_eq!(flow.tries.count, 3);
}

#[test]
fn echoes_are_copied_too() {
    let mut ping = Line::new("10.0.0.1:7", "10.0.0.2:7");
    ping.echo(0, Initiator, 1).copy(5).echo(MS, Responder, 1).copy(5);
    let flow = ping.flow();
    assert_eq!(flow.halves.each_ref().map(|half| (half.packets, half.duplicates)), [(1, 1), (1, 1)]);
    assert!(ping.told.iter().all(|told| matches!(told.what, What::Echo { .. })));
}
