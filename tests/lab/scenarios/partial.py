"""A firewall that blocks a part: some connections, some clients, some names, some sizes, some directions, for some time."""

import ssl

import firewall
from firewall import Policy
from scenarios.rpc import STAND_IN
from servers import EMSMDB_PORT
from stage import Stage
from story import Capture, Scenario, absent, clear, maybe, report, seen_from

SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-dmz", "mbx1")
WEB, MAPPER = clear("cas-dmz", "mbx1", 444), clear("cas-dmz", "mbx1", 135)
PLAIN = 80
ENDS, LEGS = "client server", "client fw-client-leg fw-server-leg server"
WITHIN_RANGE, ABOVE_RANGE = 50100, 60100
REFUSED_NAME, SERVED_NAME = "autodiscover.exlab.test", "mail.exlab.test"


def _web(stage: Stage, *more: object) -> None:
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444, *more))


def _moved(stage: Stage) -> None:
    """The service restarts and gets a port above the range that is let through."""
    old = stage.serve("cas1", "serve", f"emsmdb={WITHIN_RANGE}", script="exchange_rpc.py")
    stage.want("answered", stage.rpc("cas-dmz", "cas1", "emsmdb"))
    stage.stop(old)
    stage.serve("cas1", "serve", f"emsmdb={ABOVE_RANGE}", script="exchange_rpc.py")
    stuck = [stage.rpc("cas-dmz", "cas1", "emsmdb") for _ in range(2)]
    stage.pause(6)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))
    stage.want("silent", *stuck)
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))


def _table_full(stage: Stage) -> None:
    """Three connections hold the table's places; new ones wait in vain until they end."""
    held = [stage.client("cas-dmz", "https", "mbx1", 444, "--repeat", 10, "--pause", 1.5) for _ in range(3)]
    stage.pause(1.5)
    late = [stage.client("cas-dmz", "https", "mbx1", 444, "--seconds", 9) for _ in range(2)]
    stage.pause(4)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    stage.want("silent", *late)
    stage.want("answered", *held)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))


def _name_at() -> int:
    """Where a server name begins in the ClientHello of this machine's TLS library."""
    context, said = ssl.create_default_context(), ssl.MemoryBIO()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    tls = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname=REFUSED_NAME)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return said.read().index(REFUSED_NAME.encode())


def _by_name(stage: Stage) -> None:
    def get(name: str, *more: object):
        return stage.client("cas-dmz", "https", "mbx1", 444, "--name", name, *more)

    stage.want("answered", get(SERVED_NAME))
    stuck = [get(REFUSED_NAME, "--seconds", 14) for _ in range(2)]
    stage.pause(6)
    stage.want("answered", get(SERVED_NAME))
    stage.want("silent|reset", *stuck)
    stage.want("answered", get(SERVED_NAME))


