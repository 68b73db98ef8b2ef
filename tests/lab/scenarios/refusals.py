"""Servers and clients that say no, or end things, by themselves: nothing here is blocked."""

from firewall import Policy
from network import WORK
from scenarios.web import STAND_IN as WEB
from servers import EMSMDB_PORT
from stage import Stage
from story import Scenario, clear, seen_from

STAND_IN = f"{WEB} The servers that say no are stand-ins."
SERVERS, HOSTS = ("web-cas1", "web-mbx2", "exchange-mbx1"), ("cas-dmz", "cas1")
ENDS = "client server"


def _life(stage: Stage) -> None:
    stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))


def _turned_away(stage: Stage) -> None:
    """421 and 554 instead of a banner, 451 to the recipient, 421 to the sender: each by the server."""
    for kind, said in (("busy", "421"), ("denied", "554"), ("grey", "451"), ("limit", "421")):
        server = stage.serve("cas1", "mail", kind, script="reluctant.py")
        words = ("EHLO a", "MAIL FROM:<a@exlab.test>", "RCPT TO:<b@exlab.test>")
        words = words[: {"busy": 0, "denied": 0, "grey": 3, "limit": 2}[kind]]
        stage.want(said, *(stage.caller("cas-dmz", "mail", "cas1", *words) for _ in range(2)))
        stage.stop(server)
    _life(stage)


def _tarpit(stage: Stage) -> None:
    stage.serve("cas1", "mail", "tarpit", script="reluctant.py")
    impatient = [stage.client("cas-dmz", "hold", "cas1", 25, "--linger", 5) for _ in range(2)]
    patient = stage.caller("cas-dmz", "mail", "cas1", "EHLO a", "MAIL FROM:<a@exlab.test>", "RCPT TO:<b@exlab.test>")
    stage.pause(4)
    _life(stage)
    stage.want("answered", *impatient)
    stage.want("550", patient)


def _alerts(stage: Stage) -> None:
    """A version that the server does not speak, a certificate that is not trusted, a certificate that is missing."""
    folder = WORK / "web" / "cas1"
    stage.serve("cas1", "demands", 8443, folder / "key.pem", folder / "cert.pem", script="reluctant.py")
    for _ in range(2):
        stage.want("alert|closed|reset", stage.caller("cas-dmz", "tls", "mbx2", 444, "old"))
        stage.want("alert|closed|reset", stage.caller("cas-dmz", "tls", "cas1", 443, "strict"))
        stage.want("alert|closed|reset", stage.caller("cas-dmz", "tls", "cas1", 8443, "old"))
    _life(stage)


def _statuses(stage: Stage) -> None:
    stage.serve("cas1", "http", 80, script="reluctant.py")
    for path in ("/401", "/403", "/503"):
        asked = [stage.client("cas-dmz", "http", "cas1", 80, "--path", path, "--repeat", 3) for _ in range(2)]
        stage.want("answered", *asked)
    _life(stage)


def _closes(stage: Stage) -> None:
    """Ended before a word is said: the ClientHello meets a connection that is gone, and is answered with RST."""
    stage.serve("cas1", "closes", 8443, script="reluctant.py")
    for _ in range(3):
        stage.want("closed|reset|alert", stage.caller("cas-dmz", "tls", "cas1", 8443, "old"))
    for _ in range(2):
        stage.want("answered", stage.client("cas-dmz", "tcp", "cas1", 8443))
    _life(stage)


def _scan(stage: Stage) -> None:
    """A monitor that asks with a SYN and hangs up on the answer, or is refused."""
    for _ in range(3):
        stage.want("done", stage.caller("cas-dmz", "scan", "cas1", 443, 25, 80, 135, 3389))
    _life(stage)


def _one_way(stage: Stage) -> None:
    """Notifications of new mail, and a log by datagrams: nobody ever answers them."""
    stage.serve("client1", "hears", 51234, script="reluctant.py")
    stage.serve("hub1", "hears", 514, script="reluctant.py")
    told = [stage.caller("mbx1", "tell", "client1", 51234, 6), stage.caller("cas-dmz", "tell", "hub1", 514, 8)]
    stage.want("answered", stage.rpc("client1", "mbx1", "emsmdb"), stage.client("client1", "https", "cas1", 443))
    stage.want("done", *told)
    stage.want("answered", stage.rpc("client1", "mbx1", "emsmdb"), stage.client("cas-dmz", "https", "cas1", 443))


