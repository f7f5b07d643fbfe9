"""How the scores of two models differ, counted: parts add up, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import nlargest

import numpy as np
import numpy.typing as npt

from scorer.insight.paired import mcnemar
from scorer.intervals import wilson_interval

Floats = npt.NDArray[np.float64]

# Bounds of the histogram of how far scores moved.
MOVES = (-1.0, -0.5, -0.2, -0.1, -0.05, -0.01, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
# What is counted of each row.
MEASURES = (
    *("rows", "scored", "one_sided", "to_positive", "to_negative", "moved"),
    *("labelled", "right_a", "right_b", "only_a", "only_b"),
)
# Groups by words: the upper bound of each.
LENGTHS = {"1 to 10 words": 10, "11 to 30": 30, "31 to 100": 100, "101 to 300": 300}
LONGEST, NO_WORDS = "more than 300", "no word"
# Values of a column that are counted apart, and those that are told in the end.
MOST_COUNTED, MOST_TOLD = 100_000, 1000


@dataclass(frozen=True)
class Scored:
    """The answers of two models to some rows.

    Attributes:
        a, b: ``float32[rows]``, the probability of positive; NaN without a token.
        is_positive_a, is_positive_b: ``bool[rows]``, their labels.
        truth: ``float64[rows]``: 1 for positive, 0 for negative, NaN where nobody said; None if
            there are no labels.
    """

    a: npt.NDArray[np.float32]
    b: npt.NDArray[np.float32]
    is_positive_a: npt.NDArray[np.bool_]
    is_positive_b: npt.NDArray[np.bool_]
    truth: Floats | None = None

    @property
    def moves(self) -> Floats:
        """By how much each score moved from A to B: ``float64[rows]``; NaN unless both have one."""
        return self.b.astype(np.float64) - self.a

    def measures(self) -> Floats:
        """Return what is counted of each row: ``float64[rows, measures + bins]``."""
        both, moves = ~np.isnan(self.moves), np.nan_to_num(self.moves)
        flips = both & (self.is_positive_a != self.is_positive_b)
        truth = np.full(len(self.a), np.nan) if self.truth is None else self.truth
        known = both & ~np.isnan(truth)
        right_a = known & (self.is_positive_a == (truth == 1))
        right_b = known & (self.is_positive_b == (truth == 1))
        columns = [
            np.ones(len(self.a)),
            both,
            np.isnan(self.a) != np.isnan(self.b),
            flips & self.is_positive_b,
            flips & self.is_positive_a,
            np.abs(moves),
            known,
            right_a,
            right_b,
            right_a & ~right_b,
            right_b & ~right_a,
        ]
        bins = np.clip(np.searchsorted(MOVES, moves, "right") - 1, 0, len(MOVES) - 2)
        one_hot = (bins[:, None] == np.arange(len(MOVES) - 1)) & both[:, None]
        return np.column_stack([*columns, one_hot]).astype(np.float64)


@dataclass(frozen=True)
class Figures:
    """What was counted of some rows.

    Attributes:
        counts: ``float64[measures + bins]``.
    """

    counts: Floats

    def __getitem__(self, name: str) -> int:
        """Return a count by its name in :data:`MEASURES`."""
        return int(self.counts[MEASURES.index(name)])

    @property
    def flips(self) -> int:
        """Rows whose label differs."""
        return self["to_positive"] + self["to_negative"]

    @property
    def flip_share(self) -> float:
        """The fraction of rows with both scores whose label differs."""
        return self.flips / self["scored"] if self["scored"] else 0.0

    @property
    def mean_move(self) -> float:
        """By how much a score moved in the mean, whatever the direction."""
        moved = float(self.counts[MEASURES.index("moved")])
        return moved / self["scored"] if self["scored"] else 0.0

    @property
    def histogram(self) -> list[int]:
        """Rows by how far their score moved, between the bounds of :data:`MOVES`."""
        return [int(count) for count in self.counts[len(MEASURES) :]]

    def accuracy(self, which: str) -> tuple[float, tuple[float, float]]:
        """Return the accuracy of "a" or "b" on labelled rows, and its 95% interval."""
        right, count = self[f"right_{which}"], self["labelled"]
        return right / count, wilson_interval(right, count)

    @property
    def p_value(self) -> float:
        """How likely so large a difference in accuracy is by chance: McNemar's test."""
        return mcnemar(self["only_a"], self["only_b"])


