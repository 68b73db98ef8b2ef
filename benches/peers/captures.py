"""Generated captures, one at a time on the disk, and whether their truth is found."""

import json
import subprocess
from pathlib import Path


class Captures:
    """Makes captures in a folder and takes them away again."""

    def __init__(self, generator: Path, folder: Path):
        self.generator = generator
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def make(self, profile: str, packets: int, kind: str = "pcap") -> Path:
        """Generates one; it stays in the page cache where memory allows."""
        path = self.folder / f"{profile}-{packets}.{kind}"
        order = [profile, "--packets", str(packets), "--seed", "1", "--format", kind, "--out", str(path)]
        print(f"  generating {path.name}", flush=True)
        subprocess.run([str(self.generator), *order], check=True, stderr=subprocess.DEVNULL)
        with open(path, "rb") as capture:
            while capture.read(1 << 24):
                pass
        return path

    @staticmethod
    def truth(path: Path) -> dict:
        """What must be found."""
        return json.loads(path.with_suffix(".truth.json").read_text())

    @staticmethod
    def drop(path: Path) -> None:
        """Takes it away."""
        path.unlink(missing_ok=True)
        path.with_suffix(".truth.json").unlink(missing_ok=True)


def missed(truth: dict, document: dict) -> str:
    """How the findings differ from the truth; empty when they do not."""
    want = {(f["kind"], f["client"], f["server"], f["port"], f["transport"]) for f in truth["findings"]}
    found = {
        (f["kind"], f["client"]["address"], f["server"]["address"], f["server"]["port"], f["transport"])
        for f in document["findings"]
        if f["verdict"] in ("blocked", "altered")
    }
    if found == want:
        return ""
    return f"{len(want - found)} missed, {len(found - want)} false"
