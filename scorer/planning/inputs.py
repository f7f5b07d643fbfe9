"""What an INPUT stands for: a file, the files of a folder, or those that match a glob.

In a folder every file of the format that is asked for is taken, by the ending of its name, in any
case; Parquet's are ``.parquet``, ``.parq`` and ``.pq``. Names that begin with
``.`` or ``_`` are left alone; other files are left aside and counted. Linked folders are walked,
each real folder once; partitions that aren't wanted are not entered. What can't be looked at stays
in the list, with its problem.
"""

from __future__ import annotations

import glob
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from heapq import nsmallest
from pathlib import Path

from scorer.errors import UsageError
from scorer.planning.partitions import Where, partition_of
from scorer.storage.address import check_local
from scorer.storage.failures import unreadable
from scorer.storage.light_place import LightPlace, texts_below
from scorer.storage.listing import BROKEN, FILE, FOLDER, OTHER, Entry, entries_of, entry_at
from scorer.storage.place import Place
from scorer.tables.endings import ALL, ENDINGS, PARQUET, endings_of, format_of

HIDDEN = (".", "_")
MOST_EXAMPLES = 2
ANY_FOLDERS = "**"


@dataclass(frozen=True)
class FileCount:
    """A number of files, and the first two of them.

    Attributes:
        files: how many there are.
        examples: paths of the first two.
    """

    files: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, paths: Collection[str]) -> FileCount:
        """Count files; the examples are the first two in the order of names."""
        return cls(len(paths), tuple(nsmallest(MOST_EXAMPLES, paths, key=_in_order)))

    def __add__(self, other: FileCount) -> FileCount:
        """Return the count of both together."""
        examples = (self.examples + other.examples)[:MOST_EXAMPLES]
        return FileCount(self.files + other.files, examples)


@dataclass(frozen=True)
class Input:
    """One file to score, or something that could not be looked at.

    Attributes:
        path: where it lies.
        name: its path below the output folder; empty for that folder itself.
        problem: why it can't be scored, in a sentence; empty if nothing is known.
    """

    path: LightPlace = LightPlace()  # noqa: RUF009  # a descriptor of the field
    name: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Unwanted:
    """What ``--where`` left out of an INPUT.

    Attributes:
        folders: those that weren't entered.
        files: number of files that lie in no partition of a name that was asked for.
        names: of all partitions that were met, wanted or not.
    """

    folders: FileCount = FileCount()
    files: int = 0
    names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.folders.files or self.files)

    def __add__(self, other: Unwanted) -> Unwanted:
        """Return what was left out of both."""
        return Unwanted(
            self.folders + other.folders, self.files + other.files, self.names | other.names
        )


@dataclass(frozen=True)
class Found:
    """What one INPUT stands for.

    Attributes:
        given: the INPUT as it was typed.
        inputs: each file, in the order of names.
        folder: the folder that is mirrored, or the fixed part of a glob; None for a file.
        pattern: the varying parts of a glob, one for each folder; empty for a file or folder.
        linked: the real folders that links led to, each with the link.
        left_aside: files that were not taken.
        unwanted: what ``--where`` left out.
    """

    given: str
    inputs: tuple[Input, ...]
    folder: Place | None = None
    pattern: tuple[str, ...] = ()
    linked: tuple[tuple[Path, Path], ...] = ()
    left_aside: FileCount = FileCount()
    unwanted: Unwanted = Unwanted()

    @property
    def is_mirrored(self) -> bool:
        """Whether it is a folder."""
        return self.folder is not None and not self.pattern


def find_inputs(given: str, where: Where = Where(), asked: str = PARQUET) -> Found:
    """Return what an INPUT stands for.

    Args:
        given: the INPUT as it was typed.
        where: which partitions below it are wanted.
        asked: the format of the files that are taken in folders.

    Raises:
        UsageError: it doesn't exist, is an address, or nothing in it could be scored; or there are
            conditions, and it is a file.
    """
    if not given:
        raise UsageError("planning the run: an INPUT is empty; check the variable that it is from")
    check_local(given, "planning the run: the input", or_store=True)
    path = Path(given)
    entry = entry_at(path)
    is_there = entry is not None and (entry.kind != BROKEN or entry.is_link)
    if not is_there and glob.has_magic(given):
        return _matches(given, where, asked)
    if entry is None:
        raise UsageError(f"planning the run: the input {given} does not exist; check the path")
    if entry.kind == FOLDER:
        return _in_folder(given, where, asked)
    if where:
        raise UsageError(
            f"planning the run: --where chooses among the folders of an INPUT, and {given} is a "
            "file; name its folder, or leave --where out"
        )
    problem = f"reading {path}: {entry.problem}" if entry.kind == BROKEN else ""
    return Found(given, (Input(path, path.name, problem),))


def _in_folder(given: str, where: Where, asked: str) -> Found:
    folder = Path(given)
    search = Search(folder, where, asked)
    search.take_below("")
    if not search.found and not search.unwanted():
        others = search.left_aside()
        but = f", only {counted(others, 'other file')}" if others.files else ""
        raise UsageError(
            f"planning the run: the folder {given} holds no {listed_endings(asked)} file{but}; "
            f"name another one{search.hint()}"
        )
    return search.result(given)


