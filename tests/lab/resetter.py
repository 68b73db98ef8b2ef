"""A stand-in for an inspecting device that resets both ends of a connection at once, run
inside the firewall's namespace. nftables drops what this program answers.

    resetter.py PORT OCTETS TTL     after OCTETS from the client, RST to client and server in the other's name
    resetter.py PORT OCTETS TTL server    to the server alone
"""

import socket
import struct
import sys

from inspector import IPV4, TCP, adapter, checksum
from network import HOSTS, SUBNETS

RST, ACK, SYN = 0x04, 0x10, 0x02
PLACES = {socket.inet_aton(host.v4): host for host in HOSTS.values()}


def reset(source: bytes, target: bytes, ports: tuple[int, int], sequence: int, acknowledges: int, ttl: int) -> bytes:
    """An Ethernet frame with a RST from `source` to `target`."""
    host = PLACES[target]
    segment = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledges, 0x50, RST | ACK, 0, 0, 0)
    total = checksum(source + target + struct.pack(">HH", TCP, len(segment)) + segment)
    segment = segment[:16] + struct.pack(">H", total) + segment[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, ttl, TCP, 0) + source + target
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    ethernet = adapter(host.mac) + adapter(f"00:15:5d:0a:{SUBNETS[host.subnet]:02x}:01") + struct.pack(">H", IPV4)
    return ethernet + ip + segment


def main() -> None:
    port, limit, ttl = map(int, sys.argv[1:4])
    to_both = sys.argv[4:] != ["server"]
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    sent: dict[tuple[bytes, int], int] = {}
    done = set()
    print("watching", flush=True)
    while True:
        frame, (_, _, kind, *_) = wire.recvfrom(65535)
        if kind == socket.PACKET_OUTGOING or frame[23] != TCP:
            continue
        at = 14 + (frame[14] & 0x0F) * 4
        source, destination, sequence, acknowledges, offset, _ = struct.unpack_from(">HHIIBB", frame, at)
        if destination != port:
            continue
        client, server = frame[26:30], frame[30:34]
        size = 14 + struct.unpack_from(">H", frame, 16)[0] - at - (offset >> 4) * 4
        key = (client, source)
        sent[key] = sent.get(key, 0) + size
        if sent[key] <= limit or key in done:
            continue
        done.add(key)
        resets = (
            (client, reset(server, client, (port, source), acknowledges, sequence + size, ttl)),
            # Alone it comes behind the packet that it answers, so that is where it has to fit.
            (server, reset(client, server, (source, port), sequence if to_both else sequence + size, acknowledges, ttl)),
        )
        for target, out in resets if to_both else resets[1:]:
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as leg:
                leg.bind((f"fw-{PLACES[target].subnet}", 0))
                leg.send(out)


if __name__ == "__main__":
    main()
