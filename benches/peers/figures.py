"""What is measured, and what has to be reached."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from captures import Captures, missed
from measure import Cost, Memory, interleaved, median, memory, ratio, run, spread
from tools import PEERS, Shed, Tool, anyany

MIB = 1 << 20
START = 4_000
"""Packets of the mix in about a megabyte."""


@dataclass
class Figure:
    """One line of the table of figures."""

    what: str
    measured: str
    wanted: str
    reached: bool


@dataclass
class Bench:
    """All that was measured."""

    binary: Path
    captures: Captures
    shed: Shed
    packets: int
    rounds: int
    document: Path
    figures: list[Figure] = field(default_factory=list)
    peers: list[list[str]] = field(default_factory=list)

    def ours(self, capture: Path, threads: int = 1, *more: str) -> list[str]:
        """Our command line."""
        return self.shed.command(anyany(self.binary, threads, self.document, more), capture)

    def all(self) -> None:
        """Everything, in turn."""
        for part in (self.mix, self.formats, self.small, self.growth, self.memory, self.flood, self.start):
            print(f"{part.__name__}: {part.__doc__.splitlines()[0]}", flush=True)
            part()

    def memory_of(self, command: list[str]) -> Memory:
        """What a command needs."""
        return memory(command, self.shed.environment())

    def most(self, what: str, measured: float, most: float, unit: str, shown: str = "{:.2f}") -> None:
        """A figure that must not be higher."""
        number, limit = shown.format(measured), shown.format(most)
        self.figures.append(Figure(what, f"{number}{unit}", f"≤ {limit}{unit}", measured <= most))

    def least(self, what: str, measured: float, least: float, unit: str) -> None:
        """A figure that must not be lower."""
        self.figures.append(Figure(what, f"{measured:.2f}{unit}", f"≥ {least:.2f}{unit}", measured >= least))

    def truth(self, capture: Path) -> None:
        """Whether the last document says what is true of the capture."""
        wrong = missed(self.captures.truth(capture), json.loads(self.document.read_text()))
        self.figures.append(Figure(f"findings of {capture.name}", wrong or "equal the truth", "equal", not wrong))

    def mix(self) -> None:
        """The mix: every tool, paired and interleaved; then one thread against two."""
        capture = self.captures.make("mix", self.packets)
        tools = [tool for tool in PEERS if tool.name not in self.shed.missing and tool.name != "tshark"]
        commands = {tool.name: self.shed.command(tool, capture) for tool in tools}
        costs = interleaved({**commands, "anyany": self.ours(capture)}, self.rounds, self.shed.environment())
        self.truth(capture)
        counting, ours = costs["capinfos"], costs["anyany"]
        named = {tool.name: tool for tool in tools} | {"anyany": anyany(self.binary, 1, self.document)}
        for name, of_tool in costs.items():
            used = self.memory_of(self.shed.command(named[name], capture))
            self.peers.append(self.line(named[name], of_tool, counting, used, self.packets))
        self.most("mix: CPU against capinfos -c", ratio(ours, counting), 0.75, " x")
        for name, limit in (("ndpiReader", 1 / 14), ("suricata", 1 / 18), ("argus", 1 / 3.8)):
            if name in costs:
                self.most(f"mix: CPU against {name}", ratio(ours, costs[name]), limit, " x", "{:.4f}")
        self.threads(capture)
        self.captures.drop(capture)
        self.conversations()

    def conversations(self) -> None:
        """tshark's conversation table, on a capture that its memory can hold."""
        tshark = next((tool for tool in PEERS if tool.name == "tshark" and tool.name not in self.shed.missing), None)
        if tshark is None:
            return
        packets = min(self.packets, 1_000_000)
        capture = self.captures.make("mix", packets)
        counting = next(tool for tool in PEERS if tool.name == "capinfos")
        commands = {tool.name: self.shed.command(tool, capture) for tool in (counting, tshark)}
        costs = interleaved({**commands, "anyany": self.ours(capture)}, 3, self.shed.environment())
        used = self.memory_of(commands["tshark"])
        self.peers.append(self.line(tshark, costs["tshark"], costs["capinfos"], used, packets))
        self.most("mix: CPU against tshark -z conv,tcp", ratio(costs["anyany"], costs["tshark"]), 1 / 75, " x", "{:.4f}")
        self.captures.drop(capture)

    def threads(self, capture: Path) -> None:
        """One thread against two."""
        commands = {"one": self.ours(capture, 1), "two": self.ours(capture, 2)}
        costs = interleaved(commands, self.rounds, self.shed.environment())
        self.least("--threads 2: wall", ratio(costs["one"], costs["two"], "wall"), 1.7, " x faster")
        self.most("--threads 2: CPU", ratio(costs["two"], costs["one"]), 1.1, " x")
        told = []
        for command in commands.values():
            run(command, self.shed.environment())
            told.append(json.loads(self.document.read_text())["findings"])
        alike = told[0] == told[1]
        self.figures.append(Figure("--threads 2: findings", "identical" if alike else "differ", "identical", alike))

    def formats(self) -> None:
        """The same capture as pcap and as pcapng."""
        files = [self.captures.make("mix", self.packets, kind) for kind in ("pcap", "pcapng")]
        costs = interleaved({file.suffix: self.ours(file) for file in files}, self.rounds, self.shed.environment())
        self.most("pcapng: CPU against pcap", ratio(costs[".pcapng"], costs[".pcap"]), 1.25, " x")
        for file in files:
            self.captures.drop(file)

    def small(self) -> None:
        """Small packets against tcpdump, which copies them to nowhere."""
        capture = self.captures.make("small", self.packets)
        copy = next(tool for tool in PEERS if tool.name == "tcpdump")
        commands = {"tcpdump": self.shed.command(copy, capture), "anyany": self.ours(capture)}
        costs = interleaved(commands, self.rounds, self.shed.environment())
        self.truth(capture)
        self.most("small: CPU against tcpdump -w /dev/null", ratio(costs["anyany"], costs["tcpdump"]), 1, " x")
        self.captures.drop(capture)

    def growth(self) -> None:
        """What a packet costs in a tenth of the mix and in the whole."""
        sizes = (self.packets // 10, self.packets)
        files = {packets: self.captures.make("mix", packets) for packets in sizes}
        commands = {str(packets): self.ours(file) for packets, file in files.items()}
        costs = interleaved(commands, self.rounds, self.shed.environment())
        few, many = (costs[str(packets)] for packets in sizes)
        growth = ratio(many, few) * sizes[0] / sizes[1]
        self.most(f"CPU a packet, {sizes[0]:,} to {sizes[1]:,} packets", growth, 1.1, " x")
        for file in files.values():
            self.captures.drop(file)

    def memory(self) -> None:
        """Anonymous memory on every profile, free and bounded."""
        bounded = "--memory" in help_of(self.binary)
        for profile, most in (("mix", 64), ("small", 0), ("bulk", 48), ("dc", 0), ("long", 48)):
            # Large packets: fewer of them fill the disk as well.
            capture = self.captures.make(profile, self.packets // 4 if profile == "bulk" else self.packets)
            used = self.memory_of(self.ours(capture)).anonymous / MIB
            self.truth(capture)
            if most:
                self.most(f"{profile}: anonymous memory", used, most, " MiB", "{:.0f}")
            else:
                self.figures.append(Figure(f"{profile}: anonymous memory", f"{used:.0f} MiB", "", True))
            if bounded:
                used = self.memory_of(self.ours(capture, 1, "--memory", "256M")).anonymous / MIB
                self.most(f"{profile}: anonymous memory with --memory 256M", used, 256, " MiB", "{:.0f}")
            self.captures.drop(capture)

    def flood(self) -> None:
        """Three million SYNs, each a flow."""
        flows = min(3_000_000, self.packets)
        capture = self.captures.make("synflood", flows)
        costs = [run(self.ours(capture), self.shed.environment()) for _ in range(max(3, self.rounds // 2))]
        self.truth(capture)
        self.most("synflood: CPU a flow", median([cost.cpu for cost in costs]) / flows * 1e9, 300, " ns", "{:.0f}")
        one = self.captures.make("synflood", 1_000)
        base = self.memory_of(self.ours(one)).anonymous
        used = self.memory_of(self.ours(capture)).anonymous
        self.most("synflood: anonymous memory a flow", (used - base) / flows, 128, " octets", "{:.0f}")
        if "--memory" in help_of(self.binary):
            used = self.memory_of(self.ours(capture, 1, "--memory", "256M")).anonymous / MIB
            self.most("synflood: anonymous memory with --memory 256M", used, 256, " MiB", "{:.0f}")
        for file in (one, capture):
            self.captures.drop(file)

    def start(self) -> None:
        """From the command to the report, on a capture of a megabyte."""
        capture = self.captures.make("mix", START)
        walls = [run(self.ours(capture), self.shed.environment()).wall for _ in range(3 * self.rounds)]
        self.most(f"{capture.stat().st_size / 1e6:.1f} MB: from command to report", median(walls) * 1e3, 30, " ms", "{:.1f}")
        self.captures.drop(capture)

    def line(self, tool: Tool, costs: list[Cost], counting: list[Cost], used: Memory, packets: int) -> list[str]:
        """A line of the table of peers."""
        low, high = spread(costs, counting)
        cpu = median([cost.cpu for cost in costs])
        return [
            tool.name,
            self.shed.version(tool) if tool.package else "",
            tool.what,
            f"{cpu / packets * 1e9:,.0f}",
            f"{cpu:.2f}",
            f"{median([cost.wall for cost in costs]):.2f}",
            f"{used.resident / MIB:,.0f}",
            f"{used.anonymous / MIB:,.0f}",
            f"{ratio(costs, counting):.2f} ({low:.2f} to {high:.2f})",
        ]


def help_of(binary: Path) -> str:
    """What `analyze` says of itself."""
    return subprocess.run([str(binary), "analyze", "--help"], capture_output=True, text=True, check=True).stdout
