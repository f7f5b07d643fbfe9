"""Hive partitions: which folders of an input are wanted, told by their names alone.

A folder called ``day=2026-11-24`` says that column ``day`` holds that value in every file below it.
Hive and Spark write some characters of name and value percent-encoded, and null as
``__HIVE_DEFAULT_PARTITION__``. Names are compared here and never changed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from scorer.errors import UsageError

# In place of null, and of an empty text:
# https://cwiki.apache.org/confluence/display/Hive/Tutorial (Dynamic-Partition Insert)
NULL = "__HIVE_DEFAULT_PARTITION__"
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
EXAMPLE = "day>=2026-11-01"
# A value that holds an operator stands in quotes: `day>1 and day<5` is no comparison with a text.
CONDITION = re.compile(
    r"""\s*(?P<name>[^=!<>]*[^=!<>\s])\s*(?P<operator>!=|<=|>=|=|<|>)\s*
        (?P<value>'[^']*'|"[^"]*"|[^=<>'"][^=<>]*|)\s*""",
    re.VERBOSE,
)
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Partition:
    """What the name of a folder says.

    Attributes:
        name: of the column.
        value: in every file below the folder; None for null.
    """

    name: str
    value: str | None


def partition_of(folder: str) -> Partition | None:
    """Return what the name of a folder says; None if it isn't that of a partition.

    >>> partition_of("place=K%C3%B6ln%2FBonn")
    Partition(name='place', value='Köln/Bonn')
    >>> partition_of("day=__HIVE_DEFAULT_PARTITION__")
    Partition(name='day', value=None)
    >>> partition_of("2026-11")
    """
    name, equals, value = folder.partition("=")
    if not name or not equals:
        return None
    return Partition(unquote(name), None if value == NULL else unquote(value))


@dataclass(frozen=True)
class Condition:
    """A comparison of a partition's value with another.

    Attributes:
        name: of the partition.
        comparison: one of ``= != < <= > >=``.
        value: what it is compared with.
    """

    name: str
    comparison: str
    value: str

    @classmethod
    def of(cls, text: str) -> Condition:
        """Read a condition; its value may stand in quotes.

        Raises:
            UsageError: it isn't one, or no folder could fit.

        >>> Condition.of("day >= '2026-11-01'")
        Condition(name='day', comparison='>=', value='2026-11-01')
        """
        found = CONDITION.fullmatch(text)
        if found is None:
            raise UsageError(
                f"reading --where {text!r}: it is no condition; write a name, one of "
                f"{' '.join(COMPARISONS)} and a value, as in {EXAMPLE!r}, and --where once for each"
            )
        name, comparison, value = found["name"], found["operator"], found["value"].strip()
        if not value:
            raise UsageError(
                f"reading --where {text!r}: the value is empty; check the variable that it is from"
            )
        if value[0] in "'\"":
            value = value[1:-1]
        if value == NULL:
            raise UsageError(
                f"reading --where {text!r}: a folder of that name stands for null, which no "
                "comparison finds; give that folder as the INPUT"
            )
        return cls(name, comparison, value)

    def holds(self, value: str | None) -> bool:
        """Whether it holds for a value: as numbers if both are, else as texts; never for null.

        >>> Condition("hour", "<", "10").holds("9"), Condition("hour", "<", "10h").holds("9")
        (True, False)
        """
        if value is None:
            return False
        compare = COMPARISONS[self.comparison]
        if NUMBER.fullmatch(value) and NUMBER.fullmatch(self.value):
            return compare(Decimal(value), Decimal(self.value))
        return compare(value, self.value)


@dataclass(frozen=True)
class Where:
    """Conditions on the partitions of an input; all of them must hold.

    Attributes:
        conditions: none if everything is wanted.
    """

    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Where:
        """Read conditions.

        Raises:
            UsageError: one is malformed.
        """
        return cls(tuple(map(Condition.of, texts)))

    def __bool__(self) -> bool:
        return bool(self.conditions)

    @property
    def names(self) -> frozenset[str]:
        """The names that the conditions are about."""
        return frozenset(one.name for one in self.conditions)

    def wants(self, folder: str) -> bool:
        """Whether a folder is entered, by its own name: one that no condition is about is.

        >>> where = Where.of(["day>=2026-11-01"])
        >>> where.wants("day=2026-11-24"), where.wants("day=2026-10-31"), where.wants("hour=7")
        (True, False, True)
        """
        found = partition_of(folder)
        return found is None or all(
            one.holds(found.value) for one in self.conditions if one.name == found.name
        )

    def covers(self, folder: str) -> bool:
        """Whether files of a folder are wanted: each name occurs on the way to it.

        Args:
            folder: its path below the input, with "/" between names, all of which are wanted.

        >>> Where.of(["hour>6"]).covers("day=2026-11-24/hour=7"), Where.of(["hour>6"]).covers("x")
        (True, False)
        """
        found = map(partition_of, folder.split("/"))
        return self.names <= {one.name for one in found if one is not None}
