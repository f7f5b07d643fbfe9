"""Where the time goes: seconds by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

# "reading" includes the hash of the input, and the scores of earlier outputs; "keeping" is the
# journal, the scores of an unfinished output, and the look-up of those that are known.
STAGES = ("reading", "tokenizing", "packing", "scoring", "keeping", "writing")


class Stopwatch:
    """Adds up seconds by stage.

    All stages but reading and writing run on several threads at once, so their sum may exceed the
    wall-clock time.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the block's seconds to a stage."""
        started = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[name] += time.monotonic() - started

    def timed(self, name: str, call: Callable[[], None]) -> Callable[[], None]:
        """Return the call that adds its seconds to a stage."""

        def timed() -> None:
            with self.stage(name):
                call()

        return timed

    def add(self, seconds: Mapping[str, float], share: float) -> None:
        """Add a share of what another measured, by stage."""
        with self._lock:
            for name, spent in seconds.items():
                self._seconds[name] += share * spent

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each stage so far."""
        with self._lock:
            return dict(self._seconds)
