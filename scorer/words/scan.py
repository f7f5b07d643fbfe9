"""Which texts hold which strings: looked for in the bytes of all texts at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.words.cutting import (
    PADDING,
    PIECE_BYTES,
    Bytes,
    Flags,
    Places,
    few_places,
    flat,
    in_ranges,
    places_of,
    ranges_of,
)

# More ranges of bytes than this are found by a table in less time.
FEW_RANGES = 6

Bits = npt.NDArray[np.uint64]


class Question(NamedTuple):
    """What is asked of a text: whether it holds one of these strings, or what isn't ASCII.

    Every text is meant if nothing is asked.
    """

    strings: tuple[str, ...] = ()
    beyond_ascii: bool = False


class Scan:
    """Answers questions about texts; it doesn't change once it is made, so threads may share it.

    A string is found by its first two bytes: a table says what each pair of them is good for. Few
    places are left where more has to be compared.

    Args:
        questions: at most 64 of them: the answers for a text are the bits of one number.

    Attributes:
        questions: how many there are.

    >>> scan = Scan([Question(("b", "ba")), Question(beyond_ascii=True)])
    >>> scan.answers(pa.array(["ab", "é", "a"], pa.large_string())).tolist()
    [1, 2, 0]
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self.questions = len(questions)
        self._always = _number(one == Question() for one in questions)
        self._beyond_ascii = np.uint64(_number(one.beyond_ascii for one in questions))
        bits: dict[bytes, int] = {}
        for bit, question in enumerate(questions):
            for string in question.strings:
                bits[string.encode()] = bits.get(string.encode(), 0) | 1 << bit
        firsts = {string[0] for string in bits}
        self._is_first = bytes(byte in firsts for byte in range(256))
        self._ranges = ranges_of(np.frombuffer(self._is_first, bool))
        # What a pair of bytes is good for: its kind; 0 is for nothing. A byte at the end of a text
        # has no other behind it.
        kinds: dict[tuple[int, tuple[bytes, ...]], int] = {(0, ()): 0}
        self._kinds, self._last_kinds = np.zeros((256, 256), np.uint16), np.zeros(256, np.uint16)
        for first in firsts:
            alone = bits.get(bytes([first]), 0)
            self._last_kinds[first] = kinds.setdefault((alone, ()), len(kinds))
            self._kinds[first] = self._last_kinds[first]
            for pair in {string[:2] for string in bits if string[0] == first and len(string) > 1}:
                longer = tuple(one for one in bits if one[:2] == pair and len(one) > 2)
                key = alone | bits.get(pair, 0), longer
                self._kinds[first, pair[1]] = kinds.setdefault(key, len(kinds))
        self._bits = np.array([found for found, _ in kinds], np.uint64)
        # By the kind of its pair: the other bytes of each longer string, and its questions.
        self._longer = {
            kind: [(one[2:], np.uint64(bits[one])) for one in longer]
            for (_, longer), kind in kinds.items()
            if longer
        }
        self._has_longer = np.array([bool(longer) for _, longer in kinds])

    def answers(self, texts: pa.LargeStringArray) -> Bits:
        """Return the questions that each text is meant by: ``uint64[rows]``, a bit for each.

        Args:
            texts: ``large_string[rows]`` without nulls.
        """
        data, offsets = flat(texts)
        answers = np.full(len(texts), self._always, np.uint64)
        for first in range(0, len(data), PIECE_BYTES):
            places = few_places(self._firsts(data[first : first + PIECE_BYTES]))
            if len(places):
                self._answer(answers, data, offsets, places + first)
        if self._beyond_ascii:
            answers[beyond_ascii(data, offsets)] |= self._beyond_ascii
        return answers

    def _firsts(self, data: Bytes) -> Flags:
        """Return which bytes a string may begin with, and some that are none."""
        if len(self._ranges) > FEW_RANGES:
            return np.frombuffer(data.tobytes().translate(self._is_first) + PADDING, bool)
        flags = np.zeros(len(data) + len(PADDING), bool)
        flags[: len(data)] = in_ranges(data, self._ranges)
        return flags

    def _answer(self, answers: Bits, data: Bytes, offsets: Places, places: Places) -> None:
        """Answer what follows from the strings that begin at some places."""
        pairs = data.take(places).astype(np.int64) << 8
        pairs |= data.take(places + 1, mode="clip")
        kinds = self._kinds.take(pairs)
        hits = places_of(kinds != 0)
        places, kinds = places[hits], kinds[hits]
        rows = offsets.searchsorted(places, "right") - 1
        ends = offsets[rows + 1]
        last = places_of(places + 1 == ends)
        if len(last):
            kinds[last] = self._last_kinds[data[places[last]]]
        np.bitwise_or.at(answers, rows, self._bits[kinds])
        for kind in set(kinds[self._has_longer[kinds]].tolist()):
            here = places_of(kinds == kind)
            for rest, bits in self._longer[kind]:
                found = here[places[here] + 2 + len(rest) <= ends[here]]
                for behind, byte in enumerate(rest, 2):
                    found = found[data[places[found] + behind] == byte]
                answers[rows[found]] |= bits


def beyond_ascii(data: Bytes, offsets: Places) -> Places:
    """Return the rows that hold a character that is not ASCII.

    >>> beyond_ascii(np.frombuffer("aéb".encode(), np.uint8), np.array([0, 1, 1, 3, 4])).tolist()
    [2]
    """
    if not data.max(initial=0) & 0x80:
        return np.zeros(0, np.int64)
    # A row without bytes has no highest one.
    rows = places_of(np.diff(offsets) > 0)
    return rows[np.maximum.reduceat(data, offsets[rows]) >= 0x80]


def _number(bits: Iterable[bool]) -> int:
    return sum(1 << place for place, bit in enumerate(bits) if bit)
