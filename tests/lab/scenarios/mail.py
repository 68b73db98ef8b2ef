"""SMTP between hub and edge transport (Postfix), with and without a firewall that inspects it."""

import sys

import network
from firewall import Policy
from network import DOMAIN
from stage import HERE, Stage
from story import ALL_PLACES, Scenario, clear, report, seen_from

STAND_IN = "Transport servers are Postfix; their EHLO is not Exchange's."
INSPECTED = STAND_IN + " The inspection is a stand-in that rewrites segments in place as the named product family does."
SERVERS, HOSTS = ("mail-edge1", "mail-hub1"), ("hub1", "edge1")
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
        inspector = stage.start_in_firewall(sys.executable, "-B", str(HERE / "inspector.py"), mode)
        try:
            _relay(stage)
            _relay(stage)
        finally:
            inspector.terminate()
            inspector.wait()

    return play


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
]  # fmt: skip
