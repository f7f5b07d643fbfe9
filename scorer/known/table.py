"""Scores by the digest of their text, in bounded memory; the oldest are dropped.

A hash table in one NumPy array, by open addressing with linear probing: digests are random already.
A window is looked up in a few calls, all of its texts at once.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
import numpy.typing as npt

from scorer.known.digests import Digests

# Both halves of a digest, and the score's bits, which are marked as there.
SLOT_BYTES = 24
IS_THERE = np.uint64(1 << 32)
FIRST_SLOTS = 1 << 12
LEAST_SLOTS = 16
GROWTH = 4
# Of a table's slots; beyond it probing gets long.
MOST_FILLED = 0.6


class ScoreTable:
    """Scores by text, in bounded memory. Safe to use from several threads.

    It has two generations. When the young one is full, the old one is dropped, and the young one
    becomes the old: at least the last ``most_texts / 2`` texts are there.

    Args:
        most_bytes: of both generations.

    Attributes:
        most_texts: that it holds.
        dropped: texts that were dropped.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_slots = max(LEAST_SLOTS, most_bytes // (2 * SLOT_BYTES))
        self.most_texts = 2 * int(self._most_slots * MOST_FILLED)
        self.dropped = 0
        self._young = _Slots(min(FIRST_SLOTS, self._most_slots))
        self._old = _Slots(1)
        self._lock = Lock()

    def find(self, digests: Digests) -> npt.NDArray[np.float32]:
        """Return the scores of texts, ``float32[texts]``; NaN of those that aren't there."""
        with self._lock:
            found = self._young.find(digests)
            if self._old.texts:
                left = np.flatnonzero(np.isnan(found))
                found[left] = self._old.find(digests[left])
        return found

    def add(self, digests: Digests, scores: npt.NDArray[np.float32]) -> None:
        """Keep the scores of texts.

        Args:
            digests: ``uint64[texts, 2]``, each once.
            scores: ``float32[texts]``.
        """
        with self._lock:
            step = self.most_texts // 2
            for start in range(0, len(digests), step):
                part = slice(start, start + step)
                self._make_room(len(digests[part]))
                self._young.add(digests[part], scores[part])

    def _make_room(self, texts: int) -> None:
        wanted = self._young.texts + texts
        while wanted > self._young.slots * MOST_FILLED and self._young.slots < self._most_slots:
            self._young = self._young.grown(min(self._young.slots * GROWTH, self._most_slots))
        if wanted > self._young.slots * MOST_FILLED and self._young.texts:
            self.dropped += self._old.texts
            self._old, self._young = self._young, _Slots(self._most_slots)


class _Slots:
    """One generation.

    Args:
        slots: number of them.

    Attributes:
        slots: the same.
        texts: that are there.
    """

    def __init__(self, slots: int) -> None:
        self.slots, self.texts = slots, 0
        # uint64[slots, 3]
        self._content = np.zeros((slots, 3), np.uint64)

    def find(self, digests: Digests) -> npt.NDArray[np.float32]:
        scores = np.full(len(digests), np.nan, np.float32)
        left, slots, wanted = np.arange(len(digests)), self._first(digests), digests
        while len(left):
            content = self._content.take(slots, axis=0)
            goes_on = content[:, 2] != 0
            is_it = goes_on & _are_equal(content, wanted)
            scores[left[is_it]] = content[is_it, 2].astype(np.uint32).view(np.float32)
            goes_on &= ~is_it
            left, wanted = left[goes_on], wanted[goes_on]
            slots = (slots[goes_on] + 1) % self.slots
        return scores

    def add(self, digests: Digests, scores: npt.NDArray[np.float32]) -> None:
        bits = scores.view(np.uint32).astype(np.uint64) | IS_THERE
        self._add(np.column_stack((digests, bits)))

    def grown(self, slots: int) -> _Slots:
        """Return a generation of more slots with the same texts."""
        larger = _Slots(slots)
        larger._add(self._content[self._content[:, 2] != 0])
        return larger

    def _add(self, content: npt.NDArray[np.uint64]) -> None:
        slots = self._first(content)
        while len(content):
            is_free = self._content[slots, 2] == 0
            # Of several for one slot the last has it, and the others go on.
            self._content[slots[is_free]] = content[is_free]
            has_it = _are_equal(self._content.take(slots, axis=0), content)
            self.texts += int(np.count_nonzero(is_free & has_it))
            content, slots = content[~has_it], (slots[~has_it] + 1) % self.slots

    def _first(self, digests: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """Return the slot at which the search for each digest begins."""
        first = (digests[:, 0] >> np.uint64(32)) * np.uint64(self.slots) >> np.uint64(32)
        return first.astype(np.int64)


def _are_equal(
    some: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]
) -> npt.NDArray[np.bool_]:
    """Return which of some digests are those of others; what stands behind them isn't compared."""
    equal: npt.NDArray[np.bool_] = (some[:, 0] == others[:, 0]) & (some[:, 1] == others[:, 1])
    return equal
