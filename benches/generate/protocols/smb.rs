//! SMB 2.1 over port 445 (MS-SMB2): a logon, a share, and files read and written.

use super::super::random::Random;
use super::super::script::{Blank, Fill, MILLIS, Order, Say, Script, client, server};
use super::ber::{ber, sequence, string, tagged};
use super::{ntlm, utf_16};

/// Reads of `size` octets.
pub fn reads(share: &str, size: usize, random: &mut Random) -> Script {
    let ask = [&[0x31, 0, 0x50, 0][..], &(size as u32).to_le_bytes(), &[0; 8], FILE, &[0; 17]].concat();
    let found = [&[0x11, 0, 0x50, 0][..], &(size as u32).to_le_bytes(), &[0; 8], &random.octets(size)].concat();
    session(share, [(READ, ask), (READ, found)], random)
}

/// Writes of `size` octets.
pub fn writes(share: &str, size: usize, random: &mut Random) -> Script {
    let length = (size as u32).to_le_bytes();
    let put = [&[0x31, 0, 0x70, 0][..], &length, &[0; 8], FILE, &[0; 16], &random.octets(size)].concat();
    let done = [&[0x11, 0, 0, 0][..], &length, &[0; 8]].concat();
    session(share, [(WRITE, put), (WRITE, done)], random)
}

fn session(share: &str, [ask, answer]: [(u16, Vec<u8>); 2], random: &mut Random) -> Script {
    let challenge = ntlm::challenge(random);
    let authenticate = ntlm::authenticate(random, "MBX01$");
    let path = utf_16(share);
    let mut connect = vec![9, 0, 0, 0, 0x48, 0];
    connect.extend((path.len() as u16).to_le_bytes());
    connect.extend(&path);
    let [question, reply] = [true, false];
    let opening = vec![
        client(message(question, NEGOTIATE, 0, 0, &offer(random))),
        server(message(reply, NEGOTIATE, 0, 0, &choice(random))),
        client(message(question, SESSION_SETUP, 1, 0, &logon(&started(&ntlm::negotiate())))),
        server(message(reply, SESSION_SETUP, 1, MORE, &asked(&continued(&challenge)))),
        client(message(question, SESSION_SETUP, 2, 0, &logon(&continued(&authenticate)))),
        server(message(reply, SESSION_SETUP, 2, 0, &asked(&tagged(1, &sequence(&[&tagged(0, &[10, 1, 0])])))))
            .after(3 * MILLIS),
        client(message(question, TREE_CONNECT, 3, 0, &connect)),
        server(message(reply, TREE_CONNECT, 3, 0, &[16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0, 0x1f, 0])),
        client(message(question, CREATE, 4, 0, &open("e00\\log.chk"))),
        server(message(reply, CREATE, 4, 0, &opened(random))),
    ];
    let closed = [&[0x3c, 0][..], &[0; 58]].concat();
    let closing = vec![
        numbered(client(message(question, CLOSE, 0, 0, &[&[0x18, 0, 0, 0, 0, 0, 0, 0][..], FILE].concat())), 5),
        numbered(server(message(reply, CLOSE, 0, 0, &closed)), 5),
        numbered(client(message(question, LOGOFF, 0, 0, &[4, 0, 0, 0])), 6),
        numbered(server(message(reply, LOGOFF, 0, 0, &[4, 0, 0, 0])), 6),
    ];
    Script::tcp(445)
        .opening(opening)
        .middle(vec![
            numbered(client(message(question, ask.0, 0, 0, &ask.1)).after(20 * MILLIS), 5),
            numbered(server(message(reply, answer.0, 0, 0, &answer.1)), 5),
        ])
        .closing(closing)
}

/// Counts the message's number on with each repetition.
fn numbered(mut say: Say, first: u64) -> Say {
    let fill = Fill::Counted { first, step: 1 };
    say.blanks.push(Blank { at: 4 + 24, width: 8, order: Order::Little, fill });
    say
}

