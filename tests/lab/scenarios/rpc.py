"""Exchange RPC: the endpoint mapper on 135 and the dynamic ports it names."""

from firewall import Policy
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT, STALE_PORT
from stage import Stage
from story import ALL_PLACES, ENDS, FOUR_PLACES, Scenario, clear, cleared_as, one_way, report, seen_from

STAND_IN = (
    "Mailbox servers are stand-ins speaking real DCE/RPC (bind, ept_map with towers, request, response, fault)"
    " without authentication and with pseudo-random stubs; HTTPS is nginx."
)
HOSTS = ("cas-dmz", "mbx1")
SERVERS = ("exchange-mbx1", "web-mbx1")
MAPPER = clear("cas-dmz", "mbx1", 135, "closed", because="the rule does not name port 135")
WEB = clear("cas-dmz", "mbx1", 444, because="the rule does not name port 444")
CUT_OFF = clear("cas-dmz", "mbx1", EMSMDB_PORT,
                because="from here the sessions only fall silent: what the client repeats never comes")  # fmt: skip
LIFE = "135 and 444 of the same server answer this client in the same seconds"


def _life(stage: Stage) -> None:
    """Signs of life from mbx1 to the same client, on a port no rule names."""
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444, "--name", "mbx1.exlab.test"))


def _healthy(stage: Stage) -> None:
    for interface, opnums in (("rfr", "0"), ("nspi", "0,3,19,1"), ("emsmdb", "10,11,11,11,1"), ("asyncemsmdb", "0")):
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", interface, "--opnums", opnums))
    _life(stage)


def _dynamic_dropped(stage: Stage) -> None:
    _life(stage)
    first = stage.rpc("cas-dmz", "mbx1", "emsmdb")
    second = stage.rpc("cas-dmz", "mbx1", "nspi", "--opnums", "0,3,1")
    stage.pause(8)
    _life(stage)
    stage.want("silent", first, second)
    stage.want("silent", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    _life(stage)


def _mapper_dropped(stage: Stage) -> None:
    _life(stage)
    blocked = stage.rpc("cas-dmz", "mbx1", "emsmdb")
    stage.pause(8)
    _life(stage)
    stage.want("epm-silent", blocked)
    _life(stage)


def _not_registered(stage: Stage) -> None:
    stage.want("not-registered", stage.rpc("cas-dmz", "mbx2", "nspi"))
    stage.want("answered", stage.rpc("cas-dmz", "mbx2", "emsmdb"))
    stage.want("not-registered", stage.rpc("cas-dmz", "mbx2", "store"))


def _stale_port(stage: Stage) -> None:
    stage.want("answered", stage.rpc("cas-dmz", "mbx2", "emsmdb"))
    stage.want("refused", stage.rpc("cas-dmz", "mbx2", "rfr", "--attempts", 3))


def _midstream_reset(stage: Stage) -> None:
    """The fourth call is one octet too many; the server's late answer to the third is hit too."""
    _life(stage)
    for _ in range(2):
        call = stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,99,11", "--stub", 900, "--linger", 3)
        stage.want("reset", call)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "nspi", "--opnums", "0,1"))
    _life(stage)


def _midstream_drop(stage: Stage) -> None:
    _life(stage)
    stuck = stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11,11,11,11", "--stub", 900, "--seconds", 20)
    stage.pause(6)
    _life(stage)
    stage.want("silent", stuck)
    _life(stage)


