//! The header of an RTP packet (RFC 3550 §5.1).

use crate::{Reader, Stop, Text};

/// The fields that tell one stream of media from another.
#[derive(Debug, Clone, Copy)]
pub struct Packet {
    pub payload_type: u8,
    pub sequence: u16,
    /// The source, chosen at random by its sender.
    pub ssrc: u32,
}

impl Packet {
    /// Reads the header up to the payload. Padding is not looked at: the datagram may be cut by the
    /// snap length, and encryption hides it.
    pub fn read(octets: &[u8]) -> Result<Self, Stop> {
        let mut r = Reader::bounded(octets);
        let first = r.u8("version")?;
        if first >> 6 != VERSION {
            return Err(r.malformed("version", "is not 2"));
        }
        let payload_type = r.u8("payload type")? & 0x7f;
        if !matches!(payload_type, 0..=34 | 96..=127) {
            return Err(r.malformed("payload type", "is not assigned, nor dynamic"));
        }
        let sequence = r.u16_be("sequence number")?;
        r.skip(4, "timestamp")?;
        let ssrc = r.u32_be("source")?;
        r.skip(usize::from(first & 0x0f) * 4, "contributing sources")?;
        if first & 0x10 != 0 {
            r.skip(2, "extension profile")?;
            let words = r.u16_be("extension length")?;
            r.skip(usize::from(words) * 4, "extension")?;
        }
        Ok(Self { payload_type, sequence, ssrc })
    }

    /// The source as Wireshark writes it.
    pub fn ssrc_text(self) -> Text {
        format!("0x{:08x}", self.ssrc).into()
    }
}

const VERSION: u8 = 2;
