"""Shards: which files of a plan are this run's, where several runs share it and none asks another.

A file's shard follows from the name of its output alone, so no file moves when others come or go.
Nothing here looks at a disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b, sha256

from scorer.errors import UsageError

DIGEST_BYTES = 8
BY_HAND = "write --shard 3/16, counted from 1"
# Of neighbouring numbers, in a message.
MOST_RUNS = 8


@dataclass(frozen=True)
class Shard:
    """One of several parts of a plan.

    Attributes:
        number: from 1.
        of: how many there are.

    Raises:
        UsageError: there is no such part.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            count = f"{self.of:,} shards are" if self.of > 1 else f"{self.of:,} shard is"
            raise UsageError(
                f"reading the shard {self.number}/{self.of}: {count} counted from 1 to "
                f"{self.of:,}; {BY_HAND}"
            )

    def takes(self, name: str) -> bool:
        """Whether a file belongs to it.

        The BLAKE2b digest of the name, 8 bytes long and read as a big-endian integer, modulo the
        number of shards, is the number of the file's shard, less one.

        Args:
            name: of its output below the folder OUTPUT, with "/" between folders.

        >>> [number for number in range(1, 17) if Shard(number, 16).takes("2026-11/23.parquet")]
        [6]
        """
        digest = blake2b(os.fsencode(name), digest_size=DIGEST_BYTES).digest()
        return int.from_bytes(digest, "big") % self.of == self.number - 1


@dataclass(frozen=True)
class Share:
    """What one of several shards has to do with the whole plan.

    Attributes:
        number: of the shard, from 1; None if all shards are meant, as in a merged report.
        of: how many shards there are.
        files: number of files of the whole plan.
        plan: digest of the whole plan; see :func:`plan_digest`.
        folder: that of the outputs, as it was given; None where one file goes to the file OUTPUT.
    """

    number: int | None
    of: int
    files: int
    plan: str
    folder: str | None


def name_below(folder: str | None, output: str) -> str:
    """Return the name that decides where a file belongs: its output's, below the folder OUTPUT.

    Args:
        folder: that of the outputs; None where one file goes to the file OUTPUT.
        output: the output in it; or the folder itself, where an input could not be listed.

    >>> name_below("scored", "scored/2026-11/23.parquet"), name_below(None, "scored/a.parquet")
    ('2026-11/23.parquet', 'a.parquet')
    >>> name_below(".", "a.parquet"), name_below("/", "/a.parquet"), name_below("out", "out")
    ('a.parquet', 'a.parquet', '')
    """
    if folder is None:
        return output.rpartition("/")[2]
    if output == folder:
        return ""
    # Of a path in the folder "." nothing is to be removed.
    return output.removeprefix(folder.rstrip("/") + "/")


def plan_digest(names: Iterable[str]) -> str:
    """Return what tells one plan from another, in hex: runs with the same one are shards of one.

    It is the SHA-256 of all names, sorted as bytes, each with a zero byte after it. Where a folder
    is mounted doesn't matter, nor in which order the inputs were given.

    Args:
        names: see :func:`name_below`.

    >>> plan_digest(["b.parquet", "a.parquet"])[:16]
    '5f62c28d9c9e7fa7'
    """
    digest = sha256()
    for name in sorted(map(os.fsencode, names)):
        digest.update(name + b"\0")
    return digest.hexdigest()


def listed_numbers(numbers: Iterable[int]) -> str:
    """Return numbers as a message lists them: neighbours together, and not too many.

    >>> listed_numbers([2, 3, 4, 7, 8]), listed_numbers(range(1, 100, 2))
    ('2 to 4, 7, 8', '1, 3, 5, 7, 9, 11, 13, 15 and 42 more')
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    more = sum(map(len, runs[MOST_RUNS:]))
    return ", ".join(map(_run_text, runs[:MOST_RUNS])) + (f" and {more:,} more" if more else "")


def _run_text(run: list[int]) -> str:
    return f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run))
