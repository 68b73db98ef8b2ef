"""Servers whose behaviour is odd and yet has nothing to do with the network.

    oddities.py http PORT [--idle SECONDS] [--end fin|rst]   a web server over plain HTTP; its paths decide:
                        /now            answers at once and keeps the connection
                        /slow/SECONDS   answers that much later (a slow server, a long poll)
                        /abort          answers, then aborts the connection (SO_LINGER 0)
                        /to/HOST/PORT   asks that server over TLS first, as proxying does; 503 if it gets no answer
                        /trickle        three parts a second apart, though the client has sent its FIN
    oddities.py https PORT --key FILE --certificate FILE   the same over TLS
    oddities.py deaf PORT                  listens and never accepts: its backlog fills up
    oddities.py late PORT SECONDS          UDP: answers after its client has gone
    oddities.py ignore PORT                UDP: reads every question and answers none
    oddities.py big-answer PORT            UDP: answers with more than one packet holds
    oddities.py ntp PORT                   UDP: answers as a time server
    oddities.py tired PORT SECONDS         accepts one connection after the other, so much time apart
    oddities.py mute PORT                  accepts, and never says or reads anything
    oddities.py abort PORT                 reads once, then aborts, as a server does that dislikes a ClientHello

Ended by SIGTERM, `http` aborts all its connections, as a service does that is restarted.
"""

import argparse
import signal
import socket
import ssl
import struct
import sys
import threading
import time

ABORT = struct.pack("ii", 1, 0)
BODY = b"<html><body>Outlook Web App stand-in</body></html>" * 8
HEAD = b"HTTP/1.1 200 OK\r\nServer: stand-in\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
BACKLOG = 1
SMALL_WINDOW = 4096


class Http:
    def __init__(self, idle: float, end: str, tls: ssl.SSLContext | None = None):
        self.idle, self.end, self.tls = idle, end, tls
        self.connections: set[socket.socket] = set()

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def abort_all(self) -> None:
        for connection in list(self.connections):
            abort(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(self.idle)
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            while request := connection.recv(4096):
                if not self._answer(connection, request.split()[1].decode()):
                    break
        except TimeoutError:
            if self.end == "rst":
                abort(connection)
        except OSError:
            pass  # the client went away
        self.connections.discard(connection)
        connection.close()

    def _answer(self, connection: socket.socket, path: str) -> bool:
        """Whether the connection stays open."""
        match path.strip("/").split("/"):
            case ["slow", seconds]:
                time.sleep(float(seconds))
            case ["to", host, port]:
                body = ask(host, int(port))
                status = b"200 OK" if body else b"503 Service Unavailable"
                connection.sendall((HEAD % len(body)).replace(b"200 OK", status) + body)
                return True
            case ["abort"]:
                connection.sendall(HEAD % len(BODY) + BODY)
                time.sleep(0.05)
                abort(connection)
                return False
            case ["trickle"]:
                connection.sendall(HEAD % (3 * len(BODY)))
                for _ in range(3):
                    time.sleep(1)
                    connection.sendall(BODY)
                return False
        connection.sendall(HEAD % len(BODY) + BODY)
        return True


def ask(host: str, port: int) -> bytes:
    """The answer of another server, or nothing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(socket.create_connection((host, port), timeout=20), server_hostname=host) as asking:
            asking.sendall(f"GET /owa/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            return asking.recv(512)
    except OSError:
        return b""


def abort(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        connection.close()
    except OSError:
        pass  # closed already


def http(args: argparse.Namespace) -> None:
    tls = None
    if args.job == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.maximum_version = ssl.TLSVersion.TLSv1_2  # so that the certificate can be seen
        tls.load_cert_chain(args.certificate, args.key)
    server = Http(args.idle, args.end, tls)
    listener = socket.create_server(("::", args.port), family=socket.AF_INET6, dualstack_ipv6=True)

    def end(*_: object) -> None:
        listener.close()
        server.abort_all()
        sys.exit()

    threading.Thread(target=server.serve, args=(listener,), daemon=True).start()
    signal.signal(signal.SIGTERM, end)
    print("serving", flush=True)
    while True:
        signal.pause()


def deaf(args: argparse.Namespace) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", args.port))
        listener.listen(BACKLOG)
        print("serving", flush=True)
        signal.pause()


def tired(args: argparse.Namespace) -> None:
    """A program whose one thread is busy: who is accepted is answered at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", args.port))
        listener.listen(BACKLOG)
        print("serving", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                if connection.recv(4096):
                    connection.sendall(HEAD % len(BODY) + BODY)
                time.sleep(args.seconds)


def ignore(args: argparse.Namespace) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("", args.port))
        print("serving", flush=True)
        while True:
            asked.recvfrom(2048)


def big_answer(args: argparse.Namespace) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("", args.port))
        print("serving", flush=True)
        while True:
            question, client = asked.recvfrom(2048)
            record = b"\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\xf1\xf0" + b"v" * 240
            asked.sendto(question[:2] + b"\x81\x80\0\1\0\x0a\0\0\0\0" + question[12:] + record * 10, client)


def ntp(args: argparse.Namespace) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("", args.port))
        print("serving", flush=True)
        while True:
            question, client = asked.recvfrom(2048)
            now = int((time.time() + 2_208_988_800) * 2**32).to_bytes(8)
            answer = b"\x24\x02\x06\xe9" + bytes(8) + b"LOCL" + now + question[40:48] + now + now
            asked.sendto(answer, client)


def mute(args: argparse.Namespace) -> None:
    with socket.create_server(("", args.port)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        print("serving", flush=True)
        kept = []
        while True:
            kept.append(listener.accept())


def abort_each(args: argparse.Namespace) -> None:
    with socket.create_server(("", args.port)) as listener:
        print("serving", flush=True)
        while True:
            connection, _ = listener.accept()
            connection.recv(4096)
            abort(connection)


def late(args: argparse.Namespace) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("", args.port))
        print("serving", flush=True)
        while True:
            question, client = asked.recvfrom(2048)
            time.sleep(args.seconds)
            asked.sendto(question[:2] + b"\x81\x80" + question[4:], client)


JOBS = {
    "http": http, "https": http, "deaf": deaf, "mute": mute, "abort": abort_each, "late": late, "tired": tired, "ignore": ignore,
    "ntp": ntp, "big-answer": big_answer,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=JOBS)
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float, nargs="?", default=0.0)
    parser.add_argument("--key")
    parser.add_argument("--certificate")
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--end", choices=["fin", "rst"], default="fin")
    args = parser.parse_args()
    JOBS[args.job](args)


if __name__ == "__main__":
    main()
