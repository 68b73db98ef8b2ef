//! Kinds that clear the firewall.

use super::Explanation;

pub(super) const REFUSED: Explanation = Explanation {
    phrase: "refused by the server itself",
    seen: "The server answered the attempt with RST, and that RST looks like all its other packets. Windows clients ask \
           up to three times, half a second apart: that is one attempt.",
    means: "The packet arrived and the answer came back: the network has done its part. On the server nothing listens on \
            that port: the service is stopped, on another node, or listens on another port or address.",
    otherwise: &[
        "A device that rejects in the server's name, and stands as many hops away as the server. A capture on the \
         server settles it: if the SYN never arrives there, it was the device.",
        "A dynamic RPC port from before a restart: the client will ask port 135 again and go on.",
    ],
    advice: &[
        "On the server: Get-Service, then netstat -ano, and look for the port.",
        "Do not ask the firewall team for anything.",
    ],
};

pub(super) const UNREACHABLE: Explanation = Explanation {
    phrase: "to a host that its last router cannot reach",
    seen: "A router answered with ICMP host or network unreachable, mostly a few seconds after the attempt, and nothing \
           was heard of the host afterwards.",
    means: "The packets came as far as the router next to the host. It asked for the host on its network and got no \
            answer: the host is off, its address is wrong, or a route is missing.",
    otherwise: &[
        "Some firewalls reject with host unreachable. They do it at once, and the host is heard on other ports: then \
         the kind is icmp-prohibited.",
    ],
    advice: &[
        "Check that the host is up and has that address.",
        "If it is, look for the route on the router that sent the error.",
    ],
};

pub(super) const NOT_REGISTERED: Explanation = Explanation {
    phrase: "where the RPC service is not registered",
    seen: "The endpoint mapper on port 135 was reached and answered: there is no such interface here (status \
           0x16c9a0d6). Users see error 1753, \"no more endpoints available\".",
    means: "The question and the answer passed. The service is stopped, has not finished starting, or runs on another \
            node of the cluster.",
    otherwise: &["The client asks the wrong server: an old name, or an old entry in the directory."],
    advice: &[
        "On the server: start the service, then list what is registered (portqry -n SERVER -e 135, or rpcdump).",
        "In a failover cluster: look which node holds the resource.",
    ],
};

pub(super) const RESET: Explanation = Explanation {
    phrase: "cut by one of the hosts itself",
    seen: "An established connection was ended by RST while a request waited for its answer, and the RST looks like all \
           other packets of that host.",
    means: "The host's own stack or program ended it: a service that crashed or was restarted, a refusal in mid-call, a \
            limit that was reached. No device did.",
    otherwise: &[
        "A device that takes great care to look like the host. A capture on the host settles it.",
        "A load balancer that owns the server's address: then it is \"the host\" seen from here.",
    ],
    advice: &["Read the event log of the host that sent the RST, for the second of the first frame."],
};
