//! The domain name system (RFC 1035) on UDP and TCP 53, and its cousins with the same messages:
//! multicast DNS (RFC 6762, port 5353) and LLMNR (RFC 4795, port 5355).
//!
//! The reader is our own: a general DNS crate refuses a message whose end is missing, while a
//! capture cut by the snap length must still give header and question, and the answers up to the cut.
//! A message is told apart by its QR bit, never by the side that sent it: captures that start
//! midway swap the sides, and in multicast DNS everybody answers.

use crate::{Dialogue, Fact, Hint, Probe, Protocol, Reader, ReplyClass, Side, Stop, Text, Transport, Value};

mod message;
mod name;
mod words;

#[cfg(test)]
mod tests;

use message::{Data, Header, Question, Record};

/// DNS, multicast DNS and LLMNR.
pub const PROTOCOL: Protocol =
    Protocol { name: "dns", tcp_ports: &[DNS], udp_ports: &[DNS, MULTICAST_DNS, LLMNR], probe, open };

fn open(transport: Transport) -> Box<dyn Dialogue> {
    Box::new(Messages { transport })
}

/// A question of a known type and class, or in an answer without question such a record, is proof
/// enough on any port; on the usual ones a sensible header is believed.
fn probe(hint: &Hint<'_>) -> Probe {
    let usual = [DNS, MULTICAST_DNS, LLMNR].into_iter().any(|port| hint.port(port));
    let mut r = Reader::new(hint.octets);
    if hint.transport == Transport::Tcp {
        match r.u16_be("message length") {
            Ok(length) if length < Header::OCTETS => return Probe::No,
            Ok(_) => {}
            Err(_) => return Probe::More,
        }
    }
    let whole = r.rest();
    let (fits, incomplete) = match first_entry(&mut Reader::new(whole), whole) {
        Ok(fits) => (fits, false),
        Err(stop) => (false, stop.is_incomplete()),
    };
    let plausible = match Header::read(&mut Reader::new(whole)) {
        Ok(header) => header.is_plausible() && !is_netbios(whole),
        Err(_) => true, // cut inside the header
    };
    match hint.transport {
        _ if fits => Probe::Yes,
        Transport::Tcp if incomplete && plausible => Probe::More,
        _ if plausible && usual => Probe::Maybe,
        _ => Probe::No,
    }
}

/// Whether the first question, or else the first record, is one of the domain name system.
fn first_entry(r: &mut Reader<'_>, whole: &[u8]) -> Result<bool, Stop> {
    let header = Header::read(r)?;
    if !header.is_plausible() || is_netbios(whole) {
        return Ok(false);
    }
    if header.questions > 0 {
        return Question::read(r, whole).map(|question| words::is_known(question.kind, question.class));
    }
    if header.is_response && header.records() > 0 {
        return Record::read(r, whole).map(|record| words::is_known(record.kind, record.class));
    }
    Ok(false)
}

/// NetBIOS names travel in messages of the same shape, but always in one label of 32 letters from
/// A to P (RFC 1001 §14.1).
fn is_netbios(whole: &[u8]) -> bool {
    let label = whole.get(usize::from(Header::OCTETS)..).and_then(|rest| rest.split_first());
    label.is_some_and(|(&length, rest)| {
        length == 32 && rest.iter().take(32).all(|octet| (b'A'..=b'P').contains(octet))
    })
}

/// Each message stands for itself; requests and replies are paired by their message id.
struct Messages {
    transport: Transport,
}

impl Dialogue for Messages {
    fn read(&mut self, _: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        match self.transport {
            Transport::Udp => {
                read_message(octets, tell)?;
                Ok(octets.len())
            }
            Transport::Tcp => {
                let mut r = Reader::new(octets);
                let length = usize::from(r.u16_be("message length")?);
                if length < usize::from(Header::OCTETS) {
                    return Err(r.malformed("message length", "is shorter than a header"));
                }
                // A zone transfer fills messages to 64 KiB; their front says what there is to say.
                read_message(r.take(length.min(MAX_FRONT), "message")?, tell)?;
                Ok(2 + length)
            }
        }
    }
}

