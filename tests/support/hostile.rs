//! A capture whose every name, banner and header wants to be something else: markup, a script, a command of the
//! terminal, a formula, text that runs the other way. And a large one.
#![allow(dead_code)] // each user takes its own part

use std::net::Ipv4Addr;

use crate::handmade::{Pcap, SYN, client_hello, dns_answer, dns_question};

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

/// What whoever shows a text must not obey. Each sets `pwned` where a script runs.
pub const TEXTS: [&str; 10] = [
    "<script>window.pwned=1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "'-alert(window.pwned=1)-'",
    "</script><svg onload=window.pwned=1>",
    "javascript:window.pwned=1",
    "=HYPERLINK(\"http://x\";\"y\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x1b[2J\x1b]0;pwned\x07\u{9b}31m",
    "\u{202e}drawkcab\u{2066}\u{200f}",
    "&lt;b&gt;]]>--><!--{{7*7}}`a`|b|",
];

/// Commands of a terminal, and marks that turn text round.
pub fn is_obeyed(letter: char) -> bool {
    letter != '\n' && letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One conversation of each kind for each of the texts, and SYNs into silence beside them.
pub fn hostile() -> Vec<u8> {
    let mut pcap = Pcap::new();
    let mut port = 40_000;
    let mut next = || {
        port += 1;
        (CLIENT, port)
    };
    let huge = TEXTS.concat().repeat(65_535 / TEXTS.concat().len() / 2);
    for text in TEXTS.iter().copied().chain([huge.as_str()]) {
        let label = &text.as_bytes()[..text.len().min(63)];
        let (asks, server) = (next(), (SERVER, 53));
        pcap.udp(asks, server, &dns_question(label));
        pcap.udp(server, asks, &dns_answer(label));
        let netbios =
            [&[0, 9, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0, 32][..], &netbios_name(text), &[0, 0, 0x20, 0, 1]].concat();
        pcap.udp((CLIENT, 137), (SERVER, 137), &netbios);
        let banner = format!("220 {text} ESMTP\r\n").into_bytes();
        let greeting = format!("EHLO {text}\r\n").into_bytes();
        let reply = format!("250-{text}\r\n250 {text}\r\n").into_bytes();
        said(&mut pcap, next(), 25, &[(false, &banner), (true, &greeting), (false, &reply)]);
        let hello = client_hello(&text.as_bytes()[..text.len().min(16_000)]);
        said(&mut pcap, next(), 443, &[(true, &hello)]);
        let get = format!("GET /{text} HTTP/1.1\r\nHost: {text}\r\nUser-Agent: {text}\r\n\r\n").into_bytes();
        let page = format!("HTTP/1.1 200 {text}\r\nServer: {text}\r\nContent-Length: 0\r\n\r\n").into_bytes();
        said(&mut pcap, next(), 80, &[(true, &get), (false, &page)]);
        let invite = format!(
            "INVITE sip:{text}@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/TCP {text}\r\nFrom: <sip:{text}>;tag={text}\r\nTo: \
             <sip:{text}>\r\nCall-ID: {text}\r\nCSeq: 1 INVITE\r\nUser-Agent: {text}\r\nContent-Length: 0\r\n\r\n"
        );
        said(&mut pcap, next(), 5060, &[(true, invite.as_bytes())]);
        let pop = format!("+OK {text}\r\n").into_bytes();
        said(&mut pcap, next(), 110, &[(false, &pop), (true, b"CAPA\r\n"), (false, &pop)]);
    }
    for _ in 0..3 {
        pcap.tcp((CLIENT, 39_999), (SERVER, 444), SYN, [0, 0], &[]);
        pcap.pause(3_000);
    }
    pcap.pause(20_000);
    pcap.udp((CLIENT, 39_998), (SERVER, 53), &dns_question(b"end"));
    pcap.udp((SERVER, 53), (CLIENT, 39_998), &dns_answer(b"end"));
    pcap.into_octets()
}

/// `paths` blocked paths between `hosts` hosts: each answers on one port and is silent on another.
pub fn large(hosts: u16, paths: usize) -> Vec<u8> {
    let mut pcap = Pcap::new();
    let host = |number: u16| Ipv4Addr::from(0x0a01_0000 + u32::from(number));
    let pairs = (0..hosts).flat_map(|client| (1..=7).map(move |step| (client, (client + step * 13) % hosts)));
    let pairs: Vec<_> = pairs.filter(|(client, server)| client != server).take(paths).collect();
    for &(client, server) in &pairs {
        pcap.conversation((host(client), 50_000 + server), (host(server), 443), &[(true, b"x"), (false, b"y")]);
    }
    for _ in 0..3 {
        for &(client, server) in &pairs {
            pcap.tcp((host(client), 52_000 + server), (host(server), 445), SYN, [0, 0], &[]);
        }
        pcap.pause(3_000);
    }
    for &(client, server) in &pairs {
        pcap.conversation((host(client), 54_000 + server), (host(server), 443), &[(true, b"x"), (false, b"y")]);
    }
    pcap.pause(20_000);
    pcap.udp((host(0), 1), (host(1), 9), b"the end");
    pcap.into_octets()
}

/// A conversation in which what is said comes in segments.
fn said(pcap: &mut Pcap, client: (Ipv4Addr, u16), port: u16, lines: &[(bool, &[u8])]) {
    let parts: Vec<(bool, &[u8])> =
        lines.iter().flat_map(|(by_client, line)| line.chunks(1_400).map(|part| (*by_client, part))).collect();
    pcap.conversation(client, (SERVER, port), &parts);
}

/// Each octet as two letters (RFC 1001 section 14.1).
fn netbios_name(text: &str) -> Vec<u8> {
    let octets = text.bytes().chain(std::iter::repeat(b' ')).take(15).chain([0x20]);
    octets.flat_map(|octet| [b'A' + (octet >> 4), b'A' + (octet & 15)]).collect()
}
