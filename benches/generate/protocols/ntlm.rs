//! NTLM messages (MS-NLMP §2.2.1), as a domain member logs on with them.

use super::super::random::Random;
use super::utf_16;

/// What the client offers.
pub fn negotiate() -> Vec<u8> {
    let mut octets = head(1);
    octets.extend(FLAGS.to_le_bytes());
    octets.extend([0, 0, 0, 0, 40, 0, 0, 0].repeat(2));
    octets.extend(VERSION);
    octets
}

/// What the server asks.
pub fn challenge(random: &mut Random) -> Vec<u8> {
    let domain = utf_16("CONTOSO");
    let mut info = Vec::new();
    for (kind, name) in [(2u16, "CONTOSO"), (1, "SERVER"), (4, "contoso.com")] {
        let name = utf_16(name);
        info.extend(kind.to_le_bytes());
        info.extend((name.len() as u16).to_le_bytes());
        info.extend(name);
    }
    info.extend([0; 4]);
    let mut octets = head(2);
    octets.extend(field(domain.len(), 56));
    octets.extend(FLAGS.to_le_bytes());
    octets.extend(random.octets(8));
    octets.extend([0; 8]);
    octets.extend(field(info.len(), 56 + domain.len()));
    octets.extend(VERSION);
    octets.extend(domain);
    octets.extend(info);
    octets
}

/// What the client answers.
pub fn authenticate(random: &mut Random, user: &str) -> Vec<u8> {
    let parts = [utf_16("CONTOSO"), utf_16(user), utf_16("WS"), vec![0; 24], ntlm_2(random), random.octets(16)];
    let mut at = 88;
    let mut fields = parts.iter().map(|part| {
        at += part.len();
        field(part.len(), at - part.len())
    });
    let mut in_order: Vec<[u8; 8]> = fields.by_ref().collect();
    in_order.swap(0, 3);
    in_order.swap(1, 4);
    // LM and NT answers first, then domain, user and workstation, and the key.
    let [lm, nt, workstation, domain, user_at, key] = in_order[..] else { unreachable!("six fields") };
    let mut octets = head(3);
    for field in [lm, nt, domain, user_at, workstation, key] {
        octets.extend(field);
    }
    octets.extend(FLAGS.to_le_bytes());
    octets.extend(VERSION);
    octets.extend(random.octets(16));
    octets.extend(parts.concat());
    octets
}

/// An answer of NTLM 2, with what it was made from.
fn ntlm_2(random: &mut Random) -> Vec<u8> {
    let mut octets = random.octets(16);
    octets.extend([1, 1, 0, 0, 0, 0, 0, 0]);
    octets.extend([0x80, 0x6f, 0x2c, 0x4f, 0x9d, 0x0d, 0xce, 0x01]);
    octets.extend(random.octets(8));
    octets.extend([0; 4]);
    let name = utf_16("CONTOSO");
    octets.extend([2, 0, name.len() as u8, 0]);
    octets.extend(name);
    octets.extend([0; 8]);
    octets
}

fn head(kind: u32) -> Vec<u8> {
    [&b"NTLMSSP\0"[..], &kind.to_le_bytes()].concat()
}

fn field(length: usize, at: usize) -> [u8; 8] {
    let [low, high] = (length as u16).to_le_bytes();
    let [a, b, c, d] = (at as u32).to_le_bytes();
    [low, high, low, high, a, b, c, d]
}

const FLAGS: u32 = 0xe288_8215;
/// Windows Server 2008 R2.
const VERSION: [u8; 8] = [6, 1, 0xb1, 0x1d, 0, 0, 0, 15];
