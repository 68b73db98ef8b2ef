"""A client with a TCP of its own that behaves as Windows does where a capture shows it.

SYNs are sent at 0, 3 and 9 s with a give-up at 21 s (up to Windows Server 2008 R2), or
at 0, 1, 3 and 7 s with a give-up at 15 s (later ones). A RST that answers a SYN is not
believed: the same SYN goes out again after half a second, three times in all. TTL 128,
IP identification counting up, Windows' order of TCP options.

    windows.py old|new tcp HOST PORT             connect and close
    windows.py old|new https HOST PORT           GET over TLS
    windows.py old|new rpc HOST INTERFACE        endpoint mapper, then the port it names

It prints the same words as client.py. The host's kernel has to be kept from answering
(network.OWN_STACKS), and knows nothing of these connections.
"""

import random
import select
import socket
import ssl
import struct
import sys
import time

import exchange_rpc
from client import word_for
from inspector import IPV4, TCP, adapter, checksum
from network import HOSTS, SUBNETS

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
MSS = 1460
# (seconds of the SYNs, give-up, window of the SYN)
CLOCKS = {"old": ((0.0, 3.0, 9.0), 21.0, 8192), "new": ((0.0, 1.0, 3.0, 7.0), 15.0, 64240)}
REFUSALS, REFUSED_AGAIN = 3, 0.5
DATA_RETRIES, FIRST_RTO = 5, 0.3
SYN_OPTIONS = struct.pack(">BBH BBBB BBBB", 2, 4, MSS, 1, 3, 3, 8, 1, 1, 4, 2)  # MSS, window scale, SACK


