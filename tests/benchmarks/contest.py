"""Competitors on the same reviews in the same run: rounds that alternate between them, and the median of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Round:
    """One scoring of all reviews of a competitor.

    Attributes:
        seconds: from beginning to end, models loaded already.
        scores: ``float32[reviews]``, the probability of positive.
    """

    seconds: float
    scores: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Competitor:
    """Somebody who scores reviews.

    Attributes:
        name: as the table has it.
        once: scores them all.
        labels: ``int8[reviews]``, the truth; None where its scores mean nothing (random weights).
        rounds: how often, at most.
    """

    name: str
    once: Callable[[], Round]
    labels: npt.NDArray[np.int8] | None = None
    rounds: int = 100


@dataclass
class Result:
    """What a competitor reached."""

    name: str
    speeds: list[float] = field(default_factory=list)
    accuracy: float | None = None

    @property
    def speed(self) -> float:
        """Reviews a second: the median of the rounds."""
        return statistics.median(self.speeds)


def timed(work: Callable[[], npt.NDArray[np.float32]]) -> Round:
    """Time some work that returns the scores."""
    started = time.perf_counter()
    scores = work()
    return Round(time.perf_counter() - started, scores)


def compete(competitors: Sequence[Competitor], rounds: int, say: Callable[[str], None] = lambda line: None) -> list[Result]:
    """Let everybody score in turn, so that whatever else the machine does falls on all alike."""
    results = [Result(one.name) for one in competitors]
    for done in range(rounds):
        for one, result in zip(competitors, results, strict=True):
            if done >= one.rounds:
                continue
            this = one.once()
            result.speeds.append(len(this.scores) / this.seconds)
            if one.labels is not None:
                result.accuracy = float(np.mean((this.scores >= 0.5) == (one.labels == 1)))
            say(f"round {done + 1}: {one.name}, {result.speeds[-1]:,.0f} reviews a second")
    return results
