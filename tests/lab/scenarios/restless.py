"""Hosts and ways that change while we watch: reboots, addresses, routes, members of a cluster. Nothing here is blocked."""

import network
from dag_member import HEARTBEAT_PORT
from firewall import Policy
from network import HOSTS as EVERY
from scenarios.dag import HOSTS as MEMBERS, SERVERS as CLUSTER, STAND_IN as DAG, _beats, _rpc
from scenarios.rpc import STAND_IN as RPC
from stage import Stage
from story import Capture, Scenario, clear, maybe, seen_from

SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1", "web-cas2"), ("cas-dmz", "cas1")
STAND_IN = RPC
ENDS, LEGS = "client server", "client fw-client-leg fw-server-leg server"
BOOTING = "add table inet boot; add chain inet boot input { type filter hook input priority 0; }; add rule inet boot input meta l4proto { tcp, udp } drop"
VIP, OTHER_ADDRESS = "10.10.3.100", "10.10.1.77"


def _life(stage: Stage, server: str = "cas1") -> None:
    stage.want("answered", stage.client("cas-dmz", "https", server, 443))


def _boots(stage: Stage) -> None:
    """cas1 restarts: RST as its services end, nothing while it starts, refusals until its services run."""
    server = stage.serve("cas1", "http", 80)
    held = stage.client("cas-dmz", "hold", "cas1", 80, "--linger", 3)
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"), held)
    stage.stop(server)
    network.run_in("cas1", "nft", BOOTING)
    try:
        waiting = [stage.client("cas-dmz", "tcp", "cas1", port, "--seconds", 8) for port in (80, 443, 135)]
        for _ in range(4):
            stage.pause(2)
            stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444))
        stage.want("silent", *waiting)
    finally:
        network.run_in("cas1", "nft", "delete table inet boot")
    stage.want("refused", stage.client("cas-dmz", "tcp", "cas1", 80))
    stage.serve("cas1", "http", 80)
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
    _life(stage)


def _new_address(stage: Stage) -> None:
    """The client's address is given back in the middle of a slow answer; it goes on with another one."""
    stage.serve("cas1", "http", 80)
    network.run_in("cas-dmz", "ip", "address", "add", f"{OTHER_ADDRESS}/24", "dev", "eth0")
    try:
        old = [stage.client("cas-dmz", "http", "cas1", 80, "--path", "/slow/4", "--from", OTHER_ADDRESS, "--seconds", 9) for _ in range(2)]
        stage.pause(1.5)
    finally:
        network.run_in("cas-dmz", "ip", "address", "del", f"{OTHER_ADDRESS}/24", "dev", "eth0")
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
    stage.pause(3)
    for _ in range(3):
        stage.pause(3)
        stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
    for process in old:
        stage.finish(process)


def _no_route(stage: Stage) -> None:
    """The router knows no way over IPv6 and says so at once; the client goes on over IPv4."""
    network.run_in(network.FIREWALL, "ip", "-6", "route", "add", "unreachable", f"{EVERY['cas2'].v6}/128")
    try:
        for _ in range(3):
            stage.want("unreachable", stage.client("cas1", "https", EVERY["cas2"].v6, 443))
            stage.want("answered", stage.client("cas1", "https", "cas2", 443))
    finally:
        network.run_in(network.FIREWALL, "ip", "-6", "route", "del", "unreachable", f"{EVERY['cas2'].v6}/128")
    stage.want("answered", stage.client("cas1", "https", EVERY["cas2"].v6, 444))


def _two_lengths(stage: Stage) -> None:
    """Packets from some ports take a way that is two routers longer."""
    _life(stage)
    for _ in range(2):
        stage.want("refused", stage.client("cas-dmz", "tcp", "cas1", 8081), stage.client("cas-dmz", "tcp", "cas1", 8082))
        stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/abort"))
        _life(stage)


def _stands_still(stage: Stage) -> None:
    """mbx2's cluster service stands still for seven seconds, as on a host that takes a snapshot; its kernel goes on."""
    beats = _beats(stage)
    _rpc(stage)
    stage.pause(2)
    with network.frozen("mbx2", "python"):
        stage.pause(7)
    _rpc(stage)
    stage.want("done", *beats)


def _same_port(stage: Stage) -> None:
    """A client crashes and calls again from the same port: the server knows the old connection still."""
    stage.serve("cas1", "http", 80)
    for port in (50020, 50021):
        old = stage.caller("cas-dmz", "keep", "cas1", 80, port)
        if old.stdout.readline().strip() != "kept":
            stage.void("the first call was not answered")
        network.mute("cas-dmz")
        old.kill()
        stage.finish(old)
        stage.do("cas-dmz", "ss", "-tK", "sport", "=", f":{port}", check=False)
        network.unmute("cas-dmz")
        stage.want("answered", stage.caller("cas-dmz", "get", "cas1", 80, port))
        _life(stage)


