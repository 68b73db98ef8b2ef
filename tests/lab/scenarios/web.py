"""HTTPS between Exchange servers and from clients: proxying, back end on 444, dead hosts."""

import firewall
import network
from firewall import Policy
from network import HOSTS as EVERY
from servers import EMSMDB_PORT
from stage import Stage
from story import ALL_PLACES, TWO_PLACES, Capture, Scenario, clear, cleared_as, one_way, report, seen_from

STAND_IN = "Exchange web services are nginx with a self-signed certificate; RPC is a stand-in."
SERVERS = ("web-cas1", "web-cas2", "web-mbx1", "web-mbx2", "exchange-mbx2")
HOSTS = ("cas1", "cas2", "mbx2")
NOBODY = "10.10.3.99"
V6, FROM_V6 = EVERY["cas2"].v6, EVERY["cas1"].v6


def _get(stage: Stage, host: str, server: str, port: int, *more: object):
    name = "cas2" if server == V6 else server
    return stage.client(host, "https", server, port, "--name", f"{name}.exlab.test", *more)


def _healthy(stage: Stage) -> None:
    stage.want("answered", _get(stage, "client1", "cas1", 443, "--repeat", 3))
    stage.want("answered", _get(stage, "cas1", "cas2", 443, "--repeat", 2), _get(stage, "cas1", "mbx2", 444))
    stage.want("answered", _get(stage, "cas1", "mbx1", 444, "--repeat", 2))


def _probes(stage: Stage) -> None:
    probes = [stage.client("cas1", "probe", "cas2", port, "--repeat", 6, "--pause", 1) for port in (443, 444)]
    stage.want("answered", _get(stage, "cas1", "cas2", 443), *probes)


