"""The number of each word, found by its bytes for many words at once.

A word of up to 15 bytes and its length are two whole numbers of 64 bits, which are compared, so no
two words are ever mixed up. For one of up to seven bytes a single number does: the commonest of
those stand in a small table of their own, which is looked at first. In the other the places of the
words are hashed and probed in a row (open addressing; Knuth, The Art of Computer Programming 3,
6.4, algorithm L). The few longer words are looked up by Arrow, which builds its table at each call
and so doesn't get the others, or one by one, where few are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.words.cutting import Cut, places_of

# Most words are found by one number: of so many bytes, which with their number are 64 bits.
FIRST_BYTES = 7
# The table for them has so many bits less than the other: it stays in the processor's cache, and
# the words that it has no place for are rare ones.
FIRST_BITS_LESS = 3
SHORT_BYTES = 15
# Places for each word, at least: a quarter of them or less is taken.
ROOM = 4
# Words that find no place after so many probes are looked up with the long ones: a list of words
# that was made to collide takes no longer than any other.
MOST_PROBES = 16

# Tokens that are looked up one by one.
FEW = 100

# Odd numbers without a pattern: the fractions of the golden ratio and of the root of 2.
MULTIPLIERS = (0x9E3779B97F4A7C15, 0x6A09E667F3BCC909)
# By a number of bytes from 0 to 16: which bits of the first and of the second eight bytes count,
# and the number itself, as the last byte.
SIZES = range(SHORT_BYTES + 2)
LOW_BITS = np.array([(1 << 8 * min(size, 8)) - 1 for size in SIZES], np.uint64)
HIGH_BITS = np.array([(1 << 8 * min(max(0, size - 8), 7)) - 1 for size in SIZES], np.uint64)
SIZE_BYTE = np.array([size << 56 for size in SIZES], np.uint64)

Keys = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]


class WordTable:
    """Words and their numbers; it doesn't change once it is made, so threads may share it.

    >>> cut = Cut.of_tokens(pa.array(["a", "c"], pa.large_string()), np.array([2]))
    >>> WordTable({"a": 7, "b": 8}, missing=1).find(cut).tolist()
    [7, 1]
    """

    def __init__(self, numbers: Mapping[str, int], *, missing: int) -> None:
        words = pa.array(numbers, pa.large_string())
        # At the end a word of no bytes, which no token is: what stands at a free place.
        self._free = len(numbers)
        self._numbers = np.array([*numbers.values(), missing], np.int32)
        cut = Cut.of_tokens(words, np.array([len(words)]))
        self._low, self._high = (np.append(part, np.uint64(0)) for part in _keys(cut))
        bits = max(4, (ROOM * len(numbers)).bit_length())
        self._shift, self._last = np.uint64(64 - bits), (1 << bits) - 1
        self._places = np.full(1 << bits, self._free, np.int32)
        bits -= FIRST_BITS_LESS
        self._first_shift = np.uint64(64 - bits)
        self._first_keys = np.zeros(1 << bits, np.uint64)
        self._first_numbers = np.full(1 << bits, missing, np.int32)
        self._put_first(cut)
        left = self._put(places_of(cut.lengths <= SHORT_BYTES))
        others = np.concatenate([places_of(cut.lengths > SHORT_BYTES), left])
        self._others, self._other_numbers = words.take(pa.array(others)), self._numbers[others]
        self._other_words = {word: numbers[word] for word in self._others.to_pylist()}
        self._missing = missing

    def find(self, cut: Cut) -> npt.NDArray[np.int32]:
        """Return the number of each token: ``int32[tokens]``."""
        keys = _first_keys(cut)
        places = self._first_places(keys)
        found = self._first_numbers.take(places)
        other = self._first_keys.take(places) != keys
        other |= cut.lengths > FIRST_BYTES
        rest = places_of(other)
        if len(rest):
            found[rest] = self._find_any(cut.of(rest))
        return found

    def _find_any(self, cut: Cut) -> npt.NDArray[np.int32]:
        """Return the number of each token, whatever its bytes and its place."""
        low, high = _keys(cut)
        places = self._hash(low, high)
        words = self._places.take(places)
        same = (self._low.take(words) == low) & (self._high.take(words) == high)
        found = self._numbers.take(np.where(same, words, self._free))
        long = places_of(cut.lengths > SHORT_BYTES)
        other = ~same & (words != self._free)
        other[long] = False
        rest = self._probe(places_of(other), (low, high), places, found)
        self._find_others(cut, np.concatenate([long, rest]), found)
        return found

    def _probe(
        self,
        rest: npt.NDArray[np.int64],
        keys: Keys,
        places: npt.NDArray[np.int64],
        found: npt.NDArray[np.int32],
    ) -> npt.NDArray[np.int64]:
        """Find tokens behind their first place; return those that may be among the others."""
        low, high, places = keys[0][rest], keys[1][rest], places[rest]
        for _ in range(1, MOST_PROBES):
            if not len(rest):
                break
            places = (places + 1) & self._last
            words = self._places.take(places)
            same = (self._low.take(words) == low) & (self._high.take(words) == high)
            found[rest[same]] = self._numbers[words[same]]
            left = ~same & (words != self._free)
            rest, low, high, places = rest[left], low[left], high[left], places[left]
        return rest

    def _find_others(
        self, cut: Cut, rest: npt.NDArray[np.int64], found: npt.NDArray[np.int32]
    ) -> None:
        if not len(rest) or not len(self._others):
            return
        tokens = cut.of(rest).tokens()
        # Arrow builds its table at each call; for few tokens Python's, which stands, is faster.
        if len(rest) <= FEW:
            found[rest] = [self._other_words.get(one, self._missing) for one in tokens.to_pylist()]
            return
        indices = pc.index_in(tokens, value_set=self._others)
        known = places_of(indices.is_valid().to_numpy(zero_copy_only=False))
        found[rest[known]] = self._other_numbers[indices.drop_null().to_numpy()]

    def _put_first(self, cut: Cut) -> None:
        """Put each word of few bytes at its first place, if no commoner one has it."""
        words = places_of(cut.lengths <= FIRST_BYTES)[::-1]
        keys = _first_keys(cut)[words]
        places = self._first_places(keys)
        self._first_keys[places] = keys
        self._first_numbers[places] = self._numbers[words]

    def _first_places(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        mixed = keys * np.uint64(MULTIPLIERS[0])
        mixed >>= self._first_shift
        return mixed.view(np.int64)

    def _put(self, words: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Give each word the first free place from its hash on; return those that found none."""
        places = self._hash(self._low[words], self._high[words])
        for _ in range(MOST_PROBES):
            free = self._places[places] == self._free
            # Of several words at one place the first one stays, which is the commonest.
            self._places[places[free][::-1]] = words[free][::-1]
            left = self._places[places] != words
            words, places = words[left], (places[left] + 1) & self._last
        return words

    def _hash(
        self, low: npt.NDArray[np.uint64], high: npt.NDArray[np.uint64]
    ) -> npt.NDArray[np.int64]:
        mixed = low * np.uint64(MULTIPLIERS[0]) + high * np.uint64(MULTIPLIERS[1])
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(MULTIPLIERS[0])
        mixed >>= self._shift
        return mixed.view(np.int64)


