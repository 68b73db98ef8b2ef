//! Every capture of a collection is understood as tshark understands it: packets, attempts that were
//! not answered or refused, and the service of each flow. Where the two differ, `known` says why; a
//! difference without a reason fails, and so does a reason without a difference.
//!
//! Runs only where `ANYANY_CAPTURES` names a folder with captures, `truth.jsonl` (a line a file) and
//! `services.jsonl` (a line a flow). Shows its figures with `--nocapture`.
#![allow(clippy::disallowed_methods)] // how long reading took is printed
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use anyany::capture::Capture;
use anyany::flow::{Endpoint, FlowKey, Outcome, Transport};
use anyany::observe::{Conversation, Trace};
use serde::Deserialize;

#[path = "captures_truth/figures.rs"]
mod figures;
#[path = "captures_truth/known.rs"]
mod known;
#[path = "support/reading.rs"]
mod reading;

use figures::{Difference, Figures};

/// What tshark says of a file.
#[derive(Deserialize)]
struct Truth {
    file: String,
    packets: u64,
    tcp: Totals,
    tcp_streams: Vec<Stream>,
}

#[derive(Deserialize)]
struct Totals {
    streams: usize,
    unanswered_strict: usize,
    refused: usize,
}

/// One TCP stream: attempts on one five-tuple that tshark does not tell apart.
#[derive(Deserialize)]
struct Stream {
    client: String,
    server: String,
    /// First and last.
    frames: (u64, u64),
    tags: BTreeSet<String>,
}

/// One flow, with the protocol that tshark names it by.
#[derive(Deserialize)]
struct Labelled {
    file: String,
    transport: String,
    ends: [(String, String); 2],
    service: String,
}

#[test]
fn every_capture_is_understood_as_tshark_understands_it() {
    let Some(folder) = reading::collection() else { return };
    let truths: Vec<Truth> = lines(&folder.join("truth.jsonl"));
    let mut labels: BTreeMap<String, Vec<Labelled>> = BTreeMap::new();
    for label in lines::<Labelled>(&folder.join("services.jsonl")) {
        labels.entry(label.file.clone()).or_default().push(label);
    }
    let mut figures = Figures::default();
    for truth in &truths {
        let began = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| read(&folder.join(&truth.file))));
        let took = began.elapsed();
        if took > PATIENCE {
            figures.fails(format!("{}: took {took:?}", truth.file));
        }
        match read {
            Err(_) => figures.fails(format!("{}: panicked", truth.file)),
            Ok(Err(refusal)) => refused(truth, &refusal, &mut figures),
            Ok(Ok(trace)) => {
                let labels = labels.get(&truth.file).map_or(&[][..], Vec::as_slice);
                compare(truth, labels, &trace, &mut figures);
            }
        }
    }
    figures.explain(known::KNOWN);
    println!("{figures}");
    assert!(figures.stands(), "{figures}");
}

