"""Where a scenario is played: firewall set, servers up, captures running, outcomes checked."""

import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import firewall
import network
import pcap
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
        self.extras: list[subprocess.Popen] = []
        self.undo: list[Callable[[], None]] = []

    def perform(self) -> None:
        """Play and record; the committed folder changes only if all went as the story says."""
        shutil.rmtree(RECORDING, ignore_errors=True)
        RECORDING.mkdir(parents=True)
        firewall.apply(firewall.Policy())
        for name in self.scenario.servers:
            servers.ensure(name)
        network.forget_connections()
        firewall.apply(self.scenario.policy)
        line = self._line()
        try:
            for capture in self.scenario.captures:
                if not capture.late and not capture.made_from:
                    self._begin(capture)
            self.scenario.play(self)
            time.sleep(SETTLE)
        finally:
            for recording in self.recordings:
                recording.end()
            for undo in self.undo:
                undo()
            for extra in self.extras:
                if extra.poll() is None:
                    self.stop(extra)
            if line:
                line.terminate()
                line.wait()
            firewall.apply(firewall.Policy())
        for capture in self.scenario.captures:
            if capture.made_from:
                source = pcap.read(RECORDING / f"{capture.made_from}.pcap")
                pcap.write(RECORDING / capture.file, capture.edit(source))
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob("*.pcap"):
            old.unlink()
        for new in RECORDING.iterdir():
            shutil.move(new, self.folder / new.name)
        (self.folder / "story.toml").write_text(story.write(self.scenario))

    def afterwards(self, undo: Callable[[], None]) -> None:
        """Do this when nothing is recorded any more."""
        self.undo.append(undo)

    def begin_capture(self, vantage: str) -> None:
        """Start a capture that was declared `late`."""
        self._begin(next(c for c in self.scenario.captures if c.vantage == vantage))

    def start(self, host: str, *argv: str) -> subprocess.Popen:
        """Run any command as that host."""
        log = (WORK / "client.log").open("a")
        return subprocess.Popen(as_host(host, *argv), stdout=subprocess.PIPE, stderr=log, text=True)

    def client(self, host: str, *argv: object) -> subprocess.Popen:
        return self.start(host, sys.executable, "-B", str(HERE / "client.py"), *map(str, argv))

    def caller(self, host: str, *argv: object) -> subprocess.Popen:
        """A client with habits of its own (callers.py)."""
        words = [story.address(str(word)) for word in argv]
        return self.start(host, sys.executable, "-B", str(HERE / "callers.py"), *words)

    def windows(self, host: str, *argv: object) -> subprocess.Popen:
        """A client with a Windows-like TCP of its own; the host's kernel must be kept out of it."""
        return self.start(host, sys.executable, "-B", str(HERE / "windows.py"), *map(str, argv))

    def serve(self, host: str, *argv: object, script: str = "oddities.py") -> subprocess.Popen:
        """Start a server of this scenario alone; returns once it serves."""
        process = self.start(host, sys.executable, "-B", str(HERE / script), *map(str, argv))
        if not process.stdout.readline():
            self.void(f"{' '.join(map(str, argv))} did not start")
        self.extras.append(process)
        return process

    def stop(self, process: subprocess.Popen) -> None:
        """End a server at once, as a crash or a stopped service does."""
        process.kill()
        process.wait()
        process.stdout.close()

    def rpc(self, host: str, server: str, interface: str, *argv: object) -> subprocess.Popen:
        script = str(HERE / "exchange_rpc.py")
        return self.start(host, sys.executable, "-B", script, "call", story.address(server), interface, *map(str, argv))

    @contextlib.contextmanager
    def device(self, script: str, *argv: str) -> Iterator[None]:
        """A program of the lab in the firewall's namespace, from when it has printed a line to the end of the block."""
        process = self._start_in(network.FIREWALL, sys.executable, "-B", str(HERE / script), *argv)
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    def _line(self) -> subprocess.Popen | None:
        """Start carrying frames between the firewall and the far subnet, if the scenario uses it."""
        line = self.scenario.line
        if line is None:
            return None
        numbers = (line.milliseconds, line.jitter, line.lost, line.reordered)
        return self._start_in(network.LINE, sys.executable, "-B", str(HERE / "wan.py"), *map(str, numbers))

    def _start_in(self, name: str, *argv: str) -> subprocess.Popen:
        command = ["ip", "netns", "exec", namespace(name), *argv]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if not process.stdout.readline():
            self.void(f"{' '.join(argv)} did not start")
        return process

    def want(self, word: str, *processes: subprocess.Popen) -> None:
        """Wait for clients; the scenario is void unless each says `word` (or `one|other`) last."""
        for process in processes:
            said = self.finish(process)
            if said.split()[-1:] not in [[one] for one in word.split("|")]:
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
