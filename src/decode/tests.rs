//! Hand-built frames: each wrapping whole, cut, and damaged.

mod fragments;
mod wrap;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{PacketBuilder, TcpOptionElement};
use proptest::prelude::*;

use super::*;
use wrap::{WRAPS, Wrap};

const RAW: LinkType = LinkType(101);
const ETHERNET: LinkType = LinkType(1);
const NOW: Time = Time(1_700_000_000_000_000_000);

fn decode<'a>(decoder: &'a mut Decoder, link: LinkType, octets: &'a [u8]) -> Decoded<'a> {
    decoder.decode(link, octets, u32::try_from(octets.len()).unwrap(), NOW, 0)
}

fn packet<'a>(decoder: &'a mut Decoder, link: LinkType, octets: &'a [u8]) -> Packet<'a> {
    match decode(decoder, link, octets) {
        Decoded::Packet(packet) => packet,
        other => panic!("{other:?}"),
    }
}

fn segment(packet: Packet<'_>) -> Segment<'_> {
    match packet.payload {
        Payload::Tcp(segment) => segment,
        other => panic!("{other:?}"),
    }
}

fn word(link: LinkType, octets: &[u8]) -> &'static str {
    match decode(&mut Decoder::default(), link, octets) {
        Decoded::Undecoded(word) => word,
        other => panic!("{other:?}"),
    }
}

fn v4_udp(payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 63).udp(50_000, 53).write(&mut octets, payload).unwrap();
    octets
}

fn v6_udp(payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 63).udp(50_000, 53).write(&mut octets, payload).unwrap();
    octets
}

#[test]
fn the_straight_way_is_taken_by_what_is_usual() {
    for ip in [v4_tcp(b"hello"), v6_tcp(b"hello"), v4_udp(b"hello"), v6_udp(b"hello")] {
        assert!(straight(LinkType::ETHERNET, &wrap::ethernet(&ip)).is_some());
    }
}

fn v4_tcp(payload: &[u8]) -> Vec<u8> {
    let options = [
        TcpOptionElement::MaximumSegmentSize(1460),
        TcpOptionElement::Noop,
        TcpOptionElement::WindowScale(8),
        TcpOptionElement::SelectiveAcknowledgementPermitted,
    ];
    let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 63)
        .tcp(50_000, 389, 0x0102_0304, 64_240)
        .psh()
        .ack(0x0506_0708)
        .options(&options)
        .unwrap();
    let mut octets = Vec::new();
    builder.write(&mut octets, payload).unwrap();
    octets
}

fn v6_tcp(payload: &[u8]) -> Vec<u8> {
    let builder = PacketBuilder::ipv6(V6_A.octets(), V6_B.octets(), 127).tcp(50_001, 25, 1, 512).syn();
    let mut octets = Vec::new();
    builder.write(&mut octets, payload).unwrap();
    octets
}

const V6_A: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
const V6_B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2);

/// An IPv6 packet whose payload is `body`.
fn v6(next: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[0x60, 0, 0, 0, length[0], length[1], next, 64][..], &V6_A.octets(), &V6_B.octets(), body].concat()
}

#[test]
fn every_field_of_a_segment_is_read() {
    let octets = v4_tcp(b"bind");
    let mut decoder = Decoder::default();
    let packet = packet(&mut decoder, RAW, &octets);
    assert_eq!((packet.source, packet.destination), ([10, 0, 0, 1].into(), [10, 0, 0, 2].into()));
    assert_eq!((packet.ttl, packet.ip_id, packet.dont_fragment, packet.vlan), (63, Some(0), true, None));
    let segment = segment(packet);
    assert_eq!((segment.source_port, segment.destination_port), (50_000, 389));
    assert_eq!((segment.sequence, segment.acknowledgement, segment.window), (0x0102_0304, 0x0506_0708, 64_240));
    assert_eq!(segment.control, Control(Control::PSH | Control::ACK));
    assert_ne!(segment.checksum, 0);
    assert_eq!((segment.payload, segment.payload_len), (&b"bind"[..], 4));
    let expected = TcpOptions { mss: Some(1460), window_scale: Some(8), sack_permitted: true, ..TcpOptions::default() };
    assert_eq!(segment.options, expected);
}

