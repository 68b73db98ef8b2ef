"""A call between a telephony gateway (pbx1) and unified messaging (um1), played by sipp."""

import math
import pathlib
import struct

from network import HOSTS, WORK

SIP_PORT, WORKER_PORT, PBX_MEDIA, UM_MEDIA = 5060, 5065, 16000, 20000
FOLDER = WORK / "voice"
RTP_PACKETS, RTP_MS, PCMA = 130, 20, 8
CALL_MS = 3000

SDP = """v=0
o={host} 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
a=ptime:20
a=sendrecv
"""
REQUEST = """{method} sip:um@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:4711@[local_ip]:[local_port]>;tag=[pid]lab[call_number]
To: <sip:um@[remote_ip]:[remote_port]>{tag}
Call-ID: [call_id]
CSeq: {cseq} {sequence}
Contact: <sip:4711@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
"""
ANSWER = """SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=um[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:um@[local_ip]:[local_port];transport=[transport]>
"""
REPEAT = ANSWER.replace(";tag=um[call_number]", "")
NO_BODY = "Content-Length: 0\n\n"
BODY = "Content-Type: application/sdp\nContent-Length: [len]\n\n"


def _send(text: str) -> str:
    return f"<send><![CDATA[\n{text}]]></send>\n"


def _request(method: str, cseq: int, tag: str = "[peer_tag_param]", body: str = NO_BODY) -> str:
    sequence = "INVITE" if method == "ACK" else method
    return _send(REQUEST.format(method=method, cseq=cseq, tag=tag, sequence=sequence) + body)


def _play(media: pathlib.Path) -> str:
    return f'<nop><action><exec play_pcap_audio="{media}"/></action></nop>\n'


