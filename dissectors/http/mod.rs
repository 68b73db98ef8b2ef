//! HTTP/1 (RFC 9110, RFC 9112) with RPC over HTTP (MS-RPCH) and the doors of Exchange.
//!
//! Heads are read line by line, bodies are stepped over. Queries and credentials are never kept.

mod exchange;
mod head;
mod probe;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::by_side::BySide;
use crate::line::{Lines, Step, is_tls};
use crate::{Dialogue, Fact, Protocol, ReplyClass, Side, Stop, Transport};
use head::{Field, Method, RequestLine, StartLine, chunk_size, class, is_method};

/// HTTP in clear on any port.
pub const PROTOCOL: Protocol = Protocol {
    name: "http",
    tcp_ports: &[80, 81, 3128, 5985, 8000, 8008, 8014, 8080, 8530, 8888],
    udp_ports: &[],
    probe: probe::probe,
    open,
};

fn open(_: Transport) -> Box<dyn Dialogue> {
    Box::new(Http::default())
}

#[derive(Default)]
struct Http {
    sides: BySide<OneSide>,
    /// Requests without a final answer, oldest first.
    waiting: VecDeque<Waiting>,
    next_id: u64,
    carries: Carries,
}

/// What the connection carries by now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Carries {
    #[default]
    Http,
    /// Behind a CONNECT: most likely TLS, and the next octets tell.
    Tunnel,
    /// Another protocol.
    Other,
}

#[derive(Clone, Copy)]
struct Waiting {
    id: u64,
    method: Method,
}

#[derive(Default)]
struct OneSide {
    lines: Lines,
    place: Place,
    head: Head,
}

/// Where in its messages a side is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Between messages, or, at first and after a loss, anywhere: only a start line counts.
    #[default]
    Start,
    /// Among header fields.
    Head,
    /// At the size of a chunk.
    ChunkSize,
    /// Among the fields behind the last chunk.
    Trailer,
    /// In a body without end.
    ToTheEnd,
}

/// What the head tells about the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Head {
    message: Message,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Message {
    #[default]
    Request,
    /// A request of one line, and nothing more.
    Simple,
    /// The answer to a request whose method is known or not.
    Answer { status: u16, method: Option<Method> },
}

impl Dialogue for Http {
    fn read(&mut self, side: Side, octets: &[u8], tell: &mut dyn FnMut(Fact)) -> Result<usize, Stop> {
        if self.carries == Carries::Tunnel && is_tls(octets) {
            self.carries = Carries::Other;
            tell(Fact::UpgradeToTls);
            return Ok(0);
        }
        if self.carries != Carries::Http || self.finished(side) {
            return Ok(octets.len());
        }
        let one = self.sides.of_mut(side);
        if one.place == Place::Start && !may_start(octets) {
            return Ok(octets.len());
        }
        let (line, length) = match one.lines.next(octets, MAX_LINE, "line")? {
            Step::Tail(length) => return Ok(length),
            Step::Line { line, length } => (line, length),
        };
        match one.place {
            Place::Start => return Ok(self.read_start(side, line, length, tell).unwrap_or(octets.len())),
            Place::Head if line.is_empty() => return Ok(length.saturating_add(self.end_head(side, tell))),
            Place::Head => self.read_field(side, line, tell),
            Place::ChunkSize => match chunk_size(line) {
                Some(0) => one.place = Place::Trailer,
                Some(octets) => {
                    let chunk = usize::try_from(octets).unwrap_or(usize::MAX);
                    return Ok(length.saturating_add(chunk).saturating_add(b"\r\n".len()));
                }
                None => {
                    self.lose(side);
                    return Ok(octets.len());
                }
            },
            Place::Trailer if line.is_empty() => one.place = Place::Start,
            Place::Trailer | Place::ToTheEnd => {}
        }
        Ok(length)
    }

    fn gap(&mut self, side: Side) -> bool {
        self.lose(side);
        // Answers can no longer be counted off against requests.
        self.waiting.clear();
        true
    }

    fn finished(&self, side: Side) -> bool {
        self.carries == Carries::Other || self.sides.of(side).place == Place::ToTheEnd
    }
}

impl Http {
    /// `None`: no start line, so nothing here can be placed.
    fn read_start(&mut self, side: Side, line: &[u8], length: usize, tell: &mut dyn FnMut(Fact)) -> Option<usize> {
        if line.is_empty() {
            return Some(length);
        }
        let Some(start) = StartLine::read(line, length == line.len()) else {
            self.lose(side);
            return None;
        };
        let message = match start {
            StartLine::Request(request) => self.read_request(request, tell),
            StartLine::Status(status) => self.read_status(status, tell),
        };
        let simple = message == Message::Simple;
        let one = self.sides.of_mut(side);
        one.head = Head { message, ..Head::default() };
        one.place = if simple { Place::ToTheEnd } else { Place::Head };
        Some(length)
    }

