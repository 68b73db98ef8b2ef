//! The endpoint mapper (C706 Appendix O, MS-RPCE 2.2.1.2): where does this interface listen?
//!
//! Its answers name the dynamic ports that a firewall must let through, so
//! they tie a blocked port to the service behind it. The stubs are read here;
//! connections and fragments are [`crate::dcerpc`]'s.

mod tower;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use tower::{Binding, Tower};

use crate::dcerpc::ndr::{Ndr, Order, Syntax};
use crate::{Endpoint, Fact, Reader, ReplyClass, Stop, Uuid, text};

/// The endpoint mapper's own interface, version 3.
pub const INTERFACE: Uuid = Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa);

/// What can be asked of the endpoint mapper and bears towers in its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `ept_lookup`: list what is registered.
    Lookup,
    /// `ept_map`: find one interface.
    Map,
}

impl Operation {
    /// The operation with this number; `None` for those without towers.
    pub fn of(opnum: u16) -> Option<Self> {
        match opnum {
            2 => Some(Self::Lookup),
            3 => Some(Self::Map),
            _ => None,
        }
    }

    /// Its name in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lookup => "ept_lookup",
            Self::Map => "ept_map",
        }
    }
}

/// The stub of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub operation: Operation,
    /// The interface that is asked for. `None` in a lookup of everything.
    pub interface: Option<Uuid>,
    /// Whether this goes on with an earlier question whose answer was too long for one reply.
    pub continues: bool,
}

impl Question {
    /// Reads the stub of a request.
    pub fn read(operation: Operation, stub: &mut Ndr<'_>) -> Result<Self, Stop> {
        let interface = match operation {
            Operation::Map => wanted_by_map(stub)?,
            Operation::Lookup => wanted_by_lookup(stub)?,
        };
        let continues = handle(stub)? != Uuid::NIL;
        stub.u32("most towers wanted")?;
        Ok(Self { operation, interface, continues })
    }

    /// Reads octets that may or may not be the stub of such a request: only one that names an
    /// interface and fills the octets exactly is believed.
    pub fn recognise(operation: Operation, stub: &[u8], order: Order) -> Option<(Self, Syntax)> {
        [Syntax::Ndr, Syntax::Ndr64].into_iter().find_map(|syntax| {
            let mut fields = Ndr::new(Reader::bounded(stub), order, syntax);
            let question = Self::read(operation, &mut fields).ok()?;
            (question.interface.is_some() && fields.remaining() == 0).then_some((question, syntax))
        })
    }
}

/// `[in, ptr] UUID *object, [in, ptr] twr_p_t map_tower`: the interface of the tower.
fn wanted_by_map(stub: &mut Ndr<'_>) -> Result<Option<Uuid>, Stop> {
    if stub.points("object")? {
        stub.uuid("object")?;
    }
    if !stub.points("tower")? {
        return Ok(None);
    }
    let mut octets = tower_octets(stub)?;
    Ok(Tower::read(&mut octets).ok().map(|tower| tower.interface))
}

/// `inquiry_type, [ptr] UUID *object, [ptr] rpc_if_id_t *interface, vers_option`.
fn wanted_by_lookup(stub: &mut Ndr<'_>) -> Result<Option<Uuid>, Stop> {
    let inquiry = stub.u32("inquiry type")?;
    if stub.points("object")? {
        stub.uuid("object")?;
    }
    let mut interface = None;
    if stub.points("interface")? {
        let named = stub.uuid("interface")?;
        stub.skip(4, "interface version")?;
        // The field may be filled though the inquiry is for everything or for an object.
        interface = matches!(inquiry, MATCH_BY_INTERFACE | MATCH_BY_BOTH).then_some(named);
    }
    stub.u32("version option")?;
    Ok(interface)
}

/// The stub of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it lists; towers that cannot be understood are left out.
    pub towers: Vec<Tower>,
    /// The status at its end; `None` when the end was not seen.
    pub status: Option<u32>,
}

