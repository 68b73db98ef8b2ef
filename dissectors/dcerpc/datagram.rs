//! Connectionless DCE/RPC over UDP (C706 12.5): every datagram names its interface.

use super::header::data_representation;
use super::ndr::{Ndr, Order, Syntax};
use super::words::Fault;
use crate::{Dialogue, Endpoint, Fact, Reader, ReplyClass, Side, Stop, Text, Uuid, epm};

/// The header of a connectionless PDU, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    kind: u8,
    order: Order,
    interface: Uuid,
    /// The client's activity and its sequence number together name a call.
    activity: Uuid,
    sequence: u32,
    opnum: u16,
    /// 0 in the first, and in a call that fits one datagram.
    fragment: u16,
}

impl Header {
    /// Octets of the header.
    const LENGTH: usize = 80;

    /// Reads and checks the header of a whole datagram.
    pub fn read(datagram: &[u8]) -> Result<Self, Stop> {
        let mut reader = Reader::bounded(datagram);
        if reader.u8("rpc version")? != VERSION {
            return Err(reader.malformed("rpc version", "is not 4"));
        }
        let kind = reader.u8("pdu type")?;
        if kind > CANCEL_ACK {
            return Err(reader.malformed("pdu type", "belongs to no datagram"));
        }
        reader.skip(2, "flags")?;
        let order = data_representation(&mut reader)?;
        let mut fields = Ndr::new(reader, order, Syntax::Ndr);
        fields.skip(1, "serial number")?;
        let _object = fields.uuid("object")?;
        let interface = fields.uuid("interface")?;
        let activity = fields.uuid("activity")?;
        fields.skip(4, "server boot time")?;
        fields.skip(4, "interface version")?;
        let sequence = fields.u32("sequence number")?;
        let opnum = fields.u16("opnum")?;
        fields.skip(4, "hints")?;
        let length = usize::from(fields.u16("body length")?);
        let fragment = fields.u16("fragment number")?;
        let authentication = fields.u8("authentication protocol")?;
        fields.skip(1, "serial number")?;
        // A verifier, if any, follows the body and is not counted.
        if fields.remaining() < length || (authentication == 0 && fields.remaining() > length) {
            return Err(fields.plain().malformed("body length", "is not that of the datagram"));
        }
        if interface == Uuid::NIL || activity == Uuid::NIL {
            return Err(fields.plain().malformed("interface", "or activity is nil"));
        }
        Ok(Self { kind, order, interface, activity, sequence, opnum, fragment })
    }

    /// The call, unique among the activities of one flow as far as 64 bits can be.
    fn call(&self) -> u64 {
        let Uuid([a, b, c, d, ..]) = self.activity;
        u64::from(u32::from_be_bytes([a, b, c, d])) << 32 | u64::from(self.sequence)
    }
}

/// Datagrams between two ports.
#[derive(Debug, Default)]
pub struct Datagrams {
    /// What was told last, to tell changes only.
    wanted: Option<Uuid>,
    bound: Option<Uuid>,
}

impl Dialogue for Datagrams {
    fn read(&mut self, _: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        let header = Header::read(octets)?;
        let reply = |class, what: String| Fact::Reply { id: header.call(), class, what: what.into() };
        match header.kind {
            REQUEST if header.fragment == 0 => self.request(&header, tell),
            RESPONSE if header.fragment == 0 => {
                if self.bound.replace(header.interface) != Some(header.interface) {
                    tell(Fact::Endpoint(Endpoint::Bound { interface: header.interface, pipe: None }));
                }
                tell(reply(ReplyClass::Success, "response".to_owned()));
            }
            FAULT | REJECT => {
                let mut body = Ndr::new(Reader::bounded(octets), header.order, Syntax::Ndr);
                body.skip(Header::LENGTH, "header")?;
                let fault = Fault(body.u32("status")?);
                let number = format!("0x{:08x}", fault.0);
                tell(Fact::Detail { key: "fault", value: number.clone().into() });
                let what = format!("fault {number} {}", fault.name().unwrap_or_default());
                tell(reply(fault.class(), what.trim_end().to_owned()));
            }
            WORKING => tell(reply(ReplyClass::Interim, "working".to_owned())),
            _ => {} // acknowledgements, pings and cancels
        }
        Ok(octets.len())
    }

    fn gap(&mut self, _: Side) -> bool {
        true
    }
}

impl Datagrams {
    fn request(&mut self, header: &Header, tell: &mut dyn FnMut(Fact)) {
        let interface = header.interface;
        if self.wanted.replace(interface) != Some(interface) {
            if interface == epm::INTERFACE {
                tell(Fact::Service("epm"));
            }
            tell(Fact::Endpoint(Endpoint::Wanted { interface }));
            tell(Fact::Detail { key: "interface", value: interface.text().into() });
            tell(Fact::Member { key: "interfaces", value: interface.text().into() });
        }
        tell(Fact::Detail { key: "operation", value: u64::from(header.opnum).into() });
        tell(Fact::Request { id: header.call(), what: Text::numbered("opnum ", header.opnum.into()) });
    }
}

const VERSION: u8 = 4;

const REQUEST: u8 = 0;
const RESPONSE: u8 = 2;
const FAULT: u8 = 3;
const WORKING: u8 = 4;
const REJECT: u8 = 6;
const CANCEL_ACK: u8 = 10;
