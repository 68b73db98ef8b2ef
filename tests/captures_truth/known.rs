//! Where tshark and we differ, and why: looked up packet by packet.

use crate::figures::{Flows, Known};

/// By file.
pub const KNOWN: &[Known] = &[
    Known {
        file: "OISF-suricata-verify__tests_bug-76_input.pcap",
        flows: Flows::One("tcp 80-53104"),
        told: "refused",
        ours: "answered",
        why: "The server did answer: data of it was captured before its RST, of a stream whose addresses and \
              numbers are damaged in most packets. A SYN-ACK was only seen for another address.",
    },
    Known {
        file: "cisco-mercury__unit_tests_pcaps_openvpn_tcp_single.pcap",
        flows: Flows::One("tcp 1194-38764"),
        told: "tls",
        ours: "other",
        why: "OpenVPN over TCP, which wraps TLS records in packets of its own: the stream itself holds no TLS \
              record at any record boundary.",
    },
    Known {
        file: "dotpcap-packetnet__Test_CaptureFiles_ipv6_rtp.pcap",
        flows: Flows::One("udp 6000-40004"),
        told: "rtp",
        ours: "other",
        why: "One datagram in the whole capture, without a session description. tshark's heuristic believes a \
              single packet; a sequence needs a second one.",
    },
    Known {
        file: "ntop-nDPI__badpackets.pcap",
        flows: Flows::All(93),
        told: "dns",
        ours: "none",
        why: "First fragments only, each cut short of the length that its own IP header states, and no other \
              fragment in the capture. tshark reads such a piece by itself; a datagram that never was whole \
              makes no flow here.",
    },
    Known {
        file: "ntop-nDPI__gnutella.pcap",
        flows: Flows::All(9),
        told: "rtp",
        ours: "other",
        why: "Gnutella over UDP, whose messages begin with a random identifier: a quarter of those have the \
              version bits of RTP. In none of these flows does a sequence number follow another of the same \
              source.",
    },
    Known {
        file: "ntop-nDPI__gnutella.pcap",
        flows: Flows::All(4),
        told: "rtcp",
        ours: "other",
        why: "As above, with identifiers that also fit a packet type of RTCP; the length that stands there \
              does not fit the datagram.",
    },
    Known {
        file: "ntop-nDPI__http_on_sip_port.pcap",
        flows: Flows::One("tcp 5060-8888"),
        told: "sip",
        ours: "http",
        why: "HTTP: a GET and its answer. The client happens to use port 5060, by which tshark goes.",
    },
    Known {
        file: "ntop-nDPI__ip_fragmented_garbage.pcap",
        flows: Flows::All(3),
        told: "answered",
        ours: "none",
        why: "Fragments of random octets, whose identification comes again within a second: taken for \
              repetitions of a datagram that was whole. tshark joins each into a TCP header with impossible \
              lengths and flags.",
    },
    Known {
        file: "ntop-nDPI__openvpn_obfuscated.pcapng",
        flows: Flows::One("tcp 465-37976"),
        told: "tls",
        ours: "smtp",
        why: "Obfuscated OpenVPN on port 465, by which tshark goes: no octet of it is a TLS record. Ours goes \
              by the port as well, as nothing else is known.",
    },
    Known {
        file: "realjimmy-sample-captures__general-unsorted_SkypeIRC.cap",
        flows: Flows::All(2),
        told: "rtp",
        ours: "other",
        why: "Skype. What would be the sequence number stands still or jumps, what would be the source never \
              comes twice.",
    },
    Known {
        file: "sbousseaden-PCAP-ATTACK__Lateral_Movement_LM_rdp_sharprdp.pcapng",
        flows: Flows::All(2),
        told: "tls",
        ours: "other",
        why: "Remote desktop over UDP, which carries DTLS inside packets of its own (MS-RDPEUDP): tshark \
              looks into them, and they are no protocol of ours.",
    },
    Known {
        file: "seladb-PcapPlusPlus__NullLoopback.pcap",
        flows: Flows::One("udp 53-58125"),
        told: "dns",
        ours: "none",
        why: "The loopback header of that frame holds no address family, but an Ethernet type in its last two \
              octets, by which tshark goes. No system writes such a header.",
    },
    Known {
        file: "seladb-PcapPlusPlus__Tests_ExamplesTest_pcap_examples_tcp-reassembly.pcap",
        flows: Flows::One("tcp 1060-1731"),
        told: "answered",
        ours: "none",
        why: "A sample inside an sFlow report about other hosts, which tshark looks into: no packet of this \
              network.",
    },
    Known {
        file: "seladb-PcapPlusPlus__null_loopback.pcap",
        flows: Flows::One("udp 53-58125"),
        told: "dns",
        ours: "none",
        why: "The same frames as in the other loopback file.",
    },
    Known {
        file: "snort3-snort3_demo__tests_codecs_teredo_teredo.pcap",
        flows: Flows::One("tcp 8-48620"),
        told: "answered",
        ours: "none",
        why: "Inside Teredo (RFC 4380), a tunnel that is not opened: it is for hosts without a network of \
              their own, and stays the UDP flow that it is.",
    },
    Known {
        file: "the-tcpdump-group-tcpdump__tests_afs.pcap",
        flows: Flows::One("udp 1799-4444"),
        told: "kerberos",
        ours: "other",
        why: "A bare ticket sent to the krb524 converter of AFS on port 4444, which no message of Kerberos is \
              (RFC 4120 5.10), and answered with port unreachable.",
    },
    Known {
        file: "wireshark-happy-shark__tests_dns-1_dns.pcapng",
        flows: Flows::One("udp 53-63538"),
        told: "dns",
        ours: "none",
        why: "A private link type (USER 2), which means something else to each who uses it; tshark's preset \
              takes it for Apple's.",
    },
    Known {
        file: "zeek-zeek__ipv4_fragmented-1.pcap",
        flows: Flows::One("udp 123-137"),
        told: "ntp",
        ours: "none",
        why: "The hole is filled only by a fragment that is longer than its datagram. tshark joins that all \
              the same; here contradictions are counted, not believed.",
    },
];
