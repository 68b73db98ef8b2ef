"""A database availability group over two sites: heartbeats, log shipping, and the file share witness."""

import sys

import network
from dag_member import HEARTBEAT_PORT, REPLICATION_PORT
from firewall import Policy
from servers import EMSMDB_PORT
from stage import HERE, Stage
from story import Capture, Scenario, absent, address, clear, report, seen_from

STAND_IN = (
    "Heartbeats and log shipping are stand-ins with the real ports, directions and rhythm; the witness is a real smbd;"
    " RPC is a stand-in."
)
HOSTS = ("mbx1", "mbx2", "hub1")
SERVERS = ("dag-mbx1", "dag-mbx2", "witness-hub1", "exchange-mbx1", "exchange-mbx2")
BEATS = 14
BOTH = (("mbx1", "mbx2"), ("mbx2", "mbx1"))


def _member(stage: Stage, host: str, *argv: object):
    return stage.start(host, sys.executable, "-B", str(HERE / "dag_member.py"), *map(str, argv))


def _beats(stage: Stage) -> list:
    return [_member(stage, here, "beat", address(here), address(there), BEATS) for here, there in BOTH]


def _witness(stage: Stage, host: str):
    return stage.start(host, "smbclient", "-N", "-p", "445", f"//{address('hub1')}/witness", "-c", "ls")


def _rpc(stage: Stage) -> None:
    """Store and monitoring calls between the members go on whatever the cluster's ports do."""
    stage.want("answered", stage.rpc("mbx2", "mbx1", "emsmdb"))
    stage.want("answered", stage.rpc("mbx1", "mbx2", "emsmdb"))


def _healthy(stage: Stage) -> None:
    beats = _beats(stage)
    for here, there in BOTH:
        stage.want("answered", _member(stage, here, "ship", address(there), 4))
        stage.finish(_witness(stage, here))
    _rpc(stage)
    stage.want("done", *beats)


def _heartbeat_dropped(stage: Stage) -> None:
    beats = _beats(stage)
    _rpc(stage)
    stage.want("answered", _member(stage, "mbx2", "ship", address("mbx1"), 3))
    stage.pause(6)
    _rpc(stage)
    stage.want("done", *beats)


def _failover_dropped(stage: Stage) -> None:
    """mbx2 is to take over and reaches neither its partner's logs nor the witness."""
    beats = _beats(stage)
    _rpc(stage)
    logs = _member(stage, "mbx2", "ship", address("mbx1"), 3)
    witness = _witness(stage, "mbx2")
    alive = stage.client("mbx2", "tcp", "hub1", 135)
    stage.want("refused", alive)  # hub1 has no such service and says so: it lives
    stage.pause(8)
    _rpc(stage)
    stage.want("refused", stage.client("mbx2", "tcp", "hub1", 135))
    stage.want("silent", logs)
    stage.finish(witness)
    stage.want("done", *beats)


def _replication_dropped(stage: Stage) -> None:
    beats = _beats(stage)
    _rpc(stage)
    logs = [_member(stage, "mbx2", "ship", address("mbx1"), 3) for _ in range(2)]
    stage.pause(8)
    _rpc(stage)
    stage.want("silent", *logs)
    stage.want("done", *beats)


def _witness_dropped(stage: Stage) -> None:
    _rpc(stage)
    witness = [_witness(stage, "mbx2"), stage.client("mbx2", "tcp", "hub1", 445)]
    stage.want("refused", stage.client("mbx2", "tcp", "hub1", 135))
    stage.pause(8)
    stage.want("answered", _member(stage, "mbx2", "ship", address("mbx1"), 2))
    stage.want("refused", stage.client("mbx2", "tcp", "hub1", 135))
    stage.want("silent", witness[1])
    stage.finish(witness[0])
    stage.want("refused", stage.client("mbx2", "tcp", "hub1", 135))


def _cluster_stopped(stage: Stage) -> None:
    """mbx1's cluster service does not run: its host says port unreachable for every heartbeat."""
    beats = _member(stage, "mbx2", "beat", address("mbx2"), address("mbx1"), 8)
    _rpc(stage)
    stage.finish(beats)
    _rpc(stage)


def _node_down(stage: Stage) -> None:
    """mbx1 dies: heartbeats, logs and RPC stop at one moment."""
    _rpc(stage)
    beats = _beats(stage)
    stage.pause(4.5)
    network.unplug("mbx1")
    try:
        stage.want("silent", _member(stage, "mbx2", "ship", address("mbx1"), 2), stage.client("mbx2", "tcp", "mbx1", 135))
        stage.want("done", *beats)
    finally:
        network.plug("mbx1")


def _beat(here: str, there: str):
    return clear(here, there, HEARTBEAT_PORT, transport="udp")


