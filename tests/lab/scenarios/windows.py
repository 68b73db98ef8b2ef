"""The same stories with the clocks of Windows: SYNs at 0, 3 and 9 s, or every RST answered by another SYN."""

from firewall import Policy
from scenarios.rpc import STAND_IN as RPC
from servers import EMSMDB_PORT
from stage import Stage
from story import THREE_PLACES, Scenario, cleared_as, clear, report, seen_from

STAND_IN = f"{RPC} The client is a raw-socket program with the retry clocks, TTL, options and IP identification of Windows."
SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-win", "mbx1")
CLOSED = 3389
LIFE = "135 and 444 of the same server answer this client in the same seconds"


def _healthy(clock: str):
    def play(stage: Stage) -> None:
        stage.want("answered", stage.windows("cas-win", clock, "rpc", "mbx1", "emsmdb"))
        stage.want("answered", stage.windows("cas-win", clock, "https", "mbx1", 444))
        stage.want("answered", stage.windows("cas-win", clock, "tcp", "mbx1", 135))

    return play


def _dropped(clock: str, seconds: float):
    def play(stage: Stage) -> None:
        stage.want("answered", stage.windows("cas-win", clock, "https", "mbx1", 444))
        stuck = stage.windows("cas-win", clock, "rpc", "mbx1", "emsmdb")
        stage.pause(seconds)
        stage.want("answered", stage.windows("cas-win", clock, "https", "mbx1", 444))
        stage.want("silent", stuck)
        stage.want("answered", stage.windows("cas-win", clock, "https", "mbx1", 444))

    return play


def _refused(port: int, server: str):
    def play(stage: Stage) -> None:
        stage.want("answered", stage.windows("cas-win", "old", "https", server, 444 if server == "mbx1" else 443))
        for clock in ("old", "new"):
            stage.want("refused", stage.windows("cas-win", clock, "tcp", server, port))
        stage.want("answered", stage.windows("cas-win", "old", "https", server, 444 if server == "mbx1" else 443))

    return play


def _icmp(stage: Stage) -> None:
    """Windows takes an ICMP error to a SYN for a rumour and goes on trying."""
    stage.want("answered", stage.windows("cas-win", "old", "https", "mbx1", 444))
    stage.want("silent", stage.windows("cas-win", "old", "tcp", "mbx1", EMSMDB_PORT))
    stage.want("answered", stage.windows("cas-win", "old", "https", "mbx1", 444))


def _calls_dropped(clock: str, seconds: float, times: str) -> Scenario:
    return Scenario(
        "windows", f"dropped-{clock}",
        f"Dynamic RPC is dropped; SYNs at {times} s",
        "The classic as an older and a newer Windows client show it.",
        SERVERS,
        seen_from("cas-win", "mbx1", (
            report("cas-win", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked",
                   because=f"the endpoint mapper named this port for EMSMDB, the firewall drops it; {LIFE}"),
            clear("cas-win", "mbx1", 135), clear("cas-win", "mbx1", 444),
        ), places=THREE_PLACES),
        _dropped(clock, seconds), HOSTS,
        Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",)),
        STAND_IN,
    )  # fmt: skip


def _all_well(clock: str) -> Scenario:
    return Scenario(
        "windows", f"healthy-{clock}", f"A Windows-like client ({clock}) and all is well",
        "The measure of normal for the raw-socket client.",
        SERVERS,
        seen_from("cas-win", "mbx1", tuple(clear("cas-win", "mbx1", port) for port in (135, EMSMDB_PORT, 444)), places=THREE_PLACES),
        _healthy(clock), HOSTS, stand_ins=STAND_IN,
    )  # fmt: skip


SCENARIOS = [
    _all_well("old"),
    _all_well("new"),
    _calls_dropped("old", 12, "0, 3 and 9"),
    _calls_dropped("new", 8, "0, 1, 3 and 7"),
    Scenario(
        "windows", "refused-three-times",
        "One attempt at a closed port: three SYNs, three RSTs",
        "Windows does not believe the first RST. One attempt, half a second apart, and the host answered each time.",
        SERVERS,
        seen_from("cas-win", "mbx1", (
            cleared_as("cas-win", "mbx1", CLOSED, "refused-by-host",
                       because="nothing listens there; the RSTs carry the TTL of mbx1's other packets"),
            clear("cas-win", "mbx1", 444),
        ), places=THREE_PLACES),
        _refused(CLOSED, "mbx1"), HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "windows", "rejected-three-times",
        "One attempt, three SYNs, three RSTs from a firewall",
        "The same rhythm as of a closed port, but the RSTs are not the server's.",
        SERVERS,
        seen_from("cas-win", "cas1", (
            report("cas-win", "cas1", 5985, "syn-rejected",
                   because="the RST carries the firewall's TTL (64), everything else of cas1 127"),
            clear("cas-win", "cas1", 443),
        )),
        _refused(5985, "cas1"), ("cas-win", "cas1"),
        Policy("rejected TCP 5985 with RST", ("tcp dport 5985 reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "windows", "rejected-icmp",
        "ICMP to every SYN, and the client goes on to its give-up",
        "SYNs at 0, 3 and 9 s, each answered with ICMP 3/13 by the firewall.",
        SERVERS,
        seen_from("cas-win", "mbx1", (
            report("cas-win", "mbx1", EMSMDB_PORT, "icmp-prohibited",
                   because="ICMP 3/13 from the firewall, quoting each SYN"),
            clear("cas-win", "mbx1", 444),
        ), places=THREE_PLACES),
        _icmp, HOSTS,
        Policy("rejected TCP to the dynamic RPC range with ICMP 3/13",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 reject with icmp type admin-prohibited",)),
        STAND_IN,
    ),
]  # fmt: skip
