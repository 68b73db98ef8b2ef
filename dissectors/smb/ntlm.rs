//! The names by which a server introduces itself in an NTLM challenge (MS-NLMP §2.2.1.2).

use super::message::wide;
use crate::{Reader, Stop, Text};

/// What a challenge says about who sends it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// NetBIOS name of the computer.
    pub computer: Option<Text>,
    /// DNS name of the computer.
    pub dns_computer: Option<Text>,
}

impl Target {
    /// From a security token with a challenge in it, bare or wrapped in SPNEGO.
    pub fn find(token: &[u8]) -> Option<Self> {
        let start = token.windows(SIGNATURE.len()).position(|window| window == SIGNATURE)?;
        Self::read(token.get(start..)?).ok()
    }

    fn read(challenge: &[u8]) -> Result<Self, Stop> {
        let mut r = Reader::bounded(challenge);
        r.skip(SIGNATURE.len(), "signature")?;
        if r.u32_le("message type")? != CHALLENGE {
            return Err(r.malformed("message type", "is no challenge"));
        }
        // Target name fields, flags, server challenge, reserved.
        r.skip(8 + 4 + 8 + 8, "challenge")?;
        let length = r.u16_le("target info length")?;
        r.skip(2, "target info room")?;
        let offset = r.u32_le("target info offset")?;
        let offset = usize::try_from(offset).map_err(|_| r.malformed("target info offset", "is too far"))?;
        let mut r = Reader::bounded(challenge);
        r.skip(offset, "target info offset")?;
        Self::pairs(r.sub(length.into(), "target info")?)
    }

    /// Attribute and value pairs (MS-NLMP §2.2.2.1).
    fn pairs(mut r: Reader<'_>) -> Result<Self, Stop> {
        let mut target = Self::default();
        while !r.is_empty() {
            let attribute = r.u16_le("attribute")?;
            let value = r.sized_u16_le("value")?.rest();
            match attribute {
                END => break,
                COMPUTER => target.computer = Some(wide(value)),
                DNS_COMPUTER => target.dns_computer = Some(wide(value)),
                _ => {}
            }
        }
        Ok(target)
    }
}

const SIGNATURE: &[u8] = b"NTLMSSP\0";

const CHALLENGE: u32 = 2;

/// Attribute ids, MS-NLMP §2.2.2.1.
const END: u16 = 0;
const COMPUTER: u16 = 1;
const DNS_COMPUTER: u16 = 3;
