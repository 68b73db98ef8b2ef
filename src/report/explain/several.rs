//! Kinds that several conversations tell together.

use super::Explanation;

pub(super) const FAILOVER: Explanation = Explanation {
    phrase: "of a failover that cannot work",
    seen: "Of what the members of one cluster need from each other at a failover, two things or more are blocked at the \
           same time: heartbeats (UDP 3343), log shipping (TCP 64327), cluster RPC, or SMB to the witness (TCP 445).",
    means: "Each of them alone has a symptom of its own; together they mean that the second site cannot take over. \
            Copies fall behind, members are thought to be down while they run, and without the witness the cluster may \
            lose its quorum and dismount every database. One rule, or one missing route, is usually behind all of them.",
    otherwise: &[
        "A member under maintenance, whose services are stopped behind a silent host firewall. Its other ports tell: \
         the finding lists which of them answer.",
        "A replication network on which SMB is switched off on purpose. SMB to that address alone is never told so.",
    ],
    advice: &[
        "Ask for any port and protocol, both ways, between all members and the witness, in both sites. The finding \
         names one frame for each blocked part.",
        "Do not rely on a failover until it was tried: Test-ReplicationHealth, then a planned switchover.",
    ],
};

pub(super) const PROXY: Explanation = Explanation {
    phrase: "on which one Exchange server hands requests to another",
    seen: "An Exchange server that serves clients tried to reach another Exchange server on its web port (443, from 2013 \
           on also 444) or by RPC, and was not let through.",
    means: "Client access servers hand requests on to the server in whose site the mailbox is. Where that is blocked, \
            some users work and others do not, depending on where their mailbox is and which server they came in by. \
            The server that they see is innocent.",
    otherwise: &[
        "The other server's own firewall, or its web service stopped behind it. A capture beside it tells.",
        "A server that is being taken out of service and no longer in any site's list.",
    ],
    advice: &[
        "Ask for any port and protocol, both ways, between the Exchange servers of both sites.",
        "Until then, publish each site's own name, so that clients are redirected instead of proxied.",
    ],
};

pub(super) const HEARTBEAT: Explanation = Explanation {
    phrase: "on which cluster heartbeats are missing",
    seen: "Cluster heartbeats (UDP 3343) come at a steady pace in one direction and not in the other, or stopped in both, \
           while the same two hosts go on talking on other ports.",
    means: "A member that misses five heartbeats or so of another takes it for dead and may take over its databases. The \
            other member is alive: it talks on other ports. A firewall that lets replies pass but not what the \
            other side begins by itself does this.",
    otherwise: &[
        "The cluster service of the silent member is stopped or the member was evicted. Get-ClusterNode tells. A member \
         that leaves in order closes its connections, and is not reported.",
        "Networks that are kept apart on purpose, as those for clients and for replication. Two addresses that \
         never talk at all are not reported.",
    ],
    advice: &[
        "Capture beside the silent member: if its heartbeats leave there, the network drops them.",
        "Ask for UDP 3343 in both directions, begun by either side, and better for any port between members.",
    ],
};

pub(super) const MEDIA: Explanation = Explanation {
    phrase: "on which a call's media never come",
    seen: "A call was answered and acknowledged, and both ends said where they want to receive sound. The call stood for \
           two seconds or more, and not one packet came to that address and port, while other packets of the same \
           sender were captured.",
    means: "Signalling (SIP) and media (RTP) take different ports, and the ports of media change with each call. A rule \
            for the signalling alone gives calls that connect and stay silent, in one direction or in both.",
    otherwise: &[
        "A telephone that sends nothing at all while muted. Then only some calls show it.",
        "Media that go another way, by a relay or another address. Where anything like it was captured, nothing is \
         reported.",
        "NAT on the way that leaves the addresses in the descriptions as they were.",
    ],
    advice: &[
        "Capture beside the sender during a call: if its RTP leaves there, the network drops it.",
        "Ask for UDP between gateways and Unified Messaging for the whole range that both are set to use.",
    ],
};
