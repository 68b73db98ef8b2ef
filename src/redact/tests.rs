use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn key() -> Key {
    Key::new(*b"an anyany test key of 32 octets.")
}

fn shared_v4(a: Ipv4Addr, b: Ipv4Addr) -> u32 {
    (u32::from(a) ^ u32::from(b)).leading_zeros()
}

proptest! {
    #[test]
    fn addresses_share_as_many_leading_bits_as_before(a: u32, b: u32, shared in 0u32..33) {
        let keep = u32::MAX.checked_shl(32 - shared).unwrap_or(0);
        let (a, b) = (Ipv4Addr::from(a), Ipv4Addr::from(a & keep | b & !keep));
        let mut map = AddressMap::new(key());
        prop_assert_eq!(shared_v4(a, b), shared_v4(map.v4(a), map.v4(b)));
    }

    #[test]
    fn addresses_of_version_6_do_too(a: u128, b: u128, shared in 3u32..129) {
        let keep = u128::MAX.checked_shl(128 - shared).unwrap_or(0);
        let a = a & (u128::MAX >> 3) | 1 << 125;
        let (a, b) = (Ipv6Addr::from(a), Ipv6Addr::from(a & keep | b & !keep));
        let mut map = AddressMap::new(key());
        let (c, d) = (map.v6(a), map.v6(b));
        let shared = |a: Ipv6Addr, b: Ipv6Addr| (u128::from(a) ^ u128::from(b)).leading_zeros();
        prop_assert_eq!(shared(a, b), shared(c, d));
    }

    #[test]
    fn an_address_keeps_its_class(a: u32) {
        let a = Ipv4Addr::from(a);
        let b = AddressMap::new(key()).v4(a);
        for is in [Ipv4Addr::is_private, Ipv4Addr::is_loopback, Ipv4Addr::is_link_local, Ipv4Addr::is_multicast,
            Ipv4Addr::is_broadcast, Ipv4Addr::is_unspecified, Ipv4Addr::is_documentation] {
            prop_assert_eq!(is(&a), is(&b), "{} {}", a, b);
        }
        prop_assert_eq!(a.octets()[3] == 255, b.octets()[3] == 255);
    }

    #[test]
    fn a_name_keeps_its_length_and_pattern_and_another_name_becomes_another(a in "[a-z0-9-]{1,20}", b in "[a-z0-9-]{1,20}") {
        let mut names = NameMap::new(key());
        let (mut c, mut d) = (a.clone().into_bytes(), b.clone().into_bytes());
        names.word(&mut c);
        names.word(&mut d);
        prop_assert_eq!(a.len(), c.len());
        prop_assert_eq!(a == b, c == d);
        for (old, new) in a.bytes().zip(&c) {
            prop_assert_eq!(old.is_ascii_digit(), new.is_ascii_digit());
            prop_assert_eq!(old == b'-', *new == b'-');
        }
    }
}

#[test]
fn private_networks_stay_themselves_and_hosts_in_them_do_not() {
    let mut map = AddressMap::new(key());
    let hosts: Vec<_> = (1..=254).map(|last| Ipv4Addr::new(10, 10, 1, last)).collect();
    let moved = hosts.iter().filter(|host| map.v4(**host) != **host).count();
    assert!(moved > 240, "{moved}");
    assert!(hosts.iter().all(|host| map.v4(*host).octets()[0] == 10));
    for stays in ["0.0.0.0", "255.255.255.255", "127.0.0.1", "224.0.0.251", "::", "::1", "ff02::1"] {
        let stays: IpAddr = stays.parse().unwrap();
        assert_eq!(map.map(stays), stays);
    }
}

#[test]
fn another_key_makes_other_addresses_and_names() {
    let other = Key::new([7; 32]);
    let host = Ipv4Addr::new(93, 184, 216, 34);
    assert_ne!(AddressMap::new(key()).v4(host), AddressMap::new(other.clone()).v4(host));
    assert_ne!(
        NameMap::new(key()).named("mailserver.contoso.com"),
        NameMap::new(other).named("mailserver.contoso.com")
    );
}

#[test]
fn case_changes_nothing_and_every_label_stands_for_itself() {
    let mut names = NameMap::new(key());
    let dns = names.named("MBX01.Contoso.com");
    let (host, domain) = dns.split_once('.').unwrap();
    assert_eq!(names.named("mbx01"), host.to_lowercase());
    assert_eq!(names.named("contoso.com"), domain.to_lowercase());
    assert_eq!(host, host.to_uppercase());
    assert_eq!(domain.split('.').next_back(), Some("com"));
    let service = names.named("_ldap._tcp.dc._msdcs.contoso.com");
    assert_eq!(service, format!("_ldap._tcp.dc._msdcs.{}", domain.to_lowercase()));
}

#[test]
fn a_network_holds_what_it_held() {
    let mut map = AddressMap::new(key());
    let network = map.network(Ipv4Addr::new(10, 99, 64, 0).into(), 18);
    let IpAddr::V4(network) = network else { panic!() };
    let inside = map.v4(Ipv4Addr::new(10, 99, 100, 7));
    assert_eq!(u32::from(network) >> 14, u32::from(inside) >> 14);
    assert_eq!(u32::from(network) & 0x3fff, 0);
}

