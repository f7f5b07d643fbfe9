"""The number of each word, found by its bytes for many words at once.

A word of up to 16 bytes is two whole numbers of 64 bits, which are compared, so no two words are
ever mixed up. Their places in the table are hashed and probed in a row (open addressing; Knuth, The
Art of Computer Programming 3, 6.4, algorithm L). Arrow looks up the few longer words: it builds its
table at each call, so it does not get the others.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.cutting import Cut

SHORT_BYTES = 16
# Places for each word, at least: a quarter of them or less is taken.
ROOM = 4
# Words that find no place after so many probes are looked up with the long ones: a list of words
# that was made to collide takes no longer than any other.
MOST_PROBES = 16
FREE = -1

# Odd numbers without a pattern: the fractions of the golden ratio and of the root of 2.
MULTIPLIERS = (0x9E3779B97F4A7C15, 0x6A09E667F3BCC909)
# By a number of bytes: the bits of so many bytes, lowest first.
MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)

Keys = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]


class WordTable:
    """Words and their numbers; it doesn't change once it is made, so threads may share it.

    >>> cut = Cut.of_tokens(pa.array(["a", "c"], pa.large_string()), np.array([2]))
    >>> WordTable({"a": 7, "b": 8}, missing=1).find(cut).tolist()
    [7, 1]
    """

    def __init__(self, numbers: Mapping[str, int], *, missing: int) -> None:
        self._missing = missing
        words = pa.array(numbers, pa.large_string())
        self._numbers = np.fromiter(numbers.values(), np.int32, len(numbers))
        cut = Cut.of_tokens(words, np.array([len(words)]))
        self._low, self._high = _keys(cut)
        self._lengths = cut.lengths.astype(np.uint8)
        self._shift = np.uint64(64 - max(4, (ROOM * len(numbers)).bit_length()))
        self._places = np.full(1 << (64 - int(self._shift)), FREE, np.int32)
        short = np.flatnonzero(cut.lengths <= SHORT_BYTES)
        left = self._put(short)
        others = np.concatenate([np.flatnonzero(cut.lengths > SHORT_BYTES), left])
        self._others = words.take(pa.array(others))
        self._other_numbers = self._numbers[others]

    def find(self, cut: Cut) -> npt.NDArray[np.int32]:
        """Return the number of each token: ``int32[tokens]``."""
        found = np.full(len(cut.starts), self._missing, np.int32)
        if not len(self._numbers):
            return found
        low, high = _keys(cut)
        places = self._hash(low, high)
        words = self._places[places]
        same = (self._low[words] == low) & (self._high[words] == high)
        same &= self._lengths[words] == cut.lengths
        same &= words != FREE
        np.copyto(found, self._numbers[words], where=same)
        rest = np.flatnonzero(~same & ((words != FREE) | (cut.lengths > SHORT_BYTES)))
        if len(rest):
            self._find_rest(cut, (low, high), places, rest, found)
        return found

    def _find_rest(
        self,
        cut: Cut,
        keys: Keys,
        places: npt.NDArray[np.int64],
        rest: npt.NDArray[np.int64],
        found: npt.NDArray[np.int32],
    ) -> None:
        """Find the tokens that are not at the first place."""
        low, high = keys
        is_long = cut.lengths[rest] > SHORT_BYTES
        others, rest = [rest[is_long]], rest[~is_long]
        for probe in range(1, MOST_PROBES):
            words = self._places[(places[rest] + probe) % len(self._places)]
            same = (self._low[words] == low[rest]) & (self._high[words] == high[rest])
            same &= (self._lengths[words] == cut.lengths[rest]) & (words != FREE)
            found[rest[same]] = self._numbers[words[same]]
            rest = rest[~same & (words != FREE)]
            if not len(rest):
                break
        others.append(rest)
        self._find_others(cut, np.concatenate(others), found)

    def _find_others(
        self, cut: Cut, rest: npt.NDArray[np.int64], found: npt.NDArray[np.int32]
    ) -> None:
        if not len(rest) or not len(self._others):
            return
        tokens = Cut(cut.data, cut.starts[rest], cut.lengths[rest], cut.counts).tokens()
        indices = pc.index_in(tokens, value_set=self._others)
        known = np.flatnonzero(indices.is_valid().to_numpy(zero_copy_only=False))
        found[rest[known]] = self._other_numbers[indices.drop_null().to_numpy()]

    def _put(self, words: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Give each word the first free place from its hash on; return those that found none."""
        places = self._hash(self._low[words], self._high[words])
        for _ in range(MOST_PROBES):
            free = self._places[places] == FREE
            # Of several words at one place the last one stays.
            self._places[places[free]] = words[free]
            left = self._places[places] != words
            words, places = words[left], (places[left] + 1) % len(self._places)
        return words

    def _hash(
        self, low: npt.NDArray[np.uint64], high: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.int64]:
        mixed = low * np.uint64(MULTIPLIERS[0]) + high * np.uint64(MULTIPLIERS[1])
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(MULTIPLIERS[0])
        return (mixed >> self._shift).view(np.int64)


def _keys(cut: Cut) -> Keys:
    """Return the first eight bytes of each token and the eight after them, zeros behind its end."""
    # Items of 16 bytes that begin at every byte; the type knows no alignment, so none is copied.
    windows = np.ndarray((len(cut.data) - SHORT_BYTES + 1,), "V16", cut.data, strides=(1,))
    pairs = windows[cut.starts].view("<u8").reshape(-1, 2)
    low = pairs[:, 0] & MASKS[np.minimum(cut.lengths, 8)]
    high = pairs[:, 1] & MASKS[np.clip(cut.lengths - 8, 0, 8)]
    return low, high