#[test]
fn a_segment_is_the_same_in_every_wrapping() {
    for ip in [v4_tcp(b"hello"), v6_tcp(b""), v6_tcp(b"world")] {
        let mut plain = Decoder::default();
        let plain = format!("{:?}", packet(&mut plain, RAW, &ip).payload);
        for Wrap { name, link, vlan, tunnels, around } in WRAPS {
            let octets = around(&ip);
            let mut decoder = Decoder::default();
            let packet = packet(&mut decoder, *link, &octets);
            assert_eq!(format!("{:?}", packet.payload), plain, "{name}");
            assert_eq!((packet.vlan, packet.tunnels), (*vlan, *tunnels), "{name}");
        }
    }
}

#[test]
fn every_truncation_of_every_wrapping_keeps_the_length_on_the_wire() {
    let ip = v4_tcp(b"hello");
    for Wrap { name, link, tunnels, around, .. } in WRAPS {
        let octets = around(&ip);
        let wire = u32::try_from(octets.len()).unwrap();
        for cut in 0..octets.len() {
            let mut decoder = Decoder::default();
            let cut_frame = decoder.decode(*link, &octets[..cut], wire, NOW, 0);
            if let Decoded::Packet(Packet { payload: Payload::Tcp(segment), tunnels: opened, .. }) = cut_frame {
                assert_eq!(opened, *tunnels, "{name} cut at {cut}");
                assert_eq!(segment.payload_len, 5, "{name} cut at {cut}");
                assert!(b"hello".starts_with(segment.payload), "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn flipped_octets_are_survived_in_every_wrapping() {
    for ip in [v4_tcp(b"hello"), v6_tcp(b"world")] {
        for Wrap { link, around, .. } in WRAPS {
            let octets = around(&ip);
            let mut decoder = Decoder::default();
            for at in 0..octets.len() {
                for mask in [0xff, 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80] {
                    let mut damaged = octets.clone();
                    damaged[at] ^= mask;
                    decode(&mut decoder, *link, &damaged);
                }
            }
        }
    }
}

#[test]
fn padding_is_not_payload() {
    let mut octets = wrap::ethernet(&v4_tcp(b""));
    octets.resize(octets.len() + 6, 0xee);
    let mut decoder = Decoder::default();
    let segment = segment(packet(&mut decoder, ETHERNET, &octets));
    assert_eq!((segment.payload, segment.payload_len), (&[][..], 0));
}

#[test]
fn a_length_that_offload_left_at_zero_is_taken_from_the_wire() {
    for (mut ip, field) in [(v4_tcp(b"large"), 2), (v6_tcp(b"large"), 4)] {
        ip[field..field + 2].fill(0);
        let octets = wrap::ethernet(&ip);
        let wire = u32::try_from(octets.len()).unwrap();
        let mut decoder = Decoder::default();
        let Decoded::Packet(packet) = decoder.decode(ETHERNET, &octets[..octets.len() - 2], wire + 65_000, NOW, 0)
        else {
            panic!("not a packet");
        };
        let segment = segment(packet);
        assert_eq!((segment.payload, segment.payload_len), (&b"lar"[..], 65_005));
    }
}

#[test]
fn a_segment_whose_data_begins_nowhere_has_none() {
    for offset in [0x00, 0x40, 0xf0] {
        let mut octets = v4_tcp(b"x");
        octets[32] = offset;
        let mut decoder = Decoder::default();
        let segment = segment(packet(&mut decoder, RAW, &octets));
        assert_eq!((segment.destination_port, segment.payload, segment.payload_len), (389, &[][..], 0), "{offset:x}");
    }
}

#[test]
fn malformed_tcp_options_end_the_options() {
    let read = |options: &[u8]| {
        let mut octets = v4_tcp(b"");
        octets[40..40 + options.len()].copy_from_slice(options);
        segment(packet(&mut Decoder::default(), RAW, &octets)).options
    };
    let mss = TcpOptions { mss: Some(1200), ..TcpOptions::default() };
    assert_eq!(read(&[2, 4, 4, 0xb0, 3, 0, 7, 4, 2, 1, 1, 1]), mss, "a length of 0");
    assert_eq!(read(&[2, 4, 4, 0xb0, 3, 1, 7, 4, 2, 1, 1, 1]), mss, "a length of 1");
    assert_eq!(read(&[2, 4, 4, 0xb0, 8, 10, 0, 0, 0, 0, 0, 0]), mss, "a length beyond the header");
    assert_eq!(read(&[2, 4, 4, 0xb0, 0, 3, 3, 7, 4, 2, 1, 1]), mss, "nothing after the end");
    let all = TcpOptions { sack: true, wan_optimizer: true, ..TcpOptions::default() };
    assert_eq!(read(&[5, 5, 0, 0, 0, 76, 4, 0, 0, 200, 2, 1]), all, "unknown kinds are stepped over");
}

#[test]
fn a_wrong_udp_length_yields_to_ip() {
    for (field, kept) in [(0, 6), (7, 6), (8, 0), (11, 3), (14, 6), (15, 6), (u16::MAX, 6)] {
        let mut octets = wrap::ip(17, &wrap::udp(88, b"ticket"));
        octets[24..26].copy_from_slice(&field.to_be_bytes());
        let mut decoder = Decoder::default();
        let Payload::Udp(datagram) = packet(&mut decoder, RAW, &octets).payload else { panic!("not UDP") };
        assert_eq!((datagram.payload, datagram.payload_len), (&b"ticket"[..kept], kept.try_into().unwrap()), "{field}");
    }
}

#[test]
fn fragmentation_needed_tells_the_mtu_and_quotes_eight_octets() {
    let quote = v4_tcp(b"hello");
    let body = [&[3, 4, 0, 0, 0, 0, 0x05, 0x78][..], &quote[..28]].concat();
    let octets = wrap::ip(1, &body);
    let Payload::IcmpError(error) = packet(&mut Decoder::default(), RAW, &octets).payload else { panic!("no error") };
    let quoted = Quoted {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: 6,
        ports: Some((50_000, 389)),
        sequence: Some(0x0102_0304),
        ttl: 63,
        ip_id: Some(0),
    };
    assert_eq!(error, IcmpError { v6: false, kind: 3, code: 4, mtu: Some(1400), quoted });
}

#[test]
fn packet_too_big_is_read_through_quoted_extension_headers() {
    let destination_options = [6, 0, 1, 4, 0, 0, 0, 0];
    let quote = v6(60, &[&destination_options[..], &v6_tcp(b"")[40..48]].concat());
    let octets = v6(58, &[&[2, 0, 0, 0, 0, 0, 0x05, 0][..], &quote].concat());
    let Payload::IcmpError(error) = packet(&mut Decoder::default(), RAW, &octets).payload else { panic!("no error") };
    assert_eq!((error.v6, error.kind, error.mtu), (true, 2, Some(1280)));
    assert_eq!((error.quoted.source, error.quoted.protocol), (IpAddr::from(V6_A), 6));
    assert_eq!((error.quoted.ports, error.quoted.sequence), (Some((50_001, 25)), Some(1)));
}

#[test]
fn a_quoted_later_fragment_has_no_ports() {
    let mut quote = v4_tcp(b"hello");
    quote[6..8].copy_from_slice(&100u16.to_be_bytes());
    let octets = wrap::ip(1, &[&[11, 1, 0, 0, 0, 0, 0, 0][..], &quote].concat());
    let Payload::IcmpError(error) = packet(&mut Decoder::default(), RAW, &octets).payload else { panic!("no error") };
    assert_eq!((error.kind, error.mtu, error.quoted.ports, error.quoted.sequence), (11, None, None, None));
}

#[test]
fn echoes_are_told_from_other_icmp() {
    let read = |octets: &[u8]| format!("{:?}", packet(&mut Decoder::default(), RAW, octets).payload);
    assert_eq!(read(&wrap::ip(1, &[8, 0, 0, 0, 0, 7, 0, 9])), "Echo { request: true, id: 7, sequence: 9 }");
    assert_eq!(read(&wrap::ip(1, &[0, 0, 0, 0, 0, 7, 0, 9])), "Echo { request: false, id: 7, sequence: 9 }");
    assert_eq!(read(&v6(58, &[128, 0, 0, 0, 0, 7, 0, 9])), "Echo { request: true, id: 7, sequence: 9 }");
    assert_eq!(read(&v6(58, &[134, 0, 0, 0, 64, 0, 7, 8])), "Other(58)", "a router advertisement");
    assert_eq!(read(&wrap::ip(1, &[3, 3, 0, 0])), "Other(1)", "too short");
    assert_eq!(read(&wrap::ip(1, &[3, 3, 0, 0, 0, 0, 0, 0])), "Other(1)", "quotes nothing");
}

#[test]
fn authentication_headers_are_stepped_over_and_encryption_is_not() {
    let tcp = &v4_tcp(b"hello")[20..];
    let authenticated = [&[6, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0][..], tcp].concat();
    for octets in [wrap::ip(51, &authenticated), v6(51, &authenticated)] {
        let mut decoder = Decoder::default();
        assert_eq!(segment(packet(&mut decoder, RAW, &octets)).payload_len, 5);
    }
    let octets = wrap::ip(50, tcp);
    assert!(matches!(packet(&mut Decoder::default(), RAW, &octets).payload, Payload::Other(50)));
}

#[test]
fn a_chain_of_extension_headers_may_be_cut_anywhere() {
    let tcp = &v6_tcp(b"hello")[40..];
    let chain = [&[43, 0, 5, 2, 0, 0, 0, 0][..], &[60, 0, 0, 0, 0, 0, 0, 0], &[51, 1, 1, 12], &[0; 12]].concat();
    let octets = v6(0, &[&chain[..], &[44, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &[6, 0, 0, 0, 0, 0, 0, 9], tcp].concat());
    let mut decoder = Decoder::default();
    assert_eq!(segment(packet(&mut decoder, RAW, &octets)).payload, b"hello");
    for cut in 0..octets.len() {
        match decode(&mut decoder, RAW, &octets[..cut]) {
            Decoded::Undecoded(word) => assert_eq!((word, cut < 40), ("truncated", true), "cut at {cut}"),
            Decoded::Packet(Packet { payload: Payload::Tcp(segment), .. }) => assert_eq!(segment.payload_len, 5),
            Decoded::Packet(Packet { payload: Payload::Other(_), .. }) => assert!(cut < octets.len() - 5),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn four_tunnels_are_opened_and_not_a_fifth() {
    let mut octets = v4_tcp(b"");
    for _ in 0..4 {
        octets = wrap::ip(4, &octets);
    }
    assert_eq!(packet(&mut Decoder::default(), RAW, &octets).tunnels, 4);
    assert_eq!(word(RAW, &wrap::ip(4, &octets)), "nested too deep");
}

#[test]
fn a_tunnel_that_holds_no_packet_is_itself_the_packet() {
    let control = wrap::ip(47, &[0x30, 0x01, 0x88, 0x0b, 0, 4, 0, 1, 0, 0, 0, 1, 0xc0, 0x21, 9, 1]);
    let keepalive = wrap::ip(47, &[0, 0, 0, 0]);
    for octets in [control, keepalive] {
        let mut decoder = Decoder::default();
        let payload = packet(&mut decoder, RAW, &octets).payload;
        assert!(matches!(payload, Payload::Other(47)), "{payload:?}");
    }
    let answer = wrap::ip(17, &wrap::udp(4789, b"\x08\x00\x00\x00\x00\x01\x00\x00 an answer, not a frame"));
    let mut decoder = Decoder::default();
    let payload = packet(&mut decoder, RAW, &answer).payload;
    assert!(matches!(payload, Payload::Udp(Datagram { destination_port: 4789, .. })), "{payload:?}");
}

#[test]
fn neighbours_of_ip_are_named() {
    let ethernet = |kind: u16, body: &[u8]| [&[2; 12][..], &kind.to_be_bytes(), body].concat();
    for (kind, name) in [(0x88cc, "lldp"), (0x888e, "eapol"), (0x886f, "nlb heartbeat"), (0x1234, "unknown ethertype")]
    {
        assert_eq!(word(ETHERNET, &ethernet(kind, &[0; 46])), name);
    }
    for (llc, name) in [([0x42, 0x42, 3], "stp"), ([0xe0, 0xe0, 3], "ipx"), ([0xf0, 0xf0, 3], "netbeui")] {
        assert_eq!(word(ETHERNET, &ethernet(46, &[&llc[..], &[0; 43]].concat())), name);
    }
    assert_eq!(word(ETHERNET, &ethernet(46, b"\xaa\xaa\x03\x00\x00\x0c\x20\x00cdp")), "cdp");
    assert_eq!(word(LinkType(9), &[0xff, 3, 0xc0, 0x21, 1, 1]), "ppp control");
    assert_eq!(word(LinkType(104), &[0x8f, 0, 0x80, 0x35, 0, 0]), "slarp");
    assert_eq!(word(LinkType(0), &[7, 0, 0, 0, 0x45]), "other address family");
    assert_eq!(word(ETHERNET, &ethernet(0x0800, &[0x60; 46])), "malformed ip");
    assert_eq!(word(ETHERNET, &ethernet(0x0800, &[0x45; 10])), "truncated");
}

#[test]
fn arp_tells_its_sender() {
    let arp = [0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1];
    let octets = [&[2; 12][..], &[8, 6], &arp].concat();
    let Decoded::Arp { sender } = decode(&mut Decoder::default(), ETHERNET, &octets) else { panic!("not ARP") };
    assert_eq!(sender, Ipv4Addr::new(10, 0, 0, 9));
}

#[test]
fn frames_that_are_no_packets_are_named() {
    for (link, name) in [
        (LinkType::NETMON_EVENT, "windows event"),
        (LinkType::NETMON_NETWORK_INFO, "list of adapters"),
        (LinkType::NETMON_FILTER, "network monitor filter"),
        (LinkType::ERF_META, "erf metadata"),
    ] {
        assert_eq!(word(link, &v4_tcp(b"x")), name);
    }
    let other = [0, 0, 0, 0, 1, 0, 0, 0, 21, 4, 0, 24, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    assert_eq!(word(LinkType(197), &other), "erf, other");
    assert_eq!(word(LinkType(197), &other[..12]), "erf");
}

#[test]
fn an_unknown_link_type_is_said_to_be_one() {
    assert!(matches!(decode(&mut Decoder::default(), LinkType(147), &[0x45; 60]), Decoded::UnknownLink));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_was_built_is_decoded(
        wrap in 0..WRAPS.len(),
        ports in any::<(u16, u16)>(),
        numbers in any::<(u32, u32)>(),
        control in 0u8..0x40,
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut tcp = etherparse::TcpHeader::new(ports.0, ports.1, numbers.0, 1024);
        tcp.acknowledgment_number = numbers.1;
        let mut segment_octets = tcp.to_bytes().to_vec();
        segment_octets[13] = control;
        segment_octets.extend(&payload);
        let Wrap { link, around, .. } = &WRAPS[wrap];
        let octets = around(&wrap::ip(6, &segment_octets));
        let mut decoder = Decoder::default();
        let segment = segment(packet(&mut decoder, *link, &octets));
        prop_assert_eq!((segment.source_port, segment.destination_port), ports);
        prop_assert_eq!((segment.sequence, segment.acknowledgement), numbers);
        prop_assert_eq!(segment.control, Control(control));
        prop_assert_eq!(segment.payload, &payload[..]);
        prop_assert_eq!(usize::try_from(segment.payload_len).unwrap(), payload.len());
    }

    #[test]
    fn the_straight_way_says_what_the_long_way_says(
        six in any::<bool>(),
        payload in prop::collection::vec(any::<u8>(), 0..40),
        padding in prop::collection::vec(any::<u8>(), 0..20),
        damage in prop::collection::vec((0..80usize, any::<u8>()), 0..3),
        keep in 0..140usize,
        datagram in any::<bool>(),
    ) {
        let ip = match (six, datagram) {
            (false, false) => v4_tcp(&payload),
            (true, false) => v6_tcp(&payload),
            (false, true) => v4_udp(&payload),
            (true, true) => v6_udp(&payload),
        };
        let mut octets = wrap::ethernet(&ip);
        octets.extend(padding);
        for (at, octet) in damage {
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
        }
        octets.truncate(keep);
        let wire = u32::try_from(octets.len()).unwrap();
        if let Some(packet) = straight(LinkType::ETHERNET, &octets) {
            let mut decoder = Decoder::default();
            let long = decoder.decode(LinkType::ETHERNET, &octets, wire, NOW, 0);
            prop_assert_eq!(format!("{:?}", Decoded::Packet(packet)), format!("{long:?}"));
        }
    }

    #[test]
    fn random_octets_are_survived_on_every_link(
        octets in prop::collection::vec(any::<u8>(), 0..200),
        wire in any::<u32>(),
        times in any::<(i64, i64)>(),
    ) {
        for link in (0..=300).map(LinkType) {
            let mut decoder = Decoder::default();
            decoder.decode(link, &octets, wire, Time(times.0), 0);
            decoder.decode(link, &octets, wire, Time(times.1), 0);
        }
    }

    #[test]
    fn a_random_end_of_every_wrapping_is_survived(
        end in prop::collection::vec(any::<u8>(), 0..80),
        keep in 0.0..1.0f64,
    ) {
        for Wrap { link, around, .. } in WRAPS {
            let mut octets = around(&v6_tcp(b"hello"));
            let keep = (octets.len() as f64 * keep).floor();
            octets.truncate((0..octets.len()).find(|n| *n as f64 >= keep).unwrap());
            octets.extend(&end);
            decode(&mut Decoder::default(), *link, &octets);
        }
    }
}