def _between_cas(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", "cas2", 444), _get(stage, "cas1", "mbx2", 444))
    first = _get(stage, "cas1", "cas2", 443)
    stage.pause(8)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("silent", first)
    stage.want("silent", _get(stage, "cas1", "cas2", 443))
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


def _service_down(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas2", "cas1", 443))
    stage.want("refused", _get(stage, "cas2", "cas1", 444, "--attempts", 3))
    stage.want("answered", _get(stage, "cas2", "cas1", 443))


def _rejected_rst(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("refused", _get(stage, "cas1", "cas2", 443, "--attempts", 3))
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


def _host_down(stage: Stage) -> None:
    """mbx2 serves, then its cable is out: the router finds nobody and says so."""
    stage.want("answered", _get(stage, "cas1", "mbx2", 444), _get(stage, "cas1", "cas2", 443))
    network.unplug("mbx2")
    try:
        down = _get(stage, "cas1", "mbx2", 444, "--attempts", 2), stage.rpc("cas1", "mbx2", "emsmdb")
        stage.finish(down[1])
        stage.want("unreachable", down[0])
    finally:
        network.plug("mbx2")
    stage.want("answered", _get(stage, "cas1", "cas2", 443))


def _host_silent(stage: Stage) -> None:
    silent = [stage.client("cas1", "tcp", NOBODY, port) for port in (443, 135)]
    stage.pause(5)
    stage.want("answered", _get(stage, "cas1", "cas2", 443))
    stage.want("silent", *silent)


def _synack_dropped(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    blocked = _get(stage, "cas1", "cas2", 443)
    stage.pause(9)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("silent", blocked)
    stage.pause(4)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


def _v6_dropped(stage: Stage) -> None:
    """Over IPv6 silence, over IPv4 to the same server all is well: as a dual-stack client meets it."""
    lost = _get(stage, "cas1", V6, 443)
    stage.want("answered", _get(stage, "cas1", V6, 444), _get(stage, "cas1", "cas2", 443))
    stage.pause(8)
    stage.want("answered", _get(stage, "cas1", V6, 444))
    stage.want("silent", lost)
    stage.want("answered", _get(stage, "cas1", "cas2", 443))


def _v6_rejected(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", V6, 444))
    stage.want("unreachable", _get(stage, "cas1", V6, 443, "--attempts", 3))
    stage.want("answered", _get(stage, "cas1", V6, 444), _get(stage, "cas1", "cas2", 443))


def _tls_dropped(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    hello = [_get(stage, "cas1", "cas2", 443, "--seconds", 15) for _ in range(2)]
    stage.pause(6)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("silent", *hello)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


def _tls_reset(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("reset", _get(stage, "cas1", "cas2", 443, "--attempts", 3))
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


def _black_hole(stage: Stage) -> None:
    """The way back to cas1 takes 1400 octets, and cas2 is never told."""
    network.narrow("int", 1400)
    try:
        stage.want("answered", _get(stage, "cas1", "cas2", 443))
        stuck = _get(stage, "cas1", "cas2", 443, "--path", "/book.oab", "--seconds", 12)
        stage.pause(5)
        stage.want("answered", _get(stage, "cas1", "cas2", 443))
        stage.want("silent", stuck)
    finally:
        network.narrow("int", 1500)


def _backend_rejected(stage: Stage) -> None:
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))
    stage.want("refused", _get(stage, "cas1", "mbx2", 444, "--attempts", 3))
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))


def _idle(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    idle = [_get(stage, "cas1", "cas2", 443, "--repeat", 2, "--pause", pause, "--seconds", 12) for pause in (12, 13)]
    kept = _get(stage, "cas1", "cas2", 443, "--repeat", 4, "--pause", 4)
    stage.want("answered", kept)
    stage.pause(4)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("silent", *idle)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


LIFE = clear("cas1", "cas2", 444, because="no rule names port 444")
def _opened_later(stage: Stage) -> None:
    """The rule is taken away while we watch."""
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("silent", _get(stage, "cas1", "cas2", 443))
    firewall.apply(firewall.Policy())
    for _ in range(2):
        stage.want("answered", _get(stage, "cas1", "cas2", 443), _get(stage, "cas1", "cas2", 444))


def _closed_later(stage: Stage) -> None:
    """The rule comes while we watch."""
    firewall.apply(firewall.Policy())
    for _ in range(2):
        stage.want("answered", _get(stage, "cas1", "cas2", 443), _get(stage, "cas1", "cas2", 444))
    firewall.apply(stage.scenario.policy)
    stuck = _get(stage, "cas1", "cas2", 443)
    stage.pause(8)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))
    stage.want("silent", stuck)
    stage.want("answered", _get(stage, "cas1", "cas2", 444))


def _for_a_while(name: str, title: str, purpose: str, play, did: str) -> Scenario:
    return Scenario(
        "web", name, title, purpose, SERVERS,
        seen_from("cas1", "cas2", (
            report("cas1", "cas2", 443, "proxy-blocked", "syn-dropped",
                   because="the firewall drops it for a part of this capture; 444 answers all the time"),
            LIFE,
        ), (clear("cas1", "cas2", 443, because="here only what passed is seen"), LIFE), places=TWO_PLACES),
        play, HOSTS,
        Policy(did, ("ip saddr 10.10.2.0/24 ip daddr 10.10.3.0/24 tcp dport 443 ct state new drop",)),
        STAND_IN,
    )  # fmt: skip


SCENARIOS = [
    Scenario(
        "web", "healthy",
        "HTTPS from a client, between CAS and to the back end",
        "The measure of normal for 443 and 444, TLS 1.2 and 1.3.",
        SERVERS,
        (
            Capture("cas1", "cas1", (
                clear("client1", "cas1", 443), clear("cas1", "cas2", 443), clear("cas1", "mbx1", 444), clear("cas1", "mbx2", 444),
            )),
        ),
        _healthy, ("client1", "cas1", "cas2", "mbx1", "mbx2"), stand_ins=STAND_IN,
    ),
    Scenario(
        "web", "probes",
        "A load balancer's health checks",
        "Connections made and aborted with RST each second: normal, however many resets there are.",
        SERVERS,
        (*seen_from("cas1", "cas2", (clear("cas1", "cas2", 443), clear("cas1", "cas2", 444))),),
        _probes, ("cas1", "cas2"), stand_ins=STAND_IN,
    ),
    Scenario(
        "web", "between-cas-dropped",
        "HTTPS between the CAS of two sites is dropped",
        "Proxying to the other site's CAS fails: 443 is unanswered while 444 of the same server works.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report("cas1", "cas2", 443, "proxy-blocked", "syn-dropped",
                       because="the firewall drops it; the same two servers talk on 444 before, during and after"),
                LIFE,
            ), places=ALL_PLACES),
        ),
        _between_cas, HOSTS,
        Policy("dropped TCP 443 from the internal network to the second site, silently",
               ("ip saddr 10.10.2.0/24 ip daddr 10.10.3.0/24 tcp dport 443 drop",)),
        STAND_IN,
    ),
    Scenario(
        "web", "rejected-rst",
        "The firewall answers the SYN with RST",
        "A reject rule that pretends to be the server. Only the sender's TTL tells it from a closed port.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report("cas1", "cas2", 443, "syn-rejected", "proxy-blocked",
                       because="the RST carries the firewall's TTL (64), everything else of that server 127; its 443 does listen"),
                LIFE,
            ), places=ALL_PLACES),
        ),
        _rejected_rst, HOSTS,
        Policy("rejected TCP 443 from the internal network to the second site with RST in the server's name",
               ("ip saddr 10.10.2.0/24 ip daddr 10.10.3.0/24 tcp dport 443 reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "web", "service-down",
        "Nothing listens: the host answers with RST",
        "A stopped service is not a block. The RST is the host's own, with the TTL of its other packets.",
        SERVERS,
        (
            *seen_from("cas2", "cas1", (
                cleared_as("cas2", "cas1", 444, "refused-by-host",
                           because="cas1 has no listener on 444 and no firewall of its own"),
                clear("cas2", "cas1", 443),
            )),
        ),
        _service_down, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "web", "host-down",
        "The host dies and the last router says so",
        "mbx2 serves, then its cable is out: the router gets no ARP answer and sends ICMP host unreachable.",
        SERVERS,
        (
            Capture("client", "cas1", (
                cleared_as("cas1", "mbx2", 135, "host-unreachable",
                           because="ICMP 3/1 from the router next to the host, after ARP failed"),
                clear("cas1", "mbx2", 444,
                      because="it worked until the host was gone; then ICMP 3/1, on every port alike"),
                clear("cas1", "cas2", 443),
            )),
            Capture("last-leg", "fw", (clear("cas1", "cas2", 443), clear("cas1", "mbx2", 444)), device="fw-s2",
                    remark="The router's leg towards the host: after its death only ARP requests without an answer."),
        ),
        _host_down, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "web", "host-silent",
        "An address that never says anything",
        "Nobody has that address and the router is not allowed to say so: silence proves nothing.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                cleared_as("cas1", NOBODY, 443, "host-silent",
                           because="no host has this address, and no packet of it was ever seen"),
                cleared_as("cas1", NOBODY, 135, "host-silent",
                           because="no host has this address, and no packet of it was ever seen"),
                clear("cas1", "cas2", 443),
            ), places="client fw-client-leg"),
        ),
        _host_silent, ("cas1", "cas2"),
        Policy("let everything pass, but never sent ICMP unreachable", output=("icmp type destination-unreachable drop",)),
        STAND_IN,
    ),
    Scenario(
        "web", "synack-dropped",
        "The server answers, the answer is dropped on its way back",
        "From the client it looks like any dropped SYN; the capture at the server shows whose fault it is.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report("cas1", "cas2", 443, "syn-dropped", "proxy-blocked",
                       because="here only unanswered SYNs are seen; that the answer was lost cannot be known from here"),
                LIFE,
            ), (
                report("cas1", "cas2", 443, "synack-dropped", "proxy-blocked",
                       because="SYN and SYN-ACK repeated, never completed, while the same client works on 444").seen_as("half-open"),
                LIFE,
            ), (
                report("cas1", "cas2", 443, "synack-dropped", "syn-dropped", "proxy-blocked",
                       because="the SYN-ACK comes in on one leg and never goes out on the other"),
                LIFE,
            ), ALL_PLACES),
        ),
        _synack_dropped, HOSTS,
        Policy("dropped the SYN-ACKs of port 443 from the second site",
               ("ip saddr 10.10.3.0/24 tcp sport 443 tcp flags & (syn | ack) == syn | ack drop",)),
        STAND_IN,
    ),
    Scenario(
        "web", "v6-dropped",
        "HTTPS is dropped over IPv6 only",
        "A rule set that was written for IPv4 and forgot a port in its IPv6 twin.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report(FROM_V6, V6, 443, "proxy-blocked", "syn-dropped",
                       because="dropped over IPv6; 444 over IPv6 and 443 over IPv4 work"),
                clear(FROM_V6, V6, 444), clear("cas1", "cas2", 443),
            )),
        ),
        _v6_dropped, ("cas1", "cas2"),
        Policy("dropped TCP 443 over IPv6, silently", ("meta nfproto ipv6 tcp dport 443 drop",)),
        STAND_IN,
    ),
    Scenario(
        "web", "v6-rejected-icmp",
        "HTTPS is rejected over IPv6",
        "ICMPv6 'administratively prohibited' (1/1) from the firewall.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report(FROM_V6, V6, 443, "icmp-prohibited", "proxy-blocked",
                       because="ICMPv6 1/1 from the firewall, quoting the SYN"),
                clear(FROM_V6, V6, 444), clear("cas1", "cas2", 443),
            )),
        ),
        _v6_rejected, ("cas1", "cas2"),
        Policy("rejected TCP 443 over IPv6 with ICMPv6 1/1",
               ("meta nfproto ipv6 tcp dport 443 reject with icmpv6 type admin-prohibited",)),
        STAND_IN,
    ),
    Scenario(
        "web", "tls-hello-dropped",
        "The handshake of TCP passes, the ClientHello does not",
        "A device that inspects TLS: connected at once, then the ClientHello is repeated into silence.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report("cas1", "cas2", 443, "tls-blocked", "midstream-drop", "proxy-blocked",
                       because="TCP is established, the ClientHello never acknowledged; TLS on 444 of the same server works"),
                LIFE,
            ), (clear("cas1", "cas2", 443, because="here the connections are made and nothing more is seen of them"), LIFE)),
            *one_way("cas1", (clear("cas1", "cas2", 443), LIFE)),
        ),
        _tls_dropped, HOSTS,
        Policy("dropped segments to port 443 that begin with a TLS handshake record",
               ("tcp dport 443 @th,160,8 0x16 drop",)),
        STAND_IN,
    ),
    Scenario(
        "web", "tls-hello-reset",
        "The ClientHello is answered with RST",
        "A device that inspects TLS and resets, in the server's name but with its own TTL.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report("cas1", "cas2", 443, "tls-blocked", "midstream-reset", "proxy-blocked",
                       because="RST right after the ClientHello with the firewall's TTL (64), where the server's SYN-ACK has 127"),
                LIFE,
            ), (clear("cas1", "cas2", 443, because="here the connections are made and nothing more is seen of them"), LIFE)),
        ),
        _tls_reset, HOSTS,
        Policy("answered TLS handshake records to port 443 with RST",
               ("tcp dport 443 @th,160,8 0x16 reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "web", "pmtu-black-hole",
        "Full-size packets vanish",
        "Small pages work; of a big one the full-size segments are lost, and ICMP 'fragmentation needed' with them.",
        SERVERS,
        (
            *seen_from("cas1", "cas2", (
                report("cas1", "cas2", 443, "pmtu-black-hole", "midstream-drop",
                       because="a hole that is never filled before a smaller segment that arrived"),
            ), (
                report("cas1", "cas2", 443, "pmtu-black-hole",
                       because="segments of full size are repeated, smaller ones are acknowledged, no ICMP 3/4 arrives"),
            )),
        ),
        _black_hole, HOSTS,
        Policy("had a leg of MTU 1400 towards cas1 and never sent ICMP", output=("icmp type destination-unreachable drop",)),
        STAND_IN,
    ),
    Scenario(
        "web", "backend-rejected",
        "The back end's 444 is rejected with RST",
        "A Client Access server reaches the mailbox server by RPC, its HTTPS is refused in that server's name.",
        SERVERS,
        seen_from("cas1", "mbx2", (
            report("cas1", "mbx2", 444, "syn-rejected", "proxy-blocked",
                   because="the RST carries the firewall's TTL (64), everything else of mbx2 127; its 444 does listen"),
            clear("cas1", "mbx2", 135), clear("cas1", "mbx2", EMSMDB_PORT),
        )),
        _backend_rejected, ("cas1", "mbx2"),
        Policy("rejected TCP 444 to the second site with RST", ("ip daddr 10.10.3.0/24 tcp dport 444 reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "web", "idle-timeout",
        "The firewall forgets idle HTTPS connections",
        "A timer of 8 s in place of an hour's: what comes later is dropped without a word.",
        SERVERS,
        seen_from("cas1", "cas2", (
            report("cas1", "cas2", 443, "idle-timeout", "midstream-drop",
                   because="after 12 s of silence nothing is acknowledged; a connection with gaps of 4 s goes on"),
            LIFE,
        ), (
            clear("cas1", "cas2", 443, because="from here the connections only fall silent"), LIFE,
        )),
        _idle, HOSTS,
        Policy("dropped packets of TCP 443 connections that it had forgotten after 8 idle seconds",
               ("tcp dport 443 ct state invalid drop", "tcp sport 443 ct state invalid drop"),
               sysctls=(("net.netfilter.nf_conntrack_tcp_timeout_established", "8"),
                        ("net.netfilter.nf_conntrack_tcp_loose", "0"))),
        STAND_IN,
    ),
    _for_a_while("opened-later", "A dropped port is opened", "Blocked at first, and answered after the rule was changed.",
                 _opened_later, "dropped TCP 443 to the second site at first, and let it pass later"),
    _for_a_while("closed-later", "An open port is dropped", "Answered at first, and dropped after the rule was changed.",
                 _closed_later, "let TCP 443 to the second site pass at first, and dropped it later"),
]  # fmt: skip
