"""Notes on a file, kept outside its bytes: a cache, which may be missing or out of date.

A note is an extended attribute of the file. Where that can't be written (network file systems, old
kernels, macOS, files of other users), it is a file in the user's state folder.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ATTRIBUTE = "user.review_sentiment.{}"
FOLDER = "review-sentiment"
LONGEST_NOTE = 1 << 16

# A link is not followed, and a pipe is not waited for.
SAFE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
REPLACED = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | SAFE


def write_note(path: Path, name: str, content: bytes) -> None:
    """Keep a note on a file, in place of one of the same name. If it can't be kept, it isn't."""
    with suppress(OSError, AttributeError):  # macOS has no os.setxattr
        os.setxattr(path, ATTRIBUTE.format(name), content, follow_symlinks=False)
        return
    with suppress(OSError, RuntimeError):
        note = note_path(path, name)
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(note, REPLACED, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


def read_notes(path: Path, name: str) -> Iterator[bytes]:
    """Yield the notes on a file: there may be none, one, or one of each kind."""
    for read in (_read_attribute, _read_file):
        try:
            note = read(path, name)
        except (OSError, AttributeError, RuntimeError):
            continue
        yield note


def note_path(path: Path, name: str) -> Path:
    """Return where a note lies that can't be an attribute of its file.

    Raises:
        OSError: the file's path can't be followed.
        RuntimeError: the user has no home; before Python 3.13, too, if links go in circles.
    """
    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()
    return state_folder() / FOLDER / name / f"{key}.json"


def state_folder() -> Path:
    """Return the user's folder for what programs keep between runs.

    https://specifications.freedesktop.org/basedir-spec/latest/

    Raises:
        RuntimeError: the user has no home.
    """
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support"
    chosen = Path(os.environ.get("XDG_STATE_HOME", ""))
    return chosen if chosen.is_absolute() else Path.home() / ".local/state"


def _read_attribute(path: Path, name: str) -> bytes:
    return os.getxattr(path, ATTRIBUTE.format(name), follow_symlinks=False)


def _read_file(path: Path, name: str) -> bytes:
    handle = os.open(note_path(path, name), os.O_RDONLY | SAFE)
    with os.fdopen(handle, "rb") as file:
        return file.read(LONGEST_NOTE)
