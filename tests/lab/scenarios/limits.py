"""Limits, ages and options: of firewalls, of hosts' own firewalls, and of nobody."""

import network
import voice_server
from directory_server import PASSWORD, REALM, kerberos_config
from firewall import Policy
from network import HOSTS as EVERY
from scenarios.directory import _ldap_works
from scenarios.rpc import STAND_IN
from scenarios.voice import STAND_IN as VOICE
from servers import EMSMDB_PORT
from stage import Stage
from story import Capture, Scenario, clear, report, seen_from

SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-dmz", "mbx1")
ENDS, LEGS = "client server", "client fw-client-leg fw-server-leg server"
V6, FROM_V6 = EVERY["dc1"].v6, EVERY["cas-dmz"].v6
WEB = clear("cas-dmz", "mbx1", 444)
PLAIN = 80


def _web(stage: Stage) -> None:
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444))


def _metered(stage: Stage) -> None:
    """Four connections are let in, the next are rejected in the server's name."""
    stage.serve("mbx1", "http", PLAIN)
    get = ("cas-dmz", "http", "mbx1", PLAIN, "--path", "/now")
    for _ in range(3):
        stage.want("answered", stage.client(*get))
    for _ in range(3):
        stage.want("refused", stage.client(*get))
        _web(stage)


def _big_invites(stage: Stage) -> None:
    """The connection is made; the INVITE with its description of media never arrives."""
    voice_server.write_scripts()
    called = stage.start("um1", *voice_server.called_command())
    stage.pause(0.7)
    stuck = [stage.start("pbx1", "timeout", "16", *voice_server.caller_command(call=f"big-{turn}")) for turn in range(2)]
    stage.pause(5)
    stage.want("answered", stage.client("pbx1", "tcp", "um1", 5060))
    for process in stuck:
        stage.finish(process)
    stage.want("answered", stage.client("pbx1", "tcp", "um1", 5060))
    called.kill()


def _options(stage: Stage) -> None:
    """SYNs that ask for congestion marks are thrown away by an old device; the client asks again without."""
    with network.setting("cas-dmz", "net.ipv4.tcp_ecn", 1):
        for _ in range(4):
            _web(stage)


def _no_tickets(stage: Stage) -> None:
    env = ("env", f"KRB5_CONFIG={kerberos_config('cas-dmz', 32000)}", "KRB5CCNAME=FILE:/run/krb5cc")
    _ldap_works(stage, "cas-dmz", 389)
    stuck = stage.start("cas-dmz", *env, "timeout", "20", "sh", "-c", f"echo {PASSWORD} | kinit administrator@{REALM}; echo $?")
    direct = [stage.client("cas-dmz", "tcp", "dc1", 88) for _ in range(2)]
    stage.pause(7)
    _ldap_works(stage, "cas-dmz", 389)
    stage.want("silent", *direct)
    stage.finish(stuck)
    _ldap_works(stage, "cas-dmz", 3268)


