//! What we call blocked or altered in captures of others, and why it is: looked up packet by packet.

/// One finding.
pub struct Argued {
    pub file: &'static str,
    pub kind: &'static str,
    pub client: &'static str,
    pub server: &'static str,
    pub port: u16,
    /// Frames that must be among its evidence.
    pub frames: &'static [u64],
    /// The highest confidence that these frames bear.
    pub confidence_at_most: f64,
    /// Why something filters there.
    pub why: &'static str,
}

/// All of them. A capture that is not named here is healthy, or nothing in it shows a block.
pub const ARGUED: &[Argued] = &[
    Argued {
        file: "OISF-suricata-verify__tests_smb2-07_20171220_smb_psexec_add_user.pcap",
        kind: "rpc-dynamic-port-blocked",
        client: "192.168.10.31",
        server: "192.168.10.10",
        port: 49163,
        frames: &[56, 57, 81, 97],
        confidence_at_most: 0.95,
        why: "The endpoint mapper of the domain controller names port 49163 in frame 56. The SYN of frame 57, two \
              hundred microseconds later, is repeated after 3.0 and 9.0 s (frames 81 and 97: Windows' clock) and never \
              answered, while the same two hosts exchange SMB on 445 and DNS on 53 throughout. A closed port of this \
              server was not seen, so the place is left open: the network, or the server's own firewall.",
    },
    Argued {
        file: "ntop-nDPI__anyconnect-vpn.pcap",
        kind: "syn-dropped",
        client: "10.0.0.227",
        server: "10.0.0.151",
        port: 8009,
        frames: &[4, 11, 14, 15, 89],
        confidence_at_most: 0.7,
        why: "Five SYNs from 0.07 to 5.1 s get neither SYN-ACK nor RST. The host is first heard at 27.4 s (frame 411) and \
              serves the same client on 8060 from 28.6 s (frame 510). A host that is up answers a closed port with RST, so \
              something is silent on purpose, most likely the device's own filter; or it woke up only later. Silence alone: \
              no more than 0.7, and the place is left open.",
    },
];
