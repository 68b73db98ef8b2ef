"""What a mirror port does to sessions in which nothing is blocked: bursts of loss, late copies, half of a conversation."""

import pcap
from firewall import Policy
from network import HOSTS as EVERY
from scenarios.rpc import STAND_IN
from servers import EMSMDB_PORT
from stage import Stage
from story import Capture, Scenario, clear, edited, maybe, report

SERVERS, HOSTS = ("exchange-mbx1", "web-mbx1", "web-cas1"), ("cas-dmz", "mbx1", "cas1")
MAC = EVERY["mbx1"].mac
PORTS = (135, EMSMDB_PORT, 444)
TRUTH = (*(clear("cas-dmz", "mbx1", port) for port in PORTS), clear("cas-dmz", "mbx1", 8443), clear("cas-dmz", "cas1", 80))


def _busy(stage: Stage) -> None:
    """RPC, HTTPS, refusals and a server that ends with RST, all at once."""
    stage.serve("cas1", "http", 80)
    calls = []
    for turn in range(4):
        calls += [
            stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,11,11,1", "--pause", 0.4),
            stage.client("cas-dmz", "https", "mbx1", 444, "--repeat", 4, "--pause", 0.5),
            stage.client("cas-dmz", "http", "cas1", 80, "--path", "/abort"),
        ]
        stage.want("refused", stage.client("cas-dmz", "tcp", "mbx1", 8443))
        stage.pause(1)
    stage.want("answered", *calls)


def _aborted_later(stage: Stage) -> None:
    """Sessions that are ended with RST by their own server after a pause of two seconds."""
    calls = [stage.rpc("cas-dmz", "mbx1", "emsmdb", "--opnums", "10,11,98", "--pause", 2) for _ in range(2)]
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444, "--repeat", 3, "--pause", 2))
    stage.want("reset", *calls)
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444))


def _dropped(stage: Stage) -> None:
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444))
    stuck = [stage.rpc("cas-dmz", "mbx1", "emsmdb") for _ in range(3)]
    for _ in range(3):
        stage.pause(3)
        stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444, "--repeat", 3))
    stage.want("silent", *stuck)
    stage.want("answered", stage.client("cas-dmz", "https", "mbx1", 444))


BLOCKED = report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", because="three SYNs of each of three attempts, no answer")
SCENARIOS = [
    Scenario(
        "mirror", "bursts", "A mirror port that loses runs of frames", "From all conversations at once, again and again.", SERVERS,
        (Capture("client", "cas-dmz", TRUTH),
         *(edited(f"bursts-{run}", "client", pcap.bursts(every, run, seed), TRUTH, f"About {run} frames in a row missing, once in {every}.")
           for every, run, seed in ((60, 6, 1), (80, 15, 2), (150, 40, 3), (60, 25, 4))),
         edited("answers-elsewhere", "client", pcap.without_answers(MAC, 444), TRUTH,
                "Without what mbx1 sends from port 444: it leaves by a card that is not mirrored."),
         edited("mapper-elsewhere", "client", pcap.without_answers(MAC, EMSMDB_PORT), TRUTH,
                "Without what mbx1 sends from its RPC port."),
         edited("refusals-elsewhere", "client", pcap.without_answers(MAC, 8443), TRUTH,
                "Without what mbx1 sends from the closed port: single SYNs that nobody repeats."),
         edited("late-copies", "client", pcap.trunk_late(10, 20, 4000), TRUTH,
                "Each frame twice: as VLAN 10, and 4 ms later as VLAN 20, behind newer frames."),
         edited("later-copies", "client", pcap.trunk_late(10, 20, 60_000), TRUTH,
                "Each frame twice: as VLAN 10, and 60 ms later as VLAN 20."),
         edited("cut-68", "client", pcap.cut_to(68), TRUTH, "Cut to 68 octets.")),
        _busy, HOSTS, Policy(), STAND_IN),
    Scenario(
        "mirror", "clock-forward", "A clock that is set forward in mid-session", "A pause of two seconds becomes one of an hour.", SERVERS,
        (Capture("client", "cas-dmz", TRUTH[:3]),
         edited("an-hour", "client", pcap.clock_forward(EMSMDB_PORT, 3600, more=1.0), TRUTH[:3],
                "From one second after the first SYN to the RPC port on, an hour later."),
         edited("five-minutes", "client", pcap.clock_forward(EMSMDB_PORT, 300, more=3.0), TRUTH[:3],
                "From three seconds after the first SYN to the RPC port on, five minutes later.")),
        _aborted_later, HOSTS, Policy(), STAND_IN),
    Scenario(
        "mirror", "dropped-bursts", "A blocked RPC port, seen by a mirror port that loses runs of frames",
        "What is lost of the healthy must not hide what is blocked.", SERVERS,
        (Capture("client", "cas-dmz", (BLOCKED, TRUTH[0], TRUTH[2])),
         *(edited(f"bursts-{run}", "client", pcap.bursts(every, run, seed), (
             maybe("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked",
                   because="dropped; how surely it can be said when frames are lost is the analyzer's to weigh"), TRUTH[0], TRUTH[2]),
                  f"About {run} frames in a row missing, once in {every}.") for every, run, seed in ((60, 6, 1), (80, 15, 2))),
         edited("late-copies", "client", pcap.trunk_late(10, 20, 4000), (BLOCKED, TRUTH[0], TRUTH[2]),
                "Each frame twice: as VLAN 10, and 4 ms later as VLAN 20."),
         edited("cut-68", "client", pcap.cut_to(68), (
             report("cas-dmz", "mbx1", EMSMDB_PORT, "rpc-dynamic-port-blocked", "syn-dropped", because="three SYNs, no answer"), TRUTH[0], TRUTH[2]),
                "Cut to 68 octets.")),
        _dropped, HOSTS, Policy("dropped TCP to the dynamic RPC range towards the internal network, silently",
                                ("ip daddr 10.10.2.0/24 tcp dport 49152-65535 ct state new drop",)), STAND_IN),
]  # fmt: skip
