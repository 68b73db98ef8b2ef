"""Servers that are reached and take their time, or have no more room: never the network."""

import network
from firewall import Line, Policy
from scenarios.directory import DC1, _ldap, _ldap_works
from scenarios.rpc import STAND_IN as RPC
from servers import EMSMDB_PORT
from stage import Stage
from story import ENDS, THREE_PLACES, Scenario, clear, cleared_as, seen_from

STAND_IN = f"{RPC} A program that stands still is stopped by signal: its host goes on acknowledging."
SERVERS = ("exchange-mbx1", "web-mbx1", "web-cas1")
HOSTS = ("cas-dmz", "mbx1")
WEB = clear("cas-dmz", "mbx1", 444)
LIFE = clear("cas-dmz", "cas1", 443)
HELD = "acknowledged at once, answered after more than ten seconds: its program stood still"


def _get(stage: Stage, server: str, port: int, *more: object, host: str = "cas-dmz"):
    return stage.client(host, "https", server, port, *more)


def _bind(stage: Stage) -> None:
    stage.want("answered", _get(stage, "mbx1", 444))
    for _ in range(2):
        with network.frozen("mbx1", "python3"):
            call = stage.rpc("cas-dmz", "mbx1", "emsmdb")
            stage.pause(12.5)
        stage.want("answered", call)
    stage.want("answered", _get(stage, "mbx1", 444))


def _handshake(stage: Stage) -> None:
    stage.want("answered", _get(stage, "cas1", 443))
    with network.frozen("mbx1", "nginx"):
        calls = [_get(stage, "mbx1", 444) for _ in range(2)]
        stage.pause(13)
    stage.want("answered", *calls, stage.rpc("cas-dmz", "mbx1", "emsmdb"))


def _hung(stage: Stage) -> None:
    """Its clients give up and close; the program never wakes up."""
    stage.want("answered", _get(stage, "cas1", 443))
    with network.frozen("mbx1", "nginx"):
        calls = [_get(stage, "mbx1", 444, "--seconds", 14) for _ in range(2)]
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
        stage.want("silent", *calls)
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))


def _mute(stage: Stage) -> None:
    stage.serve("cas1", "mute", 444)
    stage.want("answered", _get(stage, "cas1", 443))
    stage.want("silent", *(_get(stage, "cas1", 444, "--seconds", 13) for _ in range(2)))
    stage.want("answered", _get(stage, "cas1", 443))


def _greeting(stage: Stage) -> None:
    stage.serve("cas1", "exchange-2010", 13, script="smtp_server.py")
    for _ in range(2):
        stage.do(
            "cas-dmz",
            "swaks",
            "--server",
            "cas1",
            "--quit-after",
            "EHLO",
            "--helo",
            "cas-dmz.exlab.test",
            "--timeout",
            "30",
        )
    stage.want("answered", _get(stage, "cas1", 443))


def _controller(stage: Stage) -> None:
    """A domain controller stands still as a whole, as a virtual machine that is moved does: TCP is acknowledged."""
    _ldap_works(stage, "cas-dmz", 389)
    with network.frozen("dc1", "samba", "ldap", "smbd", "winbindd", "dns", "kdc", "rpc", "task", "python"):
        bind = _ldap(stage, "cas-dmz", f"ldap://{DC1}:389")
        asked = [stage.client("cas-dmz", "udp", "dc1", 53, "--name", DC1, "--repeat", 4) for _ in range(2)]
        asked += [stage.client("cas-dmz", "cldap", "dc1", 389, "--repeat", 4)]
        stage.want("answered", stage.client("cas-dmz", "tcp", "dc1", 88))
        stage.pause(12.5)
    stage.want("silent|answered", *asked)
    stage.finish(bind)
    stage.pause(1)
    _ldap_works(stage, "cas-dmz", 389)


