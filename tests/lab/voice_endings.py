"""Calls that come to nothing, or begin before they are answered; played by sipp."""

import voice_server as voice

FOLDER = voice.FOLDER


def _final(status: str, with_sdp: bool = False) -> str:
    """The called one's answer."""
    body = voice.BODY + voice.SDP.format(host="um1") if with_sdp else voice.NO_BODY
    return voice._send(voice.ANSWER.format(status=status) + body)


def write_scripts() -> None:
    """Scripts of both sides for each ending."""
    voice.write_scripts()
    ours = voice.BODY + voice.SDP.format(host="pbx1")
    invite = voice._request("INVITE", 1, "", ours)
    ack, bye = voice._request("ACK", 1), voice._request("BYE", 3)
    asked, wait = '<recv request="INVITE"/>\n', '<pause milliseconds="1500"/>\n'
    done = '<pause milliseconds="300"/>\n'
    for status in ("486 Busy Here", "503 Service Unavailable", "603 Decline"):
        code = status[:3]
        caller = invite + f'<recv response="180" optional="true"/>\n<recv response="{code}"/>\n' + ack + done
        called = asked + _final("180 Ringing") + wait + _final(status) + '<recv request="ACK"/>\n' + done
        _write(code, caller, called)
    # Rung for a while, then the caller hangs up.
    cancel = voice._request("CANCEL", 1, "")
    terminated = voice._send(voice.ANSWER.format(status="487 Request Terminated").replace("[last_CSeq:]", "CSeq: 1 INVITE") + voice.NO_BODY)
    _write(
        "cancelled",
        invite + '<recv response="180"/>\n<pause milliseconds="4000"/>\n' + cancel
        + '<recv response="200"/>\n<recv response="487"/>\n' + ack + done,
        asked + _final("180 Ringing") + '<recv request="CANCEL"/>\n' + voice._send(voice.REPEAT.format(status="200 OK") + voice.NO_BODY)
        + terminated + '<recv request="ACK"/>\n' + done,
    )  # fmt: skip
    # An announcement before the answer, in one direction; then a call both ways.
    talk = f'<pause milliseconds="{voice.CALL_MS}"/>\n'
    end = '<recv request="BYE"/>\n' + voice._send(voice.REPEAT.format(status="200 OK") + voice.NO_BODY) + done
    _write(
        "early",
        invite + '<recv response="183"/>\n<recv response="200"/>\n' + ack + voice._play(FOLDER / "pbx1.pcap") + talk
        + bye + '<recv response="200"/>\n',
        asked + _final("183 Session Progress", True) + voice._play(FOLDER / "um1.pcap") + talk + _final("200 OK", True)
        + '<recv request="ACK"/>\n' + voice._play(FOLDER / "um1.pcap") + end,
    )  # fmt: skip
    # um1 names an address behind a translator that forgot to rewrite it.
    wrong = voice.SDP.format(host="um1").replace("[media_ip]", "10.10.2.99")
    _write(
        "wrong-address",
        invite + '<recv response="200"/>\n' + ack + voice._play(FOLDER / "pbx1.pcap") + talk + bye + '<recv response="200"/>\n',
        asked + voice._send(voice.ANSWER.format(status="200 OK") + voice.BODY + wrong) + '<recv request="ACK"/>\n'
        + voice._play(FOLDER / "um1.pcap") + end,
    )  # fmt: skip


def _write(name: str, caller: str, called: str) -> None:
    (FOLDER / f"{name}-caller.xml").write_text(voice._scenario(caller))
    (FOLDER / f"{name}-called.xml").write_text(voice._scenario(called))
