"""What stands between two hosts without blocking: other ways, address translation, load balancers, SYN proxies."""

import network
from firewall import Policy
from network import HOSTS as EVERY
from scenarios.web import STAND_IN as WEB
from servers import EMSMDB_PORT
from stage import Stage
from story import ENDS, Capture, Scenario, clear, maybe, report, seen_from

STAND_IN = WEB
SERVERS, HOSTS = ("web-cas1", "web-cas2", "exchange-mbx2", "exchange-mbx1"), ("cas1", "cas2")
INSIDE, SECOND = "10.10.2.0/24", "10.10.3.0/24"
VIP = "10.10.3.100"
STATEFUL = Policy(
    "dropped what belongs to no session that it has seen from the beginning",
    ("ct state invalid drop", "tcp flags & (syn | ack) != syn ct state new drop"),
    sysctls=(("net.netfilter.nf_conntrack_tcp_loose", "0"),),
)


def _get(stage: Stage, server: str = "cas2", port: int = 443, host: str = "cas1", *more: object):
    return stage.client(host, "https", server, port, *more)


def _back_by_detour(stage: Stage) -> None:
    """cas2 answers by the second router: the firewall never sees a SYN-ACK, and drops the ACK that follows it."""
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))
    with network.second_way(("cas2", INSIDE)):
        stuck = [_get(stage, "cas2", 443, "cas1", "--seconds", 12) for _ in range(2)]
        stage.pause(4)
        stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))
        for process in stuck:
            stage.finish(process)


def _out_by_detour(stage: Stage) -> None:
    """cas1 asks by the second router; the answer comes by the firewall, which never saw the SYN."""
    stage.want("answered", _get(stage, host="cas-dmz"))
    with network.second_way(("cas1", SECOND)):
        stuck = [stage.client("cas1", "tcp", "cas2", 443) for _ in range(2)]
        stage.pause(6)
        stage.want("answered", _get(stage, host="cas-dmz"))
        stage.want("silent", *stuck)
    stage.want("answered", _get(stage), _get(stage, host="cas-dmz"))


def _two_ways(stage: Stage) -> None:
    """The same with a firewall that keeps no state: everything works, each leg sees one direction."""
    with network.second_way(("cas2", INSIDE)):
        stage.want("answered", _get(stage), _get(stage, "cas2", 444), _get(stage))
        stage.want("refused", stage.client("cas1", "tcp", "cas2", 25))


def _to_vip(word: str, port: int, *others: int):
    def play(stage: Stage) -> None:
        for other in others:
            stage.want("answered", _get(stage, VIP, other))
        stage.want(word, *(_get(stage, VIP, port, "cas1", "--attempts", 2) for _ in range(2)))
        for other in others:
            stage.want("answered", _get(stage, VIP, other))
        stage.want("answered", _get(stage, "cas2", 444))

    return play


def _vip_dropped(stage: Stage) -> None:
    stage.want("answered", _get(stage, VIP, 444))
    stuck = [stage.client("cas1", "tcp", VIP, 443) for _ in range(2)]
    stage.pause(6)
    stage.want("answered", _get(stage, VIP, 444))
    stage.want("silent", *stuck)
    stage.want("answered", _get(stage, VIP, 444))


def _proxied(word: str, port: int):
    def play(stage: Stage) -> None:
        stage.want("answered", _get(stage, "cas2", 444))
        stage.want(word, *(_get(stage, "cas2", port, "cas1", "--seconds", 8) for _ in range(3)))
        stage.want("answered", _get(stage, "cas2", 444))

    return play


def _behind_nat(stage: Stage) -> None:
    """All of the inside appears as the firewall in the second site."""
    stage.want("answered", _get(stage), _get(stage, "cas2", 444), _get(stage, host="mbx1"))
    stage.want("refused", stage.client("mbx1", "tcp", "cas2", 8443))
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"), stage.rpc("mbx1", "mbx2", "emsmdb"))


def _blocked_behind_nat(stage: Stage) -> None:
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))
    stuck = [stage.client("cas1", "tcp", "mbx2", port) for port in (444, 445)]
    stage.pause(6)
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))
    stage.want("silent", *stuck)
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))


