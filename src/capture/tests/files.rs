//! Where the octets come from: mapped files, packed files, pipes, folders.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use flate2::Compression as Level;
use flate2::write::GzEncoder;

use super::writer::{Order, Pen, Sent};
use super::{Trickle, all, read, stream};
use crate::capture::{Capture, Compression, gather};
use crate::time::Time;

fn pcap(packets: u8) -> Vec<u8> {
    let mut pen = Pen::new(Order::Little);
    pen.pcap_header(0xa1b2_c3d4, 4, 1);
    for length in 0..packets {
        pen.record(&Sent::whole(i64::from(length) * 1_000_000_000, length), 1_000_000, &[]);
    }
    pen.octets
}

fn pcapng(packets: u8) -> Vec<u8> {
    let mut pen = Pen::new(Order::Big);
    pen.section().interface(1, 0);
    for length in 0..packets {
        pen.enhanced(0, length.into(), &vec![length; length.into()], length.into());
    }
    pen.octets
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn zstd(octets: &[u8]) -> Vec<u8> {
    zstd::encode_all(octets, 1).unwrap()
}

#[test]
fn a_plain_file_is_mapped_and_its_frames_lie_in_the_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcapng");
    fs::write(&path, pcapng(50)).unwrap();
    let mut capture = Capture::open(&path).unwrap();
    let map = capture.map().unwrap().clone();
    while let Some(frame) = capture.next() {
        let range = map.range_of(frame.octets).unwrap();
        assert_eq!(&map[range], frame.octets);
    }
    assert_eq!(map.range_of(&[0; 4]), None);
    assert_eq!(all(Capture::open(&path).unwrap()).0, read(&pcapng(50)).0);
}

#[test]
fn packed_captures_are_read_as_if_they_were_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    for plain in [pcap(40), pcapng(40)] {
        let (expected, _) = read(&plain);
        let half = plain.len() / 2;
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        for (packed, compression) in [
            (gzip(&plain), Compression::Gzip),
            (zstd(&plain), Compression::Zstd),
            ([gzip(&plain[..half]), gzip(&plain[half..])].concat(), Compression::Gzip),
            ([&skippable[..], &zstd(&plain[..half]), &zstd(&plain[half..])].concat(), Compression::Zstd),
        ] {
            let path = folder.path().join("named.wrongly");
            fs::write(&path, &packed).unwrap();
            for capture in [Capture::open(&path), stream(Trickle(Cursor::new(packed.clone())))] {
                let capture = capture.unwrap();
                assert!(capture.map().is_none());
                let (kept, summary) = all(capture);
                assert_eq!(kept, expected);
                assert_eq!((summary.compression, summary.complete), (Some(compression), true));
            }
        }
    }
}

#[test]
fn a_packed_capture_that_was_cut_gives_what_can_be_unpacked() {
    let mut pen = Pen::new(Order::Little);
    pen.pcap_header(0xa1b2_c3d4, 4, 1);
    for second in 0..10 {
        // Longer than a block of zstd in all, for it unpacks whole blocks only.
        pen.record(&Sent { time: second, octets: vec![7; 60_000], wire: 60_000 }, 1_000_000, &[]);
    }
    let plain = pen.octets;
    for packed in [gzip(&plain), zstd(&plain)] {
        let (kept, summary) = all(stream(Cursor::new(packed[..packed.len() - 5].to_vec())).unwrap());
        assert!(!kept.is_empty());
        assert_eq!((summary.complete, summary.truncated, summary.problems.len()), (false, true, 1));
        assert!(summary.problems[0].contains("-compressed): "), "{:?}", summary.problems);
    }
}

#[test]
fn a_pipe_that_gives_one_octet_at_a_time_is_read_whole() {
    for plain in [pcap(40), pcapng(40)] {
        let (kept, summary) = all(stream(Trickle(Cursor::new(plain.clone()))).unwrap());
        assert_eq!((kept, summary.complete), (read(&plain).0, true));
    }
}

#[test]
fn records_longer_than_the_buffer_are_read_from_a_pipe() {
    let mut pen = Pen::new(Order::Little);
    pen.section().interface(1, 0);
    for number in 0..4_u8 {
        pen.block(0x0bad, |pen| {
            pen.padded(&vec![0; 700_000]);
        });
        pen.enhanced(0, number.into(), &vec![number; 300_000], 300_000);
    }
    let (kept, summary) = read(&pen.octets);
    assert_eq!((kept.len(), summary.complete), (4, true));
    assert!((0..4).zip(&kept).all(|(number, kept)| kept.octets == vec![number; 300_000]));
}

#[test]
fn the_first_time_is_told_without_taking_the_frame() {
    let mut capture = stream(Cursor::new(pcapng(3))).unwrap();
    assert_eq!(capture.first_time(), Some(Time(0)));
    assert_eq!(capture.first_time(), Some(Time(0)));
    assert_eq!(all(capture).0, read(&pcapng(3)).0);
    let mut empty = stream(Cursor::new(pcap(0))).unwrap();
    assert_eq!(empty.first_time(), None);
}

#[test]
fn a_folder_stands_for_the_captures_in_it_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| fs::write(folder.path().join(name), octets).unwrap();
    write("ring_00002", &pcap(1));
    write("ring_00001.gz", &gzip(&pcap(1)));
    write("notes.pcap", b"nothing but text");
    write("empty.pcap", b"");
    write("old.cap", b"GMBU\x00\x02\x01\x00");
    write("sniffer.cap", b"XCP\x00002.002");
    write("logs.gz", &gzip(b"nothing but text"));
    fs::create_dir(folder.path().join("inner")).unwrap();
    fs::write(folder.path().join("inner/deeper.pcap"), pcap(1)).unwrap();
    let given = [PathBuf::from("-"), folder.path().to_owned(), PathBuf::from("missing.pcap")];
    let found: Vec<_> = gather(&given).unwrap().into_iter().map(|path| name_of(&path)).collect();
    assert_eq!(found, ["-", "old.cap", "ring_00001.gz", "ring_00002", "sniffer.cap", "missing.pcap"]);
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
