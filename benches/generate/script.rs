//! What two hosts say to each other: messages made once, with blanks that each conversation fills.

/// Who speaks: the client or the server.
pub type Side = usize;
/// Who calls.
pub const CLIENT: Side = 0;
/// Who is called.
pub const SERVER: Side = 1;

/// Microseconds.
pub type Micros = u64;
/// Microseconds in a millisecond.
pub const MILLIS: Micros = 1_000;
/// Microseconds in a second.
pub const SECOND: Micros = 1_000_000;

/// What carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    Tcp,
    Udp,
    Echo,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// This side closes first.
    Closed(Side),
    /// This side cuts it, as programs do that are done.
    Cut(Side),
}

/// A conversation's words: an opening, a middle that is said any number of times, and a closing.
#[derive(Debug)]
pub struct Script {
    pub carrier: Carrier,
    pub port: u16,
    pub opening: Vec<Say>,
    pub middle: Vec<Say>,
    pub closing: Vec<Say>,
    pub ending: Ending,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Say {
    pub from: Side,
    pub octets: Vec<u8>,
    /// How long it is thought about before.
    pub after: Micros,
    pub blanks: Vec<Blank>,
}

/// A number in a message that differs between conversations, or from one repetition to the next.
#[derive(Debug, Clone, Copy)]
pub struct Blank {
    pub at: usize,
    pub width: usize,
    pub order: Order,
    pub fill: Fill,
}

/// Order of octets.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    Big,
    Little,
}

/// What is written into a blank.
#[derive(Debug, Clone, Copy)]
pub enum Fill {
    /// `first` and `step` more for each repetition of the middle.
    Counted { first: u64, step: u64 },
    /// One of the conversation's own numbers, counted on likewise.
    Own { slot: usize, step: u64 },
}

impl Script {
    /// A script over TCP to a port, without words yet.
    pub fn tcp(port: u16) -> Self {
        Self::over(Carrier::Tcp, port)
    }

    /// The same over UDP.
    pub fn udp(port: u16) -> Self {
        Self::over(Carrier::Udp, port)
    }

    fn over(carrier: Carrier, port: u16) -> Self {
        Self {
            carrier,
            port,
            opening: Vec::new(),
            middle: Vec::new(),
            closing: Vec::new(),
            ending: Ending::Closed(CLIENT),
        }
    }

    /// Echo requests and replies.
    pub fn echo(octets: &[u8]) -> Self {
        let middle = vec![client(octets.to_vec()).after(SECOND), server(octets.to_vec()).after(300)];
        Self { middle, ..Self::over(Carrier::Echo, 0) }
    }

    pub fn opening(self, opening: Vec<Say>) -> Self {
        Self { opening, ..self }
    }

    pub fn middle(self, middle: Vec<Say>) -> Self {
        Self { middle, ..self }
    }

    pub fn closing(self, closing: Vec<Say>) -> Self {
        Self { closing, ..self }
    }

    pub fn ending(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }

    /// An upper bound for the packets of a conversation with `rounds` repetitions.
    pub fn packets(&self, rounds: u64) -> u64 {
        let of = |says: &[Say]| says.iter().map(|say| 2 * (1 + say.octets.len() as u64 / 1200)).sum::<u64>();
        match self.carrier {
            Carrier::Tcp => {
                let data = of(&self.opening) + rounds * of(&self.middle) + of(&self.closing);
                24 + data + data / 8
            }
            _ => 4 + self.opening.len() as u64 + rounds * self.middle.len() as u64 + self.closing.len() as u64,
        }
    }
}

/// The client says this.
pub fn client(octets: impl Into<Vec<u8>>) -> Say {
    Say { from: CLIENT, octets: octets.into(), after: 400, blanks: Vec::new() }
}

/// The server says this.
pub fn server(octets: impl Into<Vec<u8>>) -> Say {
    Say { from: SERVER, octets: octets.into(), after: 700, blanks: Vec::new() }
}

impl Say {
    /// Thinks for so long.
    #[must_use]
    pub fn after(self, after: Micros) -> Self {
        Self { after, ..self }
    }

    /// Leaves a blank.
    #[must_use]
    pub fn blank(mut self, at: usize, width: usize, order: Order, fill: Fill) -> Self {
        assert!(at + width <= self.octets.len(), "a blank outside its message");
        self.blanks.push(Blank { at, width, order, fill });
        self
    }

    /// Fills the blanks of the piece of this message that begins at `offset`.
    pub fn fill(&self, offset: usize, piece: &mut [u8], round: u64, own: &[u64; 4]) {
        for blank in &self.blanks {
            if blank.at + blank.width <= offset || blank.at >= offset + piece.len() {
                continue;
            }
            let number = match blank.fill {
                Fill::Counted { first, step } => first.wrapping_add(round.wrapping_mul(step)),
                Fill::Own { slot, step } => own[slot].wrapping_add(round.wrapping_mul(step)),
            };
            let octets = match blank.order {
                Order::Big => (number << (64 - 8 * blank.width)).to_be_bytes(),
                Order::Little => number.to_le_bytes(),
            };
            for (at, octet) in octets[..blank.width].iter().enumerate() {
                if let Some(place) = (blank.at + at).checked_sub(offset).and_then(|at| piece.get_mut(at)) {
                    *place = *octet;
                }
            }
        }
    }
}
