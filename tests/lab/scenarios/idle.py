"""Devices that forget idle connections, silently or with RST; and pauses that nobody forgets."""

import network
from firewall import Policy
from scenarios.rpc import STAND_IN as RPC
from servers import EMSMDB_PORT
from stage import Stage
from story import ENDS, FOUR_PLACES, Scenario, clear, maybe, report, seen_from

STAND_IN = RPC
SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-dmz", "mbx1")
WEB = clear("cas-dmz", "mbx1", 444)
QUIET = clear("cas-dmz", "mbx1", EMSMDB_PORT, because="from here the sessions only fall silent")
FORGETS = ("ct state invalid drop", "tcp flags & (syn | ack) != syn ct state new drop")
RESETS = (
    "ct state invalid reject with tcp reset",
    "tcp flags & (syn | ack | rst) == ack ct state new reject with tcp reset",
)


def _timer(seconds: int, ttl: int = 64) -> tuple[tuple[str, str], ...]:
    return (
        ("net.netfilter.nf_conntrack_tcp_timeout_established", str(seconds)),
        ("net.netfilter.nf_conntrack_tcp_loose", "0"),
        ("net.ipv4.ip_default_ttl", str(ttl)),
        ("net.ipv6.conf.all.hop_limit", str(ttl)),
    )


def _get(stage: Stage, *more: object):
    return stage.client("cas-dmz", "https", "mbx1", 444, *more)


def _rpc(stage: Stage, *pauses: float, times: int = 2, interface: str = "emsmdb"):
    return [
        stage.rpc(
            "cas-dmz",
            "mbx1",
            interface,
            "--opnums",
            ",".join(["10"] + ["11"] * (times - 1)),
            "--pause",
            pause,
            "--seconds",
            17,
        )
        for pause in pauses
    ]


def _forgotten(dies: tuple, lives: float, word: str = "silent", look: float = 4):
    """Sessions that pause for `dies` seconds; others, with pauses of `lives`, go on. Another port shows that the server is well."""

    def play(stage: Stage) -> None:
        stage.want("answered", _get(stage))
        calls = _rpc(stage, *dies)
        if lives:
            stage.want("answered", *_rpc(stage, lives, times=3, interface="nspi"), *_rpc(stage, lives, times=3))
        stage.pause(max(0, max(dies) + look - (2 * lives if lives else 0)))
        stage.want("answered", _get(stage))
        stage.want(word, *calls)
        stage.want("answered", _get(stage))

    return play


def _poll_dies(stage: Stage) -> None:
    """The answer of a long poll comes after the device has forgotten the connection: the server repeats it into silence."""
    stage.serve("cas1", "http", 80)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    polls = [
        stage.client("cas-dmz", "http", "cas1", 80, "--path", f"/slow/{seconds}", "--seconds", 24) for seconds in (9, 10)
    ]
    stage.want("answered", stage.client("cas-dmz", "http", "cas1", 80, "--path", "/slow/3"))
    stage.pause(11)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("silent", *polls)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))


def _keep_alives(stage: Stage) -> None:
    """TCP keep-alives come too late: the first meets a device that has forgotten."""
    stage.serve("cas1", "mute", 8081)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    kept = [stage.client("cas-dmz", "idle", "cas1", 8081, "--linger", 26, "--idle", 8) for _ in range(2)]
    stage.pause(12)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("answered", *kept)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))


def _kept(stage: Stage) -> None:
    """Keep-alives more often than the timer: nothing dies."""
    stage.serve("cas1", "mute", 8081)
    kept = [stage.client("cas-dmz", "idle", "cas1", 8081, "--linger", 15) for _ in range(2)]
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443), *kept)


def _polls(stage: Stage) -> None:
    """Long polls that survive, beside a slow application: no timer anywhere."""
    stage.serve("cas1", "http", 80)
    polls = [
        stage.client("cas-dmz", "http", "cas1", 80, "--path", path, "--repeat", 2)
        for path in ("/slow/14", "/slow/11", "/now")
    ]
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443), *polls)


def _server_ends(end: str):
    """The server's own idle time is over: it says goodbye; the client's next request comes too late."""

    def play(stage: Stage) -> None:
        stage.serve("cas1", "http", 80, "--idle", 6, "--end", end)
        calls = [
            stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now", "--repeat", 2, "--pause", pause)
            for pause in (9, 10)
        ]
        calls += [stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now", "--repeat", 3, "--pause", 3)]
        stage.want("answered|closed|reset", *calls)
        stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))

    return play


def _rebooted(stage: Stage) -> None:
    """In the pause the server loses its memory; behind its own firewall it does not even say RST."""
    server = stage.serve("cas1", "http", 80)
    old = stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now", "--repeat", 2, "--pause", 8, "--seconds", 14)
    stage.pause(1.5)
    with network.unplugged("cas1"):
        stage.stop(server)
        stage.do("cas1", "ss", "-tK", "state", "connected", "sport", "=", ":80", check=False)
        stage.pause(2)
    stage.serve("cas1", "http", 80)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.pause(8)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("silent|reset", old)


def _dies(
    name: str,
    title: str,
    seconds: int,
    near: tuple,
    far: tuple,
    play,
    rules: tuple,
    ttl: int = 64,
    places: str = FOUR_PLACES,
    client: str = "cas-dmz",
    server: str = "mbx1",
) -> Scenario:
    how = "answered what came later with RST" if rules is RESETS else "dropped what came later"
    return Scenario(
        "idle",
        name,
        title,
        "A timer of seconds in place of an hour's.",
        SERVERS,
        seen_from(client, server, near, far, places=places),
        play,
        (client, server),
        Policy(f"forgot connections idle for {seconds} s, and {how}", rules, sysctls=_timer(seconds, ttl)),
        STAND_IN,
    )


