//! L2 to L4: a frame's octets as one packet.

mod packet;

pub use packet::{Control, Datagram, IcmpError, Packet, Payload, Quoted, Segment, TcpOptions};
