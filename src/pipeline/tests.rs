//! However packets reach a table, the flows are the same.

use std::io::Cursor;
use std::path::PathBuf;

use anyany_dissectors::Side::{Initiator, Responder};
use anyany_dissectors::Transport as Framing;

use super::*;
use crate::classify::usual_ports;
use crate::flow::Outcome;
use crate::flow::tests::story::{ACK, Line, MS, S, Told, story};
use crate::flow::tests::wire::pcap;

/// A few thousand packets of some hundred conversations of all sorts, in order of time.
fn traffic() -> Vec<Told> {
    let mut lines = Vec::new();
    for at in 0..240u16 {
        let begin = i64::from(at) * 70 * MS;
        let (client, server) = (at % 13 + 1, at % 7 + 1);
        let ends = |port: u16| match at % 4 {
            0 => (format!("[fd00::{client}]:{}", 50_000 + at), format!("[fd00::f{server}]:{port}")),
            _ => (format!("10.0.1.{client}:{}", 50_000 + at), format!("10.0.2.{server}:{port}")),
        };
        let line = |port: u16| Line::new(&ends(port).0, &ends(port).1);
        lines.push(match at % 8 {
            0 => line(443).knocks(&[begin, begin + 3 * S, begin + 9 * S]).clone(),
            1 => line(53).asks(begin, b"question").answers(begin + MS, b"answer").clone(),
            2 => line(80)
                .opens(begin)
                .says(begin + 5 * MS, Initiator, b"GET / HTTP/1.1\r\nHost: mbx\r\n\r\n")
                .says(begin + 9 * MS, Responder, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .closes(begin + 20 * MS)
                .clone(),
            3 => line(445).syn(begin).icmp(begin + MS, "10.0.0.254", 3, 13).clone(),
            4 => line(445).opens(begin).rst(begin + 40 * MS, Responder).clone(),
            _ => {
                let mut long = line(389);
                long.opens(begin);
                for turn in 0..6 {
                    let then = begin + (turn + 1) * 300 * MS;
                    long.says(then, Initiator, &[b'q'; 700]).says(then + MS, Responder, &[b'a'; 1_400]);
                    long.says(then + 2 * MS, Responder, &[b'b'; 1_400]).copy(4).ack(then + 3 * MS, Initiator);
                }
                long.raw(begin + 3 * S, Initiator, ACK, 77, 99, b"").closes(begin + 4 * S);
                long
            }
        });
    }
    // A five-tuple that is used again, for all workers to agree on.
    for turn in 0..40i64 {
        let isn = 1_000 + u32::try_from(turn).unwrap() * 100_000;
        let mut again = Line::new("10.0.1.1:49999", "10.0.2.1:445").isn(isn, isn + 7);
        lines.push(
            again.opens(turn * 400 * MS).talks(turn * 400 * MS + 10 * MS).closes(turn * 400 * MS + 30 * MS).clone(),
        );
    }
    story(&lines.iter().collect::<Vec<_>>())
}

fn settings(threads: usize) -> Settings {
    Settings { threads, memory: None, ports: ServicePorts::new(usual_ports(Framing::Tcp), usual_ports(Framing::Udp)) }
}

/// Everything that was found, in words.
fn words(trace: &Trace) -> Vec<String> {
    let flows = trace.conversations.iter().map(|one| format!("{one:?}"));
    let life = trace.life.hosts().count();
    flows
        .chain([
            format!("{:?} {:?} {life}", trace.duplicates, trace.stray_icmp),
            format!("{:?} {:?}", trace.book, trace.names),
            format!("{:?}", trace.covered),
            format!("{:?}", trace.latencies.iter().map(|(at, it)| (*at, it.count(), it.max_ms())).collect::<Vec<_>>()),
        ])
        .collect()
}

fn in_memory(octets: &[u8]) -> Capture {
    Capture::from_reader("memory".to_owned(), Box::new(Cursor::new(octets.to_vec()))).unwrap()
}

/// A capture in a folder that is gone when the test is over.
fn on_disk(folder: &tempfile::TempDir, name: &str, told: &[Told]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, pcap(told)).unwrap();
    path
}

