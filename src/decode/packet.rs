//! What is left of a frame once link, tunnel and network headers are read.

use std::net::IpAddr;

/// One IP packet: the innermost, where tunnels were opened.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Sender.
    pub source: IpAddr,
    /// Receiver.
    pub destination: IpAddr,
    /// IPv4 time to live or IPv6 hop limit.
    pub ttl: u8,
    /// IPv4 identification; `None` in IPv6 without a fragment header.
    pub ip_id: Option<u16>,
    /// IPv4 "don't fragment"; always true in IPv6.
    pub dont_fragment: bool,
    /// The outermost VLAN tag's identifier, for the reader's eyes: flows ignore it.
    pub vlan: Option<u16>,
    /// How many tunnels (GRE, ERSPAN, VXLAN, IP in IP) were opened.
    pub tunnels: u8,
    /// What it carries.
    pub payload: Payload<'a>,
}

impl<'a> Packet<'a> {
    /// The packet with these octets as its payload: what [`parted`](Self::parted) took away.
    pub fn with_payload(mut self, octets: &'a [u8]) -> Self {
        match &mut self.payload {
            Payload::Tcp(segment) => segment.payload = octets,
            Payload::Udp(datagram) => datagram.payload = octets,
            _ => {}
        }
        self
    }

    /// The payload's octets, of TCP and UDP.
    pub fn octets(&self) -> &'a [u8] {
        match &self.payload {
            Payload::Tcp(segment) => segment.payload,
            Payload::Udp(datagram) => datagram.payload,
            _ => &[],
        }
    }

    /// All but the payload's octets, which no longer borrow from the frame, and those octets.
    pub fn parted(self) -> (Packet<'static>, &'a [u8]) {
        let Self { source, destination, ttl, ip_id, dont_fragment, vlan, tunnels, payload } = self;
        let (payload, octets): (Payload<'static>, &[u8]) = match payload {
            Payload::Tcp(segment) => (Payload::Tcp(Segment { payload: &[], ..segment }), segment.payload),
            Payload::Udp(datagram) => (Payload::Udp(Datagram { payload: &[], ..datagram }), datagram.payload),
            Payload::IcmpError(error) => (Payload::IcmpError(error), &[]),
            Payload::Echo { request, id, sequence } => (Payload::Echo { request, id, sequence }, &[]),
            Payload::Other(protocol) => (Payload::Other(protocol), &[]),
        };
        (Packet { source, destination, ttl, ip_id, dont_fragment, vlan, tunnels, payload }, octets)
    }
}

/// The transport layer of a packet.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A UDP datagram.
    Udp(Datagram<'a>),
    /// An ICMP or ICMPv6 error and the packet that it quotes.
    IcmpError(IcmpError),
    /// An ICMP or ICMPv6 echo.
    Echo {
        /// Request, or reply.
        request: bool,
        /// Identifier.
        id: u16,
        /// Sequence number.
        sequence: u16,
    },
    /// Another protocol (IP protocol number), or a transport header too short to read.
    Other(u8),
}

/// A TCP segment (RFC 9293).
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// Sequence number of the first octet, or of SYN.
    pub sequence: u32,
    /// Acknowledgement number; meaningless without ACK.
    pub acknowledgement: u32,
    /// The control bits.
    pub control: Control,
    /// The window field, unscaled.
    pub window: u16,
    /// The checksum field as captured; never verified, since offload leaves it wrong.
    pub checksum: u16,
    /// The options that matter to a verdict.
    pub options: TcpOptions,
    /// The payload octets that were captured.
    pub payload: &'a [u8],
    /// The payload's length on the wire, from the IP length.
    pub payload_len: u32,
}

/// The TCP control bits, as in the header's octet 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Control(pub u8);

#[allow(missing_docs)] // the names are the header's own
impl Control {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;

    pub fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }
    pub fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }
    pub fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }
    pub fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }
}

/// What the TCP options said; absent ones are `None` or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)] // each says that one option was there; they are independent
pub struct TcpOptions {
    /// Maximum segment size (kind 2).
    pub mss: Option<u16>,
    /// Window scale shift (kind 3).
    pub window_scale: Option<u8>,
    /// SACK permitted (kind 4).
    pub sack_permitted: bool,
    /// SACK blocks were present (kind 5).
    pub sack: bool,
    /// A timestamp was present (kind 8).
    pub timestamps: bool,
    /// A WAN optimizer's probe (kinds 76 to 78).
    pub wan_optimizer: bool,
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Port of the sender.
    pub source_port: u16,
    /// Port of the receiver.
    pub destination_port: u16,
    /// The checksum field as captured.
    pub checksum: u16,
    /// The payload octets that were captured.
    pub payload: &'a [u8],
    /// The payload's length on the wire.
    pub payload_len: u32,
}

/// An ICMP or ICMPv6 error: who says what about which packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// True for ICMPv6.
    pub v6: bool,
    /// Type, e.g. 3 destination unreachable (v6: 1).
    pub kind: u8,
    /// Code, e.g. 13 communication administratively prohibited.
    pub code: u8,
    /// The next-hop MTU of "fragmentation needed" and "packet too big".
    pub mtu: Option<u32>,
    /// The quoted packet, as far as it was quoted.
    pub quoted: Quoted,
}

/// The front of the packet that an ICMP error quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// Who sent the packet that met the error.
    pub source: IpAddr,
    /// Where it was going.
    pub destination: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// Source and destination port, for TCP and UDP.
    pub ports: Option<(u16, u16)>,
    /// TCP sequence number.
    pub sequence: Option<u32>,
    /// Its time to live when it met the error.
    pub ttl: u8,
    /// Its IPv4 identification.
    pub ip_id: Option<u16>,
}