def _deaf_ports(stage: Stage) -> None:
    """A machine out of memory: none of its programs takes connections any more."""
    for port in (8080, 8081, 8082):
        stage.serve("cas1", "deaf", port)
    stage.want("answered", _get(stage, "cas1", 443))
    kept = [stage.client("cas-dmz", "hold", "cas1", port, "--linger", 30) for port in (8080, 8081, 8082) for _ in range(2)]
    stage.pause(1)
    lost = [stage.client("cas-dmz", "tcp", "cas1", port) for port in (8080, 8081, 8082)]
    stage.pause(8)
    stage.want("answered", _get(stage, "cas1", 443))
    stage.want("silent", *lost)
    stage.want("answered", _get(stage, "cas1", 443))
    stage.want("answered", *kept)


def _all_deaf(stage: Stage) -> None:
    """The same, and no port is left that serves: the web server stands still, its backlog fills up."""
    stage.want("answered", _get(stage, "cas1", 443, host="client1"), _get(stage, "cas1", 443))
    stage.serve("cas1", "deaf", 8080)
    kept = [stage.client(host, "hold", "cas1", 8080, "--linger", 24) for host in ("cas-dmz", "client1")]
    stage.pause(1)
    lost = [stage.client(host, "tcp", "cas1", 8080) for host in ("cas-dmz", "client1", "edge1")]
    stage.want("silent", *lost)
    stage.want("answered", *kept)


def _tired(stage: Stage) -> None:
    """Five clients at once; the backlog takes two, the others' SYNs are answered when there is room."""
    stage.serve("cas1", "tired", 80, 0.9)
    for _ in range(2):
        hosts = ("cas-dmz", "client1", "edge1", "cas-dmz", "client1", "edge1", "cas-dmz")
        calls = [stage.client(host, "http", "cas1", 80, "--path", "/now") for host in hosts]
        stage.want(
            "answered",
            _get(stage, "cas1", 443),
            _get(stage, "cas1", 443, host="client1"),
            _get(stage, "cas1", 443, host="edge1"),
        )
        for call in calls:
            stage.finish(call)
        stage.pause(2)


def _overflow(stage: Stage) -> None:
    """Six at once over a long line: all are promised room, the backlog takes two; the rest get RST instead."""
    with network.setting("cas1", "net.ipv4.tcp_abort_on_overflow", 1):
        stage.serve("cas1", "deaf", 8080)
        stage.want("answered", _get(stage, "cas1", 443, host="cas3"))
        calls = [stage.client("cas3", "http", "cas1", 8080, "--path", "/now", "--seconds", 8) for _ in range(6)]
        for call in calls:
            stage.finish(call)
        stage.want("answered", _get(stage, "cas1", 443, host="cas3"))


def _refuses_some(stage: Stage) -> None:
    """As Windows does whose backlog is full: RST to some SYNs, others are taken in the same second."""
    stage.serve("cas1", "http", 80)
    for _ in range(2):
        calls = [stage.client("cas-dmz", "http", "cas1", 80, "--path", "/now") for _ in range(8)]
        calls += [stage.client("client1", "http", "cas1", 80, "--path", "/now") for _ in range(8)]
        stage.want("answered|refused", *calls)
        stage.pause(1.5)
        stage.want("answered", _get(stage, "cas1", 443))


def _silent(name: str, title: str, purpose: str, server: str, truth: tuple, play, **more) -> Scenario:
    client = more.pop("client", "cas-dmz")
    servers = more.pop("servers", SERVERS)
    captures = seen_from(client, server, truth, truth, places=more.pop("places", THREE_PLACES))
    return Scenario("slow", name, title, purpose, servers, captures, play, (client, server), stand_ins=STAND_IN, **more)


