//! Protocols of a message or two: time, NetBIOS names, heartbeats, log shipping, echo.

use super::super::random::Random;
use super::super::script::{Fill, MILLIS, Order, SECOND, Script, client, server};

/// A question for the time (RFC 5905), and its answer.
pub fn time() -> Script {
    let own = Fill::Own { slot: 0, step: 0 };
    let mut ask = vec![0x23, 0, 10, 0xe9];
    ask.resize(48, 0);
    ask[40..44].copy_from_slice(&[0xd4, 0xcc, 0x2c, 0xe0]);
    let mut tell = vec![0x24, 3, 10, 0xe9, 0, 0, 3, 0x20, 0, 0, 5, 0x10, 10, 10, 3, 11];
    for octet in [0x10, 0, 0x20, 0x30] {
        tell.extend([0xd4, 0xcc, 0x2c, 0xe0, octet, 1, 2, 3]);
    }
    // The answer repeats what was asked with.
    Script::udp(123)
        .opening(vec![client(ask).blank(44, 4, Order::Big, own), server(tell).blank(28, 4, Order::Big, own)])
}

/// A question for a NetBIOS name (RFC 1002 §4.2.12), and its answer.
pub fn name(name: &str, address: [u8; 4]) -> Script {
    let own = Fill::Own { slot: 0, step: 0 };
    let padded = format!("{:<15}\0", name.to_uppercase());
    let half = |octet: u8| b'A' + octet;
    let encoded: Vec<u8> = padded.bytes().flat_map(|octet| [half(octet >> 4), half(octet & 15)]).collect();
    let asked = [&[0x20][..], &encoded, &[0, 0, 0x20, 0, 1]].concat();
    let ask = [&[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &asked].concat();
    let tell =
        [&[0, 0, 0x85, 0, 0, 0, 0, 1, 0, 0, 0, 0][..], &asked, &[0, 3, 0xf4, 0x80, 0, 6, 0, 0], &address].concat();
    Script::udp(137).opening(vec![client(ask).blank(0, 2, Order::Big, own), server(tell).blank(0, 2, Order::Big, own)])
}

/// Heartbeats of these sides of a cluster, once a second.
pub fn heartbeats(sides: &[usize], random: &mut Random) -> Script {
    let beat = |side: usize, random: &mut Random| {
        let say = if side == 0 { client(random.octets(40)) } else { server(random.octets(40)) };
        say.after(SECOND / sides.len() as u64).blank(4, 4, Order::Little, Fill::Own { slot: side, step: 1 })
    };
    Script::udp(3343).middle(sides.iter().map(|&side| beat(side, random)).collect())
}

/// Transaction logs, shipped from one member to another.
pub fn logs(size: usize, random: &mut Random) -> Script {
    Script::tcp(64_327)
        .opening(vec![client(random.octets(120)), server(random.octets(80))])
        .middle(vec![client(random.octets(60)).after(80 * MILLIS), server(random.octets(size)).after(3 * MILLIS)])
}

/// Words of a few octets each, of a protocol that is not published.
pub fn words(port: u16, question: usize, answer: usize, random: &mut Random) -> Script {
    Script::tcp(port).middle(vec![client(random.octets(question)).after(30 * MILLIS), server(random.octets(answer))])
}

/// Echo, as Windows asks for it.
pub fn echo() -> Script {
    Script::echo(b"abcdefghijklmnopqrstuvwabcdefghi")
}
