"""A contest: several competitors score the same reviews, in rounds that alternate between them.

A competitor's speed is the median of its rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

THRESHOLD = 0.5


@dataclass(frozen=True)
class Round:
    """All reviews, scored once by one competitor.

    Attributes:
        seconds: wall-clock time, without loading the model.
        scores: ``float32[reviews]``, the probability of positive.
    """

    seconds: float
    scores: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Competitor:
    """A program that scores reviews.

    Attributes:
        name: the name in the table.
        score: scores all reviews once.
        labels: ``int8[reviews]``, 1 for positive; None if the scores mean nothing because the
            weights are random.
        rounds: most rounds that it takes part in.
    """

    name: str
    score: Callable[[], Round]
    labels: npt.NDArray[np.int8] | None = None
    rounds: int = 100


@dataclass
class Result:
    """The speeds of a competitor, in reviews a second for each round, and its accuracy."""

    name: str
    speeds: list[float] = field(default_factory=list)
    accuracy: float | None = None

    @property
    def speed(self) -> float:
        """Reviews a second: the median of the rounds."""
        return statistics.median(self.speeds)


def timed(work: Callable[[], npt.NDArray[np.float32]]) -> Round:
    """Time a call that returns the scores."""
    started = time.perf_counter()
    scores = work()
    return Round(time.perf_counter() - started, scores)


def compete(
    competitors: Sequence[Competitor],
    rounds: int,
    say: Callable[[str], None] = lambda line: None,
) -> list[Result]:
    """Let the competitors score in turn, so that other load on the machine slows all alike.

    Args:
        competitors: in the order in which they score.
        rounds: number of rounds.
        say: receives a line after each round of each competitor.
    """
    results = [Result(competitor.name) for competitor in competitors]
    for number in range(1, rounds + 1):
        for competitor, result in zip(competitors, results, strict=True):
            if number <= competitor.rounds:
                _add_round(competitor, result)
                speed = f"{result.speeds[-1]:,.0f} reviews a second"
                say(f"round {number}: {competitor.name}, {speed}")
    return results


def _add_round(competitor: Competitor, result: Result) -> None:
    this = competitor.score()
    result.speeds.append(len(this.scores) / this.seconds)
    if competitor.labels is not None:
        is_right = (this.scores >= THRESHOLD) == (competitor.labels == 1)
        result.accuracy = float(np.mean(is_right))