def _reset_by_server(stage: Stage) -> None:
    for _ in range(2):
        stage.want("reset", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,98"))
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb"))
    _life(stage)


def _idle_timeout(stage: Stage) -> None:
    _life(stage)
    calls = [
        stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11", "--pause", pause, "--seconds", 20)
        for pause in (9, 10)
    ]
    # The one that speaks often enough survives: its gaps bound the timer from below.
    kept = stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11,11,11", "--pause", 2.5)
    stage.want("answered", kept)
    stage.pause(6)
    _life(stage)
    stage.want("silent", *calls)
    _life(stage)


def _dynamic_rejected(word: str):
    def play(stage: Stage) -> None:
        _life(stage)
        for interface in ("emsmdb", "nspi"):
            stage.want(word, stage.rpc("cas-dmz", "mbx1", interface, "--attempts", 3))
        _life(stage)

    return play


def _by_interface(stage: Stage) -> None:
    """The device lets the connection through and drops the bind of one interface only."""
    _life(stage)
    stuck = stage.rpc("cas-dmz", "mbx1", "emsmdb", "--seconds", 12)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "asyncemsmdb", "--opnums", "0"))
    stage.pause(5)
    _life(stage)
    stage.want("silent", stuck)
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "asyncemsmdb", "--opnums", "0"))


