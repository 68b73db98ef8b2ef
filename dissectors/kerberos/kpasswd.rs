//! The frame of the password service on port 464 (RFC 3244 §2).
//!
//! What was asked and how it went is sealed in a KRB-PRIV message; only an
//! error before that can be read.

use crate::{Reader, Stop};

/// A message of the password service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// An AP-REQ and the sealed new password.
    Request,
    /// An AP-REP and the sealed result.
    Reply,
    /// No AP-REP but a KRB-ERROR.
    Error {
        /// Octets before the KRB-ERROR.
        at: usize,
    },
}

impl PasswordChange {
    /// Reads the front of a message of `size` octets; `None` when it is of Kerberos itself. The two
    /// cannot be mistaken: a BER message whose first two octets spell its length is no valid BER.
    pub fn read(octets: &[u8], size: usize) -> Result<Option<Self>, Stop> {
        let mut r = Reader::new(octets);
        if usize::from(r.u16_be("message length")?) != size {
            return Ok(None);
        }
        let version = r.u16_be("version")?;
        if version != CHANGE_PASSWORD && version != SET_PASSWORD {
            return Ok(None);
        }
        if r.u16_be("authentication length")? == 0 {
            return Ok(Some(Self::Error { at: r.position() }));
        }
        match r.u8("authentication")? {
            AP_REQ => Ok(Some(Self::Request)),
            AP_REP => Ok(Some(Self::Reply)),
            _ => Err(r.malformed("authentication", "is neither AP-REQ nor AP-REP")),
        }
    }
}

/// The version of the first change-password protocol and of every reply.
const CHANGE_PASSWORD: u16 = 1;
/// The version of a request that may set another's password.
const SET_PASSWORD: u16 = 0xff80;
/// `[APPLICATION 14]`.
const AP_REQ: u8 = 0x6e;
/// `[APPLICATION 15]`.
const AP_REP: u8 = 0x6f;
