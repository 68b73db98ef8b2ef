"""Unified messaging: a SIP call over TCP with RTP both ways."""

from dataclasses import replace

import voice_server
from firewall import Policy
from stage import Stage
from story import Capture, Scenario, clear, report, seen_from
from voice_server import PBX_MEDIA, SIP_PORT, UM_MEDIA, WORKER_PORT

STAND_IN = "Gateway and unified messaging are sipp; the media is a generated tone (G.711 A-law), there is no RTCP."
HOSTS = ("pbx1", "um1")
SIP = clear("pbx1", "um1", SIP_PORT)
TO_UM = clear("pbx1", "um1", UM_MEDIA, transport="udp", because="the media towards um1 is seen here")
TO_PBX = clear("um1", "pbx1", PBX_MEDIA, transport="udp", because="the media towards pbx1 is seen here")


def _call(stage: Stage) -> None:
    voice_server.write_scripts()
    called = stage.start("um1", *voice_server.called_command())
    stage.pause(0.7)
    stage.do("pbx1", *voice_server.caller_command())
    stage.finish(called)


def _redirected(blocked: bool):
    """The redirecting port names the worker's port in a 302; the caller dials that one.

    sipp counts a redirected call as failed, so its exit code says nothing.
    """

    def play(stage: Stage) -> None:
        voice_server.write_scripts()
        worker = stage.start("um1", *voice_server.called_command(WORKER_PORT))
        for turn in range(2 if blocked else 1):
            redirecting = stage.start("um1", *voice_server.redirecting_command())
            stage.pause(0.7)
            stage.do("pbx1", *voice_server.redirected_command(turn), check=False)
            stage.finish(redirecting)
            if not blocked:
                stage.do("pbx1", *voice_server.caller_command(WORKER_PORT, "redirected-0"))
                stage.finish(worker)
                return
            stage.want("silent", stage.client("pbx1", "tcp", "um1", WORKER_PORT))
        redirecting = stage.start("um1", *voice_server.redirecting_command())
        stage.pause(0.7)
        stage.do("pbx1", *voice_server.redirected_command(9), check=False)
        stage.finish(redirecting)
        worker.kill()

    return play


def _recording(stage: Stage) -> None:
    voice_server.write_scripts()
    called = stage.start("um1", *voice_server.recording_command())
    stage.pause(0.7)
    stage.do("pbx1", *voice_server.caller_command())
    stage.finish(called)


CALL = Scenario(
    "voice", "call",
    "A call to unified messaging with media both ways",
    "The measure of normal: INVITE, 200 OK, ACK, three seconds of RTP in both directions, BYE.",
    (),
    (Capture("server", "um1", (SIP, TO_UM, TO_PBX)),),
    _call, HOSTS, stand_ins=STAND_IN,
)  # fmt: skip
SCENARIOS = [
    CALL,
    replace(
        CALL,
        name="media-dropped",
        title="The call is answered, the caller is not heard",
        purpose="Signalling passes, RTP towards unified messaging is dropped: one-way audio.",
        captures=(
            Capture("server", "um1", (
                report("pbx1", "um1", UM_MEDIA, "media-blocked", transport="udp",
                       because="um1's SDP promised to receive here; not one packet came in 3 s, while pbx1 went on signalling"),
                TO_PBX, SIP,
            )),
            Capture("client", "pbx1", (TO_UM, TO_PBX, SIP),
                    remark="The media leaves pbx1 and um1's arrives: nothing is missing at this end."),
        ),
        policy=Policy("dropped UDP towards unified messaging, silently", ("ip daddr 10.10.2.41 meta l4proto udp drop",)),
    ),
    replace(
        CALL,
        name="media-to-caller-dropped",
        title="The call is answered, the caller hears nothing",
        purpose="Signalling passes, RTP towards the gateway is dropped: one-way audio, the other way.",
        captures=(
            Capture("client", "pbx1", (
                report("um1", "pbx1", PBX_MEDIA, "media-blocked", transport="udp",
                       because="pbx1's SDP promised to receive here; not one packet came in 3 s, while um1 went on signalling"),
                TO_UM, SIP,
            )),
        ),
        policy=Policy("dropped UDP towards the gateway, silently", ("ip daddr 10.10.9.60 meta l4proto udp drop",)),
    ),
    replace(
        CALL,
        name="media-both-dropped",
        title="The call is answered, nobody hears anything",
        purpose="Signalling passes, all RTP is dropped. Each end sees its own media leave and none arrive.",
        captures=(
            Capture("client", "pbx1", (
                report("um1", "pbx1", PBX_MEDIA, "media-blocked", transport="udp",
                       because="pbx1's SDP promised to receive here; not one packet came in 3 s, while um1 went on signalling"),
                TO_UM, SIP,
            )),
            Capture("server", "um1", (
                report("pbx1", "um1", UM_MEDIA, "media-blocked", transport="udp",
                       because="um1's SDP promised to receive here; not one packet came in 3 s, while pbx1 went on signalling"),
                TO_PBX, SIP,
            )),
        ),
        policy=Policy("dropped UDP between gateway and unified messaging, silently",
                      ("ip saddr { 10.10.9.60, 10.10.2.41 } meta l4proto udp drop",)),
    ),
    replace(
        CALL,
        name="redirect",
        title="A call is redirected to a worker's port",
        purpose="302 on 5060, then INVITE on 5065: how unified messaging takes calls.",
        captures=(Capture("client", "pbx1", (SIP, clear("pbx1", "um1", WORKER_PORT), TO_UM, TO_PBX)),),
        play=_redirected(blocked=False),
    ),
    replace(
        CALL,
        name="redirect-dropped",
        title="A call is redirected to a port that is dropped",
        purpose="302 on 5060 names port 5065, which no rule lets through: every call fails after it was answered.",
        captures=seen_from("pbx1", "um1", (
            report("pbx1", "um1", WORKER_PORT, "syn-dropped", because="the firewall drops it; 5060 answers in the same seconds"),
            SIP,
        )),
        play=_redirected(blocked=True),
        policy=Policy("dropped TCP 5065, silently", ("tcp dport 5065 drop",)),
    ),
    replace(
        CALL,
        name="recording",
        title="Unified messaging only records",
        purpose="a=recvonly in the answer: media in one direction is all that was promised.",
        captures=(Capture("client", "pbx1", (TO_UM, SIP)),),
        play=_recording,
    ),
]  # fmt: skip
