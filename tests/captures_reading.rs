//! Every capture of a collection is read as another reader of captures reads it.
//!
//! Runs only where `ANYANY_CAPTURES` names a folder with captures and `truth.jsonl`, a line a file:
//! its name, and what that reader counted.

use std::env;
use std::fs;
use std::path::Path;

use anyany::capture::{Capture, Summary, Unusable};
use anyany::time::Time;
use serde::Deserialize;

/// What the other reader says of a file.
#[derive(Deserialize)]
struct Truth {
    file: String,
    packets: u64,
    first_time: Option<String>,
    last_time: Option<String>,
    /// By frame order: a difference of 0 where the clock never went back is left out.
    timestamps_going_back: Option<u64>,
    frames_cut_by_snaplen: Option<u64>,
}

#[test]
fn every_capture_has_the_packets_and_times_that_another_reader_finds() {
    let Ok(folder) = env::var("ANYANY_CAPTURES") else {
        println!("skipped: ANYANY_CAPTURES names no folder");
        return;
    };
    let folder = Path::new(&folder);
    let truths = fs::read_to_string(folder.join("truth.jsonl")).unwrap();
    let mut read = 0;
    let mut differences = Vec::new();
    for truth in truths.lines().map(|line| serde_json::from_str::<Truth>(line).unwrap()) {
        read += 1;
        differences.extend(difference(&truth, Capture::open(&folder.join(&truth.file))));
    }
    println!("{read} captures read");
    assert!(read > 0 && differences.is_empty(), "{}", differences.join("\n"));
}

fn difference(truth: &Truth, opened: Result<Capture, Unusable>) -> Option<String> {
    let mut capture = match opened {
        Ok(capture) => capture,
        Err(unusable) => return (truth.packets > 0).then(|| unusable.to_string()),
    };
    let mut frames = 0;
    while let Some(frame) = capture.next() {
        frames += 1;
        assert_eq!(frame.number, frames, "{}", truth.file);
    }
    let found = capture.summary();
    let ends = (found.first, found.last);
    let told = (time(truth.first_time.as_deref()), time(truth.last_time.as_deref()));
    let same = found.packets == truth.packets
        && ends == told
        && found.clock_steps_back == truth.timestamps_going_back.unwrap_or_default()
        && found.snapped == truth.frames_cut_by_snaplen.unwrap_or_default();
    (!same).then(|| format!("{}: {} packets told, {told:?}; found {}", truth.file, truth.packets, words(found)))
}

fn words(found: &Summary) -> String {
    format!(
        "{} from {:?} to {:?}, {} steps back, {} snapped, {:?}",
        found.packets, found.first, found.last, found.clock_steps_back, found.snapped, found.problems
    )
}

/// Seconds with nine decimals, as the other reader writes them.
fn time(text: Option<&str>) -> Option<Time> {
    let (seconds, nanoseconds) = text?.split_once('.')?;
    Some(Time::new(seconds.parse().ok()?, nanoseconds.parse().ok()?))
}
