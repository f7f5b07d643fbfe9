"""Where the time goes: seconds by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

# Keeping: the scores of an unfinished output, in its journal.
STAGES = ("reading", "tokenizing", "packing", "scoring", "keeping", "writing")


class Stopwatch:
    """Adds up seconds by stage. All but reading and writing run on several threads at once and may exceed the whole."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the block's seconds to a stage."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(name, time.monotonic() - started)

    def add(self, name: str, seconds: float) -> None:
        """Count seconds to a stage."""
        with self._lock:
            self._seconds[name] += seconds

    def seconds(self) -> dict[str, float]:
        """Return what was counted so far."""
        with self._lock:
            return dict(self._seconds)
