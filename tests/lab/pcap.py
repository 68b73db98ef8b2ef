"""Reading, editing and writing classic pcap files, for captures that no kernel would record so.

An edit takes frames and gives frames. The edits stand for what happens between the
wire and the file: lost frames, both sides of a trunk mirrored, one direction mirrored, cut ends.
"""

import pathlib
import random
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

MAGIC = 0xA1B2C3D4
HEADER, RECORD = struct.Struct("<IHHiIII"), struct.Struct("<IIII")
MICROSECONDS = 1_000_000
ETHERNET_ADDRESSES = 12
VLAN = 0x8100
IPV4, IPV6, TCP = 0x0800, 0x86DD, 6
SYN, ACK = 0x02, 0x10


@dataclass(frozen=True)
class Frame:
    at: int  # microseconds
    octets: bytes
    length: int  # on the wire

    @property
    def tcp_flags(self) -> int | None:
        """Of an IPv4 segment without VLAN tag; None for anything else."""
        kind = struct.unpack_from(">H", self.octets, ETHERNET_ADDRESSES)[0]
        if kind != IPV4 or self.octets[23] != TCP:
            return None
        return self.octets[14 + (self.octets[14] & 0x0F) * 4 + 13]

    @property
    def tcp_destination(self) -> int | None:
        if self.tcp_flags is None:
            return None
        return struct.unpack_from(">H", self.octets, 14 + (self.octets[14] & 0x0F) * 4 + 2)[0]


Edit = Callable[[list[Frame]], list[Frame]]


def read(path: pathlib.Path) -> list[Frame]:
    data = path.read_bytes()
    if HEADER.unpack_from(data)[0] != MAGIC:
        raise ValueError(f"{path}: not a little-endian pcap of microseconds")
    frames, at = [], HEADER.size
    while at < len(data):
        seconds, micros, captured, length = RECORD.unpack_from(data, at)
        at += RECORD.size
        frames.append(Frame(seconds * MICROSECONDS + micros, data[at : at + captured], length))
        at += captured
    return frames


def write(path: pathlib.Path, frames: Iterable[Frame]) -> None:
    """As Ethernet."""
    out = [HEADER.pack(MAGIC, 2, 4, 0, 0, 65535, 1)]
    for frame in frames:
        seconds, micros = divmod(frame.at, MICROSECONDS)
        out.append(RECORD.pack(seconds, micros, len(frame.octets), frame.length) + frame.octets)
    path.write_bytes(b"".join(out))


def lose(share: float, seed: int = 1) -> Edit:
    """A busy capturing machine: frames missing at random."""

    def edit(frames: list[Frame]) -> list[Frame]:
        dice = random.Random(seed)
        return [frame for frame in frames if dice.random() >= share]

    return edit


