"""A branch office on a long line: late, reordered and lost packets, with and without a block."""

from firewall import Line, Policy
from scenarios.rpc import STAND_IN as RPC
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT
from stage import Stage
from story import ENDS, Scenario, clear, report, seen_from

STAND_IN = f"{RPC} The long line is a program that delays, loses and reorders frames."
SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1"), ("cas3", "mbx1")
HEALTHY = (
    clear("cas3", "mbx1", 135, "closed"), clear("cas3", "mbx1", EMSMDB_PORT, "closed"),
    clear("cas3", "mbx1", ADDRESS_BOOK_PORT, "closed"), clear("cas3", "mbx1", 444),
)  # fmt: skip
DYNAMIC_DROPPED = Policy(
    "dropped TCP to the dynamic RPC range towards the internal network, silently",
    ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",),
)


def _get(stage: Stage, *more: object):
    return stage.client("cas3", "https", "mbx1", 444, "--name", "mbx1.exlab.test", *more)


def _session(repeat: int):
    def play(stage: Stage) -> None:
        for _ in range(repeat):
            stage.want("answered", stage.rpc("cas3", "mbx1", "emsmdb", "--opnums", "10,11,11,1", "--stub", 1800))
            stage.want("answered", stage.rpc("cas3", "mbx1", "nspi", "--opnums", "0,3,1", "--stub", 900))
            stage.want("answered", _get(stage, "--repeat", 3))

    return play


def _dropped(stage: Stage) -> None:
    stage.want("answered", _get(stage))
    stuck = stage.rpc("cas3", "mbx1", "emsmdb")
    stage.pause(7)
    stage.want("answered", _get(stage))
    stage.want("silent", stuck)
    stage.want("answered", _get(stage))


def _rejected(stage: Stage) -> None:
    stage.want("answered", _get(stage))
    stage.want("refused", stage.rpc("cas3", "mbx1", "emsmdb", "--attempts", 3))
    stage.want("answered", _get(stage))


def _stream(stage: Stage) -> None:
    """Several full windows: what is lost or overtaken is seen in duplicate acknowledgements."""
    stage.want("answered", stage.rpc("cas3", "mbx1", "emsmdb", "--opnums", "10,11,11,1", "--stub", 5200))
    stage.want("answered", _get(stage, "--path", "/book.oab"))


def _healthy(name: str, title: str, purpose: str, line: Line) -> Scenario:
    captures = seen_from("cas3", "mbx1", HEALTHY, places=ENDS)
    return Scenario("far", name, title, purpose, SERVERS, captures, _session(1), HOSTS, stand_ins=STAND_IN, line=line)


def _poor(name: str, title: str, line: Line, play, ports: tuple[int, ...]) -> Scenario:
    """Without claims how a flow ends: the line may lose the last segment, too."""
    captures = seen_from("cas3", "mbx1", tuple(clear("cas3", "mbx1", port) for port in ports), places=ENDS)
    purpose = "Retransmissions and duplicate acknowledgements that mean a poor line and no filter."
    return Scenario("far", name, title, purpose, SERVERS, captures, play, HOSTS, stand_ins=STAND_IN, line=line)


def _blocked(name: str, title: str, policy: Policy, lost: float, play, *kinds: str, because: str) -> Scenario:
    near = (
        report("cas3", "mbx1", EMSMDB_PORT, *kinds, because=because), clear("cas3", "mbx1", 135), clear("cas3", "mbx1", 444),
    )  # fmt: skip
    purpose = "A block at the far end of a long line: the answer's delay tells where it comes from."
    return Scenario("far", name, title, purpose, SERVERS, seen_from("cas3", "mbx1", near), play, HOSTS, policy, STAND_IN,
                    Line(25, 8, lost=lost))  # fmt: skip


ALL_PORTS = (135, EMSMDB_PORT, ADDRESS_BOOK_PORT, 444)
LIFE = "135 and 444 of the same server answer this client in the same seconds"
SCENARIOS = [
    _healthy("healthy-30ms", "RPC and HTTPS over 30 ms", "The measure of normal over a national line.", Line(15, 4)),
    _healthy("healthy-80ms", "RPC and HTTPS over 80 ms", "The measure of normal over a continental line.", Line(40, 10)),
    _healthy("healthy-300ms", "RPC and HTTPS over a satellite", "Each step takes a third of a second, nothing is wrong.",
             Line(150, 20)),
    _poor("lossy-1", "A line that loses one packet in a hundred", Line(20, 5, lost=0.01), _session(1), ALL_PORTS),
    _poor("lossy-3", "A line that loses three packets in a hundred", Line(10, 5, lost=0.03), _session(2), ALL_PORTS),
    _poor("lossy-8", "A line that loses eight packets in a hundred", Line(10, 5, lost=0.08), _stream,
          (135, EMSMDB_PORT, 444)),
    _poor("reordered", "A line on which packets overtake each other", Line(10, 2, reordered=0.3), _stream,
          (135, EMSMDB_PORT, 444)),
    _blocked("dropped", "Dynamic RPC is dropped behind a long line", DYNAMIC_DROPPED, 0.0, _dropped,
             "rpc-dynamic-port-blocked", because=f"the endpoint mapper named this port, the firewall drops it; {LIFE}"),
    _blocked("dropped-lossy", "Dynamic RPC is dropped behind a line that loses packets, too", DYNAMIC_DROPPED, 0.02, _dropped,
             "rpc-dynamic-port-blocked", "syn-dropped",
             because=f"the endpoint mapper named this port, the firewall drops it; {LIFE}"),
    _blocked("rejected", "Dynamic RPC is rejected behind a long line",
             Policy("rejected TCP to the dynamic RPC range with RST",
                    ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new reject with tcp reset",)),
             0.0, _rejected, "rpc-dynamic-port-blocked", "syn-rejected",
             because="the RST carries the firewall's TTL (64), the server's packets 127"),
]  # fmt: skip
