"""What an INPUT in a store stands for: an object, those below a prefix, or those of a glob.

The rules are those of folders. A prefix is listed once, whatever lies below it; with conditions on
partitions it is listed folder by folder, and what isn't wanted isn't listed. No object is asked for
by itself but one that is named.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scorer.errors import ReviewsUnreachable, UsageError
from scorer.planning.inputs import (
    ANY_FOLDERS,
    FileCount,
    Found,
    Input,
    Unwanted,
    counted,
    fixed_parts,
    format_hint,
    is_hidden,
    listed_endings,
)
from scorer.planning.partitions import Where, partition_of
from scorer.storage.address import Address
from scorer.storage.place import ObjectPlace
from scorer.storage.retries import RequestFailed
from scorer.tables.endings import PARQUET, endings_of


@dataclass(frozen=True)
class Below:
    """What lies below a place.

    Attributes:
        objects: by their names below it, without what is hidden and what stands for folders.
        left_out: folders that the conditions left out; they weren't listed.
        names: of the partitions that were met, wanted or not.
    """

    objects: Mapping[str, ObjectPlace]
    left_out: FileCount = FileCount()
    names: frozenset[str] = frozenset()

    def found(
        self,
        place: ObjectPlace,
        taken: list[str],
        where: Where,
        others: list[str],
        pattern: tuple[str, ...] = (),
        base: ObjectPlace | None = None,
    ) -> Found:
        """Return what an INPUT stands for.

        Args:
            place: the INPUT.
            taken: names of objects that have the right ending.
            where: which of them are wanted.
            others: names of objects of another ending.
            pattern: the varying parts of a glob.
            base: its fixed part.
        """
        wanted = [name for name in taken if where.covers(name.rpartition("/")[0])]
        strays = sorted(set(taken) - set(wanted))
        inputs = [Input(self.objects[name], name) for name in wanted]
        return Found(
            str(place),
            tuple(sorted(inputs, key=lambda one: one.name.split("/"))),
            base or place,
            pattern,
            (),
            FileCount.of([*others, *strays]),
            Unwanted(self.left_out, len(strays), self.names),
        )


def find_objects(place: ObjectPlace, where: Where = Where(), asked: str = PARQUET) -> Found:
    """Return what an INPUT in a store stands for.

    Args:
        place: the INPUT.
        where: which partitions below it are wanted.
        asked: the format of the objects that are taken below a prefix.

    Raises:
        UsageError: nothing is there, or nothing in it could be scored; or the store denies it; or
            there are conditions, and it is one object.
        ReviewsUnreachable: the store doesn't answer.
    """
    with asking(place):
        is_folder = not place.key or place.key.endswith("/")
        identity = None if is_folder else place.look()
        if identity is not None and where:
            raise UsageError(
                f"planning the run: --where chooses among the folders of an INPUT, and {place} is "
                "an object; name its folder, or leave --where out"
            )
        if identity is not None:
            return Found(str(place), (Input(place.as_listed(identity), place.name),))
        if glob.has_magic(place.key):
            return _matches(place, where, asked)
        below = _below(place, where)
    if not below.objects and not below.left_out.files:
        raise UsageError(f"planning the run: the input {place} does not exist; check the address")
    return _in_folder(place, below, where, asked)


@contextmanager
def asking(place: ObjectPlace) -> Iterator[None]:
    """Name the address that a store doesn't tell about.

    Raises:
        UsageError: it is denied, or its bucket doesn't exist.
        ReviewsUnreachable: the store doesn't answer.
    """
    try:
        yield
    except RequestFailed as error:
        kind = ReviewsUnreachable if error.is_transient else UsageError
        raise kind(f"planning the run: asking for {place}: {error}") from error


def objects_of(folder: Mapping[str, ObjectPlace]) -> dict[str, ObjectPlace]:
    """Return the objects that a folder holds, without what is hidden and what stands for folders.

    Args:
        folder: objects by their names below it.
    """
    return {
        name: place
        for name, place in folder.items()
        if not any(map(is_hidden, name.split("/"))) and not _is_folder_mark(place)
    }


def _below(place: ObjectPlace, where: Where) -> Below:
    """List what lies below a place: at once, or folder by folder where not all is wanted."""
    if not where:
        return Below(objects_of(place.below()))
    found: dict[str, ObjectPlace] = {}
    left_out, names, folders = [], set(), [""]
    while folders:
        folder = folders.pop()
        inner, objects = (place / folder if folder else place).level()
        found.update({_joined(folder, name): one for name, one in objects.items()})
        for name in inner:
            partition = partition_of(name)
            if partition is not None:
                names.add(partition.name)
            path = _joined(folder, name)
            if not where.wants(name):
                left_out.append(path)
            elif not is_hidden(name):
                folders.append(path)
    return Below(objects_of(found), FileCount.of(left_out), frozenset(names))


def _in_folder(place: ObjectPlace, below: Below, where: Where, asked: str) -> Found:
    endings = endings_of(asked)
    taken = [name for name in below.objects if name.lower().endswith(endings)]
    others = [name for name in below.objects if not name.lower().endswith(endings)]
    found = below.found(place, taken, where, others)
    if not taken and not found.unwanted:
        counts = FileCount.of(others)
        but = f", only {counted(counts, 'other file')}" if others else ""
        raise UsageError(
            f"planning the run: the folder {place} holds no {listed_endings(asked)} file{but}; "
            f"name another one{format_hint(others)}"
        )
    return found


def _matches(pattern: ObjectPlace, where: Where, asked: str) -> Found:
    parts = pattern.key.split("/")
    fixed = fixed_parts(pattern, parts)
    base = ObjectPlace(Address(pattern.address.root, "/".join(parts[:fixed])), pattern.store)
    varying, endings = tuple(parts[fixed:]), endings_of(asked)
    below = _below(base, where)
    taken = [name for name in below.objects if is_match(tuple(name.split("/")), varying, endings)]
    found = below.found(pattern, taken, where, [], varying, base)
    if not taken and not found.unwanted:
        raise UsageError(f"planning the run: no file matches {pattern}; check the pattern")
    return found


def is_match(
    name: tuple[str, ...],
    pattern: tuple[str, ...],
    endings: tuple[str, ...] = endings_of(PARQUET),
) -> bool:
    """Whether a pattern takes a file: it matches the file, or a folder that holds it.

    Args:
        name: the parts of the file's name.
        pattern: as many parts or fewer; ``**`` stands for any number of folders.
        endings: of the files that are taken in a folder.

    >>> is_match(("day=1", "a.parquet"), ("day=*",)), is_match(("day=1", "a.csv"), ("day=*",))
    (True, False)
    >>> is_match(("x", "y", "a.parquet"), ("**", "*.parquet"))
    True
    """
    if not pattern:
        return not name or name[-1].lower().endswith(endings)
    if not name:
        return False
    if pattern[0] == ANY_FOLDERS:
        if len(pattern) == 1:
            return name[-1].lower().endswith(endings)
        return any(is_match(name[start:], pattern[1:], endings) for start in range(len(name)))
    return fnmatchcase(name[0], pattern[0]) and is_match(name[1:], pattern[1:], endings)


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _is_folder_mark(place: ObjectPlace) -> bool:
    """Whether it is an empty object that some tools make for a folder."""
    return place.listed is not None and not place.listed.size and "." not in place.name
