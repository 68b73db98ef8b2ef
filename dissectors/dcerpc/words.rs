//! The names of DCE/RPC's status and reason codes (C706 Appendix E, MS-RPCE 2.2.2.5 and 2.2.2.6).

use crate::ReplyClass;

/// The status of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(pub u32);

impl Fault {
    /// The name of this status; `None` when it is not a well-known one.
    pub fn name(self) -> Option<&'static str> {
        FAULTS.iter().find(|(value, _)| *value == self.0).map(|(_, name)| *name)
    }

    /// Whether the server refused the caller, or failed the call.
    pub fn class(self) -> ReplyClass {
        match self.0 {
            ACCESS_DENIED | UNSUPPORTED_AUTHN_LEVEL | SEC_PKG_ERROR => ReplyClass::Refused,
            _ => ReplyClass::Failed,
        }
    }
}

/// Why one context was rejected in a bind_ack (`p_provider_reason_t`, C706 12.6.3.1).
pub fn rejection(reason: u16) -> &'static str {
    match reason {
        0 => "reason_not_specified",
        1 => "abstract_syntax_not_supported",
        2 => "proposed_transfer_syntaxes_not_supported",
        3 => "local_limit_exceeded",
        _ => "unknown_reason",
    }
}

/// Why a whole bind was refused with a bind_nak (`p_reject_reason_t`, C706 12.6.3.1; 8 and 9: MS-RPCE 2.2.2.5).
pub fn refusal(reason: u16) -> &'static str {
    match reason {
        0 => "reason_not_specified",
        TEMPORARY_CONGESTION => "temporary_congestion",
        LOCAL_LIMIT_EXCEEDED => "local_limit_exceeded",
        4 => "protocol_version_not_supported",
        8 => "authentication_type_not_recognized",
        9 => "invalid_checksum",
        _ => "unknown_reason",
    }
}

/// Whether a bind_nak refuses the caller, or says that the server cannot at the moment.
pub fn refusal_class(reason: u16) -> ReplyClass {
    match reason {
        TEMPORARY_CONGESTION | LOCAL_LIMIT_EXCEEDED => ReplyClass::Failed,
        _ => ReplyClass::Refused,
    }
}

/// The security provider of a verifier (MS-RPCE 2.2.1.1.7); `None` when unknown.
pub fn auth_type(value: u8) -> Option<&'static str> {
    Some(match value {
        0 => "none",
        1 => "krb5_1",
        9 => "spnego",
        10 => "ntlmssp",
        14 => "gss_schannel",
        16 => "kerberos",
        68 => "netlogon_secure_channel",
        _ => return None,
    })
}

/// The protection level of a verifier (MS-RPCE 2.2.1.1.8); `None` when unknown.
pub fn auth_level(value: u8) -> Option<&'static str> {
    Some(match value {
        1 => "none",
        2 => "connect",
        3 => "call",
        4 => "packet",
        5 => "integrity",
        6 => "privacy",
        _ => return None,
    })
}

const TEMPORARY_CONGESTION: u16 = 1;
const LOCAL_LIMIT_EXCEEDED: u16 = 2;

const ACCESS_DENIED: u32 = 5;
const UNSUPPORTED_AUTHN_LEVEL: u32 = 0x1c00_001d;
/// Win32 1825: the security package failed, so the caller could not be told who he is.
const SEC_PKG_ERROR: u32 = 1825;

const FAULTS: &[(u32, &str)] = &[
    (ACCESS_DENIED, "nca_s_fault_access_denied"),
    (1722, "RPC_S_SERVER_UNAVAILABLE"),
    (1725, "RPC_S_NO_CALL_ACTIVE"),
    (1753, "EPT_S_NOT_REGISTERED"),
    (1783, "RPC_X_BAD_STUB_DATA"),
    (SEC_PKG_ERROR, "RPC_S_SEC_PKG_ERROR"),
    (0x1c00_0009, "nca_s_fault_unspec_reject"),
    (0x1c00_000d, "nca_s_fault_cancel"),
    (0x1c00_0013, "nca_s_fault_remote_comm_failure"),
    (0x1c00_001a, "nca_s_fault_context_mismatch"),
    (0x1c00_001b, "nca_s_fault_remote_no_memory"),
    (0x1c00_001c, "nca_s_invalid_pres_context_id"),
    (UNSUPPORTED_AUTHN_LEVEL, "nca_s_unsupported_authn_level"),
    (0x1c00_001f, "nca_s_invalid_checksum"),
    (0x1c00_0020, "nca_s_invalid_crc"),
    (0x1c01_0001, "nca_s_comm_failure"),
    (0x1c01_0002, "nca_s_op_rng_error"),
    (0x1c01_0003, "nca_s_unk_if"),
    (0x1c01_0006, "nca_s_wrong_boot_time"),
    (0x1c01_0009, "nca_s_you_crashed"),
    (0x1c01_000b, "nca_s_proto_error"),
    (0x1c01_0014, "nca_s_server_too_busy"),
];
