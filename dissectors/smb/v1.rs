//! SMB 1 (MS-CIFS §2.2, MS-SMB §2.2): the header and what is needed of the commands.

use super::message::{Content, Dialect, File, Front, Message, ShareKind, Signing, Turn, wide};
use super::status::Status;
use crate::{Reader, Stop, Text, text};

/// Octets of the shortest message: a header (MS-CIFS §2.2.3.1), no words, no bytes.
pub const SHORTEST: usize = HEADER + 3;

/// The message. A command that cannot be understood is left alone: the header is good all the same.
pub fn read(front: Front<'_>) -> Result<Message<'_>, Stop> {
    let mut r = front.reader();
    r.skip(4, "protocol id")?;
    let command = Command(r.u8("command")?);
    let status = r.u32_le("status")?;
    let flags = r.u8("flags")?;
    let flags2 = r.u16_le("flags2")?;
    r.skip(2 + 8 + 2, "process id, signature")?;
    let tree = r.u16_le("tree id")?;
    let process = r.u16_le("process id")?;
    r.skip(2, "user id")?;
    let multiplex = r.u16_le("multiplex id")?;
    let turn = match command {
        Command::NT_CANCEL => Turn::OneWay,
        _ if multiplex == UNSOLICITED => Turn::OneWay,
        _ if flags & REPLY != 0 => Turn::Response(outcome(status, flags2)),
        _ => Turn::Request,
    };
    let contents = match chain(command, turn, flags2 & UNICODE != 0, front) {
        (contents, Ok(()) | Err(Stop::Malformed { .. })) => contents,
        (_, Err(incomplete)) => return Err(incomplete),
    };
    let id = u64::from(process) << 16 | u64::from(multiplex);
    Ok(Message { id, command: command.name(), succeeded: None, turn, tree: tree.into(), contents })
}

/// The status, in the form that the flags announce.
fn outcome(status: u32, flags2: u16) -> Status {
    let [class, reserved, code @ ..] = status.to_le_bytes();
    let code = u16::from_le_bytes(code);
    // STATUS_SMB_BAD_UID and its like are DOS errors in the guise of NT ones (MS-CIFS §2.2.2.4).
    let disguised = matches!(class, 1..=3) && reserved == 0 && (1..0x4000).contains(&code);
    if flags2 & NT_STATUS != 0 && !disguised { Status::Nt(status) } else { Status::Dos { class, code } }
}

/// The contents of a command and of those chained behind it (MS-CIFS §2.2.3.4), up to the first that
/// cannot be understood.
fn chain(command: Command, turn: Turn, unicode: bool, front: Front<'_>) -> (Vec<Content<'_>>, Result<(), Stop>) {
    let mut contents = Vec::new();
    let (mut command, mut at) = (command, HEADER);
    for _ in 0..LONGEST_CHAIN {
        let block = match Block::read(front, at, unicode) {
            Ok(block) => block,
            Err(stop) => return (contents, Err(stop)),
        };
        let content = match turn {
            Turn::Request => block.request(command),
            Turn::Response(status) if status.has_content() => block.response(command),
            Turn::Response(_) | Turn::OneWay => Ok(None),
        };
        match content {
            Ok(content) => contents.extend(content),
            Err(stop) => return (contents, Err(stop)),
        }
        match block.next(command) {
            Some((next, offset)) if offset > at => (command, at) = (next, offset),
            _ => break,
        }
    }
    (contents, Ok(()))
}

/// The parameters and data of one command.
#[derive(Debug, Clone, Copy)]
struct Block<'a> {
    front: Front<'a>,
    /// The parameter words.
    words: Reader<'a>,
    /// Offset of the data in the message.
    bytes_at: usize,
    /// How many octets of data there are.
    bytes: usize,
    /// Whether names are in UTF-16.
    unicode: bool,
}

impl<'a> Block<'a> {
    fn read(front: Front<'a>, at: usize, unicode: bool) -> Result<Self, Stop> {
        let mut r = front.reader();
        r.skip(at, "command offset")?;
        let count = usize::from(r.u8("word count")?);
        let words = r.sub(2 * count, "words")?;
        let bytes = r.u16_le("byte count")?.into();
        Ok(Self { front, words, bytes_at: r.position(), bytes, unicode })
    }

    /// The next command of the chain and its offset.
    fn next(&self, command: Command) -> Option<(Command, usize)> {
        let mut words = self.words;
        let next = Command(command.chains().then(|| words.u8("next command").ok()).flatten()?);
        words.skip(1, "reserved").ok()?;
        let offset = words.u16_le("next offset").ok()?;
        (next != Command::NONE).then_some((next, offset.into()))
    }

