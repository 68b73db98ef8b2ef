//! SMB 2 and 3 (MS-SMB2 §2.2): the header and what is needed of the bodies.

use super::message::{Content, Data, Dialect, File, Front, Message, ShareKind, Signing, Turn, wide};
use super::status::Status;
use crate::{Reader, Stop, Text};

/// Octets of a header (MS-SMB2 §2.2.1).
pub const HEADER: usize = 64;

/// The header of a message (MS-SMB2 §2.2.1).
#[derive(Debug)]
pub struct Header {
    status: u32,
    command: Command,
    flags: u32,
    next: u32,
    id: u64,
    tree: u32,
}

/// A command (MS-SMB2 §2.2.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Command(u16);

impl Header {
    /// Reads the header.
    pub fn read(front: Front<'_>) -> Result<Self, Stop> {
        let mut r = front.reader();
        r.skip(4, "protocol id")?;
        if r.u16_le("header size")? != 64 {
            return Err(r.malformed("header size", "is not 64"));
        }
        r.skip(2, "credit charge")?;
        let status = r.u32_le("status")?;
        let command = Command(r.u16_le("command")?);
        r.skip(2, "credits")?;
        let (flags, next) = (r.u32_le("flags")?, r.u32_le("next command")?);
        let id = r.u64_le("message id")?;
        r.skip(4, "process id")?;
        let tree = r.u32_le("tree id")?;
        r.skip(8 + 16, "session id and signature")?;
        Ok(Self { status, command, flags, next, id, tree })
    }

    /// Octets to the next message of a compound of which `left` octets are left; `None` if there is none.
    pub fn next(&self, left: usize) -> Option<usize> {
        let next = usize::try_from(self.next).ok()?;
        (HEADER..left).contains(&next).then_some(next)
    }

    fn turn(&self) -> Turn {
        if self.id == UNSOLICITED || self.command == Command::CANCEL {
            Turn::OneWay
        } else if self.flags & FROM_SERVER != 0 {
            Turn::Response(Status::Nt(self.status))
        } else {
            Turn::Request
        }
    }

    /// The tree id; messages under way asynchronously have none (MS-SMB2 §2.2.1.1).
    fn tree(&self) -> u32 {
        if self.flags & ASYNCHRONOUS != 0 { 0 } else { self.tree }
    }
}

/// The message behind `header`. A body that cannot be understood is left alone: the header is good
/// all the same.
pub fn read<'a>(header: &Header, front: Front<'a>) -> Result<Message<'a>, Stop> {
    let turn = header.turn();
    let content = match turn {
        Turn::Request => request(header.command, front),
        Turn::Response(status) if status.has_content() => response(header.command, front),
        Turn::Response(_) | Turn::OneWay => Ok(None),
    };
    let contents = match content {
        Ok(content) => content.into_iter().collect(),
        Err(Stop::Malformed { .. }) => Vec::new(),
        Err(incomplete) => return Err(incomplete),
    };
    let command = header.command;
    Ok(Message {
        id: header.id,
        command: command.name(),
        succeeded: command.succeeded(),
        turn,
        tree: header.tree(),
        contents,
    })
}

