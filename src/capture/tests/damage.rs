//! Files that were cut, and files with octets changed.

use std::io::Cursor;

use super::writer::{Order, Pen, Sent};
use super::{Trickle, all, read, stream};

/// Small captures of every format, and the places where a cut leaves them whole.
fn samples() -> Vec<(Vec<u8>, Vec<usize>)> {
    let mut samples = Vec::new();
    for order in [Order::Little, Order::Big] {
        let mut pen = Pen::new(order);
        let mut whole = Vec::new();
        pen.pcap_header(0xa1b2_c3d4, 4, 1);
        whole.push(pen.octets.len());
        for length in [0, 1, 60] {
            pen.record(&Sent::whole(5_000_000_000, length), 1_000_000, &[]);
            whole.push(pen.octets.len());
        }
        samples.push((pen.octets, whole));

        let mut pen = Pen::new(order);
        let mut whole = Vec::new();
        pen.section_with(|pen| {
            pen.option(4, b"tool").option(0, b"");
        });
        whole.push(pen.octets.len());
        pen.interface_with(1, 0, |pen| {
            pen.option(9, &[9]).option(0, b"");
        });
        whole.push(pen.octets.len());
        pen.block(4, |pen| {
            pen.option(1, b"\x0a\0\0\x01a\0").option(0, b"");
        });
        whole.push(pen.octets.len());
        for length in [0, 1, 60] {
            let octets = vec![1; length];
            pen.enhanced_with(0, 9, &octets, 60, |pen| {
                pen.option(4, &[1; 8]).option(0, b"");
            });
            whole.push(pen.octets.len());
        }
        pen.block(5, |pen| {
            pen.u32(0).u64(0).option(5, &[1; 8]).option(0, b"");
        });
        whole.push(pen.octets.len());
        samples.push((pen.octets, whole));
    }
    samples
}

#[test]
fn a_file_cut_anywhere_gives_what_came_before_and_says_that_it_was_cut() {
    for (octets, whole) in samples() {
        let (uncut, _) = read(&octets);
        for cut in 0..octets.len() {
            let Ok(capture) = stream(Cursor::new(octets[..cut].to_vec())) else {
                assert!(cut < whole[0], "{cut}");
                continue;
            };
            let (kept, summary) = all(capture);
            assert!(uncut.starts_with(&kept), "{cut}");
            let ends_whole = whole.contains(&cut);
            assert_eq!((summary.complete, summary.truncated), (ends_whole, !ends_whole), "{cut}");
            assert_eq!(summary.problems.is_empty(), ends_whole, "{cut}");
            if let Some(problem) = summary.problems.first() {
                let from = whole.iter().rfind(|start| **start <= cut).copied().unwrap_or_default();
                let beginning = format!("frame {} at offset {from}: the file ends here", kept.len() + 1);
                assert!(problem.starts_with(&beginning), "{cut}: {problem}");
            }
        }
    }
}

#[test]
fn a_cut_is_told_alike_however_the_octets_come() {
    let mut pen = Pen::new(Order::Little);
    pen.pcap_header(0xa1b2_cd34, 4, 1).record(&Sent::whole(0, 9), 1_000_000, &[0; 8]);
    for cut in 24..pen.octets.len() {
        let octets = Cursor::new(pen.octets[..cut].to_vec());
        let (_, slow) = all(stream(Trickle(octets.clone())).unwrap());
        let (_, fast) = all(stream(octets).unwrap());
        assert_eq!(slow.problems, fast.problems, "{cut}");
    }
}

#[test]
fn changed_octets_are_survived() {
    for (octets, _) in samples() {
        for at in 0..octets.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut changed = octets.clone();
                changed[at] ^= mask;
                if let Ok(capture) = stream(Cursor::new(changed)) {
                    let (kept, summary) = all(capture);
                    assert!(summary.packets >= kept.len() as u64, "{at}");
                    assert!(kept.iter().all(|kept| kept.wire_len as usize >= kept.octets.len()), "{at}");
                }
            }
        }
    }
}
