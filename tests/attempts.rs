//! What single attempts come to, from the packets to the words: stories that real captures taught.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test that cannot go on fails

use std::net::Ipv4Addr;

use serde_json::Value;

#[path = "support/pcap.rs"]
mod pcap;
#[path = "support/reading.rs"]
mod reading;

use pcap::{ACK, DATA, End, Pcap, RST, SYN, tcp, udp};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 10, 1, 11);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 10, 2, 21);

fn report(packets: &[(u32, Vec<u8>)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("story.pcap");
    Pcap::of(packets).write(&file);
    reading::document(&[file], 1)
}

/// The only flow's `key`.
fn flow<'a>(report: &'a Value, key: &str) -> &'a Value {
    let flows = report["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 1, "{flows:#?}");
    &flows[0][key]
}

#[test]
fn a_syn_that_carries_data_and_gets_no_answer_is_unanswered() {
    let (client, server) = ((CLIENT, 51_000), (SERVER, 443));
    let syn = |millis| (millis, tcp(client, server, SYN, 7, 0, b"early data"));
    assert_eq!(flow(&report(&[syn(0), syn(1000)]), "outcome"), "unanswered");
}

#[test]
fn a_client_that_resets_what_it_asked_for_heard_an_answer_that_was_not_captured() {
    let (client, server) = ((CLIENT, 51_000), (SERVER, 443));
    let story = [(0, tcp(client, server, SYN, 7, 0, &[])), (1, tcp(client, server, RST, 8, 0, &[]))];
    assert_eq!(flow(&report(&story), "outcome"), "one-sided");
}

#[test]
fn a_host_that_does_not_answer_itself_is_not_blocked_by_anything() {
    let (client, server) = ((CLIENT, 51_000), (CLIENT, 80));
    let story: Vec<_> = [0, 3_000, 9_000].map(|millis| (millis, tcp(client, server, SYN, 7, 0, &[]))).into();
    let mut story = story;
    story.push((60_000, udp((CLIENT, 50_000), (SERVER, 9), b"later")));
    let report = report(&story);
    assert_eq!(report["flows"][0]["outcome"], "unanswered");
    assert!(report["findings"].as_array().unwrap().iter().all(|finding| finding["verdict"] != "blocked"), "{report:#}");
}

#[test]
fn what_the_server_answers_decides_the_service() {
    // An SMB probe sent to an RPC server, which answers with bind_nak (protocol version not supported).
    let (client, server): (End, End) = ((CLIENT, 51_000), (SERVER, 1025));
    let mut negotiate = vec![0, 0, 0, 47, 0xff, b'S', b'M', b'B', 0x72, 0, 0, 0, 0, 0x08, 0x01, 0x40];
    negotiate.extend([0; 20]);
    negotiate.extend([0, 12, 0]);
    negotiate.extend(b"\x02NT LM 0.12\0");
    let refusal = [5, 0, 13, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 4, 0, 1, 5, 0, 0, 0, 0];
    let story = [
        (0, tcp(client, server, SYN, 0, 0, &[])),
        (1, tcp(server, client, SYN | ACK, 0, 1, &[])),
        (2, tcp(client, server, ACK, 1, 1, &[])),
        (3, tcp(client, server, DATA, 1, 1, &negotiate)),
        (4, tcp(server, client, DATA, 1, 1 + u32::try_from(negotiate.len()).unwrap(), &refusal)),
    ];
    let report = report(&story);
    assert_eq!(flow(&report, "service"), "dcerpc", "{report:#}");
}

#[test]
fn a_datagram_to_a_promised_port_is_media_however_little_it_shows() {
    let (phone, gateway) = ((CLIENT, 5060), (SERVER, 5060));
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {CLIENT}\r\ns=-\r\nc=IN IP4 {CLIENT}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n"
    );
    let invite = format!(
        "INVITE sip:um@{SERVER} SIP/2.0\r\nVia: SIP/2.0/UDP {CLIENT}:5060;branch=z9hG4bK1\r\nFrom: <sip:a@{CLIENT}>;tag=1\r\n\
         To: <sip:um@{SERVER}>\r\nCall-ID: 1@{CLIENT}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{CLIENT}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    let media = [0x80, 0, 0, 1, 0, 0, 0, 0xa0, 0xde, 0xad, 0xbe, 0xef, 0xff, 0xff, 0xff, 0xff];
    let story = [(0, udp(phone, gateway, invite.as_bytes())), (400, udp((SERVER, 41_000), (CLIENT, 40_000), &media))];
    let report = report(&story);
    assert_eq!(report["flows"][1]["service"], "rtp", "{report:#}");
    assert_eq!(report["flows"][1]["outcome"], "one-sided");
}

#[test]
fn a_datagram_may_be_cut_by_the_edge_between_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let query = [b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x07contoso\x03com\0\0\x01\0\x01".as_slice(), &[0; 8][..]].concat();
    let whole = udp((CLIENT, 50_000), (SERVER, 53), &query);
    let piece = |from: usize, to: usize, more: u8| {
        let mut piece = [&whole[..20], &whole[20 + from..20 + to]].concat();
        let length = u16::try_from(piece.len()).unwrap();
        piece[2..4].copy_from_slice(&length.to_be_bytes());
        piece[6..8].copy_from_slice(&[more, u8::try_from(from / 8).unwrap()]);
        piece
    };
    let pieces = [(0, piece(0, 24, 0x20)), (1, piece(24, whole.len() - 20, 0))];
    let files = [folder.path().join("1.pcap"), folder.path().join("2.pcap")];
    for (file, piece) in files.iter().zip(pieces) {
        Pcap::of(&[piece]).write(file);
    }
    let report = reading::document(&files, 1);
    assert_eq!(flow(&report, "service"), "dns");
}
