//! Calls: who promised whom to send and receive media, and for how long the call stood
//! (RFC 3264 as used by RFC 3261 §13; signatures.md o).

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyany_dissectors::{Media, Side};

use crate::flow::{Endpoint, Moment};
use crate::observe::{CallLife, Trace};
use crate::time::{Span, Time};

/// One direction of media that an answered call promised.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    /// Where the sender itself receives, which is where senders send from (RFC 4961).
    pub(super) sender: Endpoint,
    /// Where the media were promised to arrive.
    pub(super) receiver: Endpoint,
    /// Who signalled for the sender, and for the receiver.
    pub(super) signalling: (IpAddr, IpAddr),
    /// When the call began to be set up: from then on media may come early.
    pub(super) begun: Time,
    /// When the promise stood: answered and acknowledged.
    pub(super) from: Moment,
    /// When it ended, or the capture did.
    pub(super) to: Time,
    /// Whether the end was seen, rather than that of the capture.
    pub(super) ended: bool,
    /// The description that promised to receive.
    pub(super) said: Moment,
}

impl Promise {
    /// How long it stood.
    pub(super) fn stood(&self) -> Span {
        self.to.since(self.from.time)
    }
}

/// One description of a session, by one party of a call.
#[derive(Debug)]
struct Description<'a> {
    by: Endpoint,
    moment: Moment,
    answer: bool,
    /// Its audio lines, refused ones included: offer and answer list them in the same order (RFC 3264 §6).
    audio: Vec<&'a Media>,
}

/// What two hosts said of one call, on whichever flows.
#[derive(Debug, Default)]
struct Leg<'a> {
    descriptions: Vec<Description<'a>>,
    answered: Option<Moment>,
    acknowledged: Option<Moment>,
    /// Further descriptions may have been left out behind this moment.
    known_until: Option<Time>,
}

/// Every direction promised by every call of a trace that was answered and acknowledged.
pub(super) fn promises(trace: &Trace) -> Vec<Promise> {
    let Some((_, end)) = trace.covered else { return Vec::new() };
    let ended = ends(trace);
    let mut promises = Vec::new();
    for ((call, _), mut leg) in legs(trace) {
        // Of one time, an offer comes before its answer, whichever frame was written first.
        leg.descriptions
            .sort_by_key(|description| (description.moment.time, description.answer, description.moment.frame));
        let over = ended.get(call).copied();
        leg.promises(over, end, &mut promises);
    }
    promises
}

/// Calls by name and pair of hosts: a proxy keeps the name and may change the descriptions.
fn legs(trace: &Trace) -> BTreeMap<(&str, (IpAddr, IpAddr)), Leg<'_>> {
    let mut legs: BTreeMap<(&str, (IpAddr, IpAddr)), Leg<'_>> = BTreeMap::new();
    for one in &trace.conversations {
        let (initiator, responder) = (one.flow.initiator, one.flow.responder);
        let pair = (initiator.address.min(responder.address), initiator.address.max(responder.address));
        let full = one.seen.media_full().then(|| one.seen.media.last().map(|last| last.moment.time)).flatten();
        for promised in &one.seen.media {
            let media = &promised.media;
            let leg = legs.entry((&*media.call, pair)).or_default();
            let by = if media.side == Side::Initiator { initiator } else { responder };
            let known = leg
                .descriptions
                .last_mut()
                .filter(|last| last.by == by && last.moment == promised.moment && last.answer == media.answer);
            let description = if let Some(description) = known {
                description
            } else {
                let new = Description { by, moment: promised.moment, answer: media.answer, audio: Vec::new() };
                leg.descriptions.push_mut(new)
            };
            if &*media.kind == "audio" {
                description.audio.push(media);
            }
            leg.known_until = match (leg.known_until, full) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        for CallLife { id, answered, acknowledged, .. } in &one.seen.calls {
            let Some(leg) = legs.get_mut(&(&**id, pair)) else { continue };
            leg.answered = earlier(leg.answered, *answered);
            leg.acknowledged = earlier(leg.acknowledged, *acknowledged);
        }
    }
    legs
}