def _lives(name: str, title: str, purpose: str, truth: tuple, play, policy: Policy = Policy()) -> Scenario:
    return Scenario(
        "idle",
        name,
        title,
        purpose,
        SERVERS,
        seen_from("cas-dmz", "cas1", truth, truth, places=ENDS),
        play,
        ("cas-dmz", "cas1"),
        policy,
        STAND_IN,
    )


def _dead(because: str):
    return report("cas-dmz", "mbx1", EMSMDB_PORT, "idle-timeout", "midstream-drop", "midstream-reset", because=because)


PLAIN, LIFE = clear("cas-dmz", "cas1", 80), clear("cas-dmz", "cas1", 443)
SCENARIOS = [
    _dies(
        "silent-4",
        "Forgotten after four seconds",
        4,
        (_dead("pauses of 6 and 7 s died, those of 2 s did not"), WEB),
        (QUIET, WEB),
        _forgotten((6, 7), 2),
        FORGETS,
    ),
    _dies(
        "silent-10",
        "Forgotten after ten seconds",
        10,
        (_dead("pauses of 13 and 15 s died, those of 7 s did not"), WEB),
        (QUIET, WEB),
        _forgotten((13, 15), 7),
        FORGETS,
    ),
    _dies(
        "one-of-many",
        "One connection is forgotten, others never pause",
        5,
        (_dead("a pause of 8 s died, those of 1 s did not"), WEB),
        (QUIET, WEB),
        _forgotten((8,), 1),
        FORGETS,
        places=ENDS,
    ),
    _dies(
        "alone",
        "One connection is forgotten, and there is no other",
        6,
        (_dead("a pause of 9 s died"), WEB),
        (QUIET, WEB),
        _forgotten((9,), 0),
        FORGETS,
        places=ENDS,
    ),
    _dies(
        "reset-64",
        "Forgotten, then reset",
        5,
        (_dead("RST with the firewall's TTL 64 to the first words after the pause"), WEB),
        (QUIET, WEB),
        _forgotten((8, 9), 2, "reset"),
        RESETS,
    ),
    _dies(
        "reset-255",
        "Forgotten, then reset by a device whose TTL starts at 255",
        5,
        (_dead("RST with the firewall's TTL 255 to the first words after the pause"), WEB),
        (QUIET, WEB),
        _forgotten((8, 9), 2, "reset"),
        RESETS,
        255,
        ENDS,
    ),
    _dies(
        "reset-128",
        "Forgotten, then reset by a device whose TTL starts at 128, as the server's does",
        5,
        (_dead("RST with TTL 128 where the server's packets have 127, to the first words after each pause"), WEB),
        (QUIET, WEB),
        _forgotten((8, 9), 2, "reset"),
        RESETS,
        128,
        ENDS,
    ),
    _dies(
        "poll-dies",
        "A long poll is forgotten before its answer comes",
        6,
        (clear("cas-dmz", "cas1", 80, because="from here the answer just never comes"), LIFE),
        (
            report(
                "cas-dmz",
                "cas1",
                80,
                "idle-timeout",
                "midstream-drop",
                because="the server repeats its answer into silence",
            ),
            LIFE,
        ),
        _poll_dies,
        FORGETS,
        server="cas1",
    ),
    _dies(
        "keep-alives-late",
        "Keep-alives that come too late",
        5,
        (report("cas-dmz", "cas1", 8081, "idle-timeout", "midstream-drop", because="keep-alives after 8 s get no answer"), LIFE),
        (clear("cas-dmz", "cas1", 8081), LIFE),
        _keep_alives,
        FORGETS,
        places=ENDS,
        server="cas1",
    ),
    _lives(
        "keep-alives",
        "Keep-alives that come in time",
        "A device forgets after 4 s, keep-alives come every second: nothing dies.",
        (clear("cas-dmz", "cas1", 8081), LIFE),
        _kept,
        Policy("forgot connections idle for 4 s", FORGETS, sysctls=_timer(4)),
    ),
    _lives(
        "long-polls", "Long polls and a slow application", "Silence by design, and nothing dies.", (PLAIN, LIFE), _polls
    ),
    _lives(
        "server-ends-fin",
        "The server ends idle connections with FIN",
        "Its own timer, its own goodbye.",
        (PLAIN, LIFE),
        _server_ends("fin"),
    ),
    _lives(
        "server-ends-rst",
        "The server ends idle connections with RST",
        "Its own timer, its own RST.",
        (PLAIN, LIFE),
        _server_ends("rst"),
    ),
    _lives(
        "rebooted",
        "The server restarts in a pause",
        "It answers the old connection with RST of its own.",
        (PLAIN, LIFE),
        _rebooted,
    ),
    _lives(
        "rebooted-stealth",
        "The server restarts in a pause, behind a silent host firewall",
        "It does not know the old connection and does not say so.",
        (
            maybe(
                "cas-dmz",
                "cas1",
                80,
                "midstream-drop",
                because="data into silence; whether a device or the restarted host drops it cannot be seen",
            ),
            LIFE,
        ),
        _rebooted,
        Policy(
            "let everything pass; cas1 itself drops what belongs to no connection",
            hosts=(("cas1", ("tcp flags & (syn | ack) == ack ct state invalid,new drop",)),),
        ),
    ),
]
