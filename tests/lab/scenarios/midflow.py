"""Sessions that break in the middle: by a device, by their own end, or by nobody."""

import firewall
import network
from firewall import Policy
from scenarios.rpc import STAND_IN as RPC
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT
from stage import Stage
from story import ENDS, FOUR_PLACES, Scenario, clear, maybe, report, seen_from

STAND_IN = RPC
SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-dmz", "mbx1")
WEB, MAPPER = clear("cas-dmz", "mbx1", 444), clear("cas-dmz", "mbx1", 135)
QUIET = clear("cas-dmz", "mbx1", EMSMDB_PORT, because="from here the sessions only fall silent")
NO_STATE = ("ct state invalid drop", "tcp flags & (syn | ack) != syn ct state new drop")
STRICT = (("net.netfilter.nf_conntrack_tcp_loose", "0"),)


def _get(stage: Stage, *more: object, server: str = "mbx1", port: int = 444, host: str = "cas-dmz"):
    return stage.client(host, "https", server, port, *more)


def _session(stage: Stage, calls: int = 8, interface: str = "emsmdb", server: str = "mbx1", *more: object):
    """A call each second."""
    opnums = ",".join(["10"] + ["11"] * (calls - 1))
    return stage.rpc("cas-dmz", server, interface, "--opnums", opnums, "--pause", 1, "--seconds", 16, *more)


def _failover(stage: Stage) -> None:
    """The second firewall takes over and knows no session; new ones are made at once."""
    stage.want("answered", _get(stage))
    old = [_session(stage), _session(stage, 9, "nspi"), _get(stage, "--repeat", 8, "--pause", 1, "--seconds", 16)]
    stage.pause(3.5)
    network.run_in(network.FIREWALL, "conntrack", "-F", check=False)
    stage.pause(5)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"), _get(stage))
    stage.want("silent|closed", *old)  # "closed" is what TLS makes of a time-out
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "nspi"), _get(stage))


def _rule_comes(word: str, host: str = "mbx1"):
    """A rule comes while sessions go on; then it stays."""

    def play(stage: Stage) -> None:
        firewall.apply(Policy(sysctls=stage.scenario.policy.sysctls))
        stage.want("answered", _get(stage))
        old = [_session(stage, 6, server=host), _session(stage, 7, server=host)]
        stage.pause(3.5)
        firewall.apply(stage.scenario.policy)
        stage.pause(5)
        stage.want("answered", _get(stage))
        stage.want(word, *old)
        stage.want("answered", _get(stage))

    return play


def _big_answers(stage: Stage) -> None:
    """After some octets of answer the device takes nothing more of the server."""
    stage.want("answered", _get(stage))
    stuck = [
        stage.client("cas-dmz", "https", "mbx1", 444, "--path", "/book.oab", "--repeat", 3, "--seconds", 14)
        for _ in range(2)
    ]
    stage.pause(6)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    stage.want("silent", *stuck)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "nspi"))


def _one_direction(stage: Stage) -> None:
    """The client's packets are dropped; the server's late answers go on arriving."""
    stage.want("answered", _get(stage))
    stuck = [
        stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "99,99,99,11", "--stub", 1200, "--linger", 8) for _ in range(2)
    ]
    stage.pause(7)
    stage.want("answered", _get(stage))
    for call in stuck:
        stage.finish(call)
    stage.want("answered", _get(stage))


def _both_ends(stage: Stage) -> None:
    with stage.device("resetter.py", str(EMSMDB_PORT), "600", "128"):
        stage.want("answered", _get(stage))
        for _ in range(3):
            stage.want("reset", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,99,11", "--linger", 2.5))
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", "nspi", "--opnums", "0,1"), _get(stage))


def _killed(stage: Stage) -> None:
    """The server's process is killed in mid-answer: its host says RST, then refuses, then is restarted."""
    server = stage.serve("cas1", "http", 80)
    stage.want("answered", _get(stage, server="cas1", port=443))
    calls = [stage.client("cas-dmz", "http", "cas1", 80, "--path", path, "--repeat", 2) for path in ("/slow/6", "/slow/7")]
    stage.pause(2)
    stage.stop(server)
    for call in calls:
        stage.finish(call)
    stage.want("refused", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))
    stage.want("answered", _get(stage, server="cas1", port=443))
    stage.serve("cas1", "http", 80)
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now"))


