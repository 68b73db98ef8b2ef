//! Moments of recorded captures.

use super::{At, Coverage, State};
use crate::report::recorded::Judged;
use crate::time::{Span, Time};
use crate::topology::Roster;

/// The second that begins so long after 2026-11-21 10:00:00 UTC.
fn second(minute: i64, second: i64) -> (Time, Time) {
    let first = Time::new(1_795_255_200 + minute * 60 + second, 0);
    (first, first.plus(Span(999_999_999)))
}

fn judged(scenario: &str) -> Judged {
    Judged::new(scenario, Roster::default())
}

fn found(at: &At<'_>) -> Vec<String> {
    at.findings.iter().map(|finding| finding.judgement.kind.to_string()).collect()
}

#[test]
fn a_caller_without_an_answer_is_failing_between_its_tries_and_as_long_as_it_waits() {
    let judged = judged("web/opened-later/client.pcap");
    let report = judged.report();
    // SYNs at 10:50:58.4, 59.4, 51:01.4 and 51:05.6; the first connection was closed a second before.
    for (minute, clock, failing) in [(50, 58, 1), (51, 0, 1), (51, 5, 1), (51, 12, 1), (51, 14, 0)] {
        let at = At::new(&report, second(minute, clock));
        assert_eq!(at.count(State::Failing), failing as u64, "10:{minute}:{clock}");
        assert_eq!(found(&at), ["syn-dropped"].repeat(failing.min(1)), "10:{minute}:{clock}");
    }
    let before = At::new(&report, second(50, 57));
    assert_eq!((before.count(State::Open), before.findings.len()), (1, 0));
}

#[test]
fn a_connection_is_open_until_the_first_packet_that_nobody_answers() {
    let judged = judged("rpc/midstream-drop/client.pcap");
    let report = judged.report();
    let flow = judged.traces[0].conversations.iter().find(|one| one.outcome.word() == "stalled").unwrap();
    let silence = super::silence(&flow.flow).unwrap().time;
    assert!(silence > flow.flow.first.time.plus(Span::millis(100)), "it worked for a while");
    let instant = |time: Time| At::new(&report, (time, time));
    let (well, silent) = (instant(silence.minus(Span::millis(1))), instant(silence.plus(Span::millis(1))));
    assert_eq!((well.count(State::Open), well.count(State::Failing)), (1, 0));
    assert!(well.findings.is_empty(), "nothing had failed yet: {:?}", found(&well));
    assert_eq!((silent.count(State::Open), silent.count(State::Failing)), (0, 1));
    assert_eq!(found(&silent), ["midstream-drop"]);
    assert_eq!(silent.under_way[0].since.time, silence);
    assert!(silent.around.events.iter().any(|event| event.what == "nothing is answered from here on"));
}

#[test]
fn what_is_as_it_should_be_is_counted_and_not_listed() {
    let judged = judged("web/healthy/cas1.pcap");
    let report = judged.report();
    let first = judged.traces[0].covered.unwrap().0;
    let at = At::new(&report, (first, first));
    assert_eq!(at.around.began, judged.traces[0].conversations.len() as u64);
    assert_eq!((at.around.reached, at.around.failed), (at.around.began, 0));
    assert!(at.around.events.is_empty(), "{:?}", at.around.events);
}

#[test]
fn a_late_answer_stands_out() {
    let judged = judged("normal/slow-15s/client.pcap");
    let at = At::new(&judged.report(), second(34, 36));
    let late: Vec<&str> = at.around.events.iter().map(|event| event.what.as_str()).collect();
    assert!(late.iter().any(|what| what.starts_with("answer to GET") && what.ends_with("after 15.0 s")), "{late:?}");
}

#[test]
fn a_moment_outside_says_what_is_nearest() {
    let judged = judged("web/opened-later/client.pcap");
    let report = judged.report();
    let (begin, end) = judged.traces[0].covered.unwrap();
    assert_eq!(At::new(&report, second(50, 57)).coverage, Coverage::Captured);
    assert_eq!(At::new(&report, second(59, 0)).coverage, Coverage::Outside(Some(end), None));
    let before = At::new(&report, second(0, 0));
    assert_eq!(before.coverage, Coverage::Outside(None, Some(begin)));
    assert!(before.under_way.is_empty() && before.findings.is_empty() && before.around.events.is_empty());
}

#[test]
fn an_open_connection_stays_under_way_to_the_end_of_the_capture() {
    let mut judged = judged("web/healthy/cas1.pcap");
    let (_, end) = judged.traces[0].covered.unwrap();
    let conversation = &mut judged.traces[0].conversations[0];
    conversation.outcome = crate::flow::Outcome::Open;
    conversation.flow.last = conversation.flow.first;
    let at = At::new(&judged.report(), (end, end));
    let first = judged.traces[0].conversations[0].flow.first;
    assert!(at.under_way.iter().any(|one| one.state == State::Open && one.conversation.flow.first == first));
}

#[test]
fn a_handshake_that_was_answered_later_is_connecting_until_then() {
    let judged = judged("web/healthy/cas1.pcap");
    let report = judged.report();
    let flow = &judged.traces[0].conversations[0].flow;
    let syn = flow.tries.begin().unwrap();
    assert!(flow.answers.begin().unwrap().time > syn.time);
    let at = At::new(&report, (syn.time, syn.time));
    assert_eq!((at.count(State::Connecting), at.under_way[0].since), (1, syn));
}

#[test]
fn the_document_tells_the_same() {
    let judged = judged("web/opened-later/client.pcap");
    let report = judged.report();
    let document = At::new(&report, second(51, 0)).document(&report);
    assert_eq!(document["from"], "2026-11-21T10:51:00.000000Z");
    assert_eq!((&document["captured"], &document["last_before"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!(document["findings"], serde_json::json!(["F1"]));
    let one = &document["conversations"][0];
    assert_eq!(
        (&one["state"], &one["outcome"], &one["server"]["port"]),
        (&"failing".into(), &"unanswered".into(), &443.into())
    );
    let events = document["around"]["events"].as_array().unwrap();
    let syns: Vec<_> = events.iter().filter(|event| event["what"].as_str().unwrap().starts_with("SYN")).collect();
    assert_eq!(syns.len(), 4);
    assert!(events.windows(2).all(|pair| pair[0]["time"].as_str() <= pair[1]["time"].as_str()));
    assert!(syns.iter().all(|event| event["frame"].as_u64().is_some_and(|frame| frame > 0)));
}
