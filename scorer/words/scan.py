"""Which texts hold a string: looked for in the bytes of all texts at once."""

from __future__ import annotations

from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.words.cutting import flat

Places = npt.NDArray[np.int64]


class Scan:
    """Texts, and what was found in them so far.

    Attributes:
        texts: ``large_string[rows]`` without nulls.
    """

    def __init__(self, texts: pa.LargeStringArray) -> None:
        self.texts = texts
        self._data, self._offsets = flat(texts)
        self._found: dict[int, Places] = {}

    def rows_with(self, strings: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Return which texts hold one of these strings: ``bool[rows]``.

        >>> Scan(pa.array(["ab", "b", "a"], pa.large_string())).rows_with(("b", "ba")).tolist()
        [True, True, False]
        """
        rows = np.zeros(len(self.texts), bool)
        for first, seconds, rests in _by_first_byte(strings):
            places = self._places(first)
            if b"" in rests:
                self._mark(rows, places, 1)
                continue
            # Few have one of the second bytes behind them, too.
            places = places[seconds[self._data.take(places + 1, mode="clip")]]
            for rest in rests if len(places) else ():
                self._mark(rows, self._followed(places, rest), 1 + len(rest))
        return rows

    def changed(
        self, rows: npt.NDArray[np.bool_], old: pa.LargeStringArray, new: pa.LargeStringArray
    ) -> Scan:
        """Return the texts with some of them rewritten; if nothing changed, these.

        Args:
            rows: ``bool[rows]``: which ones.
            old: these, as they are.
            new: as they are to be.
        """
        if new.equals(old):
            return self
        return Scan(pc.replace_with_mask(self.texts, pa.array(rows), new))

    @cached_property
    def beyond_ascii(self) -> npt.NDArray[np.bool_]:
        """Which texts hold a character that is not ASCII: ``bool[rows]``."""
        rows = np.zeros(len(self.texts), bool)
        self._mark(rows, np.flatnonzero(self._data >= 0x80), 1)
        return rows

    def _places(self, byte: int) -> Places:
        if byte not in self._found:
            self._found[byte] = np.flatnonzero(self._data == byte)
        return self._found[byte]

    def _followed(self, places: Places, rest: bytes) -> Places:
        """Return the places behind which these bytes stand."""
        for behind, byte in enumerate(rest, 1):
            places = places[self._data.take(places + behind, mode="clip") == byte]
        return places

    def _mark(self, rows: npt.NDArray[np.bool_], places: Places, size: int) -> None:
        """Mark the rows that hold all bytes of a string which begins at one of the places."""
        if len(places):
            found = np.searchsorted(self._offsets, places, "right") - 1
            rows[found[places + size <= self._offsets[found + 1]]] = True


@cache
def _by_first_byte(
    strings: tuple[str, ...],
) -> tuple[tuple[int, npt.NDArray[np.bool_], frozenset[bytes]], ...]:
    """Return for each first byte of the strings the second ones as a table, and what follows it."""
    encoded = {string.encode() for string in strings}
    groups = []
    for first in sorted({one[0] for one in encoded}):
        rests = frozenset(one[1:] for one in encoded if one[0] == first)
        seconds = np.isin(np.arange(256), [rest[0] for rest in rests if rest])
        groups.append((first, seconds, rests))
    return tuple(groups)
