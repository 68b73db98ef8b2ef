"""More of a database availability group: every strand alone, in either direction, and networks kept apart by design."""

import network
from dag_member import HEARTBEAT_PORT, REPLICATION_PORT
from firewall import Policy
from scenarios.dag import HOSTS, RPC, SERVERS, STAND_IN, _beat, _beats, _member, _rpc
from stage import Stage
from story import Capture, Scenario, address, clear, maybe, report

REPLICATION = {"mbx1": "10.20.2.21", "mbx2": "10.20.3.21"}
BOTH_SHIP = (clear("mbx2", "mbx1", REPLICATION_PORT), clear("mbx1", "mbx2", REPLICATION_PORT))


def _ship(stage: Stage, here: str, there: str, blocks: int = 2):
    return _member(stage, here, "ship", address(there), blocks)


def _beats_lost(stage: Stage) -> None:
    beats = _beats(stage)
    _rpc(stage)
    stage.want("answered", _ship(stage, "mbx1", "mbx2"))
    stage.pause(6)
    _rpc(stage)
    stage.want("done", *beats)


def _no_logs(stage: Stage) -> None:
    """mbx1 ships to mbx2 in vain; mbx2's own log shipping passes."""
    beats = _beats(stage)
    _rpc(stage)
    logs = [_ship(stage, "mbx1", "mbx2") for _ in range(2)]
    stage.want("answered", _ship(stage, "mbx2", "mbx1"))
    stage.pause(7)
    _rpc(stage)
    stage.want("silent", *logs)
    stage.want("done", *beats)


def _logs_stop(stage: Stage) -> None:
    """Log shipping goes on for a while, then the device drops it."""
    beats = _beats(stage)
    logs = _member(stage, "mbx2", "ship", address("mbx1"), 40)
    stage.pause(6)
    _rpc(stage)
    stage.want("silent", logs)
    _rpc(stage)
    stage.want("done", *beats)


def _witness_rejected(stage: Stage) -> None:
    beats = _beats(stage)
    for _ in range(3):
        stage.want("refused", stage.client("mbx2", "tcp", "hub1", 445))
        stage.want("refused", stage.client("mbx2", "tcp", "hub1", 135))
        stage.pause(1)
    _rpc(stage)
    stage.want("done", *beats)


def _witness_down(stage: Stage) -> None:
    """No share is served there: its host says so."""
    beats = _beats(stage)
    for _ in range(3):
        stage.want("refused", stage.client("mbx2", "tcp", "cas1", 445))
        stage.pause(1)
    _rpc(stage)
    stage.want("done", *beats)


def _rebooting(stage: Stage) -> None:
    """mbx1 is away for eight seconds and comes back: heartbeats of both begin anew."""
    beats = _beats(stage)
    _rpc(stage)
    stage.pause(4)
    with network.unplugged("mbx1"):
        stage.pause(8)
    stage.want("done", *beats)
    _rpc(stage)
    beats = _beats(stage)
    stage.want("done", *beats)


def _stopped_quietly(stage: Stage) -> None:
    """mbx1's cluster service stops; its own firewall says nothing to heartbeats. Everything else goes on."""
    beats = _member(stage, "mbx2", "beat", address("mbx2"), address("mbx1"), 9)
    _rpc(stage)
    stage.want("answered", _ship(stage, "mbx2", "mbx1"))
    stage.finish(beats)
    _rpc(stage)


