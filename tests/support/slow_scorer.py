"""The scorer, slowed: ``python slow_scorer.py run …``, so that a small file is still being scored when something happens to it.

Windows have SLOW_ROWS rows (default 50). Each one that is scored takes SLOW_SECONDS (default 0.02) more, and adds a line
to the file SLOW_LOG, if one is named, before it is scored. The file SLOW_WRITING, if one is named, is made when the first
row group is about to be written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from scorer import parquet
from scorer.cli import main
from scorer.kernel import Kernel, Scores
from scorer.tokenizer import Tokens

parquet.WINDOW_ROWS = int(os.environ.get("SLOW_ROWS", "50"))
SECONDS = float(os.environ.get("SLOW_SECONDS", "0.02"))
LOG = os.environ.get("SLOW_LOG")

rate = Kernel.rate


def slow_rate(self: Kernel, tokens: Tokens, between: Callable[[], None]) -> Scores:
    if LOG:
        with Path(LOG).open("a") as file:
            file.write(f"{len(tokens)}\n")
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        between()
        time.sleep(0.01)
    return rate(self, tokens, between)


Kernel.rate = slow_rate

if "SLOW_WRITING" in os.environ:
    aside = parquet.aside

    def noted_aside(call: Callable[[], object]) -> object:
        Path(os.environ["SLOW_WRITING"]).write_text("now")
        return aside(call)

    parquet.aside = noted_aside

main()
