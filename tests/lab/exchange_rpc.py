"""A stand-in for Exchange's RPC services: the endpoint mapper and interfaces on dynamic ports.

No Exchange server can run here. What a network and an analyzer can see is true to
C706: bind, ept_map with towers, request, response, fault. What is inside the calls is
not: stubs are pseudo-random octets, and binds carry no authentication.

    exchange_rpc.py serve emsmdb=59531 nspi=59532 rfr=59532 [--stale rfr=49777]
    exchange_rpc.py call HOST emsmdb [--opnums 10,11,11,1]
"""

import argparse
import hashlib
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable

from client import connect, word_for

EPM_PORT = 135
INTERFACES = {
    "epm": ("e1af8308-5d1f-11c9-91a4-08002b14a0fa", 3, 0),
    "emsmdb": ("a4f1db00-ca47-1067-b31f-00dd010662da", 0, 81),
    "asyncemsmdb": ("5261574a-4572-206e-b268-6b199213b4e4", 0, 1),
    "nspi": ("f5cc5a18-4264-101a-8c59-08002b2f8426", 56, 0),
    "rfr": ("1544f5e0-613c-11d1-93df-00c04fd7bd09", 1, 0),
    "store": ("a4f1db00-ca47-1067-b31e-00dd010662da", 1, 0),
    "drsuapi": ("e3514235-4b06-11d1-ab04-00c04fc2dcd2", 4, 0),
    "netlogon": ("12345678-1234-abcd-ef00-01234567cffb", 1, 0),
}
NDR = ("8a885d04-1ceb-11c9-9fe8-08002b104860", 2)
BIND_TIME_FEATURES = ("6cb71c2c-9812-4540-0300-000000000000", 1)
NO_SYNTAX = ("00000000-0000-0000-0000-000000000000", 0)

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK = 0, 2, 3, 11, 12
WHOLE = 0x03  # first and last fragment
MAX_FRAGMENT = 5840
EPT_LOOKUP, EPT_MAP = 2, 3
NOT_REGISTERED = 0x16C9A0D6
UNKNOWN_OPNUM = 0x1C010002
# Not opnums of any interface: how a scenario asks the stand-in to misbehave.
ABORT_WITH_RST = 98
ANSWER_LATE = 99
LATE_SECONDS = 2.0


def pdu(kind: int, call: int, body: bytes, credentials: bytes = b"") -> bytes:
    """The common header (C706 12.6.3.1), little-endian, ASCII, one fragment, and a verifier if there is one."""
    if credentials:
        body = padded(body) + struct.pack("<BBBBI", 16, 6, 0, 0, 1) + credentials
    return struct.pack("<BBBBIHHI", 5, 0, kind, WHOLE, 0x10, 16 + len(body), len(credentials), call) + body


def read_pdu(connection: socket.socket) -> tuple[int, int, bytes] | None:
    """(kind, call, body), or None when the peer closed."""
    head = _exactly(connection, 16)
    if head is None:
        return None
    kind, length, call = head[2], struct.unpack_from("<H", head, 8)[0], struct.unpack_from("<I", head, 12)[0]
    body = _exactly(connection, length - 16)
    return None if body is None else (kind, call, body)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    got = b""
    while len(got) < count:
        more = connection.recv(count - len(got))
        if not more:
            return None
        got += more
    return got


def syntax(identifier: str, version: int) -> bytes:
    return uuid.UUID(identifier).bytes_le + struct.pack("<I", version)


def octets(label: str, count: int) -> bytes:
    """Repeatable filler in place of a real stub."""
    return hashlib.shake_256(label.encode()).digest(count)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


# Towers (C706 Appendix L): interface, transfer syntax, RPC, TCP port, IP address.


def tower(interface: str, port: int, address: str) -> bytes:
    identifier, major, minor = INTERFACES[interface]
    floors = [
        (b"\x0d" + uuid.UUID(identifier).bytes_le + struct.pack("<H", major), struct.pack("<H", minor)),
        (b"\x0d" + uuid.UUID(NDR[0]).bytes_le + struct.pack("<H", NDR[1]), struct.pack("<H", 0)),
        (b"\x0b", struct.pack("<H", 0)),
        (b"\x07", struct.pack(">H", port)),
        (b"\x09", socket.inet_aton(address)),
    ]
    sized = b"".join(struct.pack("<H", len(part)) + part for floor in floors for part in floor)
    return struct.pack("<H", len(floors)) + sized


def map_request(interface: str) -> bytes:
    wanted = tower(interface, EPM_PORT, "0.0.0.0")
    obj = struct.pack("<I", 1) + bytes(16)
    pointer = struct.pack("<III", 2, len(wanted), len(wanted)) + wanted
    return padded(obj + pointer) + bytes(20) + struct.pack("<I", 4)