fn request(command: Command, front: Front<'_>) -> Result<Option<Content<'_>>, Stop> {
    let mut r = front.reader();
    r.skip(HEADER + 2, "header and body size")?;
    Ok(Some(match command {
        Command::NEGOTIATE => {
            // §2.2.3
            let count = usize::from(r.u16_le("dialect count")?).min(MOST_DIALECTS);
            r.skip(2 + 2 + 4 + 16 + 8, "security mode to negotiate contexts")?;
            let dialects = (0..count).map(|_| r.u16_le("dialect").map(dialect));
            Content::DialectsOffered(dialects.collect::<Result<_, _>>()?)
        }
        Command::TREE_CONNECT => {
            // §2.2.9
            r.skip(2, "flags")?;
            let (offset, length) = (r.u16_le("path offset")?, r.u16_le("path length")?);
            Content::ShareAsked(wide(front.field(offset.into(), length.into(), "path")?))
        }
        Command::CREATE => {
            // §2.2.13
            r.skip(1 + 1 + 4 + 8 + 8 + 4 + 4 + 4 + 4 + 4, "security flags to create options")?;
            let (offset, length) = (r.u16_le("name offset")?, r.u16_le("name length")?);
            Content::OpenAsked(wide(front.field(offset.into(), length.into(), "name")?))
        }
        Command::CLOSE => {
            // §2.2.15
            r.skip(2 + 4, "flags")?;
            Content::Closed(file(&mut r)?)
        }
        Command::READ => {
            // §2.2.19
            r.skip(1 + 1 + 4 + 8, "padding to offset")?;
            Content::ReadAsked(file(&mut r)?)
        }
        Command::WRITE => {
            // §2.2.21
            let offset = u32::from(r.u16_le("data offset")?);
            let length = r.u32_le("length")?;
            r.skip(8, "offset")?;
            Content::Sent { file: file(&mut r)?, data: data(front, offset, length)? }
        }
        Command::IOCTL => {
            // §2.2.31
            r.skip(2, "reserved")?;
            if r.u32_le("control code")? != PIPE_TRANSCEIVE {
                return Ok(None);
            }
            let file = file(&mut r)?;
            let (offset, length) = (r.u32_le("input offset")?, r.u32_le("input count")?);
            Content::Sent { file, data: data(front, offset, length)? }
        }
        _ => return Ok(None),
    }))
}

fn response(command: Command, front: Front<'_>) -> Result<Option<Content<'_>>, Stop> {
    let mut r = front.reader();
    r.skip(HEADER + 2, "header and body size")?;
    Ok(Some(match command {
        Command::NEGOTIATE => {
            // §2.2.4
            let signing = match r.u16_le("security mode")? {
                mode if mode & 2 != 0 => Signing::Required,
                mode if mode & 1 != 0 => Signing::Enabled,
                _ => Signing::Disabled,
            };
            let dialect = Dialect::Named(dialect(r.u16_le("dialect revision")?));
            Content::DialectChosen { dialect, signing: Some(signing) }
        }
        Command::SESSION_SETUP => {
            // §2.2.6
            r.skip(2, "session flags")?;
            let (offset, length) = (r.u16_le("token offset")?, r.u16_le("token length")?);
            Content::Token(front.field(offset.into(), length.into(), "token")?)
        }
        Command::TREE_CONNECT => {
            // §2.2.10
            let pipes = r.u8("share type")? == PIPE_SHARE;
            Content::ShareGiven(if pipes { ShareKind::Pipes } else { ShareKind::Other })
        }
        Command::CREATE => {
            // §2.2.14
            r.skip(1 + 1 + 4 + 4 * 8 + 8 + 8 + 4 + 4, "oplock level to file attributes")?;
            Content::Opened { file: file(&mut r)?, kind: None }
        }
        Command::READ => {
            // §2.2.20
            let offset = u32::from(r.u8("data offset")?);
            r.skip(1, "reserved")?;
            let length = r.u32_le("data length")?;
            Content::Received { file: None, data: data(front, offset, length)? }
        }
        Command::IOCTL => {
            // §2.2.32
            r.skip(2, "reserved")?;
            if r.u32_le("control code")? != PIPE_TRANSCEIVE {
                return Ok(None);
            }
            let file = file(&mut r)?;
            r.skip(4 + 4, "input")?;
            let (offset, length) = (r.u32_le("output offset")?, r.u32_le("output count")?);
            Content::Received { file: Some(file), data: data(front, offset, length)? }
        }
        _ => return Ok(None),
    }))
}

/// `SMB2_FILEID` (§2.2.14.1).
fn file(r: &mut Reader<'_>) -> Result<File, Stop> {
    let (persistent, volatile) = (r.u64_le("persistent file id")?, r.u64_le("volatile file id")?);
    Ok(File(u128::from(persistent) << 64 | u128::from(volatile)))
}

fn data(front: Front<'_>, offset: u32, length: u32) -> Result<Data<'_>, Stop> {
    match (usize::try_from(offset), usize::try_from(length)) {
        (Ok(offset), Ok(length)) => front.data(offset, length),
        _ => Err(front.reader().malformed("data", "overruns the message")),
    }
}

/// A dialect revision in the words of §1.7.
fn dialect(revision: u16) -> Text {
    match revision {
        0x0202 => "SMB 2.0.2".into(),
        0x0210 => "SMB 2.1".into(),
        0x0300 => "SMB 3.0".into(),
        0x0302 => "SMB 3.0.2".into(),
        0x0311 => "SMB 3.1.1".into(),
        // Any of SMB 2: the answer to a negotiation begun in SMB 1 (§3.3.5.3.2).
        0x02ff => "SMB 2.???".into(),
        _ => format!("SMB 0x{revision:04x}").into(),
    }
}

impl Command {
    const NEGOTIATE: Self = Self(0);
    const SESSION_SETUP: Self = Self(1);
    const TREE_CONNECT: Self = Self(3);
    const CREATE: Self = Self(5);
    const CLOSE: Self = Self(6);
    const READ: Self = Self(8);
    const WRITE: Self = Self(9);
    const IOCTL: Self = Self(11);
    const CANCEL: Self = Self(12);

    /// As §2.2.1.2 names it.
    fn name(self) -> Text {
        match NAMES.get(usize::from(self.0)) {
            Some(&(name, _)) => name.into(),
            None => format!("command 0x{:04x}", self.0).into(),
        }
    }

    /// The words of an answer to it that reports success.
    fn succeeded(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).map(|(_, succeeded)| *succeeded)
    }
}

macro_rules! names {
    ($($name:literal)*) => {
        /// Commands by their number, §2.2.1.2, and the words of the answers to those that succeeded.
        const NAMES: &[(&str, &str)] = &[$(($name, concat!($name, " STATUS_SUCCESS")),)*];
    };
}

names! {
    "NEGOTIATE"
    "SESSION_SETUP"
    "LOGOFF"
    "TREE_CONNECT"
    "TREE_DISCONNECT"
    "CREATE"
    "CLOSE"
    "FLUSH"
    "READ"
    "WRITE"
    "LOCK"
    "IOCTL"
    "CANCEL"
    "ECHO"
    "QUERY_DIRECTORY"
    "CHANGE_NOTIFY"
    "QUERY_INFO"
    "SET_INFO"
    "OPLOCK_BREAK"
}

/// The message id of an oplock or lease break (§2.2.23), which nobody asked for.
const UNSOLICITED: u64 = u64::MAX;

/// Header flags, §2.2.1.2.
const FROM_SERVER: u32 = 0x0000_0001;
const ASYNCHRONOUS: u32 = 0x0000_0002;

/// `SMB2_SHARE_TYPE_PIPE`, §2.2.10.
const PIPE_SHARE: u8 = 0x02;

/// `FSCTL_PIPE_TRANSCEIVE`, §2.2.31: write into a pipe and read its answer at once.
const PIPE_TRANSCEIVE: u32 = 0x0011_c017;

/// At most so many dialects are kept; there are six.
const MOST_DIALECTS: usize = 16;
