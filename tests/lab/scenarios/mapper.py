"""The endpoint mapper again: lists, caches, restarts, fallbacks, and IPv6."""

from firewall import Policy
from network import HOSTS as EVERY
from scenarios.rpc import STAND_IN
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT
from stage import Stage
from story import ENDS, Scenario, clear, cleared_as, maybe, report, seen_from

SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-dmz", "mbx1")
V6, FROM_V6 = EVERY["mbx1"].v6, EVERY["cas-dmz"].v6
WEB, MAPPER = clear("cas-dmz", "mbx1", 444), clear("cas-dmz", "mbx1", 135)
OLD_PORT, NEW_PORT = 50100, 50200
DYNAMIC = Policy(
    "dropped TCP to the dynamic RPC range towards the internal network, silently",
    ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",),
)


def _web(stage: Stage) -> None:
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444))


def _silent(*more: object):
    """Asked in some way, and the port that was named is dropped."""

    def play(stage: Stage) -> None:
        _web(stage)
        stuck = [stage.rpc("cas-dmz", "mbx1", "emsmdb", *more) for _ in range(2)]
        stage.pause(6)
        _web(stage)
        stage.want("silent", *stuck)
        _web(stage)

    return play


def _listed(stage: Stage) -> None:
    for _ in range(2):
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--lookup", "--port", EMSMDB_PORT))
    _web(stage)