/// Tells what one message says. Only a broken header or question is an error: what follows them
/// is read as far as it can be.
fn read_message(whole: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<(), Stop> {
    let mut r = Reader::new(whole);
    let header = Header::read(&mut r)?;
    if !header.is_plausible() {
        return Err(r.malformed("header", "has an unknown opcode or impossible counts"));
    }
    let question = first_question(&mut r, whole, &header)?;
    if let Some(question) = &question {
        tell(Fact::Detail { key: "query", value: question.name.clone().into() });
        tell(Fact::Detail { key: "query_type", value: words::kind(question.kind).into() });
    }
    let id = header.id.into();
    if !header.is_response {
        tell(Fact::Request { id, what: wanted(&header, question.as_ref()) });
        return Ok(());
    }
    let answers = if question.is_some() || header.questions == 0 {
        Answers::read(&mut r, whole, &header)
    } else {
        Answers::default() // cut inside the question
    };
    let code = header.code | answers.code_above;
    tell(Fact::Detail { key: "rcode", value: words::code(code).into() });
    tell(reply(id, code, header.is_truncated));
    answers.facts.into_iter().for_each(tell);
    Ok(())
}

/// Reads all questions and returns the first; `None` when there is none or it was cut.
fn first_question(r: &mut Reader<'_>, whole: &[u8], header: &Header) -> Result<Option<Question>, Stop> {
    let mut first = None;
    for _ in 0..header.questions {
        match Question::read(r, whole) {
            Ok(question) => first = first.or(Some(question)),
            Err(stop) if stop.is_incomplete() => break,
            Err(stop) => return Err(stop),
        }
    }
    Ok(first)
}

/// A request in words: `A mbx1.contoso.com`, `UPDATE contoso.com`.
fn wanted(header: &Header, question: Option<&Question>) -> Text {
    let verb = match (header.opcode, question) {
        (message::QUERY, Some(question)) => words::kind(question.kind),
        (opcode, _) => words::opcode(opcode).into(),
    };
    match question {
        Some(question) => Text::joined(&[&verb, " ", &question.name]),
        None => verb,
    }
}

fn reply(id: u64, code: u16, is_truncated: bool) -> Fact {
    if is_truncated {
        return Fact::Reply { id, class: ReplyClass::Challenge, what: "truncated".into() };
    }
    let class = match code {
        words::NOERROR => ReplyClass::Success,
        words::SERVFAIL => ReplyClass::Failed,
        _ => ReplyClass::Refused,
    };
    Fact::Reply { id, class, what: words::code(code) }
}

/// What the records of a response say.
#[derive(Default)]
struct Answers {
    facts: Vec<Fact>,
    /// The upper bits of the response code, from the OPT record (RFC 6891 §6.1.3).
    code_above: u16,
}

impl Answers {
    /// All sections alike: the addresses of SRV targets and name servers come as additional records.
    fn read(r: &mut Reader<'_>, whole: &[u8], header: &Header) -> Self {
        let mut answers = Self::default();
        for _ in 0..header.records() {
            let Ok(record) = Record::read(r, whole) else { break };
            match record.data {
                Data::Address(address) if !address.is_unspecified() => {
                    answers.keep(Fact::Name { address, name: record.owner });
                }
                Data::Service { port, target } => {
                    let value = Value::Text(Text::joined(&[&target, &Text::numbered(":", port.into())]));
                    answers.keep(Fact::Member { key: "srv_targets", value });
                }
                Data::Options { code_above } => answers.code_above = code_above,
                Data::Address(_) | Data::Other => {}
            }
        }
        answers
    }

    fn keep(&mut self, fact: Fact) {
        if self.facts.len() < MAX_ANSWERS {
            self.facts.push(fact);
        }
    }
}

/// Unicast DNS (RFC 1035 §4.2).
const DNS: u16 = 53;
/// Multicast DNS (RFC 6762 §2).
const MULTICAST_DNS: u16 = 5353;
/// Link-local multicast name resolution (RFC 4795 §2).
const LLMNR: u16 = 5355;
/// Octets of a message on TCP that are waited for and read.
const MAX_FRONT: usize = 16 * 1024;
/// Names and targets kept of one message. A forest's list of domain controllers fits.
const MAX_ANSWERS: usize = 64;