SCENARIOS = [
    _silent(
        "rpc-bind",
        "An endpoint mapper that takes twelve seconds",
        "The bind is acknowledged at once and answered late.",
        "mbx1",
        (cleared_as("cas-dmz", "mbx1", 135, "service-slow", because=HELD), clear("cas-dmz", "mbx1", EMSMDB_PORT), WEB),
        _bind,
    ),
    _silent(
        "tls-handshake",
        "A web server that takes thirteen seconds for a ClientHello",
        "The ClientHello is acknowledged at once and answered late.",
        "mbx1",
        (cleared_as("cas-dmz", "mbx1", 444, "service-slow", because=HELD), clear("cas-dmz", "mbx1", EMSMDB_PORT)),
        _handshake,
    ),
    _silent(
        "tls-never",
        "A web server that hangs for good",
        "ClientHellos are acknowledged and never answered; the clients give up.",
        "mbx1",
        (
            cleared_as(
                "cas-dmz", "mbx1", 444, "service-slow", because="acknowledged by the host, never answered by its program"
            ),
            clear("cas-dmz", "mbx1", EMSMDB_PORT),
        ),
        _hung,
    ),
    _silent(
        "tls-mute",
        "A program that accepts and says nothing",
        "Something else listens there: it takes the ClientHello and is silent.",
        "cas1",
        (
            cleared_as(
                "cas-dmz", "cas1", 444, "service-slow", because="acknowledged by the host, never answered by its program"
            ),
            LIFE,
        ),
        _mute,
    ),
    _silent(
        "smtp-ehlo",
        "A mail server that takes thirteen seconds for EHLO",
        "As with a name server that does not answer it.",
        "cas1",
        (cleared_as("cas-dmz", "cas1", 25, "service-slow", because=HELD), LIFE),
        _greeting,
    ),
    _silent(
        "controller-hangs",
        "A domain controller stands still for twelve seconds",
        "LDAP is acknowledged and answered late; DNS and CLDAP by UDP are not answered at all. Nothing filters.",
        "dc1",
        (
            clear("cas-dmz", "dc1", 389),
            clear("cas-dmz", "dc1", 53, transport="udp"),
            clear("cas-dmz", "dc1", 389, transport="udp"),
            clear("cas-dmz", "dc1", 88),
        ),
        _controller,
        servers=("samba-dc1",),
    ),
    _silent(
        "deaf-ports",
        "Three programs of one host no longer accept",
        "Backlogs are full; the host is up and serves on 443.",
        "cas1",
        (
            *(
                clear(
                    "cas-dmz", "cas1", port, because="its backlog is full: two connections of this client wait in it, open"
                )
                for port in (8080, 8081, 8082)
            ),
            LIFE,
        ),
        _deaf_ports,
    ),
    _silent(
        "deaf-to-all",
        "A program no longer accepts, whoever asks",
        "Its backlog is full for every client alike.",
        "cas1",
        (
            *(clear(host, "cas1", 8080, because="its backlog is full for all") for host in ("cas-dmz", "client1", "edge1")),
            LIFE,
        ),
        _all_deaf,
        places="server",
    ),
    _silent(
        "tired",
        "A listener that takes one connection each second",
        "Some SYNs are answered only when they come again.",
        "cas1",
        (
            *(clear(host, "cas1", 80) for host in ("client1", "edge1")),
            cleared_as("cas-dmz", "cas1", 80, "host-overloaded", because="its backlog of two is full most of the time"),
            LIFE,
        ),
        _tired,
        places="server",
    ),
    _silent(
        "overflow-reset",
        "A full backlog that answers with RST after the handshake",
        "The host itself cuts what it had just accepted.",
        "cas1",
        (
            clear("cas3", "cas1", 8080, because="RST by the host's own stack: the backlog is full"),
            clear("cas3", "cas1", 443),
        ),
        _overflow,
        places=ENDS,
        client="cas3",
        line=Line(40),
    ),
    _silent(
        "refuses-some",
        "A listener that refuses some and takes others in the same second",
        "The host's own RST, while it takes other connections to the same port.",
        "cas1",
        (clear("cas-dmz", "cas1", 80, because="refused and taken within one second by the same port"), LIFE),
        _refuses_some,
        places=ENDS,
        policy=Policy(
            "let everything pass; cas1 itself refuses more than four connections a second to port 80",
            hosts=(
                ("cas1", ("tcp dport 80 ct state new limit rate over 4/second burst 2 packets reject with tcp reset",)),
            ),
        ),
    ),
]
