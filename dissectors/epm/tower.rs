//! Protocol towers (C706 Appendix L): how to reach one RPC interface.
//!
//! A tower is a stack of floors, each with a left side (a protocol, and for
//! UUIDs the identifier itself) and a right side (the address within it).
//! The first floor names the interface, the second how its stubs are laid out,
//! the others how to get there. Lengths are little-endian whatever the byte
//! order around the tower; ports are big-endian.

use std::net::Ipv4Addr;

use crate::{Reader, Stop, Text, Uuid, text};

/// One interface and where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tower {
    /// The RPC interface.
    pub interface: Uuid,
    /// Its major and minor version.
    pub version: (u16, u16),
    /// The transfer syntax of its stubs; `None` when no second UUID floor is there.
    pub transfer: Option<Uuid>,
    /// How to get there.
    pub binding: Binding,
}

/// The way to an interface (C706 Appendix I, MS-RPCE 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// `ncacn_ip_tcp`.
    Tcp {
        /// TCP port; 0 in a question.
        port: u16,
        /// The address of the last floor; `None` when there is no such floor.
        address: Option<Ipv4Addr>,
    },
    /// `ncadg_ip_udp`.
    Udp {
        /// UDP port; 0 in a question.
        port: u16,
    },
    /// `ncacn_http`: RPC over HTTP.
    Http {
        /// TCP port; 0 in a question.
        port: u16,
    },
    /// `ncacn_np`: a pipe over SMB.
    NamedPipe(Text),
    /// Local calls, and protocols of the past.
    Other,
}

impl Tower {
    /// Reads a tower, which is all that `r` holds.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, Stop> {
        let floors = r.u16_le("floor count")?;
        let mut named = None;
        let mut transfer = None;
        let mut binding = Binding::Other;
        for _ in 0..floors {
            let (mut lhs, mut rhs) = (r.sized_u16_le("left side")?, r.sized_u16_le("right side")?);
            match lhs.u8("protocol identifier")? {
                UUID if named.is_none() => {
                    let (interface, major) = (lhs.uuid_le("interface")?, lhs.u16_le("major version")?);
                    named = Some((interface, (major, rhs.u16_le("minor version")?)));
                }
                UUID if transfer.is_none() => transfer = Some(lhs.uuid_le("transfer syntax")?),
                TCP => binding = Binding::Tcp { port: rhs.u16_be("tcp port")?, address: None },
                UDP => binding = Binding::Udp { port: rhs.u16_be("udp port")? },
                HTTP => binding = Binding::Http { port: rhs.u16_be("http port")? },
                SMB | NAMED_PIPE => {
                    let name = rhs.rest();
                    binding = Binding::NamedPipe(text(name.strip_suffix(b"\0").unwrap_or(name)));
                }
                IP => {
                    if let Binding::Tcp { address, .. } = &mut binding {
                        *address = rhs.ipv4("ip address").ok();
                    }
                }
                _ => {} // already stepped over
            }
        }
        let (interface, version) = named.ok_or_else(|| r.malformed("tower", "names no interface"))?;
        Ok(Self { interface, version, transfer, binding })
    }
}

// Protocol identifiers (C706 Appendix I; SMB to HTTP: MS-RPCE 2.2.1.2.2).
const TCP: u8 = 0x07;
const UDP: u8 = 0x08;
const IP: u8 = 0x09;
const UUID: u8 = 0x0d;
const SMB: u8 = 0x0f;
const NAMED_PIPE: u8 = 0x10;
const HTTP: u8 = 0x1f;
