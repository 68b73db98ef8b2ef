//! The small closed vocabulary in which every dissector reports.
//!
//! Nothing behind the dissectors knows a protocol by name: flows, roles and
//! verdicts are built from these facts alone, and a protocol's own fields ride
//! along as named [`Fact::Detail`]s.

use std::net::IpAddr;

use crate::{Text, Uuid};

/// One thing that a message said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The flow is of this service after all (a word of the contract), e.g. `epm` once a
    /// DCE/RPC bind named the endpoint mapper.
    Service(&'static str),
    /// The server's opening words, before any request.
    Greeting(Text),
    /// A request; `id` pairs it with its reply within this flow.
    Request {
        /// Chosen by the protocol (call id, message id); protocols without one count up from 0.
        id: u64,
        /// The operation, in the protocol's own words.
        what: Text,
    },
    /// The answer to the request with the same `id`.
    Reply {
        /// As in the request.
        id: u64,
        /// How it went.
        class: ReplyClass,
        /// Status, in the protocol's own words.
        what: Text,
    },
    /// Both sides agreed: what follows is TLS.
    UpgradeToTls,
    /// Something listens, or does not, where it is said to.
    Endpoint(Endpoint),
    /// A host's name, learnt from an answer.
    Name {
        /// The address.
        address: IpAddr,
        /// Its name as the answer spells it.
        name: Text,
    },
    /// The protocol's own alarm (TLS alert, SMTP 421).
    Alert(Text),
    /// The protocol's own goodbye (QUIT, close_notify, BYE).
    Close(Text),
    /// One of the protocol's own fields; a later one with the same key replaces it.
    Detail {
        /// Lower case, words joined by `_`, as it appears in JSON.
        key: &'static str,
        /// Its value.
        value: Value,
    },
    /// One member of a list among the protocol's own fields; equal members count once.
    Member {
        /// As in `Detail`.
        key: &'static str,
        /// The member.
        value: Value,
    },
}

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyClass {
    /// Done.
    Success,
    /// Not the last word: 100 Trying, STATUS_PENDING, a search entry.
    Interim,
    /// Once more, with credentials or over another transport: 401, more processing required, preauthentication.
    Challenge,
    /// Elsewhere: 302, LDAP referral.
    Referral,
    /// Reached, and refused by the application.
    Refused,
    /// Reached, and failed inside: overload, fault, 5xx.
    Failed,
}

/// Something said about where an interface or a stream of media listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// The endpoint mapper named a TCP port for an interface (`ept_map`, `ept_lookup`).
    Mapped {
        /// The RPC interface.
        interface: Uuid,
        /// The address in the tower. Often 0.0.0.0 or another address of the host: only the port matters.
        address: Option<IpAddr>,
        /// TCP port.
        port: u16,
    },
    /// The endpoint mapper knows no such interface: the service is down or elsewhere, not blocked.
    NotRegistered {
        /// The interface asked for, when the request was seen.
        interface: Option<Uuid>,
        /// The status of the answer.
        status: u32,
    },
    /// The server accepted a bind to this interface on this very connection.
    Bound {
        /// The RPC interface.
        interface: Uuid,
        /// Over a named pipe (SMB) rather than on the flow's own port.
        pipe: Option<Text>,
    },
    /// The server was reached and refused the bind.
    BindRefused {
        /// The RPC interface, when the bind was seen.
        interface: Option<Uuid>,
        /// Reason code of the refusal.
        reason: u16,
    },
    /// The client asked for this interface; no answer is implied.
    Wanted {
        /// The RPC interface.
        interface: Uuid,
    },
    /// A session description promises media at an address.
    Media(Box<Media>),
}

/// One `m=` line of a session description: where its sender wants to *receive* (RFC 8866, RFC 3264).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The call it belongs to (SIP Call-ID).
    pub call: Text,
    /// Which side of the flow sent this description.
    pub side: Side,
    /// Whether it answers another description (in a 1xx, 2xx or ACK to an offer in the INVITE) or offers.
    pub answer: bool,
    /// `audio`, `video`, `image`…
    pub kind: Text,
    /// Where RTP shall come.
    pub address: IpAddr,
    /// Its UDP port; 0 refuses the stream.
    pub port: u16,
    /// Where RTCP shall come (`a=rtcp`, else port + 1).
    pub rtcp_port: u16,
    /// Whether the sender of the description will send (`sendrecv`, `sendonly`).
    pub sends: bool,
    /// Whether it will receive (`sendrecv`, `recvonly`).
    pub receives: bool,
}

/// The value of a detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text from the wire, or a fixed word.
    Text(Text),
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(value.into())
    }
}

impl From<Text> for Value {
    fn from(value: Text) -> Self {
        Self::Text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

/// Who of the two ends of a flow spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Who opened the flow; printed as the client.
    Initiator,
    /// Who was called; printed as the server.
    Responder,
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

    /// 0 for the initiator, 1 for the responder: the order of the contract's pairs.
    pub fn index(self) -> usize {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }
}
