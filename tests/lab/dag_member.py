"""A stand-in for what two members of a database availability group say to each other.

Heartbeats on UDP 3343 in both directions once a second, and log shipping on TCP 64327.
Ports, directions and rhythm are the real ones; the contents are filler.

    dag_member.py serve ADDRESS           answer log shipping
    dag_member.py beat ADDRESS PEER N     send N heartbeats, from port 3343 to port 3343
    dag_member.py ship PEER N             N log blocks, each acknowledged by the peer
"""

import hashlib
import socket
import sys
import time

from client import connect, word_for

HEARTBEAT_PORT, REPLICATION_PORT = 3343, 64327
INTERVAL = 1.0
BLOCK = 3000
ACKNOWLEDGED = b"acknowledged".ljust(32, b"\0")


def filler(label: str, count: int) -> bytes:
    return hashlib.shake_256(label.encode()).digest(count)


def serve(address: str) -> None:
    listener = socket.create_server((address, REPLICATION_PORT))
    print("serving", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                while _whole_block(connection):
                    connection.sendall(ACKNOWLEDGED)
            except OSError:
                pass  # the scenario cut it


def _whole_block(connection: socket.socket) -> bool:
    left = BLOCK
    while left:
        got = connection.recv(left)
        if not got:
            return False
        left -= len(got)
    return True


def beat(address: str, peer: str, count: int) -> str:
    """One direction of the heartbeat; what arrives from the peer is read and dropped by the kernel."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as beats:
        beats.bind((address, HEARTBEAT_PORT))
        time.sleep(INTERVAL)  # until the peer is bound too: a real node never meets a closed port
        for number in range(count):
            beats.sendto(filler(f"{address} {number}", 72), (peer, HEARTBEAT_PORT))
            time.sleep(INTERVAL)
        time.sleep(INTERVAL)
    return "done"


def ship(peer: str, count: int) -> str:
    try:
        with connect(peer, REPLICATION_PORT, 25) as connection:
            for number in range(count):
                connection.sendall(filler(f"log {number}", BLOCK))
                if len(connection.recv(len(ACKNOWLEDGED))) < len(ACKNOWLEDGED):
                    return "closed"
    except OSError as error:
        return word_for(error)
    return "answered"


def main() -> None:
    match sys.argv[1:]:
        case ["serve", address]:
            serve(address)
        case ["beat", address, peer, count]:
            print(beat(address, peer, int(count)))
        case ["ship", peer, count]:
            print(ship(peer, int(count)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
