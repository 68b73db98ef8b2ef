"""Calls that are not answered, calls that begin with an announcement, and a wrong address in the promise of media."""

import voice_endings
import voice_server
from firewall import Policy
from scenarios.voice import STAND_IN
from stage import Stage
from story import Capture, Scenario, clear
from voice_server import PBX_MEDIA, SIP_PORT, UM_MEDIA

HOSTS = ("pbx1", "um1")
SIP = clear("pbx1", "um1", SIP_PORT)
TO_UM = clear("pbx1", "um1", UM_MEDIA, transport="udp")
TO_PBX = clear("um1", "pbx1", PBX_MEDIA, transport="udp")


def _calls(*names: str):
    """One after the other. sipp counts a call that is turned down as failed."""

    def play(stage: Stage) -> None:
        voice_endings.write_scripts()
        for name in names:
            called, caller = voice_server.turn_commands(name)
            answering = stage.start("um1", *called)
            stage.pause(0.7)
            stage.do("pbx1", *caller, check=False)
            stage.finish(answering)

    return play


def _call(name: str, title: str, purpose: str, truth: tuple, *names: str) -> Scenario:
    return Scenario(
        "ringing", name, title, purpose, (), (Capture("client", "pbx1", truth), Capture("server", "um1", truth)),
        _calls(*names), HOSTS, Policy(), STAND_IN,
    )  # fmt: skip


SCENARIOS = [
    _call("turned-down", "Busy, unavailable, declined", "486, 503 and 603: promises of media that nobody has to keep.",
          (SIP,), "486", "503", "603"),
    _call("cancelled", "A caller hangs up before anybody answers", "CANCEL and 487 after four seconds of ringing.", (SIP,), "cancelled"),
    _call("announcement", "An announcement before the answer", "Early media in one direction, then a call in both.",
          (SIP, TO_UM, TO_PBX), "early"),
    _call("wrong-address", "The promise of media names a wrong address",
          "A translator does not rewrite it: the caller's media leaves for where nobody is, and no packet is dropped.",
          (SIP, TO_PBX), "wrong-address"),
]  # fmt: skip
