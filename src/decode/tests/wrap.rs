//! Every way in which a packet travels or is captured.

use super::LinkType;

/// One wrapping, and what is known of it once it is gone.
pub struct Wrap {
    pub name: &'static str,
    pub link: LinkType,
    pub vlan: Option<u16>,
    pub tunnels: u8,
    pub around: fn(&[u8]) -> Vec<u8>,
}

const fn wrap(name: &'static str, link: u32, around: fn(&[u8]) -> Vec<u8>) -> Wrap {
    Wrap { name, link: LinkType(link), vlan: None, tunnels: 0, around }
}

const fn tagged(name: &'static str, vlan: u16, around: fn(&[u8]) -> Vec<u8>) -> Wrap {
    Wrap { name, link: LinkType(1), vlan: Some(vlan), tunnels: 0, around }
}

const fn tunnel(name: &'static str, tunnels: u8, around: fn(&[u8]) -> Vec<u8>) -> Wrap {
    Wrap { name, link: LinkType(101), vlan: None, tunnels, around }
}

pub const WRAPS: &[Wrap] = &[
    wrap("null, little-endian", 0, |ip| front(&[family(ip), 0, 0, 0], ip)),
    wrap("null, big-endian", 0, |ip| front(&[0, 0, 0, family(ip)], ip)),
    wrap("loop", 108, |ip| front(&[0, 0, 0, family(ip)], ip)),
    wrap("ethernet", 1, ethernet),
    wrap("802.2 snap", 1, |ip| {
        let snap = front(&[0xaa, 0xaa, 3, 0, 0, 0], &typed(ip));
        ethernet_of(u16::try_from(snap.len()).unwrap(), &snap)
    }),
    wrap("priority tag", 1, |ip| ethernet_of(0x8100, &front(&[0xe0, 0], &typed(ip)))),
    wrap("e-tag", 1, |ip| ethernet_of(0x893f, &front(&[0; 6], &typed(ip)))),
    wrap("vn-tag", 1, |ip| ethernet_of(0x8926, &front(&[0; 4], &typed(ip)))),
    wrap("cisco metadata", 1, |ip| ethernet_of(0x8909, &front(&[1, 1, 0, 1, 0, 9], &typed(ip)))),
    wrap("mpls", 1, |ip| ethernet_of(0x8847, &front(&[0, 1, 0, 64, 0, 2, 1, 64], ip))),
    wrap("pseudo-wire with control word", 1, |ip| {
        ethernet_of(0x8847, &front(&[0, 1, 1, 64, 0, 0, 0, 0], &ethernet(ip)))
    }),
    wrap("pseudo-wire", 1, |ip| ethernet_of(0x8847, &front(&[0, 1, 1, 64], &from_a_vendor(&ethernet(ip))))),
    wrap("pppoe on ethernet", 1, |ip| ethernet_of(0x8864, &pppoe(ip))),
    tagged("802.1q", 5, |ip| ethernet_of(0x8100, &front(&[0x20, 5], &typed(ip)))),
    tagged("802.1ad", 7, |ip| ethernet_of(0x88a8, &front(&[0, 7, 0x81, 0, 0, 8], &typed(ip)))),
    tagged("three old tags", 7, |ip| ethernet_of(0x9100, &front(&[0, 7, 0x92, 0, 0, 8, 0x81, 0, 0, 9], &typed(ip)))),
    tagged("isl", 9, |ip| {
        let header = [1, 0, 0x0c, 0, 0, 2, 2, 2, 2, 2, 2, 2, 0, 90, 0xaa, 0xaa, 3, 2, 2, 2, 0, 18, 0, 1, 0, 0];
        front(&header, &ethernet(ip))
    }),
    wrap("slip", 8, |ip| front(&front(&[1, 0x45], &[0; 14]), ip)),
    wrap("ppp", 9, |ip| ppp(&[], ip)),
    wrap("ppp with address", 9, |ip| ppp(&[0xff, 3], ip)),
    wrap("ppp with compressed protocol", 9, |ip| front(&[ppp_protocol(ip)], ip)),
    wrap("ppp with direction", 204, |ip| ppp(&[1, 0xff, 3], ip)),
    wrap("ppp on a serial line", 50, |ip| ppp(&[0xff, 3], ip)),
    wrap("pppoe", 51, pppoe),
    wrap("cisco hdlc", 104, |ip| front(&[0x0f, 0], &typed(ip))),
    wrap("cisco hdlc with direction", 205, |ip| front(&[0, 0x0f, 0], &typed(ip))),
    wrap("raw 12", 12, <[u8]>::to_vec),
    wrap("raw 14", 14, <[u8]>::to_vec),
    wrap("raw", 101, <[u8]>::to_vec),
    wrap("ipv4", 228, <[u8]>::to_vec),
    wrap("ipv6", 229, <[u8]>::to_vec),
    wrap("cooked", 113, |ip| front(&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], &typed(ip))),
    wrap("cooked 2", 276, |ip| {
        let kind = ethertype(ip).to_be_bytes();
        front(&[kind[0], kind[1], 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], ip)
    }),
    wrap("nflog, little-endian", 239, |ip| {
        let length = u16::try_from(ip.len() + 4).unwrap().to_le_bytes();
        front(&[2, 0, 0, 0, 5, 0, 10, 0, 65, 0, 0, 0, length[0], length[1], 9, 0], ip)
    }),
    wrap("nflog, big-endian", 239, |ip| {
        let length = u16::try_from(ip.len() + 4).unwrap().to_be_bytes();
        front(&[2, 0, 0, 0, 0, 5, 0, 10, 65, 0, 0, 0, length[0], length[1], 0, 9], ip)
    }),
    wrap("erf of ethernet, extended", 197, |ip| {
        erf(0x80 | 2, &[0x83, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], &ethernet(ip))
    }),
    wrap("erf of hdlc", 197, |ip| erf(5, &[0; 4], &ppp(&[0xff, 3], ip))),
    wrap("erf of ip", 197, |ip| erf(if ethertype(ip) == 0x0800 { 22 } else { 23 }, &[], ip)),
    tunnel("ip in ip", 1, |packet| ip(if ethertype(packet) == 0x0800 { 4 } else { 41 }, packet)),
    tunnel("gre", 1, |packet| ip(47, &front(&[0, 0], &typed(packet)))),
    tunnel("gre with all fields", 1, |packet| {
        let kind = ethertype(packet).to_be_bytes();
        ip(47, &front(&[0xb0, 0, kind[0], kind[1], 1, 1, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8], packet))
    }),
    tunnel("gre with ethernet", 1, |ip| self::ip(47, &front(&[0x20, 0, 0x65, 0x58, 0, 0, 7, 0], &ethernet(ip)))),
    tunnel("pptp", 1, |packet| {
        ip(47, &front(&[0x30, 0x81, 0x88, 0x0b, 0, 60, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], &ppp(&[0xff, 3], packet)))
    }),
    tunnel("wccp", 1, |packet| ip(47, &front(&[0, 0, 0x88, 0x3e, 0, 0, 0, 1], packet))),
    tunnel("erspan i", 1, |packet| ip(47, &front(&[0, 0, 0x88, 0xbe], &ethernet(packet)))),
    tunnel("erspan ii", 1, |packet| {
        ip(47, &front(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 3, 0, 1, 0, 0, 0, 1], &ethernet(packet)))
    }),
    tunnel("erspan iii", 1, |packet| {
        let header = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0x80, 0];
        ip(47, &front(&header, &ethernet(packet)))
    }),
    tunnel("erspan iii of ip, with platform", 1, |packet| {
        let header = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0x88, 1];
        ip(47, &front(&front(&header, &[0; 8]), packet))
    }),
    tunnel("vxlan", 1, |packet| ip(17, &udp(4789, &front(&[8, 0, 0, 0, 0, 0, 9, 0], &ethernet(packet))))),
    tunnel("vxlan with group", 1, |packet| ip(17, &udp(8472, &front(&[0x88, 0, 1, 2, 0, 0, 9, 0], &ethernet(packet))))),
    tunnel("vxlan of ip", 1, |packet| {
        let next = if ethertype(packet) == 0x0800 { 1 } else { 2 };
        ip(17, &udp(4790, &front(&[0x0c, 0, 0, next, 0, 0, 9, 0], packet)))
    }),
    tunnel("geneve with options", 1, |packet| {
        let header = [1, 0x40, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 0];
        ip(17, &udp(6081, &front(&header, &ethernet(packet))))
    }),
    tunnel("vxlan in gre in ip", 3, |packet| {
        let vxlan = ip(17, &udp(4789, &front(&[8, 0, 0, 0, 0, 0, 9, 0], &ethernet(packet))));
        ip(4, &ip(47, &front(&[0, 0], &typed(&vxlan))))
    }),
];