def lookup_request() -> bytes:
    """All elements, whatever their version, at most 500 (C706 ept_lookup)."""
    return struct.pack("<IIII", 0, 0, 0, 1) + bytes(20) + struct.pack("<I", 500)


def lookup_answer(registered: dict[str, int], address: str) -> bytes:
    """Every element with its annotation; the handle is null: there is no more."""
    count = len(registered)
    heads, towers = b"", b""
    for number, (interface, port) in enumerate(registered.items()):
        note = f"{interface}\0".encode()
        heads += padded(bytes(16) + struct.pack("<III", 3 + number, 0, len(note)) + note)
        found = tower(interface, port, address)
        towers += padded(struct.pack("<II", len(found), len(found)) + found)
    return bytes(20) + struct.pack("<IIII", count, count, 0, count) + heads + towers + struct.pack("<I", 0)


def map_answer(interface: str | None, port: int, address: str) -> bytes:
    if interface is None:
        return bytes(20) + struct.pack("<IIIII", 0, 4, 0, 0, NOT_REGISTERED)
    found = tower(interface, port, address)
    array = struct.pack("<IIII", 4, 0, 1, 3)
    entry = padded(struct.pack("<II", len(found), len(found)) + found)
    return bytes(20) + struct.pack("<I", 1) + array + entry + struct.pack("<I", 0)


def asked_interface(stub: bytes) -> str | None:
    """The name behind the first floor of an ept_map request, if it is one of ours."""
    at = 20 + 12 + 2 + 2 + 1  # object, tower pointer and sizes, floor count, first floor
    wanted = str(uuid.UUID(bytes_le=stub[at : at + 16]))
    return next((name for name, row in INTERFACES.items() if row[0] == wanted), None)


def port_in(answer: bytes) -> int | None:
    """The TCP port of the first tower, None when the interface is not registered."""
    count = struct.unpack_from("<I", answer, 20)[0]
    if count == 0:
        return None
    return struct.unpack(">H", answer.partition(b"\x01\x00\x07\x02\x00")[2][:2])[0]


class Server:
    """Serves every registered interface on its port, and the endpoint mapper on 135."""

    def __init__(self, ports: dict[str, int], stale: dict[str, int]):
        self.registered = ports | stale
        self.ports = ports
        self.group = 0x5000

    def run(self) -> None:
        for port in {EPM_PORT, *self.ports.values()}:
            listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=50)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        print("serving", flush=True)
        threading.Event().wait()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                while (got := read_pdu(connection)) is not None:
                    kind, call, body = got
                    answer = self._bind_ack(connection, call, body) if kind == BIND else self._answer(connection, call, body)
                    if answer is None:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    connection.sendall(answer)
        except OSError:
            pass  # the scenario cut the connection: that is its point

    def _bind_ack(self, connection: socket.socket, call: int, body: bytes) -> bytes:
        self.group += 1
        name = f"{connection.getsockname()[1]}\0".encode()
        address = padded(struct.pack("<H", len(name)) + name)
        results = struct.pack("<HH", 0, 0) + syntax(*NDR)
        if body[8] > 1:
            results += struct.pack("<HH", 3, 3) + syntax(*NO_SYNTAX)  # bind-time features: acknowledged
        head = struct.pack("<HHI", MAX_FRAGMENT, MAX_FRAGMENT, self.group) + address
        return pdu(BIND_ACK, call, head + struct.pack("<Bxxx", body[8]) + results)

    def _answer(self, connection: socket.socket, call: int, body: bytes) -> bytes | None:
        """The response or fault to one request; None for an abort."""
        context, opnum = struct.unpack_from("<HH", body, 4)
        if opnum == ABORT_WITH_RST:
            return None
        if opnum == ANSWER_LATE:
            time.sleep(LATE_SECONDS)
        local = connection.getsockname()
        if local[1] == EPM_PORT:
            if opnum == EPT_LOOKUP:
                stub = lookup_answer(self.registered, local[0].removeprefix("::ffff:"))
                return pdu(RESPONSE, call, struct.pack("<IHBx", len(stub), context, 0) + stub)
            if opnum != EPT_MAP:
                return pdu(FAULT, call, struct.pack("<IHBxII", 32, context, 0, UNKNOWN_OPNUM, 0))
            name = asked_interface(body[8:])
            port = self.registered.get(name or "", 0)
            # A tower has no floor for IPv6: a server reached over it names no address.
            address = local[0].removeprefix("::ffff:") if "." in local[0] else "0.0.0.0"
            stub = map_answer(name if port else None, port, address)
        else:
            stub = octets(f"answer {call} {opnum}", 220 + 40 * (opnum % 5))
        return pdu(RESPONSE, call, struct.pack("<IHBx", len(stub), context, 0) + stub)