#[test]
fn one_two_and_eight_threads_find_the_same_in_mapped_files_and_in_streams() {
    find_the_same(&traffic());
}

#[test]
fn they_find_the_same_where_a_clock_of_seconds_gives_many_packets_one_time() {
    let mut told = traffic();
    for told in &mut told {
        told.at -= told.at % S;
    }
    let most = told.chunk_by(|one, next| one.at == next.at).map(<[Told]>::len).max();
    assert!(most > Some(256), "{most:?} at once: more than a stretch");
    find_the_same(&told);
}

fn find_the_same(told: &[Told]) {
    let folder = tempfile::tempdir().unwrap();
    assert!(told.len() > 4_000, "{} packets", told.len());
    let path = on_disk(&folder, "all.pcap", told);
    let alone = words(&read(vec![vec![(0, Capture::open(&path).unwrap())]], &settings(1), &|_| true));
    assert!(alone.len() > 270, "{} flows", alone.len());
    for threads in [1, 2, 3, 8] {
        let mapped = Capture::open(&path).unwrap();
        assert!(mapped.map().is_some());
        let streamed = in_memory(&pcap(told));
        assert!(streamed.map().is_none());
        for capture in [mapped, streamed] {
            let found = words(&read(vec![vec![(0, capture)]], &settings(threads), &|_| true));
            assert!(found == alone, "{threads} threads: {:?}", found.iter().zip(&alone).find(|(a, b)| a != b));
        }
    }
}

/// Which capture each packet goes to, and in which runs the captures are read.
fn cut(told: &[Told], into: usize, part: impl Fn(usize) -> usize) -> Vec<Vec<Told>> {
    let mut parts = vec![Vec::new(); into];
    for (at, told) in told.iter().enumerate() {
        parts[part(at)].push(told.clone());
    }
    parts
}

/// Flows with frames as positions in the whole trace.
fn mapped(trace: &Trace, place: impl Fn(FrameRef) -> usize) -> Vec<String> {
    let mut flows: Vec<_> = trace
        .conversations
        .iter()
        .map(|one| {
            let flow = &one.flow;
            let halves = flow.halves.each_ref().map(|half| {
                (half.packets, half.octets, half.payload, half.retransmissions, half.duplicates, half.unseen)
            });
            let (first, last) = (place(flow.first.frame), place(flow.last.frame));
            (first, format!("{} {:?} {first} {last} {halves:?} {}", flow.initiator, one.outcome, flow.history.text()))
        })
        .collect();
    flows.sort();
    flows.into_iter().map(|(_, flow)| flow).collect()
}

#[test]
fn a_trace_cut_into_files_that_follow_each_other_gives_the_same_flows() {
    let (told, folder) = (traffic(), tempfile::tempdir().unwrap());
    let length = told.len().div_ceil(5);
    let parts = cut(&told, 5, |at| at / length);
    let paths: Vec<_> =
        parts.iter().enumerate().map(|(at, part)| on_disk(&folder, &format!("{at}.pcap"), part)).collect();
    let glances: Vec<_> = paths.iter().map(|path| Glance::of(&mut Capture::open(path).unwrap())).collect();
    let plan = plan(&glances);
    assert_eq!(plan.traces, [vec![vec![0], vec![1], vec![2], vec![3], vec![4]]]);
    let whole = read(vec![vec![(0, in_memory(&pcap(&told)))]], &settings(1), &|_| true);
    let whole = mapped(&whole, |frame| usize::try_from(frame.number()).unwrap() - 1);
    for threads in [1, 4] {
        let runs = paths.iter().zip(0u32..).map(|(path, at)| vec![(at, Capture::open(path).unwrap())]).collect();
        let trace = read(runs, &settings(threads), &|_| true);
        let place = |frame: FrameRef| {
            usize::try_from(frame.capture()).unwrap() * length + usize::try_from(frame.number()).unwrap() - 1
        };
        assert_eq!(mapped(&trace, place), whole, "{threads} threads");
    }
}

