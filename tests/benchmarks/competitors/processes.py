"""A competitor that uses one core, run in as many processes as there are cores.

That is how its users spread it, and like stands beside like then. Each process scores a file of its
own: a part of the rows, cut before anything is timed.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from scorer.system.cores import available_cores


class ScoresFiles(Protocol):
    """What is run in processes."""

    def score(self, source: Path, out: Path) -> npt.NDArray[np.float32]:
        """Read, score, write."""


# What the forked processes find here isn't sent to them.
_COMPETITORS: list[ScoresFiles] = []


class InProcesses:
    """A trained competitor in several processes, forked when this is made: none is trained again.

    Args:
        scores_files: the competitor.
        source: the Parquet file that it scores.
        folder: where the parts are put, and what they become.
    """

    def __init__(self, scores_files: ScoresFiles, source: Path, folder: Path) -> None:
        count = available_cores()
        folder.mkdir()
        self._parts = [folder / f"part-{index}.parquet" for index in range(count)]
        table = pq.read_table(source)
        step = -(-len(table) // count)
        for index, part in enumerate(self._parts):
            pq.write_table(table.slice(index * step, step), part)
        self._index = len(_COMPETITORS)
        _COMPETITORS.append(scores_files)
        self._pool = ProcessPoolExecutor(count, multiprocessing.get_context("fork"))
        # The processes start with the first work: the fork is not timed either.
        list(self._pool.map(len, ["warm"] * count))

    def score(self) -> npt.NDArray[np.float32]:
        """Score all parts at once; return the scores in the order of the rows."""
        indices = [self._index] * len(self._parts)
        return np.concatenate(list(self._pool.map(_score_part, indices, self._parts)))


def _score_part(index: int, part: Path) -> npt.NDArray[np.float32]:
    return _COMPETITORS[index].score(part, part.with_suffix(".scored"))
