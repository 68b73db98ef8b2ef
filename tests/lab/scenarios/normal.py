"""What looks like a block and is none: resets, refusals and silences of everyday life."""

import network
from firewall import Policy
from network import DOMAIN
from network import HOSTS as EVERY
from scenarios.directory import KERBEROS_V6, _dig, _kinit, _ldap_works, _smb
from stage import Stage
from story import ENDS, THREE_PLACES, Scenario, clear, cleared_as, maybe, seen_from

STAND_IN = "Web services are nginx, or a small web server that misbehaves on purpose; RPC is a stand-in; the directory is Samba."
WEB = 80
V6, FROM_V6 = EVERY["cas1"].v6, EVERY["cas-dmz"].v6
SERVERS, HOSTS = ("web-cas1",), ("cas-dmz", "cas1")
LIFE = clear("cas-dmz", "cas1", 443)
PLAIN = clear("cas-dmz", "cas1", WEB)
BY_HOST = "the RST is the host's own, with the TTL of its other packets"


def _tls(stage: Stage):
    return stage.client("cas-dmz", "https", "cas1", 443)


def _http(stage: Stage, path: str, *more: object, host: str = "cas-dmz"):
    return stage.client(host, "http", "cas1", WEB, "--path", path, *more)


def _restart(stage: Stage) -> None:
    """All connections end with RST at one moment; for two seconds the port is closed; then all is well again."""
    server = stage.serve("cas1", "http", WEB)
    lasting = [_http(stage, "/now", "--repeat", 2, "--pause", 1, "--linger", 6, host=host) for host in ("cas-dmz",) * 4]
    stage.pause(3)
    server.terminate()
    server.wait()
    stage.want("refused", _http(stage, "/now"), _http(stage, "/now"))
    stage.want("answered", _tls(stage))
    stage.pause(1.5)
    stage.serve("cas1", "http", WEB)
    stage.want("reset", *lasting)
    stage.want("answered", _http(stage, "/now"))


def _down_and_up(stage: Stage) -> None:
    server = stage.serve("cas1", "http", WEB)
    stage.want("answered", _http(stage, "/now"))
    stage.stop(server)
    stage.want("refused", _http(stage, "/now", "--attempts", 4))
    stage.want("answered", _tls(stage))
    stage.serve("cas1", "http", WEB)
    stage.want("answered", _http(stage, "/now", "--repeat", 2))


def _with_server(*clients: tuple, more: tuple = (), word: str = "answered"):
    """Start the web server, let the clients run side by side, then show that all still works."""

    def play(stage: Stage) -> None:
        stage.serve("cas1", "http", WEB, *more)
        stage.want(word, *(_http(stage, *client) for client in clients))
        stage.want("answered", _http(stage, "/now"), _tls(stage))

    return play


def _reboot(stage: Stage) -> None:
    """The server loses its memory: data of an old connection is answered with RST by the new system."""
    server = stage.serve("cas1", "http", WEB)
    old = _http(stage, "/now", "--repeat", 2, "--pause", 7)
    stage.pause(1.5)
    network.mute("cas1")  # a crash says no farewell
    try:
        stage.stop(server)
        stage.do("cas1", "ss", "-tK", "state", "connected", "sport", "=", f":{WEB}", check=False)
        stage.pause(1)
    finally:
        network.unmute("cas1")
    stage.serve("cas1", "http", WEB)
    stage.want("reset", old)
    stage.want("answered", _http(stage, "/now"), _tls(stage))


def _gives_up_early(stage: Stage) -> None:
    """The one lost SYN is not repeated: its client has gone. The next attempt is answered."""
    stage.serve("cas1", "http", WEB)
    stage.want("answered", _tls(stage))
    stage.want("gave-up", stage.client("cas-dmz", "early", "cas1", WEB))
    stage.want("answered", _http(stage, "/now"), _tls(stage))


def _happy_eyeballs(stage: Stage) -> None:
    stage.serve("cas1", "http", WEB)
    for _ in range(4):
        stage.want("answered", stage.client("cas-dmz", "race", "cas1", WEB, "--other", V6, "--path", "/now"))
        stage.pause(0.5)