fn lines<T: for<'a> Deserialize<'a>>(file: &Path) -> Vec<T> {
    let text = fs::read_to_string(file).unwrap_or_else(|why| panic!("{}: {why}", file.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn read(file: &Path) -> Result<Trace, String> {
    Capture::open(file).map_err(|why| why.to_string())?;
    let mut traces = reading::traces(&[file.to_path_buf()], 1);
    Ok(traces.pop().unwrap())
}

/// What tshark reads nothing of may be refused.
fn refused(truth: &Truth, refusal: &str, figures: &mut Figures) {
    figures.refused += 1;
    if truth.packets > 0 {
        figures.fails(format!("{}: refused: {refusal}", truth.file));
    }
}

fn compare(truth: &Truth, labels: &[Labelled], trace: &Trace, figures: &mut Figures) {
    let packets: u64 = trace.healths.iter().map(|health| health.summary.packets).sum();
    figures.read += 1;
    if packets != truth.packets {
        figures.fails(format!("{}: {packets} packets, tshark counts {}", truth.file, truth.packets));
    }
    let mut flows: BTreeMap<FlowKey, Vec<&Conversation>> = BTreeMap::new();
    for conversation in &trace.conversations {
        flows.entry(conversation.flow.key).or_default().push(conversation);
    }
    if truth.tcp.streams > truth.tcp_streams.len() {
        compare_totals(truth, trace, figures);
    } else {
        for stream in &truth.tcp_streams {
            compare_stream(&truth.file, stream, &flows, figures);
        }
    }
    for label in labels {
        compare_service(label, &flows, figures);
    }
}

/// Of a scan tshark's list is not complete: the totals are.
fn compare_totals(truth: &Truth, trace: &Trace, figures: &mut Figures) {
    let tcp = trace.conversations.iter().filter(|one| one.flow.key.transport == Transport::Tcp);
    let mut ours: BTreeMap<&str, usize> = BTreeMap::new();
    for one in tcp {
        *ours.entry(attempt(one)).or_default() += 1;
    }
    for (word, told) in [(UNANSWERED, truth.tcp.unanswered_strict), (REFUSED, truth.tcp.refused)] {
        let ours = ours.get(word).copied().unwrap_or_default();
        figures.count(word, told, ours.min(told));
        if ours != told {
            figures.fails(format!("{}: {ours} {word}, tshark has {told}", truth.file));
        }
    }
}

fn compare_stream(file: &str, stream: &Stream, flows: &BTreeMap<FlowKey, Vec<&Conversation>>, figures: &mut Figures) {
    let told = match () {
        () if stream.tags.contains("unanswered_strict") => UNANSWERED,
        () if stream.tags.contains("refused") => REFUSED,
        () => ANSWERED,
    };
    let key = FlowKey::new(Transport::Tcp, endpoint(&stream.client), endpoint(&stream.server));
    let (from, to) = stream.frames;
    let attempts = flows.get(&key).into_iter().flatten();
    let during = attempts.filter(|one| (from..=to).contains(&one.flow.first.frame.number()));
    let ours: BTreeSet<&str> = during.map(|one| attempt(one)).collect();
    let same = ours.iter().eq([&told]);
    figures.count(told, 1, usize::from(same));
    if !same {
        figures.differs(Difference::new(file, key, told, ours));
    }
}

fn compare_service(label: &Labelled, flows: &BTreeMap<FlowKey, Vec<&Conversation>>, figures: &mut Figures) {
    let transport = if label.transport == "tcp" { Transport::Tcp } else { Transport::Udp };
    let [one, other] = &label.ends;
    let end = |(address, port): &(String, String)| Endpoint {
        address: address.parse().unwrap(),
        port: port.parse().unwrap(),
    };
    let key = FlowKey::new(transport, end(one), end(other));
    let conversations = || flows.get(&key).into_iter().flatten();
    let same = conversations().any(|one| meets(one, &label.service));
    figures.count(&label.service, 1, usize::from(same));
    if !same {
        let ours = conversations().map(|one| one.service).collect();
        figures.differs(Difference::new(&label.file, key, &label.service, ours));
    }
}

/// Whether our service is what tshark means: TLS may carry any, and RPC may be carried by a named pipe.
fn meets(conversation: &Conversation, told: &str) -> bool {
    let (service, seen) = (conversation.service, &conversation.seen);
    match told {
        "tls" => seen.tls || service == "https",
        "dcerpc" => matches!(service, "dcerpc" | "epm") || (service == "smb" && seen.details.get("pipe").is_some()),
        _ => service == told,
    }
}

/// tshark has no word of its own for an ICMP error in answer to a SYN: TCP was not answered.
fn attempt(conversation: &Conversation) -> &'static str {
    match conversation.outcome {
        Outcome::Unanswered | Outcome::IcmpRejected => UNANSWERED,
        Outcome::Refused => REFUSED,
        _ => ANSWERED,
    }
}

/// `address:port`, IPv6 without brackets.
fn endpoint(text: &str) -> Endpoint {
    let (address, port) = text.rsplit_once(':').unwrap();
    Endpoint { address: address.parse().unwrap(), port: port.parse().unwrap() }
}

const UNANSWERED: &str = "unanswered";
const REFUSED: &str = "refused";
const ANSWERED: &str = "answered";
/// For one file, however large; a debug build stays below it as well.
const PATIENCE: Duration = Duration::from_secs(10);
