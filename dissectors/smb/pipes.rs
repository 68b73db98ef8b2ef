//! Named pipes that are open, and the DCE/RPC conversation in each (MS-RPCE §2.1.1.2).

use std::collections::VecDeque;

use super::message::{Data, File};
use crate::dcerpc::{self, Connection};
use crate::{Dialogue, Fact, Hint, Probe, Side, Stop, Text, Transport};

/// The pipes of one SMB connection; the oldest gives way when there are too many.
#[derive(Default)]
pub struct Pipes {
    open: VecDeque<Pipe>,
}

/// An open file that is, or may turn out to be, a pipe.
struct Pipe {
    file: File,
    /// `None` when it was opened before the capture began.
    name: Option<Text>,
    talk: Option<Talk>,
}

/// What is said in a pipe.
struct Talk {
    connection: Connection,
    requests: Flow,
    responses: Flow,
}

/// Data on its way through a pipe.
#[derive(Debug, Clone, Copy)]
pub struct Speech<'a> {
    side: Side,
    file: File,
    octets: &'a [u8],
    /// How many more octets there are that cannot be had.
    lost: usize,
}

/// One direction of a pipe.
#[derive(Default)]
struct Flow {
    /// The front of a PDU whose rest comes with the next read or write.
    held: Vec<u8>,
    /// Octets of the next reads or writes that need not be seen.
    skip: usize,
}

impl Pipes {
    /// A file was opened that may be a pipe.
    pub fn open(&mut self, file: File, name: Option<Text>) {
        self.close(file);
        if self.open.len() >= MOST_PIPES {
            self.open.pop_front();
        }
        self.open.push_back(Pipe { file, name, talk: None });
    }

    /// A file was closed.
    pub fn close(&mut self, file: File) {
        self.open.retain(|pipe| pipe.file != file);
    }

    /// What `side` says in the pipe `file`, asking for more octets where some have not yet arrived;
    /// `None` when it is none of DCE/RPC.
    pub fn speech<'a>(&self, side: Side, file: File, data: Data<'a>) -> Result<Option<Speech<'a>>, Stop> {
        let talks = self.open.iter().any(|pipe| pipe.file == file && pipe.talk.is_some());
        if !talks && !begins_rpc(data.at_least(RPC_HEADER)?) {
            return Ok(None);
        }
        Ok(Some(Speech { side, file, octets: data.all()?, lost: data.out_of_reach() }))
    }

    /// Tells what was said in a pipe. One that was opened before the capture began is taken up where it is.
    pub fn hear(&mut self, speech: Speech<'_>, tell: &mut dyn FnMut(Fact)) {
        if !self.open.iter().any(|pipe| pipe.file == speech.file) {
            self.open(speech.file, None);
        }
        let Some(pipe) = self.open.iter_mut().find(|pipe| pipe.file == speech.file) else { return };
        if let (None, Some(name)) = (&pipe.talk, &pipe.name) {
            tell(Fact::Member { key: "pipe", value: name.clone().into() });
        }
        let name = pipe.name.clone().unwrap_or_else(|| UNSEEN.into());
        pipe.talk.get_or_insert_with(|| Talk::in_pipe(name)).hear(speech, tell);
    }

    /// Octets of `side` were lost, of any pipe.
    pub fn gap(&mut self, side: Side) {
        for talk in self.open.iter_mut().filter_map(|pipe| pipe.talk.as_mut()) {
            talk.gap(side);
        }
    }
}

impl Talk {
    fn in_pipe(name: Text) -> Self {
        Self { connection: Connection::over_pipe(name), requests: Flow::default(), responses: Flow::default() }
    }

    fn flow(&mut self, side: Side) -> &mut Flow {
        match side {
            Side::Initiator => &mut self.requests,
            Side::Responder => &mut self.responses,
        }
    }

    fn hear(&mut self, speech: Speech<'_>, tell: &mut dyn FnMut(Fact)) {
        let Speech { side, octets, lost, .. } = speech;
        let flow = self.flow(side);
        let passed = flow.skip.min(octets.len());
        let skip = flow.skip - passed;
        let mut unread = std::mem::take(&mut flow.held);
        unread.extend_from_slice(octets.get(passed..).unwrap_or_default());
        let rest = match self.pdus(side, &unread, tell) {
            Some(Rest::Ahead(ahead)) => skip.saturating_add(ahead).checked_sub(lost).map(|skip| (skip, &[][..])),
            Some(Rest::Held(held)) if lost == 0 => Some((skip, held)),
            Some(Rest::Held(_)) | None => None,
        };
        match rest {
            Some((skip, held)) => *self.flow(side) = Flow { held: held.to_vec(), skip },
            None => self.gap(side),
        }
    }

    /// Reads PDU after PDU; `None` when one does not fit, or is too long to be held.
    fn pdus<'a>(&mut self, side: Side, octets: &'a [u8], tell: &mut dyn FnMut(Fact)) -> Option<Rest<'a>> {
        // SMB's own requests and replies are what is timed.
        let tell = &mut |fact| {
            if !matches!(fact, Fact::Service(_) | Fact::Request { .. } | Fact::Reply { .. }) {
                tell(fact);
            }
        };
        let mut at = 0;
        loop {
            let rest = octets.get(at..).unwrap_or_default();
            if rest.is_empty() {
                return Some(Rest::Ahead(at - octets.len()));
            }
            match self.connection.read(side, rest, tell) {
                Ok(read) if read > 0 => at = at.saturating_add(read),
                Err(Stop::Incomplete { .. }) if rest.len() <= MOST_HELD => return Some(Rest::Held(rest)),
                _ => return None,
            }
        }
    }

    fn gap(&mut self, side: Side) {
        *self.flow(side) = Flow::default();
        // A PDU begins with each write of a client, so the way back is never far.
        self.connection.gap(side);
    }
}

/// Where reading PDUs came to an end.
enum Rest<'a> {
    /// So many octets behind those that were there.
    Ahead(usize),
    /// Before these, which are the front of a PDU.
    Held(&'a [u8]),
}

/// Whether octets are so clearly the front of a PDU that no file would begin with them.
fn begins_rpc(octets: &[u8]) -> bool {
    let hint =
        Hint { transport: Transport::Tcp, initiator_port: 0, responder_port: 0, side: Side::Initiator, octets };
    !octets.is_empty() && (dcerpc::PROTOCOL.probe)(&hint) == Probe::Yes
}

/// Stands for the name of a pipe that was opened before the capture began.
const UNSEEN: &str = "(opened unseen)";

/// Octets of the header of a connection-oriented PDU (C706 §12.6.3.1).
const RPC_HEADER: usize = 16;

/// At most so many pipes are kept per connection.
const MOST_PIPES: usize = 16;

/// At most so many octets of an unfinished PDU are kept per direction: Windows sends fragments of 4280
/// and 5840 octets, and understanding one takes little more than its header.
const MOST_HELD: usize = 4 * 1024;
