//! TLS 1.2 (RFC 5246) with a certificate of the organization, as Windows servers speak it.

use super::super::random::Random;
use super::super::script::{MILLIS, Say, Script, client, server};
use super::ber::{ber, integer, sequence, tagged};
use super::sized_be16;

/// Requests of `question` octets and answers of `answer`, to a server of this name.
pub fn exchange(port: u16, name: &str, question: usize, answer: usize, random: &mut Random) -> Script {
    let middle =
        vec![client(data(question, random)).after(60 * MILLIS), server(data(answer, random)).after(8 * MILLIS)];
    Script::tcp(port).opening(handshake(name, random)).middle(middle).closing(vec![client(alert(random))])
}

/// The messages until both sides have their keys.
pub fn handshake(name: &str, random: &mut Random) -> Vec<Say> {
    let keys =
        [record(22, &message(16, &sized_be16(&random.octets(256)))), record(20, &[1]), record(22, &random.octets(40))];
    let flight = [hello_of_server(random), certificates(name, random), message(14, &[])].concat();
    vec![
        client(record(22, &hello(name, random))),
        server(record(22, &flight)).after(MILLIS),
        client(keys.concat()).after(MILLIS),
        server([record(20, &[1]), record(22, &random.octets(40))].concat()).after(2 * MILLIS),
    ]
}

/// Application data, in as many records as they need.
pub fn data(octets: usize, random: &mut Random) -> Vec<u8> {
    random.octets(octets).chunks(16_000).flat_map(|chunk| record(23, chunk)).collect()
}

/// An encrypted alert: the end.
pub fn alert(random: &mut Random) -> Vec<u8> {
    record(21, &random.octets(26))
}

fn record(kind: u8, octets: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &sized_be16(octets)].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = (body.len() as u32).to_be_bytes();
    [&[kind, a, b, c][..], body].concat()
}

fn hello(name: &str, random: &mut Random) -> Vec<u8> {
    let server_name = sized_be16(&[&[0][..], &sized_be16(name.as_bytes())].concat());
    let extensions = [
        extension(0, &server_name),
        extension(10, &sized_be16(&[0, 29, 0, 23, 0, 24])),
        extension(11, &[1, 0]),
        extension(13, &sized_be16(&[4, 1, 4, 3, 2, 1, 2, 3])),
        extension(23, &[]),
        extension(0xff01, &[0]),
    ];
    let mut body = vec![3, 3];
    body.extend(random.octets(32));
    body.push(0);
    body.extend(sized_be16(&[0, 0x9d, 0, 0x9c, 0, 0x3d, 0, 0x3c, 0, 0x35, 0, 0x2f]));
    body.extend([1, 0]);
    body.extend(sized_be16(&extensions.concat()));
    message(1, &body)
}

fn hello_of_server(random: &mut Random) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(random.octets(32));
    body.push(32);
    body.extend(random.octets(32));
    body.extend([0, 0x9d, 0]);
    body.extend(sized_be16(&[extension(0xff01, &[0]), extension(23, &[])].concat()));
    message(2, &body)
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized_be16(body)].concat()
}

fn certificates(name: &str, random: &mut Random) -> Vec<u8> {
    let sized = |octets: &[u8]| [&(octets.len() as u32).to_be_bytes()[1..], octets].concat();
    message(11, &sized(&sized(&certificate(name, random))))
}

/// X.509 (RFC 5280 §4.1), signed by the organization's authority.
fn certificate(name: &str, random: &mut Random) -> Vec<u8> {
    let algorithm = sequence(&[SHA_256_WITH_RSA, &[5, 0]]);
    let modulus = ber(2, &[&[0x00, 0xc1], &random.octets(255)]);
    let key = sequence(&[&modulus, &integer(65_537)]);
    let key = sequence(&[&sequence(&[RSA, &[5, 0]]), &ber(3, &[&[0], &key])]);
    let validity = sequence(&[&ber(0x17, &[b"120101000000Z"]), &ber(0x17, &[b"170101000000Z"])]);
    let alternative = ber(4, &[&sequence(&[&ber(0x82, &[name.as_bytes()]), &ber(0x82, &[b"mail.contoso.com"])])]);
    let extensions = tagged(3, &sequence(&[&sequence(&[SUBJECT_ALTERNATIVE_NAME, &alternative])]));
    let serial = ber(2, &[&[0x5a], &random.octets(15)]);
    let body = sequence(&[
        &tagged(0, &integer(2)),
        &serial,
        &algorithm,
        &distinguished("Contoso Issuing CA"),
        &validity,
        &distinguished(name),
        &key,
        &extensions,
    ]);
    sequence(&[&body, &algorithm, &ber(3, &[&[0], &random.octets(256)])])
}

fn distinguished(name: &str) -> Vec<u8> {
    let common = sequence(&[COMMON_NAME, &ber(0x13, &[name.as_bytes()])]);
    sequence(&[&ber(0x31, &[&common])])
}

const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const SHA_256_WITH_RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[6, 3, 0x55, 0x1d, 0x11];
const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];
