"""SMTP between hub and edge transport (Postfix), with and without a firewall that inspects it."""

import network
from firewall import Policy
from network import DOMAIN
from stage import Stage
from story import ALL_PLACES, Scenario, clear, cleared_as, report, seen_from

STAND_IN = "Transport servers are Postfix; their EHLO is not Exchange's."
INSPECTED = STAND_IN + " The inspection is a stand-in that rewrites segments in place as the named product family does."
SERVERS, HOSTS = ("mail-edge1", "mail-hub1"), ("hub1", "edge1")
EDGESYNC = 50636
EDGE_SERVERS = (*SERVERS, "edgesync-edge1")
EDGE_STAND_IN = STAND_IN + " The edge's directory (AD LDS) is a TLS server that speaks no LDAP."
CARRIED_ASIDE = ("tcp dport 25 drop", "tcp sport 25 drop")


def _send(stage: Stage, host: str, server: str) -> None:
    """A message handed to a server; `hub1` then relays it to edge1 by itself."""
    people = ("--from", f"alice@{DOMAIN}", "--to", "bob@example.test")
    message = (*people, "--header", "Subject: lab", "--body", "From the lab.")
    stage.do(host, "swaks", "--server", server, "--helo", f"{host}.{DOMAIN}", *message)


def _relay(stage: Stage) -> None:
    _send(stage, "hub1", "127.0.0.1")
    _until_queue(stage, empty=True)


def _until_queue(stage: Stage, *, empty: bool, tries: int = 40) -> None:
    listing = ("postqueue", "-c", str(network.WORK / "mail" / "hub1" / "etc"), "-p")
    for _ in range(tries):
        if ("is empty" in stage.do("hub1", *listing)) == empty:
            return
        stage.pause(0.25)
    stage.void(f"hub1's queue is {'not' if empty else ''} empty")


def _forget_queue(stage: Stage) -> None:
    stage.do("hub1", "postsuper", "-c", str(network.WORK / "mail" / "hub1" / "etc"), "-d", "ALL", check=False)


def _starttls(stage: Stage) -> None:
    _relay(stage)
    _relay(stage)
    stage.do("edge1", "swaks", "--server", "hub1", "--quit-after", "EHLO", "--helo", f"edge1.{DOMAIN}")


def _dropped(stage: Stage) -> None:
    _send(stage, "edge1", "hub1")  # a sign of life from edge1; hub1 then relays, into the drop
    stage.pause(9)
    _send(stage, "edge1", "hub1")
    stage.pause(8)
    _send(stage, "edge1", "hub1")
    stage.pause(2)
    _until_queue(stage, empty=False)
    _forget_queue(stage)


def _inspected(mode: str):
    def play(stage: Stage) -> None:
        with stage.device("inspector.py", mode):
            _relay(stage)
            _relay(stage)

    return play


def _edgesync(stage: Stage):
    return stage.client("hub1", "https", "edge1", EDGESYNC, "--name", "edge1.exlab.test", "--seconds", 20)


def _edgesync_healthy(stage: Stage) -> None:
    stage.want("answered", _edgesync(stage), _edgesync(stage))
    _relay(stage)


def _edgesync_dropped(stage: Stage) -> None:
    _relay(stage)
    lost = [_edgesync(stage), _edgesync(stage)]
    stage.pause(8)
    _relay(stage)
    stage.want("silent", *lost)
    _relay(stage)


def _rejected(stage: Stage) -> None:
    _send(stage, "edge1", "hub1")
    stage.pause(3)
    _send(stage, "edge1", "hub1")
    stage.pause(3)
    _until_queue(stage, empty=False)
    _forget_queue(stage)
    _send(stage, "edge1", "hub1")
    _forget_queue(stage)


def _no_transport(stage: Stage) -> None:
    """mbx1 has no transport service; hub1 has."""
    for _ in range(3):
        stage.want("refused", stage.client("edge1", "tcp", "mbx1", 25))
        stage.pause(0.5)
    _ehlo(stage)


def _ehlo(stage: Stage) -> None:
    stage.do("edge1", "swaks", "--server", "hub1", "--quit-after", "EHLO", "--helo", f"edge1.{DOMAIN}")


def _refused_recipient(stage: Stage) -> None:
    """The server is reached and says no to the recipient: a matter of mail, not of ports."""
    for _ in range(2):
        people = ("--from", f"alice@{DOMAIN}", "--to", "nobody@elsewhere.test")
        stage.do("client1", "swaks", "--server", "edge1", "--helo", f"client1.{DOMAIN}", *people, check=False)
    _ehlo(stage)