BALANCER = Policy(
    "gave 10.10.3.100 to servers of the second site, port by port",
    more=(
        (
            "translate",
            (
                f"ip daddr {VIP} tcp dport {{ 443, 25 }} dnat ip to {EVERY['cas2'].v4}",
                f"ip daddr {VIP} tcp dport 444 dnat ip to {EVERY['cas2'].v4}",
            ),
        ),
    ),
)
SYN_PROXY = Policy(
    "answered SYNs to cas2 itself, and asked cas2 only when the client had answered",
    (
        "ip daddr 10.10.3.11 tcp dport { 443, 8443 } ct state invalid,untracked synproxy mss 1460 sack-perm",
        "ct state invalid drop",
    ),
    more=(("untracked", ("ip daddr 10.10.3.11 tcp dport { 443, 8443 } tcp flags & (syn | ack) == syn notrack",)),),
    sysctls=(("net.netfilter.nf_conntrack_tcp_loose", "0"),),
)
NAT = Policy(
    "hid the internal network behind its own address",
    more=(("disguise", (f"ip saddr {INSIDE} ip daddr {SECOND} masquerade",)),),
)


def _scene(
    name: str, title: str, purpose: str, captures: tuple, play, policy: Policy = Policy(), hosts: tuple = HOSTS
) -> Scenario:
    return Scenario("between", name, title, purpose, SERVERS, captures, play, hosts, policy, STAND_IN)


def _vip(port: int, **more) -> object:
    return clear("cas1", VIP, port, **more)


