"""Where in a text, as it was written, each of its tokens stands.

Cutting (:mod:`scorer.words.rules`) rewrites a text in steps and forgets what came from where. Here
the texts that a rule changes go through the same steps once more, with the same patterns in the
same engine, which this time puts a mark on both sides of every match. The marks are a byte that no
UTF-8 holds, so they tell exactly which bytes became which. In the end both ways must have led to
the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from unicodedata import combining, normalize

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import SentimentError
from scorer.words.cutting import PADDING, Cut, flat, large_strings, lower_letters, repeats
from scorer.words.first_rules import FirstRules
from scorer.words.replacing import without_nulls
from scorer.words.rules import ENTITY, Rules

Integers = npt.NDArray[np.int64]

MARK = 0xFF
BOTH_SIDES = b"\xff%s\xff"
# Half of a surrogate pair, which becomes the mark when a string is encoded with `surrogateescape`.
MARK_IN_STRING = "\udcff"
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
BLANKS = np.frombuffer(b" \t\n\v\f\r", np.uint8)


@dataclass(frozen=True)
class Spans:
    """The tokens of some texts, and where they stand.

    Attributes:
        cuts: the tokens, as :meth:`Rules.cut` yields them.
        counts: ``int64[rows]``: the tokens of each row.
        starts: ``int64[tokens]``: the first character of each in its text, as it was written.
        ends: ``int64[tokens]``: the character after its last one.
    """

    cuts: tuple[Cut, ...]
    counts: Integers
    starts: Integers
    ends: Integers


def trace(rules: Rules | FirstRules, texts: pa.LargeStringArray) -> Spans:
    """Cut texts into tokens, and say where each stands.

    What vanishes belongs to the token before it ("soooo" is one word of five letters), and what
    stands for a token is its place: the eight characters of ``&hearts;``.

    Args:
        rules: of a model.
        texts: valid UTF-8, ``large_string[rows]``; null is read as empty.

    Raises:
        ModelRefused: the replacements make the texts more than four times as long.
        SentimentError: the steps led to another text than cutting does.

    >>> texts = pa.array(["Sooo &amp; <b>GREAT</b>!"], pa.large_string())
    >>> spans = trace(Rules(), texts)
    >>> list(zip(spans.starts.tolist(), spans.ends.tolist()))
    [(0, 4), (14, 19), (23, 24)]
    """
    traced = _traced(rules, without_nulls(texts))
    if isinstance(rules, FirstRules):
        cuts = [_cut_at_blanks(traced.texts)]
    else:
        traced = traced.shortened(rules.longest_run, lower_case=rules.lower_case)
        cuts = list(rules.cut_rewritten(traced.texts))
    counts = np.concatenate([np.zeros(0, np.int64), *(one.counts for one in cuts)])
    starts, ends = _characters(texts, traced, cuts, counts)
    return Spans(tuple(cuts), counts, starts, ends)


@dataclass(frozen=True)
class Traced:
    """Texts that are being rewritten, and what their bytes were in the beginning.

    Attributes:
        texts: ``large_string[rows]``, as they are now.
        begins: ``int64[bytes]``: for each of their bytes the first byte, in its text as it was
            written, of what it stands for.
        ends: ``int64[bytes]``: the byte after the last one.
    """

    texts: pa.LargeStringArray
    begins: Integers
    ends: Integers

    @classmethod
    def of(cls, texts: pa.LargeStringArray) -> Traced:
        """Return texts that nothing has rewritten yet."""
        _, offsets = flat(texts)
        begins = np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))
        return cls(texts, begins, begins + 1)

    def replaced(self, rows: npt.NDArray[np.bool_], pattern: str, put: str) -> Traced:
        """Replace every match of a pattern of RE2 in some of the texts: ``bool[rows]``."""
        held = self.texts.filter(pa.array(rows))
        found = pc.replace_substring_regex(held, pattern, BOTH_SIDES % rb"\0")
        if found.equals(held):
            return self
        made = pc.replace_substring_regex(held, pattern, BOTH_SIDES % put.encode())
        mask = pa.array(rows)
        marked = (pc.replace_with_mask(self.texts, mask, one) for one in (found, made))
        return self.rewritten(*marked)

    def rewritten(self, found: pa.Array, made: pa.Array) -> Traced:
        """Put one piece for another.

        Args:
            found: the texts, with a mark on both sides of each piece.
            made: what they become, with a mark on both sides of what is put for each.
        """
        old, new = _Marked.of(found), _Marked.of(made)
        old, new = _without_common_ends(old, new)
        begins, ends = np.empty((2, len(new.data)), np.int64)
        inside, was_inside = new.inside(), old.inside()
        begins[~inside], ends[~inside] = self.begins[~was_inside], self.ends[~was_inside]
        first, last = self._places(old)
        begins[inside], ends[inside] = (np.repeat(part, new.sizes) for part in (first, last))
        vanished = (new.sizes == 0) & (old.sizes > 0) & (new.starts > new.row_starts(old))
        # Several in a row stand behind one byte: the last one reaches furthest.
        np.maximum.at(ends, new.starts[vanished] - 1, last[vanished])
        return Traced(large_strings(new.data, new.offsets), begins, ends)

    def _places(self, pieces: _Marked) -> tuple[Integers, Integers]:
        """Return where the pieces begin and end, in the texts as they were written."""
        before = np.append(self.ends, 0)[pieces.starts - 1]
        first = np.where(pieces.sizes, np.append(self.begins, 0)[pieces.starts], before)
        return first, np.where(pieces.sizes, np.append(self.ends, 0)[pieces.stops - 1], before)

    def lowered(self) -> Traced:
        """Lower-case the texts; no character changes its size by that any more."""
        return replace(self, texts=pc.utf8_lower(self.texts))

    def shortened(self, longest: int, *, lower_case: bool) -> Traced:
        """Leave out letters that repeat too often, as :func:`scorer.words.cutting.cut` does."""
        data, offsets = flat(self.texts)
        letters = data.copy()
        if lower_case:
            lower_letters(letters)
        places = repeats(letters, offsets, longest)
        if not len(places):
            return self
        kept = np.delete(np.arange(len(data)), places)
        # A letter that stays stands for those behind it that go.
        ends = self.ends[np.append(kept[1:], len(data)) - 1]
        shorter = offsets - np.searchsorted(places, offsets)
        return Traced(large_strings(data[kept], shorter), self.begins[kept], ends)


@dataclass(frozen=True)
class _Marked:
    """Texts in which pieces are marked.

    Attributes:
        data: ``uint8[bytes]`` without the marks.
        offsets: ``int64[rows + 1]``: where each text begins.
        starts: ``int64[pieces]``: the first byte of each piece.
        stops: ``int64[pieces]``: the byte after its last one.
    """

    data: npt.NDArray[np.uint8]
    offsets: Integers
    starts: Integers
    stops: Integers

    @classmethod
    def of(cls, texts: pa.Array) -> _Marked:
        data, offsets = flat(texts)
        marks = np.flatnonzero(data == MARK)
        places = marks - np.arange(len(marks))
        offsets = offsets - np.searchsorted(marks, offsets)
        return cls(data[data != MARK], offsets, places[::2], places[1::2])

    @property
    def sizes(self) -> Integers:
        return self.stops - self.starts

    def inside(self) -> npt.NDArray[np.bool_]:
        """Return which bytes are in a piece."""
        steps = np.zeros(len(self.data) + 1, np.int64)
        np.add.at(steps, self.starts, 1)
        np.add.at(steps, self.stops, -1)
        return np.cumsum(steps[:-1]) > 0

    def without(self, front: Integers, back: Integers) -> _Marked:
        """Return smaller pieces: without some bytes at both ends."""
        return replace(self, starts=self.starts + front, stops=self.stops - back)

    def row_starts(self, old: _Marked) -> Integers:
        """Return the first byte here of each piece's row, by what the pieces were, not empty."""
        return self.offsets[np.searchsorted(old.offsets, old.starts, "right") - 1]


