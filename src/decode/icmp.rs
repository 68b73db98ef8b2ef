//! ICMP (RFC 792) and ICMPv6 (RFC 4443): errors with the packet that they quote, and echoes.

use super::front::{Front, Word};
use super::packet::{IcmpError, Payload, Quoted};
use super::{network, protocol};

/// Unreachable, source quench, redirect, time exceeded, parameter problem; echo and its reply.
pub(super) fn v4(body: Front<'_>) -> Result<Payload<'_>, Word> {
    let [kind, code, _, _, _, _, high, low] = body.array(0)?;
    match kind {
        8 | 0 => echo(kind == 8, body),
        3 | 4 | 5 | 11 | 12 => {
            // Routers older than RFC 1191 leave the next-hop MTU at 0.
            let mtu = Some(u32::from(u16::from_be_bytes([high, low]))).filter(|mtu| (kind, code) == (3, 4) && *mtu > 0);
            Ok(Payload::IcmpError(IcmpError { v6: false, kind, code, mtu, quoted: quoted(body.after(8)?)? }))
        }
        _ => Ok(Payload::Other(protocol::ICMP)),
    }
}

/// Unreachable, packet too big, time exceeded, parameter problem; echo and its reply.
pub(super) fn v6(body: Front<'_>) -> Result<Payload<'_>, Word> {
    let ([kind, code], number) = (body.array(0)?, body.u32(4)?);
    match kind {
        128 | 129 => echo(kind == 128, body),
        1..=4 => {
            let mtu = (kind == 2).then_some(number);
            Ok(Payload::IcmpError(IcmpError { v6: true, kind, code, mtu, quoted: quoted(body.after(8)?)? }))
        }
        _ => Ok(Payload::Other(protocol::ICMPV6)),
    }
}

fn echo(request: bool, body: Front<'_>) -> Result<Payload<'_>, Word> {
    Ok(Payload::Echo { request, id: body.u16(4)?, sequence: body.u16(6)? })
}

/// Reads as much as was quoted; eight octets after the IP header are all that RFC 792 promises.
fn quoted(front: Front<'_>) -> Result<Quoted, Word> {
    let network = network::read(front)?;
    let (body, protocol) = (network.body, network.protocol);
    // A later fragment begins with data, not with ports.
    let has_ports = network.fragment.is_none_or(|fragment| fragment.offset == 0)
        && matches!(protocol, protocol::TCP | protocol::UDP);
    Ok(Quoted {
        source: network.source,
        destination: network.destination,
        protocol,
        ports: if has_ports { body.u16(0).ok().zip(body.u16(2).ok()) } else { None },
        sequence: if has_ports && protocol == protocol::TCP { body.u32(4).ok() } else { None },
        ttl: network.ttl,
        ip_id: network.ip_id,
    })
}
