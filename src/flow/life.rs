//! Signs of life: when each host was heard from, whatever it said and to whom.

use std::net::IpAddr;

use hashbrown::HashMap;

use crate::time::{Span, Time};

/// For each address, the stretches of time in which it was heard at this vantage point. Moments
/// closer than [`JOIN`] belong to one stretch, so that the size depends on a capture's length, not
/// on its packets, and the union of two tables does not depend on how packets were divided.
#[derive(Debug, Clone, Default)]
pub struct Life {
    hosts: HashMap<IpAddr, Vec<Stretch>, foldhash::fast::RandomState>,
}

/// From the first to the last moment heard.
pub(super) type Stretch = (Time, Time);

/// The latest stretch of one voice: a host on one side of a flow, or in frames that belong to none. Kept
/// where the packet is counted anyway, so that [`Life`] is asked once a stretch and not once a packet.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Voice(Option<Stretch>);

impl Voice {
    /// It is heard at `time`; returns the stretch that ended before, if one did.
    pub(super) fn heard(&mut self, time: Time) -> Option<Stretch> {
        match &mut self.0 {
            Some((from, to)) if time.since(*to).length() <= JOIN => {
                (*from, *to) = ((*from).min(time), (*to).max(time));
                None
            }
            stretch => stretch.replace((time, time)),
        }
    }

    /// The stretch that goes on.
    pub(super) fn stretch(self) -> Option<Stretch> {
        self.0
    }
}

impl Life {
    /// The host was heard from `from` to `to` without a pause of [`JOIN`] or more.
    pub fn heard(&mut self, host: IpAddr, from: Time, to: Time) {
        // Most hosts of a flood are heard once.
        let stretches = self.hosts.entry(host).or_insert_with(|| Vec::with_capacity(1));
        // The stretches that touch the new one lie side by side.
        let begin = stretches.partition_point(|stretch| stretch.1.plus(JOIN) < from);
        let end = stretches.partition_point(|stretch| stretch.0.minus(JOIN) <= to);
        let mut joined = (from, to);
        for stretch in stretches.get(begin..end).unwrap_or_default() {
            joined = (joined.0.min(stretch.0), joined.1.max(stretch.1));
        }
        if begin <= end && end <= stretches.len() {
            stretches.splice(begin..end, [joined]);
        }
    }

    /// Takes over what another table knows.
    pub fn merge(&mut self, mut other: Self) {
        if self.hosts.len() < other.hosts.len() {
            std::mem::swap(self, &mut other);
        }
        for (host, stretches) in other.hosts {
            for (from, to) in stretches {
                self.heard(host, from, to);
            }
        }
    }

    /// Whether the host was heard between `from` and `to`.
    pub fn between(&self, host: IpAddr, from: Time, to: Time) -> bool {
        self.hosts.get(&host).is_some_and(|stretches| {
            let begin = stretches.partition_point(|stretch| stretch.1 < from);
            stretches.get(begin).is_some_and(|stretch| stretch.0 <= to)
        })
    }

    /// Whether the host was ever heard.
    pub fn ever(&self, host: IpAddr) -> bool {
        self.hosts.contains_key(&host)
    }

    /// Every host that was heard.
    pub fn hosts(&self) -> impl Iterator<Item = IpAddr> {
        self.hosts.keys().copied()
    }

    /// Forgets what was heard before `before` (live monitoring).
    pub fn forget(&mut self, before: Time) {
        self.hosts.retain(|_, stretches| {
            stretches.retain(|stretch| stretch.1 >= before);
            !stretches.is_empty()
        });
    }
}

/// Moments closer than this are one stretch.
pub const JOIN: Span = Span::seconds(20);

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn second(second: i64) -> Time {
        Time(Span::seconds(second).0)
    }

    #[test]
    fn a_host_lives_where_it_was_heard_and_not_between() {
        let mut life = Life::default();
        life.heard(HOST, second(0), second(5));
        life.heard(HOST, second(100), second(100));
        assert!(life.between(HOST, second(4), second(50)));
        assert!(!life.between(HOST, second(30), second(99)));
        assert!(life.between(HOST, second(99), second(101)));
    }

    proptest! {
        #[test]
        fn the_union_does_not_depend_on_who_heard_what(moments in prop::collection::vec((0i64..2000, any::<bool>()), 1..60)) {
            let (mut whole, mut left, mut right) = (Life::default(), Life::default(), Life::default());
            for &(at, to_left) in &moments {
                whole.heard(HOST, second(at), second(at));
                let part = if to_left { &mut left } else { &mut right };
                part.heard(HOST, second(at), second(at));
            }
            left.merge(right);
            prop_assert_eq!(left.hosts.get(&HOST), whole.hosts.get(&HOST));
        }
    }
}
