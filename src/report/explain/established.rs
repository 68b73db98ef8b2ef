//! Kinds about connections that were established and then failed.

use super::Explanation;

pub(super) const MIDSTREAM_DROP: Explanation = Explanation {
    phrase: "that fell silent in the middle",
    seen: "The connection was made and worked. Then one side repeated its data, three times or more over at least a \
           second, and nothing was acknowledged any more, while the other host was heard elsewhere.",
    means: "A living host acknowledges data within milliseconds, even when its programs hang: the operating system does \
            it. So the data did not arrive, or the acknowledgements did not come back. Devices that inspect RPC or SMB, \
            lose their state on failover, or count octets and packets, drop like this.",
    otherwise: &[
        "The host was restarted, and its firewall hides that it no longer knows the connection. Then every connection \
         that was open died at that time; the finding says whether one went on.",
        "The way changed in the middle, through a firewall that had not seen the connection begin. To the hosts the \
         effect is the same.",
        "Connections that die right after a pause are told apart as idle-timeout, those that die at their first full \
         packet as pmtu-black-hole.",
    ],
    advice: &[
        "Capture on both sides of the suspected device at the same time: the repetitions arrive on one side only.",
        "Ask for its log of this connection (addresses, ports and time are in the finding), and switch off inspection \
         between these servers.",
    ],
};

pub(super) const IDLE_TIMEOUT: Explanation = Explanation {
    phrase: "that a device forgot while idle",
    seen: "The connection worked, then nothing was said for a while. The first data after that pause was repeated into \
           silence, or answered with an RST that the other host did not send. Shorter pauses were survived.",
    means: "Firewalls and load balancers forget connections on which nothing passes for some time, and then drop what \
            belongs to none that they know. The pause that died and the longest that survived enclose that timer. \
            Exchange keeps connections for hours: EMSMDB, Netlogon, LDAP to the global catalog, cluster calls.",
    otherwise: &[
        "A server that closes idle connections itself says so with FIN or RST (IIS after 2 minutes, LDAP after 15). That \
         is not this.",
        "A host that was restarted during the pause. The finding says whether it was heard on older connections.",
    ],
    advice: &[
        "Raise the timer between these hosts above what they need: Windows sends keep-alives after 2 hours unless told \
         otherwise, so a timer of 1 hour always wins.",
        "Or let the hosts speak more often: KeepAliveTime 900000 to 1800000 ms, RPC MinimumConnectionTimeout 120 s. \
         Timers must fall from client to server, such as firewall 60, load balancer 40, Exchange 20 minutes.",
    ],
};

pub(super) const TLS_BLOCKED: Explanation = Explanation {
    phrase: "where TCP connects and TLS does not pass",
    seen: "The handshake of TCP was complete. Then the ClientHello was repeated into silence, or answered with an RST \
           that does not look like the server's packets; or the ServerHello never arrived.",
    means: "A port check would call this port open. What does not pass is TLS: a device looks into the first data, at the \
            name or the version in it, and drops or resets.",
    otherwise: &[
        "A server that refuses the version or has no certificate sends an alert, FIN or an RST of its own: that is not \
         this.",
        "A server that acknowledges the ClientHello and then says nothing has the question: its service hangs.",
        "A ServerHello whose certificates fill packets, on a path that loses full packets (pmtu-black-hole).",
    ],
    advice: &[
        "Ask for TLS inspection to be switched off between these servers; Exchange between servers is not to be changed \
         on the way.",
        "Compare with a capture beside the server: the ClientHello arrives there, or not.",
    ],
};

pub(super) const PMTU_BLACK_HOLE: Explanation = Explanation {
    phrase: "on which large packets are lost",
    seen: "Segments of full size were repeated and never acknowledged, while smaller ones of the same connection or the \
           same hosts were. Or they passed as soon as they were cut into smaller pieces. Or, seen beside the receiver, \
           they never arrived and smaller ones behind them did.",
    means: "Somewhere on the way the packets are too large (a tunnel, a VPN, a link with a smaller MTU). The device there \
            should ask for smaller ones by ICMP; it does not, or a firewall drops that ICMP. Everything that fits in \
            small packets works, so port checks and logons seem fine, and large replies hang.",
    otherwise: &[
        "An intrusion prevention system that drops one packet for what is in it. Then other packets of that size pass.",
        "Loss on a bad link strikes all sizes.",
    ],
    advice: &[
        "ping -f -l 1472 and smaller, until it passes: the largest that does, plus 28, is the MTU of the path.",
        "Let ICMP 3/4 (ICMPv6 2/0) pass on every firewall, or have the device with the small MTU lower the MSS.",
    ],
};

pub(super) const SLOW: Explanation = Explanation {
    phrase: "where the service itself was slow",
    seen: "The server acknowledged a question at once. Its answer came after more than ten seconds, or not at all while \
           the server went on acknowledging. Nothing had to be sent again.",
    means: "The network delivered the question. What took the time is the program on the server, or what it waits for in \
            turn: its own disk, a domain controller, another server.",
    otherwise: &[
        "A proxy or load balancer that acknowledges in the server's name, and cannot reach the server. Capture behind it.",
        "Questions that wait by nature (notifications, long polls, searches) are left out.",
    ],
    advice: &[
        "Look at the server at that time: processor, queues, event log.",
        "Capture on the server towards its own servers: its question to a domain controller may be the one that is \
         blocked.",
    ],
};

pub(super) const OVERLOADED: Explanation = Explanation {
    phrase: "to a listener that has too much to do",
    seen: "At the same moment the port took some connections and ignored or refused others of several clients, and the \
           server's other ports did not hesitate.",
    means: "A rule treats all alike. A listener whose queue is full takes what it can: Windows ignores or resets the rest, \
            and the next try may succeed.",
    otherwise: &[
        "Several servers behind one address, of which one is down: a load balancer's pool.",
        "A firewall with a limit of connections per second. Ask for its log.",
    ],
    advice: &["Look at the number of connections and the load of the service at that time."],
};
