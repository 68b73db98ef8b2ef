//! Questions to a name server (RFC 1035), and what Active Directory answers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::script::{Fill, Order, Script, client, server};

/// What is asked.
#[derive(Debug, Clone)]
pub enum Question {
    Address(String, Ipv4Addr),
    Address6(String, Ipv6Addr),
    /// Which hosts serve this, and on which port.
    Service(String, Vec<String>, u16),
    /// There is no such name.
    Missing(String),
}

/// One question and its answer.
pub fn lookup(question: &Question) -> Script {
    let (name, kind) = match question {
        Question::Address(name, _) | Question::Missing(name) => (name, 1u16),
        Question::Address6(name, _) => (name, 28),
        Question::Service(name, ..) => (name, 33),
    };
    let asked = [&labels(name)[..], &kind.to_be_bytes(), &[0, 1]].concat();
    let answers: Vec<Vec<u8>> = match question {
        Question::Address(_, address) => vec![answer(kind, &address.octets())],
        Question::Address6(_, address) => vec![answer(kind, &address.octets())],
        Question::Missing(_) => Vec::new(),
        Question::Service(_, hosts, port) => {
            let of = |host: &String| [&[0, 0, 0, 100][..], &port.to_be_bytes(), &labels(host)].concat();
            hosts.iter().map(|host| answer(kind, &of(host))).collect()
        }
    };
    let head = |flags: [u8; 2], answers: usize| [&[0, 0][..], &flags, &[0, 1, 0, answers as u8, 0, 0, 0, 0]].concat();
    let flags = if answers.is_empty() { [0x85, 0x83] } else { [0x85, 0x80] };
    let own = Fill::Own { slot: 0, step: 0 };
    let asks = [&head([1, 0], 0)[..], &asked].concat();
    let told = [&head(flags, answers.len())[..], &asked, &answers.concat()].concat();
    Script::udp(53).opening(vec![client(asks).blank(0, 2, Order::Big, own), server(told).blank(0, 2, Order::Big, own)])
}

/// About the name that was asked for.
fn answer(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16).to_be_bytes();
    [&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 4, 0xb0], &length, data].concat()
}

fn labels(name: &str) -> Vec<u8> {
    let mut octets: Vec<u8> =
        name.split('.').flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
    octets.push(0);
    octets
}
