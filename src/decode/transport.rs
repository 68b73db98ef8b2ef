//! TCP (RFC 9293 §3.1), UDP (RFC 768) and the way to ICMP.

use super::front::{Front, TRUNCATED, Word};
use super::packet::{Control, Datagram, Payload, Segment, TcpOptions};
use super::{icmp, protocol};

/// The transport layer; `Other` when it is another or too short.
pub(super) fn read(number: u8, body: Front<'_>) -> Payload<'_> {
    let payload = match number {
        protocol::TCP => tcp(body).map(Payload::Tcp),
        protocol::UDP => udp(body).map(Payload::Udp),
        protocol::ICMP => icmp::v4(body),
        protocol::ICMPV6 => icmp::v6(body),
        _ => return Payload::Other(number),
    };
    payload.unwrap_or(Payload::Other(number))
}

#[inline(always)]
#[allow(clippy::inline_always)] // the straight way writes a packet where it stays, and not from hand to hand
pub(super) fn tcp(body: Front<'_>) -> Result<Segment<'_>, Word> {
    let Some(header) = body.octets.first_chunk::<TCP_HEADER>() else { return Err(TRUNCATED) };
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, control, w0, w1, c0, c1, _, _] = header;
    let header_len = usize::from(offset >> 4) * 4;
    // Options may be cut by the snap length; a payload that begins beyond the packet is none.
    let options = body.octets.get(TCP_HEADER..header_len.min(body.octets.len())).unwrap_or_default();
    let wire_header = u32::from(offset >> 4) * 4;
    let (payload, payload_len) = match body.wire.checked_sub(wire_header) {
        Some(len) if header_len >= TCP_HEADER => (body.octets.get(header_len..).unwrap_or_default(), len),
        _ => (&[][..], 0),
    };
    Ok(Segment {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        sequence: u32::from_be_bytes([q0, q1, q2, q3]),
        acknowledgement: u32::from_be_bytes([a0, a1, a2, a3]),
        control: Control(control),
        window: u16::from_be_bytes([w0, w1]),
        checksum: u16::from_be_bytes([c0, c1]),
        options: tcp_options(options),
        payload,
        payload_len,
    })
}

/// The options of a header; nearly all packets have none, or the time that systems have sent since Linux 2.4.
#[inline]
fn tcp_options(octets: &[u8]) -> TcpOptions {
    match octets {
        [] => TcpOptions::default(),
        [1, 1, 8, 10, _, _, _, _, _, _, _, _] => TcpOptions { timestamps: true, ..TcpOptions::default() },
        octets => any_options(octets),
    }
}

/// Reads options up to the end, or to the first that cannot be one.
fn any_options(mut octets: &[u8]) -> TcpOptions {
    let mut options = TcpOptions::default();
    loop {
        octets = match octets {
            [] | [0, ..] => return options,
            [1, rest @ ..] => rest,
            [kind, len, rest @ ..] => {
                let Some((value, rest)) = usize::from(*len).checked_sub(2).and_then(|len| rest.split_at_checked(len))
                else {
                    return options;
                };
                match (kind, value) {
                    (2, [high, low]) => options.mss = Some(u16::from_be_bytes([*high, *low])),
                    (3, [shift]) => options.window_scale = Some(*shift),
                    (4, []) => options.sack_permitted = true,
                    (5, _) => options.sack = true,
                    (8, _) => options.timestamps = true,
                    (76..=78, _) => options.wan_optimizer = true,
                    _ => {}
                }
                rest
            }
            [_] => return options,
        }
    }
}

#[inline]
pub(super) fn udp(body: Front<'_>) -> Result<Datagram<'_>, Word> {
    let Some(&[s0, s1, d0, d1, l0, l1, c0, c1]) = body.octets.first_chunk::<UDP_HEADER>() else {
        return Err(TRUNCATED);
    };
    let mut payload = body.after(UDP_HEADER)?;
    // Too small a length is a jumbogram's or offload's 0 (RFC 2675 §4) or a mistake: IP knows better.
    if let Some(len) = u16::from_be_bytes([l0, l1]).checked_sub(8) {
        payload = payload.shortened(len.into());
    }
    Ok(Datagram {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        checksum: u16::from_be_bytes([c0, c1]),
        payload: payload.octets,
        payload_len: payload.wire,
    })
}

const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