def _kept_apart(cross: bool):
    """Each member has a second card for replication; what goes from one network to the other is dropped by design."""

    def play(stage: Stage) -> None:
        cards = [(host, f"{card}/24") for host, card in REPLICATION.items()]
        with network.second_card(*cards):
            for host, other in (("mbx1", "mbx2"), ("mbx2", "mbx1")):
                net = REPLICATION[other].rpartition(".")[0]
                network.run_in(
                    host,
                    "ip",
                    "route",
                    "add",
                    f"{net}.0/24",
                    "via",
                    f"{REPLICATION[host].rpartition('.')[0]}.1",
                    "src",
                    REPLICATION[host],
                )
            servers = [stage.serve(host, "serve", card, script="dag_member.py") for host, card in REPLICATION.items()]
            beats = _beats(stage)
            beats += [
                _member(stage, here, "beat", REPLICATION[here], REPLICATION[there], 14)
                for here, there in (("mbx1", "mbx2"), ("mbx2", "mbx1"))
            ]
            stage.want(
                "answered",
                *(
                    _member(stage, here, "ship", REPLICATION[there], 2)
                    for here, there in (("mbx1", "mbx2"), ("mbx2", "mbx1"))
                ),
            )
            _rpc(stage)
            if cross:
                lost = [stage.client("mbx2", "tcp", REPLICATION["mbx1"], 445, "--from", address("mbx2")) for _ in range(2)]
                stage.pause(6)
                stage.want("answered", _member(stage, "mbx2", "ship", REPLICATION["mbx1"], 2))
                stage.want("silent", *lost)
            _rpc(stage)
            stage.want("done", *beats)
            for server in servers:
                stage.stop(server)

    return play


def _on_replication(kind) -> tuple:
    one, two = REPLICATION["mbx1"], REPLICATION["mbx2"]
    return (kind(two, one, REPLICATION_PORT), kind(one, two, REPLICATION_PORT))


def _scene(
    name: str, title: str, purpose: str, captures: tuple, play, policy: Policy = Policy(), hosts: tuple = HOSTS
) -> Scenario:
    return Scenario("cluster", name, title, purpose, (*SERVERS, "web-cas1"), captures, play, hosts, policy, STAND_IN)


def _both(truth: tuple) -> tuple:
    return (Capture("mbx2", "mbx2", truth), Capture("fw-second-leg", "fw", truth, device="fw-s2"))


