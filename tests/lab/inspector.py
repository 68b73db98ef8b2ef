"""A stand-in for a firewall's SMTP inspection, run inside the firewall's namespace.

nftables drops what it would forward on TCP 25; this program carries those frames to
the other leg instead, masked in place, so that lengths and sequence numbers hold:

    asa  the server's banner and the EHLO keywords it does not like
    pix  the banner, and EHLO itself, so that the client falls back to HELO
    cmap an older kind of banner mask, and EHLO itself
    strict  EHLO keywords outside a list, and the commands that would use them; the banner stays
    strip   STARTTLS is taken out of the reply as if it had never been there, by cutting the line short
"""

import re
import selectors
import socket
import struct
import sys

from network import HOSTS, SUBNETS

SMTP = 25
IPV4 = 0x0800
TCP = 6
LEGS = {subnet: f"fw-{subnet}" for subnet in ("per", "int")}
PLACES = {socket.inet_aton(host.v4): host for host in HOSTS.values() if host.subnet in LEGS}
UNWANTED = re.compile(rb"(?m)^(250[- ])(STARTTLS|CHUNKING|PIPELINING|SMTPUTF8|DSN|VRFY|ETRN)")
KEYWORD = re.compile(rb"(?m)^(250[- ])([A-Z][A-Z0-9-]*)(?=[ \r=])")
ALLOWED = (b"SIZE", b"8BITMIME", b"DSN", b"AUTH", b"HELP", b"ENHANCEDSTATUSCODES")
ALLOWED_VERBS = (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"QUIT", b"RSET", b"NOOP", b"AUTH")


def masked_banner(text: bytes) -> bytes:
    """`220 host ESMTP` as `220 **** *****`: spaces and the digits 2 and 0 stay."""
    end = text.find(b"\r")
    return text[:4] + re.sub(rb"[^ 20]", b"*", text[4:end]) + text[end:]


def crossed(hit: re.Match) -> bytes:
    """A keyword that is not allowed, as X with a last letter."""
    return hit[0] if hit[2] in ALLOWED else hit[1] + b"X" * (len(hit[2]) - 1) + b"A"


def strict(from_server: bool, text: bytes) -> bytes:
    if from_server:
        return KEYWORD.sub(crossed, text) if text.startswith(b"250-") else text
    verb = re.match(rb"[A-Za-z-]+(?=[ \r])", text)
    if verb and verb[0].upper() not in ALLOWED_VERBS and text.endswith(b"\r\n") and text.count(b"\r") == 1:
        return b"X" * (len(text) - 2) + b"\r\n"
    return text


def inspect(mode: str, from_server: bool, text: bytes) -> bytes:
    if mode == "strict":
        return strict(from_server, text)
    if mode == "strip":
        return text.replace(b"250-STARTTLS\r\n", b"250-SIZE 099\r\n") if from_server else text
    if mode == "cmap" and from_server and text.startswith(b"220 "):
        return b"220 SMTP/cmap" + b"_" * (len(text) - 19) + b"read\r\n"
    if from_server and text.startswith(b"220 ") and b"ESMTP" in text:
        return masked_banner(text)
    if mode == "asa" and from_server:
        return UNWANTED.sub(lambda hit: hit[1] + b"X" * len(hit[2]), text)
    if mode in ("pix", "cmap") and not from_server and text.upper().startswith(b"EHLO "):
        return b"XXXX" + text[4:]
    return text


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    even = data + bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(even) // 2}H", even))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forwarded(frame: bytes, mode: str) -> tuple[str, bytes] | None:
    """(leg, frame) to send for one received frame, None when it is not ours to carry."""
    if struct.unpack_from(">H", frame, 12)[0] != IPV4 or frame[23] != TCP:
        return None
    header = 14 + (frame[14] & 0x0F) * 4
    total = 14 + struct.unpack_from(">H", frame, 16)[0]
    source, destination = struct.unpack_from(">HH", frame, header)
    host = PLACES.get(frame[30:34])
    if SMTP not in (source, destination) or host is None:
        return None
    ip = bytearray(frame[14:header])
    ip[8] -= 1
    ip[10:12] = bytes(2)
    ip[10:12] = struct.pack(">H", checksum(bytes(ip)))
    data = header + (frame[header + 12] >> 4) * 4
    tcp = bytearray(frame[header:data] + inspect(mode, source == SMTP, frame[data:total]))
    tcp[16:18] = bytes(2)
    pseudo = bytes(ip[12:20]) + struct.pack(">HH", TCP, len(tcp))
    tcp[16:18] = struct.pack(">H", checksum(pseudo + bytes(tcp)))
    ethernet = adapter(host.mac) + adapter(f"00:15:5d:0a:{SUBNETS[host.subnet]:02x}:01") + frame[12:14]
    return LEGS[host.subnet], ethernet + bytes(ip) + bytes(tcp)


def adapter(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def main() -> None:
    mode = sys.argv[1]
    legs = {}
    selector = selectors.DefaultSelector()
    for device in LEGS.values():
        legs[device] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
        legs[device].bind((device, IPV4))
        selector.register(legs[device], selectors.EVENT_READ, device)
    print("inspecting", flush=True)
    while True:
        for key, _ in selector.select():
            frame, (_, _, kind, *_) = key.fileobj.recvfrom(65535)
            if kind == socket.PACKET_OUTGOING:
                continue
            if carried := forwarded(frame, mode):
                leg, out = carried
                if leg != key.data:
                    legs[leg].send(out)


if __name__ == "__main__":
    main()