def _without_common_ends(old: _Marked, new: _Marked) -> tuple[_Marked, _Marked]:
    """Make pieces smaller by the bytes at both ends that stay: of "</3 " only "</3" is replaced."""
    front, back = np.zeros((2, len(old.starts)), np.int64)
    for index in np.flatnonzero((old.sizes > 1) & (new.sizes > 0)):
        one = old.data[old.starts[index] : old.stops[index]]
        other = new.data[new.starts[index] : new.stops[index]]
        front[index] = shared = _common(one, other)
        back[index] = _common(one[shared:][::-1], other[shared:][::-1])
    return old.without(front, back), new.without(front, back)


def _common(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> int:
    size = min(len(one), len(other))
    differ = np.flatnonzero(one[:size] != other[:size])
    return int(differ[0]) if len(differ) else size


def _traced(rules: Rules | FirstRules, texts: pa.LargeStringArray) -> Traced:
    """Rewrite texts; only those that change are traced step by step."""
    wanted = rules.rewrite(texts)
    rows = pc.not_equal(wanted, texts).to_numpy(zero_copy_only=False)
    if not rows.any():
        return Traced.of(texts)
    begun = Traced.of(texts.filter(pa.array(rows)))
    if isinstance(rules, FirstRules):
        part = _by_first_rules(rules, begun)
    else:
        part = _by_rules(rules, begun)
    if not part.texts.equals(wanted.filter(pa.array(rows))):
        raise SentimentError(
            "looking for the words in their texts: a text was rewritten in another way than for "
            "scoring; report this, it must not happen"
        )
    _, offsets = flat(wanted)
    ours = np.repeat(rows, np.diff(offsets))
    whole = Traced.of(wanted)
    whole.begins[ours], whole.ends[ours] = part.begins, part.ends
    return whole


def _by_rules(rules: Rules, traced: Traced) -> Traced:
    traced = _decoded(rules, traced)
    answers = rules.scan.answers(traced.texts)
    for number, rule in enumerate(rules.replacements, 1):
        rows = answers >> np.uint64(number) & np.uint64(1) > 0
        if rows.any():
            traced = traced.replaced(rows, rule.pattern, rule.replacement)
            answers = rules.scan.answers(traced.texts)
    return _normalized(traced, rules.normalization, lower_case=rules.lower_case)


def _by_first_rules(rules: FirstRules, traced: Traced) -> Traced:
    traced = _normalized(traced, rules.normalization, lower_case=rules.lower_case)
    if rules.lower_case:
        traced = traced.lowered()
    every = np.ones(len(traced.texts), bool)
    for pattern, put in rules.replacements:
        traced = traced.replaced(every, pattern, put)
    return traced


def _decoded(rules: Rules, traced: Traced) -> Traced:
    if not rules.entities:
        return traced
    texts = traced.texts.to_pylist()
    found = [ENTITY.sub(lambda entity: _marked(entity[0]), text) for text in texts]
    made = [ENTITY.sub(lambda entity: _marked(rules.character(entity)), text) for text in texts]
    return traced.rewritten(_raw(found), _raw(made))


def _normalized(traced: Traced, form: str, *, lower_case: bool) -> Traced:
    """Normalise the characters that aren't ASCII; lower-case them, too, if that is wanted."""
    if pc.all(pc.string_is_ascii(traced.texts)).as_py():
        return traced
    texts = traced.texts.to_pylist()
    runs = {run for text in texts for run in BEYOND_ASCII.findall(text)}
    pieces = sorted({piece for run in runs for piece in _pieces(run)})
    rewritten = pc.utf8_normalize(pa.array(pieces, pa.large_string()), form)
    rewritten = pc.utf8_lower(rewritten) if lower_case else rewritten
    put = dict(zip(pieces, rewritten.to_pylist(), strict=True))
    found = [BEYOND_ASCII.sub(lambda run: _each(run[0], _marked), text) for text in texts]
    made = [
        BEYOND_ASCII.sub(lambda run: _each(run[0], lambda one: _marked(put[one])), text)
        for text in texts
    ]
    return traced.rewritten(_raw(found), _raw(made))


def _each(run: str, change: Callable[[str], str]) -> str:
    return "".join(map(change, _pieces(run)))


def _pieces(run: str) -> list[str]:
    """Cut characters into pieces that can be normalised each for itself.

    Marks that combine with a character may be put into another order behind it.

    >>> _pieces("éà") == ["é", "à"], len(_pieces("å\u0323\u0301"))
    (True, 1)
    """
    pieces: list[str] = []
    for character in run:
        if pieces and _combines(character):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


@cache
def _combines(character: str) -> bool:
    return combining(normalize("NFKD", character)[0]) != 0


def _marked(text: str) -> str:
    return MARK_IN_STRING + text + MARK_IN_STRING


def _raw(texts: list[str]) -> pa.LargeBinaryArray:
    return pa.array([text.encode("utf-8", "surrogateescape") for text in texts], pa.large_binary())


def _cut_at_blanks(texts: pa.LargeStringArray) -> Cut:
    """Cut at ASCII's blanks, as the first rules do."""
    data, offsets = flat(texts)
    inside = np.append(~np.isin(data, BLANKS), False)
    starts = inside.copy()
    starts[1:] &= ~inside[:-1]
    starts[offsets[:-1]] = inside[offsets[:-1]]
    first = np.flatnonzero(starts)
    ends = np.flatnonzero(inside[:-1] & (starts[1:] | ~inside[1:])) + 1
    padded = np.concatenate([data, np.frombuffer(PADDING, np.uint8)])
    return Cut(padded, first, ends - first, np.diff(np.searchsorted(first, offsets)))


def _characters(
    texts: pa.LargeStringArray, traced: Traced, cuts: Sequence[Cut], counts: Integers
) -> tuple[Integers, Integers]:
    """Return where each token begins and ends in its text, in characters."""
    first, last, base = [], [], 0
    for one in cuts:
        first.append(base + one.starts)
        last.append(base + one.starts + one.lengths - 1)
        base += len(one.data) - len(PADDING)
    empty = [np.zeros(0, np.int64)]
    data, offsets = flat(texts)
    row_starts = np.repeat(offsets[:-1], counts)
    sizes = np.repeat(np.diff(offsets), counts)
    begins = np.clip(traced.begins[np.concatenate(empty + first)], 0, sizes)
    ends = np.clip(traced.ends[np.concatenate(empty + last)], begins, sizes)
    inner = np.append((data & 0xC0) == 0x80, False)
    before = np.append(0, np.cumsum(~inner[:-1]))
    # In the middle of a character is its beginning.
    at_row = before[row_starts]
    starts = before[row_starts + begins] - inner[row_starts + begins] - at_row
    return starts, before[row_starts + ends] - at_row
