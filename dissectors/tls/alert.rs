//! Alerts in clear (RFC 8446 §6).

use crate::{Fact, Text};

/// The level and description of an alert that is not encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    level: u8,
    description: u8,
}

impl Alert {
    /// `None` unless this is the whole of an alert in clear: an encrypted one is longer.
    pub fn read(octets: &[u8]) -> Option<Self> {
        match *octets {
            [level @ 1..=2, description] => Some(Self { level, description }),
            _ => None,
        }
    }

    /// Whether the description is one of those that specifications name.
    pub fn is_named(self) -> bool {
        self.name().is_some()
    }

    /// What it says: a goodbye, or an alarm.
    pub fn fact(self) -> Fact {
        if self.description == CLOSE_NOTIFY {
            return Fact::Close("close_notify".into());
        }
        let level = if self.level == 1 { "warning" } else { "fatal" };
        let text: Text = match self.name() {
            Some(name) => Text::joined(&[level, " ", name]),
            None => format!("{level} 0x{:02x}", self.description).into(),
        };
        Fact::Alert(text)
    }

    fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(description, _)| *description == self.description).map(|(_, name)| *name)
    }
}

const CLOSE_NOTIFY: u8 = 0;

/// TLS Alerts of the IANA registry.
const NAMES: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];
