"""Scores by the digest of their text, of any number: sorted, in memory up to a bound, else on disk.

    added     blocks of texts, as they are read
    run       a million of them, sorted by digest; one alone stays in memory
    file      all runs as one, in 256 parts by the first byte of the digest, each sorted in memory

The files have no name: they are gone with the process, however that ends.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scorer.known.digests import Digests

ENTRY = np.dtype([("high", "<u8"), ("low", "<u8"), ("score", "<f4")])
# Entries of a run: 20 MiB, and about as much again while they are sorted.
RUN_ENTRIES = 1 << 20
PARTS = 256
# Entries of a file that are read at once to find one; the first digest of each such block is held.
BLOCK_ENTRIES = 64

Entries = npt.NDArray[np.void]


class ScoreRuns:
    """Scores by text: added, then sealed, then looked up by several threads.

    Args:
        folder: where files lie, if they are needed.
        run_entries: most texts in memory.
    """

    def __init__(self, folder: Path, run_entries: int) -> None:
        self._folder, self._most = folder, run_entries
        self._blocks: list[Entries] = []
        self._pending = 0
        self._runs: list[_Run] = []
        self._memory = _SortedEntries(np.empty(0, ENTRY))
        self._file: _SortedFile | None = None

    @property
    def is_on_disk(self) -> bool:
        """Whether the texts are more than memory is taken for."""
        return self._file is not None

    def add(self, digests: Digests, scores: npt.NDArray[np.float32]) -> None:
        """Take scores of texts; a text may come again.

        Raises:
            OSError: the disk doesn't take them.
        """
        block = np.empty(len(digests), ENTRY)
        block["high"], block["low"], block["score"] = digests[:, 0], digests[:, 1], scores
        self._blocks.append(block)
        self._pending += len(block)
        if self._pending >= self._most:
            self._runs.append(_Run(self._folder, self._sorted()))

    def seal(self) -> None:
        """End the adding; make of all runs one.

        Raises:
            OSError: the disk doesn't take it.
        """
        last = self._sorted()
        if not self._runs:
            self._memory = _SortedEntries(last)
            return
        self._runs.append(_Run(self._folder, last))
        self._file = _SortedFile(self._folder, self._runs)
        self._runs = []

    def find(self, digests: Digests) -> npt.NDArray[np.float32]:
        """Return the scores of texts, ``float32[texts]``; NaN of those that aren't there.

        Raises:
            OSError: the disk doesn't give them.
        """
        if self._file is not None and len(digests):
            return self._file.find(digests)
        return self._memory.find(digests)

    def _sorted(self) -> Entries:
        entries = np.concatenate([np.empty(0, ENTRY), *self._blocks])
        self._blocks, self._pending = [], 0
        return _sorted_once(entries)


def _sorted_once(entries: Entries) -> Entries:
    """Return entries sorted by digest, each once."""
    entries = entries[np.argsort(entries["high"])]
    if not len(entries):
        return entries
    is_new = np.ones(len(entries), bool)
    high, low = entries["high"], entries["low"]
    is_new[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return entries[is_new]


class _SortedEntries:
    """Sorted entries in memory.

    Of two whose first halves are equal the first is found; the other's text is scored anew.
    """

    def __init__(self, entries: Entries) -> None:
        # A search wants them one behind another.
        self._high, self._entries = entries["high"].copy(), entries

    def find(self, digests: Digests) -> npt.NDArray[np.float32]:
        if not len(self._high):
            return np.full(len(digests), np.nan, np.float32)
        places = np.searchsorted(self._high, digests[:, 0]).clip(max=len(self._high) - 1)
        return _scores_of(self._entries[places], digests)


def _scores_of(found: Entries, digests: Digests) -> npt.NDArray[np.float32]:
    """Return the scores of those entries that are the digests'; NaN of the others."""
    is_it = (found["high"] == digests[:, 0]) & (found["low"] == digests[:, 1])
    return np.where(is_it, found["score"], np.float32(np.nan))


class _Run:
    """Sorted entries in a file, in parts by the first byte of their digests."""

    def __init__(self, folder: Path, entries: Entries) -> None:
        self._file = _NamelessFile(folder)
        self._file.append(entries)
        first = np.arange(PARTS, dtype=np.uint64) << np.uint64(56)
        self._bounds = [*np.searchsorted(entries["high"], first).tolist(), len(entries)]

    def part(self, number: int) -> Entries:
        """Return a part."""
        start, stop = self._bounds[number : number + 2]
        return np.frombuffer(self._file.read(start, stop - start), ENTRY)


class _SortedFile:
    """All runs, sorted, in one file; of each block the first digest is held."""

    def __init__(self, folder: Path, runs: list[_Run]) -> None:
        self._file = _NamelessFile(folder)
        firsts, rest = [], np.empty(0, ENTRY)
        for number in range(PARTS):
            part = _sorted_once(np.concatenate([run.part(number) for run in runs]))
            rest = np.concatenate([rest, part])
            whole = len(rest) // BLOCK_ENTRIES * BLOCK_ENTRIES
            self._file.append(rest[:whole])
            firsts.append(rest["high"][:whole:BLOCK_ENTRIES].copy())
            rest = rest[whole:]
        self._file.append(rest)
        firsts.append(rest["high"][::BLOCK_ENTRIES].copy())
        self._firsts = np.concatenate(firsts)

    def find(self, digests: Digests) -> npt.NDArray[np.float32]:
        # Of a digest before the first block nothing is found in that, either.
        blocks = np.searchsorted(self._firsts, digests[:, 0], side="right").clip(min=1) - 1
        content = b"".join(
            [self._file.read(start, BLOCK_ENTRIES) for start in (blocks * BLOCK_ENTRIES).tolist()]
        )
        # Entries[digests, entries of a block]
        entries = np.frombuffer(content, ENTRY).reshape(len(digests), BLOCK_ENTRIES)
        places = (entries["high"] == digests[:, :1]).argmax(axis=1)
        return _scores_of(entries[np.arange(len(digests)), places], digests)


class _NamelessFile:
    """Entries in a file without a name, which is closed when nothing refers to it."""

    def __init__(self, folder: Path) -> None:
        # Few runs have so many scores.
        import tempfile

        with tempfile.TemporaryFile(dir=folder) as file:
            self._handle = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._handle)
        self._entries = 0

    def append(self, entries: Entries) -> None:
        content = memoryview(entries.tobytes())
        offset = self._entries * ENTRY.itemsize
        while content:
            written = os.pwrite(self._handle, content, offset)
            content, offset = content[written:], offset + written
        self._entries += len(entries)

    def read(self, start: int, entries: int) -> bytes:
        """Return some entries; behind the last one there are zeros."""
        offset, wanted = start * ENTRY.itemsize, entries * ENTRY.itemsize
        content = os.pread(self._handle, wanted, offset)
        while len(content) < min(wanted, self._entries * ENTRY.itemsize - offset):
            part = os.pread(self._handle, wanted - len(content), offset + len(content))
            if not part:
                raise OSError("a file of scores ended early")
            content += part
        return content.ljust(wanted, b"\0")
