"""Plain clients, run inside a host: each prints one word for what the client experienced.

The words are the lab's check that a scenario really happened; they are not the
analyzer's words: answered, refused, silent, reset, unreachable, closed, gave-up, stuck.
"""

import argparse
import errno
import socket
import ssl
import struct
import time

WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "silent",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EACCES: "unreachable",
}


def word_for(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "silent"
    if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
        return "reset"
    return WORDS.get(error.errno or 0, f"error-{error.errno}")


def connect(host: str, port: int, seconds: float, source: str | None = None) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=seconds, source_address=(source, 0) if source else None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def tcp(args: argparse.Namespace) -> str:
    """Connect and close, as a monitor's probe does."""
    connect(args.host, args.port, args.seconds, args.source).close()
    return "answered"


def probe(args: argparse.Namespace) -> str:
    """Connect and abort, `--repeat` times, as a load balancer's health check does."""
    for turn in range(args.repeat):
        if turn:
            time.sleep(args.pause)
        with connect(args.host, args.port, args.seconds) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return "answered"


def https(args: argparse.Namespace) -> str:
    """GET over one TLS connection, `--repeat` times, `--pause` seconds apart."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connect(args.host, args.port, args.seconds), server_hostname=args.name) as tls:
        for turn in range(args.repeat):
            if turn:
                time.sleep(args.pause)
            last = "close" if turn + 1 == args.repeat else "keep-alive"
            tls.sendall(f"GET {args.path} HTTP/1.1\r\nHost: {args.name}\r\nConnection: {last}\r\n\r\n".encode())
            if not _read_answer(tls):
                return "closed"
    return "answered"


def http(args: argparse.Namespace) -> str:
    """GET over plain HTTP on one connection, `--repeat` times."""
    with connect(args.host, args.port, args.seconds, args.source) as connection:
        for turn in range(args.repeat):
            if turn:
                time.sleep(args.pause)
            connection.sendall(f"GET {args.path} HTTP/1.1\r\nHost: {args.name}\r\n\r\n".encode())
            if args.half:
                connection.shutdown(socket.SHUT_WR)
            if not _read_answer(connection):
                return "closed"
        time.sleep(args.linger)
        if args.linger and _is_reset(connection):
            return "reset"
        if args.abort:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return "answered"


def _is_reset(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        connection.recv(1)
    except ConnectionResetError:
        return True
    except BlockingIOError:
        pass
    return False


def early(args: argparse.Namespace) -> str:
    """Give up long before TCP would: after the first SYN."""
    try:
        connect(args.host, args.port, 0.5).close()
    except TimeoutError:
        return "gave-up"
    return "answered"


def hold(args: argparse.Namespace) -> str:
    """Connect, say nothing, and stay."""
    with connect(args.host, args.port, args.seconds):
        time.sleep(args.linger)
    return "answered"


def push(args: argparse.Namespace) -> str:
    """Send more than a server takes that does not read."""
    with connect(args.host, args.port, args.seconds) as connection:
        try:
            for _ in range(100):
                connection.sendall(bytes(1000))
        except TimeoutError:
            return "stuck"
    return "answered"


def idle(args: argparse.Namespace) -> str:
    """An idle connection that TCP itself keeps alive."""
    with connect(args.host, args.port, args.seconds) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, args.idle)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        time.sleep(args.linger)
    return "answered"


def race(args: argparse.Namespace) -> str:
    """Dial two places at once; the first to answer is used, the other is aborted, answered or not."""
    port = args.other_port or args.port
    loser = socket.socket(socket.AF_INET6 if ":" in args.other else socket.AF_INET, socket.SOCK_STREAM)
    loser.setblocking(False)
    loser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    loser.connect_ex((args.other, port))
    with connect(args.host, args.port, args.seconds) as winner:
        time.sleep(args.linger)
        loser.close()
        if args.path != "-":
            winner.sendall(f"GET {args.path} HTTP/1.1\r\nHost: {args.name}\r\n\r\n".encode())
            _read_answer(winner)
    return "answered"


def cldap(args: argparse.Namespace) -> str:
    """The locator's ping (MS-ADTS 6.3.3), a second apart, until it is answered."""
    return _ask(args, _cldap_ping(args.name))


def _cldap_ping(name: str) -> bytes:
    version = _ber(0xA3, _ber(0x04, b"NtVer") + _ber(0x04, b"\x06\0\0\0"))
    domain = _ber(0xA3, _ber(0x04, b"DnsDomain") + _ber(0x04, name.encode()))
    search = (
        _ber(0x04, b"") + _ber(0x0A, b"\0") + _ber(0x0A, b"\0") + _ber(0x02, b"\0") + _ber(0x02, b"\0") + _ber(0x01, b"\0")
        + _ber(0xA0, domain + version) + _ber(0x30, _ber(0x04, b"Netlogon"))
    )  # fmt: skip
    return _ber(0x30, _ber(0x02, b"\x01") + _ber(0x63, search))


def _ber(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


def udp(args: argparse.Namespace) -> str:
    """A DNS question by UDP, a second apart, until it is answered."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in args.name.split("."))
    return _ask(args, struct.pack(">HHHHHH", 0x5A17, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1")


def smtp(args: argparse.Namespace) -> str:
    """Says each of `--say` to a mail server, one after the other's answer."""
    with connect(args.host, args.port, args.seconds) as connection, connection.makefile("rwb") as lines:
        for words in (None, *args.say):
            if words:
                lines.write(f"{words}\r\n".encode())
                lines.flush()
            while (line := lines.readline())[3:4] == b"-":
                pass
            if not line:
                return "closed"
    return "answered"


def ntp(args: argparse.Namespace) -> str:
    """A client's question of NTP version 4, a second apart, until it is answered."""
    return _ask(args, b"\x23" + bytes(39) + int((time.time() + 2_208_988_800) * 2**32).to_bytes(8))


def netbios(args: argparse.Namespace) -> str:
    """A node status request (RFC 1002 4.2.17)."""
    return _ask(args, struct.pack(">HHHHHH", 0x5A18, 0, 1, 0, 0, 0) + b" CK" + b"A" * 30 + b"\0\0\x21\0\1")


def _ask(args: argparse.Namespace, question: bytes) -> str:
    family = socket.AF_INET6 if ":" in args.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.connect((args.host, args.port))
        asking.settimeout(1)
        for _ in range(args.repeat):
            asking.send(question)
            try:
                asking.recv(4096)
                return "answered"
            except TimeoutError:
                continue
    return "silent"


def trace(args: argparse.Namespace) -> str:
    """SYNs that live for one hop, as a TCP traceroute sends them, then one that arrives."""
    for _ in range(3):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as short:
            short.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
            short.settimeout(0.5)
            short.connect_ex((args.host, args.port))
    return tcp(args)


def _read_answer(tls: socket.socket) -> bool:
    """Read one response with a Content-Length; False when the server closed instead."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = tls.recv(4096)
        if not more:
            return False
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += tls.recv(4096)
    return True


JOBS = {
    "tcp": tcp, "probe": probe, "https": https, "http": http, "early": early, "hold": hold, "race": race,
    "push": push, "idle": idle, "cldap": cldap, "udp": udp, "trace": trace, "ntp": ntp, "smtp": smtp, "netbios": netbios,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--name", default="exlab.test", help="server name in TLS and HTTP")
    parser.add_argument("--path", default="/owa/")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--linger", type=float, default=0.0, help="seconds before closing")
    parser.add_argument("--idle", type=int, default=2, help="seconds to the first keep-alive")
    parser.add_argument("--from", dest="source", help="the address to call from")
    parser.add_argument("--say", action="append", default=[])
    parser.add_argument("--half", action="store_true", help="send the FIN right after the request")
    parser.add_argument("--abort", action="store_true", help="close with RST")
    parser.add_argument("--other", help="the second place to dial")
    parser.add_argument("--other-port", type=int)
    parser.add_argument("--attempts", type=int, default=1, help="after a failure, try again a second later")
    parser.add_argument("--seconds", type=float, default=25)
    args = parser.parse_args()
    for attempt in range(args.attempts):
        if attempt:
            time.sleep(1)
        try:
            word = JOBS[args.job](args)
        except OSError as error:
            word = word_for(error)
        if word == "answered":
            break
    print(word)


if __name__ == "__main__":
    main()
