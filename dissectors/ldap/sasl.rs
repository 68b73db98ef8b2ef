//! The SASL security layer after a GSSAPI, GSS-SPNEGO or Sicily bind (RFC 4422 §3.7).
//!
//! Each side then writes a length of four octets and a sealed or signed token.
//! A plain message never starts with zero, and a token would have to reach 16 MB
//! to start otherwise, so the two are told apart by their first octet.

use crate::{Probe, Reader, Stop};

/// The length of the sealed message at the front of `octets`, its length field included, whatever
/// the security layer.
pub fn size(octets: &[u8]) -> Result<usize, Stop> {
    let mut r = Reader::new(octets);
    let size = r.u32_be("token length")?;
    match usize::try_from(size) {
        Ok(size) if size <= MAX_TOKEN => Ok(size.saturating_add(LENGTH_FIELD)),
        _ => Err(r.malformed("token length", "is longer than any token")),
    }
}

/// The same for a message whose token shows its layer: Kerberos or NTLM.
pub fn read(octets: &[u8]) -> Result<usize, Stop> {
    let size = size(octets)?;
    let mut r = Reader::new(octets);
    r.skip(LENGTH_FIELD, "token length")?;
    let known = match r.u8("token")? {
        GSS_TOKEN => true,
        KRB5_WRAP_HIGH => r.u8("token")? == KRB5_WRAP_LOW,
        NTLM_VERSION => r.u24_be("signature version")? == 0,
        _ => false,
    };
    if known { Ok(size) } else { Err(r.malformed("token", "is of no known security layer")) }
}

/// Whether `octets`, from the middle of a connection on an LDAP port, start with a sealed message.
pub fn probe(octets: &[u8]) -> Probe {
    match read(octets) {
        Ok(_) => Probe::Maybe,
        Err(stop) if stop.is_incomplete() => Probe::More,
        Err(_) => Probe::No,
    }
}

const LENGTH_FIELD: usize = 4;
/// What three octets can measure: the first one is zero.
const MAX_TOKEN: usize = 0x00ff_ffff;
/// RFC 2743 §3.1: `[APPLICATION 0]`, before a mechanism's identifier.
const GSS_TOKEN: u8 = 0x60;
/// RFC 4121 §4.2.6.2: a wrap token, `05 04`.
const KRB5_WRAP_HIGH: u8 = 0x05;
const KRB5_WRAP_LOW: u8 = 0x04;
/// MS-NLMP §2.2.2.9.1: a message signature starts with version 1 in four little-endian octets.
const NTLM_VERSION: u8 = 1;
