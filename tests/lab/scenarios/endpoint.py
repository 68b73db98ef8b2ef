"""The server's own firewall, or the server's own silence: blocked or not, the network is innocent."""

from firewall import Policy
from scenarios.rpc import STAND_IN as RPC
from servers import EMSMDB_PORT
from stage import Stage
from story import THREE_PLACES, Scenario, clear, cleared_as, maybe, report, seen_from

STAND_IN = f"{RPC} The host firewall is nftables in the server's own namespace."
SERVERS = ("exchange-mbx1", "web-mbx1", "web-cas1")
HOSTS = ("cas-dmz", "mbx1")
WEB = clear("cas-dmz", "mbx1", 444, because="the host firewall lets port 444 in")
MAPPER = clear("cas-dmz", "mbx1", 135, because="the host firewall lets port 135 in")
CANNOT_TELL = "only silence: whether the service is stopped behind a silent host firewall, or dropped, no capture here can tell"
STEALTH = "tcp dport != {{ {} }} ct state new drop"


def _web(stage: Stage, host: str = "cas-dmz"):
    return stage.client(host, "https", "mbx1", 444, "--name", "mbx1.exlab.test")


def _silent(*ports: int):
    """Attempts that end in silence, with a sign of life before, between and after."""

    def play(stage: Stage) -> None:
        stage.want("answered", _web(stage))
        stuck = [stage.client("cas-dmz", "tcp", "mbx1", port) for port in ports]
        stage.pause(8)
        stage.want("answered", _web(stage))
        stage.want("silent", *stuck)
        stage.want("answered", _web(stage))

    return play


def _rpc_silent(stage: Stage) -> None:
    stage.want("answered", _web(stage))
    stuck = stage.rpc("cas-dmz", "mbx1", "emsmdb")
    stage.pause(8)
    stage.want("answered", _web(stage))
    stage.want("silent", stuck)
    stage.want("answered", _web(stage))


def _windows_silent(stage: Stage) -> None:
    stage.want("answered", stage.windows("cas-win", "old", "https", "mbx1", 444))
    stuck = stage.windows("cas-win", "old", "tcp", "mbx1", 445)
    stage.pause(12)
    stage.want("answered", stage.windows("cas-win", "old", "https", "mbx1", 444))
    stage.want("silent", stuck)
    stage.want("answered", stage.windows("cas-win", "old", "https", "mbx1", 444))


def _says_no(word: str):
    def play(stage: Stage) -> None:
        stage.want("answered", _web(stage))
        for _ in range(3):
            stage.want(word, stage.client("cas-dmz", "tcp", "mbx1", EMSMDB_PORT))
        stage.want("answered", _web(stage))

    return play


def _healthy(stage: Stage) -> None:
    for interface in ("emsmdb", "nspi"):
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", interface, "--opnums", "0,1"))
    stage.want("answered", _web(stage))


def _deaf(stage: Stage) -> None:
    """The backlog takes two connections; the third and fourth are not even answered."""
    stage.serve("cas1", "deaf", 8080)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    kept = [stage.client("cas-dmz", "hold", "cas1", 8080, "--linger", 25) for _ in range(2)]
    stage.pause(1)
    lost = [stage.client("cas-dmz", "tcp", "cas1", 8080) for _ in range(2)]
    stage.pause(8)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("silent", *lost)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("answered", *kept)


def _guarded(name: str, title: str, purpose: str, near: tuple, play, words: str, rule: str, client: str = "cas-dmz") -> Scenario:
    """All places see the same: the host firewall is behind all of them."""
    return Scenario(
        "endpoint", name, title, purpose, SERVERS,
        seen_from(client, "mbx1", near, near, places=THREE_PLACES), play, (client, "mbx1"),
        Policy(f"let everything pass; {words}", hosts=(("mbx1", (rule,)),)),
        STAND_IN,
    )  # fmt: skip


def _unanswered(client: str, port: int, because: str = CANNOT_TELL):
    return report(client, "mbx1", port, "syn-dropped", "no-answer", because=because).or_the_host(beside_other_ports=True)