def _route_changes(stage: Stage) -> None:
    """The way becomes two routers longer in mid-session; then the server ends the sessions with RST."""
    calls = [stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11,98", "--pause", 1.5) for _ in range(2)]
    stage.pause(2.5)
    network.run_in(network.FIREWALL, "nft", "add chain inet lab later { type filter hook forward priority 20; }")
    network.run_in(network.FIREWALL, "nft", "add rule inet lab later ip saddr 10.10.2.21 tcp sport 59531 ip ttl set 124")
    stage.want("reset", *calls)
    _web(stage)


def _shorter(stage: Stage) -> None:
    """The way becomes two routers shorter; then the server ends the sessions with RST."""
    calls = [stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11,98", "--pause", 1.5) for _ in range(2)]
    stage.pause(2.5)
    network.run_in(network.FIREWALL, "nft", "flush chain inet lab longer")
    stage.want("reset", *calls)
    _web(stage)


def _host_forgets(stage: Stage) -> None:
    """mbx1's own firewall forgets connections after five seconds, and drops what belongs to none."""
    tracking = "net.netfilter.nf_conntrack_tcp_"
    with network.setting("mbx1", f"{tracking}timeout_established", 5), network.setting("mbx1", f"{tracking}loose", 0):
        _web(stage)
        calls = ("cas-dmz", "mbx1", "emsmdb", "--pause")
        stuck = [stage.rpc(*calls, pause, "--opnums", "10,11", "--seconds", 16) for pause in (8, 9)]
        stage.want("answered", stage.rpc(*calls, 2, "--opnums", "10,11,11"))
        stage.pause(9)
        _web(stage)
        stage.want("silent", *stuck)
        _web(stage)


def _no(name, title, purpose, near, far, play, policy=Policy(), places=ENDS, servers=SERVERS, hosts=HOSTS, stand_ins=STAND_IN) -> Scenario:
    return Scenario("limits", name, title, purpose, servers, seen_from(hosts[0], hosts[1], near, far, places=places), play, hosts, policy, stand_ins)


RPC = clear("cas-dmz", "mbx1", EMSMDB_PORT)
FORGOTTEN = report("cas-dmz", "mbx1", EMSMDB_PORT, "idle-timeout", "midstream-drop", because="pauses of 8 and 9 s died, those of 2 s did not")
SCENARIOS = [
    _no("metered-resets", "A firewall rejects what is too often", "The same port serves and refuses, with two kinds of packets.",
        (report("cas-dmz", "mbx1", PLAIN, "syn-rejected", because="RST with TTL 64 where the server's packets have 127"), WEB),
        (clear("cas-dmz", "mbx1", PLAIN), WEB), _metered,
        Policy("rejected more than three connections a minute with RST",
               (f"tcp dport {PLAIN} ct state new limit rate over 1/minute burst 3 packets reject with tcp reset",)), LEGS),
    Scenario("limits", "big-invites", "An INVITE above a size vanishes", "The connection for signalling is made, the call is not.", (),
        (Capture("client", "pbx1", (report("pbx1", "um1", 5060, "midstream-drop", "pmtu-black-hole",
                                           because="the INVITE is repeated and never acknowledged"),)),
         Capture("server", "um1", (clear("pbx1", "um1", 5060),))),
        _big_invites, ("pbx1", "um1"), Policy("dropped packets above 500 octets to TCP 5060", ("tcp dport 5060 meta length > 500 drop",)), VOICE),
    _no("congestion-marks", "SYNs that ask for congestion marks are dropped", "The client asks again without, and is served.",
        (WEB,), (WEB,), _options, Policy("dropped SYNs with ECE and CWR", ("tcp flags & (syn | ecn | cwr) == syn | ecn | cwr drop",)), LEGS),
    _no("no-tickets", "Kerberos is dropped, LDAP passes", "By UDP and by TCP.",
        (report("cas-dmz", "dc1", 88, "syn-dropped", because="three SYNs, no answer"),
         report("cas-dmz", "dc1", 88, "udp-blocked", transport="udp", because="requests without answer, while LDAP works"),
         report(FROM_V6, V6, 88, "syn-dropped", because="over IPv6 as well"),
         report(FROM_V6, V6, 88, "udp-blocked", transport="udp", because="over IPv6 as well"),
         clear("cas-dmz", "dc1", 389)),
        (clear("cas-dmz", "dc1", 389),), _no_tickets,
        Policy("dropped TCP and UDP 88", ("meta l4proto { tcp, udp } th dport 88 drop",)), LEGS, ("samba-dc1",), ("cas-dmz", "dc1")),
    _no("longer-way", "The way becomes longer in mid-session", "Then the server ends its sessions with RST.", (RPC, WEB), (RPC, WEB),
        _route_changes, places="client fw-client-leg"),
    _no("shorter-way", "The way becomes shorter in mid-session", "Then the server ends its sessions with RST.",
        (RPC, WEB), (RPC, WEB), _shorter,
        Policy("had packets of mbx1's RPC port take a way that is two routers longer, until it was mended",
               more=(("longer", (f"ip saddr 10.10.2.21 tcp sport {EMSMDB_PORT} ip ttl set 124",)),)), places="client fw-client-leg"),
    _no("host-forgets", "The server's own firewall forgets idle connections", "As a device would, but beside the server.",
        (FORGOTTEN, WEB), (FORGOTTEN.not_the_network(), WEB), _host_forgets,
        Policy("let everything pass; mbx1's own firewall forgot connections idle for 5 s and dropped what came later",
               hosts=(("mbx1", ("ct state invalid drop", "tcp flags & (syn | ack) != syn ct state new drop")),)), LEGS),
]  # fmt: skip
