//! Passive dissectors for the protocols between Exchange servers, domain
//! controllers and their clients.
//!
//! They take octets and say [`Fact`]s. They know no flow, file, clock, thread or
//! log, and no octets make them panic. A passive reader never sees all of a
//! conversation, so everything here works from the middle, from one side only,
//! and from messages cut short.

#![forbid(unsafe_code)]

mod ber;
mod by_side;
mod fact;
mod line;
mod protocol;
mod reader;
mod stop;
mod text;
mod uuid;

#[cfg(test)]
mod harness;

pub use fact::{Endpoint, Fact, Media, ReplyClass, Side, Value};
pub use protocol::{Dialogue, Hint, Probe, Protocol, Transport};
pub use reader::Reader;
pub use stop::Stop;
pub use text::{MAX_TEXT, Text, text};
pub use uuid::{NotAUuid, Uuid};

/// Makes each protocol's folder a module and lists its `PROTOCOL` in [`ALL`], in the order in
/// which equally good probes win.
macro_rules! protocols {
    ($($folder:ident,)*) => {
        $(pub mod $folder;)*

        /// Every protocol, in the order in which equally good probes win.
        pub const ALL: &[Protocol] = &[$($folder::PROTOCOL,)*];
    };
}

pub mod epm;

protocols! {
    smb,
    netbios_ssn,
    dcerpc,
    kerberos,
    ldap,
    tls,
    smtp,
    imap,
    pop3,
    sip,
    http,
    dns,
    netbios_ns,
    netbios_dgm,
    ntp,
    cluster,
    dag_replication,
    rtcp,
    rtp,
}
