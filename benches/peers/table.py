"""Writes what was measured into benches/README.md."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from figures import Bench

BEGIN = "<!-- measured: written by python3 benches/peers -->"
END = "<!-- end of what was measured -->"


def machine() -> str:
    """What it was measured on."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    model = re.search(r"model name\s*: (.*)", cpu)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    name = model.group(1) if model else platform.machine()
    return f"{os.cpu_count()} x {name}, {memory:.0f} GiB, Linux {platform.release()}"


def text(bench: Bench) -> str:
    """Both tables."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    today = datetime.datetime.now(datetime.timezone.utc).date()
    head = ["tool", "version", "does", "ns of CPU a packet", "CPU s", "wall s", "resident MiB", "anonymous MiB", "CPU against capinfos"]
    lines = [
        BEGIN,
        "",
        f"{machine()}; {today}, commit {commit}. {bench.packets:,} packets of `mix` (tshark: one million), "
        f"{bench.rounds} rounds interleaved; medians, ratios within a round (lowest to highest).",
        "",
        row(head),
        row(["---", "---", "---", *["--:"] * 6]),
        *(row(line) for line in bench.peers),
        "",
        *(f"Not at hand: {name} ({why})." for name, why in bench.shed.missing.items()),
        "",
        row(["figure", "measured", "wanted", ""]),
        row(["---", "--:", "--:", "---"]),
        *(row([f.what, f.measured, f.wanted, "yes" if f.reached else "**no**"]) for f in bench.figures),
        "",
        END,
    ]
    return "\n".join(lines)


def row(cells: list[str]) -> str:
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"


def write(bench: Bench, readme: Path) -> None:
    """Puts the tables where the old ones stand."""
    whole = readme.read_text(encoding="utf-8")
    before, _, rest = whole.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(before + text(bench) + after, encoding="utf-8")
