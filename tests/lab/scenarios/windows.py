"""The same stories with the clocks of Windows: SYNs at 0, 3 and 9 s, or every RST answered by another SYN."""

from firewall import Line, Policy
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


FAR_WELL = (*(clear("cas-far", "mbx1", port) for port in (135, EMSMDB_PORT, 444)), clear("cas-far", "mbx1", CLOSED))
FAR_LINE = Line(35, 15, lost=0.01, reordered=0.02)


def _far_dropped(clock: str, seconds: float):
    """As `_dropped`, from a branch on a poor line."""

    def play(stage: Stage) -> None:
        stage.want("answered", stage.windows("cas-far", clock, "https", "mbx1", 444))
        stuck = stage.windows("cas-far", clock, "rpc", "mbx1", "emsmdb")
        stage.pause(seconds)
        stage.want("answered", stage.windows("cas-far", clock, "https", "mbx1", 444))
        stage.finish(stuck)
        stage.want("answered", stage.windows("cas-far", clock, "https", "mbx1", 444))

    return play


def _far_healthy(stage: Stage) -> None:
    for clock in ("old", "new"):
        stage.want("answered", stage.windows("cas-far", clock, "rpc", "mbx1", "emsmdb"))
        stage.want("answered", stage.windows("cas-far", clock, "https", "mbx1", 444))
    stage.want("refused", stage.windows("cas-far", "new", "tcp", "mbx1", CLOSED))


def _stealth(client: str, clock: str, seconds: float):
    """A stopped service behind the silent firewall of its own host."""

    def play(stage: Stage) -> None:
        stage.want("answered", stage.windows(client, clock, "https", "mbx1", 444))
        stuck = [stage.windows(client, clock, "tcp", "mbx1", port) for port in (445, 25)]
        stage.pause(seconds)
        stage.want("answered", stage.windows(client, clock, "https", "mbx1", 444))
        stage.want("silent", *stuck)
        stage.want("answered", stage.windows(client, clock, "https", "mbx1", 444))

    return play


def _behind_stealth(name: str, client: str, clock: str, seconds: float, title: str, line: Line | None = None) -> Scenario:
    why = "only silence: whether the service is stopped behind a silent host firewall, or dropped, no capture here can tell"
    silent = tuple(
        report(client, "mbx1", port, "syn-dropped", "no-answer", because=why).or_the_host(beside_other_ports=True)
        for port in (445, 25)
    )
    truth = (*silent, clear(client, "mbx1", 444))
    return Scenario(
        "windows", name, title, "Windows asks a Windows whose service is stopped: stealth mode says nothing.", SERVERS,
        seen_from(client, "mbx1", truth, truth, places="client server"), _stealth(client, clock, seconds), (client, "mbx1"),
        Policy("let everything pass; mbx1's own firewall drops what comes to ports on which nothing listens",
               hosts=(("mbx1", (f"tcp dport != {{ 135, 444, {EMSMDB_PORT} }} ct state new drop",)),)),
        STAND_IN, line,
    )  # fmt: skip


def _calls_far(clock: str, seconds: float) -> Scenario:
    return Scenario(
        "windows", f"far-dropped-{clock}", f"Dynamic RPC is dropped behind a poor line, as a Windows client ({clock}) meets it",
        "Late, lost and overtaken packets, and a block among them.", SERVERS,
        seen_from("cas-far", "mbx1", (
            report("cas-far", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", "syn-dropped",
                   because=f"dropped by the firewall; {LIFE}"),
            clear("cas-far", "mbx1", 135), clear("cas-far", "mbx1", 444),
        ), places="client server"),
        _far_dropped(clock, seconds), ("cas-far", "mbx1"),
        Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",)),
        STAND_IN, FAR_LINE,
    )  # fmt: skip


SCENARIOS = [
    Scenario("windows", "far-healthy", "Windows clients on a poor line",
             "Late, lost and overtaken packets, and nothing is blocked.",
             SERVERS, seen_from("cas-far", "mbx1", FAR_WELL, FAR_WELL, places="client server"), _far_healthy, ("cas-far", "mbx1"),
             stand_ins=STAND_IN, line=Line(35, 15, lost=0.02, reordered=0.05)),
    _calls_far("old", 13),
    _calls_far("new", 8),
    _behind_stealth("stealth-new", "cas-win", "new", 8, "A newer Windows asks for a stopped service behind a silent host firewall"),
    _behind_stealth("far-stealth-old", "cas-far", "old", 13, "An older Windows asks for a stopped service, over a poor line",
                    FAR_LINE),
    _behind_stealth("far-stealth-new", "cas-far", "new", 8, "A newer Windows asks for a stopped service, over a poor line",
                    FAR_LINE),
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
