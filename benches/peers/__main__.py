"""Measures anyany against its peers on generated captures.

    python3 benches/peers                                10 million packets, seven rounds, about an hour
    python3 benches/peers --packets 1M --rounds 3 --dry  a look: nothing is written into benches/README.md

Needs 10 GB of disk for ten million packets, and as much memory again for the page cache: a capture that
has to come from the disk measures the disk. Peers that are not installed are unpacked from Debian's
packages below target/peers; nothing is installed and nothing is started.
"""

import argparse
import subprocess
from pathlib import Path

import table
from captures import Captures
from figures import Bench
from tools import PEERS, Shed

ROOT = Path(__file__).resolve().parents[2]


def count(text: str) -> int:
    """A number, also as 30k or 10M."""
    times = {"k": 1_000, "M": 1_000_000}.get(text[-1:])
    return int(text[:-1]) * times if times else int(text)


def main() -> None:
    """Builds, measures, writes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--packets", type=count, default=count("10M"))
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--only", nargs="*", help="parts: mix formats small growth memory flood start")
    options.add_argument("--dry", action="store_true", help="prints the tables instead of writing them")
    given = options.parse_args()
    target = ROOT / "target"
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "anyany", "--example", "generate"], cwd=ROOT, check=True)
    shed = Shed(target / "peers")
    shed.fetch(PEERS)
    work = target / "bench-captures"
    captures = Captures(target / "release/examples/generate", work)
    bench = Bench(target / "release/anyany", captures, shed, given.packets, given.rounds, work / "report.json")
    for part in given.only or ["all"]:
        getattr(bench, part)()
    if given.dry or given.only:
        print(table.text(bench))
    else:
        table.write(bench, ROOT / "benches/README.md")
        print(table.text(bench))


if __name__ == "__main__":
    main()