impl Answer {
    /// Reads the stub of a response. Of one that is cut, the towers before the cut are kept.
    pub fn read(operation: Operation, stub: &mut Ndr<'_>) -> Result<Self, Stop> {
        let mut towers = Vec::new();
        let end = match operation {
            Operation::Lookup => lookup_towers(stub, &mut towers),
            Operation::Map => map_towers(stub, &mut towers),
        };
        match end.and_then(|()| stub.u32("status")) {
            Ok(status) => Ok(Self { towers, status: Some(status) }),
            Err(stop) if stop.is_incomplete() => Ok(Self { towers, status: None }),
            Err(stop) => Err(stop),
        }
    }

    /// Reads octets that may or may not be such a stub: only one that fills the octets exactly, and
    /// that names interfaces or says that there is none, is believed.
    pub fn recognise(stub: &[u8], order: Order) -> Option<(Self, Syntax)> {
        let layouts = [Syntax::Ndr, Syntax::Ndr64].into_iter();
        let mut layouts = layouts.flat_map(|syntax| [(Operation::Map, syntax), (Operation::Lookup, syntax)]);
        layouts.find_map(|(operation, syntax)| {
            let mut fields = Ndr::new(Reader::bounded(stub), order, syntax);
            let answer = Self::read(operation, &mut fields).ok()?;
            let telling = match answer.status {
                Some(OK) => answer.towers.iter().any(|tower| tower.transfer.is_some()),
                Some(NOT_REGISTERED) => answer.towers.is_empty(),
                _ => false,
            };
            (telling && fields.remaining() == 0).then_some((answer, syntax))
        })
    }

    /// Tells what this answer to `question` means; `id` is the call's.
    pub fn tell(&self, id: u64, question: Option<&Question>, tell: &mut dyn FnMut(Fact)) {
        for tower in &self.towers {
            tell_tower(tower, tell);
        }
        let outcome = self.outcome(question);
        if let Outcome::NotRegistered(status) = outcome {
            let interface = question.and_then(|question| question.interface);
            tell(Fact::Endpoint(Endpoint::NotRegistered { interface, status }));
        }
        let (class, what) = match outcome {
            Outcome::Found => (ReplyClass::Success, self.ports()),
            Outcome::Exhausted => (ReplyClass::Success, "no more entries".to_owned()),
            Outcome::NotRegistered(OK) => (ReplyClass::Refused, "ok, but none found".to_owned()),
            Outcome::NotRegistered(_) => (ReplyClass::Refused, "not registered".to_owned()),
            Outcome::Failed(status) => (ReplyClass::Failed, format!("status 0x{status:08x}")),
        };
        tell(Fact::Reply { id, class, what: what.into() });
    }

    fn outcome(&self, question: Option<&Question>) -> Outcome {
        // Asking on after the last entry, or listing an empty map, finds nothing and misses nothing.
        let specific = question.is_none_or(|question| {
            !question.continues && (question.operation == Operation::Map || question.interface.is_some())
        });
        match self.status {
            None => Outcome::Found,
            Some(OK) if !self.towers.is_empty() => Outcome::Found,
            Some(OK | NOT_REGISTERED | WIN32_NOT_REGISTERED) if !specific || !self.towers.is_empty() => {
                Outcome::Exhausted
            }
            Some(status @ (OK | NOT_REGISTERED | WIN32_NOT_REGISTERED)) => Outcome::NotRegistered(status),
            Some(status) => Outcome::Failed(status),
        }
    }

    /// `ok, port 59531`: the first few TCP ports, each once.
    fn ports(&self) -> String {
        let mut ports = Vec::new();
        for tower in &self.towers {
            if let Binding::Tcp { port, .. } = tower.binding
                && !ports.contains(&port)
                && ports.len() < PORTS_WORDED
            {
                ports.push(port);
            }
        }
        match *ports {
            [] => "ok, none over TCP".to_owned(),
            [port] => format!("ok, port {port}"),
            [first, ref more @ ..] => more.iter().fold(format!("ok, ports {first}"), |mut words, port| {
                let _ = write!(words, ", {port}"); // writing to a String cannot fail
                words
            }),
        }
    }
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Found,
    /// The end of a list.
    Exhausted,
    NotRegistered(u32),
    Failed(u32),
}

