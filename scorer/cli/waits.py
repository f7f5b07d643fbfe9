"""A file that waits for another run is told of while it waits."""

from __future__ import annotations

from scorer.console import say
from scorer.job.pipeline import Probe


class Waits(Probe):
    """Says on stderr that a file waits; what a worker of an engine says so is in its log."""

    def waiting(self, output: str, seconds: float) -> None:
        """Say it."""
        say(f"{output}: waiting for another run that is writing it, for {seconds:,.0f} s at most")
