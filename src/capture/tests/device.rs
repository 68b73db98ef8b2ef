use std::net::UdpSocket;

use crate::capture::LinkType;
use crate::capture::device::{Device, Filter, Heard};

/// An Ethernet frame with an IPv4 TCP segment between these ports, without checksums.
fn ethernet(from: u16, to: u16) -> Vec<u8> {
    let mut octets = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    octets.extend([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 10, 1, 11, 10, 10, 2, 21]);
    octets.extend([from.to_be_bytes(), to.to_be_bytes()].concat());
    octets.extend([0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0]);
    octets
}

#[test]
fn a_filter_is_compiled_for_the_link_type_of_the_frames() {
    let frame = ethernet(50_000, 135);
    let filter = Filter::compile("host 10.10.2.21 and tcp port 135", LinkType(1)).unwrap();
    assert!(filter.matches(&frame));
    assert!(!filter.matches(&ethernet(50_000, 445)));
    assert!(!filter.matches(&frame[..20]) && !filter.matches(&[]));
    let raw = Filter::compile("tcp port 135", LinkType(101)).unwrap();
    assert!(raw.matches(&frame[14..]) && !raw.matches(&frame));
}

#[test]
fn a_filter_that_is_none_is_quoted_with_an_example() {
    let text = Filter::compile("tcp prot 135", LinkType(1)).err().unwrap().to_string();
    assert!(text.starts_with("filter \"tcp prot 135\": ") && text.contains("tcp port 135"), "{text}");
}

#[test]
fn a_device_that_is_not_there_is_told_with_those_that_are() {
    let text = Device::open("no-such-device", None, 65_535).err().unwrap().to_string();
    assert!(text.starts_with("no-such-device: "), "{text}");
}

#[test]
fn a_device_gives_frames_and_silence() {
    let Ok(mut device) = Device::open("lo", Some("udp port 19653"), 65_535) else {
        println!("skipped: this user may not listen to lo");
        return;
    };
    assert!(matches!(device.next(), Ok(Heard::Silence)));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"heard", "127.0.0.1:19653").unwrap();
    for _ in 0..500 {
        if let Ok(Heard::Frame(frame)) = device.next() {
            assert!(frame.octets.ends_with(b"heard"));
            assert_eq!((frame.number, frame.link), (1, device.link()));
            assert!(device.counts().unwrap().received >= 1);
            return;
        }
    }
    panic!("nothing heard in five seconds");
}
