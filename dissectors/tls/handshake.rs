//! Handshake messages put together across records (RFC 8446 §5.1), keeping only what is read.

use crate::{Reader, Stop};

/// A handshake message of which something is read.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// The body of a ClientHello.
    ClientHello(Vec<u8>),
    /// The body of a ServerHello.
    ServerHello(Vec<u8>),
    /// The first certificate of a chain, in DER.
    Certificate(Vec<u8>),
    /// Any other, or one that is too long to be kept.
    Other,
}

/// The handshake octets of one side.
#[derive(Debug, Default)]
pub struct Assembly {
    /// The front of the current message.
    kept: Vec<u8>,
    /// Octets of a message that was read, or shall not be.
    skip: usize,
    /// Whether the stream of handshake octets broke: nothing can be found in it any more.
    lost: bool,
}

impl Assembly {
    /// Takes the next fragment and hands over each message that is now known.
    pub fn take(&mut self, mut fragment: &[u8], mut found: impl FnMut(Message)) {
        while !fragment.is_empty() && !self.lost {
            let skipped = self.skip.min(fragment.len());
            self.skip -= skipped;
            fragment = fragment.get(skipped..).unwrap_or_default();
            let Ok(needed) = needed(&self.kept) else { return self.lose() };
            let taken = needed.min(fragment.len());
            let (front, rest) = fragment.split_at_checked(taken).unwrap_or((fragment, &[]));
            self.kept.extend_from_slice(front);
            fragment = rest;
            if self.kept.len() >= HEADER {
                self.finish(&mut found);
            }
        }
    }

    /// Handshake octets were lost.
    pub fn lose(&mut self) {
        *self = Self { lost: true, ..Self::default() };
    }

    /// A message begins with the next fragment, as far as can be known after a loss.
    pub fn restart(&mut self) {
        *self = Self::default();
    }

    fn finish(&mut self, found: &mut impl FnMut(Message)) {
        if !matches!(needed(&self.kept), Ok(0)) {
            return;
        }
        let kept = std::mem::take(&mut self.kept);
        let Ok((kind, length)) = header(&kept) else { return self.lose() };
        self.skip = (length + HEADER).saturating_sub(kept.len());
        found(match kind {
            _ if length > MAX_HELLO && kind != CERTIFICATE => Message::Other,
            CLIENT_HELLO => Message::ClientHello(kept.get(HEADER..).unwrap_or_default().to_vec()),
            SERVER_HELLO => Message::ServerHello(kept.get(HEADER..).unwrap_or_default().to_vec()),
            CERTIFICATE if kept.len() > CHAIN_HEADER => {
                Message::Certificate(kept.get(CHAIN_HEADER..).unwrap_or_default().to_vec())
            }
            _ => Message::Other,
        });
    }
}

/// How many more octets the message must have before it is read; `kept` are its first ones.
fn needed(kept: &[u8]) -> Result<usize, Stop> {
    if kept.len() < HEADER {
        return Ok(HEADER - kept.len());
    }
    let (kind, length) = header(kept)?;
    let wanted = match kind {
        CLIENT_HELLO | SERVER_HELLO if length <= MAX_HELLO => HEADER + length,
        CERTIFICATE if length < CHAIN_HEADER - HEADER => HEADER,
        CERTIFICATE if kept.len() < CHAIN_HEADER => CHAIN_HEADER,
        CERTIFICATE => {
            let mut r = Reader::new(kept.get(HEADER + 3..).unwrap_or_default());
            let first = usize::try_from(r.u24_be("certificate length")?).unwrap_or(usize::MAX);
            // A chain that does not hold its first certificate, or one of absurd size, is not read.
            let fits = first <= MAX_CERTIFICATE && first <= length.saturating_sub(CHAIN_HEADER - HEADER);
            if fits { CHAIN_HEADER + first } else { CHAIN_HEADER }
        }
        _ => HEADER,
    };
    Ok(wanted.saturating_sub(kept.len()))
}

fn header(kept: &[u8]) -> Result<(u8, usize), Stop> {
    let mut r = Reader::new(kept);
    let kind = r.u8("handshake type")?;
    let length = usize::try_from(r.u24_be("handshake length")?).unwrap_or(usize::MAX);
    if !TYPES.contains(&kind) {
        return Err(r.malformed("handshake type", "is none"));
    }
    Ok((kind, length))
}

const HEADER: usize = 4;
/// Behind it the first certificate begins: the lengths of the chain and of the certificate.
const CHAIN_HEADER: usize = HEADER + 3 + 3;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
/// The types that specifications name; others come from encrypted octets.
pub const TYPES: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 67];
/// Hybrid key shares take 2 KB, tickets and padding some more.
const MAX_HELLO: usize = 16 * 1024;
const MAX_CERTIFICATE: usize = 16 * 1024;
