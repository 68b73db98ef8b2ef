//! Every word of the contract for how a flow ends, with Zeek's beside it.

use super::*;
use story::{ACK, FIN, RST};

fn line() -> Line {
    Line::new("10.0.0.1:50000", "10.0.0.2:389")
}

fn opened() -> Line {
    let mut line = line();
    line.opens(0).talks(10 * MS);
    line
}

#[track_caller]
fn ends(line: &Line, outcome: Outcome, state: &str, history: &str) {
    let flow = line.flow();
    assert_eq!((flow.outcome(true), flow.conn_state(), flow.history.text().as_str()), (outcome, state, history));
}

#[test]
fn closed_is_a_fin_from_both() {
    ends(opened().closes(S), Outcome::Closed, "SF", "ShADdFf");
}

#[test]
fn closed_is_a_reset_after_a_fin() {
    ends(opened().fin(S, Initiator).rst(S + MS, Responder), Outcome::Closed, "RSTR", "ShADdFr");
    ends(opened().closes(S).rst(2 * S, Initiator), Outcome::Closed, "RSTO", "ShADdFfR");
}

#[test]
fn open_is_what_the_end_of_the_capture_interrupts() {
    ends(&opened(), Outcome::Open, "S1", "ShADd");
    ends(opened().fin(S, Initiator), Outcome::Open, "S2", "ShADdF");
    ends(opened().fin(S, Responder), Outcome::Open, "S3", "ShADdf");
}

#[test]
fn unanswered_is_nothing_but_syns() {
    ends(line().knocks(&[0, 3 * S, 9 * S]), Outcome::Unanswered, "S0", "S");
    // Who gives up says nothing: this RST answers a SYN-ACK that was not captured.
    ends(line().syn(0).raw(S, Initiator, RST, 1_001, 0, b""), Outcome::OneSided, "RSTOS0", "SR");
}

#[test]
fn refused_is_a_syn_answered_by_reset() {
    ends(line().syn(0).raw(MS, Responder, RST | ACK, 0, 1_001, b""), Outcome::Refused, "REJ", "Sr");
}

#[test]
fn reset_by_client_and_by_server_say_in_whose_name() {
    ends(opened().rst(S, Initiator), Outcome::ResetByClient, "RSTO", "ShADdR");
    ends(opened().rst(S, Responder), Outcome::ResetByServer, "RSTR", "ShADdr");
    ends(line().syn(0).syn_ack(MS).raw(2 * MS, Initiator, RST, 1_001, 0, b""), Outcome::ResetByClient, "RSTO", "ShR");
}

#[test]
fn stalled_is_data_repeated_into_silence() {
    let mut line = opened();
    line.says(S, Initiator, b"anyone?");
    for at in [1_300, 1_900, 3_100] {
        line.again(at * MS);
    }
    ends(&line, Outcome::Stalled, "S1", "ShADdT");
    // When retransmissions run out, the sender resets: that RST is the victim's.
    ends(line.rst(6 * S, Initiator), Outcome::Stalled, "RSTO", "ShADdTR");
    let mut answered = opened();
    answered.says(S, Initiator, b"anyone?").again(2 * S).again(3 * S).again(4 * S).ack(5 * S, Responder);
    assert_eq!(answered.flow().outcome(true), Outcome::Open, "the silence was broken");
}

#[test]
fn stalled_is_keep_alives_into_silence() {
    let mut line = opened();
    for second in 0..10 {
        line.raw(7_200 * S + second * S, Initiator, ACK, 1_008, 5_007, b"\0");
    }
    assert_eq!(line.flow().outcome(true), Outcome::Stalled);
    assert_eq!(line.rst(7_210 * S, Initiator).flow().outcome(true), Outcome::Stalled);
}

#[test]
fn half_open_is_an_answer_never_completed() {
    let mut line = line();
    line.syn(0).syn_ack(MS).again(3 * S).again(9 * S);
    ends(&line, Outcome::HalfOpen, "S1", "Sh");
    line.raw(20 * S, Responder, RST, 5_001, 0, b"");
    assert_eq!(line.flow().outcome(true), Outcome::HalfOpen, "the server gives up");
}

#[test]
fn one_sided_is_data_or_acknowledgements_of_one_side_only() {
    for side in [Initiator, Responder] {
        let mut line = opened();
        let source = if side == Initiator { line.client } else { line.server };
        line.told.retain(|told| told.source == source);
        assert_eq!(line.flow().outcome(true), Outcome::OneSided, "{side:?}");
        assert_eq!(line.flow().initiator, line.client);
    }
    ends(line().raw(0, Responder, RST, 5_000, 0, b""), Outcome::OneSided, "OTH", "r");
    ends(line().raw(0, Initiator, FIN | ACK, 1_000, 5_000, b""), Outcome::OneSided, "OTH", "F");
}

#[test]
fn datagrams_go_both_ways_or_not() {
    let dns = || Line::new("10.0.0.1:50000", "10.0.0.2:53");
    ends(dns().asks(0, b"question").answers(MS, b"answer"), Outcome::Datagrams, "SF", "Dd");
    ends(dns().asks(0, b"question").asks(S, b"question"), Outcome::Unanswered, "S0", "D");
    ends(dns().answers(0, b"answer"), Outcome::OneSided, "SHR", "d");
    let rejected = dns().asks(0, b"question").icmp(MS, "10.0.0.2", 3, 3).flow();
    assert_eq!(rejected.outcome(true), Outcome::IcmpRejected);
    let media = dns().asks(0, b"sound").asks(20 * MS, b"more sound").flow();
    assert_eq!(media.outcome(false), Outcome::OneSided, "media ask for nothing");
}

#[test]
fn echoes_meet_under_their_identifier() {
    let mut ping = Line::new("10.0.0.1:7", "10.0.0.2:7");
    ping.echo(0, Initiator, 1).echo(MS, Responder, 1).echo(S, Initiator, 2).echo(S + MS, Responder, 2);
    let flow = ping.flow();
    assert_eq!((flow.outcome(true), flow.conn_state()), (Outcome::Datagrams, "OTH"));
    assert_eq!(flow.halves.each_ref().map(|half| half.packets), [2, 2]);
    let mut answer_first = Line::new("10.0.0.1:7", "10.0.0.2:7");
    answer_first.echo(0, Responder, 1);
    assert_eq!(answer_first.flow().initiator, answer_first.client);
}

#[test]
fn datagrams_long_apart_are_another_exchange() {
    let mut line = Line::new("10.0.0.1:123", "10.0.0.2:53");
    line.asks(0, b"a").answers(MS, b"b").asks(599 * S, b"c").asks(1_300 * S, b"d");
    let flows = watch(&line.told).flows;
    assert_eq!(flows.iter().map(|seen| seen.flow.half(Initiator).packets).collect::<Vec<_>>(), [2, 1]);
}
