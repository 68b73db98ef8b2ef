//! Addresses for addresses.
//!
//! Two addresses that share so many leading bits share just as many afterwards (as in Crypto-PAn, Xu and
//! others 2002), so subnets stay subnets and no two addresses become one. What a diagnosis reads from an
//! address itself stays, too: private, link-local, loopback, multicast, documentation; unspecified; and an
//! IPv4 address that ends in .255, the usual broadcast. In these classes fewer bits are free.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap;

use super::key::Key;

/// Maps addresses, and remembers what it mapped.
#[derive(Debug)]
pub struct AddressMap {
    key: Key,
    v4: HashMap<u32, u32>,
    v6: HashMap<u128, u128>,
    mac: HashMap<u64, u64>,
}

impl AddressMap {
    /// A map under a key.
    pub fn new(key: Key) -> Self {
        Self { key, v4: HashMap::new(), v6: HashMap::new(), mac: HashMap::new() }
    }

    /// The address that stands for `address`.
    pub fn map(&mut self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) => self.v4(address).into(),
            IpAddr::V6(address) => self.v6(address).into(),
        }
    }

    /// The network that stands for the first `length` bits of an address.
    pub fn network(&mut self, address: IpAddr, length: u8) -> IpAddr {
        let mapped = self.map(address);
        let length = u32::from(length);
        match mapped {
            IpAddr::V4(mapped) => {
                let mask = u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0);
                Ipv4Addr::from(u32::from(mapped) & mask).into()
            }
            IpAddr::V6(mapped) => {
                let mask = u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0);
                Ipv6Addr::from(u128::from(mapped) & mask).into()
            }
        }
    }

    /// The IPv4 address that stands for `address`.
    pub fn v4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        let bits = u32::from(address);
        if let Some(known) = self.v4.get(&bits) {
            return (*known).into();
        }
        let mut mapped = bits;
        for depth in 0..32u8 {
            let front = bits.checked_shr(32 - u32::from(depth)).unwrap_or(0);
            if is_free_v4(bits, depth) && self.key.number(V4, &[&[depth], &front.to_be_bytes()]) & 1 == 1 {
                mapped ^= 1 << (31 - depth);
            }
        }
        remember(&mut self.v4, bits, mapped);
        mapped.into()
    }

    /// The IPv6 address that stands for `address`.
    pub fn v6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        if let Some(v4) = address.to_ipv4_mapped() {
            return self.v4(v4).to_ipv6_mapped();
        }
        let bits = u128::from(address);
        if let Some(known) = self.v6.get(&bits) {
            return (*known).into();
        }
        let mut mapped = bits;
        for depth in kept_v6(bits)..128 {
            let front = bits.checked_shr(128 - u32::from(depth)).unwrap_or(0);
            if self.key.number(V6, &[&[depth], &front.to_be_bytes()]) & 1 == 1 {
                mapped ^= 1 << (127 - depth);
            }
        }
        remember(&mut self.v6, bits, mapped);
        mapped.into()
    }

    /// The hardware address that stands for `address`; groups keep theirs, but for what an address left in it.
    pub fn mac(&mut self, address: [u8; 6]) -> [u8; 6] {
        let [first, second, ..] = address;
        if first & 1 == 1 && !matches!((first, second), (0x33, 0x33) | (0x01, 0x00)) || address == [0; 6] {
            return address;
        }
        let bits = address.iter().fold(0, |bits, octet| bits << 8 | u64::from(*octet));
        let mapped = if let Some(known) = self.mac.get(&bits) {
            *known
        } else {
            let free = free_in_mac(address);
            let mapped = bits & !free | self.key.number(MAC, &[&address]) & free;
            remember(&mut self.mac, bits, mapped);
            mapped
        };
        let [_, _, octets @ ..] = mapped.to_be_bytes();
        octets
    }
}

/// The bits of a hardware address that do not say what kind it is.
fn free_in_mac(address: [u8; 6]) -> u64 {
    match address {
        // Groups of IPv6 are numbers of the network's, or the end of a host's address.
        [0x33, 0x33, 0xff, ..] => 0x0000_00ff_ffff,
        [0x01, 0x00, 0x5e, second, ..] if second != 0 => 0x0000_007f_ffff,
        [first, ..] if first & 1 == 1 => 0,
        _ => 0xfcff_ffff_ffff,
    }
}

/// Whether the bit behind the first `depth` bits may change: not where that would move a class, or the end
/// of a network.
fn is_free_v4(bits: u32, depth: u8) -> bool {
    let front = |bits: u32, length: u8| bits.checked_shr(32 - u32::from(length)).unwrap_or(0);
    let ends_in_ones = depth >= 24 && {
        let within = depth - 24;
        front(bits, depth) & ((1 << within) - 1) == (1 << within) - 1
    };
    if ends_in_ones {
        return false;
    }
    CLASSES.iter().all(|&(class, length)| {
        let class = u32::from_be_bytes(class);
        if depth < length {
            front(class, depth) != front(bits, depth)
        } else {
            !STAY.contains(&class) || front(class, length) != front(bits, length)
        }
    })
}

/// How many leading bits of an IPv6 address say what kind it is.
fn kept_v6(bits: u128) -> u8 {
    match bits >> 112 {
        // Loopback, unspecified, addresses with an IPv4 address in them.
        0 if bits >> 32 == 0 => 128,
        0..=0x1fff => 96,
        // Documentation has a part of these.
        0x2001 => 32,
        0xfe80..=0xfebf => 64,
        // A host's address left its end in this group.
        0xff00.. if bits >> 24 == SOLICITED_NODE => 104,
        0xff00.. => 128,
        0x2000..=0x3fff => 16,
        _ => 8,
    }
}

fn remember<K: std::hash::Hash + Eq, V>(known: &mut HashMap<K, V>, from: K, to: V) {
    if known.len() >= MOST_KNOWN {
        known.clear(); // they come out the same
    }
    known.insert(from, to);
}

/// Purposes of the key.
const V4: u8 = 1;
const V6: u8 = 2;
const MAC: u8 = 3;
/// Addresses remembered of each kind.
const MOST_KNOWN: usize = 1 << 18;
/// `ff02::1:ff00:0/104` (RFC 4291 §2.7.1).
const SOLICITED_NODE: u128 = 0x00ff_0200_0000_0000_0000_0000_01ff;

/// Networks that become themselves (IANA's special-purpose registry), by first address and length.
const CLASSES: &[([u8; 4], u8)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 2, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];
/// Those of them in which every address becomes itself: they name no host.
const STAY: &[u32] = &[0, 0x7f00_0000, 0xf000_0000];
