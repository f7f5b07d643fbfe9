"""A probe that holds the workers of an engine; picklable, since it travels to them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from scorer.job.pipeline import Check, Probe


@dataclass
class Held(Probe):
    """Lets each process score some windows, and holds it until a file ``go`` is there.

    Attributes:
        folder: of ``go``, and of a file for each process that is held, with its parent's number.
        after: windows that a process scores before it is held.
    """

    folder: Path
    after: int = 1
    passed: int = 0

    def scoring(self, check: Check) -> None:
        self.passed += 1
        if self.passed <= self.after:
            return
        (self.folder / f"held-{os.getpid()}").write_text(str(os.getppid()))
        while not (self.folder / "go").exists():
            check()
            time.sleep(0.01)


def wait_until_held(folder: Path, seconds: float = 90) -> tuple[int, int]:
    """Return the numbers of a process that is held, and of its parent."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for path in folder.glob("held-*"):
            if text := path.read_text():
                return int(path.name.partition("-")[2]), int(text)
        time.sleep(0.05)
    raise AssertionError(f"no worker was held within {seconds} s")


def parent_of(process: int) -> int:
    """Return the number of a process's parent."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def wait_until_gone(process: int, seconds: float = 20) -> None:
    """Wait until a process has ended; one that nobody has waited for yet has ended, too."""
    ends = time.monotonic() + seconds
    path = Path(f"/proc/{process}/stat")
    while time.monotonic() < ends:
        try:
            if path.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.05)
    raise AssertionError(f"process {process} still lives after {seconds} s")
