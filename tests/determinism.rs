//! The same packets give the same document: with any number of threads, and cut into files.
//!
//! Runs over the scenarios of this repository, and over the folder that `ANYANY_CAPTURES` names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::path::{Path, PathBuf};
use std::slice;

use anyany::capture::Capture;
use serde_json::Value;

#[path = "support/pcap.rs"]
mod pcap;
#[path = "support/reading.rs"]
mod reading;

use pcap::{Pcap, Unit};

#[test]
fn any_number_of_threads_gives_the_same_document() {
    for file in captures() {
        let alone = reading::document(slice::from_ref(&file), 1).to_string();
        for threads in [2, 8] {
            let shared = reading::document(slice::from_ref(&file), threads).to_string();
            assert!(alone == shared, "{}: {threads} threads differ from one", file.display());
        }
    }
}

#[test]
fn a_capture_cut_into_files_gives_the_same_findings_and_flows() {
    let folder = tempfile::tempdir().unwrap();
    let (mut cut, mut left, mut differences) = (0, 0, Vec::new());
    for file in captures() {
        let Some(cuts) = cut_up(&file, folder.path()) else {
            left += 1;
            continue;
        };
        cut += 1;
        let mut whole = reading::document(slice::from_ref(&file), 2);
        let mut pieces = reading::document(&cuts.files, 2);
        pieces_as_one(&mut pieces, &cuts);
        without_frames_in_texts(&mut whole);
        without_frames_in_texts(&mut pieces);
        for part in ["findings", "incidents", "flows", "endpoints", "services", "hosts"] {
            if let Some(difference) = difference(&whole[part], &pieces[part]) {
                differences.push(format!("{}: {part}: {difference}", file.display()));
            }
        }
    }
    println!("{cut} captures cut up, {left} left out");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The captures that can be read.
fn captures() -> Vec<PathBuf> {
    let mut found = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"));
    if let Some(folder) = reading::collection() {
        found.extend(files_below(&folder));
    }
    found.retain(|file| Capture::open(file).is_ok());
    println!("{} captures", found.len());
    found
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A capture in pieces.
struct Cuts {
    files: Vec<PathBuf>,
    /// Frames before each piece.
    before: Vec<u64>,
}

/// Cuts a capture into files of as many frames. `None` where pieces could not mean the same: with several
/// link types (classic pcap has one), names of hosts or another unit of time (it has none), one frame only,
/// or a clock that steps back, since files are put in order by their times.
fn cut_up(file: &Path, folder: &Path) -> Option<Cuts> {
    let mut capture = Capture::open(file).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = capture.next() {
        frames.push((frame.time, frame.link, frame.octets.to_vec(), frame.wire_len));
    }
    let (first, summary) = (frames.first()?, capture.summary());
    let one_link = frames.iter().all(|frame| frame.1 == first.1);
    if frames.len() < 2 || !one_link || !summary.names.is_empty() || summary.clock_steps_back > 0 {
        return None;
    }
    let unit = match summary.precision {
        6 => Unit::Micros,
        9 => Unit::Nanos,
        _ => return None,
    };
    let (mut cuts, mut before) = (Cuts { files: Vec::new(), before: Vec::new() }, 0);
    for (at, piece) in frames.chunks(frames.len().div_ceil(PIECES)).enumerate() {
        let mut pcap = Pcap::new(first.1.0, unit);
        for (time, _, octets, wire_len) in piece {
            let (seconds, nanos) = (time.0.div_euclid(NANOS), time.0.rem_euclid(NANOS));
            pcap.frame(u32::try_from(seconds).ok()?, u32::try_from(nanos).unwrap(), octets, *wire_len);
        }
        // Named against their order, which is told by their times.
        let path = folder.join(format!("{}.pcap", PIECES - at));
        pcap.write(&path);
        cuts.files.push(path);
        cuts.before.push(before);
        before += piece.len() as u64;
    }
    Some(cuts)
}

/// Puts frames of pieces where they stand in the whole.
fn pieces_as_one(value: &mut Value, cuts: &Cuts) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| pieces_as_one(item, cuts)),
        Value::Object(fields) => {
            let piece = fields.get("capture").and_then(Value::as_u64);
            let before = piece.and_then(|at| cuts.before.get(usize::try_from(at).unwrap())).copied();
            if let Some(before) = before {
                fields.insert("capture".to_owned(), 0.into());
                for key in ["frame", "first_frame"] {
                    if let Some(number) = fields.get(key).and_then(Value::as_u64) {
                        fields.insert(key.to_owned(), (before + number).into());
                    }
                }
            }
            fields.values_mut().for_each(|field| pieces_as_one(field, cuts));
        }
        _ => {}
    }
}

/// The first of a list that only one side has.
fn difference(whole: &Value, pieces: &Value) -> Option<String> {
    let (whole, pieces) = (whole.as_array().unwrap(), pieces.as_array().unwrap());
    let first = |list: &[Value], other: &[Value]| list.iter().find(|item| !other.contains(item)).cloned();
    (whole != pieces).then(|| format!("whole {:?}\n  pieces {:?}", first(whole, pieces), first(pieces, whole)))
}

/// Texts name frames of the file that they stand in: "frame 41", "frame 4 of capture 3".
fn without_frames_in_texts(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_frames_in_texts),
        Value::Object(fields) => fields.values_mut().for_each(without_frames_in_texts),
        Value::String(text) => {
            for word in ["frame ", " of capture "] {
                let mut parts = text.split(word);
                let head = parts.next().unwrap_or_default().to_owned();
                let kept = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
                let joint = if word == "frame " { word } else { "" };
                *text = parts.fold(head, |text, part| text + joint + &kept(part));
            }
        }
        _ => {}
    }
}

const PIECES: usize = 10;
const NANOS: i64 = 1_000_000_000;
