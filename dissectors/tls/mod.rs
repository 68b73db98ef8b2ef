//! TLS (RFC 8446, RFC 5246, RFC 6066; SSL 3.0 and the SSLv2 hello), QUIC and DTLS, as far as they speak in clear.
//!
//! Hellos, the server's first certificate and alerts in clear tell; once both sides encrypt, nothing does.

mod alert;
mod certificate;
mod datagram;
mod handshake;
mod hello;
mod probe;
mod stream;
#[cfg(test)]
mod tests;

use crate::{Dialogue, Protocol, Transport};

/// TLS on any TCP port; QUIC and DTLS on any UDP port. The caller renames it by port.
pub const PROTOCOL: Protocol = Protocol {
    name: "https",
    tcp_ports: &[443, 444, 8443, 465, 563, 636, 993, 995, 3269, 5061, 5986, 50636],
    udp_ports: &[443, 444, 8443],
    probe: probe::probe,
    open,
};

fn open(transport: Transport) -> Box<dyn Dialogue> {
    match transport {
        Transport::Tcp => Box::new(stream::Tls::new()),
        Transport::Udp => Box::new(datagram::Datagrams::default()),
    }
}