def _matches(pattern: str, where: Where, asked: str) -> Found:
    parts = Path(pattern).parts
    fixed = fixed_parts(pattern, parts)
    base = Path(*parts[:fixed])
    search = Search(base, where, asked)
    search.take_matches(parts[fixed:])
    if not search.found and not search.unwanted():
        raise UsageError(f"planning the run: no file matches {pattern}; check the pattern")
    return search.result(pattern, parts[fixed:])


def fixed_parts(pattern: object, parts: Sequence[str]) -> int:
    """Return how many parts of a pattern stand before its first varying one.

    Args:
        pattern: the pattern, for a message.
        parts: its names of folders and files, of which one varies.

    Raises:
        UsageError: ``**`` stands within a name: that means different things to different tools.
    """
    mixed = [part for part in parts if ANY_FOLDERS in part and part != ANY_FOLDERS]
    if mixed:
        raise UsageError(
            f"planning the run: {pattern} is no pattern for files: "
            f"'**' stands for whole folders, not within {mixed[0]!r}; write '*' there"
        )
    return next(index for index, part in enumerate(parts) if glob.has_magic(part))


def listed_endings(asked: str) -> str:
    """Return the endings of a format, or of all, as a message shows them.

    >>> listed_endings("parquet"), listed_endings("csv")
    ('.parquet, .parq or .pq', '.csv or .tsv')
    """
    formats = ENDINGS if asked == ALL else (asked,)
    *others, last = [ending for one in formats for ending in ENDINGS[one]]
    return f"{', '.join(others)} or {last}"


def counted(count: FileCount, what: str) -> str:
    """Return a number of files with examples, in words.

    >>> counted(FileCount(12, ("a.csv", "b.json")), "other file")
    '12 other files, such as a.csv, b.json'
    """
    plural = "" if count.files == 1 else "s"
    return f"{count.files:,} {what}{plural}, such as {', '.join(count.examples)}"


def format_hint(names: Iterable[str]) -> str:
    """Return how files that were not taken could be, as a message says it; nothing for others.

    >>> format_hint(["labels.csv", "README.txt"]), format_hint(["README.txt"])
    (', or add --format csv', '')
    """
    found = {format_of(name) for name in names} - {PARQUET}
    if not found:
        return ""
    return f", or add --format {found.pop() if len(found) == 1 else ALL}"


def is_hidden(name: str) -> bool:
    """Whether a name is marked to be left alone, as ``.name`` and ``_name`` are.

    ``_name=value`` is a partition, as it is to Spark (HadoopFSUtils.shouldFilterOutPathName).

    >>> is_hidden("_temporary"), is_hidden("_day=24"), is_hidden(".day=24")
    (True, False, True)
    """
    return name.startswith(HIDDEN) and (name[0] == "." or "=" not in name)