RPC = (clear("mbx2", "mbx1", 135), clear("mbx2", "mbx1", EMSMDB_PORT))
SCENARIOS = [
    Scenario(
        "dag", "healthy",
        "Two members in two sites, all well",
        "The measure of normal: heartbeats both ways each second, log shipping, and the witness over SMB.",
        SERVERS,
        (
            Capture("mbx2", "mbx2", (
                _beat("mbx1", "mbx2"), clear("mbx2", "mbx1", REPLICATION_PORT), clear("mbx1", "mbx2", REPLICATION_PORT),
                clear("mbx2", "hub1", 445), *RPC,
            )),
        ),
        _healthy, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "dag", "heartbeat-dropped",
        "Heartbeats pass in one direction only",
        "mbx1's heartbeats never reach mbx2; everything else between the two works.",
        SERVERS,
        (
            Capture("mbx2", "mbx2", (
                report("mbx1", "mbx2", HEARTBEAT_PORT, "heartbeat-blocked", "udp-blocked", transport="udp",
                       because=f"mbx2 sends {BEATS} heartbeats and receives none, while mbx1 talks to it by RPC"),
                clear("mbx2", "mbx1", REPLICATION_PORT), *RPC,
            )),
            Capture("mbx1", "mbx1", (_beat("mbx1", "mbx2"), _beat("mbx2", "mbx1"), clear("mbx2", "mbx1", REPLICATION_PORT), *RPC),
                    remark="Both members' heartbeats are seen here: mbx1's leave, mbx2's arrive."),
            Capture("fw-second-leg", "fw", (
                report("mbx1", "mbx2", HEARTBEAT_PORT, "heartbeat-blocked", "udp-blocked", transport="udp",
                       because="mbx2's heartbeats pass here, mbx1's never come, while mbx1 answers by RPC"),
                clear("mbx2", "mbx1", REPLICATION_PORT), *RPC,
            ), device="fw-s2"),
        ),
        _heartbeat_dropped, HOSTS,
        Policy("dropped UDP 3343 from the internal network to the second site",
               ("ip saddr 10.10.2.0/24 ip daddr 10.10.3.0/24 udp dport 3343 drop",)),
        STAND_IN,
    ),
    Scenario(
        "dag", "failover-dropped",
        "The second site cannot take over",
        "Heartbeats, log shipping and the witness are all dropped between the sites; RPC passes.",
        SERVERS,
        (
            Capture("mbx2", "mbx2", (
                report("mbx2", "mbx1", REPLICATION_PORT, "failover-blocked", "syn-dropped",
                       because="the firewall drops it; mbx1 answers on 135 and its RPC port in the same seconds"),
                report("mbx2", "hub1", 445, "failover-blocked", "syn-dropped",
                       because="the firewall drops it; hub1 answers a closed port with RST in the same seconds"),
                report("mbx1", "mbx2", HEARTBEAT_PORT, "heartbeat-blocked", "failover-blocked", "udp-blocked", transport="udp",
                       because=f"mbx2 sends {BEATS} heartbeats and receives none, while mbx1 talks to it by RPC"),
                *RPC,
            )),
            Capture("mbx1", "mbx1", (
                absent("mbx2", "mbx1", REPLICATION_PORT),
                report("mbx2", "mbx1", HEARTBEAT_PORT, "heartbeat-blocked", "failover-blocked", "udp-blocked", transport="udp",
                       because=f"mbx1 sends {BEATS} heartbeats and receives none, while mbx2 talks to it by RPC"),
                *RPC,
            )),
            Capture("hub1", "hub1", (absent("mbx2", "hub1", 445), clear("mbx2", "hub1", 135)),
                    remark="The witness never sees the attempts at its share, only those at a port it does not serve."),
        ),
        _failover_dropped, HOSTS,
        Policy("dropped UDP 3343, TCP 64327 and TCP 445 between the internal network and the second site",
               ("udp dport 3343 drop", "tcp dport { 64327, 445 } drop")),
        STAND_IN,
    ),
    Scenario(
        "dag", "replication-dropped",
        "Log shipping is dropped, heartbeats pass",
        "The group looks well, yet no log of mbx1's reaches the second site.",
        SERVERS,
        seen_from("mbx2", "mbx1", (
            report("mbx2", "mbx1", REPLICATION_PORT, "syn-dropped", "failover-blocked",
                   because="the firewall drops it; heartbeats and RPC between the two pass in the same seconds"),
            _beat("mbx1", "mbx2"), _beat("mbx2", "mbx1"), *RPC,
        )),
        _replication_dropped, HOSTS,
        Policy("dropped TCP 64327 between the sites, silently", ("tcp dport 64327 drop",)),
        STAND_IN,
    ),
    Scenario(
        "dag", "witness-dropped",
        "The witness cannot be reached from the second site",
        "Only SMB to the witness is dropped; the partner is reached.",
        SERVERS,
        seen_from("mbx2", "hub1", (
            report("mbx2", "hub1", 445, "syn-dropped", "failover-blocked",
                   because="the firewall drops it; hub1 answers a closed port with RST in the same seconds"),
            clear("mbx2", "hub1", 135),
        )),
        _witness_dropped, HOSTS,
        Policy("dropped TCP 445 from the second site, silently", ("ip saddr 10.10.3.0/24 tcp dport 445 drop",)),
        STAND_IN,
    ),
    Scenario(
        "dag", "cluster-stopped",
        "The partner's cluster service is stopped",
        "Every heartbeat is answered with ICMP 3/3 by the partner's own host: not the network.",
        SERVERS,
        seen_from("mbx2", "mbx1", (_beat("mbx2", "mbx1"), *RPC)),
        _cluster_stopped, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "dag", "node-down",
        "The partner dies",
        "Heartbeats, log shipping and RPC fall silent together: a node that is down, not a filter.",
        SERVERS,
        (
            Capture("mbx2", "mbx2", (
                _beat("mbx1", "mbx2"), _beat("mbx2", "mbx1"), clear("mbx2", "mbx1", REPLICATION_PORT), clear("mbx2", "mbx1", 135),
            )),
        ),
        _node_down, HOSTS,
        Policy("let everything pass, but never sent ICMP unreachable", output=("icmp type destination-unreachable drop",)),
        STAND_IN,
    ),
]  # fmt: skip
