//! The verdict does not depend on who wrote the capture: recorded scenarios, turned into every format
//! that is read, are judged as the recording is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

#[path = "support/formats.rs"]
mod formats;
#[path = "support/reading.rs"]
mod reading;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyany::capture::{Capture, gather};
use flate2::write::GzEncoder;
use formats::Packet;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Blocked in several ways, and healthy ones.
const SCENARIOS: [&str; 7] = [
    "rpc/dynamic-dropped/client.pcap",
    "rpc/healthy/client.pcap",
    "web/healthy/cas1.pcap",
    "web/synack-dropped/fw-server-leg.pcap",
    "dag/heartbeat-dropped/mbx1.pcap",
    "mail/inspected-asa/client.pcap",
    "directory/gc-dropped/client.pcap",
];

#[test]
fn every_format_gives_the_verdicts_flows_and_hosts_of_the_recording() {
    let folder = TempDir::new().unwrap();
    for recording in recordings() {
        let told = judged(&recording);
        for (name, octets) in formats::all(&packets(&recording)) {
            let ours = judged(&written(&folder, &octets));
            if name == "netmon (1, 1)" {
                assert_eq!(verdicts(&ours), verdicts(&told), "{name} {}", recording.display()); // in milliseconds
            } else {
                assert!(ours == told, "{name} {}", recording.display());
            }
        }
    }
}

#[test]
fn a_folder_of_several_formats_is_one_trace() {
    let recording = &recordings()[0];
    let packets = packets(recording);
    let (first, rest) = packets.split_at(packets.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let folder = TempDir::new().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&formats::snoop(second, 0)).unwrap();
    for (name, octets) in [
        ("c", formats::Netmon::of((2, 3), first).octets()),
        ("b.gz", gzip.finish().unwrap()),
        ("a", formats::erf(third)),
    ] {
        fs::write(folder.path().join(name), octets).unwrap();
    }
    let files = gather(&[folder.path().to_owned()]).unwrap();
    assert_eq!(verdicts(&reading::document(&files, 2)), verdicts(&judged(recording)));
}

fn recordings() -> Vec<PathBuf> {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    SCENARIOS.iter().map(|scenario| captures.join(scenario)).collect()
}

fn packets(recording: &Path) -> Vec<Packet> {
    let mut capture = Capture::open(recording).unwrap();
    let mut packets = Vec::new();
    while let Some(frame) = capture.next() {
        packets.push(Packet { time: frame.time.0, octets: frame.octets.to_vec(), wire_len: frame.wire_len });
    }
    packets
}

fn written(folder: &TempDir, octets: &[u8]) -> PathBuf {
    let path = folder.path().join("capture");
    fs::write(&path, octets).unwrap();
    path
}

/// The document, without what tells the formats apart.
fn judged(file: &Path) -> Value {
    let mut document = reading::document(&[file.to_owned()], 1);
    for key in ["path", "format", "local_times"] {
        document["captures"][0][key] = Value::Null;
    }
    in_microseconds(&mut document);
    document
}

/// Cuts times to the precision that all formats have.
fn in_microseconds(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("20") && text.ends_with('Z') => {
            text.truncate("2026-11-21T10:27:31.819390".len());
        }
        Value::Array(values) => values.iter_mut().for_each(in_microseconds),
        Value::Object(values) => values.values_mut().for_each(in_microseconds),
        _ => {}
    }
}

fn verdicts(document: &Value) -> Vec<Value> {
    let finding = |finding: &Value| {
        json!([finding["kind"], finding["verdict"], finding["client"], finding["server"], finding["attempts"]])
    };
    document["findings"].as_array().unwrap().iter().map(finding).collect()
}