/// An Ethernet II frame.
pub fn ethernet(ip: &[u8]) -> Vec<u8> {
    ethernet_of(ethertype(ip), ip)
}

/// An IPv4 packet, from 192.0.2.1 to 192.0.2.2, with identification 7.
pub fn ip(protocol: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 20).unwrap().to_be_bytes();
    front(&[0x45, 0, length[0], length[1], 0, 7, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2], body)
}

/// A UDP datagram to `port`.
pub fn udp(port: u16, body: &[u8]) -> Vec<u8> {
    let (port, length) = (port.to_be_bytes(), u16::try_from(body.len() + 8).unwrap().to_be_bytes());
    front(&[0xc0, 1, port[0], port[1], length[0], length[1], 0, 0], body)
}

fn front(header: &[u8], body: &[u8]) -> Vec<u8> {
    [header, body].concat()
}

/// A record of ERF, padded as they are.
fn erf(kind: u8, more: &[u8], body: &[u8]) -> Vec<u8> {
    let length = (16 + more.len() + body.len()).next_multiple_of(8);
    let [length_high, length_low] = u16::try_from(length).unwrap().to_be_bytes();
    let [wire_high, wire_low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let header = [0, 0, 0, 0, 1, 0, 0, 0, kind, 4, length_high, length_low, 0, 0, wire_high, wire_low];
    let mut record = front(&front(&header, more), body);
    record.resize(length, 0xee);
    record
}

fn ethernet_of(kind: u16, body: &[u8]) -> Vec<u8> {
    let kind = kind.to_be_bytes();
    front(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, kind[0], kind[1]], body)
}

/// Without a control word, the first address tells a pseudo-wire's frame from IP.
fn from_a_vendor(frame: &[u8]) -> Vec<u8> {
    front(&[0x30], &frame[1..])
}

/// The packet behind its EtherType.
fn typed(ip: &[u8]) -> Vec<u8> {
    front(&ethertype(ip).to_be_bytes(), ip)
}

fn ethertype(ip: &[u8]) -> u16 {
    if ip[0] >> 4 == 4 { 0x0800 } else { 0x86dd }
}

fn family(ip: &[u8]) -> u8 {
    if ip[0] >> 4 == 4 { 2 } else { 30 }
}

fn ppp_protocol(ip: &[u8]) -> u8 {
    if ip[0] >> 4 == 4 { 0x21 } else { 0x57 }
}

fn ppp(before: &[u8], ip: &[u8]) -> Vec<u8> {
    front(&front(before, &[0, ppp_protocol(ip)]), ip)
}

fn pppoe(ip: &[u8]) -> Vec<u8> {
    let length = u16::try_from(ip.len() + 2).unwrap().to_be_bytes();
    front(&[0x11, 0, 0, 9, length[0], length[1]], &ppp(&[], ip))
}
