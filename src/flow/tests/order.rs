//! Retransmissions, gaps, keep-alives, closed windows, segments out of order.

use proptest::prelude::*;

use super::*;
use crate::time::Span;
use story::ACK;

fn opened() -> Line {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.opens(0).talks(10 * MS);
    line
}

#[test]
fn a_segment_sent_again_is_a_retransmission_and_its_octets_count_once() {
    let mut line = opened();
    line.says(S, Initiator, b"once").again(S + 300 * MS).ack(S + 301 * MS, Responder);
    let flow = line.flow();
    let half = flow.half(Initiator);
    assert_eq!((half.retransmissions, half.out_of_order, half.duplicates), (1, 0, 0));
    assert_eq!((half.payload, half.data_packets), (12, 3));
}

#[test]
fn a_retransmission_that_holds_more_counts_its_new_octets() {
    let mut line = opened();
    line.raw(S, Initiator, ACK, 1_009, 5_007, b"half").raw(2 * S, Initiator, ACK, 1_009, 5_007, b"half and half");
    let seen = line.live();
    assert_eq!((seen.flow.half(Initiator).payload, seen.flow.half(Initiator).retransmissions), (8 + 13, 1));
    assert!(seen.observer.streams[0].ends_with(b"half and half"));
}

#[test]
fn a_late_segment_is_out_of_order_when_it_is_soon_and_a_retransmission_when_not() {
    for (late, expected) in [(MS, (1, 0)), (300 * MS, (0, 1))] {
        let mut line = opened();
        line.raw(S, Initiator, ACK, 1_013, 5_007, b"next");
        line.raw(S + late, Initiator, ACK, 1_009, 5_007, b"late");
        let seen = line.live();
        let half = seen.flow.half(Initiator);
        assert_eq!((half.out_of_order, half.retransmissions), expected);
        assert_eq!((half.payload, half.unseen), (16, 0));
        assert_eq!(seen.observer.streams[0], b"questionlatenext");
    }
}

#[test]
fn what_is_acknowledged_and_never_seen_is_the_loss_of_the_capture() {
    let mut line = opened();
    line.raw(S, Responder, ACK, 5_007, 1_500, b"").raw(2 * S, Initiator, ACK, 1_500, 5_007, b"behind");
    let seen = line.live();
    let half = seen.flow.half(Initiator);
    assert_eq!((half.unseen, half.retransmissions), (1, 0));
    assert_eq!(seen.flow.history.text(), "ShADdaG");
    assert_eq!(seen.observer.streams[0], b"question~behind");
}

#[test]
fn a_hole_between_segments_that_is_acknowledged_is_the_loss_of_the_capture() {
    let mut line = opened();
    line.raw(S, Initiator, ACK, 1_109, 5_007, b"behind").raw(S + MS, Responder, ACK, 5_007, 1_115, b"");
    line.raw(2 * S, Initiator, ACK, 1_115, 5_007, b" all");
    let seen = line.live();
    assert_eq!((seen.flow.half(Initiator).unseen, seen.flow.half(Initiator).retransmissions), (1, 0));
    assert_eq!(seen.observer.streams[0], b"question~behind all");
}

#[test]
fn an_acknowledgement_captured_before_its_data_is_neither_loss_nor_retransmission() {
    let mut line = opened();
    line.raw(S, Responder, ACK, 5_007, 1_014, b"").raw(S + 50, Initiator, ACK, 1_009, 5_007, b"first");
    line.raw(2 * S, Responder, ACK, 5_007, 1_024, b"").raw(2 * S + 50, Initiator, ACK, 1_014, 5_007, b"other");
    line.raw(2 * S + 60, Initiator, ACK, 1_019, 5_007, b"words").raw(3 * S, Initiator, ACK, 1_024, 5_007, b"!");
    let seen = line.live();
    let half = seen.flow.half(Initiator);
    assert_eq!((half.unseen, half.retransmissions, half.payload), (0, 0, 8 + 16));
    assert_eq!(seen.observer.streams[0], b"questionfirstotherwords!");
    assert_eq!(seen.observer.gaps, [0, 0]);
}

#[test]
fn keep_alives_of_no_octet_and_of_one_are_no_retransmissions() {
    for payload in [&b""[..], b"\0"] {
        let mut line = opened();
        for minute in 1..5 {
            line.raw(minute * 60 * S, Initiator, ACK, 1_008, 5_007, payload).ack(minute * 60 * S + MS, Responder);
        }
        let seen = line.live();
        let half = seen.flow.half(Initiator);
        assert_eq!((half.keep_alives, half.retransmissions, half.payload), (4, 0, 8));
        assert_eq!(seen.observer.streams[0], b"question");
        assert_eq!(seen.flow.outcome(true), Outcome::Open);
    }
}

#[test]
fn a_single_octet_sent_again_before_it_was_acknowledged_is_a_retransmission() {
    let mut line = opened();
    line.says(S, Initiator, b"x").again(S + 300 * MS);
    assert_eq!((line.flow().half(Initiator).keep_alives, line.flow().half(Initiator).retransmissions), (0, 1));
}

