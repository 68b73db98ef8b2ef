"""Client access servers that hand requests on: to other sites, to back ends, to mailbox servers by RPC."""

import network
from firewall import Policy
from network import HOSTS as EVERY
from scenarios.rpc import STAND_IN as RPC
from scenarios.tls import _issued
from servers import EMSMDB_PORT
from stage import Stage
from story import Capture, Scenario, clear, cleared_as, report

STAND_IN = f"{RPC} The server that hands requests on is a small program; it dials as the client's request comes in."
SERVERS = ("web-cas1", "web-cas2", "web-mbx2", "exchange-mbx1", "exchange-mbx2")
HOSTS = ("client1", "cas-dmz", "cas1", "cas2", "mbx2")
FRONT = clear("client1", "cas-dmz", 443, because="the client reaches its server, and waits for it")


def _front(stage: Stage) -> None:
    stage.serve(
        "cas-dmz",
        "https",
        443,
        *sum(zip(("--key", "--certificate"), _issued(stage, "/CN=exlab-DC1-CA", name="mail"), strict=True), ()),
    )


def _request(stage: Stage, server: str, port: int = 443, *more: object):
    path = f"/to/{EVERY[server].v4 if server in EVERY else server}/{port}"
    return stage.client(
        "client1", "https", "cas-dmz", 443, "--path", path, "--name", "mail.exlab.test", "--seconds", 28, *more
    )


def _in_vain(stage: Stage) -> None:
    """Requests for cas2 wait and get 503; those for cas1 are served meanwhile."""
    _front(stage)
    stage.want("answered", _request(stage, "cas1"))
    waiting = [_request(stage, "cas2") for _ in range(2)]
    stage.pause(6)
    stage.want("answered", _request(stage, "cas1"))
    stage.want("answered", *waiting)
    stage.want("answered", _request(stage, "cas1"), stage.client("cas-dmz", "https", "cas2", 444))


def _back_end_in_vain(stage: Stage) -> None:
    _front(stage)
    stage.want("answered", _request(stage, "cas1"), stage.rpc("cas-dmz", "mbx2", "emsmdb"))
    waiting = [_request(stage, "mbx2", 444) for _ in range(2)]
    stage.pause(6)
    stage.want("answered", stage.rpc("cas-dmz", "mbx2", "emsmdb"))
    stage.want("answered", *waiting)
    stage.want("answered", stage.rpc("cas-dmz", "mbx2", "emsmdb"))


def _stopped(stage: Stage) -> None:
    """The other server's web service does not run: refused by its own host, 503 for the client."""
    _front(stage)
    for _ in range(2):
        stage.want("answered", _request(stage, "cas2", 8443), _request(stage, "cas1"))
    stage.want("answered", stage.client("cas-dmz", "https", "cas2", 444))


def _gone(stage: Stage) -> None:
    """The other server is away as a whole; the router says so, and the client gets 503."""
    _front(stage)
    stage.want("answered", _request(stage, "cas2"), _request(stage, "cas1"))
    with network.unplugged("cas2"):
        stage.want("answered", _request(stage, "cas2"), _request(stage, "cas1"))
    stage.want("answered", _request(stage, "cas2"))


def _well(stage: Stage) -> None:
    _front(stage)
    for server in ("cas1", "cas2", "cas1", "cas2"):
        stage.want("answered", _request(stage, server))
    stage.want("answered", _request(stage, "mbx2", 444))


def _by_rpc(stage: Stage) -> None:
    """A server in the perimeter reaches the endpoint mapper of a mailbox server, and then nothing."""
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stuck = [stage.rpc("cas-dmz", "mbx1", interface) for interface in ("emsmdb", "nspi")]
    stage.pause(6)
    stage.want("answered", stage.client("cas-dmz", "tcp", "mbx1", 135))
    stage.want("silent", *stuck)
    stage.want("answered", stage.client("cas-dmz", "tcp", "mbx1", 135))


def _scene(
    name: str, title: str, purpose: str, truth: tuple, play, policy: Policy = Policy(), far: tuple | None = None
) -> Scenario:
    captures = (Capture("front", "cas-dmz", truth), Capture("fw-perimeter-leg", "fw", truth, device="fw-per"))
    if far is not None:
        captures += (Capture("second-leg", "fw", far, device="fw-s2"),)
    return Scenario("proxying", name, title, purpose, SERVERS, captures, play, HOSTS, policy, STAND_IN)


SCENARIOS = [
    _scene(
        "well",
        "Requests are handed on to three servers",
        "The measure of normal.",
        (clear("cas-dmz", "cas1", 443), clear("cas-dmz", "cas2", 443), clear("cas-dmz", "mbx2", 444)),
        _well,
    ),
    _scene(
        "one-in-vain",
        "Requests for one site wait in vain",
        "One server of the other site is out of reach, the one of this site serves.",
        (
            FRONT,
            report(
                "cas-dmz",
                "cas2",
                443,
                "proxy-blocked",
                "syn-dropped",
                because="the firewall drops 443 from the perimeter to the second site; clients wait for it",
            ),
            clear("cas-dmz", "cas1", 443),
            clear("cas-dmz", "cas2", 444),
        ),
        _in_vain,
        Policy(
            "dropped TCP 443 from the perimeter to the second site, silently",
            ("ip saddr 10.10.1.0/24 ip daddr 10.10.3.0/24 tcp dport 443 drop",),
        ),
        (clear("cas-dmz", "cas2", 444),),
    ),
    _scene(
        "back-end-in-vain",
        "Requests for a back end wait in vain",
        "444 of the mailbox server is dropped, its RPC passes.",
        (
            FRONT,
            report(
                "cas-dmz",
                "mbx2",
                444,
                "proxy-blocked",
                "syn-dropped",
                because="the firewall drops 444; RPC to the same server works, clients wait",
            ),
            clear("cas-dmz", "mbx2", 135),
            clear("cas-dmz", "mbx2", EMSMDB_PORT),
        ),
        _back_end_in_vain,
        Policy("dropped TCP 444 to the second site, silently", ("ip daddr 10.10.3.0/24 tcp dport 444 drop",)),
        (clear("cas-dmz", "mbx2", 135),),
    ),
    _scene(
        "stopped",
        "Requests meet a stopped service",
        "Refused by the other server's own host.",
        (
            FRONT,
            cleared_as(
                "cas-dmz", "cas2", 8443, "refused-by-host", because="nothing listens there; the RST is the host's own"
            ),
            clear("cas-dmz", "cas1", 443),
        ),
        _stopped,
    ),
    _scene(
        "gone",
        "Requests meet a server that is away",
        "ICMP 3/1 by the router; it is back later.",
        (clear("cas-dmz", "cas2", 443), clear("cas-dmz", "cas1", 443)),
        _gone,
    ),
    _scene(
        "by-rpc",
        "A server in the perimeter cannot open a mailbox by RPC",
        "135 passes, the dynamic ports do not.",
        (
            *(
                report(
                    "cas-dmz",
                    "mbx1",
                    port,
                    "rpc-dynamic-port-blocked",
                    because="named by the endpoint mapper, dropped by the firewall; 135 answers",
                )
                for port in (EMSMDB_PORT, 59532)
            ),
            clear("cas-dmz", "mbx1", 135),
        ),
        _by_rpc,
        Policy(
            "let TCP 135 and 443 pass from the perimeter to the inside, and dropped the rest",
            ("ip saddr 10.10.1.0/24 ip daddr 10.10.2.0/24 tcp dport != { 135, 443 } drop",),
        ),
    ),
]
