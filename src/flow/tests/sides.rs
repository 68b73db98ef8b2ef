//! Who called whom, where the beginning was not seen; and both directions under one record.

use super::*;
use crate::flow::Oriented;
use story::{ACK, SYN};

#[test]
fn both_directions_are_found_across_different_vlan_tags() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.opens(0).talks(10 * MS).closes(20 * MS);
    for told in &mut line.told {
        told.vlan = Some(if told.source == line.client { 10 } else { 20 });
    }
    assert_eq!(line.flow().outcome(true), Outcome::Closed);
}

#[test]
fn without_a_handshake_the_service_port_is_the_server() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.raw(0, Responder, ACK, 5_000, 1_000, b"answer").raw(MS, Initiator, ACK, 1_000, 5_006, b"");
    let flow = line.flow();
    assert_eq!((flow.initiator, flow.oriented), (line.client, Oriented::Ports));
}

#[test]
fn between_equal_ports_the_first_sender_is_the_client() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:50001");
    line.raw(0, Responder, ACK, 5_000, 1_000, b"x");
    assert_eq!((line.flow().initiator, line.flow().oriented), (line.server, Oriented::FirstSender));
}

#[test]
fn a_handshake_captured_behind_its_acknowledgement_still_says_who_called() {
    let (client, server) = ("10.0.0.1:443", "10.0.0.2:50000");
    for order in [[2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        let mut line = Line::new(client, server);
        line.opens(0);
        let mut told: Vec<_> = order.iter().map(|&at: &usize| line.told[at].clone()).collect();
        for (at, told) in (0i64..).zip(&mut told) {
            told.at = at * 10;
        }
        line.told = told;
        line.talks(10 * MS);
        let seen = line.live();
        assert_eq!(seen.flow.initiator, line.client, "{order:?}");
        assert!(seen.flow.oriented >= Oriented::Answer, "{order:?}");
        assert_eq!(seen.flow.halves.each_ref().map(|half| half.packets), [4, 2], "{order:?}");
        assert_eq!(seen.observer.streams, [b"question".to_vec(), b"answer".to_vec()], "{order:?}");
        let history = seen.flow.history.text();
        let letters = history.trim_start_matches('^');
        assert!(letters.contains('S') && letters.contains('h') && letters.contains('A'), "{order:?}: {history}");
    }
}

#[test]
fn a_syn_ack_on_an_old_flow_without_handshake_is_another_attempt() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:443");
    line.raw(0, Initiator, ACK, 90_000, 80_000, b"old").raw(MS, Responder, ACK, 80_000, 90_003, b"old");
    line.raw(60 * S, Responder, SYN | ACK, 5_000, 1_001, b"");
    assert_eq!(watch(&line.told).flows.len(), 2);
}

#[test]
fn exchanged_sides_take_everything_with_them() {
    let mut line = Line::new("10.0.0.1:50000", "10.0.0.2:50001");
    line.raw(0, Responder, ACK, 5_000, 1_000, b"answer").raw(MS, Initiator, ACK, 1_000, 5_006, b"");
    line.raw(2 * MS, Responder, story::RST, 5_006, 0, b"").raw(3 * MS, Responder, ACK, 5_006, 1_000, b"");
    let mut flow = line.flow();
    assert_eq!(flow.history.text(), "DaRA");
    flow.flip();
    assert_eq!((flow.initiator, flow.resets[0].side), (line.client, Responder));
    assert_eq!((flow.history.text().as_str(), flow.spoke_after_reset), ("^dAra", [0, 1]));
    assert!(flow.history.has(Responder, b'D') && !flow.history.has(Initiator, b'D'));
    assert_eq!(flow.halves.each_ref().map(|half| half.packets), [1, 3]);
}

#[test]
fn the_community_id_is_the_same_from_both_ends() {
    let mut line = Line::new("[fd00::1]:50000", "[fd00::2]:443");
    line.opens(0);
    let mut flow = line.flow();
    let id = crate::flow::community_id(&flow);
    flow.flip();
    assert_eq!(crate::flow::community_id(&flow), id);
}
