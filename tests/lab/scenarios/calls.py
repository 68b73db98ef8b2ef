"""More calls: handed over to a mailbox server, held, turned to fax, ended at once, muted; media blocked or not."""

import voice_server
from firewall import Policy
from scenarios.voice import STAND_IN
from stage import Stage
from story import Capture, Scenario, clear, maybe, report
from voice_server import PBX_MEDIA, SIP_PORT, UM_MEDIA, WORKER_PORT

UM, MBX = ("pbx1", "um1"), ("pbx1", "um1", "mbx1")
SIP, WORKER = clear("pbx1", "um1", SIP_PORT), clear("pbx1", "mbx1", WORKER_PORT)


def _media(sender: str, receiver: str, port: int, blocked: bool = False):
    if blocked:
        return report(
            sender,
            receiver,
            port,
            "media-blocked",
            transport="udp",
            because=f"{receiver} promised to receive there; not one packet came, while {sender} went on signalling",
        )
    return clear(sender, receiver, port, transport="udp")


def _handed_over(stage: Stage) -> None:
    """um1 answers 302 with mbx1's worker port; signalling and media then go there directly."""
    voice_server.write_scripts()
    worker = stage.start("mbx1", *voice_server.called_command(WORKER_PORT, "mbx1"))
    redirecting = stage.start("um1", *voice_server.handing_over_command())
    stage.pause(0.7)
    stage.do("pbx1", *voice_server.redirected_command(0), check=False)
    stage.finish(redirecting)
    stage.do("pbx1", *voice_server.caller_command(WORKER_PORT, "redirected-0", "mbx1"))
    stage.finish(worker)


def _turn(name: str):
    def play(stage: Stage) -> None:
        voice_server.write_scripts()
        called, caller = voice_server.turn_commands(name)
        answering = stage.start("um1", *called)
        stage.pause(0.7)
        stage.do("pbx1", *caller)
        stage.finish(answering)

    return play


def _datagram_dropped(stage: Stage) -> None:
    """INVITE by UDP is repeated into silence; the same gateway is served over TCP."""
    voice_server.write_scripts()
    for turn in range(2):
        stage.do("pbx1", "timeout", "12", *voice_server.caller_command(over="u1"), check=False)
        if turn == 0:
            called = stage.start("um1", *voice_server.called_command())
            stage.pause(0.7)
            stage.do("pbx1", *voice_server.caller_command())
            stage.finish(called)


def _handed(name: str, title: str, purpose: str, captures: tuple, policy: Policy = Policy()) -> Scenario:
    return Scenario("calls", name, title, purpose, (), captures, _handed_over, MBX, policy, STAND_IN)


def _turned(name: str, title: str, purpose: str, truth: tuple, policy: Policy = Policy()) -> Scenario:
    return Scenario(
        "calls",
        name,
        title,
        purpose,
        (),
        (Capture("server", "um1", truth), Capture("client", "pbx1", truth)),
        _turn(name),
        UM,
        policy,
        STAND_IN,
    )