def _scenario(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="lab">\n{body}</scenario>\n'


def write_scripts() -> None:
    """The scripts and the media of both sides."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    from_pbx, from_um = FOLDER / "pbx1.pcap", FOLDER / "um1.pcap"
    from_pbx.write_bytes(tone(0x1AB0))
    from_um.write_bytes(tone(0x5F3C))
    half = f'<pause milliseconds="{CALL_MS // 2}"/>\n'
    caller = (
        _request("INVITE", 1, "", BODY + SDP.format(host="pbx1"))
        + '<recv response="100" optional="true"/>\n<recv response="180" optional="true"/>\n<recv response="200"/>\n'
        + _request("ACK", 1) + _play(from_pbx) + half
        + _request("INFO", 2) + '<recv response="200"/>\n' + half
        + _request("BYE", 3) + '<recv response="200"/>\n'
    )  # fmt: skip
    called = (
        '<recv request="INVITE"/>\n'
        + _send(ANSWER.format(status="180 Ringing") + NO_BODY)
        + _send(ANSWER.format(status="200 OK") + BODY + SDP.format(host="um1"))
        + '<recv request="ACK"/>\n' + _play(from_um)
        + '<recv request="INFO"/>\n' + _send(REPEAT.format(status="200 OK") + NO_BODY)
        + '<recv request="BYE"/>\n' + _send(REPEAT.format(status="200 OK") + NO_BODY)
        + '<pause milliseconds="300"/>\n'
    )  # fmt: skip
    one_way = (
        '<recv request="INVITE"/>\n'
        + _send(ANSWER.format(status="200 OK") + BODY + SDP.format(host="um1").replace("sendrecv", "recvonly"))
        + '<recv request="ACK"/>\n<recv request="INFO"/>\n' + _send(REPEAT.format(status="200 OK") + NO_BODY)
        + '<recv request="BYE"/>\n' + _send(REPEAT.format(status="200 OK") + NO_BODY)
        + '<pause milliseconds="300"/>\n'
    )  # fmt: skip
    (FOLDER / "recording.xml").write_text(_scenario(one_way))
    _write_turns(from_pbx, from_um)
    moved = ANSWER.format(status="302 Moved Temporarily").replace(":[local_port];transport", f":{WORKER_PORT};transport")
    redirecting = (
        '<recv request="INVITE"/>\n' + _send(moved + NO_BODY)
        + '<recv request="ACK"/>\n<pause milliseconds="200"/>\n'
    )  # fmt: skip
    redirected = (
        _request("INVITE", 1, "", BODY + SDP.format(host="pbx1"))
        + '<recv response="302"/>\n' + _request("ACK", 1) + '<pause milliseconds="400"/>\n'
    )  # fmt: skip
    (FOLDER / "redirecting.xml").write_text(_scenario(redirecting))
    (FOLDER / "redirected.xml").write_text(_scenario(redirected))
    (FOLDER / "caller.xml").write_text(_scenario(caller))
    (FOLDER / "called.xml").write_text(_scenario(called))


def _reinvite(sdp: str) -> str:
    return _request("INVITE", 4, body=BODY + sdp) + '<recv response="200"/>\n' + _request("ACK", 4)


def _write_turns(from_pbx: pathlib.Path, from_um: pathlib.Path) -> None:
    """Calls that take a turn: held, gone over to fax, ended at once, or spoken in one direction only."""
    ours, theirs = SDP.format(host="pbx1"), SDP.format(host="um1")
    voice = "m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\na=ptime:20\na=sendrecv"
    fax = (voice, "m=image [media_port] udptl t38\na=T38FaxVersion:0")
    answered = '<recv response="180" optional="true"/>\n<recv response="200"/>\n'
    begin = _request("INVITE", 1, "", BODY + ours) + answered + _request("ACK", 1)
    bye = _request("BYE", 5) + '<recv response="200"/>\n'
    rest = f'<pause milliseconds="{CALL_MS}"/>\n'
    turns = {
        # (after the call stands, at the caller; what the called one answers to the second INVITE)
        "hold": (
            _play(from_pbx) + rest + _reinvite(ours.replace("sendrecv", "inactive")) + rest,
            _play(from_um), theirs.replace("sendrecv", "inactive"),
        ),
        "hold-at-once": (_reinvite(ours.replace("sendrecv", "sendonly")) + rest, "", theirs.replace("sendrecv", "recvonly")),
        "fax": (_reinvite(ours.replace(*fax)) + rest, "", theirs.replace(*fax)),
        "short": (_play(from_pbx) + '<pause milliseconds="900"/>\n', _play(from_um), None),
        "muted": (rest, _play(from_um), None),
    }
    for name, (caller, called, answer) in turns.items():
        ok, again = REPEAT.format(status="200 OK"), ""
        if answer is not None:
            again = '<recv request="INVITE"/>\n' + _send(ok + BODY + answer) + '<recv request="ACK"/>\n'
        called = (
            '<recv request="INVITE"/>\n' + _send(ANSWER.format(status="200 OK") + BODY + theirs) + '<recv request="ACK"/>\n'
            + called + again + '<recv request="BYE"/>\n' + _send(ok + NO_BODY) + '<pause milliseconds="300"/>\n'
        )  # fmt: skip
        (FOLDER / f"{name}-caller.xml").write_text(_scenario(begin + caller + bye))
        (FOLDER / f"{name}-called.xml").write_text(_scenario(called))


def turn_commands(name: str) -> tuple[list[str], list[str]]:
    """(called, caller) of a call that takes a turn."""
    return _server(f"{name}-called.xml", SIP_PORT, UM_MEDIA), _client(f"{name}-caller.xml", SIP_PORT, None)


def called_command(port: int = SIP_PORT, host: str = "um1") -> list[str]:
    return _server("called.xml", port, UM_MEDIA, host)


def recording_command() -> list[str]:
    """um1 only listens (a=recvonly) and says so."""
    return _server("recording.xml", SIP_PORT, UM_MEDIA)


def redirecting_command() -> list[str]:
    return _server("redirecting.xml", SIP_PORT, UM_MEDIA + 100)


def handing_over_command() -> list[str]:
    """um1 sends its callers to the worker's port on mbx1, as a client access server does."""
    script = (FOLDER / "redirecting.xml").read_text()
    contact = f"Contact: <sip:um@{HOSTS['mbx1'].v4}:{WORKER_PORT};transport=tcp>"
    lines = [contact if line.startswith("Contact:") else line for line in script.splitlines()]
    (FOLDER / "handing-over.xml").write_text("\n".join(lines) + "\n")
    return _server("handing-over.xml", SIP_PORT, UM_MEDIA + 100)


def _server(script: str, port: int, media: int, host: str = "um1") -> list[str]:
    address = HOSTS[host].v4
    return ["sipp", "-sf", str(FOLDER / script), "-i", address, "-p", str(port), "-t", "t1",
            "-mi", address, "-mp", str(media), "-m", "1", "-nostdin", "-timeout", "30"]  # fmt: skip


def caller_command(port: int = SIP_PORT, call: str | None = None, host: str = "um1", over: str = "t1") -> list[str]:
    return _client("caller.xml", port, call, host, over)


def redirected_command(turn: int) -> list[str]:
    return _client("redirected.xml", SIP_PORT, f"redirected-{turn}")


def _client(script: str, port: int, call: str | None, host: str = "um1", over: str = "t1") -> list[str]:
    """`call` is the Call-ID, where a second call has to go on with the first one's."""
    address = HOSTS["pbx1"].v4
    named = ["-cid_str", f"{call}@{address}"] if call else []
    return ["sipp", f"{HOSTS[host].v4}:{port}", "-sf", str(FOLDER / script), "-i", address, "-t", over,
            "-mi", address, "-mp", str(PBX_MEDIA), "-m", "1", "-nostdin", "-timeout", "20", *named]  # fmt: skip


def tone(source: int) -> bytes:
    """A pcap of RTP carrying a 440 Hz tone, in the shape sipp plays (addresses are replaced)."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    samples = 8 * RTP_MS
    for number in range(RTP_PACKETS):
        audio = bytes(_a_law(8000 * math.sin(2 * math.pi * 440 * (number * samples + i) / 8000)) for i in range(samples))
        rtp = struct.pack(">BBHII", 0x80, PCMA | (0x80 if number == 0 else 0), number, number * samples, source) + audio
        udp = struct.pack(">HHHH", 4000, 4000, 8 + len(rtp), 0) + rtp
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, bytes(4), bytes(4))
        frame = bytes(12) + b"\x08\x00" + ip + udp
        milliseconds = number * RTP_MS
        out += struct.pack("<IIII", milliseconds // 1000, milliseconds % 1000 * 1000, len(frame), len(frame)) + frame
    return out


def _a_law(sample: float) -> int:
    """G.711 A-law of one 16-bit sample."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(int(abs(sample)) >> 4, 2047)
    exponent = max(magnitude.bit_length() - 5, 0)
    mantissa = (magnitude >> max(exponent, 1)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55