BACK = clear("edge1", "hub1", 25, because="mail from the edge inwards is not touched")
SCENARIOS = [
    Scenario(
        "mail", "starttls",
        "Mail from hub to edge with STARTTLS",
        "The measure of normal: EHLO, STARTTLS, TLS 1.3, and mail inwards.",
        SERVERS,
        seen_from("hub1", "edge1", (clear("hub1", "edge1", 25), BACK)),
        _starttls, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "mail", "dropped",
        "Mail outwards is dropped, mail inwards passes",
        "25 from hub to edge is unanswered; that the edge lives is seen from its own connections to the hub.",
        SERVERS,
        (
            *seen_from("hub1", "edge1", (
                report("hub1", "edge1", 25, "syn-dropped",
                       because="the firewall drops it; edge1 itself connects to hub1 in the same seconds"),
                BACK,
            ), places=ALL_PLACES),
        ),
        _dropped, HOSTS,
        Policy("dropped TCP 25 from the internal network to the perimeter, silently",
               ("ip saddr 10.10.2.0/24 ip daddr 10.10.1.0/24 tcp dport 25 drop",)),
        STAND_IN,
    ),
    Scenario(
        "mail", "inspected-asa",
        "SMTP inspection masks the banner and EHLO keywords",
        "The hub sees a banner of asterisks and 250-XXXXXXXX where the edge offered STARTTLS: mail goes in clear.",
        SERVERS,
        (
            *seen_from("hub1", "edge1", (
                report("hub1", "edge1", 25, "smtp-inspection",
                       because="masked banner, and keywords made of X only, seen at the client"),
            ), (clear("hub1", "edge1", 25, because="here the server's own words are still whole"),)),
        ),
        _inspected("asa"), HOSTS,
        Policy("carried TCP 25 through an inspection that masks the banner and unwanted EHLO keywords in place",
               CARRIED_ASIDE),
        INSPECTED,
    ),
    Scenario(
        "mail", "inspected-pix",
        "SMTP inspection overwrites EHLO",
        "The edge receives XXXX instead of EHLO, answers 500, and the hub falls back to HELO.",
        SERVERS,
        (
            *seen_from("hub1", "edge1", (
                report("hub1", "edge1", 25, "smtp-inspection",
                       because="banner made of asterisks, and a server that refuses EHLO"),
            ), (
                report("hub1", "edge1", 25, "smtp-inspection", because="a verb made of X where a client says EHLO"),
            )),
        ),
        _inspected("pix"), HOSTS,
        Policy("carried TCP 25 through an inspection that masks the banner and overwrites EHLO in place",
               CARRIED_ASIDE),
        INSPECTED,
    ),
    Scenario(
        "mail", "edgesync",
        "EdgeSync reaches the edge", "The measure of normal for 50636.",
        EDGE_SERVERS, seen_from("hub1", "edge1", (clear("hub1", "edge1", EDGESYNC), clear("hub1", "edge1", 25))),
        _edgesync_healthy, HOSTS, stand_ins=EDGE_STAND_IN,
    ),
    Scenario(
        "mail", "edgesync-dropped",
        "EdgeSync is dropped, mail passes",
        "50636 from hub to edge is unanswered: recipients and connectors on the edge grow old.",
        EDGE_SERVERS,
        seen_from("hub1", "edge1", (
            report("hub1", "edge1", EDGESYNC, "syn-dropped",
                   because="the firewall drops it; SMTP between the same two servers works in the same seconds"),
            clear("hub1", "edge1", 25),
        )),
        _edgesync_dropped, HOSTS,
        Policy("dropped TCP 50636 to the perimeter, silently", ("tcp dport 50636 drop",)),
        EDGE_STAND_IN,
    ),
    Scenario(
        "mail", "rejected-icmp",
        "Mail outwards is rejected with ICMP",
        "25 from hub to edge is answered with 'host administratively prohibited' (3/10), mail inwards passes.",
        SERVERS,
        seen_from("hub1", "edge1", (
            report("hub1", "edge1", 25, "icmp-prohibited", because="ICMP 3/10 from the firewall, quoting the SYN"), BACK,
        )),
        _rejected, HOSTS,
        Policy("rejected TCP 25 from the internal network to the perimeter with ICMP 3/10",
               ("ip saddr 10.10.2.0/24 ip daddr 10.10.1.0/24 tcp dport 25 reject with icmp type host-prohibited",)),
        STAND_IN,
    ),
    Scenario(
        "mail", "no-transport",
        "A server without a transport service", "Refused by the host itself; another server takes mail.",
        (*SERVERS, "web-mbx1"),
        seen_from("edge1", "mbx1", (
            cleared_as("edge1", "mbx1", 25, "refused-by-host",
                       because="nothing listens there; the RST is the host's own"),
        ), places="server fw-server-leg") + seen_from("edge1", "hub1", (
            cleared_as("edge1", "mbx1", 25, "refused-by-host",
                       because="nothing listens there; the RST is the host's own"),
            BACK,
        ), places="client fw-client-leg"),
        _no_transport, ("edge1", "mbx1", "hub1"), stand_ins=STAND_IN,
    ),
    Scenario(
        "mail", "recipient-refused",
        "The recipient is refused", "550 by a server that was reached: nothing is blocked.",
        SERVERS,
        seen_from("client1", "edge1", (clear("client1", "edge1", 25),)),
        _refused_recipient, ("client1", "edge1"), stand_ins=STAND_IN,
    ),
]  # fmt: skip
