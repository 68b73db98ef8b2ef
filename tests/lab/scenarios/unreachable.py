"""What ICMP says and what it does not: dead hosts, rejected ports, loops, and packets too big for a path."""

import network
from firewall import Policy
from network import HOSTS as EVERY
from scenarios.rpc import STAND_IN as RPC
from servers import EMSMDB_PORT
from stage import Stage
from story import ENDS, Capture, Scenario, clear, cleared_as, report, seen_from

STAND_IN = RPC
SERVERS, HOSTS = ("exchange-mbx1", "exchange-mbx2", "web-cas2", "web-mbx1", "web-cas1", "witness-hub1"), ("cas1", "cas2")
NOBODY, LOOPED = "10.10.3.99", "10.10.3.77"
V6, FROM_V6 = EVERY["cas2"].v6, EVERY["cas1"].v6
LIFE = clear("cas1", "cas2", 444)
NO_ICMP = ("icmp type destination-unreachable drop", "icmpv6 type { destination-unreachable, packet-too-big } drop")


def _get(stage: Stage, server: str = "cas2", port: int = 444, host: str = "cas1", *more: object):
    return stage.client(host, "https", server, port, "--name", "cas2.exlab.test", *more)


def _rejected(word: str, server: str = "cas2"):
    def play(stage: Stage) -> None:
        stage.want("answered", _get(stage, server))
        stage.want(word, _get(stage, server, 443, "cas1", "--attempts", 3))
        stage.want("answered", _get(stage, server))

    return play


def _nobody(stage: Stage) -> None:
    """Two clients ask for a host that is not there; the router says so after its ARP requests."""
    stage.want("answered", _get(stage))
    for _ in range(2):
        stage.want("unreachable", stage.client("cas1", "tcp", NOBODY, 443), stage.client("mbx1", "tcp", NOBODY, 135))
    stage.want("answered", _get(stage))


def _dies(stage: Stage) -> None:
    """Served, then gone; the router says so on every port alike, while the client still talks to others."""
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))
    session = stage.rpc("cas1", "mbx2", "emsmdb", "--opnums", "10,11,11,11,11,11", "--pause", 1, "--seconds", 12)
    stage.pause(2.5)
    with network.unplugged("mbx2"):
        stage.pause(4)
        stage.want(
            "unreachable|silent", stage.client("cas1", "tcp", "mbx2", 135), stage.client("cas1", "tcp", "mbx2", EMSMDB_PORT)
        )
        stage.want("answered", _get(stage))
        stage.finish(session)
    stage.pause(1)
    stage.want("answered", stage.rpc("cas1", "mbx2", "emsmdb"))


def _loop(stage: Stage) -> None:
    """Two routers send each other what is for an address that neither has."""
    with network.second_way():
        network.run_in(network.FIREWALL, "ip", "route", "add", LOOPED, "via", "10.10.3.2")
        network.run_in(network.DETOUR, "ip", "route", "add", LOOPED, "via", "10.10.2.1")
        try:
            stage.want("answered", _get(stage))
            stage.want(
                "unreachable|silent", *(stage.client("cas1", "tcp", LOOPED, port, "--seconds", 12) for port in (443, 135))
            )
            stage.want("answered", _get(stage))
        finally:
            network.run_in(network.FIREWALL, "ip", "route", "del", LOOPED)


def _widen(subnet: str) -> None:
    network.narrow(subnet, 1500)
    for host in ("cas1", "cas2", "mbx2", "hub1"):
        network.run_in(host, "ip", "route", "flush", "cache", check=False)
        network.run_in(host, "ip", "-6", "route", "flush", "cache", check=False)


def _narrow(subnet: str, ask, small, word: str):
    """A leg that takes 1400 octets; big packets first and small ones beside them."""

    def play(stage: Stage) -> None:
        network.narrow(subnet, 1400)
        stage.afterwards(lambda: _widen(subnet))
        stage.want("answered", small(stage))
        stuck = [ask(stage) for _ in range(2)]
        stage.pause(6)
        stage.want("answered", small(stage))
        stage.want(word, *stuck)

    return play


def _bind(stage: Stage):
    return stage.rpc("cas1", "mbx2", "emsmdb", "--bind", 3600, "--seconds", 13)


def _small_rpc(stage: Stage):
    return stage.rpc("cas1", "mbx2", "emsmdb")


def _page(server: str):
    return lambda stage: _get(stage, server, 444, "cas1", "--path", "/book.oab", "--seconds", 13)


def _witness(stage: Stage):
    command = f"smbclient -N -p 445 -t 12 //{EVERY['hub1'].v4}/witness -c 'put /etc/services big.log'"
    return stage.start("mbx2", "sh", "-c", f"{command} >/dev/null 2>&1; echo done")


def _small_smb(stage: Stage):
    return stage.start(
        "mbx2", "sh", "-c", f"smbclient -N -p 445 //{EVERY['hub1'].v4}/witness -c ls >/dev/null 2>&1 && echo answered"
    )


def _by_firewall(name: str, title: str, how: str, word: str, because: str) -> Scenario:
    return Scenario(
        "unreachable",
        name,
        title,
        "A reject rule for one port of a host that is well.",
        SERVERS,
        seen_from("cas1", "cas2", (report("cas1", "cas2", 443, "icmp-prohibited", "proxy-blocked", because=because), LIFE)),
        _rejected(word),
        HOSTS,
        Policy(
            f"rejected TCP 443 to the second site with {how}",
            (f"ip daddr 10.10.3.0/24 tcp dport 443 reject with icmp type {how}",),
        ),
        STAND_IN,
    )