def _dead_member(stage: Stage) -> None:
    """A balancer gives every other connection to a server that is off."""
    network.unplug("mbx2")
    try:
        first = stage.client("cas-dmz", "https", VIP, 443)
        for _ in range(3):
            calls = [stage.client("cas-dmz", "https", VIP, 443, "--seconds", 8) for _ in range(2)]
            stage.pause(3)
            for call in calls:
                stage.finish(call)
        stage.finish(first)
    finally:
        network.plug("mbx2")
    stage.want("answered", stage.client("cas-dmz", "https", "cas2", 444))


def _calm(
    name: str, title: str, purpose: str, truth: tuple, play, policy: Policy = Policy(), far: tuple | None = None,
    places: str = ENDS, hosts: tuple = HOSTS,
) -> Scenario:
    return Scenario(
        "restless", name, title, purpose, SERVERS,
        seen_from(hosts[0], hosts[1], truth, truth if far is None else far, places=places), play, hosts, policy, STAND_IN,
    )  # fmt: skip


PLAIN, LIFE = clear("cas-dmz", "cas1", 80), clear("cas-dmz", "cas1", 443)
V6, FROM_V6 = EVERY["cas2"].v6, EVERY["cas1"].v6
BEAT = clear("mbx2", "mbx1", HEARTBEAT_PORT, transport="udp")
SCENARIOS = [
    _calm("boots", "A server restarts while others talk", "RST, then silence on every port, then refusals, then service.",
          (PLAIN, LIFE, clear("cas-dmz", "cas1", 135)), _boots, places=LEGS),
    _calm("new-address", "A client gives its address back in mid-answer", "The server repeats its answer to an address that is gone.",
          (clear(OTHER_ADDRESS, "cas1", 80), PLAIN), _new_address, places=LEGS),
    _calm("no-route-v6", "The router knows no way over IPv6", "ICMPv6 1/0 at once, and the same server over IPv4.",
          (clear(FROM_V6, V6, 443), clear("cas1", "cas2", 443)), _no_route, places="client fw-client-leg", hosts=("cas1", "cas2")),
    _calm("two-lengths", "Packets of some ports take a longer way", "A closed port's RST with two hops less left than all else of its host.",
          (clear("cas-dmz", "cas1", 8081), clear("cas-dmz", "cas1", 8082), PLAIN, LIFE),
          lambda stage: (stage.serve("cas1", "http", 80), _two_lengths(stage)),
          Policy("sent what comes from two ports by a longer way",
                 more=(("longer", ("tcp sport { 8081, 80 } tcp flags & rst == rst ip ttl set 124",)),)),
          places="client fw-client-leg"),
    Scenario(
        "restless", "stands-still", "A member stands still for seven seconds", "As during a snapshot: its kernel acknowledges, its programs do nothing.",
        CLUSTER,
        (Capture("mbx2", "mbx2", (BEAT, clear("mbx1", "mbx2", HEARTBEAT_PORT, transport="udp"))),
         Capture("mbx1", "mbx1", (
             maybe("mbx2", "mbx1", HEARTBEAT_PORT, "heartbeat-blocked", transport="udp",
                   because="not sent for seven seconds; here it cannot be told from not arrived"),
             clear("mbx1", "mbx2", HEARTBEAT_PORT, transport="udp")))),
        _stands_still, MEMBERS, stand_ins=DAG),
    _calm("same-port", "A client crashes and calls again from the same port", "ACK to its SYN, its own RST, and the next SYN is served.",
          (PLAIN, LIFE), _same_port),
    Scenario(
        "restless", "dead-member", "A load balancer gives every other connection to a server that is off",
        "Silence and service on one address and port, in the same seconds.", (*SERVERS, "web-mbx2"),
        (Capture("client", "cas-dmz", (
            maybe("cas-dmz", VIP, 443, "syn-dropped",
                  because="silence for some, service for others: a dead member, a full listener or a device"),
            clear("cas-dmz", "cas2", 444))),
         Capture("fw-client-leg", "fw", (
             maybe("cas-dmz", VIP, 443, "syn-dropped",
                   because="silence for some, service for others: a dead member, a full listener or a device"),
             clear("cas-dmz", "cas2", 444)), device="fw-per")),
        _dead_member, ("cas-dmz", "cas2", "mbx2"),
        Policy("gave 10.10.3.100 to two servers in turn",
               more=(("translate", (f"ip daddr {VIP} tcp dport 443 dnat ip to numgen inc mod 2 map "
                                    f"{{ 0 : {EVERY['cas2'].v4}, 1 : {EVERY['mbx2'].v4} }}",)),)),
        STAND_IN),
]  # fmt: skip