    fn read_request(&mut self, request: RequestLine, tell: &mut dyn FnMut(Fact)) -> Message {
        let RequestLine { method, path, method_kind } = request;
        let id = self.fresh_id();
        if self.waiting.len() == MAX_WAITING {
            // Nobody asks so often without reading: the answers are not in this capture.
            self.waiting.clear();
        }
        self.waiting.push_back(Waiting { id, method: method_kind });
        tell(Fact::Request { id, what: crate::text(format!("{method} {path}").as_bytes()) });
        if method_kind == Method::Rpc {
            tell(Fact::Detail { key: "rpc_over_http", value: true.into() });
        }
        if let Some(door) = exchange::door(&path) {
            tell(Fact::Detail { key: "exchange", value: door.into() });
        }
        tell(Fact::Detail { key: "method", value: method.into() });
        tell(Fact::Detail { key: "path", value: path.into() });
        if method_kind == Method::Preface {
            self.carries = Carries::Other;
        }
        if method_kind == Method::Simple { Message::Simple } else { Message::Request }
    }

    fn read_status(&mut self, status: u16, tell: &mut dyn FnMut(Fact)) -> Message {
        let class = class(status);
        // 101 is the last answer that the old protocol gives.
        let interim = class == ReplyClass::Interim && status != SWITCHING;
        let waiting = if interim { self.waiting.front().copied() } else { self.waiting.pop_front() };
        let id = waiting.map_or_else(|| self.fresh_id(), |waiting| waiting.id);
        tell(Fact::Reply { id, class, what: status.to_string().into() });
        tell(Fact::Detail { key: "status", value: u64::from(status).into() });
        Message::Answer { status, method: waiting.map(|waiting| waiting.method) }
    }

    fn read_field(&mut self, side: Side, line: &[u8], tell: &mut dyn FnMut(Fact)) {
        let head = &mut self.sides.of_mut(side).head;
        match Field::read(line) {
            Field::Host(host) => tell(Fact::Detail { key: "host", value: host.into() }),
            Field::UserAgent(agent) => tell(Fact::Detail { key: "user_agent", value: agent.into() }),
            Field::Server(server) => tell(Fact::Detail { key: "server", value: server.into() }),
            Field::Offers(scheme) => tell(Fact::Member { key: "authorization", value: scheme.into() }),
            Field::Demands(scheme) => tell(Fact::Member { key: "www_authenticate", value: scheme.into() }),
            Field::Upgrade(to) => tell(Fact::Detail { key: "upgrade", value: to.into() }),
            Field::Length(length) => head.length = Some(length),
            Field::Chunked => head.chunked = true,
            Field::Other => {}
        }
    }

    /// Goes on behind the head; returns how many octets of body to step over (RFC 9112 §6.3).
    fn end_head(&mut self, side: Side, tell: &mut dyn FnMut(Fact)) -> usize {
        let one = self.sides.of_mut(side);
        let Head { message, length, chunked, .. } = one.head;
        one.place = Place::Start;
        match message {
            Message::Answer { status: SWITCHING, .. } => {
                self.carries = Carries::Other;
                tell(Fact::Detail { key: "upgraded", value: true.into() });
            }
            Message::Answer { status: 200..=299, method: Some(Method::Connect) } => self.carries = Carries::Tunnel,
            Message::Answer { status: 100..=199 | 204 | 304, .. } | Message::Answer { method: Some(Method::Head), .. } => {}
            _ if chunked => one.place = Place::ChunkSize,
            Message::Answer { .. } if length.is_none() => one.place = Place::ToTheEnd,
            _ => return usize::try_from(length.unwrap_or_default()).unwrap_or(usize::MAX),
        }
        0
    }

    fn lose(&mut self, side: Side) {
        let one = self.sides.of_mut(side);
        one.place = Place::Start;
        one.lines.begin();
    }

    fn fresh_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

/// Whether these octets may be the beginning of a start line, or an empty line before one.
fn may_start(octets: &[u8]) -> bool {
    let method = octets.split(|&octet| octet == b' ').next().unwrap_or_default();
    let prefix = octets.get(..b"HTTP/1.".len()).unwrap_or(octets);
    matches!(octets, [b'\r' | b'\n', ..])
        || b"HTTP/1.".starts_with(prefix)
        || is_method(method)
        || matches!(octets, [octet] if octet.is_ascii_uppercase())
}

/// The octets of a line that are looked at; tickets make header fields of 64 KB.
const MAX_LINE: usize = 2048;
const MAX_WAITING: usize = 64;
const SWITCHING: u16 = 101;
