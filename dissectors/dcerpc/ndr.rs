//! Network Data Representation (C706 chapter 14; NDR64: MS-RPCE 2.2.5): how RPC lays out numbers,
//! pointers and arrays.

use crate::{Reader, Stop, Uuid};

/// The order of octets in integers, as the first octet of `drep` says (C706 14.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Most significant octet first.
    BigEndian,
    /// Least significant octet first: what Windows sends.
    LittleEndian,
}

/// The transfer syntax of a stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// NDR 2.0: pointers and counts of 32 bits.
    Ndr,
    /// NDR64: pointers and counts of 64 bits.
    Ndr64,
}

/// A cursor that aligns each field as NDR wants it, counted from the start of its reader.
#[derive(Debug, Clone, Copy)]
pub struct Ndr<'a> {
    reader: Reader<'a>,
    order: Order,
    syntax: Syntax,
}

impl<'a> Ndr<'a> {
    /// Goes on where `reader` stands; alignment counts from where it began.
    pub fn new(reader: Reader<'a>, order: Order, syntax: Syntax) -> Self {
        Self { reader, order, syntax }
    }

    /// The plain cursor, for what is not NDR inside.
    pub fn plain(&mut self) -> &mut Reader<'a> {
        &mut self.reader
    }

    /// Octets left to read here.
    pub fn remaining(&self) -> usize {
        self.reader.remaining()
    }

    /// Steps over `count` octets.
    pub fn skip(&mut self, count: usize, field: &'static str) -> Result<(), Stop> {
        self.reader.skip(count, field)
    }

    /// Steps forward to the next multiple of `unit` octets.
    pub fn align(&mut self, unit: usize, field: &'static str) -> Result<(), Stop> {
        self.reader.align(unit, field)
    }

    /// One octet.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Stop> {
        self.reader.u8(field)
    }

    /// 16 bits.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, Stop> {
        self.reader.align(2, field)?;
        match self.order {
            Order::BigEndian => self.reader.u16_be(field),
            Order::LittleEndian => self.reader.u16_le(field),
        }
    }

    /// 32 bits.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, Stop> {
        self.reader.align(4, field)?;
        match self.order {
            Order::BigEndian => self.reader.u32_be(field),
            Order::LittleEndian => self.reader.u32_le(field),
        }
    }

    /// A UUID, a structure whose first three fields follow the byte order.
    pub fn uuid(&mut self, field: &'static str) -> Result<Uuid, Stop> {
        self.reader.align(4, field)?;
        match self.order {
            Order::BigEndian => self.reader.uuid_be(field),
            Order::LittleEndian => self.reader.uuid_le(field),
        }
    }

    /// A number as wide as the syntax's pointers and counts.
    fn wide(&mut self, field: &'static str) -> Result<u64, Stop> {
        match self.syntax {
            Syntax::Ndr => self.u32(field).map(u64::from),
            Syntax::Ndr64 => {
                self.reader.align(8, field)?;
                match self.order {
                    Order::BigEndian => self.reader.u64_be(field),
                    Order::LittleEndian => self.reader.u64_le(field),
                }
            }
        }
    }

    /// Steps forward to where a structure that holds pointers may begin.
    pub fn align_wide(&mut self, field: &'static str) -> Result<(), Stop> {
        match self.syntax {
            Syntax::Ndr => self.reader.align(4, field),
            Syntax::Ndr64 => self.reader.align(8, field),
        }
    }

    /// Whether a unique or full pointer points at something; its referent id means nothing else here.
    pub fn points(&mut self, field: &'static str) -> Result<bool, Stop> {
        self.wide(field).map(|referent| referent != 0)
    }

    /// The count, offset or maximum of an array. It comes from the wire: walk with it, size nothing by it.
    pub fn count(&mut self, field: &'static str) -> Result<usize, Stop> {
        let count = self.wide(field)?;
        usize::try_from(count).map_err(|_| self.reader.malformed(field, "counts more than memory can hold"))
    }
}