LIFE = clear("cas1", "cas2", 444)
RPC = (clear("cas1", "mbx2", 135), clear("cas1", "mbx2", EMSMDB_PORT))
SCENARIOS = [
    _scene(
        "answers-by-another-way",
        "The answers take another way, and the firewall drops the rest",
        "Asymmetric routing through a stateful device: the ACK of the handshake and all that follows is dropped.",
        seen_from(
            "cas1",
            "cas2",
            (
                report(
                    "cas1",
                    "cas2",
                    443,
                    "midstream-drop",
                    "synack-dropped",
                    "tls-blocked",
                    "proxy-blocked",
                    because="the client's ACK and ClientHello are repeated, the server repeats its SYN-ACK",
                ),
                *RPC,
            ),
            (
                maybe(
                    "cas1",
                    "cas2",
                    443,
                    "synack-dropped",
                    because="the server repeats its SYN-ACK, whose answer never comes here; its client may have been a scanner",
                ),
            ),
            places=ENDS,
        ),
        _back_by_detour,
        STATEFUL,
    ),
    _scene(
        "asks-by-another-way",
        "The questions take another way, and the firewall drops the answers",
        "Asymmetric routing through a stateful device that never saw the SYN.",
        seen_from(
            "cas1",
            "cas2",
            (
                report(
                    "cas1",
                    "cas2",
                    443,
                    "syn-dropped",
                    "proxy-blocked",
                    "no-answer",
                    because="unanswered here; the server does answer",
                ).or_the_host(),
            ),
            (
                report(
                    "cas1",
                    "cas2",
                    443,
                    "synack-dropped",
                    "proxy-blocked",
                    because="SYN and SYN-ACK are repeated, and never completed",
                ),
                clear("cas-dmz", "cas2", 443),
            ),
            places=ENDS,
        ),
        _out_by_detour,
        STATEFUL,
        ("cas1", "cas2", "cas-dmz"),
    ),
    _scene(
        "two-ways",
        "Two ways, and everything works",
        "One leg of the firewall sees only one direction.",
        (
            Capture("fw-client-leg", "fw", (clear("cas1", "cas2", 443), LIFE, clear("cas1", "cas2", 25)), device="fw-int"),
            *seen_from(
                "cas1",
                "cas2",
                (clear("cas1", "cas2", 443), LIFE, clear("cas1", "cas2", 25)),
                (clear("cas1", "cas2", 443), LIFE, clear("cas1", "cas2", 25)),
                places=ENDS,
            ),
        ),
        _two_ways,
    ),
    _scene(
        "balanced",
        "A load balancer gives connections to a server",
        "Its address is answered by another host's packets.",
        seen_from(
            "cas1",
            "cas2",
            (_vip(443), _vip(444), LIFE),
            (clear("cas1", "cas2", 443), LIFE),
            places="client fw-client-leg server",
        ),
        _to_vip("answered", 443, 444),
        BALANCER,
    ),
    _scene(
        "balanced-closed",
        "A load balancer gives connections to a closed port",
        "The RST is the server's behind the balancer.",
        seen_from(
            "cas1",
            "cas2",
            (_vip(25, because="the RST comes from the server behind the balancer"), _vip(444), LIFE),
            (clear("cas1", "cas2", 25), LIFE),
            places="client fw-client-leg server",
        ),
        _to_vip("refused", 25, 444),
        BALANCER,
    ),
    _scene(
        "balanced-two-kinds",
        "A load balancer answers one port itself and gives another to a server",
        "Two times to live under one address: the closed port's RST is the server's, the other answers are the balancer's own.",
        seen_from(
            "cas1",
            "cas2",
            (
                _vip(25, because="refused by the server behind the balancer, whose TTL differs from the balancer's own"),
                _vip(444),
                LIFE,
            ),
            (clear("cas1", "cas2", 25), LIFE),
            places="client fw-client-leg",
        ),
        _to_vip("refused", 25, 444),
        Policy(
            "gave port 25 of 10.10.3.100 to cas2, and answered 444 as if itself, with TTL 64",
            ("ip saddr 10.10.3.11 tcp sport 444 ip ttl set 64",),
            more=BALANCER.more,
        ),
    ),
    _scene(
        "balanced-dropped",
        "A load balancer's address answers on one port and not on another",
        "443 is dropped in front of the balancer.",
        seen_from(
            "cas1",
            "cas2",
            (
                report(
                    "cas1", VIP, 443, "syn-dropped", "proxy-blocked", because="dropped; 444 of the same address answers"
                ),
                _vip(444),
            ),
            (LIFE,),
            places="client fw-client-leg",
        ),
        _vip_dropped,
        Policy(
            "dropped TCP 443 to 10.10.3.100, silently",
            more=(*BALANCER.more, ("untracked", (f"ip daddr {VIP} tcp dport 443 drop",))),
        ),
    ),
    _scene(
        "syn-proxy",
        "A SYN proxy in front of a server",
        "Handshakes are answered by the device, everything else by the server.",
        seen_from(
            "cas1", "cas2", (clear("cas1", "cas2", 443), LIFE), (clear("cas1", "cas2", 443), LIFE), places="client server"
        ),
        _proxied("answered", 443),
        SYN_PROXY,
    ),
    _scene(
        "syn-proxy-closed",
        "A SYN proxy in front of a closed port",
        "The client is connected, then reset: nothing listens behind the device.",
        seen_from(
            "cas1",
            "cas2",
            (
                clear("cas1", "cas2", 8443, because="the handshake is the device's, the RST the server's: nothing listens"),
                LIFE,
            ),
            (clear("cas1", "cas2", 8443), LIFE),
            places="client server",
        ),
        _proxied("reset|silent", 8443),
        SYN_PROXY,
    ),
    _scene(
        "masquerade",
        "Address translation between two sites",
        "All of the inside has one address beyond the firewall.",
        (
            *seen_from(
                "cas1",
                "cas2",
                (clear("cas1", "cas2", 443), LIFE, *RPC),
                (clear("10.10.3.1", "cas2", 443),),
                places="client server",
            ),
            Capture(
                "fw-server-leg",
                "fw",
                (clear("10.10.3.1", "cas2", 443), clear("10.10.3.1", "mbx2", EMSMDB_PORT)),
                device="fw-s2",
            ),
            Capture(
                "firewall",
                "fw",
                (clear("cas1", "cas2", 443), clear("10.10.3.1", "cas2", 443), *RPC),
                device="any",
                remark="All devices of the firewall: each connection is seen twice, under two names.",
            ),
        ),
        _behind_nat,
        NAT,
        ("cas1", "mbx1", "cas2", "mbx2"),
    ),
    _scene(
        "masquerade-dropped",
        "Two ports are dropped in front of address translation",
        "Seen before the translation.",
        seen_from(
            "cas1",
            "mbx2",
            (
                *(
                    report(
                        "cas1",
                        "mbx2",
                        port,
                        "syn-dropped",
                        "proxy-blocked",
                        because="dropped; 135 and RPC of the same server answer",
                    )
                    for port in (444, 445)
                ),
                *RPC,
            ),
            (clear("10.10.3.1", "mbx2", EMSMDB_PORT),),
            places="client server",
        ),
        _blocked_behind_nat,
        Policy(
            "dropped TCP 444 and 445 to the second site, and hid the rest behind its own address",
            ("tcp dport { 444, 445 } drop",),
            more=NAT.more,
        ),
        ("cas1", "mbx2"),
    ),
]
