//! Numbers of the domain name system and their words (IANA "Domain Name System Parameters").

use crate::Text;

/// Response code: no error.
pub const NOERROR: u16 = 0;
/// Response code: the server failed, often because a server behind it was silent.
pub const SERVFAIL: u16 = 2;

/// The word for a record or query type; `TYPE999` for one without (RFC 3597 §5).
pub fn kind(number: u16) -> Text {
    numbered(KINDS, number, "TYPE")
}

/// The word for a response code; `RCODE99` for one without.
pub fn code(number: u16) -> Text {
    numbered(CODES, number, "RCODE")
}

/// The word for an opcode.
pub fn opcode(number: u8) -> &'static str {
    match number {
        0 => "QUERY",
        1 => "IQUERY",
        2 => "STATUS",
        4 => "NOTIFY",
        5 => "UPDATE",
        6 => "DSO",
        _ => "OPCODE",
    }
}

/// Whether both numbers are ones that are really sent. The top bit of a class has a meaning of
/// its own in multicast DNS (RFC 6762 §5.4, §10.2); an OPT record puts its size there.
pub fn is_known(kind: u16, class: u16) -> bool {
    let class = matches!(class & 0x7fff, 1 | 3 | 4 | 254 | 255) || kind == 41;
    class && KINDS.iter().any(|&(number, _)| number == kind)
}

fn numbered(words: &[(u16, &'static str)], number: u16, prefix: &str) -> Text {
    match words.iter().find(|(known, _)| *known == number) {
        Some((_, word)) => (*word).into(),
        None => Text::numbered(prefix, number.into()),
    }
}

const KINDS: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (10, "NULL"),
    (11, "WKS"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (18, "AFSDB"),
    (24, "SIG"),
    (25, "KEY"),
    (28, "AAAA"),
    (29, "LOC"),
    (33, "SRV"),
    (35, "NAPTR"),
    (36, "KX"),
    (37, "CERT"),
    (38, "A6"),
    (39, "DNAME"),
    (41, "OPT"),
    (42, "APL"),
    (43, "DS"),
    (44, "SSHFP"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (49, "DHCID"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (99, "SPF"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
    // Windows servers' own ([MS-DNSP] §2.2.2.1.1).
    (0xff01, "WINS"),
    (0xff02, "WINSR"),
];

const CODES: &[(u16, &str)] = &[
    (NOERROR, "NOERROR"),
    (1, "FORMERR"),
    (SERVFAIL, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (16, "BADVERS"),
    (17, "BADKEY"),
    (18, "BADTIME"),
    (23, "BADCOOKIE"),
];
