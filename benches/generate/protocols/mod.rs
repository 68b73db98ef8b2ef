//! What each protocol's messages look like, written from its specification.

pub mod ber;
pub mod dns;
pub mod kerberos;
pub mod ldap;
pub mod ntlm;
pub mod rpc;
pub mod sip;
pub mod small;
pub mod smb;
pub mod smtp;
pub mod tls;

/// Octets in which a length is written once what follows is known.
pub fn sized_be16(octets: &[u8]) -> Vec<u8> {
    [&(octets.len() as u16).to_be_bytes()[..], octets].concat()
}

/// UTF-16 in little-endian order, as Windows writes names.
pub fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
