//! Requests and their answers. Stubs are skipped, except those of the endpoint mapper.

use super::bind::{Transfer, Verifier};
use super::contexts::Contexts;
use super::header::Header;
use super::ndr::{Ndr, Order, Syntax};
use super::words::Fault;
use crate::epm::{self, Answer, Operation, Question};
use crate::{Fact, Reader, ReplyClass, Side, Stop, Text, Uuid};

/// The calls of one connection.
#[derive(Debug, Default)]
pub struct Calls {
    /// Questions to the endpoint mapper that are not answered yet, by call id; the oldest first.
    questions: Vec<(u32, Question)>,
    initiator: Option<Assembly>,
    responder: Option<Assembly>,
    told: Told,
}

/// What was told last, to tell changes only.
#[derive(Debug, Default)]
struct Told {
    interface: Option<Uuid>,
    opnum: Option<u16>,
}

impl Calls {
    /// Reads a fragment of a request; `octets` begin with its header.
    pub fn request(
        &mut self,
        side: Side,
        header: &Header,
        octets: &[u8],
        contexts: &mut Contexts,
        tell: &mut dyn FnMut(Fact),
    ) -> Result<(), Stop> {
        let mut fields = Ndr::new(Reader::new(octets), header.order, Syntax::Ndr);
        fields.skip(Header::LENGTH + ALLOCATION_HINT, "allocation hint")?;
        let (context, opnum) = (fields.u16("context id")?, fields.u16("opnum")?);
        let operation = Operation::of(opnum);
        let object = if header.has_object() { OBJECT } else { 0 };
        let mut question = None;
        let mut interface = None;
        match (contexts.get(context), operation) {
            (Some(offer), Some(operation)) if offer.interface == epm::INTERFACE => {
                interface = Some(offer.interface);
                let stub = stub(header, octets, STUB + object)?;
                question = self.assemble(side, header, stub).and_then(|assembly| {
                    Question::read(operation, &mut assembly.ndr(header.order, syntax(offer.transfer))).ok()
                });
            }
            (Some(offer), _) => interface = Some(offer.interface),
            (None, Some(operation)) if header.is_first() && header.is_last() => {
                let stub = stub(header, octets, STUB + object)?.unwrap_or_default();
                if let Some((asked, syntax)) = Question::recognise(operation, stub, header.order) {
                    contexts.learn(context, epm::INTERFACE, syntax);
                    tell(Fact::Service("epm"));
                    (question, interface) = (Some(asked), Some(epm::INTERFACE));
                }
            }
            (None, _) => {}
        }
        if header.is_first() {
            self.tell_request(header, interface, opnum, tell);
        }
        if let Some(question) = question {
            self.ask(header.call, question, tell);
        }
        Ok(())
    }

    fn tell_request(&mut self, header: &Header, interface: Option<Uuid>, opnum: u16, tell: &mut dyn FnMut(Fact)) {
        let named = Operation::of(opnum).filter(|_| interface == Some(epm::INTERFACE));
        let what = named.map_or_else(|| Text::numbered("opnum ", opnum.into()), |operation| operation.name().into());
        tell(Fact::Request { id: header.call.into(), what });
        if let Some(interface) = interface {
            self.tell_interface(interface, tell);
        }
        if self.told.opnum.replace(opnum) != Some(opnum) {
            tell(Fact::Detail { key: "operation", value: u64::from(opnum).into() });
        }
    }

    /// Tells which interface the conversation is about, when it is another one than before.
    pub fn tell_interface(&mut self, interface: Uuid, tell: &mut dyn FnMut(Fact)) {
        if self.told.interface.replace(interface) != Some(interface) {
            tell(Fact::Detail { key: "interface", value: interface.text().into() });
        }
    }

    fn ask(&mut self, call: u32, question: Question, tell: &mut dyn FnMut(Fact)) {
        if let Some(interface) = question.interface {
            tell(Fact::Member { key: "asked_for", value: interface.text().into() });
        }
        self.questions.retain(|(outstanding, _)| *outstanding != call);
        if self.questions.len() >= MOST_QUESTIONS {
            self.questions.remove(0);
        }
        self.questions.push((call, question));
    }

    fn take_question(&mut self, call: u32) -> Option<Question> {
        let at = self.questions.iter().position(|(outstanding, _)| *outstanding == call)?;
        Some(self.questions.remove(at).1)
    }

    /// Reads a fragment of a response; `octets` begin with its header.
    pub fn response(
        &mut self,
        side: Side,
        header: &Header,
        octets: &[u8],
        contexts: &mut Contexts,
        tell: &mut dyn FnMut(Fact),
    ) -> Result<(), Stop> {
        let mut fields = Ndr::new(Reader::new(octets), header.order, Syntax::Ndr);
        fields.skip(Header::LENGTH + ALLOCATION_HINT, "allocation hint")?;
        let context = fields.u16("context id")?;
        fields.skip(2, "cancel count")?;
        match contexts.get(context) {
            Some(offer) if offer.interface == epm::INTERFACE => {
                let stub = stub(header, octets, STUB)?;
                let sealed = stub.is_none();
                match self.assemble(side, header, stub) {
                    Some(assembly) => self.answer(header, &assembly, syntax(offer.transfer), tell),
                    None if sealed && header.is_last() => tell_done(header, tell),
                    None => {} // more fragments follow, or the first is unknown
                }
            }
            None if header.is_first() && header.is_last() => {
                let stub = stub(header, octets, STUB)?.unwrap_or_default();
                match Answer::recognise(stub, header.order) {
                    Some((answer, syntax)) => {
                        contexts.learn(context, epm::INTERFACE, syntax);
                        tell(Fact::Service("epm"));
                        self.tell_interface(epm::INTERFACE, tell);
                        answer.tell(header.call.into(), None, tell);
                    }
                    None => tell_done(header, tell),
                }
            }
            _ if header.is_first() => tell_done(header, tell),
            _ => {}
        }
        Ok(())
    }

