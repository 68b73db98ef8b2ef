"""Servers that say no, each in its own words; started by one scenario.

    reluctant.py mail KIND           TCP 25: one of MAIL
    reluctant.py http PORT           the path is the status: /401, /403, /503
    reluctant.py closes PORT         ends each connection as soon as it is made
    reluctant.py demands PORT KEY CERTIFICATE    TLS 1.2 that wants a certificate of its client
    reluctant.py takes PORT          reads to the end, then answers one line
    reluctant.py hears PORT          takes datagrams and answers none
    reluctant.py answers PORT        answers each datagram of DNS at once
"""

import signal
import socket
import ssl
import sys
import threading
import time

# (seconds before the banner, banner, answers by verb, ends after the first answer)
MAIL = {
    "busy": (0.0, b"421 4.3.2 Service not available", {}, True),
    "denied": (0.0, b"554 5.7.1 You are not allowed to connect", {}, True),
    "grey": (0.0, b"220 cas1.exlab.test ESMTP", {b"RCPT": b"451 4.7.1 Greylisted, try again in five minutes"}, False),
    "tarpit": (14.0, b"220 cas1.exlab.test ESMTP", {b"RCPT": b"550 5.1.1 User unknown"}, False),
    "limit": (0.0, b"220 cas1.exlab.test ESMTP", {b"MAIL": b"421 4.4.2 Message submission rate exceeded"}, True),
}


def _each(port: int, serve) -> None:
    with socket.create_server(("", port)) as listener:
        print("serving", flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_quietly, args=(serve, connection), daemon=True).start()


def _quietly(serve, connection: socket.socket) -> None:
    try:
        with connection:
            serve(connection)
    except OSError:
        pass  # the client went away, or TLS came to nothing


def mail(kind: str) -> None:
    late, banner, answers, ends = MAIL[kind]

    def serve(connection: socket.socket) -> None:
        time.sleep(late)
        connection.sendall(banner + b"\r\n")
        if banner[:3] != b"220":
            return
        with connection.makefile("rb") as lines:
            while line := lines.readline(2048):
                verb = line[:4].upper()
                connection.sendall(answers.get(verb, b"250 2.0.0 OK") + b"\r\n")
                if verb == b"QUIT" or (ends and verb in answers):
                    return

    _each(25, serve)


def http(port: str) -> None:
    def serve(connection: socket.socket) -> None:
        while request := connection.recv(4096):
            status = request.split()[1].strip(b"/")
            more = b"WWW-Authenticate: Negotiate\r\n" if status == b"401" else b""
            connection.sendall(b"HTTP/1.1 " + status + b" No\r\n" + more + b"Content-Length: 4\r\n\r\nno\r\n")

    _each(int(port), serve)


def closes(port: str) -> None:
    _each(int(port), lambda connection: connection.shutdown(socket.SHUT_RDWR))


def demands(port: str, key: str, certificate: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    _each(int(port), lambda connection: context.wrap_socket(connection, server_side=True).recv(100))


def takes(port: str) -> None:
    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass
        connection.sendall(b"250 taken\r\n")

    _each(int(port), serve)


def hears(port: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("", int(port)))
        print("serving", flush=True)
        signal.pause()


def answers(port: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("", int(port)))
        print("serving", flush=True)
        while True:
            question, client = asked.recvfrom(2048)
            asked.sendto(question[:2] + b"\x81\x80" + question[4:], client)


JOBS = {"mail": mail, "http": http, "closes": closes, "demands": demands, "takes": takes, "hears": hears, "answers": answers}

if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])