def _policed(stage: Stage) -> None:
    """A line's contract is kept by throwing away what is too much: slow, but everything arrives."""
    stage.serve("cas1", "takes", 8025, script="reluctant.py")
    stage.want("answered", *(stage.caller("cas-dmz", "upload", "cas1", 8025, 15_000) for _ in range(2)))
    _life(stage)


def _first_syn(stage: Stage) -> None:
    """Each connection's first SYN is lost; the second is served."""
    for _ in range(5):
        stage.want("answered", stage.client("cas-dmz", "https", "cas1", 443))


def _no(name: str, title: str, purpose: str, truth: tuple, play, policy: Policy = Policy(), hosts: tuple = HOSTS) -> Scenario:
    return Scenario(
        "refusals", name, title, purpose, SERVERS, seen_from(hosts[0], hosts[1], truth, truth, places=ENDS), play, hosts,
        policy, STAND_IN,
    )  # fmt: skip


LIFE = clear("cas-dmz", "cas1", 443)
SCENARIOS = [
    _no("mail-turned-away", "A mail server that turns clients away", "421, 451 and 554 in its own words.",
        (clear("cas-dmz", "cas1", 25), LIFE), _turned_away),
    _no("tarpit", "A mail server that lets clients wait for its banner", "Fourteen seconds on purpose; some clients go.",
        (clear("cas-dmz", "cas1", 25), LIFE), _tarpit),
    Scenario(
        "refusals", "tls-alerts", "TLS that comes to nothing", "Version, trust, and a certificate that the client does not have.",
        SERVERS, seen_from("cas-dmz", "cas1", (LIFE, clear("cas-dmz", "cas1", 8443), clear("cas-dmz", "mbx2", 444)),
                           (LIFE, clear("cas-dmz", "cas1", 8443)), places=ENDS),
        _alerts, ("cas-dmz", "cas1", "mbx2"), stand_ins=STAND_IN),
    _no("http-statuses", "401, 403 and 503", "The server was reached and says no.",
        (clear("cas-dmz", "cas1", 80), LIFE), _statuses),
    _no("closes-at-once", "A program that ends each connection at once", "FIN before the first word, RST to what comes after it.",
        (clear("cas-dmz", "cas1", 8443), LIFE), _closes),
    _no("half-open-scan", "A monitor that never completes a handshake", "SYN, SYN-ACK, RST by the monitor's own kernel.",
        (LIFE, *(clear("cas-dmz", "cas1", port) for port in (25, 80, 135, 3389))), _scan),
    Scenario(
        "refusals", "one-way-datagrams", "Datagrams that nobody answers, by design",
        "The notification of new mail to an Outlook 2003, and a log.", SERVERS,
        seen_from("client1", "mbx1",
                  (clear("mbx1", "client1", 51234, transport="udp"), clear("client1", "mbx1", EMSMDB_PORT)),
                  (clear("mbx1", "client1", 51234, transport="udp"), clear("client1", "mbx1", EMSMDB_PORT)), places=ENDS,
                  ) + seen_from("cas-dmz", "hub1", (clear("cas-dmz", "hub1", 514, transport="udp"), LIFE), places="fw-client-leg"),
        _one_way, ("client1", "mbx1", "cas-dmz", "hub1", "cas1"), stand_ins=STAND_IN),
    _no("policed", "A policer throws away what is too much", "Many repetitions, and everything arrives.",
        (clear("cas-dmz", "cas1", 8025), LIFE), _policed,
        Policy("dropped what exceeded 12 kbytes a second towards TCP 8025",
               ("tcp dport 8025 tcp flags & syn != syn limit rate over 12 kbytes/second burst 6000 bytes drop",))),
    _no("first-syn-lost", "Every first SYN is lost", "As in front of a host whose address is not resolved yet.",
        (LIFE,), _first_syn,
        Policy("lost every other SYN", ("tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 drop",))),
]  # fmt: skip