    /// All the data.
    fn bytes(&self) -> Result<&'a [u8], Stop> {
        self.front.field(self.bytes_at, self.bytes, "bytes")
    }

    /// A name behind `before` octets of data, up to its NUL; in UTF-16 it is aligned to the message.
    fn name(&self, before: usize) -> Result<Text, Stop> {
        let at = self.bytes_at.saturating_add(before);
        let padding = if self.unicode { at % 2 } else { 0 };
        let octets = self.bytes()?.get(before.saturating_add(padding)..).unwrap_or_default();
        if self.unicode {
            let (units, _) = octets.as_chunks::<2>();
            let units = units.split(|unit| *unit == [0, 0]).next().unwrap_or_default();
            Ok(wide(units.as_flattened()))
        } else {
            Ok(text(octets.split(|&octet| octet == 0).next().unwrap_or_default()))
        }
    }

    fn request(&self, command: Command) -> Result<Option<Content<'a>>, Stop> {
        let mut words = self.words;
        Ok(Some(match command {
            // MS-CIFS §2.2.4.52.1: a format octet 2 and a NUL around each dialect.
            Command::NEGOTIATE => {
                let dialects = self.bytes()?.split(|&octet| octet == 0);
                let dialects = dialects.filter_map(|dialect| dialect.strip_prefix(&[2]));
                Content::DialectsOffered(dialects.take(MOST_DIALECTS).map(text).collect())
            }
            // MS-CIFS §2.2.4.55.1
            Command::TREE_CONNECT_ANDX => {
                words.skip(ANDX + 2, "flags")?;
                Content::ShareAsked(self.name(words.u16_le("password length")?.into())?)
            }
            // MS-CIFS §2.2.4.64.1
            Command::NT_CREATE_ANDX => Content::OpenAsked(self.name(0)?),
            // MS-CIFS §2.2.4.5.1
            Command::CLOSE => Content::Closed(file(&mut words)?),
            // MS-CIFS §2.2.4.42.1
            Command::READ_ANDX => {
                words.skip(ANDX, "next command")?;
                Content::ReadAsked(file(&mut words)?)
            }
            // MS-CIFS §2.2.4.43.1
            Command::WRITE_ANDX => {
                words.skip(ANDX, "next command")?;
                let file = file(&mut words)?;
                words.skip(4 + 4, "offset and timeout")?;
                let mode = words.u16_le("write mode")?;
                words.skip(2, "remaining")?;
                let (high, low) = (words.u16_le("data length")?, words.u16_le("data length")?);
                let (length, offset) = (long(high, low), usize::from(words.u16_le("data offset")?));
                // The first message in raw mode begins with its own length.
                let lead = if mode & RAW_START == RAW_START { 2.min(length) } else { 0 };
                Content::Sent { file, data: self.front.data(offset + lead, length - lead)? }
            }
            // MS-CIFS §2.2.5.6.1
            Command::TRANSACTION => {
                words.skip(22, "counts to parameter offset")?;
                let (length, offset) = (words.u16_le("data count")?, words.u16_le("data offset")?);
                words.skip(2, "setup count")?;
                if words.u16_le("pipe function")? != TRANSACT {
                    return Ok(None);
                }
                let file = file(&mut words)?;
                Content::Sent { file, data: self.front.data(offset.into(), length.into())? }
            }
            _ => return Ok(None),
        }))
    }

    fn response(&self, command: Command) -> Result<Option<Content<'a>>, Stop> {
        let mut words = self.words;
        Ok(Some(match command {
            // MS-CIFS §2.2.4.52.2
            Command::NEGOTIATE => {
                let nt = (words.remaining() == NT_NEGOTIATE_WORDS).then_some("NT LM 0.12");
                let dialect = match words.u16_le("dialect index")? {
                    u16::MAX => Dialect::NoneFits,
                    index => Dialect::Offered { index, name: nt },
                };
                let signing = nt.and_then(|_| words.u8("security mode").ok()).map(|mode| match mode {
                    mode if mode & 8 != 0 => Signing::Required,
                    mode if mode & 4 != 0 => Signing::Enabled,
                    _ => Signing::Disabled,
                });
                Content::DialectChosen { dialect, signing }
            }
            // MS-SMB §2.2.4.6.2
            Command::SESSION_SETUP_ANDX => Content::Token(self.bytes()?),
            // MS-CIFS §2.2.4.55.2
            Command::TREE_CONNECT_ANDX => {
                let pipes = self.bytes()?.starts_with(b"IPC\0");
                Content::ShareGiven(if pipes { ShareKind::Pipes } else { ShareKind::Other })
            }
            // MS-CIFS §2.2.4.64.2
            Command::NT_CREATE_ANDX => {
                words.skip(ANDX + 1, "oplock level")?;
                let file = file(&mut words)?;
                words.skip(4 + 4 * 8 + 4 + 8 + 8, "create action to end of file")?;
                let pipe = matches!(words.u16_le("resource type")?, BYTE_PIPE | MESSAGE_PIPE);
                Content::Opened { file, kind: Some(if pipe { ShareKind::Pipes } else { ShareKind::Other }) }
            }
            // MS-CIFS §2.2.4.42.2
            Command::READ_ANDX => {
                words.skip(ANDX + 2 + 2 + 2, "available")?;
                let (low, offset) = (words.u16_le("data length")?, words.u16_le("data offset")?);
                let length = long(words.u16_le("data length")?, low);
                Content::Received { file: None, data: self.front.data(offset.into(), length)? }
            }
            // MS-CIFS §2.2.5.6.2
            Command::TRANSACTION => {
                words.skip(12, "counts to parameter displacement")?;
                let (length, offset) = (words.u16_le("data count")?, words.u16_le("data offset")?);
                Content::Received { file: None, data: self.front.data(offset.into(), length.into())? }
            }
            _ => return Ok(None),
        }))
    }
}

