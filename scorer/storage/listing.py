"""What lies in a folder: each entry's name, and whether it is a file, a folder or neither."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from scorer.storage.failures import unreadable
from scorer.storage.whole_file import KINDS

FILE = "file"
FOLDER = "folder"
OTHER = "other"
BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a folder.

    Attributes:
        name: in its folder.
        kind: file, folder or other (a pipe, a device, a socket), links followed; broken if that
            can't be told.
        problem: of an entry of kind other or broken, why it can't be read and what to do.
        is_link: whether it is a symbolic link.
    """

    name: str
    kind: str
    problem: str = ""
    is_link: bool = False


def entries_of(folder: str) -> list[Entry]:
    """List a folder, in the order of names.

    Files and folders are told apart by what the listing says of them; only links are looked up.

    Raises:
        OSError: it can't be listed.
    """
    with os.scandir(folder) as found:
        return sorted(map(_entry, found), key=lambda entry: entry.name)


def entry_at(path: Path) -> Entry | None:
    """Return what stands at a path; None if nothing does."""
    try:
        is_link = stat.S_ISLNK(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Entry(path.name, BROKEN, _problem(path, error))
    return _looked_up(path, is_link=is_link)


def _entry(found: os.DirEntry[str]) -> Entry:
    if not found.is_symlink():
        if found.is_file(follow_symlinks=False):
            return Entry(found.name, FILE)
        if found.is_dir(follow_symlinks=False):
            return Entry(found.name, FOLDER)
    return _looked_up(Path(found.path), is_link=found.is_symlink())


def _looked_up(path: Path, *, is_link: bool) -> Entry:
    name = path.name
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Entry(name, BROKEN, _problem(path, error), is_link)
    if stat.S_ISREG(mode):
        return Entry(name, FILE, is_link=is_link)
    if stat.S_ISDIR(mode):
        return Entry(name, FOLDER, is_link=is_link)
    what = KINDS.get(stat.S_IFMT(mode), "something else")
    return Entry(name, OTHER, f"it is {what}, not a regular file; name one", is_link)


def _problem(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        try:
            target = path.readlink()
        except OSError:
            return "it was removed meanwhile; run again when it is back"
        return f"it is a link to {target}, where nothing is; mend the link or remove it"
    return unreadable(error)
