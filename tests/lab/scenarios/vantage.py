"""What the capture itself does to the truth: one direction, late start, early end, cut or doubled packets.

Nothing is blocked in most of these. They are the traps for an analyzer that takes what
it did not see for what did not happen.
"""

import pcap
from firewall import Policy
from scenarios.rpc import STAND_IN
from servers import ADDRESS_BOOK_PORT, EMSMDB_PORT
from stage import Stage
from network import HOSTS as EVERY
from story import Capture, Scenario, absent, capture_wide, clear, cleared_as, edited, maybe, report

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


def _long_session(stage: Stage) -> None:
    for _ in range(2):
        _session(stage)


def _blocked(stage: Stage) -> None:
    """One attempt with signs of life around it."""
    stage.want("answered", _get(stage))
    stuck = stage.rpc("cas-dmz", "mbx1", "emsmdb")
    stage.pause(7)
    stage.want("answered", _get(stage))
    stage.want("silent", stuck)
    stage.want("answered", _get(stage))


def _rejected(stage: Stage) -> None:
    for _ in range(2):
        stage.want("answered", _get(stage))
        stage.want("refused", stage.rpc("cas-dmz", "mbx1", "emsmdb", "--attempts", 2))
    stage.want("answered", _get(stage))


OWN_MAC = EVERY["cas-dmz"].mac
DROPPED = Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
                 ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",))  # fmt: skip
DROPPED_TRUTH = report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", "syn-dropped",
                       because="the endpoint mapper named this port, the firewall drops it; 135 and 444 answer")  # fmt: skip
OTHERS = (clear("cas-dmz", "mbx1", 135), clear("cas-dmz", "mbx1", 444))
REJECTED_TRUTH = report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", "syn-rejected",
                        because="the RST carries the firewall's TTL (64), the server's packets 127")  # fmt: skip