SCENARIOS = [
    _guarded("stealth", "A stopped service behind a silent host firewall",
             "Windows Firewall's stealth mode: a closed port says nothing. Not the network, though it looks the same.",
             (_unanswered("cas-dmz", 445), _unanswered("cas-dmz", 143), WEB), _silent(445, 143),
             "mbx1's own firewall drops what comes to ports on which nothing listens",
             STEALTH.format(f"135, 444, {EMSMDB_PORT}")),
    _guarded("stealth-old-windows", "A stopped service behind a silent host firewall, asked by an older Windows",
             "SYNs at 0, 3 and 9 s into stealth mode.",
             (_unanswered("cas-win", 445), clear("cas-win", "mbx1", 444)), _windows_silent,
             "mbx1's own firewall drops what comes to ports on which nothing listens",
             STEALTH.format(f"135, 444, {EMSMDB_PORT}"), "cas-win"),
    _guarded("host-firewall-drops", "The server's own firewall drops the dynamic RPC ports",
             "Really filtered, but on the server itself: the network must not be accused.",
             (report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", "syn-dropped", "no-answer",
                     because="mbx1's own firewall drops it; where it is dropped cannot be seen from outside").not_the_network(),
              MAPPER, WEB), _rpc_silent,
             "mbx1's own firewall drops its dynamic RPC ports", f"tcp dport {EMSMDB_PORT} drop"),
    _guarded("host-firewall-rst", "The server's own firewall rejects with RST",
             "On the wire the same as a closed port: the host itself answered.",
             (cleared_as("cas-dmz", "mbx1", EMSMDB_PORT, "refused-by-host",
                         because="the RST comes from the host's own stack, with the TTL of its other packets"), WEB),
             _says_no("refused"), "mbx1's own firewall rejects its dynamic RPC ports with RST",
             f"tcp dport {EMSMDB_PORT} reject with tcp reset"),
    _guarded("host-firewall-icmp", "The server's own firewall rejects with ICMP",
             "Administratively prohibited, but said by the server itself: its own firewall, not the network.",
             (report("cas-dmz", "mbx1", EMSMDB_PORT, "icmp-prohibited",
                     because="ICMP 3/13 whose sender is the server itself").by("endpoint"), WEB),
             _says_no("unreachable"), "mbx1's own firewall rejects its dynamic RPC ports with ICMP 3/13",
             f"tcp dport {EMSMDB_PORT} reject with icmp type admin-prohibited"),
    _guarded("host-firewall-icmp-port", "The server itself answers TCP with port unreachable",
             "ICMP 3/3 for TCP from the host: unusual, and never the network's doing.",
             (maybe("cas-dmz", "mbx1", EMSMDB_PORT, "icmp-prohibited",
                    because="ICMP 3/3 whose sender is the server itself"), WEB),
             _says_no("refused"), "mbx1's own firewall rejects its dynamic RPC ports with ICMP 3/3",
             f"tcp dport {EMSMDB_PORT} reject with icmp type port-unreachable"),
    _guarded("host-firewall-other-ports", "A server with a host firewall, and everything that is used passes",
             "Rules that nobody meets are nothing to report.",
             (MAPPER, clear("cas-dmz", "mbx1", EMSMDB_PORT, "closed"), WEB), _healthy,
             "mbx1's own firewall drops everything but 135, 444 and its RPC ports",
             STEALTH.format("135, 444, 49152-65535")),
    Scenario(
        "endpoint", "backlog-full",
        "A program that no longer accepts: its backlog is full",
        "Early connections are made, later SYNs are not answered. The host is up and nothing filters.",
        SERVERS,
        seen_from("cas-dmz", "cas1", *([(
            maybe("cas-dmz", "cas1", 8080, "syn-dropped",
                  because="the host lets SYNs fall, its backlog is full; the same port answered a second before").or_the_host(),
            clear("cas-dmz", "cas1", 443),
        )] * 2), places=THREE_PLACES),
        _deaf, ("cas-dmz", "cas1"), stand_ins=STAND_IN,
    ),
]  # fmt: skip