def _dies_busy(stage: Stage) -> None:
    """The host loses its cable while five sessions go on, and stays away."""
    old = [_session(stage, 12), _session(stage, 12, "nspi"), _get(stage, "--repeat", 10, "--pause", 1, "--seconds", 10)]
    stage.pause(3)
    with network.unplugged("mbx1"):
        stage.pause(2)
        new = [stage.rpc("cas-dmz", "mbx1", "emsmdb"), stage.client("cas-dmz", "tcp", "mbx1", 444)]
        stage.want("answered", _get(stage, server="cas1", port=443))
        for process in (*old, *new):
            stage.finish(process)
        stage.want("answered", _get(stage, server="cas1", port=443))


def _hesitates(stage: Stage) -> None:
    """The host is away for four seconds, as a virtual machine that is moved: everything is repeated, then goes on."""
    old = [_session(stage, 10), _session(stage, 10, "nspi")]
    stage.pause(3)
    with network.unplugged("mbx1"):
        stage.pause(4)
    stage.want("answered", *old, _get(stage))


def _impatient(stage: Stage) -> None:
    """Clients that give up waiting for a slow server and cut the connection."""
    stage.serve("cas1", "http", 80)
    for _ in range(3):
        stage.want("silent", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/slow/8", "--seconds", 3))
    stage.want("answered", _get(stage, server="cas1", port=443))
    stage.pause(8)


def _broken(
    name: str, title: str, purpose: str, near: tuple, far: tuple, play, policy: Policy, places: str = FOUR_PLACES
) -> Scenario:
    return Scenario(
        "midflow",
        name,
        title,
        purpose,
        SERVERS,
        seen_from("cas-dmz", "mbx1", near, far, places=places),
        play,
        HOSTS,
        policy,
        STAND_IN,
    )


def _alike(
    name: str, title: str, purpose: str, server: str, truth: tuple, play, places: str = ENDS, policy: Policy = Policy()
) -> Scenario:
    return Scenario(
        "midflow",
        name,
        title,
        purpose,
        SERVERS,
        seen_from("cas-dmz", server, truth, truth, places=places),
        play,
        ("cas-dmz", server),
        policy,
        STAND_IN,
    )


def _cut(ttl: int, sure: bool = True):
    """A reject rule that comes while sessions go on; each side's data is answered in the other's name."""

    def side(whose: str) -> tuple:
        why = f"RST in the {whose}'s name by the firewall, whose TTL starts at {ttl}"
        told = report(
            "cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset", "rpc-dynamic-port-blocked", "syn-rejected", because=why
        )
        return (
            told
            if sure
            else maybe(
                "cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset", because=f"{why}, as the server's own packets have"
            ),
            WEB,
            MAPPER,
        )

    rules = (f"tcp dport {EMSMDB_PORT} ct state established reject with tcp reset",)
    far = (clear("cas-dmz", "mbx1", EMSMDB_PORT, because="from here the sessions only fall silent"), WEB, MAPPER)
    return _broken(
        f"rule-resets-{ttl}",
        f"A rule comes and resets sessions, TTL {ttl}",
        "A policy is installed while sessions go on.",
        side("server"),
        far,
        _rule_comes("reset"),
        Policy(
            "answered data of established sessions with RST from some moment on",
            rules,
            sysctls=(("net.ipv4.ip_default_ttl", str(ttl)),),
        ),
        FOUR_PLACES if ttl == 64 else ENDS,
    )


DEAD = report(
    "cas-dmz",
    "mbx1",
    EMSMDB_PORT,
    "midstream-drop",
    because="data repeated without acknowledgement while the server answers others",
)
SCENARIOS = [
    _broken(
        "failover",
        "A firewall takes over without the sessions of the other",
        "Old sessions die at one moment, new ones are made at once.",
        (
            DEAD,
            report("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "midstream-drop", because="as above"),
            report("cas-dmz", "mbx1", 444, "midstream-drop", because="as above"),
            MAPPER,
        ),
        (QUIET, clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), WEB, MAPPER),
        _failover,
        Policy("forgot all sessions at one moment and dropped what belonged to them", NO_STATE, sysctls=STRICT),
    ),
    _broken(
        "rule-drops",
        "A rule comes and drops sessions",
        "A policy is installed while sessions go on.",
        (DEAD, WEB, MAPPER),
        (QUIET, WEB, MAPPER),
        _rule_comes("silent"),
        Policy(
            "dropped everything to and from the RPC port from some moment on",
            (f"tcp dport {EMSMDB_PORT} drop", f"tcp sport {EMSMDB_PORT} drop"),
        ),
    ),
    _cut(64),
    _cut(255),
    _cut(128),
    _cut(127, sure=False),
    _broken(
        "answers-drop",
        "A device swallows the server's answers after some octets",
        "What the client asks arrives; what it is told does not.",
        (
            clear("cas-dmz", "mbx1", 444, because="here the server just falls silent in the middle of an answer"),
            clear("cas-dmz", "mbx1", EMSMDB_PORT),
        ),
        (
            report(
                "cas-dmz",
                "mbx1",
                444,
                "midstream-drop",
                because="the server repeats its answer and gets no acknowledgement",
            ),
            clear("cas-dmz", "mbx1", EMSMDB_PORT),
        ),
        _big_answers,
        Policy(
            "dropped the server's packets once it had sent 14000 octets", ("tcp sport 444 ct reply bytes > 14000 drop",)
        ),
    ),
    _broken(
        "requests-drop",
        "A device swallows the client's requests after some octets",
        "The server's late answers still arrive.",
        (
            report(
                "cas-dmz",
                "mbx1",
                EMSMDB_PORT,
                "midstream-drop",
                because="the client repeats its data, the server talks on and acknowledges none of it",
            ),
            WEB,
            MAPPER,
        ),
        (
            report(
                "cas-dmz",
                "mbx1",
                EMSMDB_PORT,
                "midstream-drop",
                because="the client's acknowledgements are dropped too: the server repeats its answers",
            ),
            WEB,
            MAPPER,
        ),
        _one_direction,
        Policy(
            "dropped the client's packets once it had sent 3000 octets",
            (f"tcp dport {EMSMDB_PORT} ct original bytes > 3000 drop",),
        ),
    ),
    _broken(
        "both-ends-128",
        "A device resets both ends, with TTL 128 as the ends themselves have",
        "As inspection does that gives up on a session.",
        (
            report(
                "cas-dmz",
                "mbx1",
                EMSMDB_PORT,
                "midstream-reset",
                because="RST with TTL 128 where the server's packets have 127, and no identification",
            ),
            WEB,
            MAPPER,
        ),
        (
            report(
                "cas-dmz",
                "mbx1",
                EMSMDB_PORT,
                "midstream-reset",
                because="RST with TTL 128 where the client's packets have 127",
            ),
            WEB,
            MAPPER,
        ),
        _both_ends,
        Policy("reset both ends of a session once its client had sent 600 octets, with TTL 128"),
        ENDS,
    ),
    _alike(
        "killed",
        "A server's process is killed in mid-answer",
        "RST by its own host, then refusals, then it is back.",
        "cas1",
        (clear("cas-dmz", "cas1", 80), clear("cas-dmz", "cas1", 443)),
        _killed,
        places=FOUR_PLACES,
    ),
    _alike(
        "dies-busy",
        "A host dies while five sessions go on",
        "All fall silent at once; the router says that it is gone.",
        "mbx1",
        (clear("cas-dmz", "mbx1", EMSMDB_PORT), clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), WEB, MAPPER),
        _dies_busy,
        "client fw-client-leg",
    ),
    _alike(
        "dies-busy-silently",
        "A host dies while five sessions go on, and no router says so",
        "All fall silent at once.",
        "mbx1",
        (clear("cas-dmz", "mbx1", EMSMDB_PORT), clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), WEB, MAPPER),
        _dies_busy,
        "client fw-client-leg",
        Policy("let everything pass, but never sent ICMP unreachable", output=("icmp type destination-unreachable drop",)),
    ),
    _alike(
        "hesitates",
        "A host is away for four seconds",
        "Repetitions that are answered in the end.",
        "mbx1",
        (clear("cas-dmz", "mbx1", EMSMDB_PORT), clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), WEB),
        _hesitates,
    ),
    _alike(
        "impatient",
        "Clients that give up waiting",
        "They cut what the server was still working on.",
        "cas1",
        (clear("cas-dmz", "cas1", 80), clear("cas-dmz", "cas1", 443)),
        _impatient,
    ),
]
