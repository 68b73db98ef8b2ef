"""Clients with habits of their own, run inside a host; each prints one word as client.py's do.

    callers.py scan HOST PORT...                   SYNs without a socket: the kernel resets what is answered
    callers.py get HOST PORT SOURCE_PORT [PAUSE]   a GET over plain HTTP from that port, and another one after PAUSE
    callers.py keep HOST PORT SOURCE_PORT          the same, and the connection stays until the program is ended
    callers.py tls HOST PORT old|strict            a TLS client that knows only 1.2, or that trusts nobody
    callers.py tell HOST PORT COUNT                datagrams that nobody answers, by design
    callers.py upload HOST PORT OCTETS             sends so much, and waits for one line
    callers.py mail HOST WORDS...                  says each of WORDS to a mail server; the last code, or `closed`
"""

import os
import socket
import ssl
import struct
import sys
import time

from client import connect, word_for
from inspector import checksum

SYN, PAUSE, SECONDS = 0x02, 0.3, 16
REQUEST = b"GET /owa/ HTTP/1.1\r\nHost: exlab.test\r\n\r\n"


def scan(host: str, *ports: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as wire:
        wire.connect((host, 0))
        source = socket.inet_aton(wire.getsockname()[0])
        for number, port in enumerate(ports):
            head = struct.pack(">HHIIBBHHH", 61000 + number, int(port), 0x1A2B3C00 + number, 0, 0x60, SYN, 1024, 0, 0)
            segment = head + b"\x02\x04\x05\xb4"
            pseudo = source + socket.inet_aton(host) + struct.pack(">HH", socket.IPPROTO_TCP, len(segment))
            wire.send(segment[:16] + struct.pack(">H", checksum(pseudo + segment)) + segment[18:])
            time.sleep(PAUSE)
    return "done"


def _from(host: str, port: str, source: str) -> socket.socket:
    calling = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    calling.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    calling.settimeout(SECONDS)
    calling.bind(("", int(source)))
    calling.connect((host, int(port)))
    return calling


def get(host: str, port: str, source: str, pause: str = "0") -> str:
    with _from(host, port, source) as calling:
        for turn in range(2 if float(pause) else 1):
            time.sleep(turn * float(pause))
            calling.sendall(REQUEST)
            if not calling.recv(65536):
                return "closed"
    return "answered"


def keep(host: str, port: str, source: str) -> str:
    calling = _from(host, port, source)
    calling.sendall(REQUEST)
    calling.recv(65536)
    print("kept", flush=True)
    time.sleep(600)
    return "done"


def tls(host: str, port: str, how: str) -> str:
    context = ssl.create_default_context()
    if how == "old":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with context.wrap_socket(connect(host, int(port), SECONDS), server_hostname="cas.exlab.test") as calling:
            calling.sendall(REQUEST)
            calling.recv(4096)
    except ssl.SSLError as error:
        return "alert" if error.reason else "closed"
    return "answered"


def tell(host: str, port: str, count: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as telling:
        for number in range(int(count)):
            telling.sendto(struct.pack(">I", number) + os.urandom(4), (host, int(port)))
            time.sleep(1)
    return "done"


def upload(host: str, port: str, count: str) -> str:
    with connect(host, int(port), SECONDS) as calling:
        calling.sendall(bytes(int(count)))
        calling.shutdown(socket.SHUT_WR)
        return "answered" if calling.recv(100) else "closed"


def mail(host: str, *words: str) -> str:
    with connect(host, 25, 30) as calling, calling.makefile("rwb") as lines:
        code = "closed"
        for said in (None, *words):
            if said:
                lines.write(f"{said}\r\n".encode())
                lines.flush()
            while (line := lines.readline())[3:4] == b"-":
                pass
            if not line:
                return code
            code = line[:3].decode()
    return code


JOBS = {"scan": scan, "get": get, "keep": keep, "tls": tls, "tell": tell, "upload": upload, "mail": mail}

if __name__ == "__main__":
    try:
        print(JOBS[sys.argv[1]](*sys.argv[2:]))
    except OSError as error:
        print(word_for(error))