def _v6_refused(stage: Stage) -> None:
    """The service listens on IPv4 only, and the host says so over IPv6."""
    stage.serve("cas1", "mute", 8081)
    for _ in range(3):
        stage.want("refused", stage.client("cas-dmz", "tcp", V6, 8081))
        stage.want("answered", stage.client("cas-dmz", "tcp", "cas1", 8081))


def _old_netbios(stage: Stage) -> None:
    """As Windows dials: 445 and 139 at once; 445 answers, 139 is dropped by its client."""
    for _ in range(3):
        dialled = ("--other", EVERY["dc1"].v4, "--other-port", 139, "--path", "-", "--linger", 0.3)
        stage.want("answered", stage.client("cas-dmz", "race", "dc1", 445, *dialled))
        stage.pause(1)
    _smb(stage, "cas-dmz")


def _netbios_refused(stage: Stage) -> None:
    for _ in range(3):
        dialled = ("--other", EVERY["hub1"].v4, "--other-port", 139, "--path", "-", "--linger", 0.3)
        stage.want("answered", stage.client("cas-dmz", "race", "hub1", 445, *dialled))
        stage.pause(1)


def _old_mail(stage: Stage) -> None:
    for port in (110, 143, 993, 995):
        stage.want("refused", stage.client("cas-dmz", "tcp", "cas1", port, "--attempts", 2))
    stage.want("answered", _tls(stage))


def _mapper_fallback(stage: Stage) -> None:
    """An interface the server does not have, then the older one, which it has."""
    for _ in range(2):
        stage.want("not-registered", stage.rpc("cas-dmz", "mbx2", "asyncemsmdb"))
        stage.want("answered", stage.rpc("cas-dmz", "mbx2", "emsmdb"))


def _too_big(stage: Stage) -> None:
    """Kerberos by UDP: 'response too big' (52), then the same by TCP."""
    _dig(stage, "cas-dmz", f"dc1.{DOMAIN}")
    for _ in range(2):
        _kinit(stage, "cas-dmz", 32000)
    _ldap_works(stage, "cas-dmz", 389)


def _quiet(stage: Stage) -> None:
    stage.serve("cas1", "mute", 8081)
    quiet = [stage.client("cas-dmz", "hold", "cas1", 8081, "--linger", 20) for _ in range(2)]
    stage.want("answered", _tls(stage), *quiet)


def _late_answer(stage: Stage) -> None:
    """The answer comes when nobody waits any more: the client's own host says 3/3."""
    stage.serve("mbx1", "late", 53, 1.5)
    for _ in range(3):
        stage.want("silent", stage.client("cas-dmz", "udp", "mbx1", 53))
        stage.pause(1)
    stage.want("answered", stage.client("cas-dmz", "tcp", "dc1", 389))


def _udp_closed(stage: Stage) -> None:
    """Nothing listens: the host says port unreachable for itself."""
    for _ in range(3):
        stage.want("refused", stage.client("cas-dmz", "udp", "cas1", 53))
        stage.pause(1)
    stage.want("answered", _tls(stage))


def _trace(stage: Stage) -> None:
    for _ in range(2):
        stage.want("answered", stage.client("cas-dmz", "trace", "cas1", 443))
    stage.want("answered", _tls(stage))


def _path_mtu(stage: Stage) -> None:
    """A narrow leg that says so: ICMP 3/4, then smaller segments."""
    network.narrow("int", 1400)
    try:
        for _ in range(2):
            stage.want("answered", stage.client("cas1", "https", "cas2", 443, "--path", "/book.oab"))
    finally:
        network.narrow("int", 1500)
        network.run_in("cas2", "ip", "route", "flush", "cache")


def _scan(stage: Stage) -> None:
    """A monitor asks for everything that Exchange might have; what is not there is refused."""
    for port in (25, 80, 110, 135, 143, 389, 443, 445, 587, 593, 636, 993, 995, 3268, 5060, 64327):
        word = "answered" if port == 443 else "refused"
        stage.want(word, stage.client("cas-dmz", "tcp", "cas1", port))


