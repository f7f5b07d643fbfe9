"""The file of soft labels: labelled texts, with what is surely positive cut to its share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from teacher.tables import read_table, write_table

SOFT_COLUMNS = ("text", "probability", "group", "kind", "domain")
SURELY = 0.9
# Of what is surely positive at most so many times what is negative.
MOST_POSITIVE = 1.5


def balance(sources: Sequence[Path], out: Path, seed: int) -> pa.Table:
    """Write the texts of all sources for ``trainer fit --soft-labels``.

    Args:
        sources: Parquet files that ``label`` made of gathered texts.
        out: file to write.
        seed: draws which surely positive texts stay.

    Returns:
        What was written.

    Raises:
        ReviewsError: a file lacks a column.
    """
    table = pa.concat_tables(
        [read_table(path, SOFT_COLUMNS).select(SOFT_COLUMNS) for path in sources]
    )
    cells = list(zip(table["domain"].to_pylist(), table["kind"].to_pylist(), strict=True))
    rows = balanced_rows(table["probability"].to_numpy(), cells, np.random.default_rng(seed))
    table = table.take(rows)
    write_table(table, out)
    return table


def balanced_rows(
    probabilities: npt.NDArray[np.float32],
    cells: Sequence[tuple[str, str]],
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Return the rows that stay, ``int64[rows]``, rising.

    In each cell some of those above 0.9 go, until they are at most 1.5 times those below 0.5.

    Args:
        probabilities: ``float32[texts]``.
        cells: domain and kind of each text.
        rng: draws which go.
    """
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, cell in enumerate(cells):
        rows_of.setdefault(cell, []).append(row)
    stays = np.ones(len(probabilities), np.bool_)
    for found in rows_of.values():
        rows = np.array(found)
        positive = rows[probabilities[rows] > SURELY]
        most = int(MOST_POSITIVE * np.count_nonzero(probabilities[rows] < 0.5))
        stays[rng.permutation(positive)[most:]] = False
    return np.flatnonzero(stays)