TO_MBX, TO_PBX = ("pbx1", "mbx1", UM_MEDIA), ("mbx1", "pbx1", PBX_MEDIA)
BOTH = (_media("pbx1", "um1", UM_MEDIA), _media("um1", "pbx1", PBX_MEDIA), SIP)
SCENARIOS = [
    _handed(
        "handed-over",
        "A call is handed over to a mailbox server",
        "302, then signalling and media directly to the server with the mailbox.",
        (
            Capture("client", "pbx1", (SIP, WORKER, _media(*TO_MBX), _media(*TO_PBX))),
            Capture("server", "mbx1", (WORKER, _media(*TO_MBX), _media(*TO_PBX))),
        ),
    ),
    _handed(
        "handed-over-deaf",
        "Handed over, and the caller is not heard",
        "Media from the gateway to the mailbox server is dropped; everything else passes.",
        (
            Capture("server", "mbx1", (WORKER, _media(*TO_MBX, True), _media(*TO_PBX))),
            Capture("fw-server-leg", "fw", (SIP, WORKER, _media(*TO_MBX, True), _media(*TO_PBX)), device="fw-int"),
            Capture(
                "client",
                "pbx1",
                (SIP, WORKER, _media(*TO_MBX), _media(*TO_PBX)),
                remark="The media leaves here and the other direction arrives.",
            ),
        ),
        Policy("dropped UDP towards the mailbox server, silently", ("ip daddr 10.10.2.21 meta l4proto udp drop",)),
    ),
    _handed(
        "handed-over-mute",
        "Handed over, and the caller hears nothing",
        "Media from the mailbox server to the gateway is dropped.",
        (
            Capture("client", "pbx1", (SIP, WORKER, _media(*TO_MBX), _media(*TO_PBX, True))),
            Capture("fw-client-leg", "fw", (SIP, WORKER, _media(*TO_MBX), _media(*TO_PBX, True)), device="fw-out"),
            Capture("server", "mbx1", (WORKER, _media(*TO_MBX), _media(*TO_PBX))),
        ),
        Policy("dropped UDP from the mailbox server, silently", ("ip saddr 10.10.2.21 meta l4proto udp drop",)),
    ),
    _handed(
        "handed-over-silent",
        "Handed over, and nobody hears anything",
        "Media of both directions is dropped.",
        (
            Capture("client", "pbx1", (SIP, WORKER, _media(*TO_MBX), _media(*TO_PBX, True))),
            Capture("server", "mbx1", (WORKER, _media(*TO_MBX, True), _media(*TO_PBX))),
        ),
        Policy(
            "dropped UDP to and from the mailbox server, silently",
            (
                "ip saddr 10.10.2.21 meta l4proto udp drop",
                "ip daddr 10.10.2.21 meta l4proto udp drop",
            ),
        ),
    ),
    _turned("hold", "A call is held", "Media both ways, then none, as both agreed.", BOTH),
    _turned(
        "hold-at-once",
        "A call is held before anybody spoke",
        "Offered sendonly, answered recvonly, and only an announcement that never comes.",
        (
            SIP,
            maybe(
                "pbx1",
                "um1",
                UM_MEDIA,
                "media-blocked",
                transport="udp",
                because="promised for three seconds, and not sent: a holding side may play nothing",
            ),
        ),
    ),
    _turned("fax", "A call turns to fax", "T.38 in place of voice: no more RTP is promised.", (SIP,)),
    _turned(
        "short",
        "A call that lasts less than a second",
        "It ends before media could be missed; media to the gateway is dropped.",
        (_media("pbx1", "um1", UM_MEDIA), _media("um1", "pbx1", PBX_MEDIA), SIP),
        Policy("dropped UDP towards the gateway, silently", ("ip daddr 10.10.9.60 meta l4proto udp drop",)),
    ),
    _turned(
        "muted",
        "A caller whose telephone sends nothing while muted",
        "Nobody can tell it from a block, except beside the telephone.",
        (
            maybe(
                "pbx1",
                "um1",
                UM_MEDIA,
                "media-blocked",
                transport="udp",
                because="never sent; beside um1 this looks like a block",
            ),
            _media("um1", "pbx1", PBX_MEDIA),
            SIP,
        ),
    ),
    Scenario(
        "calls",
        "datagrams-dropped",
        "SIP by UDP is dropped, by TCP it passes",
        "INVITE is repeated into silence.",
        (),
        (
            Capture(
                "client",
                "pbx1",
                (
                    report(
                        "pbx1",
                        "um1",
                        SIP_PORT,
                        "udp-blocked",
                        transport="udp",
                        because="the firewall drops UDP 5060; TCP 5060 answers",
                    ),
                    clear("pbx1", "um1", SIP_PORT),
                ),
            ),
        ),
        _datagram_dropped,
        UM,
        Policy("dropped UDP 5060, silently", ("udp dport 5060 drop",)),
        STAND_IN,
    ),
]