def _host_dies(stage: Stage) -> None:
    """Every port falls silent at once, also those that were served, and the router says nothing."""
    stage.serve("cas1", "http", WEB)
    stage.want("answered", _tls(stage), _http(stage, "/now"))
    old = _http(stage, "/now", "--repeat", 2, "--pause", 3, "--seconds", 12)
    stage.pause(1.5)
    network.unplug("cas1")
    try:
        stage.want("silent", _tls(stage), _http(stage, "/now"), old)
    finally:
        network.plug("cas1")


def _host_away(stage: Stage) -> None:
    """As `_host_dies`, and the host is back after some twenty seconds."""
    _host_dies(stage)
    stage.pause(1)
    stage.want("answered", _tls(stage), _http(stage, "/now"))


def _client_gone(stage: Stage) -> None:
    """The client's cable is out while the server sends: it repeats into silence."""
    stage.serve("cas1", "http", WEB)
    stage.want("answered", stage.client("client1", "http", "cas1", WEB, "--path", "/now"))
    stage.client("client1", "http", "cas1", WEB, "--path", "/trickle", "--seconds", 8)
    stage.pause(1.7)
    network.unplug("client1")
    try:
        stage.pause(9)
        stage.want("answered", _http(stage, "/now"))
    finally:
        network.plug("client1")


def _zero_window(stage: Stage) -> None:
    stage.serve("cas1", "mute", 8081)
    stuck = stage.client("cas-dmz", "push", "cas1", 8081, "--seconds", 8)
    stage.want("answered", _tls(stage))
    stage.want("stuck", stuck)


def _kept_alive(stage: Stage) -> None:
    stage.serve("cas1", "mute", 8081)
    kept = [stage.client("cas-dmz", "idle", "cas1", 8081, "--linger", 12) for _ in range(2)]
    stage.want("answered", _tls(stage), *kept)


def _tls_aborted(stage: Stage) -> None:
    stage.serve("cas1", "abort", 444)
    stage.want("answered", _tls(stage))
    stage.want("reset", stage.client("cas-dmz", "https", "cas1", 444, "--attempts", 3))
    stage.want("answered", _tls(stage))


def _udp_retry(stage: Stage) -> None:
    stage.serve("mbx1", "late", 53, 1.5)
    for _ in range(3):
        stage.want("answered", stage.client("cas-dmz", "udp", "mbx1", 53, "--repeat", 3))
        stage.pause(2)


def _scenario(name: str, title: str, purpose: str, truth: tuple, play, **more) -> Scenario:
    more = {"servers": SERVERS, "hosts": HOSTS, "client": "cas-dmz", "server": "cas1"} | more
    places = more.get("places", THREE_PLACES)
    captures = seen_from(more["client"], more["server"], truth, truth, places=places)
    return Scenario("normal", name, title, purpose, more["servers"], captures, play, more["hosts"],
                    more.get("policy", Policy()), STAND_IN)  # fmt: skip