@dataclass(frozen=True)
class Example:
    """A review whose score moved.

    Attributes:
        file: that it stands in.
        row: its number there, from 1.
        a, b: its scores.
        text: its beginning; empty if the files hold none.
    """

    file: str
    row: int
    a: float
    b: float
    text: str

    @property
    def move(self) -> float:
        """How far the score moved."""
        return abs(self.b - self.a)


@dataclass
class Comparison:
    """What was found so far. It doesn't grow with the rows.

    Attributes:
        most_examples: how many reviews are kept.
        total: of all rows.
        by_length: of groups by the number of words; empty if there are no texts.
        by_value: of groups by a column's value.
        others: of rows whose value came up after :data:`MOST_COUNTED` others.
        examples: those that moved most; of equal ones the first.
    """

    most_examples: int = 0
    total: Figures = field(default_factory=lambda: Figures(_zeros()))
    by_length: dict[str, Figures] = field(default_factory=dict)
    by_value: dict[str, Figures] = field(default_factory=dict)
    others: Figures = field(default_factory=lambda: Figures(_zeros()))
    examples: list[Example] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Add what was found in some rows."""
        self.total = Figures(self.total.counts + part.total)
        for name, counts in part.by_length.items():
            self._add_to(self.by_length, name, counts)
        for value, counts in part.by_value.items():
            if value in self.by_value or len(self.by_value) < MOST_COUNTED:
                self._add_to(self.by_value, value, counts)
            else:
                self.others = Figures(self.others.counts + counts)
        pool = [*self.examples, *part.examples]
        self.examples = nlargest(self.most_examples, pool, key=lambda one: one.move)

    def values(self) -> tuple[dict[str, Figures], Figures]:
        """Return the figures of the most frequent values, and of all other rows together."""
        order = sorted(self.by_value.items(), key=lambda pair: (-pair[1]["rows"], pair[0]))
        rest = sum((one.counts for _, one in order[MOST_TOLD:]), self.others.counts)
        return dict(order[:MOST_TOLD]), Figures(rest)

    def lengths(self) -> dict[str, Figures]:
        """Return the figures by the number of words, in order."""
        order = (NO_WORDS, *LENGTHS, LONGEST)
        return {name: self.by_length[name] for name in order if name in self.by_length}

    @staticmethod
    def _add_to(groups: dict[str, Figures], name: str, counts: Floats) -> None:
        known = groups.get(name)
        groups[name] = Figures(counts if known is None else known.counts + counts)


@dataclass(frozen=True)
class Part:
    """What was found in some rows; see :class:`Comparison`."""

    total: Floats
    by_length: Mapping[str, Floats]
    by_value: Mapping[str, Floats]
    examples: list[Example]


def group_sums(
    measures: Floats, groups: npt.NDArray[np.int64], names: list[str]
) -> dict[str, Floats]:
    """Return the sums of each group's rows; groups without a row are left out."""
    sums = np.zeros((len(names), measures.shape[1]))
    np.add.at(sums, groups, measures)
    return {name: row for name, row in zip(names, sums, strict=True) if row[0]}


def length_groups(words: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the group of each row by its number of words, and the names of the groups."""
    bounds = [0, *LENGTHS.values()]
    return np.searchsorted(bounds, words, "left"), [NO_WORDS, *LENGTHS, LONGEST]


def _zeros() -> Floats:
    return np.zeros(len(MEASURES) + len(MOVES) - 1)
