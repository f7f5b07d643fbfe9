"""Windows of an input, before and after they are scored."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from scorer.kernel import Counts
from scorer.known.spared import Spared


@dataclass(frozen=True)
class Window:
    """Some rows of an input.

    Attributes:
        start: the number of the first.
        batches: the rows.
        position: bytes of the input up to their end; None where rows are counted.
    """

    start: int
    batches: list[pa.RecordBatch]
    position: int | None = None

    def __len__(self) -> int:
        return sum(map(len, self.batches))

    @property
    def size(self) -> int:
        """Bytes of the rows."""
        return sum(batch.nbytes for batch in self.batches)


@dataclass(frozen=True)
class ScoredWindow:
    """A window with its new columns; ``reused`` of its rows had been scored by a stopped run."""

    batches: list[pa.RecordBatch]
    counts: Counts
    reused: int
    spared: Spared
    position: int | None = None
