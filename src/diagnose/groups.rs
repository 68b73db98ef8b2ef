//! Hosts that belong together because some pair of them does.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// Disjoint groups of hosts. A host that was never joined is a group by itself.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// To another member of the group; the lowest one has no entry.
    towards: BTreeMap<IpAddr, IpAddr>,
}

impl Groups {
    /// The groups of both hosts are one.
    pub(super) fn join(&mut self, one: IpAddr, other: IpAddr) {
        let (one, other) = (self.of(one), self.of(other));
        if one != other {
            self.towards.insert(one.max(other), one.min(other));
        }
    }

    /// The lowest member of a host's group: the same for all of its members, in whatever order they were joined.
    pub(super) fn of(&self, host: IpAddr) -> IpAddr {
        let mut at = host;
        // Each step goes to a lower address, so this ends.
        while let Some(&lower) = self.towards.get(&at) {
            at = lower;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_joined_through_others_share_a_group_whatever_the_order() {
        let host = |last: u8| IpAddr::from([10, 0, 0, last]);
        let mut groups = Groups::default();
        for (one, other) in [(4, 3), (2, 1), (3, 2), (8, 9)] {
            groups.join(host(one), host(other));
        }
        assert!((1..=4).all(|last| groups.of(host(last)) == host(1)));
        assert_eq!(groups.of(host(9)), host(8));
        assert_eq!(groups.of(host(7)), host(7));
    }
}
