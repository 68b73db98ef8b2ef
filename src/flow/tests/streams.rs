//! What observers are given, and that nothing grows with a connection's length.

use super::*;
use crate::flow::{FlowKey, Table, Transport};
use crate::time::{Span, Time};
use story::{ACK, Recorder, end, ports};

#[test]
fn streams_are_read_in_order_from_the_first_octet() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.opens(0).raw(10 * MS, Initiator, ACK, 1_004, 5_001, b"def").raw(11 * MS, Initiator, ACK, 1_001, 5_001, b"abc");
    assert_eq!(line.live().observer.streams[0], b"abcdef");
}

#[test]
fn a_capture_that_starts_midway_is_read_from_where_it_starts() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.raw(0, Initiator, ACK, 77_000, 88_000, b"half a message").raw(MS, Responder, ACK, 88_000, 77_014, b"answer");
    line.raw(2 * MS, Initiator, ACK, 77_014, 88_006, b" and more");
    let seen = line.live();
    assert_eq!(seen.observer.streams, [b"half a message and more".to_vec(), b"answer".to_vec()]);
    assert_eq!(seen.flow.halves.each_ref().map(|half| half.unseen), [0, 0]);
    assert_eq!(seen.observer.gaps, [0, 0]);
}

#[test]
fn what_lies_behind_an_open_hole_is_read_at_the_end() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.opens(0).raw(10 * MS, Initiator, ACK, 2_000, 5_001, b"behind");
    assert_eq!(line.live().observer.streams[0], b"~behind");
}

#[test]
fn octets_cut_by_the_snap_length_are_a_gap() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.opens(0).raw(10 * MS, Initiator, ACK, 1_001, 5_001, b"front").but(|told| told.tcp().wire = Some(1_000));
    line.raw(11 * MS, Initiator, ACK, 2_001, 5_001, b"next");
    let seen = line.live();
    assert_eq!((seen.flow.half(Initiator).snapped, seen.flow.half(Initiator).payload), (1, 1_004));
    assert_eq!(seen.observer.streams[0], b"front~next");
}

#[test]
fn fragments_that_hold_no_transport_header_leave_no_flow() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.syn(0);
    let mut arrival = line.told[0].arrival(1);
    arrival.packet.payload = crate::decode::Payload::Other(6);
    let mut table = Table::<Recorder>::new(ports());
    table.packet(&arrival, &());
    assert!(table.life().ever(line.client.address), "but its sender was heard");
    assert!(table.is_empty());
}

/// An observer that reads nothing: what is left is the flow's own state.
#[derive(Debug, Default)]
struct Deaf;

impl crate::flow::Observer for Deaf {
    type World = ();
    fn stream(&mut self, (): &(), _: &crate::flow::About, _: anyany_dissectors::Side, _: &[u8]) -> usize {
        0
    }
    fn gap(&mut self, (): &(), _: &crate::flow::About, _: anyany_dissectors::Side) {}
    fn datagram(&mut self, (): &(), _: &crate::flow::About, _: anyany_dissectors::Side, _: &[u8]) {}
    fn wants(&self, _: anyany_dissectors::Side) -> bool {
        true
    }
    fn end(&mut self, (): &(), _: &crate::flow::About) {}
    fn is_ordinary(&self) -> bool {
        true
    }
}

#[test]
fn a_connection_that_never_ends_costs_no_more_than_a_short_one() {
    let mut table = Table::<Deaf>::new(ports());
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.opens(0);
    let mut number = 0;
    let mut take = |told: &[story::Told]| {
        for told in told {
            number += 1;
            table.packet(&told.arrival(number), &());
        }
    };
    take(&line.told);
    for second in 1..20_000i64 {
        line.told.clear();
        line.says(second * 60 * S, Initiator, &[1; 1_000]).again(second * 60 * S + 300 * MS);
        line.rst(second * 60 * S + 400 * MS, Responder).icmp(second * 60 * S + 500 * MS, "10.0.0.9", 3, 1);
        take(&line.told);
    }
    let (flow, _) = table.flows(&()).next().unwrap();
    assert!(flow.resets.len() <= 4 && flow.icmp.len() <= 4 && flow.history.text().len() <= 40);
    assert_eq!(flow.half(Initiator).retransmissions, 19_999);
    assert_eq!(table.len(), 1);
}

#[test]
fn a_live_table_lets_go_of_what_is_over_and_of_what_is_idle() {
    let mut table = Table::<Recorder>::new(ports());
    let (mut done, mut idle, mut busy) = (
        Line::new("10.0.0.1:50000", "10.0.0.2:443"),
        Line::new("10.0.0.1:50001", "10.0.0.2:443"),
        Line::new("10.0.0.1:50002", "10.0.0.2:443"),
    );
    done.opens(0).closes(S);
    idle.opens(0);
    busy.opens(0).talks(300 * S);
    for (number, told) in (1u64..).zip(&story(&[&done, &idle, &busy])) {
        table.packet(&told.arrival(number), &());
    }
    let base = done.told[0].time();
    let now = base.plus(Span::seconds(310));
    let gone = table.expire(now, Span::seconds(3_600), Time(0), &());
    assert_eq!(gone.iter().map(|seen| seen.flow.initiator.port).collect::<Vec<_>>(), [50_000]);
    let gone = table.expire(now, Span::seconds(200), Time(0), &());
    assert_eq!(gone.iter().map(|seen| seen.flow.initiator.port).collect::<Vec<_>>(), [50_001]);
    let key = FlowKey::new(Transport::Tcp, end("10.0.0.1:50002"), end("10.0.0.2:443"));
    assert_eq!(table.flows(&()).map(|(flow, _)| flow.key).collect::<Vec<_>>(), [key]);
    let more = busy.says(311 * S, Initiator, b"more").told.last().unwrap().clone();
    table.packet(&more.arrival(99), &());
    assert_eq!(table.len(), 1, "it is still found under its key");
}