def _restarted(stage: Stage) -> None:
    """The service restarts on another port. A client with the old port is refused or ignored, asks again, and is served."""
    old = stage.serve("cas1", "serve", f"emsmdb={OLD_PORT}", script="exchange_rpc.py")
    stage.want("answered", stage.rpc("cas-dmz", "cas1", "emsmdb"))
    stage.stop(old)
    stage.serve("cas1", "serve", f"emsmdb={NEW_PORT}", script="exchange_rpc.py")
    stale = [stage.rpc("cas-dmz", "cas1", "emsmdb", "--cached", "--port", OLD_PORT) for _ in range(2)]
    stage.pause(5)
    stage.want("answered", stage.rpc("cas-dmz", "cas1", "emsmdb"), stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("refused|silent", *stale)
    stage.want("answered", stage.rpc("cas-dmz", "cas1", "emsmdb"))


def _web_instead(stage: Stage) -> None:
    """RPC over TCP is out of reach; the client goes over to HTTPS at once, as it is set up to."""
    for _ in range(2):
        stuck = stage.client("cas-dmz", "early", "mbx1", 135)
        _web(stage)
        stage.want("gave-up", stuck)
    _web(stage)


def _over_v6(word: str):
    def play(stage: Stage) -> None:
        stage.want("answered", stage.client("cas-dmz", "https", V6, 444))
        calls = [stage.rpc("cas-dmz", V6, "emsmdb") for _ in range(2)]
        stage.pause(6)
        stage.want("answered", stage.client("cas-dmz", "https", V6, 444))
        stage.want(word, *calls)
        stage.want("answered", stage.client("cas-dmz", "https", V6, 444))

    return play


def _one_of_two(stage: Stage) -> None:
    """The static port of one interface was added to the rules, the other one was forgotten."""
    _web(stage)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    stuck = [stage.rpc("cas-dmz", "mbx1", "nspi") for _ in range(2)]
    stage.pause(6)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    stage.want("silent", *stuck)
    _web(stage)


def _scene(
    name: str, title: str, purpose: str, captures: tuple, play, policy: Policy = Policy(), hosts: tuple = HOSTS
) -> Scenario:
    return Scenario("mapper", name, title, purpose, SERVERS, captures, play, hosts, policy, STAND_IN)


def _restart(name: str, title: str, purpose: str, old, policy: Policy = Policy()) -> Scenario:
    truth = (old, clear("cas-dmz", "cas1", 135), clear("cas-dmz", "cas1", NEW_PORT), clear("cas-dmz", "cas1", 443))
    return _scene(
        name,
        title,
        purpose,
        seen_from("cas-dmz", "cas1", truth, truth, places=ENDS),
        _restarted,
        policy,
        ("cas-dmz", "cas1"),
    )


NAMED = "the endpoint mapper named this port, the firewall drops it; 444 of the same server answers"
SCENARIOS = [
    _scene(
        "listed",
        "A client lists everything the mapper has",
        "ept_lookup in place of ept_map, then a call.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (MAPPER, clear("cas-dmz", "mbx1", EMSMDB_PORT), WEB),
            (MAPPER, clear("cas-dmz", "mbx1", EMSMDB_PORT), WEB),
            places=ENDS,
        ),
        _listed,
    ),
    _scene(
        "listed-dropped",
        "A client lists everything the mapper has, and the port is dropped",
        "ept_lookup names ports as ept_map does.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", because=NAMED), MAPPER, WEB),
        ),
        _silent("--lookup", "--port", EMSMDB_PORT),
        DYNAMIC,
    ),
    _scene(
        "cached-dropped",
        "A client knows the port from before, and it is dropped",
        "No endpoint mapper is asked while we watch.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (
                report(
                    "cas-dmz",
                    "mbx1",
                    EMSMDB_PORT,
                    "syn-dropped",
                    "rpc-dynamic-port-blocked",
                    because="dropped; 444 of the same server answers",
                ),
                WEB,
            ),
            places="client fw-client-leg",
        ),
        _silent("--cached", "--port", EMSMDB_PORT),
        DYNAMIC,
    ),
    _scene(
        "one-of-two",
        "One static port is let through, the other was forgotten",
        "EMSMDB works, the address book does not.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (
                report("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "rpc-dynamic-port-blocked", because=NAMED),
                clear("cas-dmz", "mbx1", EMSMDB_PORT),
                MAPPER,
                WEB,
            ),
        ),
        _one_of_two,
        Policy(
            "let TCP 135, 444 and 59531 pass to the inside, and dropped the rest",
            ("ip daddr 10.10.2.0/24 tcp dport != { 135, 444, 59531 } ct state new drop",),
        ),
    ),
    _scene(
        "v6",
        "RPC over IPv6",
        "The measure of normal.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (clear(FROM_V6, V6, 135), clear(FROM_V6, V6, EMSMDB_PORT), clear(FROM_V6, V6, 444)),
            (clear(FROM_V6, V6, 135), clear(FROM_V6, V6, EMSMDB_PORT), clear(FROM_V6, V6, 444)),
            places=ENDS,
        ),
        _over_v6("answered"),
    ),
    _scene(
        "v6-dropped",
        "Dynamic RPC is dropped over IPv6",
        "135 and 444 answer over IPv6.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (
                report(FROM_V6, V6, EMSMDB_PORT, "rpc-dynamic-port-blocked", because=NAMED),
                clear(FROM_V6, V6, 135),
                clear(FROM_V6, V6, 444),
            ),
        ),
        _over_v6("silent"),
        Policy(
            "dropped TCP to the dynamic RPC range over IPv6, silently",
            ("meta nfproto ipv6 tcp dport 49152-65535 ct state new drop",),
        ),
    ),
    _scene(
        "v6-rejected",
        "Dynamic RPC is rejected over IPv6 with RST",
        "The RST has the firewall's hop limit.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (
                report(
                    FROM_V6,
                    V6,
                    EMSMDB_PORT,
                    "rpc-dynamic-port-blocked",
                    "syn-rejected",
                    because="the RST has hop limit 64, everything else of mbx1 127",
                ),
                clear(FROM_V6, V6, 135),
                clear(FROM_V6, V6, 444),
            ),
            places="client fw-client-leg",
        ),
        _over_v6("refused"),
        Policy(
            "rejected TCP to the dynamic RPC range over IPv6 with RST",
            ("meta nfproto ipv6 tcp dport 49152-65535 ct state new reject with tcp reset",),
        ),
    ),
    _scene(
        "web-instead",
        "A client whose mapper is dropped goes over to HTTPS",
        "One SYN each time, then another way: little is known of 135.",
        seen_from(
            "cas-dmz",
            "mbx1",
            (
                maybe("cas-dmz", "mbx1", 135, "syn-dropped", because="dropped, but each attempt is given up after one SYN"),
                WEB,
            ),
            places="client",
        ),
        _web_instead,
        Policy("dropped TCP 135, silently", ("tcp dport 135 drop",)),
    ),
    _restart(
        "restarted",
        "The service restarts on another port",
        "The old port is refused by the host, the new one is asked for and serves.",
        cleared_as(
            "cas-dmz",
            "cas1",
            OLD_PORT,
            "refused-by-host",
            because="nothing listens there any more; the RST is the host's own",
        ),
    ),
    _restart(
        "restarted-stealth",
        "The service restarts on another port, behind a silent host firewall",
        "The old port says nothing any more: its service has moved, and the mapper says where.",
        report(
            "cas-dmz",
            "cas1",
            OLD_PORT,
            "no-answer",
            "syn-dropped",
            because="nothing listens there any more and the host does not say so; the mapper now names another port",
        ).or_the_host(),
        Policy(
            "let everything pass; cas1's own firewall drops what comes to ports on which nothing listens",
            hosts=(("cas1", (f"tcp dport {OLD_PORT} ct state new limit rate over 1/hour burst 1 packets drop",)),),
        ),
    ),
]
