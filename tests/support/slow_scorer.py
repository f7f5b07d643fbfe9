"""The scorer, slowed: ``python slow_scorer.py run …``, so that a small file is still being scored when something happens to it.

Settings, from the environment:

    SLOW_ROWS     rows a window, 50 where it isn't set
    SLOW_SECONDS  seconds that each scored window takes more
    SLOW_LOG      a file that gets a line for each window before it is scored
    SLOW_GATE     a file that is waited for before a window is scored
    SLOW_AFTER    so many windows are scored without waiting for it
    SLOW_WRITING  a file that is made when the first row group is being written, which then takes a minute
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

from scorer import parquet
from scorer.cli import main
from scorer.kernel import Kernel, Scores
from scorer.stopwatch import Stopwatch
from scorer.tokenizer import Tokens

SECONDS = float(os.environ.get("SLOW_SECONDS", "0"))
AFTER = int(os.environ.get("SLOW_AFTER", "0"))
LOG, GATE, WRITING = (Path(os.environ[name]) if name in os.environ else None for name in ("SLOW_LOG", "SLOW_GATE", "SLOW_WRITING"))

parquet.WINDOW_ROWS = int(os.environ.get("SLOW_ROWS", "50"))

rate = Kernel.rate
aside = parquet.aside
windows = itertools.count()


def slow_rate(self: Kernel, tokens: Tokens, between: Callable[[], None], clock: Stopwatch) -> Scores:
    if LOG:
        with LOG.open("a") as file:
            file.write(f"{len(tokens)}\n")
    waits = next(windows) >= AFTER
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends or (waits and GATE and not GATE.exists()):
        between()
        time.sleep(0.01)
    return rate(self, tokens, between, clock)


def slow_aside(call: Callable[[], object]) -> object:
    def slow_call() -> object:
        if WRITING:
            WRITING.touch()
            time.sleep(60)
        return call()

    return aside(slow_call)


Kernel.rate = slow_rate
parquet.aside = slow_aside
main()