#[test]
fn directions_captured_into_two_files_are_read_side_by_side() {
    let (told, folder) = (traffic(), tempfile::tempdir().unwrap());
    let direction = |at: usize| usize::from(told[at].source.port < 40_000);
    let parts = cut(&told, 2, direction);
    let paths: Vec<_> =
        parts.iter().enumerate().map(|(at, part)| on_disk(&folder, &format!("{at}.pcap"), part)).collect();
    let glances: Vec<_> = paths.iter().map(|path| Glance::of(&mut Capture::open(path).unwrap())).collect();
    assert_eq!(plan(&glances).traces, [vec![vec![0, 1]]]);
    let mut places = [Vec::new(), Vec::new()];
    for at in 0..told.len() {
        places[direction(at)].push(at);
    }
    let whole = read(vec![vec![(0, in_memory(&pcap(&told)))]], &settings(1), &|_| true);
    let whole = mapped(&whole, |frame| usize::try_from(frame.number()).unwrap() - 1);
    for threads in [1, 4] {
        let run = paths.iter().zip(0u32..).map(|(path, at)| (at, Capture::open(path).unwrap())).collect();
        let trace = read(vec![run], &settings(threads), &|_| true);
        let place = |frame: FrameRef| {
            places[usize::try_from(frame.capture()).unwrap()][usize::try_from(frame.number()).unwrap() - 1]
        };
        assert_eq!(mapped(&trace, place), whole, "{threads} threads");
    }
}

#[test]
fn two_vantage_points_are_two_traces() {
    let (told, folder) = (traffic(), tempfile::tempdir().unwrap());
    let mut behind = told.clone();
    for told in &mut behind {
        told.ttl -= 1;
        told.at += 300;
    }
    let paths = [on_disk(&folder, "a.pcap", &told), on_disk(&folder, "b.pcap", &behind)];
    let glances: Vec<_> = paths.iter().map(|path| Glance::of(&mut Capture::open(path).unwrap())).collect();
    assert_eq!(plan(&glances).traces, [vec![vec![0]], vec![vec![1]]]);
}

#[test]
fn idle_connections_that_only_keep_alive_do_not_make_a_ring_two_vantage_points() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..3i64)
        .map(|file| {
            let lines: Vec<Line> = (0..20u16)
                .map(|at| {
                    let mut line = Line::new(&format!("[fd00::1]:{}", 50_000 + at), "[fd00::2]:445");
                    for minute in file * 10..(file + 1) * 10 {
                        line.raw(minute * 60 * S, Initiator, ACK, 1_000, 5_001, b"\0");
                        line.raw(minute * 60 * S + MS, Responder, ACK, 5_001, 1_001, b"");
                    }
                    line
                })
                .collect();
            on_disk(&folder, &format!("{file}.pcap"), &story(&lines.iter().collect::<Vec<_>>()))
        })
        .collect();
    let glances: Vec<_> = paths.iter().map(|path| Glance::of(&mut Capture::open(path).unwrap())).collect();
    assert_eq!(plan(&glances).traces, [vec![vec![0], vec![1], vec![2]]]);
}

#[test]
fn frames_that_are_left_out_are_counted_and_cover_nothing() {
    let told = traffic();
    let capture = in_memory(&pcap(&told));
    let trace = read(vec![vec![(0, capture)]], &settings(2), &|frame| frame.number <= 10);
    assert_eq!(trace.healths[0].filtered, told.len() as u64 - 10);
    assert_eq!(trace.covered, Some((told[0].time(), told[9].time())));
}

#[test]
fn the_traffic_has_every_sort_of_ending() {
    let trace = read(vec![vec![(0, in_memory(&pcap(&traffic())))]], &settings(1), &|_| true);
    let outcomes: BTreeSet<_> = trace.conversations.iter().map(|one| one.outcome).collect();
    for outcome in
        [Outcome::Closed, Outcome::Unanswered, Outcome::IcmpRejected, Outcome::ResetByServer, Outcome::Datagrams]
    {
        assert!(outcomes.contains(&outcome), "{outcome:?} among {outcomes:?}");
    }
    let reused = trace.conversations.iter().filter(|one| one.flow.initiator.port == 49_999).count();
    assert_eq!(reused, 40);
}
