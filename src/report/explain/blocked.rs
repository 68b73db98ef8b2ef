//! Kinds that say: something filters.

use super::Explanation;

pub(super) const RPC_DYNAMIC_PORT: Explanation = Explanation {
    phrase: "stopped at the dynamic RPC port that port 135 had named",
    seen: "The client asked the endpoint mapper on port 135 where an RPC service listens, and was told a port. Its \
           connection to that port got no answer or was rejected, while port 135 went on answering.",
    means: "RPC services take their ports as they start, from a range: 1025 to 5000 up to Windows Server 2003, 49152 \
            to 65535 since, mostly 6005 and up on Exchange 2010 and later. A rule that opens 135 alone lets clients ask \
            the way and then stops them. Between Client Access and Mailbox servers, cluster nodes, and Exchange and \
            domain controllers this is the classic of a firewall in between.",
    otherwise: &[
        "The server's own firewall: Windows drops silently, and in stealth mode also hides ports on which nothing \
         listens. A capture beside the server tells: if the SYNs arrive there, the network is innocent.",
        "An old answer: after a restart the service has another port. Then the old one is usually refused with RST, \
         which is called refused-by-host, not blocked.",
        "RPC inspection on a firewall, which opens ports by reading the mapper's answers, and misses those that are \
         signed, encrypted, inside SMB or in several fragments. To Exchange the effect is the same.",
    ],
    advice: &[
        "Ask for any port and protocol, both ways, between the groups \"Exchange Servers\" and \"Domain Controllers\" \
         and within the first. A list of ports will be wrong after the next restart.",
        "Show the firewall team both packets: the answer that names the port, and the SYN that stays alone. The \
         finding gives their frame numbers.",
        "For Outlook clients, not servers, two static ports may be set instead (Exchange 2010: RPC Client Access and \
         Address Book).",
    ],
};

pub(super) const SYN_DROPPED: Explanation = Explanation {
    phrase: "without any answer, to a host that is alive",
    seen: "The client asked for a connection several times (SYN at 0, 3 and 9 seconds on older Windows, at 0, 1, 3 and 7 \
           on newer systems) and got nothing back: no acceptance, no refusal, no ICMP error. In the same minutes the \
           server was heard on other ports or by other clients.",
    means: "A living host that does not want a connection says so with RST. Silence means that something ate the \
            question or the answer: that is what a firewall rule with the action \"drop\" looks like. What makes it \
            sure is listed in the finding: other ports between the two hosts, other clients on this port, closed ports \
            that do answer.",
    otherwise: &[
        "The server's own firewall. Windows drops silently, and in stealth mode even a stopped service looks like this. \
         That is why silence alone is never more than 70 % sure, and the place stays open.",
        "A service so busy that its queue of new connections is full. It then works again a little later.",
        "The answer takes another way back that was not captured. Look whether any packet from this server to this \
         client was captured.",
    ],
    advice: &[
        "Capture beside the server at the same time. SYNs arrive and nothing answers: look at the server (netsh wfp \
         show state; auditpol for Filtering Platform Packet Drop). They do not arrive: it is the network.",
        "Show the firewall team source, destination, port and the times of the tries; the finding has them all.",
    ],
};

pub(super) const SYNACK_DROPPED: Explanation = Explanation {
    phrase: "on which the server's answer does not come back",
    seen: "The client asked for a connection, the server accepted (SYN-ACK), and the client asked again as if nothing \
           had come. The server repeated its answer, too.",
    means: "Both hosts are alive and want the connection. The way there is open, the way back is not: asymmetric routing \
            through a firewall that saw only one half, or a rule for one direction only.",
    otherwise: &[
        "The client's own firewall or a filter driver drops the answer. If the capture was made on the client, this \
         comes first.",
        "A scan or a flood with false addresses: then the \"client\" never asks again after the answer, and this is \
         not reported.",
    ],
    advice: &[
        "Find the way back: traceroute from the server to the client, and compare with the way there. Two gateways \
         and one stateful firewall explain most cases.",
        "Capture beside the client at the same time. If the SYN-ACK arrives there, look at the client.",
    ],
};