UNKNOWABLE = clear("cas-dmz", "mbx1", EMSMDB_PORT, because="dropped, but from one direction nobody can know it")
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
    Scenario(
        "vantage", "healthy-edited",
        "A healthy session, seen by poor captures",
        "Frames that the capturing machine lost, doubled, tagged, cut, or did not live to see. All was answered.",
        SERVERS,
        (
            Capture("client", "cas-dmz", HEALTHY),
            *(edited(f"lost-{name}", "client", pcap.lose(share, seed), HEALTHY, f"{share:.0%} of the frames removed at random.")
              for name, share, seed in (("2", 0.02, 3), ("5", 0.05, 5), ("10", 0.1, 7), ("25", 0.25, 9))),
            edited("trunk", "client", pcap.trunk(10, 20), (capture_wide("duplicate-packets"), *HEALTHY),
                   "Each frame twice, as VLAN 10 and as VLAN 20."),
            edited("tagged", "client", pcap.trunk(10), HEALTHY, "Each frame with one VLAN tag."),
            edited("twice", "client", pcap.twice(), (capture_wide("duplicate-packets"), *HEALTHY),
                   "Each frame twice, bit by bit the same, 15 microseconds apart."),
            edited("cut-96", "client", pcap.cut_to(96), (capture_wide("truncated-packets"), *HEALTHY), "Cut to 96 octets."),
            edited("ends-after-syn", "client", pcap.ends_after_syn(444), HEALTHY[:3] + (
                clear("cas-dmz", "mbx1", 444, because="one SYN, the last frame of the capture; it was answered"),
            ), "Ends with the first SYN to 444."),
            edited("ends-after-syn-ack", "client", pcap.ends_after_syn_ack(444), HEALTHY, "Ends with the SYN-ACK from 444."),
            edited("hole", "client", pcap.gap(444, 0.01, 0.03), HEALTHY,
                   "Some hundredths of a second around the first SYN to 444 are missing."),
            edited("starts-late", "client", pcap.starts_after_syn(EMSMDB_PORT), HEALTHY,
                   "Starts right after the first SYN to the RPC port."),
            edited("clock-back", "client", pcap.clock_back(444, 30), HEALTHY, "From the first SYN to 444 on, 30 s earlier."),
        ),
        _long_session, HOSTS, stand_ins=STAND_IN,
    ),
    Scenario(
        "vantage", "dropped-edited",
        "A blocked RPC port, seen by poor captures",
        "The same block through captures that can still prove it, and through captures that cannot.",
        SERVERS,
        (
            Capture("client", "cas-dmz", (DROPPED_TRUTH, *OTHERS)),
            edited("trunk", "client", pcap.trunk(10, 20), (DROPPED_TRUTH, *OTHERS),
                   "Each frame twice, as VLAN 10 and as VLAN 20."),
            edited("tagged", "client", pcap.trunk(10), (DROPPED_TRUTH, *OTHERS), "Each frame with one VLAN tag."),
            edited("twice", "client", pcap.twice(), (DROPPED_TRUTH, *OTHERS), "Each frame twice, 15 microseconds apart."),
            edited("cut-96", "client", pcap.cut_to(96), (DROPPED_TRUTH, *OTHERS), "Cut to 96 octets."),
            edited("lost-2", "client", pcap.lose(0.02, 3), (
                report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", "syn-dropped", "no-answer",
                       because="dropped; how surely it can be said when the capture loses frames is the analyzer's to weigh"),
                *OTHERS,
            ), "2% of the frames removed at random."),
            edited("sent", "client", pcap.only_from(OWN_MAC), (capture_wide("one-way-capture"), UNKNOWABLE, *OTHERS),
                   "Only what cas-dmz sent."),
            edited("received", "client", pcap.only_to(OWN_MAC), (
                capture_wide("one-way-capture"),
                absent("cas-dmz", "mbx1", EMSMDB_PORT, because="its SYNs are in the other direction"),
                *OTHERS,
            ), "Only what cas-dmz received."),
            edited("ends-after-syn", "client", pcap.ends_after_syn(EMSMDB_PORT), (
                clear("cas-dmz", "mbx1", EMSMDB_PORT, because="one SYN, the last frame of the capture"), *OTHERS,
            ), "Ends with the first SYN to the RPC port."),
            edited("ends-after-two", "client", pcap.ends_after_syn(EMSMDB_PORT, 2, 0.5), (
                clear("cas-dmz", "mbx1", EMSMDB_PORT, because="two SYNs and half a second: its client has not given up"), *OTHERS,
            ), "Ends half a second after the second SYN to the RPC port."),
            edited("clock-back", "client", pcap.clock_back(EMSMDB_PORT, 30), (
                maybe("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked",
                      because="dropped, but the capture's clock goes back 30 s during the first attempt"), *OTHERS,
            ), "From the first SYN to the RPC port on, 30 s earlier."),
        ),
        _blocked, HOSTS, DROPPED, STAND_IN,
    ),
    Scenario(
        "vantage", "rejected-edited",
        "A rejected RPC port, seen by poor captures",
        "RSTs of a firewall through captures of one direction, cut, doubled and tagged.",
        SERVERS,
        (
            Capture("client", "cas-dmz", (REJECTED_TRUTH, *OTHERS)),
            edited("trunk", "client", pcap.trunk(10, 20), (REJECTED_TRUTH, *OTHERS),
                   "Each frame twice, as VLAN 10 and as VLAN 20."),
            edited("cut-96", "client", pcap.cut_to(96), (REJECTED_TRUTH, *OTHERS), "Cut to 96 octets."),
            edited("sent", "client", pcap.only_from(OWN_MAC), (capture_wide("one-way-capture"), UNKNOWABLE, *OTHERS),
                   "Only what cas-dmz sent."),
            edited("received", "client", pcap.only_to(OWN_MAC), (capture_wide("one-way-capture"), UNKNOWABLE, *OTHERS),
                   "Only what cas-dmz received: RSTs to SYNs that nobody saw."),
        ),
        _rejected, HOSTS,
        Policy("rejected TCP to the dynamic RPC range with RST",
               ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new reject with tcp reset",)),
        STAND_IN,
    ),
]  # fmt: skip