class Host:
    """The raw device and what all connections of this host share."""

    def __init__(self) -> None:
        own = HOSTS[socket.gethostname()]
        self.address = socket.inet_aton(own.v4)
        self.ethernet = adapter(f"00:15:5d:0a:{SUBNETS[own.subnet]:02x}:01") + adapter(own.mac) + struct.pack(">H", IPV4)
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
        self.wire.bind(("eth0", IPV4))
        self.identification = 0

    def send(self, to: bytes, segment: bytes) -> None:
        """`segment` with a zero checksum field."""
        # One counter for the whole host, as Windows has; its processes here share only the clock.
        self.identification = max(self.identification + 1, int(time.monotonic() * 500))
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), self.identification & 0xFFFF, 0x4000, 128, TCP, 0)
        pseudo = self.address + to + struct.pack(">HH", TCP, len(segment))
        total = checksum(pseudo + segment)
        segment = segment[:16] + struct.pack(">H", total) + segment[18:]
        ip = head + self.address + to
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        self.wire.send(self.ethernet + ip + segment)

    def receive(self, seconds: float) -> bytes | None:
        """One IPv4 packet meant for this host, None when the time is over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.wire], [], [], left)[0]:
                return None
            frame, (_, _, kind, *_) = self.wire.recvfrom(65535)
            if kind != socket.PACKET_OUTGOING and frame[23] == TCP and frame[30:34] == self.address:
                return frame[14:]
        return None


class Connection:
    """One connection; the socket methods that TLS and RPC callers need."""

    def __init__(self, host: Host, server: str, port: int, clock: str):
        self.host, self.port = host, port
        self.server = socket.inet_aton(HOSTS[server].v4 if server in HOSTS else server)
        self.clock = clock
        self.local = random.randrange(49152, 65535)
        # What is not acknowledged yet begins at `sent`; `next` follows the last octet sent.
        self.sent = self.next = random.randrange(1 << 32)
        self.got = 0
        self.arrived = b""
        self.ended = False
        self.acknowledged = self.sent
        self._open()

    def sendall(self, data: bytes) -> None:
        for at in range(0, len(data), MSS):
            self._deliver(PSH | ACK, data[at : at + MSS])

    def recv(self, count: int) -> bytes:
        end = time.monotonic() + 25
        while not self.arrived and not self.ended:
            if time.monotonic() > end:
                raise TimeoutError
            self._hear(0.2)
        taken, self.arrived = self.arrived[:count], self.arrived[count:]
        return taken

    def close(self) -> None:
        if not self.ended:
            self._deliver(FIN | ACK, b"")
            end = time.monotonic() + 2
            while not self.ended and time.monotonic() < end:
                self._hear(0.2)
            return
        self._deliver(FIN | ACK, b"")

    def _open(self) -> None:
        times, give_up, window = CLOCKS[self.clock]
        start, refusals = time.monotonic(), 0
        due = list(times)
        while (now := time.monotonic() - start) < give_up:
            if due and now >= due[0]:
                due.pop(0)
                self._send(SYN, SYN_OPTIONS, window=window)
            wait = (due[0] if due else give_up) - (time.monotonic() - start)
            segment = self._segment(max(wait, 0.001))
            if segment is None:
                continue
            flags, sequence, acknowledges, _ = segment
            if flags & RST:
                refusals += 1
                if refusals == REFUSALS:
                    raise ConnectionRefusedError(111, "refused")
                due = [time.monotonic() - start + REFUSED_AGAIN]
            elif flags & (SYN | ACK) == SYN | ACK:
                self.sent = self.next = self.acknowledged = acknowledges
                self.got = (sequence + 1) & 0xFFFFFFFF
                self._send(ACK)
                return
        raise TimeoutError

    def _deliver(self, flags: int, data: bytes) -> None:
        """Send one segment until it is acknowledged, as often as Windows does."""
        after = (self.sent + len(data) + (flags & FIN)) & 0xFFFFFFFF
        self.next = after
        wait = FIRST_RTO
        for _ in range(1 + DATA_RETRIES):
            self._send(flags, data=data)
            end = time.monotonic() + wait
            while time.monotonic() < end:
                self._hear(end - time.monotonic())
                if self.acknowledged == after:
                    self.sent = after
                    return
            wait *= 2
        self._send(RST | ACK, window=0)
        raise TimeoutError

    def _hear(self, seconds: float) -> None:
        segment = self._segment(max(seconds, 0.001))
        if segment is None:
            return
        flags, sequence, acknowledges, data = segment
        if flags & RST:
            raise ConnectionResetError(104, "reset")
        if flags & ACK:
            self.acknowledged = acknowledges
        if (data or flags & FIN) and sequence == self.got:
            self.arrived += data
            self.ended = bool(flags & FIN)
            self.got = (self.got + len(data) + int(self.ended)) & 0xFFFFFFFF
        if data or flags & (FIN | SYN):
            self._send(ACK)

    def _send(self, flags: int, options: bytes = b"", data: bytes = b"", window: int = 256) -> None:
        offset = (20 + len(options)) // 4 << 4
        got = self.got if flags & ACK else 0
        sequence = self.sent if data or flags & (SYN | FIN) else self.next
        head = struct.pack(">HHIIBBHHH", self.local, self.port, sequence, got, offset, flags, window, 0, 0)
        self.host.send(self.server, head + options + data)

    def _segment(self, seconds: float) -> tuple[int, int, int, bytes] | None:
        """(flags, sequence, acknowledgement, data) of this connection's next segment."""
        packet = self.host.receive(seconds)
        if packet is None or packet[12:16] != self.server:
            return None
        segment = packet[20 : struct.unpack_from(">H", packet, 2)[0]]
        source, destination, sequence, acknowledges, offset, flags = struct.unpack_from(">HHIIBB", segment)
        if (source, destination) != (self.port, self.local):
            return None
        return flags, sequence, acknowledges, segment[(offset >> 4) * 4 :]


def https(connection: Connection) -> str:
    """One GET over TLS on a connection that is not a kernel's."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="exlab.test")

    def step(job):
        while True:
            try:
                done = job()
            except ssl.SSLWantReadError:
                done = None
            if outgoing.pending:
                connection.sendall(outgoing.read())
            if done is not None:
                return done
            more = connection.recv(65535)
            if not more:
                return b""
            incoming.write(more)

    step(lambda: tls.do_handshake() or True)
    step(lambda: tls.write(b"GET /owa/ HTTP/1.1\r\nHost: exlab.test\r\nConnection: close\r\n\r\n"))
    answer = step(lambda: tls.read(65535))
    connection.close()
    return "answered" if answer.startswith(b"HTTP/1.1 200") else "closed"


def main() -> None:
    clock, job, server, where = sys.argv[1:]
    host = Host()
    try:
        match job:
            case "tcp":
                Connection(host, server, int(where), clock).close()
                word = "answered"
            case "https":
                word = https(Connection(host, server, int(where), clock))
            case "rpc":
                word = exchange_rpc.call_by(lambda port: Connection(host, server, port, clock), where)
            case _:
                sys.exit(__doc__)
    except OSError as error:
        word = word_for(error)
    print(word)


if __name__ == "__main__":
    main()
