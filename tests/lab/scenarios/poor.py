"""Breaks in the middle and pauses, seen by captures that lose, cut, double or begin late; and both legs at once."""

import pcap
from scenarios import idle, midflow, slow
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT
from story import Capture, Scenario, clear, edited, maybe, report

HOSTS = ("cas-dmz", "mbx1")
SERVERS = idle.SERVERS
WEB, MAPPER = clear("cas-dmz", "mbx1", 444), clear("cas-dmz", "mbx1", 135)
BOTH_LEGS = "All devices of the firewall (LINUX_SLL2): what passes is seen twice."


def _lost(truth: tuple, weak: tuple) -> tuple[Capture, ...]:
    """One capture, and what is left of it on busy and thrifty machines."""
    return (
        Capture("client", "cas-dmz", truth),
        edited("cut-96", "client", pcap.cut_to(96), truth, "Cut to 96 octets."),
        edited("trunk", "client", pcap.trunk(10, 20), truth, "Each frame twice, as VLAN 10 and as VLAN 20."),
        *(
            edited(
                f"lost-{share}-{seed}",
                "client",
                pcap.lose(share / 100, seed),
                weak,
                f"{share}% of the frames removed at random.",
            )
            for share, seed in ((1, 5), (3, 6), (5, 7), (10, 8), (10, 9))
        ),
    )


def _both_legs(truth: tuple) -> tuple[Capture, ...]:
    return (Capture("firewall", "fw", truth, device="any", remark=BOTH_LEGS),)


def _weak(*truth) -> tuple:
    """What must be reported of a good capture may be reported of a poor one."""
    return tuple(
        maybe(e.client, e.server, e.port, e.kind, transport=e.transport, because=e.because) if e.must else e for e in truth
    )


def _like(scenario: Scenario, name: str, title: str, captures: tuple[Capture, ...]) -> Scenario:
    return Scenario(
        "poor",
        name,
        title,
        "The same play as elsewhere, seen less well.",
        scenario.servers,
        captures,
        scenario.play,
        scenario.hosts,
        scenario.policy,
        scenario.stand_ins,
    )


def _of(module, name: str) -> Scenario:
    return next(scenario for scenario in module.SCENARIOS if scenario.name == name)


DEAD = (
    report(
        "cas-dmz",
        "mbx1",
        EMSMDB_PORT,
        "midstream-drop",
        because="dropped from some moment on, while the server answers others",
    ),
    WEB,
    MAPPER,
)
FORGOTTEN = (
    report("cas-dmz", "mbx1", EMSMDB_PORT, "idle-timeout", "midstream-drop", because="forgotten after the pause"),
    WEB,
    MAPPER,
)
ALL_DEAD = (DEAD[0], report("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "midstream-drop", because="as above"),
            report("cas-dmz", "mbx1", 444, "midstream-drop", because="as above"), MAPPER)  # fmt: skip
CUT = (
    report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset", "idle-timeout", because="RST of the firewall with TTL 64"),
    WEB,
    MAPPER,
)
HELD = (clear("cas-dmz", "mbx1", 444), clear("cas-dmz", "mbx1", EMSMDB_PORT), MAPPER)
SCENARIOS = [
    _like(
        _of(midflow, "rule-drops"),
        "rule-drops",
        "A rule that comes and drops sessions, seen poorly",
        _lost(DEAD, _weak(*DEAD)),
    ),
    _like(_of(idle, "silent-4"), "forgotten", "Forgotten connections, seen poorly", _lost(FORGOTTEN, _weak(*FORGOTTEN))),
    _like(_of(slow, "tls-handshake"), "held", "A server that takes its time, seen poorly", _lost(HELD, HELD)),
    _like(
        _of(midflow, "hesitates"),
        "hesitates",
        "A host that is away for four seconds, seen poorly",
        _lost(
            (clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), HELD[0], HELD[1]),
            (clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), HELD[0], HELD[1]),
        ),
    ),
    _like(
        _of(midflow, "failover"),
        "failover-both-legs",
        "A firewall's failover, seen on both legs at once",
        _both_legs(ALL_DEAD),
    ),
    _like(_of(idle, "reset-64"), "reset-both-legs", "Forgotten and reset, seen on both legs at once", _both_legs(CUT)),
    _like(
        _of(midflow, "rule-resets-64"),
        "cut-both-legs",
        "A rule that comes and resets, seen on both legs at once",
        _both_legs(CUT),
    ),
    _like(
        _of(slow, "rpc-bind"),
        "held-both-legs",
        "A slow endpoint mapper, seen on both legs at once",
        _both_legs((MAPPER, HELD[1], WEB)),
    ),
    _like(
        _of(midflow, "dies-busy"),
        "dies-both-legs",
        "A host that dies, seen on both legs at once",
        _both_legs((clear("cas-dmz", "mbx1", EMSMDB_PORT), clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT), WEB, MAPPER)),
    ),
]
