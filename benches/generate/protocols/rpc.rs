//! Connection-oriented DCE/RPC (C706 §12.6) with packet privacy (MS-RPCE §2.2.2.11), and the endpoint
//! mapper (C706 appendices L and O).

use super::super::random::Random;
use super::super::script::{Blank, CLIENT, Ending, Fill, MILLIS, Order, Say, Script, client, server};
use super::ntlm;

/// An interface: UUID and version.
#[derive(Debug, Clone, Copy)]
pub struct Interface(pub u128, pub u16, pub u16);

/// The mailbox store, as Outlook and client access servers call it.
pub const EMSMDB: Interface = Interface(0xa4f1_db00_ca47_1067_b31f_00dd_0106_62da, 0, 81);
/// The address book.
pub const NSPI: Interface = Interface(0xf5cc_5a18_4264_101a_8c59_0800_2b2f_8426, 56, 0);
/// Which server has the address book.
pub const RFR: Interface = Interface(0x1544_f5e0_613c_11d1_93df_00c0_4fd7_bd09, 1, 0);
/// Directory replication and name cracking.
pub const DRSUAPI: Interface = Interface(0xe351_4235_4b06_11d1_ab04_00c0_4fc2_dcd2, 4, 0);
/// Logons of the domain.
pub const NETLOGON: Interface = Interface(0x1234_5678_1234_abcd_ef00_0123_4567_cffb, 1, 0);
const EPM: Interface = Interface(0xe1af_8308_5d1f_11c9_91a4_0800_2b14_a0fa, 3, 0);
const NDR: Interface = Interface(0x8a88_5d04_1ceb_11c9_9fe8_0800_2b10_4860, 2, 0);

/// Slot of a conversation's own numbers: the port that the endpoint mapper names.
pub const PORT: usize = 0;
/// The address that it names, 0 where the conversation is over IPv6.
pub const ADDRESS: usize = 1;