fn file(words: &mut Reader<'_>) -> Result<File, Stop> {
    words.u16_le("file id").map(|id| File(id.into()))
}

/// A length in two parts (MS-SMB §2.2.4.2, §2.2.4.3).
fn long(high: u16, low: u16) -> usize {
    usize::from(high) << 16 | usize::from(low)
}

/// A command (MS-CIFS §2.2.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Command(u8);

impl Command {
    const CLOSE: Self = Self(0x04);
    const TRANSACTION: Self = Self(0x25);
    const READ_ANDX: Self = Self(0x2e);
    const WRITE_ANDX: Self = Self(0x2f);
    const NEGOTIATE: Self = Self(0x72);
    const SESSION_SETUP_ANDX: Self = Self(0x73);
    const TREE_CONNECT_ANDX: Self = Self(0x75);
    const NT_CREATE_ANDX: Self = Self(0xa2);
    const NT_CANCEL: Self = Self(0xa4);
    /// The end of a chain.
    const NONE: Self = Self(0xff);

    /// Whether another command may be chained behind it.
    fn chains(self) -> bool {
        matches!(self.0, 0x24 | 0x2d | 0x2e | 0x2f | 0x73 | 0x74 | 0x75 | 0xa2)
    }

    /// As MS-CIFS §2.2.2.1 names it, if it is still in use.
    fn name(self) -> Text {
        match self.0 {
            0x00 => "CREATE_DIRECTORY",
            0x01 => "DELETE_DIRECTORY",
            0x04 => "CLOSE",
            0x05 => "FLUSH",
            0x06 => "DELETE",
            0x07 => "RENAME",
            0x08 => "QUERY_INFORMATION",
            0x09 => "SET_INFORMATION",
            0x0a => "READ",
            0x0b => "WRITE",
            0x10 => "CHECK_DIRECTORY",
            0x24 => "LOCKING_ANDX",
            0x25 => "TRANSACTION",
            0x26 => "TRANSACTION_SECONDARY",
            0x2b => "ECHO",
            0x2d => "OPEN_ANDX",
            0x2e => "READ_ANDX",
            0x2f => "WRITE_ANDX",
            0x32 => "TRANSACTION2",
            0x33 => "TRANSACTION2_SECONDARY",
            0x34 => "FIND_CLOSE2",
            0x70 => "TREE_CONNECT",
            0x71 => "TREE_DISCONNECT",
            0x72 => "NEGOTIATE",
            0x73 => "SESSION_SETUP_ANDX",
            0x74 => "LOGOFF_ANDX",
            0x75 => "TREE_CONNECT_ANDX",
            0x80 => "QUERY_INFORMATION_DISK",
            0xa0 => "NT_TRANSACT",
            0xa1 => "NT_TRANSACT_SECONDARY",
            0xa2 => "NT_CREATE_ANDX",
            0xa4 => "NT_CANCEL",
            0xa5 => "NT_RENAME",
            other => return format!("command 0x{other:02x}").into(),
        }
        .into()
    }
}

/// Octets of a header, MS-CIFS §2.2.3.1.
const HEADER: usize = 32;

/// Octets of words that chain a command to the next.
const ANDX: usize = 4;

/// The multiplex id of a server's oplock break (MS-CIFS §3.3.4.2), which nobody asked for.
const UNSOLICITED: u16 = 0xffff;

/// Flags and flags2, MS-CIFS §2.2.3.1.
const REPLY: u8 = 0x80;
const NT_STATUS: u16 = 0x4000;
const UNICODE: u16 = 0x8000;

/// `RAW_MODE` and `MSG_START` of a write into a pipe, MS-CIFS §2.2.4.43.1.
const RAW_START: u16 = 0x0004 | 0x0008;

/// `TRANS_TRANSACT_NMPIPE`, MS-CIFS §2.2.5.6: write into a pipe and read its answer at once.
const TRANSACT: u16 = 0x0026;

/// Resource types, MS-CIFS §2.2.4.64.2.
const BYTE_PIPE: u16 = 1;
const MESSAGE_PIPE: u16 = 2;

/// Octets of words in the response of the dialect NT LM 0.12, MS-CIFS §2.2.4.52.2.
const NT_NEGOTIATE_WORDS: usize = 34;

/// At most so many dialects are kept; clients offer up to a dozen.
const MOST_DIALECTS: usize = 16;

/// No longer chain is followed; real ones have two or three commands.
const LONGEST_CHAIN: usize = 4;
