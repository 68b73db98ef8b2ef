//! Captures as lists of frames, to be changed and read anew: what a property says of other orders,
//! copies, losses and cuts of the same packets.
#![allow(dead_code)] // each test file uses its own part

use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyany::capture::{Capture, LinkType};
use anyany::diagnose::{Finding, diagnose};
use anyany::observe::Trace;
use anyany::pipeline::{Glance, Settings, plan, read};
use anyany::reference::Reference;
use anyany::time::Time;
use anyany::topology::roster;

/// One frame, on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub time: Time,
    pub link: LinkType,
    pub octets: Vec<u8>,
    pub wire_len: u32,
}

/// The frames of a capture. `None` where it cannot be read, holds none, or holds what pcapng has no place for.
pub fn frames(file: &Path) -> Option<Vec<Frame>> {
    let mut capture = Capture::open(file).ok()?;
    let mut frames = Vec::new();
    while let Some(frame) = capture.next() {
        let octets = frame.octets.to_vec();
        frames.push(Frame { time: frame.time, link: frame.link, octets, wire_len: frame.wire_len });
    }
    let fits = |frame: &Frame| u16::try_from(frame.link.0).is_ok() && frame.time.0 >= 0;
    (!frames.is_empty() && frames.iter().all(fits)).then_some(frames)
}

/// Every file below a folder, in order.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
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

/// As pcapng (draft-ietf-opsawg-pcapng): an interface for each link type, times in nanoseconds. Only what
/// makes a frame is kept: no names, no statistics, no other unit of time.
pub fn pcapng(frames: &[Frame]) -> Vec<u8> {
    let mut octets = Vec::new();
    // Byte order, version 1.0, length unknown.
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(&mut octets, 0x0a0d_0d0a, &section);
    let mut links: Vec<LinkType> = Vec::new();
    for frame in frames {
        let interface = links.iter().position(|link| *link == frame.link).unwrap_or_else(|| {
            links.push(frame.link);
            let link = u16::try_from(frame.link.0).unwrap().to_le_bytes();
            // No snap length; if_tsresol 9; end of options.
            block(&mut octets, 1, &[&link[..], &[0; 6], &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]].concat());
            links.len() - 1
        });
        let time = u64::try_from(frame.time.0).unwrap();
        let head = [
            u32::try_from(interface).unwrap(),
            u32::try_from(time >> 32).unwrap(),
            u32::try_from(time & 0xffff_ffff).unwrap(),
            u32::try_from(frame.octets.len()).unwrap(),
            frame.wire_len,
        ];
        let mut body: Vec<u8> = head.iter().flat_map(|number| number.to_le_bytes()).collect();
        body.extend(&frame.octets);
        body.resize(body.len().next_multiple_of(4), 0);
        block(&mut octets, 6, &body);
    }
    octets
}

fn block(octets: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
    octets.extend(kind.to_le_bytes());
    octets.extend(length);
    octets.extend(body);
    octets.extend(length);
}

/// The traces of captures that were made here, as `analyze` reads files.
pub fn traces(pieces: &[&[Frame]], threads: usize) -> Vec<Trace> {
    let reference = Reference::embedded();
    let settings = Settings::new(threads, reference.known_tcp_ports(), reference.known_udp_ports());
    let made: Vec<Vec<u8>> = pieces.iter().map(|frames| pcapng(frames)).collect();
    let open =
        |at: usize| Capture::from_reader(format!("piece {at}"), Box::new(Cursor::new(made[at].clone()))).unwrap();
    let glances: Vec<_> = match made.len() {
        1 => vec![Glance::default()],
        count => (0..count).map(|at| Glance::of(&mut open(at))).collect(),
    };
    let runs = |trace: Vec<Vec<u32>>| {
        trace.into_iter().map(|run| run.into_iter().map(|at| (at, open(at as usize))).collect()).collect()
    };
    plan(&glances).traces.into_iter().map(|trace| read(runs(trace), &settings, &|_| true)).collect()
}

/// What is said of captures that were made here, roles inferred.
pub fn findings(pieces: &[&[Frame]], threads: usize) -> Vec<Finding> {
    let traces = traces(pieces, threads);
    let roster = roster(&traces, None, None, Reference::embedded());
    diagnose(&traces, &roster).findings
}