def _first_keys(cut: Cut) -> npt.NDArray[np.uint64]:
    """Return the bytes of each token of up to seven, and their number as the lowest byte.

    That of a longer one is of no use.
    """
    # Items of eight bytes that begin at every byte.
    windows = np.ndarray((len(cut.data) - 7,), "<u8", cut.data, strides=(1,))
    keys = windows[cut.starts]
    keys <<= (64 - (cut.lengths << 3)).view(np.uint64)
    keys |= cut.lengths.view(np.uint64)
    return keys


def _keys(cut: Cut) -> Keys:
    """Return the first eight bytes of each token, and the next seven with its number of bytes.

    Bytes behind its end are zeros. A token of more bytes than these has a key of no word.
    """
    # Items of 16 bytes that begin at every byte; the type knows no alignment, so none is copied.
    windows = np.ndarray((len(cut.data) - 15,), "V16", cut.data, strides=(1,))
    pairs = windows[cut.starts].view("<u8").reshape(-1, 2)
    sizes = np.minimum(cut.lengths, SHORT_BYTES + 1)
    low = pairs[:, 0] & LOW_BITS.take(sizes)
    high = pairs[:, 1] & HIGH_BITS.take(sizes)
    high |= SIZE_BYTE.take(sizes)
    return low, high