def bursts(every: int, run: int, seed: int = 1) -> Edit:
    """An oversubscribed mirror port: runs of frames missing, about one run in `every` frames, from all conversations."""

    def edit(frames: list[Frame]) -> list[Frame]:
        dice = random.Random(seed)
        kept, skip = [], 0
        for frame in frames:
            if skip:
                skip -= 1
            elif dice.random() < 1 / every:
                skip = dice.randrange(run // 2, run + run // 2)
            else:
                kept.append(frame)
        return kept

    return edit


def trunk_late(first: int, second: int, microseconds: int) -> Edit:
    """A mirrored trunk whose second copy passes another queue: it comes so much later, behind newer frames."""

    def edit(frames: list[Frame]) -> list[Frame]:
        copies = [_tagged(frame, first) for frame in frames]
        copies += [replace(_tagged(frame, second), at=frame.at + microseconds) for frame in frames]
        return sorted(copies, key=lambda frame: frame.at)

    return edit


def without_answers(server_mac: str, port: int) -> Edit:
    """The answers from one port leave the server by another card, which is not mirrored; all else is."""
    sender = bytes.fromhex(server_mac.replace(":", ""))

    def is_answer(frame: Frame) -> bool:
        at = ETHERNET_ADDRESSES + 2 + (frame.octets[14] & 0x0F) * 4
        return (
            frame.octets[6:12] == sender
            and frame.tcp_flags is not None
            and struct.unpack_from(">H", frame.octets, at)[0] == port
        )

    return lambda frames: [frame for frame in frames if not is_answer(frame)]


def clock_forward(port: int, seconds: float, count: int = 1, more: float = 0.0) -> Edit:
    """The capturing machine's clock is set forward, `more` seconds after the `count`th SYN to a port."""

    def edit(frames: list[Frame]) -> list[Frame]:
        at = _nth_syn(frames, port, count).at + int(more * MICROSECONDS)
        on = int(seconds * MICROSECONDS)
        return [replace(frame, at=frame.at + on) if frame.at > at else frame for frame in frames]

    return edit


def trunk(*tags: int) -> Edit:
    """A mirrored trunk: each frame once per VLAN it crosses, some microseconds apart."""

    def edit(frames: list[Frame]) -> list[Frame]:
        copies = [
            replace(_tagged(frame, tag), at=frame.at + turn * 7) for frame in frames for turn, tag in enumerate(tags)
        ]
        return sorted(copies, key=lambda frame: frame.at)

    return edit


def twice(microseconds: int = 15) -> Edit:
    """Two mirror sessions to one port: each frame twice, bit by bit the same."""

    def edit(frames: list[Frame]) -> list[Frame]:
        copies = [replace(frame, at=frame.at + turn * microseconds) for frame in frames for turn in range(2)]
        return sorted(copies, key=lambda frame: frame.at)

    return edit


def cut_to(octets: int) -> Edit:
    """A short snap length."""
    return lambda frames: [replace(frame, octets=frame.octets[:octets]) for frame in frames]


def only_from(mac: str) -> Edit:
    """One direction of a mirrored port."""
    sender = bytes.fromhex(mac.replace(":", ""))
    return lambda frames: [frame for frame in frames if frame.octets[6:12] == sender]


def only_to(mac: str) -> Edit:
    receiver = bytes.fromhex(mac.replace(":", ""))
    return lambda frames: [frame for frame in frames if frame.octets[:6] == receiver]


def ends_after_syn(port: int, count: int = 1, more: float = 0.0) -> Edit:
    """Ends `more` seconds after the `count`th SYN to a port, that SYN included."""

    def edit(frames: list[Frame]) -> list[Frame]:
        end = _nth_syn(frames, port, count).at + int(more * MICROSECONDS)
        return [frame for frame in frames if frame.at <= end]

    return edit


def ends_after_syn_ack(port: int) -> Edit:
    """Ends with the answer to the first SYN: the handshake is never seen complete."""

    def edit(frames: list[Frame]) -> list[Frame]:
        asked = frames.index(_nth_syn(frames, port, 1))
        answered = next(n for n in range(asked, len(frames)) if (frames[n].tcp_flags or 0) & (SYN | ACK) == SYN | ACK)
        return frames[: answered + 1]

    return edit


def starts_after_syn(port: int, count: int = 1) -> Edit:
    """Starts right after the `count`th SYN to a port."""

    def edit(frames: list[Frame]) -> list[Frame]:
        return frames[frames.index(_nth_syn(frames, port, count)) + 1 :]

    return edit


def gap(port: int, before: float, after: float) -> Edit:
    """A hole of some seconds around the first SYN to a port, as between two files of a ring buffer."""

    def edit(frames: list[Frame]) -> list[Frame]:
        middle = _nth_syn(frames, port, 1).at
        start, end = middle - int(before * MICROSECONDS), middle + int(after * MICROSECONDS)
        return [frame for frame in frames if not start <= frame.at <= end]

    return edit


def clock_back(port: int, seconds: float) -> Edit:
    """The capturing machine's clock is set back after the first SYN to a port."""

    def edit(frames: list[Frame]) -> list[Frame]:
        at = frames.index(_nth_syn(frames, port, 1))
        back = int(seconds * MICROSECONDS)
        return [replace(frame, at=frame.at - back if n > at else frame.at) for n, frame in enumerate(frames)]

    return edit


def _nth_syn(frames: list[Frame], port: int, count: int) -> Frame:
    syns = [f for f in frames if f.tcp_destination == port and (f.tcp_flags or 0) & (SYN | ACK) == SYN]
    return syns[count - 1]


def _tagged(frame: Frame, tag: int) -> Frame:
    inner = frame.octets[ETHERNET_ADDRESSES:]
    octets = frame.octets[:ETHERNET_ADDRESSES] + struct.pack(">HH", VLAN, tag) + inner
    return replace(frame, octets=octets, length=frame.length + 4)
