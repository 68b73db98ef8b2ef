//! SMB over TCP 445 and inside NetBIOS sessions on TCP 139: SMB 1 (MS-CIFS, MS-SMB) and
//! SMB 2 and 3 (MS-SMB2).
//!
//! What is in files is stepped over. What matters here are dialects, shares, statuses, and the
//! named pipes of `IPC$`: they carry DCE/RPC, which is read as on a port of its own.
//!
//! Both families are parsed into the same [`message::Message`]; what messages mean together is
//! the matter of [`conversation::Conversation`], which does not know families.

mod conversation;
mod message;
mod ntlm;
mod pipes;
mod status;
mod stream;
mod v1;
mod v2;

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;

pub use stream::Stream;

use crate::{Hint, Probe, Protocol, Transport};

/// The entry in [`crate::ALL`].
pub const PROTOCOL: Protocol = Protocol {
    name: "smb",
    tcp_ports: &[445, 139],
    udp_ports: &[],
    probe,
    open: |_| Box::<Stream>::default(),
};

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.transport != Transport::Tcp {
        return Probe::No;
    }
    let usual = PROTOCOL.tcp_ports.iter().any(|&port| hint.port(port));
    match stream::find(hint.octets) {
        Some(0) => Probe::Yes,
        // The capture began within a message, and here is the next.
        Some(_) if usual => Probe::Maybe,
        _ if stream::may_begin(hint.octets) => Probe::More,
        _ => Probe::No,
    }
}
