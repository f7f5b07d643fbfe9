"""What an INPUT in a store stands for: an object, those below a prefix, or those of a glob.

The rules are those of folders. A prefix is listed once, whatever lies below it; no object is asked
for by itself but one that is named.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase

from scorer.errors import ReviewsUnreachable, UsageError
from scorer.job.inputs import (
    ANY_FOLDERS,
    FileCount,
    Found,
    Input,
    counted,
    is_hidden,
    is_taken,
    listed_suffixes,
)
from scorer.storage.address import Address
from scorer.storage.place import ObjectPlace
from scorer.storage.retries import RequestFailed


def find_objects(place: ObjectPlace) -> Found:
    """Return what an INPUT in a store stands for.

    Raises:
        UsageError: nothing is there, or nothing in it could be scored; or the store denies it.
        ReviewsUnreachable: the store doesn't answer.
    """
    with asking(place):
        is_folder = not place.key or place.key.endswith("/")
        identity = None if is_folder else place.look()
        if identity is not None:
            return Found(str(place), (Input(place.as_listed(identity), place.name),))
        if glob.has_magic(place.key):
            return _matches(place)
        below = place.below()
    if not below:
        raise UsageError(f"planning the run: the input {place} does not exist; check the address")
    return _in_folder(place, below)


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


def _in_folder(place: ObjectPlace, below: Mapping[str, ObjectPlace]) -> Found:
    objects = objects_of(below)
    taken = [Input(one, name) for name, one in objects.items() if is_taken(name)]
    others = FileCount.of([name for name in objects if not is_taken(name)])
    if not taken:
        but = f", only {counted(others, 'other file')}" if others.files else ""
        raise UsageError(
            f"planning the run: the folder {place} holds no {listed_suffixes()} file{but}; "
            "name another one"
        )
    return Found(str(place), _in_order(taken), place, (), (), others)


def _matches(pattern: ObjectPlace) -> Found:
    parts = pattern.key.split("/")
    mixed = [part for part in parts if ANY_FOLDERS in part and part != ANY_FOLDERS]
    if mixed:
        raise UsageError(
            f"planning the run: {pattern} is no pattern for files: "
            f"'**' stands for whole folders, not within {mixed[0]!r}; write '*' there"
        )
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    base = ObjectPlace(Address(pattern.address.root, "/".join(parts[:fixed])), pattern.store)
    varying = tuple(parts[fixed:])
    objects = objects_of(base.below())
    taken = [
        Input(one, name)
        for name, one in objects.items()
        if is_match(tuple(name.split("/")), varying)
    ]
    if not taken:
        raise UsageError(f"planning the run: no file matches {pattern}; check the pattern")
    return Found(str(pattern), _in_order(taken), base, varying)


def is_match(name: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a pattern takes a file: it matches the file, or a folder that holds it.

    Args:
        name: the parts of the file's name.
        pattern: as many parts or fewer; ``**`` stands for any number of folders.

    >>> is_match(("day=1", "a.parquet"), ("day=*",)), is_match(("day=1", "a.csv"), ("day=*",))
    (True, False)
    >>> is_match(("x", "y", "a.parquet"), ("**", "*.parquet"))
    True
    """
    if not pattern:
        return not name or is_taken(name[-1])
    if not name:
        return False
    if pattern[0] == ANY_FOLDERS:
        if len(pattern) == 1:
            return is_taken(name[-1])
        return any(is_match(name[start:], pattern[1:]) for start in range(len(name)))
    return fnmatchcase(name[0], pattern[0]) and is_match(name[1:], pattern[1:])


def _in_order(inputs: list[Input]) -> tuple[Input, ...]:
    return tuple(sorted(inputs, key=lambda one: one.name.split("/")))


def _is_folder_mark(place: ObjectPlace) -> bool:
    """Whether it is an empty object that some tools make for a folder."""
    return place.listed is not None and not place.listed.size and "." not in place.name
