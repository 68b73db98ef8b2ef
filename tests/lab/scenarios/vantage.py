"""What the capture itself does to the truth: one direction, late start, early end, cut or doubled packets.

Nothing is blocked in most of these. They are the traps for an analyzer that takes what
it did not see for what did not happen.
"""

from firewall import Policy
from scenarios.rpc import STAND_IN
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT
from stage import Stage
from story import Capture, Scenario, capture_wide, clear, cleared_as, report

HOSTS = ("cas-dmz", "mbx1")
SERVERS = ("exchange-mbx1", "web-mbx1")
HEALTHY = tuple(clear("cas-dmz", "mbx1", port) for port in (135, EMSMDB_PORT, ADDRESS_BOOK_PORT, 444))


def _get(stage: Stage, name: str = "mbx1"):
    return stage.client("cas-dmz", "https", name, 444, "--name", f"{name}.exlab.test")


def _session(stage: Stage) -> None:
    for interface, opnums in (("nspi", "0,3,1"), ("emsmdb", "10,11,11,1")):
        stage.want("answered", stage.rpc("cas-dmz", "mbx1", interface, "--opnums", opnums))
    stage.want("answered", _get(stage))


def _starts_midway(stage: Stage) -> None:
    long = stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11,11,11,11", "--pause", 1)
    parked = stage.rpc("cas-dmz", "mbx1", "asyncemsmdb", "--opnums", "0,0,0", "--pause", 2)
    stage.pause(2.5)
    stage.begin_capture("client")
    stage.want("answered", _get(stage))
    stage.want("answered", long, parked)


def _starts_in_the_drop(stage: Stage) -> None:
    """The capture begins between the second and the third SYN of a blocked attempt."""
    first = stage.rpc("cas-dmz", "mbx1", "emsmdb")
    stage.pause(2)
    stage.begin_capture("client")
    stage.want("answered", _get(stage))
    stage.want("silent", first)
    stage.want("answered", _get(stage))


def _ends_early(stage: Stage) -> None:
    stage.want("answered", _get(stage))
    last = stage.rpc("cas-dmz", "mbx1", "emsmdb")
    stage.pause(0.6)
    last.kill()


SCENARIOS = [
    Scenario(
        "vantage", "one-direction",
        "A healthy session, captured in one direction only",
        "A SPAN port that mirrors only one direction: every SYN looks unanswered, or every answer unasked.",
        SERVERS,
        (
            Capture("sent", "cas-dmz", (capture_wide("one-way-capture"), *HEALTHY), options=("-Q", "out"),
                    remark="Only what cas-dmz sent."),
            Capture("received", "cas-dmz", (capture_wide("one-way-capture"), *HEALTHY), options=("-Q", "in"),
                    remark="Only what cas-dmz received."),
        ),
        _session, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "vantage", "starts-midway",
        "The capture starts in the middle of healthy sessions",
        "No handshake, no bind and no endpoint mapper answer of the long sessions is ever seen.",
        SERVERS,
        (Capture("client", "cas-dmz", (clear("cas-dmz", "mbx1", EMSMDB_PORT), clear("cas-dmz", "mbx1", 444)), late=True),),
        _starts_midway, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "vantage", "starts-in-the-drop",
        "The capture starts in the middle of a blocked attempt",
        "The endpoint mapper's answer came before: only the last two SYNs of one attempt are seen.",
        SERVERS,
        (
            Capture("client", "cas-dmz", (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "no-answer", "syn-dropped", "rpc-dynamic-port-blocked", "started-midway",
                       because="it is dropped; how surely that can be said from two SYNs is the analyzer's to weigh"),
                clear("cas-dmz", "mbx1", 444),
            ), late=True),
        ),
        _starts_in_the_drop, HOSTS,
        Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",)),
        STAND_IN,
    ),
    Scenario(
        "vantage", "ends-early",
        "The capture ends before an attempt can have failed",
        "One SYN, at the very end. It was dropped, but nobody can know that from this capture.",
        SERVERS,
        (
            Capture("client", "cas-dmz", (
                cleared_as("cas-dmz", "mbx1", EMSMDB_PORT, "capture-edge",
                           because="one SYN, the last frame of the capture"),
                clear("cas-dmz", "mbx1", 135), clear("cas-dmz", "mbx1", 444),
            )),
        ),
        _ends_early, HOSTS,
        Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",)),
        STAND_IN,
    ),
    Scenario(
        "vantage", "headers-only",
        "A healthy session, cut to 96 octets a packet",
        "A snap length that keeps headers and loses every protocol above them.",
        SERVERS,
        (Capture("client", "cas-dmz", (capture_wide("truncated-packets"), *HEALTHY), options=("-s", "96")),),
        _session, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "vantage", "both-legs",
        "A healthy session, every packet seen on both legs of the firewall",
        "Each packet twice, the second time with its TTL lowered: neither retransmissions nor two senders.",
        SERVERS,
        (Capture("firewall", "fw", (capture_wide("duplicate-packets"), *HEALTHY), device="any",
                 remark="All devices of the firewall (LINUX_SLL2)."),),
        _session, HOSTS, stand_ins=STAND_IN,
    ),
]  # fmt: skip
