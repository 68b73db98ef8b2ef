"""A long line between two devices of its namespace: every frame is carried late, and some
never, or after those that follow it.

    wan.py MILLISECONDS JITTER LOST REORDERED      each way; shares from 0 to 1

ARP and neighbour discovery are never lost: a scenario is about the servers' packets.
"""

import heapq
import random
import selectors
import socket
import struct
import sys
import time

from network import LINE_ENDS

EVERY_PROTOCOL = 0x0003
CARRIED_PROTOCOLS = (6, 17)  # TCP, UDP
OVERTAKEN_MS = (3.0, 9.0)


class Line:
    """The frames under way."""

    def __init__(self, delay: float, jitter: float, lost: float, reordered: float):
        self.delay, self.jitter, self.lost, self.reordered = delay / 1000, jitter / 1000, lost, reordered
        self.dice = random.Random(20130218)
        self.due: list[tuple[float, int, socket.socket, bytes]] = []
        self.latest: dict[int, float] = {}
        self.count = 0

    def take(self, frame: bytes, out: socket.socket) -> None:
        if may_be_lost(frame) and self.dice.random() < self.lost:
            return
        at = time.monotonic() + self.delay + self.dice.uniform(0, self.jitter)
        # Jitter alone does not reorder: a queue lets nobody overtake.
        at = max(at, self.latest.get(out.fileno(), 0))
        if self.dice.random() < self.reordered:
            at += self.dice.uniform(*OVERTAKEN_MS) / 1000
        else:
            self.latest[out.fileno()] = at
        self.count += 1
        heapq.heappush(self.due, (at, self.count, out, frame))

    def deliver(self) -> float | None:
        """Send what is due; seconds until the next frame, None when there is none."""
        while self.due:
            wait = self.due[0][0] - time.monotonic()
            if wait > 0:
                return wait
            _, _, out, frame = heapq.heappop(self.due)
            out.send(frame)
        return None


def may_be_lost(frame: bytes) -> bool:
    kind = struct.unpack_from(">H", frame, 12)[0]
    return (kind == 0x0800 and frame[23] in CARRIED_PROTOCOLS) or (kind == 0x86DD and frame[20] in CARRIED_PROTOCOLS)


def main() -> None:
    line = Line(*map(float, sys.argv[1:5]))
    selector = selectors.DefaultSelector()
    ends = []
    for device in LINE_ENDS:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
        end.bind((device, EVERY_PROTOCOL))
        end.setblocking(False)
        ends.append(end)
    for end, other in zip(ends, reversed(ends), strict=True):
        selector.register(end, selectors.EVENT_READ, other)
    print("carrying", flush=True)
    while True:
        for key, _ in selector.select(line.deliver()):
            frame, (_, _, kind, *_) = key.fileobj.recvfrom(65535)
            if kind != socket.PACKET_OUTGOING:
                line.take(frame, key.data)


if __name__ == "__main__":
    main()