    /// The endpoint mapper's answer, all fragments joined.
    fn answer(&mut self, header: &Header, assembly: &Assembly, syntax: Syntax, tell: &mut dyn FnMut(Fact)) {
        let question = self.take_question(header.call);
        let answer = match question {
            Some(Question { operation, .. }) => Answer::read(operation, &mut assembly.ndr(header.order, syntax)).ok(),
            None => Answer::recognise(&assembly.octets, header.order).map(|(answer, _)| answer),
        };
        match answer {
            Some(answer) => answer.tell(header.call.into(), question.as_ref(), tell),
            None => tell_done(header, tell),
        }
    }

    /// Reads a fault; `octets` begin with its header.
    pub fn fault(&mut self, header: &Header, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
        let mut fields = Ndr::new(Reader::new(octets), header.order, Syntax::Ndr);
        fields.skip(STUB, "response fields")?;
        let fault = Fault(fields.u32("fault status")?);
        self.take_question(header.call);
        let number = format!("0x{:08x}", fault.0);
        let what = match fault.name() {
            Some(name) => format!("fault {number} {name}"),
            None => format!("fault {number}"),
        };
        tell(Fact::Detail { key: "fault", value: number.clone().into() });
        tell(Fact::Reply { id: header.call.into(), class: fault.class(), what: what.into() });
        Ok(())
    }

    /// Octets of `side` were lost: what was being joined stays incomplete.
    pub fn lose(&mut self, side: Side) {
        *self.assembly(side) = None;
    }

    fn assembly(&mut self, side: Side) -> &mut Option<Assembly> {
        match side {
            Side::Initiator => &mut self.initiator,
            Side::Responder => &mut self.responder,
        }
    }

    /// Joins the fragments of a call; the whole comes out with the last one. `None` also when the
    /// fragment cannot be read or an earlier one is missing.
    fn assemble(&mut self, side: Side, header: &Header, stub: Option<&[u8]>) -> Option<Assembly> {
        let place = self.assembly(side);
        if header.is_first() {
            *place = Some(Assembly { call: header.call, octets: Vec::new(), cut: Cut::Nowhere });
        }
        match (place.as_mut(), stub) {
            (Some(assembly), Some(stub)) if assembly.call == header.call => assembly.add(stub),
            _ => *place = None,
        }
        if header.is_last() { place.take() } else { None }
    }
}

/// The stub of one call, its fragments joined.
#[derive(Debug)]
struct Assembly {
    call: u32,
    octets: Vec<u8>,
    cut: Cut,
}

/// Whether all of a stub was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nowhere,
    /// At [`MOST_OCTETS`].
    AtTheLimit,
}

impl Assembly {
    fn add(&mut self, stub: &[u8]) {
        let room = MOST_OCTETS.saturating_sub(self.octets.len());
        if stub.len() > room {
            self.cut = Cut::AtTheLimit;
        }
        self.octets.extend(stub.iter().take(room));
    }

    fn ndr(&self, order: Order, syntax: Syntax) -> Ndr<'_> {
        let reader = match self.cut {
            Cut::Nowhere => Reader::bounded(&self.octets),
            Cut::AtTheLimit => Reader::new(&self.octets),
        };
        Ndr::new(reader, order, syntax)
    }
}

fn tell_done(header: &Header, tell: &mut dyn FnMut(Fact)) {
    tell(Fact::Reply { id: header.call.into(), class: ReplyClass::Success, what: "response".into() });
}

/// The stub between `start` and the verifier of a PDU that must be whole; `None` when it is encrypted.
fn stub<'a>(header: &Header, octets: &'a [u8], start: usize) -> Result<Option<&'a [u8]>, Stop> {
    let pdu = header.whole(octets)?;
    let end = match Verifier::read(header, pdu)? {
        Some(verifier) if verifier.level == Verifier::PRIVACY => return Ok(None),
        Some(verifier) => verifier.at.saturating_sub(verifier.padding),
        None => pdu.len(),
    };
    Ok(Some(pdu.get(start..end).unwrap_or_default()))
}

fn syntax(transfer: Transfer) -> Syntax {
    match transfer {
        Transfer::Calls(syntax) => syntax,
        Transfer::Features | Transfer::Unknown => Syntax::Ndr,
    }
}

/// Octets of `alloc_hint`.
const ALLOCATION_HINT: usize = 4;
/// Where the stub begins in requests without an object and in responses, and the status in faults.
const STUB: usize = 24;
/// Octets of the object UUID in a request.
const OBJECT: usize = 16;

/// Calls to the endpoint mapper come one at a time; more than a few outstanding are an attack.
const MOST_QUESTIONS: usize = 16;
/// The longest stub that is joined. A list of all endpoints of a domain controller takes about as much.
const MOST_OCTETS: usize = 64 * 1024;
