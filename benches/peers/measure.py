"""What a run costs: CPU and wall time, and memory."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Of one run."""

    cpu: float
    """Seconds, user and system, of all threads."""
    wall: float
    """Seconds."""


@dataclass(frozen=True)
class Memory:
    """The most octets that a process had."""

    resident: int
    """In memory, mapped files among them."""
    anonymous: int
    """Of its own, as often as that was looked at."""


def run(command: list[str], environment: dict[str, str]) -> Cost:
    """Runs a command to its end, its output thrown away. A failure of it ends the bench."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    files = [(os.POSIX_SPAWN_DUP2, nowhere, to) for to in (0, 1, 2)]
    began = time.monotonic()
    child = os.posix_spawn(command[0], command, environment, file_actions=files)
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - began
    os.close(nowhere)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return Cost(used.ru_utime + used.ru_stime, wall)


def memory(command: list[str], environment: dict[str, str]) -> Memory:
    """Runs a command and looks at its memory all the time; apart from measured runs, which that would disturb.

    The kernel keeps the highest resident size itself, but not the highest anonymous one."""
    resident = anonymous = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as child:
        while child.poll() is None:
            now = _memory_now(child.pid)
            resident, anonymous = max(resident, now.resident), max(anonymous, now.anonymous)
            time.sleep(0.001)
    return Memory(resident, anonymous)


def _memory_now(process: int) -> Memory:
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
            fields = dict(line.split(":", 1) for line in status if ":" in line)
    except OSError:
        return Memory(0, 0)
    octets = lambda field: int(fields.get(field, "0 kB").split()[0]) * 1024
    return Memory(octets("VmHWM"), octets("RssAnon"))


def interleaved(commands: dict[str, list[str]], rounds: int, environment: dict[str, str]) -> dict[str, list[Cost]]:
    """Every command once in every round, so that a machine that drifts does so for all. The order turns."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            costs[name].append(run(commands[name], environment))
    return costs


def median(numbers: list[float]) -> float:
    """The middle one."""
    return statistics.median(numbers)


def ratio(costs: list[Cost], to: list[Cost], of: str = "cpu") -> float:
    """The median of the ratios of runs of the same round."""
    return median([getattr(one, of) / max(getattr(other, of), 1e-9) for one, other in zip(costs, to)])


def spread(costs: list[Cost], to: list[Cost], of: str = "cpu") -> tuple[float, float]:
    """The lowest and highest of them."""
    ratios = [getattr(one, of) / max(getattr(other, of), 1e-9) for one, other in zip(costs, to)]
    return min(ratios), max(ratios)
