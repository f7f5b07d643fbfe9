"""The bytes of texts into words: NumPy finds where each word begins and ends.

What a character is stands in :class:`Characters`, which :mod:`scorer.words.rules` makes from its
classes. No loop here touches a word or a row: texts are cut in pieces of some rows, each small
enough for the processor's cache, so memory doesn't grow with the window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# What a character is. APART has a token of its own; JOINED continues one that stands before it, as
# its TAIL; DROPPED vanishes behind both. Elsewhere these two are part of a word.
BLANK, WORD, APART, APOSTROPHE, JOINED, TAIL, DROPPED = range(7)

# Bytes of the texts that are cut at once; a longer one is cut alone.
PIECE_BYTES = 1 << 18
# Zeros behind the bytes of a piece, so that the 16 bytes from any word's start can be read.
PADDING = bytes(16)

# Flags of which few are set are worth looking at by eights.
MANY = 1 << 13

PAGE_BITS = 12
PAGES = 0x110000 >> PAGE_BITS
SURROGATES = range(0xD800, 0xE000)

# The first of each range of bytes, and how many it holds.
Ranges = tuple[tuple[int, int], ...]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

IS_ASCII_LETTER = np.array([chr(byte).isascii() and chr(byte).isalpha() for byte in range(256)])


@dataclass(frozen=True)
class Cut:
    """The tokens of some rows, as places in bytes.

    Attributes:
        data: ``uint8[bytes]``: UTF-8, and 16 bytes more.
        starts: ``int64[tokens]``: the first byte of each token.
        lengths: ``int64[tokens]``: its bytes.
        counts: ``int64[rows]``: the tokens of each row.
    """

    data: Bytes
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of_tokens(cls, tokens: pa.LargeStringArray, counts: npt.NDArray[np.int64]) -> Cut:
        """Return tokens that Arrow has cut already."""
        data, offsets = flat(tokens)
        padded = np.concatenate([data, np.frombuffer(PADDING, np.uint8)])
        return cls(padded, offsets[:-1], np.diff(offsets), counts)

    def of(self, tokens: npt.NDArray[np.int64]) -> Cut:
        """Return some of the tokens, by their numbers; no row's count is kept."""
        none = np.zeros(0, np.int64)
        return Cut(self.data, self.starts[tokens], self.lengths[tokens], none)

    def tokens(self) -> pa.LargeStringArray:
        """Return the tokens, ``large_string[tokens]``."""
        ends = np.cumsum(self.lengths)
        places = np.arange(ends[-1] if len(ends) else 0)
        places += np.repeat(self.starts - ends + self.lengths, self.lengths)
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        return large_strings(self.data[places], offsets)


class Around(NamedTuple):
    """The apostrophes of some texts, and what they stand in.

    Attributes:
        places: ``int64[apostrophes]``.
        word: ``bool[bytes]``: the other bytes that words are made of.
        inside: ``bool[bytes]``: all that isn't blank; no apostrophe.
        row_starts: ``bool[bytes]``: where texts begin, and where the last one has ended.
    """

    places: Places
    word: Flags
    inside: Flags
    row_starts: Flags


# Returns those of the apostrophes that belong to words.
Apostrophes = Callable[[Around], Places]
# Rewrites the bytes of some rows, padded, given where each begins; so it returns them.
Change = Callable[[Bytes, Places], tuple[Bytes, Places]]


