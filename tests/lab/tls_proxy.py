"""An in-line TLS proxy, run inside the firewall's namespace: it answers in the server's name with a
certificate that its own authority made for it a moment before, and asks the server in the client's name.

    tls_proxy.py SERVER NAME ISSUER     for TCP 443 of SERVER, whose certificate says NAME;
                                        ISSUER as openssl writes subjects: /O=Example/CN=Example CA

nftables has to hand it the packets (RULES); the route of what is marked is made here.
"""

import pathlib
import selectors
import socket
import ssl
import subprocess
import sys
import threading

from network import WORK

PORT, MARK, TABLE = 5443, "1", "100"
IP_TRANSPARENT = 19
RULES = (
    "tcp sport 443 socket transparent 1 meta mark set 1 accept",
    f"iif != lo tcp dport 443 tproxy ip to 127.0.0.1:{PORT} meta mark set 1 accept",
)


def forged(name: str, issuer: str) -> ssl.SSLContext:
    """A context with a certificate made now."""
    folder = WORK / "tls-proxy"
    folder.mkdir(exist_ok=True)
    ca_key, ca, key, request, made = (str(folder / file) for file in ("ca.key", "ca.pem", "key.pem", "csr.pem", "cert.pem"))
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", issuer, "-keyout", ca_key, "-out", ca)
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    _openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "365", "-out", made)
    chain = pathlib.Path(made)
    chain.write_text(chain.read_text() + pathlib.Path(ca).read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # as such products are mostly set up
    context.load_cert_chain(made, key)
    return context


def _openssl(*argv: str) -> None:
    subprocess.run(("openssl", *argv), check=True, capture_output=True)


def carry(client: socket.socket, peer: str, server: str, forging: ssl.SSLContext) -> None:
    """One connection: TLS to the client and TLS to the server."""
    asking = ssl.create_default_context()
    asking.check_hostname = False
    asking.verify_mode = ssl.CERT_NONE
    try:
        inner = transparent()
        inner.bind((peer, 0))
        inner.connect((server, 443))
        with forging.wrap_socket(client, server_side=True) as near, asking.wrap_socket(inner, server_hostname=server) as far:
            selector = selectors.DefaultSelector()
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in selector.select():
                    if not (data := key.fileobj.recv(16384)):
                        return
                    key.data.sendall(data)
    except OSError:
        pass  # one of the two went away


def transparent() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def main() -> None:
    server, name, issuer = sys.argv[1:]
    # One rule, however often this ran.
    subprocess.run(("ip", "rule", "del", "fwmark", MARK, "lookup", TABLE), capture_output=True)
    subprocess.run(("ip", "rule", "add", "fwmark", MARK, "lookup", TABLE), check=True)
    subprocess.run(("ip", "route", "replace", "local", "0.0.0.0/0", "dev", "lo", "table", TABLE), check=True)
    forging = forged(name, issuer)
    with transparent() as listener:
        listener.bind(("127.0.0.1", PORT))
        listener.listen()
        print("forging", flush=True)
        while True:
            client, (peer, _) = listener.accept()
            threading.Thread(target=carry, args=(client, peer, server, forging), daemon=True).start()


if __name__ == "__main__":
    main()