/// A message with its header (§2.2.1.2) and the session packet around it.
fn message(question: bool, command: u16, id: u64, status: u32, body: &[u8]) -> Vec<u8> {
    let mut octets = (64 + body.len() as u32).to_be_bytes().to_vec();
    octets.extend(b"\xfeSMB\x40\0\x01\0");
    octets.extend(status.to_le_bytes());
    octets.extend(command.to_le_bytes());
    octets.extend([1, 0, u8::from(!question), 0, 0, 0, 0, 0, 0, 0]);
    octets.extend(id.to_le_bytes());
    octets.extend([0xff, 0xfe, 0, 0]);
    octets.extend([u8::from(command > TREE_CONNECT || (command == TREE_CONNECT && !question)), 0, 0, 0]);
    octets.extend(if command == NEGOTIATE { [0; 8] } else { [0x35, 0, 0, 0x54, 0, 4, 0, 0] });
    octets.extend([0; 16]);
    octets.extend(body);
    octets
}

fn offer(random: &mut Random) -> Vec<u8> {
    let mut body = vec![0x24, 0, 2, 0, 1, 0, 0, 0, 0x7f, 0, 0, 0];
    body.extend(random.octets(16));
    body.extend([0; 8]);
    body.extend([0x02, 0x02, 0x10, 0x02]);
    body
}

fn choice(random: &mut Random) -> Vec<u8> {
    let token = started(&[]);
    let mut body = vec![0x41, 0, 1, 0, 0x10, 0x02, 0, 0];
    body.extend(random.octets(16));
    body.extend([7, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0]);
    body.extend(NOW);
    body.extend(NOW);
    body.extend([0x80, 0]);
    body.extend((token.len() as u16).to_le_bytes());
    body.extend([0; 4]);
    body.extend(token);
    body
}

fn logon(token: &[u8]) -> Vec<u8> {
    let mut body = vec![0x19, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0x58, 0];
    body.extend((token.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(token);
    body
}

fn asked(token: &[u8]) -> Vec<u8> {
    let mut body = vec![9, 0, 0, 0, 0x48, 0];
    body.extend((token.len() as u16).to_le_bytes());
    body.extend(token);
    body
}

fn open(path: &str) -> Vec<u8> {
    let path = utf_16(path);
    let mut body = vec![0x39, 0, 0, 0, 2, 0, 0, 0];
    body.extend([0; 16]);
    body.extend([0x9f, 1, 0x12, 0, 0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0x40, 0, 0, 0, 0x78, 0]);
    body.extend((path.len() as u16).to_le_bytes());
    body.extend([0; 8]);
    body.extend(path);
    body
}

fn opened(random: &mut Random) -> Vec<u8> {
    let mut body = vec![0x59, 0, 0, 0, 1, 0, 0, 0];
    for _ in 0..4 {
        body.extend(NOW);
    }
    body.extend((1u64 << 20).to_le_bytes());
    body.extend((random.below(1 << 20)).to_le_bytes());
    body.extend([0x20, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(FILE);
    body.extend([0; 8]);
    body
}

/// The first token of SPNEGO (RFC 4178 §4.2.1): NTLM is offered.
fn started(ntlm: &[u8]) -> Vec<u8> {
    let token = if ntlm.is_empty() { Vec::new() } else { tagged(2, &string(ntlm)) };
    let init = sequence(&[&tagged(0, &sequence(&[&NTLM])), &token]);
    ber(0x60, &[&SPNEGO, &tagged(0, &init)])
}

/// A further one (§4.2.2).
fn continued(ntlm: &[u8]) -> Vec<u8> {
    tagged(1, &sequence(&[&tagged(0, &[10, 1, 1]), &tagged(1, &NTLM), &tagged(2, &string(ntlm))]))
}

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const LOGOFF: u16 = 2;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
/// More processing is required.
const MORE: u32 = 0xc000_0016;
const FILE: &[u8] = &[0x8a, 0x91, 0x8c, 0x5b, 0, 0, 0, 0, 0x76, 0x9f, 0x66, 0xc4, 0, 0, 0, 0];
/// 18 February 2013, as Windows counts.
const NOW: [u8; 8] = [0x80, 0x6f, 0x2c, 0x4f, 0x9d, 0x0d, 0xce, 0x01];
/// 1.3.6.1.5.5.2.
const SPNEGO: [u8; 8] = [6, 6, 0x2b, 6, 1, 5, 5, 2];
/// 1.3.6.1.4.1.311.2.2.10.
const NTLM: [u8; 12] = [6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];
