//! Kerberos (RFC 4120): a logon, and a ticket for a service.

use super::super::random::Random;
use super::super::script::{Carrier, Fill, Order, Say, Script, client, server};
use super::ber::{ber, integer, sequence, string, tagged};

/// A logon: refused at first, as Windows has it, then granted. Over UDP.
pub fn logon(random: &mut Random) -> Script {
    let proof = padata(&[(2, &encrypted(18, 56, random))]);
    let says = vec![
        nonce(client(ask(10, Some(&padata(&[(128, &sequence(&[&tagged(0, &[1, 1, 0xff])]))])), KRBTGT))),
        server(preauthentication()),
        nonce(client(ask(10, Some(&proof), KRBTGT))),
        server(grant(11, KRBTGT, 120, random)),
    ];
    Script::udp(88).opening(says)
}

/// A ticket for a service, over TCP as for users of many groups.
pub fn ticket(random: &mut Random) -> Script {
    let service =
        *random.of(&[&["ldap", "dc01.contoso.com"], &["exchangeMDB", "MBX01"], &["cifs", "mbx02.contoso.com"]]);
    let presented = apply(1_100, random);
    let says = vec![
        nonce(client(ask(12, Some(&padata(&[(1, &presented)])), service))),
        server(grant(13, service, 1_000, random)),
    ];
    let record = |say: Say| {
        let blanks = say.blanks.into_iter().map(|mut blank| {
            blank.at += 4;
            blank
        });
        let octets = [&(say.octets.len() as u32).to_be_bytes()[..], &say.octets].concat();
        Say { octets, blanks: blanks.collect(), ..say }
    };
    Script { carrier: Carrier::Tcp, ..Script::udp(88) }.opening(says.into_iter().map(record).collect())
}

fn ask(kind: u32, padata: Option<&[u8]>, service: &[&str]) -> Vec<u8> {
    let user = tagged(1, &principal(1, &["anna"]));
    let body = sequence(&[
        &tagged(0, &[3, 5, 0, 0x40, 0x81, 0, 0x10]),
        if kind == 10 { &user } else { &[] },
        &tagged(2, &general(REALM)),
        &tagged(3, &principal(2, service)),
        &tagged(5, &ber(0x18, &[b"20370913024805Z"])),
        &tagged(7, &integer(NONCE)),
        &tagged(8, &sequence(&[&integer(18), &integer(17), &integer(23)])),
    ]);
    let padata = padata.map(|padata| tagged(3, padata)).unwrap_or_default();
    let whole = sequence(&[&tagged(1, &integer(5)), &tagged(2, &integer(kind)), &padata, &tagged(4, &body)]);
    ber(0x60 | kind as u8, &[&whole])
}

/// Leaves the lower three octets of the nonce blank.
fn nonce(say: Say) -> Say {
    let wanted = NONCE.to_be_bytes();
    let at = say.octets.windows(4).rposition(|octets| octets == wanted);
    let at = at.unwrap_or_else(|| unreachable!("each question has a nonce"));
    say.blank(at + 1, 3, Order::Big, Fill::Own { slot: 0, step: 0 })
}

fn preauthentication() -> Vec<u8> {
    let salt = sequence(&[&tagged(0, &integer(18)), &tagged(1, &general("CONTOSO.COManna"))]);
    let methods = padata(&[(19, &sequence(&[&salt])), (2, &[]), (16, &[]), (15, &[])]);
    let body = sequence(&[
        &tagged(0, &integer(5)),
        &tagged(1, &integer(30)),
        &tagged(4, &ber(0x18, &[b"20130218060000Z"])),
        &tagged(5, &integer(123_456)),
        &tagged(6, &integer(25)),
        &tagged(9, &general(REALM)),
        &tagged(10, &principal(2, KRBTGT)),
        &tagged(12, &string(methods)),
    ]);
    ber(0x7e, &[&body])
}

fn grant(kind: u32, service: &[&str], size: usize, random: &mut Random) -> Vec<u8> {
    let body = sequence(&[
        &tagged(0, &integer(5)),
        &tagged(1, &integer(kind)),
        &tagged(3, &general(REALM)),
        &tagged(4, &principal(1, &["anna"])),
        &tagged(5, &granted(service, size, random)),
        &tagged(6, &encrypted(18, 200, random)),
    ]);
    ber(0x60 | kind as u8, &[&body])
}

/// AP-REQ with the ticket to get tickets.
fn apply(size: usize, random: &mut Random) -> Vec<u8> {
    let body = sequence(&[
        &tagged(0, &integer(5)),
        &tagged(1, &integer(14)),
        &tagged(2, &[3, 5, 0, 0, 0, 0, 0]),
        &tagged(3, &granted(KRBTGT, size, random)),
        &tagged(4, &encrypted(18, 140, random)),
    ]);
    ber(0x6e, &[&body])
}

fn granted(service: &[&str], size: usize, random: &mut Random) -> Vec<u8> {
    let body = sequence(&[
        &tagged(0, &integer(5)),
        &tagged(1, &general(REALM)),
        &tagged(2, &principal(2, service)),
        &tagged(3, &encrypted(18, size, random)),
    ]);
    ber(0x61, &[&body])
}

fn encrypted(kind: u32, size: usize, random: &mut Random) -> Vec<u8> {
    sequence(&[&tagged(0, &integer(kind)), &tagged(1, &integer(2)), &tagged(2, &string(random.octets(size)))])
}

fn padata(all: &[(u32, &[u8])]) -> Vec<u8> {
    let all: Vec<u8> = all
        .iter()
        .flat_map(|(kind, value)| sequence(&[&tagged(1, &integer(*kind)), &tagged(2, &string(value))]))
        .collect();
    sequence(&[&all])
}

fn principal(kind: u32, names: &[&str]) -> Vec<u8> {
    let names: Vec<u8> = names.iter().flat_map(|name| general(name)).collect();
    sequence(&[&tagged(0, &integer(kind)), &tagged(1, &sequence(&[&names]))])
}

fn general(text: &str) -> Vec<u8> {
    ber(0x1b, &[text.as_bytes()])
}

const REALM: &str = "CONTOSO.COM";
const KRBTGT: &[&str] = &["krbtgt", "CONTOSO.COM"];
/// Positive, and of four octets whatever is written into the lower three.
const NONCE: u32 = 0x5a17_9e3b;
