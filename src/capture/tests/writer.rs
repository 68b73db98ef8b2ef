//! Writes captures in every variant that is read.

pub(super) use crate::capture::order::Order;

/// Octets being written in one byte order.
#[derive(Debug, Clone)]
pub(super) struct Pen {
    pub(super) order: Order,
    pub(super) octets: Vec<u8>,
}

/// A frame to be written. `time` in nanoseconds.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) time: i64,
    pub(super) octets: Vec<u8>,
    pub(super) wire: u32,
}

impl Sent {
    /// A frame of so many octets, none of it cut off.
    pub(super) fn whole(time: i64, length: u8) -> Self {
        Self { time, octets: (0..length).collect(), wire: length.into() }
    }
}

impl Pen {
    pub(super) fn new(order: Order) -> Self {
        Self { order, octets: Vec::new() }
    }

    pub(super) fn u16(&mut self, number: u16) -> &mut Self {
        self.octets.extend(match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        });
        self
    }

    pub(super) fn u32(&mut self, number: u32) -> &mut Self {
        self.octets.extend(match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        });
        self
    }

    pub(super) fn u64(&mut self, number: u64) -> &mut Self {
        self.octets.extend(match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        });
        self
    }

    /// A time of pcapng: the upper half first in either order.
    pub(super) fn ticks(&mut self, ticks: u64) -> &mut Self {
        self.u32(u32::try_from(ticks >> 32).unwrap()).u32(u32::try_from(ticks & 0xffff_ffff).unwrap())
    }

    /// `octets`, padded to a multiple of four.
    pub(super) fn padded(&mut self, octets: &[u8]) -> &mut Self {
        self.octets.extend(octets);
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
        self
    }

    // The classic format.

    pub(super) fn pcap_header(&mut self, magic: u32, minor: u16, link: u32) -> &mut Self {
        self.u32(magic).u16(2).u16(minor).u32(0).u32(0).u32(262_144).u32(link)
    }

    /// A record; `fractions` is how many of its units a second has.
    pub(super) fn record(&mut self, sent: &Sent, fractions: i64, extra: &[u8]) -> &mut Self {
        let captured = u32::try_from(sent.octets.len()).unwrap();
        let fraction = (sent.time % 1_000_000_000) / (1_000_000_000 / fractions);
        self.u32(u32::try_from(sent.time / 1_000_000_000).unwrap()).u32(u32::try_from(fraction).unwrap());
        self.u32(captured).u32(sent.wire);
        self.octets.extend(extra);
        self.octets.extend(&sent.octets);
        self
    }

    // The format of blocks.

    /// A block around what `body` writes.
    pub(super) fn block(&mut self, kind: u32, body: impl FnOnce(&mut Pen)) -> &mut Self {
        let mut inner = Pen::new(self.order);
        body(&mut inner);
        inner.octets.resize(inner.octets.len().next_multiple_of(4), 0);
        let length = u32::try_from(inner.octets.len()).unwrap() + 12;
        self.u32(kind).u32(length);
        self.octets.extend(inner.octets);
        self.u32(length)
    }

    pub(super) fn option(&mut self, code: u16, value: &[u8]) -> &mut Self {
        self.u16(code).u16(u16::try_from(value.len()).unwrap()).padded(value)
    }

    pub(super) fn section(&mut self) -> &mut Self {
        self.section_with(|_| {})
    }

    pub(super) fn section_with(&mut self, options: impl FnOnce(&mut Pen)) -> &mut Self {
        self.block(0x0a0d_0d0a, |pen| {
            pen.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX);
            options(pen);
        })
    }

    pub(super) fn interface(&mut self, link: u16, snaplen: u32) -> &mut Self {
        self.interface_with(link, snaplen, |_| {})
    }

    pub(super) fn interface_with(&mut self, link: u16, snaplen: u32, options: impl FnOnce(&mut Pen)) -> &mut Self {
        self.block(1, |pen| {
            pen.u16(link).u16(0).u32(snaplen);
            options(pen);
        })
    }

    /// An enhanced packet block at `ticks` of its interface.
    pub(super) fn enhanced(&mut self, interface: u32, ticks: u64, octets: &[u8], wire: u32) -> &mut Self {
        self.enhanced_with(interface, ticks, octets, wire, |_| {})
    }

    pub(super) fn enhanced_with(
        &mut self,
        interface: u32,
        ticks: u64,
        octets: &[u8],
        wire: u32,
        options: impl FnOnce(&mut Pen),
    ) -> &mut Self {
        self.block(6, |pen| {
            pen.u32(interface).ticks(ticks);
            pen.u32(u32::try_from(octets.len()).unwrap()).u32(wire).padded(octets);
            options(pen);
        })
    }
}
