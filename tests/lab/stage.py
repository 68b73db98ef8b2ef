"""Where a scenario is played: firewall set, servers up, captures running, outcomes checked."""

import pathlib
import shutil
import signal
import subprocess
import sys
import time

import firewall
import network
import servers
import story
from network import WORK, LabError, as_host, namespace

HERE = pathlib.Path(__file__).resolve().parent
RECORDING = WORK / "recording"
MOST_OCTETS = 200_000
SETTLE = 0.7  # tcpdump hands over what it has only after a while, even with --immediate-mode


class Recording:
    """One running tcpdump."""

    def __init__(self, capture: story.Capture, path: pathlib.Path):
        self.path = path
        argv = ["tcpdump", "-Z", "root", "-n", "-U", "--immediate-mode", "-s", "0", "-i", capture.device]
        argv += [*capture.options, "-w", str(path)]
        command = ["ip", "netns", "exec", namespace(capture.on), *argv]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "listening on" in line:
                return
        raise LabError(f"tcpdump on {capture.on} did not start")

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=10)
        size = self.path.stat().st_size
        if size > MOST_OCTETS:
            raise LabError(f"{self.path}: {size} octets, more than a committed capture may have ({MOST_OCTETS})")


class Stage:
    """What a scenario's play may do."""

    def __init__(self, scenario: story.Scenario, folder: pathlib.Path):
        self.scenario = scenario
        self.folder = folder
        self.recordings: list[Recording] = []

    def perform(self) -> None:
        """Play and record; the committed folder changes only if all went as the story says."""
        shutil.rmtree(RECORDING, ignore_errors=True)
        RECORDING.mkdir(parents=True)
        firewall.apply(firewall.Policy())
        for name in self.scenario.servers:
            servers.ensure(name)
        network.forget_connections()
        firewall.apply(self.scenario.policy)
        try:
            for capture in self.scenario.captures:
                if not capture.late:
                    self._begin(capture)
            self.scenario.play(self)
            time.sleep(SETTLE)
        finally:
            for recording in self.recordings:
                recording.end()
            firewall.apply(firewall.Policy())
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.pcap"):
            old.unlink()
        for new in RECORDING.iterdir():
            shutil.move(new, self.folder / new.name)
        (self.folder / "story.toml").write_text(story.write(self.scenario))

    def begin_capture(self, vantage: str) -> None:
        """Start a capture that was declared `late`."""
        self._begin(next(c for c in self.scenario.captures if c.vantage == vantage))

    def start(self, host: str, *argv: str) -> subprocess.Popen:
        """Run any command as that host."""
        log = (WORK / "client.log").open("a")
        return subprocess.Popen(as_host(host, *argv), stdout=subprocess.PIPE, stderr=log, text=True)

    def client(self, host: str, *argv: object) -> subprocess.Popen:
        return self.start(host, sys.executable, "-B", str(HERE / "client.py"), *map(str, argv))

    def rpc(self, host: str, server: str, interface: str, *argv: object) -> subprocess.Popen:
        script = str(HERE / "exchange_rpc.py")
        return self.start(host, sys.executable, "-B", script, "call", story.address(server), interface, *map(str, argv))

    def start_in_firewall(self, *argv: str) -> subprocess.Popen:
        """Run a program in the firewall's namespace; returns once it has printed a line."""
        command = ["ip", "netns", "exec", namespace(network.FIREWALL), *argv]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if not process.stdout.readline():
            self.void(f"{argv[-2]} did not start")
        return process

    def want(self, word: str, *processes: subprocess.Popen) -> None:
        """Wait for clients; the scenario is void unless each says `word` last."""
        for process in processes:
            said = self.finish(process)
            if said.split()[-1:] != [word]:
                raise LabError(f"{self.scenario.path}: a client said {said!r}, the scenario is true only with {word!r}")

    def finish(self, process: subprocess.Popen, seconds: float = 60) -> str:
        """What a command printed, once it has ended."""
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise LabError(f"{self.scenario.path}: {' '.join(process.args[-6:])} did not end") from None
        return said.strip()

    def do(self, host: str, *argv: str, check: bool = True) -> str:
        """Run a command as that host to its end; a failure voids the scenario."""
        process = self.start(host, *argv)
        said = self.finish(process)
        if check and process.returncode != 0:
            raise LabError(f"{self.scenario.path}: {' '.join(argv)} ended with {process.returncode}: {said}")
        return said

    def void(self, why: str) -> None:
        """The scenario did not happen as its story says."""
        raise LabError(f"{self.scenario.path}: {why}")

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def _begin(self, capture: story.Capture) -> None:
        self.recordings.append(Recording(capture, RECORDING / capture.file))
