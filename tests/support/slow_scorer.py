"""The scorer with a probe: ``python slow_scorer.py run …``, to hold a run at a known point.

Settings, from the environment:

    SLOW_SECONDS  seconds that each scored window takes longer
    SLOW_LOG      a file that gets a line for each window before it is scored
    SLOW_GATE     a file without which no window is scored
    SLOW_AFTER    number of windows that are scored without the gate
    SLOW_WRITING  a file that is made before the first slow call of the writer, which then waits for
                  the gate
    SLOW_DEAF     if set, windows at the gate look at nothing else, like a long call into C
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

from scorer.cli import main
from scorer.job.pipeline import Check, Probe

SECONDS = float(os.environ.get("SLOW_SECONDS", "0"))
DEAF = "SLOW_DEAF" in os.environ
AFTER = int(os.environ.get("SLOW_AFTER", "0"))
LOG, GATE, WRITING = (
    Path(os.environ[name]) if name in os.environ else None
    for name in ("SLOW_LOG", "SLOW_GATE", "SLOW_WRITING")
)


class SlowProbe(Probe):
    """Logs and holds what the run is about to do."""

    def __init__(self) -> None:
        self._windows = itertools.count()

    def scoring(self, check: Check) -> None:
        if LOG:
            with LOG.open("a") as file:
                file.write("window\n")
        gate = GATE if next(self._windows) >= AFTER and not WRITING else None
        ends = time.monotonic() + SECONDS
        while time.monotonic() < ends or (gate and not gate.exists()):
            if not DEAF:
                check()
            time.sleep(0.01)

    def writing(self) -> None:
        if WRITING and GATE:
            WRITING.touch()
            while not GATE.exists():
                time.sleep(0.01)


main(SlowProbe())
