//! How a request went: NT status values (MS-ERREF §2.3) and the older DOS errors (MS-CIFS §2.2.2.4).

use std::fmt;

use crate::{ReplyClass, Text};
use crate::ReplyClass::{Challenge, Failed, Interim, Referral, Refused, Success};

/// The status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A 32-bit NT status.
    Nt(u32),
    /// A DOS error, from servers of the time before NT.
    Dos {
        /// Where the error comes from.
        class: u8,
        /// Which one.
        code: u16,
    },
}

impl Status {
    /// As it is printed.
    pub fn text(self) -> Text {
        match self {
            Self::Nt(value) if let Some((name, _)) = known(value) => name.into(),
            _ => self.to_string().into(),
        }
    }

    /// Whether nothing at all is to be said of it.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Nt(0) | Self::Dos { class: 0, .. })
    }

    /// How the request was answered.
    pub fn class(self) -> ReplyClass {
        match self {
            _ if self.is_success() => Success,
            Self::Nt(value) => match known(value) {
                Some((_, class)) => class,
                // Severity (MS-ERREF §2.3): success, information, warning, error.
                None if value >> 30 < 2 => Success,
                None => Refused,
            },
            Self::Dos { class: ERRDOS, code: MORE_DATA } => Success,
            Self::Dos { class: ERRHRD, .. } | Self::Dos { class: ERRSRV, code: NO_RESOURCE } => Failed,
            Self::Dos { .. } => Refused,
        }
    }

    /// Whether the response has the form of its command, rather than that of an error (MS-SMB2 §3.3.4.4).
    pub fn has_content(self) -> bool {
        matches!(self.class(), Success | Challenge)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nt(value) => match known(value) {
                Some((name, _)) => f.write_str(name),
                None => write!(f, "0x{value:08x}"),
            },
            Self::Dos { class: 0, .. } => f.write_str("STATUS_SUCCESS"),
            Self::Dos { class: ERRDOS, code } => write!(f, "ERRDOS {code}"),
            Self::Dos { class: ERRSRV, code } => write!(f, "ERRSRV {code}"),
            Self::Dos { class: ERRHRD, code } => write!(f, "ERRHRD {code}"),
            Self::Dos { class, code } => write!(f, "error class {class} code {code}"),
        }
    }
}

/// Name and meaning of a status that is common, or told apart.
fn known(value: u32) -> Option<(&'static str, ReplyClass)> {
    let index = KNOWN.binary_search_by_key(&value, |(known, _, _)| *known).ok()?;
    KNOWN.get(index).map(|(_, name, class)| (*name, *class))
}

/// Error classes and codes, MS-CIFS §2.2.2.4.
const ERRDOS: u8 = 1;
const ERRSRV: u8 = 2;
const ERRHRD: u8 = 3;
const MORE_DATA: u16 = 234;
const NO_RESOURCE: u16 = 89;

