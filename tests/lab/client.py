"""Plain clients, run inside a host: each prints one word for what the client experienced.

The words are the lab's check that a scenario really happened; they are not the
analyzer's words: answered, refused, silent, reset, unreachable, closed.
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


def connect(host: str, port: int, seconds: float) -> socket.socket:
    connection = socket.create_connection((host, port), timeout=seconds)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def tcp(args: argparse.Namespace) -> str:
    """Connect and close, as a monitor's probe does."""
    connect(args.host, args.port, args.seconds).close()
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


def _read_answer(tls: ssl.SSLSocket) -> bool:
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


JOBS = {"tcp": tcp, "probe": probe, "https": https}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--name", default="exlab.test", help="server name in TLS and HTTP")
    parser.add_argument("--path", default="/owa/")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.2)
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
