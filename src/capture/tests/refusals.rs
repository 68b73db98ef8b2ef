//! What an input that cannot be used is told.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use super::stream;
use super::writer::{Order, Pen};
use super::writing::Netmon;
use crate::capture::{Capture, gather};

/// What is said of `octets` under `name`.
fn refusal(name: &str, octets: &[u8]) -> String {
    let reader = Box::new(Cursor::new(octets.to_vec()));
    Capture::from_reader(name.to_owned(), reader).err().map(|unusable| unusable.to_string()).unwrap_or_default()
}

/// An event trace: a buffer header, then the event that describes the log.
fn etl() -> Vec<u8> {
    let mut pen = Pen::new(Order::Little);
    pen.u32(0x1_0000).u32(0x248).u32(0x248);
    pen.octets.resize(72, 0);
    pen.octets.extend([2, 0, 2, 0xc0]);
    pen.octets.resize(0x1_0000, 0);
    pen.octets
}

#[test]
fn formats_of_others_are_named_with_the_command_that_converts_them() {
    let cases: [(&[u8], &str); 4] = [
        (b"TRSNIFF data    \x1a\x04\0", "Sniffer"),
        (b"XCP\x00002.002", "Sniffer"),
        (b"VL\0\x001.100", "Sniffer"),
        (b"iptrace 2.0\0\0", "iptrace"),
    ];
    for (octets, format) in cases {
        let text = refusal("my trace.cap", octets);
        assert!(text.starts_with("my trace.cap: is a"), "{text}");
        assert!(text.contains(format), "{text}");
        assert!(text.ends_with("editcap -F pcapng \"my trace.cap\" \"my trace.pcapng\""), "{text}");
    }
}

#[test]
fn an_event_trace_is_told_both_conversions_and_the_pass_for_dropped_packets() {
    for (name, octets) in [("net.cap", etl()), ("net.etl", vec![0; 100])] {
        let text = refusal(name, &octets);
        assert!(text.contains(&format!("etl2pcapng.exe {name} net.pcapng")), "{text}");
        assert!(text.contains(&format!("pktmon etl2pcap {name} --out net.pcapng")), "{text}");
        assert!(text.contains(&format!("pktmon etl2pcap {name} --out net.drops.pcapng --drop-only")), "{text}");
    }
}

#[test]
fn text_is_called_text_whatever_its_name() {
    let text = refusal("a.pcap", b"No.  Time  Source\r\n1 0.0 10.0.0.1 ...\r\n");
    assert!(text.contains("is text, beginning \"No.  Time"), "{text}");
    assert!(refusal("b", b"\xff\xfeN\0o\0").contains("is text"));
    assert!(refusal("c", "Größe der Datei".as_bytes()).contains("is text"));
}

#[test]
fn archives_of_tools_that_are_not_undone_are_named() {
    for (octets, tool) in [(&b"PK\x03\x04\x14\0"[..], "zip"), (b"\xfd7zXZ\0\0", "xz"), (b"\x04\x22\x4d\x18d", "lz4")] {
        assert!(refusal("a", octets).contains(&format!("is packed by {tool}. Unpack it")), "{tool}");
    }
    let gzip = |octets: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, octets).unwrap();
        encoder.finish().unwrap()
    };
    assert!(refusal("a", &gzip(&gzip(b"x"))).contains("compressed twice"));
    assert!(refusal("a", &gzip(b"just words")).contains("is text"));
    assert!(refusal("a", &gzip(b"just words")[..12]).contains("compressed and damaged"));
}

#[test]
fn unknown_octets_are_shown() {
    let text = refusal("a.bin", &[0xde, 0xad, 0, 1]);
    assert!(text.contains("(first octets de ad 00 01)"), "{text}");
}

#[test]
fn versions_that_nobody_writes_are_refused() {
    let mut pen = Pen::new(Order::Little);
    pen.u32(0xa1b2_c3d4).u16(1).u16(4).u64(0).u64(0);
    assert!(refusal("a", &pen.octets).contains("major version 1"));
    let mut pen = Pen::new(Order::Big);
    pen.section();
    pen.octets[13] = 2;
    assert!(refusal("a", &pen.octets).contains("major version 2"));
    let netmon = Netmon::new((3, 0), 0).octets();
    assert!(
        refusal("a", &netmon).contains("major version 3, which Network Monitor files do not have (1 or 2 is read)")
    );
    assert!(refusal("a", b"snoop\0\0\0\0\0\0\x05\0\0\0\x04").contains("major version 5, which snoop files"));
}

#[test]
fn a_header_that_is_cut_is_told_from_an_empty_file() {
    assert!(refusal("a", &[0xd4, 0xc3, 0xb2, 0xa1, 2]).contains("in its header, after 5 octets"));
    assert!(refusal("a", &[]).contains("is empty"));
    assert!(stream(Cursor::new(b"\x0a\x0d\x0d\x0a".to_vec())).is_err());
}

#[test]
fn what_is_missing_or_a_folder_is_told_so() {
    let refusal = |path: &Path| Capture::open(path).err().map(|unusable| unusable.to_string()).unwrap_or_default();
    assert!(refusal(Path::new("/nowhere/at/all.pcap")).contains("no such file"));
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path()).contains("is a folder"));
    fs::write(folder.path().join("readme"), "text").unwrap();
    let text = gather(&[folder.path().to_owned()]).unwrap_err().to_string();
    assert!(text.contains("no capture in this folder (1 files looked at"), "{text}");
    fs::write(folder.path().join("empty.pcap"), "").unwrap();
    assert!(refusal(&folder.path().join("empty.pcap")).contains("is empty"));
}
