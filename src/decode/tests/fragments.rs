//! Datagrams in pieces.

use proptest::prelude::*;

use super::wrap;
use super::*;
use crate::time::Span;

/// A UDP datagram as an IPv4 packet.
fn datagram(len: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
    wrap::ip(17, &wrap::udp(88, &payload))
}

/// The octets `from..to` of the packet's payload as a fragment, `from` a multiple of 8.
fn v4_fragment(whole: &[u8], from: usize, to: usize) -> Vec<u8> {
    let mut piece = wrap::ip(whole[9], &whole[20 + from..20 + to]);
    let more = if 20 + to < whole.len() { 0x2000 } else { 0 };
    let place = more | u16::try_from(from / 8).unwrap();
    piece[6..8].copy_from_slice(&place.to_be_bytes());
    piece
}

/// The same as an IPv6 fragment, behind a hop-by-hop header.
fn v6_fragment(whole: &[u8], from: usize, to: usize) -> Vec<u8> {
    let more = u16::from(40 + to < whole.len());
    let place = (u16::try_from(from).unwrap() | more).to_be_bytes();
    let headers = [44, 0, 1, 4, 0, 0, 0, 0, whole[6], 0, place[0], place[1], 0, 9, 0, 7];
    v6(0, &[&headers[..], &whole[40 + from..40 + to]].concat())
}

/// In pieces of `size`, a multiple of 8.
fn pieces(whole: &[u8], header: usize, size: usize, piece: fn(&[u8], usize, usize) -> Vec<u8>) -> Vec<Vec<u8>> {
    let len = whole.len() - header;
    (0..len).step_by(size).map(|from| piece(whole, from, len.min(from + size))).collect()
}

/// Feeds all pieces, of which only the last may complete, and prints what that carries.
fn joined(decoder: &mut Decoder, pieces: &[Vec<u8>]) -> String {
    let (last, first) = pieces.split_last().unwrap();
    for piece in first {
        assert!(matches!(decode(decoder, RAW, piece), Decoded::Held { .. }));
    }
    format!("{:?}", packet(decoder, RAW, last).payload)
}

fn plain(whole: &[u8]) -> String {
    format!("{:?}", packet(&mut Decoder::default(), RAW, whole).payload)
}

