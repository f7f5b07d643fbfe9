"""Windows of an input, before and after they are scored."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from scorer.job.pipeline import Pipeline
from scorer.kernel import Counts


@dataclass(frozen=True)
class Window:
    """Some rows of an input: the number of the first, and the record batches."""

    start: int
    batches: list[pa.RecordBatch]

    def __len__(self) -> int:
        return sum(map(len, self.batches))


@dataclass(frozen=True)
class ScoredWindow:
    """A window with its new columns; ``reused`` of its rows had been scored before."""

    batches: list[pa.RecordBatch]
    counts: Counts
    reused: int


# Those that score the windows of a job.
Threads = Pipeline[Window, ScoredWindow]
