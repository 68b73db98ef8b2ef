//! Which description offers and which answers (RFC 3264 as used by RFC 3261 §13.2.1).

use super::head::{Head, StartLine};

/// What a description is, seen from the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    Offer,
    Answer,
}

/// The calls whose INVITE left the offer to the other side.
#[derive(Default)]
pub struct Calls {
    /// Calls by [`call`], the longest known first.
    left_open: Vec<u64>,
}

impl Calls {
    /// What the description in this message is; `None` where a body promises no media: the answer to
    /// OPTIONS lists capabilities (RFC 3261 §11.2), a refusal those that would have done (§21.4.26).
    pub fn promise(&mut self, head: &Head<'_>, has_description: bool) -> Option<Promise> {
        let call = call(head);
        match &head.start {
            StartLine::Request { method } => match &**method {
                "INVITE" if has_description => {
                    self.left_open.retain(|&open| open != call);
                    Some(Promise::Offer)
                }
                "INVITE" => {
                    if !self.left_open.contains(&call) {
                        self.left_open.truncate(MAX_CALLS - 1);
                        self.left_open.insert(0, call);
                    }
                    None
                }
                "ACK" => Some(Promise::Answer),
                "PRACK" if self.left_open.contains(&call) => Some(Promise::Answer),
                "PRACK" | "UPDATE" => Some(Promise::Offer),
                _ => None,
            },
            // Without the request in the capture an answer is likelier: most INVITEs offer.
            StartLine::Status { code: 100..300, .. } => match head.cseq_method {
                b"INVITE" if self.left_open.contains(&call) => Some(Promise::Offer),
                b"INVITE" | b"PRACK" | b"UPDATE" => Some(Promise::Answer),
                _ => None,
            },
            StartLine::Status { .. } => None,
        }
    }
}

/// Pairs a request with its replies: the call and CSeq (RFC 3261 §8.2.6.2).
pub fn transaction(head: &Head<'_>) -> u64 {
    let method = match (&head.start, head.cseq_method) {
        (StartLine::Request { method }, b"") => method.as_bytes(),
        (_, method) => method,
    };
    digest(digest(call(head), &head.cseq_number.to_be_bytes()), method)
}

fn call(head: &Head<'_>) -> u64 {
    digest(OFFSET, head.call_id)
}

/// FNV-1a: the same in every build, which the standard library's hashes do not promise.
fn digest(seed: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(seed, |sum, &octet| (sum ^ u64::from(octet)).wrapping_mul(PRIME))
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;
/// Calls in setup at one time on one flow that are remembered.
const MAX_CALLS: usize = 64;