fn at(decoder: &mut Decoder, piece: &[u8], time: Time, origin: u32) -> bool {
    let wire = u32::try_from(piece.len()).unwrap();
    matches!(decoder.decode(RAW, piece, wire, time, origin), Decoded::Packet(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn fragments_in_any_order_join_to_the_same(
        len in 100..3000usize,
        size in (1..40usize).prop_map(|words| words * 8),
        seed in any::<prop::sample::Index>(),
        v6_instead in any::<bool>(),
    ) {
        let (whole, mut parts) = if v6_instead {
            let whole = v6(17, &datagram(len)[20..]);
            let parts = pieces(&whole, 40, size, v6_fragment);
            (whole, parts)
        } else {
            let whole = datagram(len);
            let parts = pieces(&whole, 20, size, v4_fragment);
            (whole, parts)
        };
        let turn = seed.index(parts.len());
        parts.rotate_left(turn);
        parts.chunks_mut(3).for_each(<[_]>::reverse);
        prop_assume!(parts.len() > 1);
        let mut decoder = Decoder::default();
        prop_assert_eq!(joined(&mut decoder, &parts), plain(&whole));
        let expected = FragmentCounts { seen: parts.len().try_into().unwrap(), joined: 1, ..FragmentCounts::default() };
        prop_assert_eq!(decoder.fragment_counts(), expected);
        prop_assert_eq!(decoder.incomplete(), 0);
    }

    #[test]
    fn random_fragments_stay_bounded(places in prop::collection::vec(any::<(u16, u8, u8)>(), 1..300)) {
        let mut decoder = Decoder::default();
        for (place, len, id) in places {
            let mut piece = wrap::ip(17, &vec![0; len.into()]);
            piece[5] = id % 4;
            piece[6..8].copy_from_slice(&(place & 0x3fff).to_be_bytes());
            decode(&mut decoder, RAW, &piece);
            prop_assert!(decoder.incomplete() <= 4);
        }
    }
}

#[test]
fn a_first_fragment_of_a_segment_waits_for_the_rest() {
    let whole = v4_tcp(&[7; 100]);
    assert_eq!(joined(&mut Decoder::default(), &pieces(&whole, 20, 24, v4_fragment)), plain(&whole));
}

#[test]
fn a_mirrored_capture_that_shows_each_fragment_twice_shows_the_datagram_once() {
    let whole = datagram(100);
    let mut decoder = Decoder::default();
    let parts = pieces(&whole, 20, 64, v4_fragment);
    let twice = [parts[0].clone(), parts[0].clone(), parts[1].clone()];
    assert_eq!(joined(&mut decoder, &twice), plain(&whole));
    assert!(matches!(decode(&mut decoder, RAW, &parts[1]), Decoded::Held { .. }));
    assert_eq!((decoder.fragment_counts().repeated, decoder.incomplete()), (2, 0));
}

#[test]
fn where_fragments_overlap_the_first_wins_and_it_is_counted() {
    let whole = datagram(100);
    let mut decoder = Decoder::default();
    let mut forged = v4_fragment(&whole, 16, 80);
    forged[20..].fill(0xee);
    let parts = [v4_fragment(&whole, 0, 64), forged, v4_fragment(&whole, 80, 108)];
    let mut expected = datagram(100);
    expected[20 + 64..20 + 80].fill(0xee);
    assert_eq!(joined(&mut decoder, &parts), plain(&expected));
    assert_eq!(decoder.fragment_counts().overlapping, 1);
}

#[test]
fn a_fragment_that_contradicts_the_end_is_refused() {
    let whole = datagram(200);
    let mut decoder = Decoder::default();
    let parts = [v4_fragment(&datagram(100), 80, 108), v4_fragment(&whole, 104, 208), v4_fragment(&whole, 0, 80)];
    assert!(joined(&mut decoder, &parts).contains("payload_len: 100"), "the UDP length is 208, IP knows better");
    assert_eq!(decoder.fragment_counts().overlapping, 1);
}

#[test]
fn fragments_of_two_captures_never_mix() {
    let whole = datagram(100);
    let parts = pieces(&whole, 20, 64, v4_fragment);
    let mut decoder = Decoder::default();
    assert!(!at(&mut decoder, &parts[0], NOW, 0));
    assert!(!at(&mut decoder, &parts[1], NOW, 1));
    assert_eq!(decoder.incomplete(), 2);
    assert!(at(&mut decoder, &parts[1], NOW, 0));
}

#[test]
fn fragments_expire_after_thirty_seconds_of_capture_time() {
    let whole = datagram(100);
    let parts = pieces(&whole, 20, 64, v4_fragment);
    for (wait, completes) in [(30_000, true), (30_001, false), (-30_001, false)] {
        let mut decoder = Decoder::default();
        assert!(!at(&mut decoder, &parts[0], NOW, 0));
        assert_eq!(at(&mut decoder, &parts[1], NOW.plus(Span::millis(wait)), 0), completes, "{wait} ms");
        assert_eq!(decoder.fragment_counts().expired, u64::from(!completes), "{wait} ms");
    }
}

#[test]
fn a_flood_of_fragments_is_bounded_and_counted() {
    let mut decoder = Decoder::default();
    let mut piece = v4_fragment(&datagram(100), 0, 64);
    for id in 0u16..3000 {
        piece[4..6].copy_from_slice(&id.to_be_bytes());
        decode(&mut decoder, RAW, &piece);
    }
    assert_eq!((decoder.incomplete(), decoder.fragment_counts().dropped), (1024, 3000 - 1024));
}

#[test]
fn fragments_that_claim_the_far_end_are_bounded_by_octets() {
    let mut decoder = Decoder::default();
    let mut piece = v4_fragment(&datagram(100), 0, 64);
    piece[6..8].copy_from_slice(&0x3f40_u16.to_be_bytes());
    for id in 0u16..1000 {
        piece[4..6].copy_from_slice(&id.to_be_bytes());
        decode(&mut decoder, RAW, &piece);
    }
    assert_eq!(decoder.incomplete(), (8 << 20) / 64_064);
    piece[6..8].copy_from_slice(&0x1fff_u16.to_be_bytes());
    let before = decoder.fragment_counts().dropped;
    decode(&mut decoder, RAW, &piece);
    assert_eq!(decoder.fragment_counts().dropped, before + 1, "beyond 65,535 octets");
}

#[test]
fn a_datagram_in_too_many_pieces_is_given_up() {
    let whole = datagram(6000);
    let mut decoder = Decoder::default();
    for piece in pieces(&whole, 20, 8, v4_fragment) {
        assert!(matches!(decode(&mut decoder, RAW, &piece), Decoded::Held { .. }));
    }
    assert_eq!((decoder.fragment_counts().joined, decoder.fragment_counts().dropped), (0, 1));
}

#[test]
fn fragments_cut_by_the_snap_length_join_up_to_the_cut() {
    let whole = datagram(100);
    let mut decoder = Decoder::default();
    let mut last = None;
    for piece in pieces(&whole, 20, 64, v4_fragment) {
        let wire = u32::try_from(piece.len()).unwrap();
        if let Decoded::Packet(Packet { payload: Payload::Udp(datagram), .. }) =
            decoder.decode(RAW, &piece[..40], wire, NOW, 0)
        {
            last = Some((datagram.destination_port, datagram.payload.to_vec(), datagram.payload_len));
        }
    }
    assert_eq!(last, Some((88, whole[28..40].to_vec(), 100)));
}

#[test]
fn fragments_in_a_fragmented_tunnel_are_joined() {
    let whole = datagram(300);
    let tunnelled: Vec<Vec<u8>> = pieces(&whole, 20, 160, v4_fragment)
        .iter()
        .zip(0u8..)
        .flat_map(|(inner, id)| {
            let mut outer = wrap::ip(4, inner);
            outer[5] = 100 + id;
            pieces(&outer, 20, 88, move |whole, from, to| {
                let mut piece = v4_fragment(whole, from, to);
                piece[5] = whole[5];
                piece
            })
        })
        .collect();
    assert!(tunnelled.len() > 3, "both pieces are again in pieces");
    assert_eq!(joined(&mut Decoder::default(), &tunnelled), plain(&whole));
}

#[test]
fn an_extension_header_in_the_first_fragment_is_stepped_over_once_whole() {
    let options = [17, 0, 1, 4, 0, 0, 0, 0];
    let whole = v6(60, &[&options[..], &datagram(100)[20..]].concat());
    assert_eq!(joined(&mut Decoder::default(), &pieces(&whole, 40, 64, v6_fragment)), plain(&whole));
}

#[test]
fn an_atomic_fragment_needs_no_other() {
    let whole = v6(17, &datagram(40)[20..]);
    let atomic = v6_fragment(&whole, 0, 48);
    let mut decoder = Decoder::default();
    let packet = packet(&mut decoder, RAW, &atomic);
    assert_eq!(packet.ip_id, Some(7));
    assert_eq!(format!("{:?}", packet.payload), plain(&whole));
}