/// One question to the endpoint mapper, and its answer.
pub fn mapper(interface: Interface) -> Script {
    let mut question = vec![1, 0, 0, 0];
    question.extend([0; 16]);
    question.extend([2, 0, 0, 0]);
    question.extend(tower(interface));
    question.extend([0; 20]);
    question.extend([4, 0, 0, 0]);
    let mut answer = vec![0; 20];
    answer.extend([1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
    answer.extend(tower(interface));
    answer.extend([0; 4]);
    let at = HEADER + 8 + 40 + 8;
    Script::tcp(135)
        .opening(vec![
            client(bind(1, EPM, None)),
            server(bind_ack(1, 135, None)),
            client(request(2, 3, &question, None)),
            server(response(2, &answer, None)).blank(at + 64, 2, Order::Big, Fill::Own { slot: PORT, step: 0 }).blank(
                at + 71,
                4,
                Order::Big,
                Fill::Own { slot: ADDRESS, step: 0 },
            ),
        ])
        .ending(Ending::Closed(CLIENT))
}

/// Calls of an interface, sealed: `question` and `answer` octets long.
pub fn calls(interface: Interface, port: u16, question: usize, answer: usize, random: &mut Random) -> Script {
    let logon = [ntlm::negotiate(), ntlm::challenge(random), ntlm::authenticate(random, "user")];
    let seal = Some(random.octets(16));
    let (ask, tell) = (random.octets(question), random.octets(answer));
    Script::tcp(port)
        .opening(vec![
            client(bind(1, interface, Some(&logon[0]))),
            server(bind_ack(1, port, Some(&logon[1]))),
            client(third(1, &logon[2])).after(300),
            client(request(2, 0, &random.octets(64), seal.as_deref())).after(200),
            server(response(2, &random.octets(64), seal.as_deref())),
        ])
        .middle(vec![
            numbered(client(request(3, 11, &ask, seal.as_deref())).after(40 * MILLIS)),
            numbered(server(response(3, &tell, seal.as_deref())).after(2 * MILLIS)),
        ])
}

/// Counts the call's number on with each repetition.
fn numbered(mut say: Say) -> Say {
    say.blanks.push(Blank { at: 12, width: 4, order: Order::Little, fill: Fill::Counted { first: 3, step: 1 } });
    say
}

fn bind(call: u32, interface: Interface, logon: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
    body.extend(syntax(interface));
    body.extend(syntax(NDR));
    pdu(11, call, body, logon, LOGON)
}

fn bind_ack(call: u32, port: u16, logon: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![0xd0, 0x16, 0xd0, 0x16, 0x1a, 0x2b, 0, 0];
    let port = format!("{port}\0");
    body.extend((port.len() as u16).to_le_bytes());
    body.extend(port.as_bytes());
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(syntax(NDR));
    pdu(12, call, body, logon, LOGON)
}

/// The third part of a logon, which nobody answers.
fn third(call: u32, logon: &[u8]) -> Vec<u8> {
    pdu(16, call, vec![0; 4], Some(logon), LOGON)
}

fn request(call: u32, operation: u16, stub: &[u8], seal: Option<&[u8]>) -> Vec<u8> {
    let mut body = (stub.len() as u32).to_le_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(operation.to_le_bytes());
    body.extend(stub);
    pdu(0, call, body, seal, SEAL)
}

fn response(call: u32, stub: &[u8], seal: Option<&[u8]>) -> Vec<u8> {
    let mut body = (stub.len() as u32).to_le_bytes().to_vec();
    body.extend([0; 4]);
    body.extend(stub);
    pdu(2, call, body, seal, SEAL)
}

/// The header, what follows it, and the verifier behind.
fn pdu(kind: u8, call: u32, mut body: Vec<u8>, verifier: Option<&[u8]>, boundary: usize) -> Vec<u8> {
    let mut behind = Vec::new();
    if let Some(verifier) = verifier {
        let padding = body.len().next_multiple_of(boundary) - body.len();
        body.resize(body.len() + padding, 0);
        behind.extend([10, 6, padding as u8, 0, 0, 0, 0, 0]);
        behind.extend(verifier);
    }
    let whole = (HEADER + body.len() + behind.len()) as u16;
    let mut octets = vec![5, 0, kind, 3, 0x10, 0, 0, 0];
    octets.extend(whole.to_le_bytes());
    octets.extend((verifier.map_or(0, <[u8]>::len) as u16).to_le_bytes());
    octets.extend(call.to_le_bytes());
    octets.extend(body);
    octets.extend(behind);
    octets
}

/// A tower with its length twice in front and padding behind; port and address are left blank.
fn tower(interface: Interface) -> Vec<u8> {
    let mut octets = vec![75, 0, 0, 0, 75, 0, 0, 0, 5, 0];
    for Interface(uuid, major, minor) in [interface, NDR] {
        octets.extend([0x13, 0, 0x0d]);
        octets.extend(little(uuid));
        octets.extend(major.to_le_bytes());
        octets.extend([2, 0]);
        octets.extend(minor.to_le_bytes());
    }
    octets.extend([1, 0, 0x0b, 2, 0, 0, 0]);
    octets.extend([1, 0, 0x07, 2, 0, 0, 135]);
    octets.extend([1, 0, 0x09, 4, 0, 0, 0, 0, 0]);
    octets.push(0);
    octets
}

fn syntax(Interface(uuid, major, minor): Interface) -> Vec<u8> {
    [&little(uuid)[..], &major.to_le_bytes(), &minor.to_le_bytes()].concat()
}

/// A UUID with its first three fields turned round.
fn little(uuid: u128) -> [u8; 16] {
    let mut octets = uuid.to_be_bytes();
    octets[0..4].reverse();
    octets[4..6].reverse();
    octets[6..8].reverse();
    octets
}

const HEADER: usize = 16;
/// What a verifier is aligned to (MS-RPCE §2.2.2.11): at least 4 octets, 16 where stubs are sealed.
const LOGON: usize = 4;
const SEAL: usize = 16;