/// MS-ERREF §2.3.1, in ascending order.
const KNOWN: &[(u32, &str, ReplyClass)] = &[
    (0x0000_0000, "STATUS_SUCCESS", Success),
    (0x0000_0103, "STATUS_PENDING", Interim),
    (0x0000_010b, "STATUS_NOTIFY_CLEANUP", Success),
    (0x0000_010c, "STATUS_NOTIFY_ENUM_DIR", Success),
    (0x8000_0005, "STATUS_BUFFER_OVERFLOW", Success), // a pipe has more to read
    (0x8000_0006, "STATUS_NO_MORE_FILES", Refused),
    (0x8000_002d, "STATUS_STOPPED_ON_SYMLINK", Referral),
    (0xc000_0001, "STATUS_UNSUCCESSFUL", Failed),
    (0xc000_0002, "STATUS_NOT_IMPLEMENTED", Refused),
    (0xc000_0003, "STATUS_INVALID_INFO_CLASS", Refused),
    (0xc000_0008, "STATUS_INVALID_HANDLE", Refused),
    (0xc000_000d, "STATUS_INVALID_PARAMETER", Refused),
    (0xc000_000f, "STATUS_NO_SUCH_FILE", Refused),
    (0xc000_0010, "STATUS_INVALID_DEVICE_REQUEST", Refused),
    (0xc000_0011, "STATUS_END_OF_FILE", Refused),
    (0xc000_0016, "STATUS_MORE_PROCESSING_REQUIRED", Challenge),
    (0xc000_0017, "STATUS_NO_MEMORY", Failed),
    (0xc000_0022, "STATUS_ACCESS_DENIED", Refused),
    (0xc000_0023, "STATUS_BUFFER_TOO_SMALL", Refused),
    (0xc000_0033, "STATUS_OBJECT_NAME_INVALID", Refused),
    (0xc000_0034, "STATUS_OBJECT_NAME_NOT_FOUND", Refused),
    (0xc000_0035, "STATUS_OBJECT_NAME_COLLISION", Refused),
    (0xc000_003a, "STATUS_OBJECT_PATH_NOT_FOUND", Refused),
    (0xc000_0043, "STATUS_SHARING_VIOLATION", Refused),
    (0xc000_0054, "STATUS_FILE_LOCK_CONFLICT", Refused),
    (0xc000_0055, "STATUS_LOCK_NOT_GRANTED", Refused),
    (0xc000_005e, "STATUS_NO_LOGON_SERVERS", Failed),
    (0xc000_0064, "STATUS_NO_SUCH_USER", Refused),
    (0xc000_006a, "STATUS_WRONG_PASSWORD", Refused),
    (0xc000_006d, "STATUS_LOGON_FAILURE", Refused),
    (0xc000_006e, "STATUS_ACCOUNT_RESTRICTION", Refused),
    (0xc000_006f, "STATUS_INVALID_LOGON_HOURS", Refused),
    (0xc000_0070, "STATUS_INVALID_WORKSTATION", Refused),
    (0xc000_0071, "STATUS_PASSWORD_EXPIRED", Refused),
    (0xc000_0072, "STATUS_ACCOUNT_DISABLED", Refused),
    (0xc000_007f, "STATUS_DISK_FULL", Failed),
    (0xc000_009a, "STATUS_INSUFFICIENT_RESOURCES", Failed),
    (0xc000_00ab, "STATUS_INSTANCE_NOT_AVAILABLE", Failed),
    (0xc000_00ac, "STATUS_PIPE_NOT_AVAILABLE", Failed),
    (0xc000_00ad, "STATUS_INVALID_PIPE_STATE", Refused),
    (0xc000_00ae, "STATUS_PIPE_BUSY", Failed),
    (0xc000_00b0, "STATUS_PIPE_DISCONNECTED", Failed),
    (0xc000_00b1, "STATUS_PIPE_CLOSING", Failed),
    (0xc000_00b5, "STATUS_IO_TIMEOUT", Failed),
    (0xc000_00ba, "STATUS_FILE_IS_A_DIRECTORY", Refused),
    (0xc000_00bb, "STATUS_NOT_SUPPORTED", Refused),
    (0xc000_00c9, "STATUS_NETWORK_NAME_DELETED", Failed),
    (0xc000_00ca, "STATUS_NETWORK_ACCESS_DENIED", Refused),
    (0xc000_00cc, "STATUS_BAD_NETWORK_NAME", Refused),
    (0xc000_00d0, "STATUS_REQUEST_NOT_ACCEPTED", Failed),
    (0xc000_00e5, "STATUS_INTERNAL_ERROR", Failed),
    (0xc000_0103, "STATUS_NOT_A_DIRECTORY", Refused),
    (0xc000_0120, "STATUS_CANCELLED", Refused),
    (0xc000_0128, "STATUS_FILE_CLOSED", Refused),
    (0xc000_0133, "STATUS_TIME_DIFFERENCE_AT_DC", Refused),
    (0xc000_014b, "STATUS_PIPE_BROKEN", Failed),
    (0xc000_015b, "STATUS_LOGON_TYPE_NOT_GRANTED", Refused),
    (0xc000_018b, "STATUS_NO_TRUST_SAM_ACCOUNT", Refused),
    (0xc000_018c, "STATUS_TRUSTED_DOMAIN_FAILURE", Failed),
    (0xc000_018d, "STATUS_TRUSTED_RELATIONSHIP_FAILURE", Failed),
    (0xc000_0193, "STATUS_ACCOUNT_EXPIRED", Refused),
    (0xc000_0203, "STATUS_USER_SESSION_DELETED", Failed),
    (0xc000_0205, "STATUS_INSUFF_SERVER_RESOURCES", Failed),
    (0xc000_020c, "STATUS_CONNECTION_DISCONNECTED", Failed),
    (0xc000_0224, "STATUS_PASSWORD_MUST_CHANGE", Refused),
    (0xc000_0225, "STATUS_NOT_FOUND", Refused),
    (0xc000_0234, "STATUS_ACCOUNT_LOCKED_OUT", Refused),
    (0xc000_0257, "STATUS_PATH_NOT_COVERED", Referral), // ask DFS
    (0xc000_035c, "STATUS_NETWORK_SESSION_EXPIRED", Challenge), // authenticate again
    (0xc000_0466, "STATUS_SERVER_UNAVAILABLE", Failed),
    (0xc000_0467, "STATUS_FILE_NOT_AVAILABLE", Failed),
    (0xc000_a000, "STATUS_INVALID_SIGNATURE", Refused),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ascends() {
        assert!(KNOWN.is_sorted_by(|left, right| left.0 < right.0));
    }

    #[test]
    fn an_unknown_status_is_printed_in_hexadecimal_and_judged_by_its_severity() {
        assert_eq!(Status::Nt(0xc000_1234).to_string(), "0xc0001234");
        assert_eq!(Status::Nt(0xc000_1234).class(), Refused);
        assert_eq!(Status::Nt(0x4000_1234).class(), Success);
    }

    #[test]
    fn a_dos_error_keeps_its_class_and_code() {
        assert_eq!(Status::Dos { class: 2, code: 2 }.to_string(), "ERRSRV 2");
        assert_eq!(Status::Dos { class: 2, code: 89 }.class(), Failed);
        assert_eq!(Status::Dos { class: 1, code: 234 }.class(), Success);
    }
}