fn tell_tower(tower: &Tower, tell: &mut dyn FnMut(Fact)) {
    let interface = tower.interface;
    let mut member = |key, place: String| tell(Fact::Member { key, value: text(place.as_bytes()).into() });
    match &tower.binding {
        Binding::Tcp { port: 0, .. } | Binding::Other => {}
        Binding::Tcp { port, .. } => member("mapped", format!("{interface} {port}")),
        Binding::Udp { port } => member("mapped_udp", format!("{interface} {port}")),
        Binding::Http { port } => member("mapped_http", format!("{interface} {port}")),
        Binding::NamedPipe(pipe) => member("mapped_pipe", format!("{interface} {pipe}")),
    }
    if let Binding::Tcp { port: port @ 1.., address } = tower.binding {
        tell(Fact::Endpoint(Endpoint::Mapped { interface, address: address.map(Into::into), port }));
    }
}

/// `ept_lookup_handle_t`: a context handle (C706 Appendix N), nil when the list begins or ends here.
fn handle(stub: &mut Ndr<'_>) -> Result<Uuid, Stop> {
    stub.u32("handle attributes")?;
    stub.uuid("handle")
}

/// `twr_t`: a length twice, once for NDR as the size of the array and once as a field of the structure.
fn tower_octets<'a>(stub: &mut Ndr<'a>) -> Result<Reader<'a>, Stop> {
    let size = stub.count("tower size")?;
    let length = usize::try_from(stub.u32("tower length")?).unwrap_or(usize::MAX);
    let reader = stub.plain();
    if size != length {
        return Err(reader.malformed("tower length", "differs from its array's size"));
    }
    reader.sub(length, "tower")
}

/// A conformant and varying array's head: how many elements follow.
fn elements(stub: &mut Ndr<'_>) -> Result<usize, Stop> {
    let (most, first, count) = (stub.count("most")?, stub.count("first")?, stub.count("count")?);
    if first != 0 || count > most {
        return Err(stub.plain().malformed("count", "is not within the array"));
    }
    Ok(count)
}

/// `ept_map`: handle, number of towers, pointers to towers, then the towers.
fn map_towers(stub: &mut Ndr<'_>, towers: &mut Vec<Tower>) -> Result<(), Stop> {
    handle(stub)?;
    stub.u32("tower count")?;
    let mut pointers = 0_usize;
    for _ in 0..elements(stub)? {
        pointers += usize::from(stub.points("tower")?);
    }
    pointees(stub, pointers, towers)
}

/// `ept_lookup`: handle, number of entries, entries that each point to a tower, then the towers.
fn lookup_towers(stub: &mut Ndr<'_>, towers: &mut Vec<Tower>) -> Result<(), Stop> {
    handle(stub)?;
    stub.u32("entry count")?;
    let mut pointers = 0_usize;
    for _ in 0..elements(stub)? {
        stub.align_wide("entry")?;
        stub.uuid("object")?;
        pointers += usize::from(stub.points("tower")?);
        stub.count("annotation offset")?;
        let annotation = stub.count("annotation length")?;
        stub.skip(annotation, "annotation")?;
    }
    pointees(stub, pointers, towers)
}

fn pointees(stub: &mut Ndr<'_>, count: usize, towers: &mut Vec<Tower>) -> Result<(), Stop> {
    for _ in 0..count {
        let mut octets = tower_octets(stub)?;
        towers.extend(Tower::read(&mut octets));
    }
    Ok(())
}

/// `rpc_c_ep_match_by_if`.
const MATCH_BY_INTERFACE: u32 = 1;
/// `rpc_c_ep_match_by_both`: interface and object.
const MATCH_BY_BOTH: u32 = 3;

const OK: u32 = 0;
/// `ept_s_not_registered`.
const NOT_REGISTERED: u32 = 0x16c9_a0d6;
/// The same as a Win32 error, `EPT_S_NOT_REGISTERED`.
const WIN32_NOT_REGISTERED: u32 = 1753;

/// More ports than these are not worded in one reply.
const PORTS_WORDED: usize = 4;
