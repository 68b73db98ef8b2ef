//! One request or response of any SMB family, reduced to what matters across them.

use super::status::Status;
use crate::{MAX_TEXT, Reader, Stop, Text, text};

/// A request or a response.
#[derive(Debug)]
pub struct Message<'a> {
    /// Pairs a response with its request: the message id, or process and multiplex id of SMB 1.
    pub id: u64,
    /// The command's name in the specification.
    pub command: Text,
    /// The words of its answer when all went well, where they are known.
    pub succeeded: Option<&'static str>,
    /// Whether it asks or answers.
    pub turn: Turn,
    /// The share it refers to: tree id.
    pub tree: u32,
    /// What it says; SMB 1 may chain several commands in one message.
    pub contents: Vec<Content<'a>>,
}

/// Whether a message asks or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A request that will be answered under its id.
    Request,
    /// The answer.
    Response(Status),
    /// Neither: a cancellation, or a server's oplock break.
    OneWay,
}

/// What a message says, as far as it matters here.
#[derive(Debug)]
pub enum Content<'a> {
    /// The client can speak these.
    DialectsOffered(Vec<Text>),
    /// The server chose.
    DialectChosen {
        /// Which one.
        dialect: Dialect,
        /// Whether messages must be signed; `None` in the oldest dialects.
        signing: Option<Signing>,
    },
    /// The server's part of an authentication (GSS-API or bare NTLMSSP).
    Token(&'a [u8]),
    /// The client wants a share of this path.
    ShareAsked(Text),
    /// It is connected; its tree id is the message's.
    ShareGiven(ShareKind),
    /// The client wants to open a file or pipe of this name.
    OpenAsked(Text),
    /// It is open.
    Opened {
        /// How it will be referred to.
        file: File,
        /// What it is, where the response says so (SMB 1).
        kind: Option<ShareKind>,
    },
    /// The client will not use it any more.
    Closed(File),
    /// The client wants to read.
    ReadAsked(File),
    /// The client writes; the response may carry what a pipe answers.
    Sent {
        /// Into which file or pipe.
        file: File,
        /// What it writes.
        data: Data<'a>,
    },
    /// The server returns data.
    Received {
        /// From which file or pipe; `None` when only the request said that.
        file: Option<File>,
        /// What was read.
        data: Data<'a>,
    },
}

/// The server's choice, as the two families express it.
#[derive(Debug)]
pub enum Dialect {
    /// By name.
    Named(Text),
    /// By its place among those offered (SMB 1); its name where the form of the response tells.
    Offered {
        /// Counted from 0.
        index: u16,
        /// `NT LM 0.12`, whose response has a form of its own.
        name: Option<&'static str>,
    },
    /// None of those offered (SMB 1).
    NoneFits,
}

/// Whether messages must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// The server accepts no others.
    Required,
    /// If the client wants to.
    Enabled,
    /// The server cannot.
    Disabled,
}

impl Signing {
    /// As it appears in detail.
    pub fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// What a share holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareKind {
    /// Named pipes: `IPC$`.
    Pipes,
    /// Files, printers, devices.
    Other,
}

/// An open file or pipe: `FileId`, or FID of SMB 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File(pub u128);

/// Data of a file or pipe, as far as it has arrived.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    arrived: &'a [u8],
    length: usize,
    /// How much lies within [`Front::MOST`].
    within_reach: usize,
}

impl<'a> Data<'a> {
    /// All of it that can be had, or a request for more octets.
    pub fn all(self) -> Result<&'a [u8], Stop> {
        self.at_least(self.length)
    }

    /// What has arrived, once that is `count` octets or all that can be had.
    pub fn at_least(self, count: usize) -> Result<&'a [u8], Stop> {
        match count.min(self.within_reach).checked_sub(self.arrived.len()) {
            None | Some(0) => Ok(self.arrived),
            Some(more) => Err(Stop::Incomplete { field: "data", more }),
        }
    }

    /// Octets at its end that cannot be had.
    pub fn out_of_reach(self) -> usize {
        self.length.saturating_sub(self.within_reach)
    }
}

/// The front of a message: what has arrived of it, and of a long one no more than is needed.
#[derive(Debug, Clone, Copy)]
pub struct Front<'a> {
    octets: &'a [u8],
    /// How many octets the message has.
    declared: usize,
}

impl<'a> Front<'a> {
    /// No more octets of a message are looked at: room for several of the longest RPC fragments, and
    /// well below what a caller buffers.
    pub const MOST: usize = 16 * 1024;

    /// The front of a message of `declared` octets, which begins where `octets` begin and may end
    /// before or behind their end.
    pub fn new(octets: &'a [u8], declared: usize) -> Self {
        Self { octets: octets.get(..declared.min(Self::MOST)).unwrap_or(octets), declared }
    }

    /// Reads from the first octet of the message. Past its end, or past [`Front::MOST`], is malformed.
    pub fn reader(self) -> Reader<'a> {
        if self.octets.len() < self.declared.min(Self::MOST) {
            Reader::new(self.octets)
        } else {
            Reader::bounded(self.octets)
        }
    }

    /// `length` octets from `offset`.
    pub fn field(self, offset: usize, length: usize, field: &'static str) -> Result<&'a [u8], Stop> {
        let mut r = self.reader();
        r.skip(offset, field)?;
        r.take(length, field)
    }

    /// `length` octets of data from `offset`, without waiting for them.
    pub fn data(self, offset: usize, length: usize) -> Result<Data<'a>, Stop> {
        let end = offset.saturating_add(length);
        if end > self.declared {
            return Err(self.reader().malformed("data", "overruns the message"));
        }
        let arrived = self.octets.get(offset..end.min(self.octets.len())).unwrap_or_default();
        Ok(Data { arrived, length, within_reach: length.min(Self::MOST.saturating_sub(offset)) })
    }
}

/// A name on the wire in UTF-16LE, bounded like any text.
pub fn wide(octets: &[u8]) -> Text {
    let (pairs, _) = octets.as_chunks();
    let units: Vec<u16> = pairs.iter().take(MAX_TEXT).map(|&pair| u16::from_le_bytes(pair)).collect();
    text(String::from_utf16_lossy(&units).trim_end_matches('\0').as_bytes())
}