def _scene(
    name: str, title: str, purpose: str, captures: tuple, play, policy: Policy = Policy(), hosts: tuple = HOSTS
) -> Scenario:
    return Scenario("unreachable", name, title, purpose, SERVERS, captures, play, hosts, policy, STAND_IN)


HOLE = Policy("had a leg of MTU 1400 and never sent ICMP", output=NO_ICMP)
TELLS = Policy("had a leg of MTU 1400 and said so")
BIND = clear("cas1", "mbx2", 135)
SCENARIOS = [
    _by_firewall(
        "port-3-1",
        "The firewall says 'host unreachable' of a host that is well",
        "host-unreachable",
        "unreachable",
        "ICMP 3/1 at once, while 444 of the same host answers",
    ),
    _by_firewall(
        "port-3-0",
        "The firewall says 'network unreachable' of a host that is well",
        "net-unreachable",
        "unreachable",
        "ICMP 3/0 at once, while 444 of the same host answers",
    ),
    _scene(
        "nobody",
        "Nobody has that address",
        "ICMP 3/1 by the router after ARP, to two clients on two ports.",
        seen_from(
            "cas1",
            "cas2",
            (cleared_as("cas1", NOBODY, 443, "host-unreachable", because="ICMP 3/1 after ARP failed"), LIFE),
            places="client",
        )
        + (
            Capture(
                "fw-client-leg",
                "fw",
                (
                    cleared_as("cas1", NOBODY, 443, "host-unreachable", because="ICMP 3/1 after ARP failed"),
                    cleared_as("mbx1", NOBODY, 135, "host-unreachable", because="ICMP 3/1 after ARP failed"),
                    LIFE,
                ),
                device="fw-int",
            ),
        ),
        _nobody,
        hosts=("cas1", "mbx1", "cas2"),
    ),
    _scene(
        "dies",
        "A host dies in the middle of a session, and is back later",
        "ICMP 3/1 by the router on every port alike.",
        seen_from(
            "cas1",
            "mbx2",
            (clear("cas1", "mbx2", 135), clear("cas1", "mbx2", EMSMDB_PORT), LIFE),
            places="client fw-client-leg",
        ),
        _dies,
        hosts=("cas1", "mbx2", "cas2"),
    ),
    _scene(
        "loop",
        "A routing loop",
        "ICMP 11/0: packets die of age, nobody blocks them.",
        seen_from("cas1", "cas2", (clear("cas1", LOOPED, 443), clear("cas1", LOOPED, 135), LIFE), places="client"),
        _loop,
    ),
    _scene(
        "bind-too-big",
        "A bind with a big ticket vanishes",
        "Small calls work; a bind of 3600 octets does not pass, and no ICMP says why.",
        seen_from(
            "cas1",
            "mbx2",
            (
                report(
                    "cas1",
                    "mbx2",
                    EMSMDB_PORT,
                    "pmtu-black-hole",
                    because="full-size segments are repeated, smaller ones pass",
                ),
                BIND,
            ),
            (
                report(
                    "cas1",
                    "mbx2",
                    EMSMDB_PORT,
                    "pmtu-black-hole",
                    "midstream-drop",
                    because="a hole that is never filled before a smaller segment",
                ),
                BIND,
            ),
            places=ENDS,
        ),
        _narrow("s2", _bind, _small_rpc, "silent"),
        HOLE,
        ("cas1", "mbx2"),
    ),
    _scene(
        "bind-fits",
        "A bind with a big ticket on a narrow leg that says so",
        "ICMP 3/4, then smaller segments.",
        seen_from(
            "cas1",
            "mbx2",
            (clear("cas1", "mbx2", EMSMDB_PORT), BIND),
            (clear("cas1", "mbx2", EMSMDB_PORT), BIND),
            places=ENDS,
        ),
        _narrow("s2", _bind, _small_rpc, "answered"),
        TELLS,
        ("cas1", "mbx2"),
    ),
    _scene(
        "page-too-big-v6",
        "A big page vanishes over IPv6",
        "'Packet too big' is dropped; over IPv6 nobody else cuts packets.",
        seen_from(
            "cas1",
            "cas2",
            (
                report(
                    FROM_V6,
                    V6,
                    444,
                    "pmtu-black-hole",
                    "midstream-drop",
                    because="a hole that is never filled before a smaller segment",
                ),
            ),
            (report(FROM_V6, V6, 444, "pmtu-black-hole", because="full-size segments are repeated, smaller ones pass"),),
            places=ENDS,
        ),
        _narrow("int", _page(V6), lambda stage: _get(stage, V6), "silent"),
        HOLE,
    ),
    _scene(
        "page-fits-v6",
        "A big page over IPv6 on a narrow leg that says so",
        "'Packet too big', then smaller segments.",
        seen_from("cas1", "cas2", (clear(FROM_V6, V6, 444),), (clear(FROM_V6, V6, 444),), places=ENDS),
        _narrow("int", _page(V6), lambda stage: _get(stage, V6), "answered"),
        TELLS,
    ),
    _scene(
        "file-too-big",
        "A big file vanishes on its way to a share",
        "SMB answers; what fills packets does not pass.",
        seen_from(
            "mbx2",
            "hub1",
            (report("mbx2", "hub1", 445, "pmtu-black-hole", because="full-size segments are repeated, smaller ones pass"),),
            (
                report(
                    "mbx2",
                    "hub1",
                    445,
                    "pmtu-black-hole",
                    "midstream-drop",
                    because="a hole that is never filled before a smaller segment",
                ),
            ),
            places=ENDS,
        ),
        _narrow("int", _witness, _small_smb, "done"),
        HOLE,
        ("mbx2", "hub1"),
    ),
]