def _idle_reset(stage: Stage) -> None:
    _life(stage)
    calls = [stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11", "--pause", pause) for pause in (8, 9)]
    stage.want("answered", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11", "--pause", 3))
    stage.want("reset", *calls)
    _life(stage)


def _both_ends(ttl: int):
    def play(stage: Stage) -> None:
        with stage.device("resetter.py", str(EMSMDB_PORT), "600", str(ttl)):
            _life(stage)
            for _ in range(2):
                stage.want("reset", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,99,11", "--linger", 2.5))
            stage.want("answered", stage.rpc("cas-dmz", "mbx1", "nspi", "--opnums", "0,1"))
            _life(stage)

    return play


def _rejected(name: str, title: str, how: str, word: str, or_kind: str, because: str) -> Scenario:
    return Scenario(
        "rpc", name, title,
        "The endpoint mapper answers, and the ports it names are refused by a device.",
        SERVERS,
        seen_from("cas-dmz", "mbx1", (
            *(report("cas-dmz", "mbx1", port, "rpc-dynamic-port-blocked", or_kind, because=because)
              for port in (EMSMDB_PORT, ADDRESS_BOOK_PORT)),
            MAPPER, WEB,
        )),
        _dynamic_rejected(word), HOSTS,
        Policy(f"rejected TCP to the dynamic RPC range towards the internal network with {how[12:]}",
               (f"ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new {how}",)),
        STAND_IN,
    )  # fmt: skip


def _reset_both(name: str, ttl: int) -> Scenario:
    def truth(whose: str, word: str) -> tuple:
        return (
            report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset",
                   because=f"RST in the {whose}'s name with the device's TTL ({ttl}), where the {word} packets have 127"),
            clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "closed"), MAPPER, WEB,
        )

    return Scenario(
        "rpc", name,
        "A device resets both ends of RPC sessions at once",
        f"As inspection does when it gives up on a session; its RSTs start at TTL {ttl}.",
        SERVERS,
        seen_from("cas-dmz", "mbx1", truth("server", "server's"), truth("client", "client's"),
                  places=FOUR_PLACES if ttl == 64 else ENDS),
        _both_ends(ttl), HOSTS,
        Policy(f"reset both ends of a session once its client had sent 600 octets, with TTL {ttl}"),
        f"{STAND_IN} The resetting device is a program on the firewall.",
    )  # fmt: skip


SCENARIOS = [
    Scenario(
        "rpc", "healthy",
        "A CAS in the perimeter reaches a mailbox server by RPC",
        "The measure of normal: endpoint mapper, then EMSMDB, AsyncEMSMDB, NSPI and RFR on the ports it named.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                clear("cas-dmz", "mbx1", 135, "closed"),
                clear("cas-dmz", "mbx1", EMSMDB_PORT, "closed"),
                clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "closed"),
                clear("cas-dmz", "mbx1", 444),
            )),
        ),
        _healthy, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "rpc", "dynamic-dropped",
        "135 passes, the dynamic RPC ports do not",
        "The classic of Exchange behind a firewall: the endpoint mapper answers, the port it names never does.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked",
                       because=f"the endpoint mapper named this port for EMSMDB, the firewall drops it; {LIFE}"),
                report("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "rpc-dynamic-port-blocked",
                       because=f"the endpoint mapper named this port for NSPI, the firewall drops it; {LIFE}"),
                MAPPER, WEB,
            ), places=ALL_PLACES),
        ),
        _dynamic_dropped, HOSTS,
        Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",)),
        STAND_IN,
    ),
    Scenario(
        "rpc", "mapper-dropped",
        "The endpoint mapper itself is dropped",
        "No port is ever named: only 135 is seen, unanswered, while HTTPS to the same server works.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                report("cas-dmz", "mbx1", 135, "syn-dropped",
                       because="the firewall drops TCP 135; 444 answers before, during and after"),
                WEB,
            ), places=ALL_PLACES),
        ),
        _mapper_dropped, HOSTS,
        Policy("dropped TCP 135 towards the internal network, silently",
               ("ip daddr 10.10.2.0/24 tcp dport 135 drop",)),
        STAND_IN,
    ),
    Scenario(
        "rpc", "not-registered",
        "The endpoint mapper answers: no such interface here",
        "A stopped or absent service (0x16c9a0d6), which users also see as 'server unavailable'. Not the network.",
        ("exchange-mbx2",),
        (
            *seen_from("cas-dmz", "mbx2", (
                cleared_as("cas-dmz", "mbx2", 135, "rpc-not-registered",
                           because="mbx2 registers neither NSPI nor the store"),
                clear("cas-dmz", "mbx2", EMSMDB_PORT, "closed"),
            )),
        ),
        _not_registered, ("cas-dmz", "mbx2"), stand_ins=STAND_IN,
    ),
    Scenario(
        "rpc", "stale-port",
        "The endpoint mapper names a port on which nothing listens",
        "As after a restart of the service: the host itself answers with RST. Not the network.",
        ("exchange-mbx2",),
        (
            *seen_from("cas-dmz", "mbx2", (
                cleared_as("cas-dmz", "mbx2", STALE_PORT, "refused-by-host",
                           because="nothing listens there: the host's own stack sends RST, with the TTL of its other packets"),
                clear("cas-dmz", "mbx2", 135, "closed"),
                clear("cas-dmz", "mbx2", EMSMDB_PORT, "closed"),
            )),
        ),
        _stale_port, ("cas-dmz", "mbx2"), stand_ins=STAND_IN,
    ),
    Scenario(
        "rpc", "midstream-reset",
        "The firewall resets RPC sessions in the middle",
        "Inspection gone wrong: after some octets the device answers data of either side with a forged RST.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset",
                       because="RST in the server's name, with the firewall's TTL (64) where the server's packets have 127"),
                clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "closed"), MAPPER, WEB,
            ), (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-reset",
                       because="RST in the client's name, with the firewall's TTL (64) where the client's packets have 127"),
                clear("cas-dmz", "mbx1", ADDRESS_BOOK_PORT, "closed"), MAPPER, WEB,
            )),
        ),
        _midstream_reset, HOSTS,
        Policy("answered data of both sides with RST in the other's name, once its client had sent 4000 octets",
               (f"tcp dport {EMSMDB_PORT} ct original bytes > 4000 reject with tcp reset",
                f"tcp sport {EMSMDB_PORT} ct original bytes > 4000 reject with tcp reset")),
        STAND_IN,
    ),
    Scenario(
        "rpc", "midstream-drop",
        "The firewall swallows RPC sessions in the middle",
        "The connection is made and works for a while; then neither side's packets arrive any more.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-drop",
                       because="data repeated without any acknowledgement, while 444 of the same server answers").seen_as("stalled"),
                MAPPER, WEB,
            ), (CUT_OFF, MAPPER, WEB)),
            *one_way("cas-dmz", (CUT_OFF, MAPPER, WEB)),
        ),
        _midstream_drop, HOSTS,
        Policy("dropped every packet of a connection once its client had sent 4000 octets",
               (f"tcp dport {EMSMDB_PORT} ct original bytes > 4000 drop",
                f"tcp sport {EMSMDB_PORT} ct original bytes > 4000 drop")),
        STAND_IN,
    ),
    Scenario(
        "rpc", "reset-by-server",
        "The server's program aborts its connection",
        "A genuine RST (SO_LINGER 0) in the middle of a call: same sender, same TTL. Not the network.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                cleared_as("cas-dmz", "mbx1", EMSMDB_PORT, "reset-by-host",
                           because="the server's own stack sent the RST, with its own TTL"),
                MAPPER, WEB,
            )),
        ),
        _reset_by_server, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "rpc", "idle-timeout",
        "The firewall forgets idle connections",
        "Two connections idle for 9 and 10 s die at their next request, one with gaps of 2.5 s lives.",
        SERVERS,
        (
            *seen_from("cas-dmz", "mbx1", (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "idle-timeout", "midstream-drop",
                       because="connection tracking forgets after 4 s, then drops packets of unknown connections").seen_as("stalled"),
                MAPPER, WEB,
            ), (CUT_OFF, MAPPER, WEB)),
        ),
        _idle_timeout, HOSTS,
        Policy("forgot connections idle for 4 s, and dropped packets of connections it does not know",
               ("ct state invalid drop", "tcp flags & (syn | ack) != syn ct state new drop"),
               sysctls=(("net.netfilter.nf_conntrack_tcp_timeout_established", "4"),
                        ("net.netfilter.nf_conntrack_tcp_loose", "0"))),
        STAND_IN,
    ),
    _rejected("dynamic-rejected-rst", "135 passes, the dynamic RPC ports are rejected with RST",
              "reject with tcp reset", "refused", "syn-rejected",
              "the RST carries the firewall's TTL (64), everything else of mbx1 127; the port does listen"),
    _rejected("dynamic-rejected-icmp", "135 passes, the dynamic RPC ports are rejected with ICMP",
              "reject with icmp type admin-prohibited", "unreachable", "icmp-prohibited",
              "ICMP 3/13 from the firewall, quoting the SYN to the port that the endpoint mapper named"),
    Scenario(
        "rpc", "interface-filtered",
        "The bind of one interface is swallowed",
        "A device that filters by interface: EMSMDB's bind is never acknowledged, AsyncEMSMDB on the same port works.",
        SERVERS,
        seen_from("cas-dmz", "mbx1", (
            report("cas-dmz", "mbx1", EMSMDB_PORT, "midstream-drop", "rpc-dynamic-port-blocked",
                   because="connected, but the bind is repeated and never acknowledged; another interface's bind is"),
            MAPPER, WEB,
        ), (CUT_OFF, MAPPER, WEB)),
        _by_interface, HOSTS,
        Policy("dropped segments that bind EMSMDB", (f"tcp dport {EMSMDB_PORT} @th,416,32 0x00dbf1a4 drop",)),
        STAND_IN,
    ),
    Scenario(
        "rpc", "idle-reset",
        "The firewall forgets idle RPC sessions and resets them",
        "A timer of 6 s in place of an hour's: the first data after the silence is answered with RST.",
        SERVERS,
        seen_from("cas-dmz", "mbx1", (
            report("cas-dmz", "mbx1", EMSMDB_PORT, "idle-timeout", "midstream-reset",
                   because="RST with the firewall's TTL (64) to the first data after 8 s; a session with gaps of 3 s goes on"),
            MAPPER, WEB,
        ), (CUT_OFF, MAPPER, WEB)),
        _idle_reset, HOSTS,
        Policy("answered packets of RPC sessions that it had forgotten after 6 idle seconds with RST",
               (f"tcp dport {EMSMDB_PORT} ct state invalid reject with tcp reset",),
               sysctls=(("net.netfilter.nf_conntrack_tcp_timeout_established", "6"),
                        ("net.netfilter.nf_conntrack_tcp_loose", "0"))),
        STAND_IN,
    ),
    _reset_both("reset-both-ends", 64),
    _reset_both("reset-both-ends-255", 255),
]  # fmt: skip