class Characters:
    """What each character is, by the classes of RE2 that it is in.

    Asked page by page of 4,096 characters, when the first text holds one of them: a text in English
    needs two or three of the 272 pages. Threads may share it.

    Args:
        word: the class of the characters that words are made of, without its brackets.
        apart: that of characters that are tokens of their own.
        joined: that of characters that continue one of these; empty for none.
        dropped: one character that vanishes behind one of these, continued or not.
        blank: that of characters that are blanks, whatever else they are.
        lower_case: whether ASCII letters are lower-cased first.
    """

    def __init__(
        self,
        word: str,
        apart: str,
        joined: str,
        dropped: str = "",
        blank: str = "",
        *,
        lower_case: bool,
    ) -> None:
        self.lower_case = lower_case
        # The last one that a character is in counts.
        self._classes = {
            WORD: word,
            JOINED: joined,
            DROPPED: dropped,
            APART: apart,
            BLANK: blank,
        }
        # Made here and not when first asked for, so that no two threads make two of them.
        self._table = np.zeros(PAGES << PAGE_BITS, np.uint8)
        self._known = np.zeros(PAGES, bool)

    def of(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return what each code point stands for: ``uint8[codes]``."""
        pages = codes >> PAGE_BITS
        for page in set(pages[~self._known[pages]].tolist()):
            self._ask(page)
        return self._table[codes]

    @cached_property
    def ascii_ranges(self) -> tuple[Ranges, Ranges]:
        """The ASCII characters that words are made of, and those that are tokens of their own."""
        kinds = self.of(np.arange(128))
        if self.lower_case:
            # None of these is left, and each range that is looked for takes time.
            kinds[ord("A") : ord("Z") + 1] = BLANK
        return ranges_of(kinds == WORD), ranges_of(kinds == APART)

    def _ask(self, page: int) -> None:
        # Two threads may ask for a page at once: they write the same, and mark it known after that.
        first, end = page << PAGE_BITS, (page + 1) << PAGE_BITS
        kinds = np.zeros(end - first, np.uint8)
        codes = np.array([code for code in range(first, end) if code not in SURROGATES], np.int64)
        # A text for each: RE2 finds all that match in one long text ten times as slowly.
        texts = pa.array(map(chr, codes.tolist()), pa.large_string())
        for kind, members in self._classes.items():
            if members:
                inside = pc.match_substring_regex(texts, f"[{members}]")
                kinds[codes[inside.to_numpy(zero_copy_only=False)] - first] = kind
        if page == 0:
            kinds[ord("'")] = APOSTROPHE
        self._table[first:end] = kinds
        self._known[page] = True


def ranges_of(members: Flags) -> Ranges:
    """Return the ranges of the numbers that are set.

    >>> ranges_of(np.array([False, True, True, False, True]))
    ((1, 2), (4, 1))
    """
    edges = places_of(np.diff(members, prepend=False, append=False))
    return tuple(zip(edges[::2].tolist(), (edges[1::2] - edges[::2]).tolist(), strict=True))


def flat(texts: pa.LargeStringArray) -> tuple[Bytes, Places]:
    """Return the bytes of texts without nulls, and where each begins; neither is copied.

    >>> data, offsets = flat(pa.array(["ab", "", "c"], pa.large_string()))
    >>> data.tobytes(), offsets.tolist()
    (b'abc', [0, 2, 2, 3])
    """
    if not len(texts):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, places, content = texts.buffers()
    offsets = np.frombuffer(places, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    if offsets[0] == offsets[-1]:
        return np.zeros(0, np.uint8), np.zeros(len(texts) + 1, np.int64)
    data = np.frombuffer(content, np.uint8)[offsets[0] : offsets[-1]]
    return data, offsets - offsets[0]


def places_of(flags: Flags) -> Places:
    """Return the places that are set; :func:`numpy.flatnonzero` is slower by its Python."""
    found: Places = flags.nonzero()[0]
    return found


def few_places(flags: Flags) -> Places:
    """Return the places of the few that are set, in half the time that :func:`places_of` takes.

    It looks at eight at once, then at each of those eight.

    Args:
        flags: ``bool[places]``; none of the last seven is set.

    >>> few_places(np.array([0, 1, 0, 0, 0, 0, 0, 1] + 7 * [0], bool)).tolist()
    [1, 7]
    """
    if len(flags) < MANY:
        return places_of(flags)
    eights = flags[: len(flags) & -8].view(np.uint64)
    some = places_of(eights != 0)
    places = places_of(eights[some].view(bool))
    found: Places = (some << 3)[places >> 3] + (places & 7)
    return found


def large_strings(data: Bytes, offsets: Places) -> pa.LargeStringArray:
    """Return the texts of these bytes, of which each begins where the one before it ends.

    >>> large_strings(np.frombuffer(b"abc", np.uint8), np.array([0, 2, 2, 3])).to_pylist()
    ['ab', '', 'c']
    """
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)


def between_word_characters(around: Around) -> Places:
    """Return the apostrophes that stand alone between two characters of a word."""
    places, word, _, row_starts = around
    # None is the first byte of all: that has no word before it, but an index of -1.
    between = (places > 0) & word[places - 1] & word[places + 1]
    between &= ~(row_starts[places] | row_starts[places + 1])
    return places[between]


def cut(
    texts: pa.LargeStringArray,
    characters: Characters,
    *,
    change: Change,
    apostrophes: Apostrophes = between_word_characters,
) -> Iterator[Cut]:
    """Cut texts into tokens, some rows at a time.

    Args:
        texts: ``large_string[rows]`` without nulls.
        characters: what each character is.
        change: what is done to the bytes once their letters are lower-cased.
        apostrophes: which of them belong to words.

    Yields:
        The tokens of the next rows, in order.
    """
    data, offsets = flat(texts)
    first, rows = 0, len(texts)
    while first < rows:
        fits = int(offsets.searchsorted(offsets[first] + PIECE_BYTES, "right")) - 1
        last = max(fits, first + 1)
        begin, end = offsets[first], offsets[last]
        piece = _padded(data[begin:end], characters.lower_case)
        piece, bounds = change(piece, offsets[first : last + 1] - begin)
        yield _cut_piece(piece, bounds, characters, apostrophes)
        first = last


def _padded(data: Bytes, lower_case: bool) -> Bytes:
    """Return a copy of the bytes with zeros behind them, ASCII letters in lower case."""
    padded = np.zeros(len(data) + len(PADDING), np.uint8)
    padded[: len(data)] = data
    if lower_case:
        lower_letters(padded)
    return padded


def lower_letters(data: Bytes) -> None:
    """Lower-case the ASCII letters among some bytes, in place.

    >>> data = np.frombuffer(b"@AZ[az", np.uint8).copy()
    >>> lower_letters(data)
    >>> data.tobytes()
    b'@az[az'
    """
    # A capital letter is 32 less than its small one. All this takes less than a table would.
    data += (data - np.uint8(ord("A")) < 26).view(np.uint8) * np.uint8(32)


def shorten_runs(data: Bytes, offsets: Places, longest: int) -> tuple[Bytes, Places]:
    """Leave out ASCII letters that repeat the letter before them too often.

    Args:
        data: ``uint8[bytes]`` of all rows.
        offsets: ``int64[rows + 1]``: where each row begins.
        longest: how many equal letters stay.

    >>> data, offsets = shorten_runs(np.frombuffer(b"sooogood", np.uint8), np.array([0, 4, 8]), 2)
    >>> data.tobytes(), offsets.tolist()
    (b'soogood', [0, 3, 7])
    """
    places = repeats(data, offsets, longest)
    if not len(places):
        return data, offsets
    return _without(data, places), offsets - np.searchsorted(places, offsets)


def _without(data: Bytes, places: Places) -> Bytes:
    """Return the bytes without those at some places, which rise."""
    if len(places) > len(data) >> 8:
        return np.delete(data, places)
    # Copying what is between few of them is ten times as fast.
    bounds = pairwise([-1, *places.tolist(), len(data)])
    return np.concatenate([data[place + 1 : end] for place, end in bounds])


def repeats(data: Bytes, offsets: Places, longest: int) -> Places:
    """Return the places of ASCII letters that repeat the letter before them too often.

    Args:
        data: ``uint8[bytes]`` of all rows.
        offsets: ``int64[rows + 1]``: where each row begins.
        longest: how many equal letters stay.
    """
    # With room behind it for `few_places`.
    same = np.zeros(len(data) + 7, bool)
    np.equal(data[1:], data[:-1], out=same[: max(0, len(data) - 1)])
    for _ in range(longest - 1):
        same = same[1:] & same[:-1]
    places = few_places(same) + longest
    places = places[IS_ASCII_LETTER[data[places]]]
    rows = np.searchsorted(offsets, places, "right") - 1
    within = (rows < len(offsets) - 1) & (places - longest >= offsets[rows])
    return np.asarray(places[within])


def _cut_piece(
    data: Bytes,
    offsets: Places,
    characters: Characters,
    apostrophes: Apostrophes,
) -> Cut:
    """Cut padded bytes into tokens."""
    row_starts = np.zeros(len(data), bool)
    row_starts[offsets] = True
    word, apart = (in_ranges(data, ranges) for ranges in characters.ascii_ranges)
    # Whatever zeros are in these rules.
    word[offsets[-1] :] = apart[offsets[-1] :] = False
    inside, dropped = _classify_beyond_ascii(word, apart, data, row_starts, characters)
    places = few_places(data == ord("'"))
    places = apostrophes(Around(places, word, inside, row_starts))
    word[places] = inside[places] = True
    inside[dropped] = False
    # A word begins where none was before it, or another row.
    starts = word.copy()
    np.greater(word[1:], word[:-1], out=starts[1:])
    row_starts &= word
    starts |= row_starts
    starts |= apart
    first = places_of(starts)
    ends = places_of(inside[:-1] & (starts[1:] | ~inside[1:]))
    lengths = ends - first
    lengths += 1
    return Cut(data, first, lengths, np.diff(first.searchsorted(offsets)))


def in_ranges(data: Bytes, ranges: Ranges) -> Flags:
    """Return which bytes are in one of a few ranges; then many times as fast as a table."""
    each = [
        (data == first) if size == 1 else data - np.uint8(first) < size for first, size in ranges
    ]
    return reduce(np.bitwise_or, each) if each else np.zeros(len(data), bool)


def _classify_beyond_ascii(
    word: Flags,
    apart: Flags,
    data: Bytes,
    row_starts: Flags,
    characters: Characters,
) -> tuple[Flags, Places]:
    """Write what the characters beyond ASCII are.

    Args:
        word: ``bool[bytes]``, written into: every byte of a character that words are made of.
        apart: ``bool[bytes]``, written into: the first byte of one that is a token of its own.
        data: ``uint8[bytes]``.
        row_starts: ``bool[bytes]``.
        characters: what each character is.

    Returns:
        ``bool[bytes]``: the bytes that are part of a token, and the places of those that are
        dropped, which are still among them.
    """
    if data.max(initial=0) < 0x80:
        return word | apart, np.zeros(0, np.int64)
    leads = few_places(data >= 0xC0)
    codes, sizes = _decode(data, leads)
    found = characters.of(codes)
    # None continues another one: the first time there is no tail yet.
    for kind, becomes in ((JOINED, TAIL), (DROPPED, DROPPED)):
        such = places_of(found == kind)
        if len(such):
            before = leads[such] - 1
            last = found[such - 1]
            # An ASCII byte, or the last one of the character before this one.
            follows = apart[before] | (data[before] >= 0x80) & ((last == APART) | (last == TAIL))
            follows &= (before >= 0) & ~row_starts[leads[such]]
            found[such] = np.where(follows, becomes, WORD)
    word[leads] = found == WORD
    apart[leads] = found == APART
    inside = word | apart
    inside[leads] = held = found != BLANK
    for size in (2, 3, 4):
        longer = leads[sizes >= size]
        part = word[longer]
        word[longer + size - 1] = part
        inside[longer + size - 1] = held[sizes >= size]
    dropped = places_of(found == DROPPED)
    # All of them are one character, and have its size.
    return inside, (leads[dropped, None] + np.arange(sizes[dropped].max(initial=0))).ravel()


def _decode(data: Bytes, leads: Places) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the code points of characters of two to four bytes, and their bytes.

    >>> text = np.frombuffer("é😍".encode(), np.uint8)
    >>> [part.tolist() for part in _decode(text, np.array([0, 2]))]
    [[233, 128525], [2, 4]]
    """
    head = data[leads].astype(np.int64)
    sizes = 2 + (head >= 0xE0) + (head >= 0xF0)
    codes = head & (0x7F >> sizes)
    for size in (2, 3, 4):
        longer = sizes >= size
        codes[longer] = codes[longer] << 6 | data[leads[longer] + size - 1] & 0x3F
    return codes, sizes
