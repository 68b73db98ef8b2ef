//! A memory limit: what is let go is counted, the block amid a flood stays, and none is made by letting go.

use super::*;

/// What a limit of so many octets leaves of a story.
fn limited(told: &[Told], threads: usize, memory: u64) -> Trace {
    let capture = Capture::from_reader("story".to_owned(), Box::new(Cursor::new(pcap(told)))).unwrap();
    let settings = Settings::new(threads, &BTreeSet::new(), &BTreeSet::new()).limited(Some(memory));
    read(vec![vec![(0, capture)]], &settings, &|_| true)
}

fn blocked(trace: &Trace) -> Vec<String> {
    let findings = diagnose(std::slice::from_ref(trace), &Roster::default()).findings;
    let blocked = findings.iter().filter(|finding| finding.judgement.kind.verdict() == Verdict::Blocked);
    blocked.map(|finding| format!("{finding:?}")).collect()
}

/// A client that reaches the server on 443, and whose SYNs to 25 nobody answers.
pub(super) fn wall() -> Vec<Line> {
    let mut lines: Vec<Line> = (0..3).map(|turn| works(CAS, 443, turn * 10 * S)).collect();
    for turn in 0..2u16 {
        let mut knocks = between(CAS, 45_000 + turn, MBX, 25);
        let begin = i64::from(turn) * 12 * S + S;
        lines.push(knocks.knocks(&[begin, begin + 3 * S, begin + 9 * S]).clone());
    }
    lines.push(until(60 * S));
    lines
}

/// Single SYNs of so many invented addresses to a port of another host, within half a minute.
pub(super) fn flood(count: u32) -> Vec<Line> {
    let one = |number: u32| {
        let address = std::net::Ipv4Addr::from_bits(0x6400_0000 + number);
        let mut line = Line::new(&format!("{address}:50000"), "10.0.7.7:443");
        line.syn(i64::from(number) * 30 * S / i64::from(count));
        line
    };
    (0..count).map(one).collect()
}

#[test]
fn a_flood_is_counted_and_the_block_amid_it_is_still_found() {
    let told = tell(&[wall(), flood(60_000)].concat());
    let free = blocked(&trace(&told, 1));
    assert!(free.len() == 1 && free[0].contains("SynDropped"), "{free:?}");
    let kept = limited(&told, 1, 8 << 20);
    let crowd = kept.crowd.total();
    assert_eq!(kept.conversations.len() as u64 + crowd.unanswered, 60_006, "none is lost");
    assert!(kept.conversations.len() < 6_000, "{} are kept", kept.conversations.len());
    assert_eq!((crowd.unread, kept.crowd.by_server.len()), (0, 1));
    assert_eq!(blocked(&kept), free);
}

#[test]
fn what_is_let_go_does_not_depend_on_the_number_of_threads() {
    let told = tell(&[wall(), flood(20_000), served(2_000)].concat());
    let alone = limited(&told, 1, 8 << 20);
    let words = |trace: &Trace| {
        let findings = diagnose(std::slice::from_ref(trace), &Roster::default());
        format!("{findings:?} {:?} {} {:?}", trace.crowd, trace.given_up, trace.conversations)
    };
    for threads in [2, 3, 5] {
        assert!(words(&limited(&told, threads, 8 << 20)) == words(&alone), "{threads} threads");
    }
}

/// So many connections of other clients that the server answers.
fn served(count: u16) -> Vec<Line> {
    let one = |number: u16| {
        let [high, low] = number.to_be_bytes();
        works(&format!("10.3.{high}.{low}"), 25, i64::from(number) * 30 * S / i64::from(count))
    };
    (0..count).map(one).collect()
}

#[test]
fn what_ended_in_order_goes_before_anything_is_left_unread_and_the_block_beside_it_stays() {
    let slow = |number: u16| {
        let [high, low] = number.to_be_bytes();
        works(&format!("10.4.0.{}", low % 50), 1_024 + u16::from(high) % 4, i64::from(number) * 40 * MS)
    };
    let lines: Vec<Line> = (0..6_000).map(slow).collect();
    let told = tell(&[wall(), lines, vec![until(300 * S)]].concat());
    let free = blocked(&trace(&told, 1));
    assert_eq!(free.len(), 1, "{free:?}");
    let kept = limited(&told, 1, 8 << 20);
    let crowd = kept.crowd.total();
    assert!(crowd.answered > 4_000 && crowd.unread == 0, "{crowd:?}");
    assert_eq!(kept.conversations.len() as u64 + crowd.answered, 6_006, "none is lost");
    let kinds = |blocked: &[String]| blocked.iter().filter(|one| one.contains("SynDropped")).count();
    assert_eq!(kinds(&blocked(&kept)), 1);
}

#[test]
fn where_conversations_were_not_read_nothing_is_called_blocked() {
    // All at once: nothing is over so long that it might go.
    let lines = (0..3_000u16).map(|number| {
        let [high, low] = number.to_be_bytes();
        works(&format!("10.3.{high}.{low}"), 25, S + i64::from(number) * MS)
    });
    let told = tell(&[wall(), lines.collect()].concat());
    let kept = limited(&told, 1, 8 << 20);
    assert!(kept.crowd.total().unread > 0, "there is no room for all of them");
    assert_eq!(blocked(&kept), [""; 0]);
    let diagnosis = diagnose(std::slice::from_ref(&kept), &Roster::default());
    let why = "the memory limit kept other conversations";
    let told = diagnosis.findings.iter().flat_map(|finding| &finding.judgement.because).any(|one| one.contains(why));
    assert!(told, "and the report says why: {:?}", kinds(&diagnosis.findings));
}

#[test]
fn no_limit_makes_a_block_of_what_is_none_without_it() {
    let told = tell(&[served(600), flood(3_000)].concat());
    assert_eq!(blocked(&trace(&told, 1)), [""; 0]);
    for memory in [1 << 20, 2 << 20, 4 << 20] {
        assert_eq!(blocked(&limited(&told, 1, memory)), [""; 0], "{memory}");
    }
}