def _server_reset(stage: Stage) -> None:
    with stage.device("resetter.py", str(EMSMDB_PORT), "600", "128", "server"):
        _web(stage)
        for _ in range(2):
            stage.want("reset|closed", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,99,11,11", "--linger", 2.5))
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", "nspi", "--opnums", "0,1"))
        _web(stage)


def _prohibited_once(stage: Stage) -> None:
    _web(stage)
    told = stage.client("cas-dmz", "tcp", "mbx1", EMSMDB_PORT)
    stage.pause(1)
    stuck = [stage.client("cas-dmz", "tcp", "mbx1", EMSMDB_PORT) for _ in range(2)]
    stage.pause(6)
    _web(stage)
    stage.want("unreachable", told)
    stage.want("silent", *stuck)
    _web(stage)


def _one_subnet(stage: Stage) -> None:
    """The perimeter waits in vain for what the second site is given."""
    def other():
        return stage.client("cas2", "https", "mbx1", 444)

    stage.want("answered", other(), stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    stuck = [stage.client("cas-dmz", "https", "mbx1", 444) for _ in range(2)]
    for _ in range(3):
        stage.pause(2)
        stage.want("answered", other())
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    stage.want("silent", *stuck)
    stage.want("answered", other(), stage.rpc("cas-dmz", "mbx1", "emsmdb"))


def _no_third(stage: Stage) -> None:
    """SYN and SYN-ACK pass, what the client says after them does not."""
    _web(stage)
    stuck = [stage.client("cas-dmz", "https", "cas1", 443, "--seconds", 14) for _ in range(2)]
    stage.pause(5)
    stage.want("answered", stage.client("cas-dmz", "tcp", "cas1", 8080))
    for process in stuck:
        stage.finish(process)
    stage.want("answered", stage.client("cas-dmz", "tcp", "cas1", 8080))


def _beside(play):
    """With a plain web server on another port of cas1."""
    def whole(stage: Stage) -> None:
        stage.serve("cas1", "http", 8080)
        play(stage)

    return whole


def _long_lines(stage: Stage) -> None:
    """Short commands pass, a long line does not."""
    stage.serve("mbx1", "exchange-2010", script="smtp_server.py")
    short = ("EHLO cas-dmz", "NOOP")
    stage.want("250", stage.caller("cas-dmz", "mail", "mbx1", *short))
    stuck = [stage.caller("cas-dmz", "mail", "mbx1", *short, "NOOP " + "x" * 1900, "NOOP") for _ in range(2)]
    stage.pause(6)
    stage.want("250", stage.caller("cas-dmz", "mail", "mbx1", *short))
    stage.want("silent", *stuck)
    stage.want("250", stage.caller("cas-dmz", "mail", "mbx1", *short))
    _web(stage)


def _narrow_ports(stage: Stage) -> None:
    """A list without memory lets answers through only to the lower half of the clients' ports."""
    stage.serve("mbx1", "http", PLAIN)
    stage.want("answered", stage.caller("cas-dmz", "get", "mbx1", PLAIN, 50010))
    stuck = [stage.caller("cas-dmz", "get", "mbx1", PLAIN, port) for port in (60010, 60011)]
    for port in (50011, 50012):
        stage.pause(5)
        stage.want("answered", stage.caller("cas-dmz", "get", "mbx1", PLAIN, port))
    stage.want("silent", *stuck)
    stage.want("answered", stage.caller("cas-dmz", "get", "mbx1", PLAIN, 50013))
    _web(stage)


def _mail_access(stage: Stage) -> None:
    """IMAP is off and says so; IMAP over TLS is dropped on the way."""
    _web(stage)
    stage.want("refused", stage.client("cas-dmz", "tcp", "mbx1", 143))
    stuck = [stage.client("cas-dmz", "tcp", "mbx1", 993) for _ in range(2)]
    stage.pause(6)
    stage.want("refused", stage.client("cas-dmz", "tcp", "mbx1", 143))
    _web(stage)
    stage.want("silent", *stuck)
    _web(stage)


def _mistake(stage: Stage) -> None:
    """A rule is wrong for twelve seconds; then it is taken back."""
    stage.serve("mbx1", "http", PLAIN)
    firewall.apply(Policy())
    get = ("cas-dmz", "http", "mbx1", PLAIN, "--path", "/now")
    stage.want("answered", stage.client(*get))
    firewall.apply(stage.scenario.policy)
    stuck = [stage.client(*get, "--seconds", 11) for _ in range(2)]
    stage.pause(5)
    _web(stage)
    stage.want("silent", *stuck)
    firewall.apply(Policy())
    stage.want("answered", stage.client(*get))
    _web(stage)


def _metered_questions(stage: Stage) -> None:
    stage.serve("mbx1", "answers", 53, script="reluctant.py")
    for _ in range(3):
        stage.want("answered", stage.client("cas-dmz", "udp", "mbx1", 53))
    for _ in range(2):
        stage.want("silent", stage.client("cas-dmz", "udp", "mbx1", 53, "--repeat", 4))
        _web(stage)
    stage.want("answered", stage.client("cas2", "udp", "mbx1", 53))


def _scenario(
    name: str, title: str, purpose: str, near: tuple, far: tuple, play, policy: Policy,
    places: str = ENDS, hosts: tuple = HOSTS,
) -> Scenario:
    return Scenario(
        "partial", name, title, purpose, SERVERS, seen_from(hosts[0], hosts[1], near, far, places=places), play, hosts,
        policy, STAND_IN,
    )  # fmt: skip


TO_CAS1 = ("cas-dmz", "cas1")
LIFE = clear("cas-dmz", "cas1", 443)
SCENARIOS = [
    _scenario(
        "moved-out-of-range", "A service restarts on a port above the range that is let through",
        "It worked until the restart, and the mapper names the new port.",
        (report("cas-dmz", "cas1", ABOVE_RANGE, "rpc-dynamic-port-blocked", because="the mapper named it, three SYNs, no answer"),
         clear("cas-dmz", "cas1", WITHIN_RANGE), LIFE),
        (absent("cas-dmz", "cas1", ABOVE_RANGE), clear("cas-dmz", "cas1", WITHIN_RANGE), LIFE),
        _moved, Policy("dropped TCP above 59999 towards the internal network, silently",
                       ("ip daddr 10.10.2.0/24 tcp dport 60000-65535 drop",)), LEGS, TO_CAS1,
    ),
    _scenario(
        "table-full", "A firewall with room for three connections",
        "A full table of sessions drops new ones, while those that are in it go on.",
        (maybe("cas-dmz", "mbx1", 444, "syn-dropped", because="dropped by a device, but a listener that is full looks the same"),
         MAPPER),
        (clear("cas-dmz", "mbx1", 444), MAPPER),
        _table_full, Policy("dropped new connections to 444 while it held three",
                            ("tcp dport 444 ct state new ct count over 3 drop",)),
    ),
    _scenario(
        "by-name", "The ClientHello for one name vanishes",
        "A filter that reads the server name; every other name is served on the same port.",
        (report("cas-dmz", "mbx1", 444, "midstream-drop", "tls-blocked",
                because="the ClientHello is repeated without acknowledgement; the other name is served in the same seconds"),),
        (clear("cas-dmz", "mbx1", 444, because="from here those connections only fall silent"),),
        _by_name, Policy(f"dropped packets that carry the server name {REFUSED_NAME}",
                         (f"tcp dport 444 @th,{(20 + _name_at()) * 8},96 0x{REFUSED_NAME[:12].encode().hex()} drop",)), LEGS,
    ),
    _scenario(
        "reset-to-server", "A device resets the server alone",
        "The client learns of it only from the server's own RST to its next words.",
        (maybe("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset", because="the RST that comes here is the server's own"),
         WEB, MAPPER),
        (report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset",
                because="RST in the client's name with TTL 128 where its packets have 127, and the client talks on"), WEB, MAPPER),
        _server_reset, Policy("reset the server's end of a session once its client had sent 600 octets, with TTL 128"),
    ),
    _scenario(
        "prohibited-once", "One ICMP prohibited, then silence",
        "Routers limit how often they say no.",
        (report("cas-dmz", "mbx1", EMSMDB_PORT, "icmp-prohibited", "syn-dropped",
                because="one of three attempts is told why, the others hear nothing"), WEB),
        (absent("cas-dmz", "mbx1", EMSMDB_PORT), WEB),
        _prohibited_once, Policy("rejected with ICMP 3/13 once a minute, and dropped the rest",
            (f"tcp dport {EMSMDB_PORT} limit rate 1/minute burst 1 packets reject with icmp admin-prohibited",
             f"tcp dport {EMSMDB_PORT} drop")), LEGS,
    ),
    Scenario(
        "partial", "one-subnet", "One client network is dropped, another is served",
        "The same port of the same server, in the same seconds.", SERVERS,
        (Capture("client", "cas-dmz", (report("cas-dmz", "mbx1", 444, "syn-dropped", "proxy-blocked", because="SYNs without answer"), MAPPER)),
         Capture("firewall", "fw", (report("cas-dmz", "mbx1", 444, "syn-dropped", "proxy-blocked",
                                           because="SYNs without answer, while cas2 is served on that port"),
                                    clear("cas2", "mbx1", 444), MAPPER), device="any"),
         Capture("server", "mbx1", (absent("cas-dmz", "mbx1", 444), clear("cas2", "mbx1", 444), MAPPER))),
        _one_subnet, ("cas-dmz", "mbx1", "cas2"),
        Policy("dropped TCP 444 from the perimeter, silently", ("ip saddr 10.10.1.0/24 tcp dport 444 drop",)), STAND_IN,
    ),
    _scenario(
        "no-third", "The handshake's last packet and all that follows is dropped",
        "The client believes in a connection, the server does not.",
        (report("cas-dmz", "cas1", 443, "tls-blocked", "midstream-drop",
                because="the ClientHello is repeated without acknowledgement, and the SYN-ACK comes again and again"),
         clear("cas-dmz", "cas1", 8080)),
        (report("cas-dmz", "cas1", 443, "synack-dropped", "midstream-drop", "proxy-blocked",
                because="the SYN-ACK is repeated; no acknowledgement comes from a client that talks on another port"),
         clear("cas-dmz", "cas1", 8080)),
        _beside(_no_third), Policy("dropped what clients send to 443 after the SYN",
                                   ("tcp dport 443 tcp flags & (syn | ack) == ack drop",)), LEGS, TO_CAS1,
    ),
    _scenario(
        "long-lines", "Packets above a size are dropped on their way to a mail server",
        "Commands pass, a long line does not; answers of any size do.",
        (report("cas-dmz", "mbx1", 25, "pmtu-black-hole", "midstream-drop", because="a full segment is repeated, short ones pass"), WEB),
        (report("cas-dmz", "mbx1", 25, "pmtu-black-hole", because="1460 octets never come, the shorter rest behind them does"), WEB),
        _long_lines, Policy("dropped packets above 1000 octets to TCP 25", ("tcp dport 25 meta length > 1000 drop",)), LEGS,
    ),
    _scenario(
        "narrow-ports", "Answers pass only to the lower half of the clients' ports",
        "A list without memory, written for an older Windows.",
        (maybe("cas-dmz", "mbx1", PLAIN, "syn-dropped", because="dropped on the way back; a listener that is full looks the same"), WEB),
        (report("cas-dmz", "mbx1", PLAIN, "synack-dropped",
                because="the SYN-ACK is repeated to ports above 57343, while the client is served on others"), WEB),
        _narrow_ports, Policy("dropped answers to ports above 57343",
                              (f"tcp sport {PLAIN} tcp dport 57344-65535 drop",)), LEGS,
    ),
    _scenario(
        "imap-over-tls", "IMAP is refused by its host, IMAP over TLS is dropped on the way",
        "A host that answers closed ports with RST would have said no.",
        (report("cas-dmz", "mbx1", 993, "syn-dropped", because="silence from a host that refuses 143 in the same seconds"),
         clear("cas-dmz", "mbx1", 143), WEB),
        (absent("cas-dmz", "mbx1", 993), clear("cas-dmz", "mbx1", 143), WEB),
        _mail_access, Policy("dropped TCP 993 towards the internal network, silently",
                             ("ip daddr 10.10.2.0/24 tcp dport 993 drop",)), LEGS,
    ),
    _scenario(
        "taken-back", "A rule that is wrong for twelve seconds",
        "Served before and after; two attempts between meet silence.",
        (report("cas-dmz", "mbx1", PLAIN, "syn-dropped", because="three SYNs and no answer, while another port serves"), WEB),
        (clear("cas-dmz", "mbx1", PLAIN), WEB),
        _mistake, Policy("dropped TCP 80 towards mbx1 for twelve seconds", (f"ip daddr 10.10.2.21 tcp dport {PLAIN} drop",)), LEGS,
    ),
    _scenario(
        "metered-questions", "Few questions of DNS a minute",
        "A limit of the firewall: the first are answered, the others not.",
        (maybe("cas-dmz", "mbx1", 53, "udp-blocked", transport="udp",
               because="dropped by a device, but a name server limits its answers just so"), WEB),
        (clear("cas-dmz", "mbx1", 53, transport="udp"), clear("cas2", "mbx1", 53, transport="udp"), WEB),
        _metered_questions, Policy("let three questions of the perimeter pass, then one a minute",
            ("ip saddr 10.10.1.0/24 udp dport 53 limit rate over 1/minute burst 3 packets drop",)),
        hosts=("cas-dmz", "mbx1", "cas2"),
    ),
]  # fmt: skip