@dataclass
class Search:
    """A search for files in and below a folder.

    Names are strings with "/" between folders, since 100,000 paths are joined and compared.

    Attributes:
        top: the folder.
        where: which partitions are wanted; others aren't entered.
        asked: the format of the files that are taken by their ending.
        follow: whether folders are walked that links lead to.
        found: what was found, by its path below the folder: its problem, or nothing.
    """

    top: Path
    where: Where = Where()
    asked: str = PARQUET
    follow: bool = True
    found: dict[str, str] = field(default_factory=dict)
    _left_out: set[str] = field(default_factory=set)
    _strays: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _others: set[str] = field(default_factory=set)
    _links: dict[str, Path] = field(default_factory=dict)
    _walked: set[str] = field(default_factory=set)

    def result(self, given: str, pattern: tuple[str, ...] = ()) -> Found:
        """Return what an INPUT stands for, as far as it was searched.

        Args:
            given: the INPUT as it was typed.
            pattern: the varying parts of a glob.
        """
        return Found(
            given,
            self.inputs(),
            self.top,
            pattern,
            self.linked(),
            self.left_aside(),
            self.unwanted(),
        )

    def inputs(self) -> tuple[Input, ...]:
        """Return what was found, in the order of names."""
        names = sorted(self.found, key=_in_order)
        paths = texts_below(self.top, names)
        return tuple(
            Input(path, name, self.found[name]) for path, name in zip(paths, names, strict=True)
        )

    def linked(self) -> tuple[tuple[Path, Path], ...]:
        """Return the real folders that links led to, each with the link."""
        return tuple((real, self.top / name) for name, real in self._links.items())

    def left_aside(self) -> FileCount:
        """Return the files that were not taken."""
        return FileCount.of(self._others | self._strays)

    def hint(self) -> str:
        """Return how the files that were not taken could be, as a message says it."""
        return format_hint(self._others)

    def unwanted(self) -> Unwanted:
        """Return what the conditions left out."""
        folders = FileCount.of(self._left_out)
        return Unwanted(folders, len(self._strays), frozenset(self._names))

    def take_below(self, start: str) -> None:
        """Take the files of a folder, and of those below it, that have the format."""
        endings = endings_of(self.asked)
        if start in self._walked:
            return
        for folder, entries in self._folders(start):
            self._walked.add(folder)
            for entry in entries:
                name = _joined(folder, entry.name)
                if entry.kind == BROKEN or (
                    entry.kind != FOLDER and entry.name.lower().endswith(endings)
                ):
                    self._take(name, entry)
                elif entry.kind != FOLDER:
                    self._others.add(name)

    def take_matches(self, parts: tuple[str, ...]) -> None:
        """Take what matches a pattern; in folders that match, what has the format."""
        folders = [""]
        for part in parts[:-1]:
            folders = [name for folder in folders for name in self._matching_folders(folder, part)]
            folders = list(dict.fromkeys(folders))
        for folder in folders:
            self._take_matching(folder, parts[-1])

    def _take_matching(self, folder: str, part: str) -> None:
        if part == ANY_FOLDERS:
            self.take_below(folder)
            return
        for name, entry in self._matching(folder, part):
            if entry.kind != FOLDER:
                self._take(name, entry)
            elif self._is_followed(name, entry):
                self.take_below(name)

    def _matching_folders(self, folder: str, part: str) -> Iterator[str]:
        if part == ANY_FOLDERS:
            for name, entries in self._folders(folder):
                yield name
                for entry in entries:
                    if entry.kind == BROKEN:
                        self._take(_joined(name, entry.name), entry)
            return
        for name, entry in self._matching(folder, part):
            if entry.kind == FOLDER:
                yield name
            elif entry.kind == BROKEN:
                self._take(name, entry)

    def _matching(self, folder: str, part: str) -> Iterator[tuple[str, Entry]]:
        if glob.has_magic(part):
            for entry in self._entries(folder) or ():
                if fnmatchcase(entry.name, part) and self._is_entered(folder, entry):
                    yield _joined(folder, entry.name), entry
        elif not is_hidden(part):
            name = _joined(folder, part)
            found = entry_at(self.top / name)
            if found is not None and self._is_entered(folder, found):
                yield name, found

    def _folders(self, start: str) -> Iterator[tuple[str, list[Entry]]]:
        """Walk a folder and those below it, each real one once: links come last."""
        seen: set[tuple[int, int]] = set()
        links = deque([start])
        while links:
            folders = [links.popleft()]
            while folders:
                folder = folders.pop()
                entries = self._entries_once(folder, seen)
                if entries is None:
                    continue
                yield folder, entries
                inner = [entry for entry in entries if entry.kind == FOLDER]
                real = [_joined(folder, one.name) for one in inner if not one.is_link]
                folders += reversed(real)
                for one in inner:
                    name = _joined(folder, one.name)
                    if one.is_link and self._is_followed(name, one):
                        links.append(name)

    def _entries_once(self, folder: str, seen: set[tuple[int, int]]) -> list[Entry] | None:
        try:
            found = (self.top / folder).stat()
        except OSError as error:
            self._fail(folder, error)
            return None
        identity = (found.st_dev, found.st_ino)
        if identity in seen:
            self._links.pop(folder, None)
            return None
        seen.add(identity)
        entries = self._entries(folder)
        if entries is None or not self.where:
            return entries
        return [entry for entry in entries if self._is_entered(folder, entry)]

    def _entries(self, folder: str) -> list[Entry] | None:
        """List a folder without its hidden entries; None, and a problem, if that isn't possible."""
        try:
            entries = entries_of(str(self.top / folder))
        except OSError as error:
            self._fail(folder, error)
            return None
        return [entry for entry in entries if not is_hidden(entry.name)]

    def _is_entered(self, folder: str, entry: Entry) -> bool:
        """Whether the conditions let an entry be: a file always, a folder by its name."""
        if entry.kind in (FILE, OTHER):
            return True
        partition = partition_of(entry.name)
        if partition is not None:
            self._names.add(partition.name)
        is_wanted = self.where.wants(entry.name)
        if not is_wanted:
            self._left_out.add(_joined(folder, entry.name))
        return is_wanted

    def _is_followed(self, name: str, entry: Entry) -> bool:
        """Whether a folder is walked. A link to a folder above itself is a loop."""
        if not entry.is_link:
            return True
        if not self.follow:
            return False
        path = self.top / name
        real = path.resolve()
        if path.parent.resolve().is_relative_to(real):
            # What lies below the top is walked anyway.
            if not real.is_relative_to(self.top.resolve()):
                self._others.add(name)
            return False
        self._links[name] = real
        return True

    def _take(self, name: str, entry: Entry) -> None:
        if self.where and entry.kind != BROKEN and not self.where.covers(name.rpartition("/")[0]):
            self._strays.add(name)
            return
        problem = entry.problem and f"reading {self.top / name}: {entry.problem}"
        self.found.setdefault(name, problem)

    def _fail(self, folder: str, error: OSError) -> None:
        self.found[folder] = f"listing {self.top / folder}: {unreadable(error)}"


def _in_order(name: str) -> str:
    """Return what sorts names folder by folder: no other character comes before this one."""
    return name.replace("/", "\0")


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
