"""The tools that are compared, how each is called, and where it comes from."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable


@dataclass(frozen=True)
class Tool:
    """A program that reads a capture."""

    name: str
    package: str
    """Debian's package; empty for our own."""
    program: str
    arguments: Callable[[str], list[str]]
    """What it is called with, for a capture."""
    what: str
    """What it does with the capture."""


PEERS = [
    Tool("capinfos", "wireshark-common", "capinfos", lambda f: ["-c", f], "counts packets"),
    Tool("tcpdump", "tcpdump", "tcpdump", lambda f: ["-r", f, "-w", "/dev/null"], "copies packets"),
    Tool("argus", "argus-server", "argus", lambda f: ["-X", "-r", f, "-w", "/dev/null"], "flow records"),
    Tool("tcptrace", "tcptrace", "tcptrace", lambda f: ["-n", f], "TCP connections"),
    Tool("ndpiReader", "libndpi-bin", "ndpiReader", lambda f: ["-i", f], "recognises protocols"),
    Tool("suricata", "suricata", "suricata", lambda f: ["--runmode", "single", "-r", f, "-l", "/tmp"], "records flows"),
    Tool("tshark", "tshark", "tshark", lambda f: ["-n", "-q", "-z", "conv,tcp", "-r", f], "TCP conversations"),
]


def anyany(binary: Path, threads: int, document: Path, more: tuple[str, ...] = ()) -> Tool:
    """Our own: the whole diagnosis, with the document written."""
    call = lambda f: ["analyze", "--threads", str(threads), "--json", str(document), *more, f]
    return Tool("anyany", "", str(binary), call, "diagnoses")


class Shed:
    """Where peers are found: on the system, else in packages unpacked below a folder of ours.

    Unpacking instead of installing needs no root, runs no maintainer's script and starts no daemon."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.missing: dict[str, str] = {}

    def fetch(self, tools: list[Tool]) -> None:
        """Unpacks what is not there; what no repository has is left out, and said."""
        for tool in tools:
            if self.path(tool) is None:
                why = self._unpack(tool.package)
                if self.path(tool) is None:
                    self.missing[tool.name] = why or f"{tool.package} does not contain it"

    def path(self, tool: Tool) -> str | None:
        """The program's file."""
        places = [f"{self.folder}/usr/bin", f"{self.folder}/usr/sbin", os.environ.get("PATH", ""), "/usr/sbin"]
        return shutil.which(tool.program, path=os.pathsep.join(places))

    def command(self, tool: Tool, capture: Path) -> list[str]:
        """What to run."""
        return [self.path(tool) or tool.program, *tool.arguments(str(capture))]

    def environment(self) -> dict[str, str]:
        """In which libraries of unpacked packages are found."""
        libraries = [str(path) for path in self.folder.glob("usr/lib/*-linux-gnu*")]
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(libraries), "LC_ALL": "C.UTF-8"}

    def version(self, tool: Tool) -> str:
        """Of the package that it came from."""
        name = next(self.folder.glob(f"packages/{tool.package}_*.deb"), None)
        if name is not None:
            return name.name.split("_")[1].replace("%3a", ":")
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", tool.package], capture_output=True, text=True)
        return asked.stdout or "unknown"

    def _unpack(self, package: str) -> str | None:
        """The package and what it needs that is not installed; else why not."""
        asked = subprocess.run(
            ["apt-get", "install", "--simulate", "--no-install-recommends", package], capture_output=True, text=True
        )
        names = [line.split()[1] for line in asked.stdout.splitlines() if line.startswith("Inst ")]
        if not names:
            return next((line for line in asked.stderr.splitlines() if line.startswith("E:")), "not found")
        packages = self.folder / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", *names], cwd=packages, check=True, stdout=subprocess.DEVNULL)
        for file in packages.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", str(file), str(self.folder)], check=True)
        return None