NEVER_SAYS = Policy("let everything pass, but never sent ICMP unreachable", output=("icmp type destination-unreachable drop",))
DIRECTORY = {"servers": ("samba-dc1",), "hosts": ("cas-dmz", "dc1"), "server": "dc1"}
SCENARIOS = [
    _scenario("service-restart", "A service restarts: RST to all its clients at once",
              "Four sessions reset in one moment, the port closed for two seconds, then well again.", (PLAIN, LIFE), _restart,
              places="client fw-client-leg fw-server-leg server firewall"),
    _scenario("down-and-up", "A service stops and comes back", "Refused by the host while it is down.",
              (cleared_as("cas-dmz", "cas1", WEB, "refused-by-host", because=BY_HOST), LIFE), _down_and_up),
    _scenario("linger-by-server", "A server that ends every connection with RST",
              "SO_LINGER 0 after a complete answer: the program's habit.", (PLAIN, LIFE),
              _with_server(*[("/abort",)] * 6)),
    _scenario("linger-by-client", "A client that ends every connection with RST",
              "SO_LINGER 0 after a complete answer: the program's habit.", (PLAIN, LIFE),
              _with_server(*[("/now", "--abort")] * 6)),
    _scenario("keepalive-rst", "Idle connections are ended by the server with RST",
              "A web server's keep-alive time is over.", (PLAIN, LIFE),
              _with_server(*[("/now", "--linger", 5)] * 3, more=("--idle", 3, "--end", "rst"), word="reset")),
    _scenario("keepalive-fin", "Idle connections are ended by the server with FIN, and the client sends once more",
              "The next request meets a closed connection: RST by the host.", (PLAIN, LIFE),
              _with_server(*[("/now", "--repeat", 2, "--pause", 5)] * 3, more=("--idle", 3), word="closed|reset")),
    _scenario("slow-15s", "A server that takes 15 seconds", "Acknowledged at once, answered late: slow, not blocked.",
              (PLAIN, LIFE),
              _with_server(("/slow/15",), ("/slow/15",), ("/slow/6",))),
    _scenario("long-poll", "A long poll of 22 seconds", "Silence by design on an established connection.", (PLAIN, LIFE),
              _with_server(("/slow/22",), ("/slow/22",)), places=ENDS),
    _scenario("half-closed", "The client has sent its FIN, the server goes on sending",
              "A half-closed connection is a normal one.", (PLAIN, LIFE),
              _with_server(*[("/trickle", "--half")] * 3)),
    _scenario("reboot", "The server reboots and no longer knows its connections",
              "Data of an old connection is answered with RST by the new system (RFC 9293, half-open connections).",
              (PLAIN, LIFE), _reboot),
    _scenario("gives-up-early", "One SYN is lost and its client does not wait",
              "A single unanswered SYN proves nothing; the port is open.", (PLAIN, LIFE), _gives_up_early,
              policy=Policy("lost the first SYN to port 80, as a full queue does",
                            ("tcp dport 80 ct state new quota until 60 bytes drop",))),
    _scenario("happy-eyeballs", "IPv4 and IPv6 are dialled at once, IPv6 loses",
              "The loser is reset, whether it was established or not.", (PLAIN, clear(FROM_V6, V6, WEB)), _happy_eyeballs),
    _scenario("v6-refused", "No service over IPv6, the same client is served over IPv4", "Refused by the host, then another way.",
              (cleared_as(FROM_V6, V6, 8081, "refused-by-host", because=BY_HOST), clear("cas-dmz", "cas1", 8081)),
              _v6_refused),
    _scenario("smb-and-netbios", "445 and 139 are dialled at once", "139 is given up by its own client.",
              (clear("cas-dmz", "dc1", 445), clear("cas-dmz", "dc1", 139)), _old_netbios, **DIRECTORY),
    _scenario("smb-netbios-dropped", "139 is dropped, 445 serves",
              "A firewall without 139 harms nobody whose 445 is answered; the client gives 139 up at once.",
              (maybe("cas-dmz", "dc1", 139, "syn-dropped", because="dropped, but given up after one SYN because 445 answered"),
               clear("cas-dmz", "dc1", 445)), _old_netbios, **DIRECTORY,
              policy=Policy("dropped TCP 139, silently", ("tcp dport 139 drop",)), places="client fw-client-leg"),
    _scenario("netbios-refused", "139 is refused, 445 serves", "A server without NetBIOS.",
              (clear("cas-dmz", "hub1", 445), clear("cas-dmz", "hub1", 139)), _netbios_refused,
              servers=("witness-hub1",), hosts=("cas-dmz", "hub1"), server="hub1"),
    _scenario("pop-imap-refused", "POP and IMAP are switched off", "The ports are closed, as they are by default.",
              (*(clear("cas-dmz", "cas1", port, "refused", because=BY_HOST) for port in (110, 143, 993, 995)), LIFE),
              _old_mail),
    _scenario("mapper-fallback", "An interface that is not there, then an older one",
              "What a client does with an older server.",
              (clear("cas-dmz", "mbx2", 135), clear("cas-dmz", "mbx2", 59531)), _mapper_fallback,
              servers=("exchange-mbx2",), hosts=("cas-dmz", "mbx2"), server="mbx2"),
    _scenario("kerberos-too-big", "Kerberos by UDP is answered 'too big' and goes on by TCP",
              "An error that is part of the protocol.",
              (clear(FROM_V6, EVERY["dc1"].v6, 88), KERBEROS_V6, clear("cas-dmz", "dc1", 389)), _too_big,
              **DIRECTORY, places="client"),
    _scenario("quiet-server", "A server that accepts and says nothing", "An open connection without data for 20 s.",
              (clear("cas-dmz", "cas1", 8081), LIFE), _quiet),
    _scenario("late-udp-answer", "The answer by UDP comes too late", "The client's own host rejects the answer with ICMP 3/3.",
              (clear("cas-dmz", "mbx1", 53, transport="udp"), clear("cas-dmz", "dc1", 389)), _late_answer,
              servers=("samba-dc1",), hosts=("cas-dmz", "mbx1", "dc1"), server="mbx1", places="client fw-server-leg"),
    _scenario("udp-closed", "Nothing listens on a UDP port", "ICMP 3/3 from the host itself: closed, not filtered.",
              (clear("cas-dmz", "cas1", 53, transport="udp"), LIFE), _udp_closed),
    _scenario("traceroute", "A TCP traceroute", "SYNs that die at the first hop (ICMP 11/0), then one that arrives.",
              (LIFE,), _trace, places="client fw-client-leg"),
    _scenario("path-mtu", "A narrow leg that says so", "ICMP 3/4 and smaller segments: path MTU discovery at work.",
              (clear("cas1", "cas2", 443),), _path_mtu, servers=("web-cas2",), hosts=("cas1", "cas2"),
              client="cas1", server="cas2", places="client"),
    _scenario("port-check", "A monitor asks for every port", "Many refusals by a host whose 443 serves.",
              (LIFE, *(clear("cas-dmz", "cas1", port) for port in (25, 135, 445, 587, 993, 3268))), _scan),
    _scenario("host-dies", "A server dies, and nobody says so",
              "Ports that were served and ports that were not fall silent together: a dead host, not a filter.", (PLAIN, LIFE),
              _host_dies, policy=NEVER_SAYS, places="client fw-client-leg"),
    _scenario("host-away", "A server is away for some seconds and comes back",
              "Silence on every port at once, then answers on every port: as a reboot looks.", (PLAIN, LIFE),
              _host_away, policy=NEVER_SAYS, places="client fw-client-leg"),
    _scenario("client-gone", "A client vanishes in the middle of an answer",
              "The server repeats its data into silence, because nobody is there any more.",
              (clear("client1", "cas1", WEB), PLAIN), _client_gone, hosts=("client1", "cas-dmz", "cas1"), client="client1",
              policy=NEVER_SAYS, places="fw-server-leg server"),
    _scenario("zero-window", "A server that does not read", "Its window is closed; probes are answered. Nothing is lost.",
              (clear("cas-dmz", "cas1", 8081), LIFE), _zero_window),
    _scenario("kept-alive", "TCP keep-alives on idle connections", "One old octet repeated each second is no retransmission.",
              (clear("cas-dmz", "cas1", 8081), LIFE), _kept_alive, places=ENDS),
    _scenario("tls-aborted", "A server aborts after the ClientHello",
              "As a server does that dislikes the offer: RST by the host itself.",
              (clear("cas-dmz", "cas1", 444), LIFE), _tls_aborted),
    _scenario("udp-retry", "A slow answer by UDP, asked for twice", "The question is repeated before the answer comes.",
              (clear("cas-dmz", "mbx1", 53, transport="udp"),), _udp_retry, servers=(), hosts=("cas-dmz", "mbx1"), server="mbx1",
              places=ENDS),
]  # fmt: skip
