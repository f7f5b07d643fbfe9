"""What the labels of a column mean: the usual words, or what ``--labels`` says."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import UsageError

LABELS = {
    "0": 0, "neg": 0, "negative": 0, "false": 0,
    "1": 1, "pos": 1, "positive": 1, "true": 1,
}  # fmt: skip
SIDES = {"negative": 0, "positive": 1}
LEFT_OUT = -1

USUAL = "labels are 0 and 1, neg and pos, or negative and positive"
# Values that a message lists: as many as ratings from 0 to 10 have.
MOST_LISTED = 12


@dataclass(frozen=True)
class LabelMap:
    """The values of a label column, and what each means.

    Attributes:
        meanings: 1 for positive and 0 for negative, by value, in lower case.
        chosen: whether the user named them. Then rows with other values are left out; else the
            first one ends the reading.
    """

    meanings: Mapping[str, int]
    chosen: bool = False

    @classmethod
    def parse(cls, text: str) -> LabelMap:
        """Read what ``--labels`` says.

        Raises:
            UsageError: it isn't of this form, a side has no value, or both have the same.

        >>> LabelMap.parse("positive=4,5 negative='very bad',2").meanings
        {'4': 1, '5': 1, 'very bad': 0, '2': 0}
        """
        form = "give it as in --labels 'positive=4,5 negative=1,2'"
        try:
            pairs = [word.partition("=")[::2] for word in shlex.split(text)]
        except ValueError as error:
            raise UsageError(f"--labels is {text!r}, with an open quote; {form}") from error
        if sorted(side for side, _ in pairs) != sorted(SIDES):
            raise UsageError(f"--labels is {text!r}; {form}")
        meanings: dict[str, int] = {}
        for side, values in pairs:
            for value in _normalized(pa.array(values.split(","))).to_pylist():
                if not value or value in meanings:
                    what = f"names {value!r} twice" if value else f"has an empty value for {side}"
                    raise UsageError(f"--labels {what}; {form}")
                meanings[value] = SIDES[side]
        return cls(meanings, chosen=True)

    def __str__(self) -> str:
        """Return what ``--labels`` would say.

        >>> str(LabelMap.parse("positive=4,5 negative='very bad'"))
        "negative='very bad' positive=4,5"
        """
        values = {
            side: ",".join(value for value, meaning in self.meanings.items() if meaning == number)
            for side, number in SIDES.items()
        }
        return " ".join(f"{side}={shlex.quote(values[side])}" for side in sorted(SIDES))

    def __contains__(self, value: object) -> bool:
        """Whether a value has a meaning."""
        return value in self.meanings

    def read(self, column: pa.Array) -> npt.NDArray[np.int8]:
        """Return the labels, ``int8[rows]``; -1 for a value that has no meaning."""
        indices = pc.index_in(_normalized(column), value_set=pa.array(list(self.meanings)))
        values = np.array([*self.meanings.values(), LEFT_OUT], np.int8)
        return np.asarray(values[pc.fill_null(indices, len(self.meanings)).to_numpy()])


USUAL_LABELS = LabelMap(LABELS)


def count_values(column: pa.Array) -> Counter[str]:
    """Return how many rows have each value; a null counts as ``none``."""
    counted = pc.value_counts(pc.fill_null(_normalized(column), "none"))
    values, counts = (counted.field(name).to_pylist() for name in ("values", "counts"))
    return Counter(dict(zip(values, counts, strict=True)))


def listed(counts: Counter[str]) -> str:
    """Return values with their numbers of rows, as a message shows them.

    >>> listed(Counter({"2": 1000, "1": 3}))
    "'1' (3), '2' (1,000)"
    """
    shown = sorted(counts, key=_order)[:MOST_LISTED]
    names = ", ".join(f"{value[:20]!r} ({counts[value]:,})" for value in shown)
    return names + (f" and {len(counts) - len(shown):,} more" if len(counts) > len(shown) else "")


def explain(counts: Counter[str]) -> str:
    """Return how the values of a column can be used, with those that it holds.

    >>> explain(Counter({"1": 7, "2": 5}))
    "the column holds '1' (7), '2' (5): say what they mean, --labels 'positive=2 negative=1'"
    """
    known = [value for value in counts if value != "none"]
    if len(known) > MOST_LISTED:
        return f"the column holds {listed(counts)}; name another column with --label-column"
    negative, positive = _suggestion(known)
    words = f"positive={','.join(positive) or '…'} negative={','.join(negative) or '…'}"
    return f"the column holds {listed(counts)}: say what they mean, --labels {words!r}"


def _suggestion(values: list[str]) -> tuple[list[str], list[str]]:
    """Guess which values are negative and which positive; the middle one is neither."""
    numbers = [value for value in values if _number(value) is not None]
    if len(numbers) == len(values):
        ordered, half = sorted(values, key=_order), len(values) // 2
        return ordered[:half], ordered[len(values) - half :]
    usual = [[value for value in values if LABELS.get(value) == side] for side in (0, 1)]
    return usual[0], usual[1]


def _normalized(column: pa.Array) -> pa.Array:
    words = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
    return pc.replace_substring_regex(words, r"\.0+$", "")


def _order(value: str) -> tuple[float, str]:
    number = _number(value)
    return (float("inf") if number is None else number), value


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
