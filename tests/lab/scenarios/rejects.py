"""A firewall that says no: every way it can, from the server's closed port and the host's death apart."""

from firewall import Policy
from network import HOSTS as EVERY
from scenarios.web import STAND_IN
from stage import Stage
from story import Scenario, absent, clear, cleared_as, maybe, report, seen_from

SERVERS, HOSTS = ("web-cas1", "web-cas2"), ("cas1", "cas2")
V6, FROM_V6 = EVERY["cas2"].v6, EVERY["cas1"].v6
TO_SECOND = "ip saddr 10.10.2.0/24 ip daddr 10.10.3.0/24 tcp dport 443"
TO_SECOND_V6 = "meta nfproto ipv6 tcp dport 443"
LIFE = clear("cas1", "cas2", 444, because="no rule names port 444")
LIFE_V6 = clear(FROM_V6, V6, 444, because="no rule names port 444")


def _play(server: str, word: str):
    """The rejected port three times, the other one before, between and after."""

    def play(stage: Stage) -> None:
        def get(port: int, *more: object):
            return stage.client("cas1", "https", server, port, "--name", "cas2.exlab.test", *more)

        stage.want("answered", get(444))
        stage.want(word, get(443))
        stage.want("answered", get(444))
        stage.want(word, get(443, "--attempts", 2))
        stage.want("answered", get(444))

    return play


def _ttl(octets: int) -> tuple[tuple[str, str], ...]:
    return (("net.ipv4.ip_default_ttl", str(octets)),)


def _by_rst(name: str, title: str, purpose: str, ttl: int, truth) -> Scenario:
    return Scenario(
        "rejects", name, title, purpose, SERVERS,
        seen_from("cas1", "cas2", (truth, LIFE), places="client fw-client-leg server firewall"),
        _play("cas2", "refused"), HOSTS,
        Policy(f"rejected TCP 443 with RST in the server's name, sent with TTL {ttl}",
               (f"{TO_SECOND} reject with tcp reset",), sysctls=_ttl(ttl)),
        STAND_IN,
    )  # fmt: skip


def _by_icmp(name: str, what: str, word: str, code: str, *, v6: bool = False) -> Scenario:
    family, client, server = ("icmpv6", FROM_V6, V6) if v6 else ("icmp", "cas1", "cas2")
    because = f"{what} from the firewall's own address, quoting the SYN; the server's 443 does listen"
    truth = report(client, server, 443, "icmp-prohibited", "proxy-blocked", because=because)
    rule = TO_SECOND_V6 if v6 else TO_SECOND
    return Scenario(
        "rejects", name,
        f"The firewall answers the SYN with {what}",
        "One of the codes that devices choose for a reject rule.",
        SERVERS,
        seen_from("cas1", "cas2", (truth, LIFE_V6 if v6 else LIFE), places="client fw-client-leg server"),
        _play(server, word), HOSTS,
        Policy(f"rejected TCP 443 with {what}", (f"{rule} reject with {family} type {code}",)),
        STAND_IN,
    )  # fmt: skip


def _nothing(stage: Stage) -> None:
    for _ in range(2):
        stage.want("silent", *(stage.client("cas1", "tcp", "cas2", port) for port in (443, 444, 135)))
        stage.want("answered", stage.client("cas1", "https", "mbx2", 444))


SCENARIOS = [
    _by_rst("rst-ttl-255", "A RST from a device that starts at TTL 255",
            "As routers and appliances send it: far above what is left of a server's 128.", 255,
            report("cas1", "cas2", 443, "syn-rejected", "proxy-blocked",
                   because="the RST arrives with TTL 255, everything else of that server with 127; its 443 does listen")),
    _by_rst("rst-ttl-128", "A RST from a device that starts at TTL 128",
            "The device's TTL is a Windows server's, so only the hop it does not have to travel tells.", 128,
            report("cas1", "cas2", 443, "syn-rejected", "proxy-blocked",
                   because="the RST arrives with TTL 128, as from the client's own network; that server's packets with 127")),
    _by_rst("rst-same-ttl", "A RST from a device that imitates the server's TTL",
            "Nothing in it differs from the RST of a closed port.", 127,
            maybe("cas1", "cas2", 443, "syn-rejected",
                  because="the firewall rejects it, but its RST is in no way unlike the server's own")),
    _by_icmp("icmp-3-9", "ICMP 3/9, network administratively prohibited", "unreachable", "net-prohibited"),
    _by_icmp("icmp-3-10", "ICMP 3/10, host administratively prohibited", "unreachable", "host-prohibited"),
    _by_icmp("icmp-3-13", "ICMP 3/13, communication administratively prohibited", "unreachable", "admin-prohibited"),
    _by_icmp("icmp-3-3-router", "ICMP 3/3, port unreachable, for TCP", "refused", "port-unreachable"),
    _by_icmp("icmpv6-1-1", "ICMPv6 1/1, administratively prohibited", "unreachable", "admin-prohibited", v6=True),
    _by_icmp("icmpv6-1-5", "ICMPv6 1/5, source address failed policy", "unreachable", "policy-fail", v6=True),
    Scenario(
        "rejects", "v6-rst",
        "The firewall answers the SYN with RST over IPv6",
        "A reject rule in the server's name, told by its hop limit.",
        SERVERS,
        seen_from("cas1", "cas2", (
            report(FROM_V6, V6, 443, "syn-rejected", "proxy-blocked",
                   because="the RST arrives with hop limit 64, everything else of that server with 127"),
            LIFE_V6,
        )),
        _play(V6, "refused"), HOSTS,
        Policy("rejected TCP 443 over IPv6 with RST", (f"{TO_SECOND_V6} reject with tcp reset",)),
        STAND_IN,
    ),
    Scenario(
        "rejects", "everything-dropped",
        "A firewall drops everything to one server",
        "Without one packet from that server, a dead host looks just so: nobody can call it blocked from here.",
        (*SERVERS, "web-mbx2"),
        seen_from("cas1", "cas2", (
            *(cleared_as("cas1", "cas2", port, "host-silent",
                         because="dropped, but no packet of this server is ever seen here") for port in (443, 444, 135)),
            clear("cas1", "mbx2", 444),
        ), (*(absent("cas1", "cas2", port) for port in (443, 444, 135)), clear("cas1", "mbx2", 444)),
            places="client fw-client-leg fw-server-leg firewall"),
        _nothing, ("cas1", "cas2", "mbx2"),
        Policy("dropped everything to cas2, silently", ("ip daddr 10.10.3.11 drop",)),
        STAND_IN,
    ),
]  # fmt: skip
