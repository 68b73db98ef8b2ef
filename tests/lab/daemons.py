"""Starting a server as one of the hosts and waiting until it serves."""

import subprocess
import time

from network import WORK, LabError, as_host, run_in

STARTED: dict[str, subprocess.Popen] = {}


def runs(name: str) -> bool:
    return name in STARTED and STARTED[name].poll() is None


def launch(name: str, host: str, argv: list[str], *, tcp: tuple[int, ...], seconds: float = 20) -> None:
    """Start a server process and wait until it listens on all its ports."""
    logs = WORK / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{name}.log").open("w") as log:
        # A session of its own: some servers end by signalling their whole process group.
        STARTED[name] = subprocess.Popen(
            as_host(host, *argv), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    deadline = time.monotonic() + seconds
    while missing := set(tcp) - listening(host):
        if time.monotonic() > deadline or STARTED[name].poll() is not None:
            raise LabError(f"{name} on {host} does not listen on {sorted(missing)}; see {logs}/{name}.log")
        time.sleep(0.1)


def listening(host: str) -> set[int]:
    lines = run_in(host, "ss", "-Hltn").splitlines()
    return {int(line.split()[3].rpartition(":")[2]) for line in lines}