#[test]
fn hardware_addresses_keep_what_kind_they_are() {
    let mut map = AddressMap::new(key());
    assert_eq!(map.mac([0xff; 6]), [0xff; 6]);
    let host = map.mac([0x00, 0x50, 0x56, 1, 2, 3]);
    assert_ne!(host, [0x00, 0x50, 0x56, 1, 2, 3]);
    assert_eq!(host[0] & 3, 0);
    assert_eq!(map.mac([0x33, 0x33, 0xff, 1, 2, 3])[..3], [0x33, 0x33, 0xff]);
}

/// Every frame of some captures that hold many protocols.
fn frames() -> Vec<(Vec<u8>, u32)> {
    let captures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut found = Vec::new();
    for name in ["rpc/idle-timeout/client.pcap", "voice/media-dropped/server.pcap", "smtp/pix-exchange/client.pcap"] {
        let mut capture = crate::capture::Capture::open(&captures.join(name)).unwrap();
        while let Some(frame) = capture.next() {
            found.push((frame.octets.to_vec(), frame.wire_len));
        }
    }
    found
}

fn redacted(frames: &[(Vec<u8>, u32)]) -> Vec<Redacted> {
    let mut redactor = Redactor::new(&key());
    for (number, (octets, wire_len)) in (1..).zip(frames) {
        let (time, link) = (Time::default(), LinkType(1));
        redactor.frame(&Frame { number, time, link, interface: 0, octets, wire_len: *wire_len });
    }
    redactor.finish()
}

#[test]
fn every_frame_comes_back_once_in_order_and_as_long_as_it_was() {
    let frames = frames();
    let redacted = redacted(&frames);
    assert_eq!(redacted.len(), frames.len());
    for (number, (new, (old, wire_len))) in (1..).zip(redacted.iter().zip(&frames)) {
        assert_eq!((new.number, new.octets.len(), new.wire_len), (number, old.len(), *wire_len));
    }
}

/// The sum over an IPv4 header and over TCP or UDP, which is 0xffff where the checksum is right.
fn sums(octets: &[u8]) -> Option<(u16, u16)> {
    let header = octets.get(14..34)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let body = octets.get(34..14 + length)?;
    let over = |octets: &[u8]| {
        octets
            .chunks(2)
            .fold(0, |sum, pair| sum::add(sum, u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])))
    };
    let pseudo = sum::add(over(&header[12..20]), u16::from(header[9]));
    let pseudo = sum::add(pseudo, u16::try_from(body.len()).unwrap());
    (octets[12..14] == [8, 0] && matches!(header[9], 6 | 17)).then(|| (over(header), sum::add(pseudo, over(body))))
}

#[test]
fn checksums_stay_as_right_or_as_wrong_as_they_were() {
    let frames = frames();
    let mut seen = 0;
    for (new, (old, _)) in redacted(&frames).iter().zip(&frames) {
        let (Some(before), Some(after)) = (sums(old), sums(&new.octets)) else { continue };
        // Both zeros of one's complement are the same.
        let folded = |(a, b): (u16, u16)| (a % 0xffff, b % 0xffff);
        assert_eq!(folded(before), folded(after), "frame {}", new.number);
        seen += 1;
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn cut_and_damaged_frames_are_survived() {
    let frames = frames();
    for cut in [0, 1, 13, 14, 20, 33, 34, 41, 53, 54, 60, 70, 100, 200] {
        let short: Vec<_> =
            frames.iter().map(|(octets, wire)| (octets[..cut.min(octets.len())].to_vec(), *wire)).collect();
        assert_eq!(redacted(&short).len(), frames.len());
    }
    for seed in 0..8usize {
        let damaged = frames.iter().enumerate().map(|(at, (octets, wire))| {
            let mut octets = octets.clone();
            for step in 0..3 {
                let place = (at * 7919 + seed * 104_729 + step * 31) % octets.len().max(1);
                if let Some(octet) = octets.get_mut(place) {
                    *octet ^= 1 << (seed % 8);
                }
            }
            (octets, *wire)
        });
        assert_eq!(redacted(&damaged.collect::<Vec<_>>()).len(), frames.len());
    }
}

#[test]
fn a_segment_that_comes_again_becomes_what_it_became_before() {
    let mut frames = frames();
    let again = frames.clone();
    frames.extend(again.into_iter().rev().take(40));
    let redacted = redacted(&frames);
    let of = |octets: &[u8]| -> Vec<Vec<u8>> {
        redacted.iter().zip(&frames).filter(|(_, (old, _))| old == octets).map(|(new, _)| new.octets.clone()).collect()
    };
    for (octets, _) in frames.iter().rev().take(40) {
        let all = of(octets);
        assert!(all.len() >= 2 && all.windows(2).all(|two| two[0] == two[1]));
    }
}

proptest! {
    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..200), link in prop::sample::select(vec![0u32, 1, 8, 9, 50, 51, 101, 113, 197, 204, 239, 276])) {
        let mut redactor = Redactor::new(&key());
        let (time, link) = (Time::default(), LinkType(link));
        redactor.frame(&Frame { number: 1, time, link, interface: 0, octets: &octets, wire_len: 200 });
        prop_assert_eq!(redactor.finish().len(), 1);
    }
}
