//! Compound packets: several control packets in one datagram (RFC 3550 §6.1).

use crate::{Fact, Reader, Stop, Text, text};

/// What a datagram of control packets says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compound {
    first: u8,
    /// Whether the lengths of its packets add up to the datagram. Otherwise it is cut by the snap
    /// length, or all but its first eight octets are encrypted.
    pub is_whole: bool,
    /// The sender's canonical name.
    cname: Option<Text>,
    /// The worst loss that the sender reports of what it receives, in 256ths.
    fraction_lost: Option<u8>,
    says_bye: bool,
}

impl Compound {
    /// `None` when the datagram does not begin with a control packet.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let mut r = Reader::bounded(octets);
        let (first, _) = header(&mut r).ok()?;
        let mut compound = Self { first: first.kind, is_whole: false, cname: None, fraction_lost: None, says_bye: false };
        let mut r = Reader::bounded(octets);
        while !r.is_empty() {
            let Ok((header, Some(body))) = header(&mut r) else {
                // Only a report can be the clear front of encrypted packets.
                return compound.starts_with_report().then_some(compound);
            };
            compound.packet(header, body).ok()?;
        }
        compound.is_whole = true;
        Some(compound)
    }

    /// Whether a report comes first, as RFC 3550 §6.1 demands; RFC 5506 lets feedback go alone.
    pub fn starts_with_report(&self) -> bool {
        matches!(self.first, SENDER_REPORT | RECEIVER_REPORT)
    }

    /// Tells what the compound says.
    pub fn tell(&self, tell: &mut dyn FnMut(Fact)) {
        if !self.is_whole {
            return;
        }
        if let Some(cname) = &self.cname {
            tell(Fact::Detail { key: "cname", value: cname.clone().into() });
        }
        if let Some(fraction) = self.fraction_lost {
            // Percent, rounded: a fraction of 255 is the nearest that the wire has to all.
            tell(Fact::Detail { key: "reported_loss", value: ((u64::from(fraction) * 100 + 128) / 256).into() });
        }
        if self.says_bye {
            tell(Fact::Close("BYE".into()));
        }
    }

    /// Takes one packet in; malformed when what it counts does not fit its length.
    fn packet(&mut self, header: Header, mut body: Reader<'_>) -> Result<(), Stop> {
        match header.kind {
            SENDER_REPORT => {
                body.skip(SENDER_INFO, "sender info")?;
                self.report_blocks(header.count, body)
            }
            RECEIVER_REPORT => {
                body.skip(4, "source")?;
                self.report_blocks(header.count, body)
            }
            DESCRIPTION => {
                // Old senders break the item list; the lengths around it still hold.
                let _ = self.description(header.count, body);
                Ok(())
            }
            BYE => {
                self.says_bye = true;
                body.skip(usize::from(header.count) * 4, "sources")
            }
            APPLICATION => body.skip(8, "source and name"),
            _ => body.skip(4, "source"),
        }
    }

    fn report_blocks(&mut self, count: u8, mut body: Reader<'_>) -> Result<(), Stop> {
        for _ in 0..count {
            body.skip(4, "source")?;
            let fraction = body.u8("fraction lost")?;
            body.skip(19, "report block")?;
            self.fraction_lost = self.fraction_lost.max(Some(fraction));
        }
        Ok(())
    }

    /// The items of each source (RFC 3550 §6.5): a list up to a zero, then padding to 32 bits.
    fn description(&mut self, count: u8, mut body: Reader<'_>) -> Result<(), Stop> {
        for _ in 0..count {
            body.skip(4, "source")?;
            loop {
                match body.u8("item")? {
                    0 => break,
                    CNAME => {
                        let name = body.sized_u8("canonical name")?;
                        self.cname.get_or_insert_with(|| text(name.rest()));
                    }
                    _ => drop(body.sized_u8("item")?),
                }
            }
            body.align(4, "padding")?;
        }
        Ok(())
    }
}

/// What all control packets begin with.
#[derive(Clone, Copy)]
struct Header {
    /// Report blocks, sources, or a subtype.
    count: u8,
    kind: u8,
}

/// The next packet's header, and its body unless that goes on behind the datagram.
fn header<'a>(r: &mut Reader<'a>) -> Result<(Header, Option<Reader<'a>>), Stop> {
    let first = r.u8("version")?;
    let kind = r.u8("packet type")?;
    if first >> 6 != VERSION || !(SENDER_REPORT..=EXTENDED_REPORT).contains(&kind) {
        return Err(r.malformed("packet type", "is no control packet of version 2"));
    }
    let length = usize::from(r.u16_be("length")?) * 4;
    Ok((Header { count: first & 0x1f, kind }, r.sub(length, "control packet").ok()))
}

const VERSION: u8 = 2;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const APPLICATION: u8 = 204;
/// XR (RFC 3611), the last; 205 and 206 between are feedback (RFC 4585).
const EXTENDED_REPORT: u8 = 207;
const CNAME: u8 = 1;
/// Source, two times, packet and octet count.
const SENDER_INFO: usize = 24;