#[test]
fn probes_of_a_closed_window_are_no_retransmissions() {
    let mut line = opened();
    line.ack(S, Responder).but(|told| told.tcp().window = 0);
    for second in 2..5 {
        line.raw(second * S, Initiator, ACK, 1_009, 5_007, b"w");
        line.raw(second * S + MS, Responder, ACK, 5_007, 1_009, b"").but(|told| told.tcp().window = 0);
    }
    line.raw(6 * S, Responder, ACK, 5_007, 1_009, b"").raw(6 * S + MS, Initiator, ACK, 1_009, 5_007, b"window");
    let seen = line.live();
    let (client, server) = (seen.flow.half(Initiator), seen.flow.half(Responder));
    assert_eq!((client.retransmissions, client.payload, server.zero_windows), (0, 8 + 6, 4));
    assert_eq!(seen.observer.streams[0], b"questionwindow");
    assert_eq!(seen.flow.history.text(), "ShADdwa");
}

#[test]
fn sequence_numbers_wrap_around() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443").isn(u32::MAX - 4, u32::MAX);
    line.opens(0).talks(10 * MS).says(S, Initiator, b"again").again(2 * S).closes(3 * S);
    let seen = line.live();
    let half = seen.flow.half(Initiator);
    assert_eq!((half.retransmissions, half.unseen, half.payload), (1, 0, 13));
    assert_eq!(seen.observer.streams, [b"questionagain".to_vec(), b"answer".to_vec()]);
    assert_eq!(seen.flow.outcome(true), Outcome::Closed);
}

#[test]
fn an_old_acknowledgement_does_not_lower_the_highest() {
    let mut line = opened();
    line.raw(S, Responder, ACK, 5_007, 1_001, b"");
    assert_eq!(line.flow().half(Responder).acknowledged, Some(1_009));
}

#[test]
fn a_pause_survives_when_the_other_side_answers_with_more_than_a_reset() {
    let mut lives = opened();
    lives.talks(4_000 * S);
    let survived = lives.flow().survived.unwrap();
    assert!(survived.span > Span::seconds(3_999) && survived.by == Initiator);
    let mut dies = opened();
    dies.says(4_000 * S, Initiator, b"still there?").rst(4_000 * S + MS, Responder);
    let flow = dies.flow();
    assert!(flow.survived.is_none() && !flow.pause.unwrap().answered);
}

#[test]
fn who_repeats_into_silence_began_one_pause_and_no_other() {
    let mut line = opened();
    line.says(100 * S, Initiator, b"still there?").again(102 * S).again(106 * S).again(114 * S);
    let pause = line.flow().pause.unwrap();
    assert!(pause.span > Span::seconds(98) && pause.span < Span::seconds(101), "{}", pause.span);
}

#[test]
fn a_pause_of_seconds_that_was_survived_is_remembered() {
    let mut line = opened();
    line.talks(3 * S).talks(4 * S);
    assert!(line.flow().survived.unwrap().span > Span::seconds(1));
}

#[test]
fn a_clock_that_goes_back_changes_no_count() {
    let mut line = opened();
    line.talks(S);
    for told in line.told.iter_mut().skip(4) {
        told.drift = -3_600 * S;
    }
    let flow = line.flow();
    assert_eq!(flow.halves.each_ref().map(|half| (half.packets, half.retransmissions)), [(6, 0), (3, 0)]);
    assert!(flow.pause.is_none());
}

#[test]
fn times_at_the_ends_of_the_range_are_survived() {
    let mut line = opened();
    line.says(0, Initiator, b"x").says(0, Responder, b"y").says(0, Initiator, b"z");
    let mut table = crate::flow::Table::<story::Recorder>::new(story::ports());
    let times = [i64::MIN, i64::MAX, 0, -1, i64::MAX, i64::MIN];
    for (number, (told, time)) in (1u64..).zip(line.told.iter().zip(times.iter().cycle())) {
        let mut arrival = told.arrival(number);
        arrival.moment.time = crate::time::Time(*time);
        table.packet(&arrival, &());
    }
    assert_eq!(table.finish(&()).0.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_segments_at_all_are_survived(
        segments in prop::collection::vec(
            (any::<bool>(), 0u8..64, any::<u32>(), 0u32..3_000, any::<u32>(), 0usize..20, 0i64..5_000_000, any::<bool>()),
            1..80,
        )
    ) {
        let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
        for (from_client, control, wild, near, acknowledgement, length, at, tame) in segments {
            let side = if from_client { Initiator } else { Responder };
            let sequence = if tame { 1_000 + near } else { wild };
            line.raw(at, side, control, sequence, if tame { near } else { acknowledgement }, &[7; 20][..length]);
        }
        let watched = watch(&line.told);
        let counted: u64 = watched.flows.iter().flat_map(|seen| &seen.flow.halves).map(|half| half.packets + half.duplicates).sum();
        prop_assert_eq!(counted, line.told.len() as u64);
        for seen in watched.flows {
            let _ = (seen.flow.outcome(true), seen.flow.conn_state(), seen.flow.history.text());
        }
    }
}
