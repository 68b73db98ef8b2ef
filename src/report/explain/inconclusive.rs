//! Kinds that say: the packets cannot tell, and why.

use super::Explanation;

pub(super) const NO_ANSWER: Explanation = Explanation {
    phrase: "whose silence cannot be explained",
    seen: "Attempts got no answer. The server was heard in this capture, but not near the time of the attempts, or there \
           were too few tries to tell a block from a lost packet.",
    means: "It may be a block, and it may be a host that was down for a while or packets that were lost. Calling it a \
            block would be a guess.",
    otherwise: &[
        "A firewall that drops: capture longer, and the tries and the signs of life add up.",
        "A host that was down or restarting at that time.",
        "For UDP: a service that nobody runs there; hosts need not say so.",
    ],
    advice: &[
        "Reproduce the problem while capturing for a minute longer, with a connection to another port of the same \
         server beside it: that shows that it lives.",
        "Capture beside the server at the same time: do the packets arrive?",
    ],
};

pub(super) const HOST_SILENT: Explanation = Explanation {
    phrase: "to a host that was never heard",
    seen: "Attempts got no answer, and not one packet of that host was captured, to anyone.",
    means: "A host that is off, one that is elsewhere, and one that is wholly cut off all look the same from here.",
    otherwise: &[
        "Everything to or from the host is dropped: a rule for the whole host, or a route into nothing.",
        "The host is down or the address is an old one.",
        "The host's answers take a way that is not captured.",
    ],
    advice: &[
        "Ask something else of the same host while capturing, from another client too.",
        "Capture beside the host: do the packets arrive?",
        "Check the name in DNS and the directory: is the address still right?",
    ],
};

pub(super) const ONE_WAY: Explanation = Explanation {
    phrase: "of which only one direction was captured",
    seen: "Connections show acknowledgements or data in one direction, and not one packet in the other.",
    means: "A connection that works has both. The capture saw only half of it, so a missing answer is not a missing \
            answer.",
    otherwise: &[
        "A mirror port that copies only Rx or only Tx.",
        "Asymmetric routing: the way back passes another switch.",
        "Virtual machines on one host: their packets to each other never come out of it.",
    ],
    advice: &[
        "Mirror Rx and Tx, or both ports of the way, or capture on the host itself.",
        "If routing is asymmetric, capture on both ways and give both files: anyany analyze A B.",
    ],
};

pub(super) const EDGE: Explanation = Explanation {
    phrase: "cut off by the end of the capture",
    seen: "An attempt began so near to the end of the capture that its answer could not have come yet.",
    means: "Nothing follows from it. A client may wait 21 seconds and more before it gives up.",
    otherwise: &["A block that began just then: the next capture will show it."],
    advice: &["Let the capture run for at least 30 seconds after the problem shows."],
};

pub(super) const MIDWAY: Explanation = Explanation {
    phrase: "under way when the capture began",
    seen: "Most connections were under way already: how they started was not captured.",
    means: "Who called whom is then told from ports, the endpoint mapper's answers may have come before, and RPC \
            connections may stay without a name. What failed later is judged as always.",
    otherwise: &["A capture filter that leaves out SYNs."],
    advice: &[
        "Start the capture first, then reproduce the problem; restart the service if you can, so that it connects anew.",
    ],
};

pub(super) const LOSS: Explanation = Explanation {
    phrase: "in which packets are missing",
    seen: "The capture itself counts lost packets, or receivers acknowledged data that is not in the capture: it existed, \
           it arrived, and the capture missed it.",
    means: "Where the capture loses packets, silence proves less: the answer may be among the lost ones. Findings that \
            rest on silence are a little less sure here, and above one percent a single silent attempt proves nothing.",
    otherwise: &["Nothing else: an acknowledgement of data that was never sent does not occur."],
    advice: &[
        "Capture with a filter for the hosts in question, to a fast disk, with a larger buffer.",
        "On a SPAN port, look whether the mirrored ports together carry more than the mirror can.",
    ],
};

pub(super) const DUPLICATES: Explanation = Explanation {
    phrase: "that were captured twice",
    seen: "Packets appear again within milliseconds with the same identification, numbers and checksum, often with a \
           lower time to live or in another VLAN.",
    means: "The capture sees each packet at two places: two mirrored ports, or both sides of a router. The copies were \
            counted and left out. Nothing was sent twice.",
    otherwise: &["A retransmission has an IP identification of its own, and waits for 200 ms and more."],
    advice: &["Nothing has to be done. Mirroring one direction of each port, or one VLAN, saves half of the space."],
};

pub(super) const TRUNCATED: Explanation = Explanation {
    phrase: "of which only the front was kept",
    seen: "Frames were longer on the wire than in the capture: the snap length cut them.",
    means: "Who reached whom is known from the headers. What was said is not: a port that the endpoint mapper named, a \
            status, a masked greeting may be missing, and so may the findings that rest on them.",
    otherwise: &["Frames that the network card joined are longer than any packet; those are not cut."],
    advice: &["Capture whole packets: snap length 0 or 262144 (tcpdump -s 0)."],
};

pub(super) const CLOCK: Explanation = Explanation {
    phrase: "whose clock went back",
    seen: "A frame's time is more than a second before that of the frame in front of it.",
    means: "The clock was set while capturing, or files of different machines were joined. Times before and after the \
            step do not compare: pauses, timers and signs of life across it may be wrong.",
    otherwise: &["Steps of microseconds come from several queues of one network card, and are left alone."],
    advice: &["Capture again without setting the clock meanwhile, or analyze the parts one by one."],
};

pub(super) const NOT_SEEN: Explanation = Explanation {
    phrase: "that the hosts need and on which nothing was seen",
    seen: "Two known hosts talk to each other here, in both directions and for long. Something that they need of each \
           other was not seen even once: the heartbeats of a cluster whose logs are shipped, the directory by a \
           server that gets its tickets there, or a call to the port that the endpoint mapper has just named.",
    means: "The packets were never sent, or something stopped them before they came here. A capture behind the device \
            that drops sees exactly this, and a capture beside the sender tells the two apart. It is no block as long \
            as nobody saw an attempt.",
    otherwise: &[
        "The hosts do it over other addresses or another network, which this place does not show.",
        "The capture was filtered by port: then other traffic of that port is missing too, and this is not said.",
        "The service is not in use: a node that is no member any more, a server of another site.",
        "An old connection that was idle all the time.",
    ],
    advice: &[
        "Capture beside the host that should send, at the same time: do its packets leave there?",
        "Ask the host itself: Get-ClusterNode for heartbeats, event 2080 for the directory, portqry for a port.",
        "If packets leave there and do not come here, the device between the two places is the one to look at.",
    ],
};
