"""Texts that are being rewritten in steps, of which each changes few."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.words.cutting import places_of
from scorer.words.scan import Scan

Rows = npt.NDArray[np.int64]


class Layers:
    """Texts, in layers: those that a step changes move to a layer of their own, on top.

    So what a step doesn't change is neither copied nor looked through again.

    Args:
        texts: ``large_string[rows]`` without nulls: the first layer.
        scan: its questions are the steps: which texts each is for.
    """

    def __init__(self, texts: pa.LargeStringArray, scan: Scan) -> None:
        self._layers = [texts]
        self._scan = scan
        self._answers = scan.answers(texts)
        # Each row's layer, and its number there.
        self._layer = np.zeros(len(texts), np.int64)
        self._index = np.arange(len(texts))
        self._asked = int(np.bitwise_or.reduce(self._answers))

    def rewrite(
        self, step: int, change: Callable[[pa.LargeStringArray], pa.LargeStringArray]
    ) -> None:
        """Do a step: rewrite the texts that it is for as they are now.

        Args:
            step: its number among the questions.
            change: returns as many texts as it is given.
        """
        if not self._asked >> step & 1:
            return
        rows = places_of(self._answers & np.uint64(1 << step) != 0)
        # A text may have been for the step only before another one changed it.
        if not len(rows):
            return
        rows, old = self._take(rows)
        new = change(old)
        if new.equals(old):
            return
        changed = pc.not_equal(new, old)
        rows, new = rows[changed.to_numpy(zero_copy_only=False)], new.filter(changed)
        self._put(rows, new)
        if step + 1 < self._scan.questions:
            self._answers[rows] = answers = self._scan.answers(new)
            self._asked |= int(np.bitwise_or.reduce(answers))

    def texts(self) -> pa.LargeStringArray:
        """Return the texts as they are now, in the order of the rows."""
        if len(self._layers) == 1:
            return self._layers[0]
        starts = np.cumsum([0, *map(len, self._layers[:-1])])
        return pa.concat_arrays(self._layers).take(pa.array(starts[self._layer] + self._index))

    def _take(self, rows: Rows) -> tuple[Rows, pa.LargeStringArray]:
        """Return some rows layer by layer, and their texts."""
        layers = self._layer[rows]
        present = places_of(np.bincount(layers) > 0).tolist()
        if len(present) == 1:
            return rows, self._layers[present[0]].take(pa.array(self._index[rows]))
        by_layer = [rows[layers == layer] for layer in present]
        parts = [
            self._layers[self._layer[part[0]]].take(pa.array(self._index[part]))
            for part in by_layer
        ]
        return np.concatenate(by_layer), pa.concat_arrays(parts)

    def _put(self, rows: Rows, texts: pa.LargeStringArray) -> None:
        """Move rows to a new layer."""
        self._layer[rows] = len(self._layers)
        self._index[rows] = np.arange(len(rows))
        self._layers.append(texts)
        # What nothing is left of need not be held.
        for layer in places_of(np.bincount(self._layer) == 0).tolist():
            self._layers[layer] = texts.slice(0, 0)