pub(super) const SYN_REJECTED: Explanation = Explanation {
    phrase: "rejected by a device in the server's name",
    seen: "A connection attempt was answered by RST in the server's name, but that RST did not come from the server: its \
           time to live, and so the number of routers it has passed, is not that of the server's other packets.",
    means: "A firewall with the action \"reject\", or a load balancer without a pool member, answers for the server, \
            which never saw the attempt.",
    otherwise: &[
        "A port on which nothing listens: then the RST has the same time to live as all other packets of the host, and \
         the kind is refused-by-host.",
        "A proxy or load balancer owns this address and answers everything. Then all its packets look alike, and \
         nothing is reported here.",
        "The route changed between the two packets. That makes a difference of one, rarely more.",
    ],
    advice: &[
        "Compare the frames of the finding in Wireshark: ip.ttl of the RST and of any other packet of the server.",
        "Count the hops: 64, 128 or 255 less the RST's time to live is the device's distance from the capture.",
        "Ask for the rule on the device at that distance.",
    ],
};

pub(super) const ICMP_PROHIBITED: Explanation = Explanation {
    phrase: "rejected with an ICMP error",
    seen: "The attempt was answered by an ICMP error that quotes it: administratively prohibited (3/9, 3/10, 3/13; in \
           IPv6 1/1, 1/5), or unreachable from a host or router that can reach it well.",
    means: "This is a firewall being polite: it says that it will not let the packet pass. The sender of the ICMP error \
            is the device, or the server itself if it comes from there.",
    otherwise: &[
        "The host is really down. Then a router near it answers with host unreachable, mostly after some seconds, and \
         the kind is host-unreachable.",
        "A UDP port on which nothing listens: then the server itself answers with port unreachable (3/3), and nothing \
         is blocked.",
    ],
    advice: &[
        "Look who sent the ICMP error: the frame is in the finding. That device has the rule.",
        "Ask for the rule there. If it is the server itself, look at its own packet filter.",
    ],
};

pub(super) const MIDSTREAM_RESET: Explanation = Explanation {
    phrase: "cut by a device while connected",
    seen: "A connection was established, and then ended by an RST that does not look like the host in whose name it \
           came: another time to live, an IP identification out of line, or the host went on sending as if it knew \
           of nothing.",
    means: "A device between the two hosts ended the connection, because of what it read in it (inspection) or because \
            it forgot the connection (idle timers, failover of the device).",
    otherwise: &[
        "The host's own program ended it: Windows programs often use RST instead of FIN. Then the RST looks like all \
         other packets of the host, and nothing is reported, or reset-by-host.",
        "Retransmissions ran out: the host itself gives up after the last one. That RST is the victim's.",
    ],
    advice: &[
        "Look at the last data before the RST: if it is always the same operation, something inspects it (IPS, RPC or \
         SMTP inspection, TLS inspection).",
        "If it comes after a silence of round minutes, look for the idle timer of the devices on the way.",
        "Read the device's log for the second of the RST; the finding has the time.",
    ],
};

pub(super) const UDP: Explanation = Explanation {
    phrase: "without answers to UDP requests",
    seen: "UDP requests of a service that answers each one (DNS, Kerberos, LDAP locator, SIP) got no answer, although \
           the server answers the same service over TCP, to other clients, or did so at another time.",
    means: "The service lives and is reachable; its UDP is not. Rules are often written for TCP only, and fragmented UDP \
            (Kerberos with large tickets) is dropped by many devices.",
    otherwise: &[
        "The service does not listen on UDP, or is too busy. Other clients that do get answers speak against it.",
        "The answers were lost one by one. Several requests make that unlikely.",
    ],
    advice: &[
        "Ask for UDP on that port, in both directions, besides TCP. For servers of Exchange: any protocol.",
        "Kerberos can be told to use TCP only; that cures the symptom, not the rule.",
    ],
};