/// When each call ended, on whichever flow that was said.
fn ends(trace: &Trace) -> BTreeMap<&str, Time> {
    let mut ends = BTreeMap::new();
    for call in trace.conversations.iter().flat_map(|one| &one.seen.calls) {
        if let Some(ended) = call.ended {
            let known = ends.entry(&*call.id).or_insert(ended.time);
            *known = ended.time.min(*known);
        }
    }
    ends
}

fn earlier(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    one.into_iter().chain(other).min()
}

impl<'a> Leg<'a> {
    /// Walks through offers and answers; each pair that stood for a while promises its directions.
    fn promises(&self, over: Option<Time>, end: Time, promises: &mut Vec<Promise>) {
        let (Some(answered), Some(acknowledged)) = (self.answered, self.acknowledged) else { return };
        let Some(begun) = self.descriptions.first().map(|first| first.moment.time) else { return };
        if acknowledged.time < answered.time {
            return; // of an earlier, refused try: that of this answer is not in the capture
        }
        let over = over.filter(|&over| over >= answered.time);
        let last_known = self.known_until.unwrap_or(end);
        let mut offer: Option<&Description<'a>> = None;
        let mut standing: Option<(&Description<'a>, &Description<'a>)> = None;
        let mut stretch = |pair: Option<(&Description<'a>, &Description<'a>)>, until: Option<Time>| {
            let Some((offer, answer)) = pair else { return };
            let to = until.into_iter().chain(over).chain([last_known]).min().unwrap_or(last_known);
            let ended = until.is_some() || over.is_some();
            let frame = Frame { begun, from: answer.moment.max(acknowledged), to, ended };
            promise_both(offer, answer, &frame, promises);
        };
        for description in &self.descriptions {
            if description.answer {
                let Some(asked) = offer.filter(|offer| offer.by != description.by) else { continue };
                if standing.is_some_and(|standing| same_terms(standing, (asked, description))) {
                    continue; // sent again, or refreshed
                }
                stretch(standing.take(), Some(description.moment.time));
                standing = Some((asked, description));
            } else {
                let known = standing.is_some_and(|(offer, answer)| {
                    [offer, answer].iter().any(|old| old.by == description.by && old.same_audio(description))
                });
                offer = Some(description);
                if !known {
                    stretch(standing.take(), Some(description.moment.time));
                }
            }
        }
        stretch(standing, None);
    }
}

/// When a pair of descriptions stood.
struct Frame {
    begun: Time,
    from: Moment,
    to: Time,
    ended: bool,
}

/// The directions that an offer and its answer promise, line by line. Where the lines do not pair up, none.
fn promise_both(offer: &Description<'_>, answer: &Description<'_>, frame: &Frame, promises: &mut Vec<Promise>) {
    if offer.audio.len() != answer.audio.len() {
        return;
    }
    for (offered, answered) in offer.audio.iter().zip(&answer.audio) {
        let directions = [(offer, *offered, answer, *answered), (answer, *answered, offer, *offered)];
        for (from, sender, to, receiver) in directions {
            let open = sender.port != 0 && receiver.port != 0 && sender.sends && receiver.receives;
            let real = [sender.address, receiver.address].iter().all(|address| is_host(*address));
            if open && real && sender.address != receiver.address {
                promises.push(Promise {
                    sender: Endpoint { address: sender.address, port: sender.port },
                    receiver: Endpoint { address: receiver.address, port: receiver.port },
                    signalling: (from.by.address, to.by.address),
                    begun: frame.begun,
                    from: frame.from,
                    to: frame.to,
                    ended: frame.ended,
                    said: to.moment,
                });
            }
        }
    }
}

fn is_host(address: IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast()
}

impl Description<'_> {
    fn same_audio(&self, other: &Self) -> bool {
        let terms = |media: &&Media| (media.address, media.port, media.sends, media.receives);
        self.audio.iter().map(terms).eq(other.audio.iter().map(terms))
    }
}

type Pair<'a, 'b> = (&'a Description<'b>, &'a Description<'b>);

/// Whether two pairs of descriptions agree on the same, whoever offered.
fn same_terms(one: Pair<'_, '_>, other: Pair<'_, '_>) -> bool {
    let alike = |a: &Description<'_>, b: &Description<'_>| a.by == b.by && a.same_audio(b);
    (alike(one.0, other.0) && alike(one.1, other.1)) || (alike(one.0, other.1) && alike(one.1, other.0))
}
