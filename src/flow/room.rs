//! Room in a table that has a limit: what is let go so that more fits.

use crate::flow::pressure::{LIVE, Place, SINGLE};
use crate::flow::slot::Slot;
use crate::flow::table::{Table, voices};
use crate::flow::{Endpoint, FlowKey, Observer};
use crate::time::{Span, Time};

impl<O: Observer> Table<O> {
    /// A lone SYN is to become more: whether there is room for that. Where there is none the packet is counted.
    pub(super) fn wake(&mut self, at: usize, key: &FlowKey, time: Time) -> bool {
        let Some(Slot::Single(single)) = self.flows.get(at) else { return true };
        let (server, place) = (single.destination(), Place::new(at, single.moment.frame));
        if !self.make_room(key, LIVE - SINGLE, time, Some((place, server))) {
            self.unread(key, server, time);
            return false;
        }
        if let Some(pressure) = &mut self.pressure {
            pressure.hold(key, LIVE - SINGLE);
        }
        true
    }

    /// Lets go of lone SYNs, `but` never, and of what went in order and is over, until `more` octets fit. Returns
    /// whether they do. A SYN that came just now may be answered yet: it goes last.
    pub(super) fn make_room(&mut self, key: &FlowKey, more: usize, now: Time, but: Option<(Place, Endpoint)>) -> bool {
        let mut passed_over = None;
        let fits = loop {
            let Some(pressure) = &mut self.pressure else { break true };
            if pressure.fits(key, more) {
                break true;
            }
            let Some(place) = pressure.oldest(key) else {
                if self.let_go_ordinary(key, now) {
                    continue;
                }
                break false;
            };
            if but.is_some_and(|(but, _)| place == but) {
                passed_over = but;
            } else if let Some(Slot::Single(single)) = self.flows.get(place.at())
                && single.moment.frame == place.first
            {
                let young = now.since(single.moment.time) < YOUNG;
                if young && self.let_go_ordinary(key, now) {
                    continue;
                }
                self.let_go_single(place.at());
            }
            if let Some(pressure) = &mut self.pressure {
                pressure.next_single(key);
            }
        };
        if let (Some((place, server)), Some(pressure), false) = (passed_over, &mut self.pressure, fits) {
            pressure.again(key, server, place);
        }
        fits
    }

    fn let_go_single(&mut self, at: usize) {
        let (Some(slot), Some(pressure)) = (self.flows.get_mut(at), &mut self.pressure) else { return };
        let Slot::Single(single) = slot else { return };
        let key = single.key();
        pressure.let_go(&key, single.destination(), single.moment.time);
        self.index.forget(&key, at);
        self.free.extend(u32::try_from(at));
        *slot = Slot::Gone;
    }

    /// Lets go of one flow that went in order and is over. Returns whether there was one.
    fn let_go_ordinary(&mut self, key: &FlowKey, now: Time) -> bool {
        let Some(pressure) = &mut self.pressure else { return false };
        while let Some(place) = pressure.first_over(key) {
            let at = place.at();
            let Some(Slot::Live(live)) = self.flows.get_mut(at) else {
                pressure.next_over(key);
                continue;
            };
            if live.flow.first.frame != place.first {
                pressure.next_over(key);
                continue;
            }
            if now.since(live.flow.last.time) < LATE {
                return false;
            }
            pressure.next_over(key);
            if !live.is_ordinary() || !pressure.may_go(&live.flow) {
                continue;
            }
            pressure.let_go_ordinary(&live.flow);
            voices(live).for_each(|(host, (from, to))| self.life.heard(host, from, to));
            self.index.forget(&live.flow.key, at);
            self.free.extend(u32::try_from(at));
            if let Some(slot) = self.flows.get_mut(at) {
                *slot = Slot::Gone;
            }
            return true;
        }
        false
    }

    pub(super) fn unread(&mut self, key: &FlowKey, server: Endpoint, time: Time) {
        if let Some(pressure) = &mut self.pressure {
            pressure.unread(key, server, time);
        }
    }
}

/// So long after it a SYN is most likely not answered any more.
const YOUNG: Span = Span::seconds(1);
/// Packets of a connection that is over may still come so much later; datagrams too.
const LATE: Span = Span::seconds(3);