class Caller:
    """One bound connection of a client."""

    def __init__(self, connection: socket.socket, interface: str, credentials: int = 0):
        self.connection = connection
        self.call = 1
        identifier, major, minor = INTERFACES[interface]
        contexts = b"".join(
            struct.pack("<HBx", number, 1) + syntax(identifier, minor << 16 | major) + syntax(*transfer)
            for number, transfer in enumerate((NDR, BIND_TIME_FEATURES))
        )
        body = struct.pack("<HHIBxxx", MAX_FRAGMENT, MAX_FRAGMENT, 0, 2) + contexts
        self.connection.sendall(pdu(BIND, self.call, body, octets("ticket", credentials)))
        self._answer()

    def request(self, opnum: int, stub: bytes) -> bytes:
        self.post(opnum, stub)
        return self._answer()[8:]

    def post(self, opnum: int, stub: bytes) -> None:
        """Send a request without waiting: calls may overlap on one connection."""
        self.call += 1
        body = struct.pack("<IHH", len(stub), 0, opnum) + stub
        self.connection.sendall(pdu(REQUEST, self.call, body))

    def _answer(self) -> bytes:
        got = read_pdu(self.connection)
        if got is None:
            raise ConnectionResetError("closed in the middle of a call")
        return got[2]


def call(args: argparse.Namespace) -> str:
    """Ask the endpoint mapper, then call the interface; one word for how far it went."""
    if args.cached:
        return call_at(args, args.port)
    try:
        mapper = Caller(connect(args.host, EPM_PORT, args.seconds), "epm")
        if args.lookup:
            mapper.request(EPT_LOOKUP, lookup_request())
            port = args.port
        else:
            port = port_in(mapper.request(EPT_MAP, map_request(args.interface)))
        mapper.connection.close()
    except OSError as error:
        return f"epm-{word_for(error)}"
    return "not-registered" if port is None else call_at(args, port)


def call_at(args: argparse.Namespace, port: int) -> str:
    """Call the interface on a port that is known."""
    for attempt in range(args.attempts):
        if attempt:
            time.sleep(0.5)
        try:
            bound = Caller(connect(args.host, port, args.seconds), args.interface, args.bind)
            for turn, opnum in enumerate(args.opnums):
                if turn:
                    time.sleep(args.pause)
                ask = bound.post if opnum == ANSWER_LATE else bound.request
                ask(opnum, octets(f"request {turn} {opnum}", args.stub))
            time.sleep(args.linger)
            bound.connection.close()
            return "answered"
        except OSError as error:
            word = word_for(error)
            time.sleep(args.linger)
    return word


def call_by(dial: Callable[[int], socket.socket], interface: str) -> str:
    """The plain call over any connections that `dial` makes to the server's ports."""
    try:
        mapper = Caller(dial(EPM_PORT), "epm")
        port = port_in(mapper.request(EPT_MAP, map_request(interface)))
        mapper.connection.close()
    except OSError as error:
        return f"epm-{word_for(error)}"
    if port is None:
        return "not-registered"
    bound = Caller(dial(port), interface)
    for opnum in (10, 11, 1):
        bound.request(opnum, octets(f"request {opnum}", 180))
    bound.connection.close()
    return "answered"


def assignments(words: list[str]) -> dict[str, int]:
    return {name: int(port) for name, port in (word.split("=") for word in words)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    serve = jobs.add_parser("serve")
    serve.add_argument("interfaces", nargs="+", metavar="NAME=PORT")
    serve.add_argument("--stale", nargs="*", default=[], metavar="NAME=PORT", help="registered, but nothing listens")
    caller = jobs.add_parser("call")
    caller.add_argument("host")
    caller.add_argument("interface", choices=INTERFACES)
    caller.add_argument("--opnums", type=lambda text: [int(word) for word in text.split(",")], default=[10, 11, 11, 1])
    caller.add_argument("--pause", type=float, default=0.1, help="seconds between calls")
    caller.add_argument("--linger", type=float, default=0.0, help="seconds before closing")
    caller.add_argument("--stub", type=int, default=180, help="octets of a request stub")
    caller.add_argument("--lookup", action="store_true", help="list everything instead of asking for one interface")
    caller.add_argument("--cached", action="store_true", help="ask no endpoint mapper")
    caller.add_argument("--port", type=int, help="the interface's port, for --lookup and --cached")
    caller.add_argument("--bind", type=int, default=0, help="octets of credentials in the bind")
    caller.add_argument("--attempts", type=int, default=1)
    caller.add_argument("--seconds", type=float, default=25)
    args = parser.parse_args()
    if args.job == "serve":
        Server(assignments(args.interfaces), assignments(args.stale)).run()
    else:
        print(call(args))


if __name__ == "__main__":
    main()
