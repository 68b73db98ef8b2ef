//! Result codes (RFC 4511 §4.1.9, Appendix A) and what they mean for a request.

use std::fmt;

use crate::ber::{self, Tag};
use crate::{Reader, ReplyClass, Stop, Text};

/// The result of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResultCode(pub i64);

macro_rules! codes {
    ($($constant:ident $code:literal $word:literal;)*) => {
        #[allow(missing_docs, reason = "the names of RFC 4511 Appendix A say it all")]
        impl ResultCode {
            $(pub const $constant: Self = Self($code);)*

            /// The name in RFC 4511, and the code.
            pub fn words(self) -> Option<&'static str> {
                match self {
                    $(Self::$constant => Some(concat!($word, " (", $code, ")")),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    SUCCESS 0 "success";
    OPERATIONS_ERROR 1 "operationsError";
    PROTOCOL_ERROR 2 "protocolError";
    TIME_LIMIT_EXCEEDED 3 "timeLimitExceeded";
    SIZE_LIMIT_EXCEEDED 4 "sizeLimitExceeded";
    COMPARE_FALSE 5 "compareFalse";
    COMPARE_TRUE 6 "compareTrue";
    AUTH_METHOD_NOT_SUPPORTED 7 "authMethodNotSupported";
    STRONGER_AUTH_REQUIRED 8 "strongerAuthRequired";
    PARTIAL_RESULTS 9 "partialResults";
    REFERRAL 10 "referral";
    ADMIN_LIMIT_EXCEEDED 11 "adminLimitExceeded";
    UNAVAILABLE_CRITICAL_EXTENSION 12 "unavailableCriticalExtension";
    CONFIDENTIALITY_REQUIRED 13 "confidentialityRequired";
    SASL_BIND_IN_PROGRESS 14 "saslBindInProgress";
    NO_SUCH_ATTRIBUTE 16 "noSuchAttribute";
    UNDEFINED_ATTRIBUTE_TYPE 17 "undefinedAttributeType";
    INAPPROPRIATE_MATCHING 18 "inappropriateMatching";
    CONSTRAINT_VIOLATION 19 "constraintViolation";
    ATTRIBUTE_OR_VALUE_EXISTS 20 "attributeOrValueExists";
    INVALID_ATTRIBUTE_SYNTAX 21 "invalidAttributeSyntax";
    NO_SUCH_OBJECT 32 "noSuchObject";
    ALIAS_PROBLEM 33 "aliasProblem";
    INVALID_DN_SYNTAX 34 "invalidDNSyntax";
    ALIAS_DEREFERENCING_PROBLEM 36 "aliasDereferencingProblem";
    INAPPROPRIATE_AUTHENTICATION 48 "inappropriateAuthentication";
    INVALID_CREDENTIALS 49 "invalidCredentials";
    INSUFFICIENT_ACCESS_RIGHTS 50 "insufficientAccessRights";
    BUSY 51 "busy";
    UNAVAILABLE 52 "unavailable";
    UNWILLING_TO_PERFORM 53 "unwillingToPerform";
    LOOP_DETECT 54 "loopDetect";
    NAMING_VIOLATION 64 "namingViolation";
    OBJECT_CLASS_VIOLATION 65 "objectClassViolation";
    NOT_ALLOWED_ON_NON_LEAF 66 "notAllowedOnNonLeaf";
    NOT_ALLOWED_ON_RDN 67 "notAllowedOnRDN";
    ENTRY_ALREADY_EXISTS 68 "entryAlreadyExists";
    OBJECT_CLASS_MODS_PROHIBITED 69 "objectClassModsProhibited";
    AFFECTS_MULTIPLE_DSAS 71 "affectsMultipleDSAs";
    OTHER 80 "other";
}

impl ResultCode {
    /// Reads the code at the front of an LDAPResult.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        ber::integer(r, Tag::ENUMERATED, "result code").map(Self)
    }

    /// As it is printed.
    pub fn text(self) -> Text {
        Text::known(self.words(), self)
    }

    /// What it means for the request.
    pub fn class(self) -> ReplyClass {
        match self {
            Self::SUCCESS | Self::COMPARE_FALSE | Self::COMPARE_TRUE => ReplyClass::Success,
            // The server wants another round, other credentials or a protected connection.
            Self::SASL_BIND_IN_PROGRESS | Self::STRONGER_AUTH_REQUIRED | Self::CONFIDENTIALITY_REQUIRED => {
                ReplyClass::Challenge
            }
            // `partialResults` is how LDAPv2 servers refer.
            Self::REFERRAL | Self::PARTIAL_RESULTS => ReplyClass::Referral,
            Self::TIME_LIMIT_EXCEEDED
            | Self::ADMIN_LIMIT_EXCEEDED
            | Self::BUSY
            | Self::UNAVAILABLE
            | Self::LOOP_DETECT
            | Self::OTHER => ReplyClass::Failed,
            // `operationsError` too: it is how Active Directory asks for a bind first.
            _ => ReplyClass::Refused,
        }
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some(words) => f.write_str(words),
            None => write!(f, "result {:#x}", self.0),
        }
    }
}