BEATS = (_beat("mbx1", "mbx2"), _beat("mbx2", "mbx1"))
SCENARIOS = [
    _scene(
        "beats-one-way",
        "mbx2's heartbeats never reach mbx1",
        "The other direction passes, and so does everything else.",
        (
            Capture(
                "mbx1",
                "mbx1",
                (
                    report(
                        "mbx2",
                        "mbx1",
                        HEARTBEAT_PORT,
                        "heartbeat-blocked",
                        "udp-blocked",
                        transport="udp",
                        because="mbx1 sends heartbeats and receives none, while mbx2 talks to it by RPC",
                    ),
                    *RPC,
                    BOTH_SHIP[1],
                ),
            ),
            Capture(
                "fw-first-leg",
                "fw",
                (
                    report(
                        "mbx2",
                        "mbx1",
                        HEARTBEAT_PORT,
                        "heartbeat-blocked",
                        "udp-blocked",
                        transport="udp",
                        because="mbx1's heartbeats pass here, mbx2's never come",
                    ),
                    *RPC,
                ),
                device="fw-int",
            ),
            Capture("mbx2", "mbx2", (*BEATS, *RPC)),
        ),
        _beats_lost,
        Policy(
            "dropped UDP 3343 from the second site to the internal network",
            ("ip saddr 10.10.3.0/24 ip daddr 10.10.2.0/24 udp dport 3343 drop",),
        ),
    ),
    _scene(
        "logs-one-way",
        "mbx1's logs never reach mbx2",
        "Log shipping passes in the other direction.",
        (
            Capture(
                "mbx1",
                "mbx1",
                (
                    report(
                        "mbx1",
                        "mbx2",
                        REPLICATION_PORT,
                        "syn-dropped",
                        "failover-blocked",
                        because="dropped; heartbeats, RPC and the other direction pass",
                    ),
                    BOTH_SHIP[0],
                    *BEATS,
                    *RPC,
                ),
            ),
            Capture("mbx2", "mbx2", (BOTH_SHIP[0], *BEATS, *RPC)),
        ),
        _no_logs,
        Policy(
            "dropped TCP 64327 from the internal network to the second site",
            ("ip daddr 10.10.3.0/24 tcp dport 64327 drop",),
        ),
    ),
    _scene(
        "logs-stop",
        "Log shipping is cut in the middle",
        "Heartbeats go on, the copy falls behind.",
        _both(
            (
                report(
                    "mbx2",
                    "mbx1",
                    REPLICATION_PORT,
                    "midstream-drop",
                    "failover-blocked",
                    because="data repeated without acknowledgement while heartbeats and RPC go on",
                ),
                *BEATS,
                *RPC,
            )
        ),
        _logs_stop,
        Policy(
            "dropped the packets of log shipping once 20000 octets had passed",
            ("tcp dport 64327 ct original bytes > 20000 drop", "tcp sport 64327 ct original bytes > 20000 drop"),
        ),
    ),
    _scene(
        "witness-rejected",
        "The witness is refused in its name",
        "RST by the firewall; a closed port of the witness shows its own RST.",
        _both(
            (
                report(
                    "mbx2",
                    "hub1",
                    445,
                    "syn-rejected",
                    "failover-blocked",
                    because="the RST carries the firewall's TTL (64), hub1's own RSTs 127",
                ),
                clear("mbx2", "hub1", 135),
                *BEATS,
                *RPC,
            )
        )[:1],
        _witness_rejected,
        Policy(
            "rejected TCP 445 from the second site with RST", ("ip saddr 10.10.3.0/24 tcp dport 445 reject with tcp reset",)
        ),
    ),
    _scene(
        "witness-down",
        "The witness serves no share",
        "Its own host refuses; the group lives on.",
        _both((clear("mbx2", "cas1", 445), *BEATS, *RPC)),
        _witness_down,
        hosts=("mbx1", "mbx2", "cas1"),
    ),
    _scene(
        "rebooting",
        "A member is away for eight seconds",
        "Everything of it falls silent together and comes back together.",
        _both((*BEATS, *RPC)),
        _rebooting,
    ),
    _scene(
        "stopped-quietly",
        "A member's cluster service is stopped, and its host says nothing",
        "No heartbeats of a node whose service is stopped.",
        _both(
            (
                maybe(
                    "mbx1",
                    "mbx2",
                    HEARTBEAT_PORT,
                    "heartbeat-blocked",
                    transport="udp",
                    because="no heartbeat comes; that the service is stopped cannot be seen",
                ),
                _beat("mbx2", "mbx1"),
                BOTH_SHIP[0],
                *RPC,
            )
        ),
        _stopped_quietly,
        Policy(
            "let everything pass; mbx1's own firewall drops UDP that nobody listens for",
            hosts=(("mbx1", ("udp dport 3343 drop",)),),
        ),
    ),
    _scene(
        "kept-apart",
        "MAPI and replication networks that are kept apart",
        "Each network talks to itself: nothing is missing.",
        _both((*BEATS, *RPC, *_on_replication(clear))),
        _kept_apart(False),
        Policy(
            "dropped everything between the MAPI networks and the replication networks",
            ("ip saddr 10.10.0.0/16 ip daddr 10.20.0.0/16 drop", "ip saddr 10.20.0.0/16 ip daddr 10.10.0.0/16 drop"),
        ),
    ),
    _scene(
        "kept-apart-tried",
        "A member tries the other network of its partner",
        "Dropped by design; the same partner is served on its own networks.",
        _both(
            (
                *BEATS,
                *RPC,
                *_on_replication(clear),
                maybe("mbx2", REPLICATION["mbx1"], 445, "syn-dropped", because="dropped, and by design"),
            )
        ),
        _kept_apart(True),
        Policy(
            "dropped everything between the MAPI networks and the replication networks",
            ("ip saddr 10.10.0.0/16 ip daddr 10.20.0.0/16 drop", "ip saddr 10.20.0.0/16 ip daddr 10.10.0.0/16 drop"),
        ),
    ),
]
