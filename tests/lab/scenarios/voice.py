"""Unified messaging: a SIP call over TCP with RTP both ways."""

from dataclasses import replace

import voice_server
from firewall import Policy
from stage import Stage
from story import Capture, Scenario, clear, report
from voice_server import PBX_MEDIA, SIP_PORT, UM_MEDIA

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


CALL = Scenario(
    "voice", "call",
    "A call to unified messaging with media both ways",
    "The measure of normal: INVITE, 200 OK, ACK, three seconds of RTP in both directions, BYE.",
    (),
    (Capture("server", "um1", (SIP, TO_UM, TO_PBX)), Capture("client", "pbx1", (SIP, TO_UM, TO_PBX))),
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
]  # fmt: skip
