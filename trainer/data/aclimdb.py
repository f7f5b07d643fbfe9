"""The Large Movie Review Dataset as Stanford publishes it: a folder ``aclImdb``, or a ``.tar.gz``.

A review is a file ``train/pos/123_9.txt``, named after its number and its rating of 1 to 10 stars
(Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment/). The 50,000 unlabeled reviews in
``train/unsup`` are not read.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from scorer.errors import ReviewsError, one_line
from scorer.tokenizer import valid_text
from trainer.data.archive import read_members
from trainer.data.reviews import Reviews

# The label of the reviews in each folder.
LABELS = {"neg": 0, "pos": 1}
ARCHIVES = (".tar.gz", ".tgz")

_FILE_NAME = re.compile(r"(\d+)_(\d+)\.txt")


class Entry(NamedTuple):
    """A review file; entries sort into the order of the data set."""

    label: int
    number: int
    content: bytes


def is_archive(source: Path) -> bool:
    """Whether the path is a file with the name of an archive."""
    return source.is_file() and source.name.lower().endswith(ARCHIVES)


def find_folder(source: Path, part: str) -> Path | None:
    """Return the folder that holds ``pos`` and ``neg``, or None where there is none.

    It is the source itself, its subfolder ``part`` (``train`` or ``test``), or ``aclImdb/part``.
    """
    for folder in (source, source / part, source / "aclImdb" / part):
        if all((folder / name).is_dir() for name in LABELS):
            return folder
    return None


def read_folder(folder: Path, name: str) -> Reviews:
    """Read the reviews in ``folder/pos`` and ``folder/neg``.

    Raises:
        ReviewsError: a file there isn't named like a review, or can't be read.
    """
    try:
        entries = [
            Entry(label, _number(path.name, str(path)), path.read_bytes())
            for subfolder, label in LABELS.items()
            for path in (folder / subfolder).iterdir()
        ]
    except OSError as error:
        raise ReviewsError(f"reading {folder}: {one_line(error)}") from error
    return _reviews(entries, name)


def read_archive(archive: Path, part: str) -> Reviews:
    """Read the reviews of one part from the archive, as a stream: nothing is unpacked to the disk.

    Raises:
        ReviewsError: the archive is cut or damaged, holds a sparse or too large file or no such
            part, or a file in it isn't named like a review.
    """
    entries = _archive_entries(archive, part)
    if not entries:
        raise ReviewsError(
            f"reading {archive}: it holds no {part}/pos and {part}/neg reviews; "
            "is it the aclImdb archive?"
        )
    return _reviews(entries, archive.name)


def _archive_entries(archive: Path, part: str) -> list[Entry]:
    def is_review(member: tarfile.TarInfo) -> bool:
        folder, subfolder, _ = _last_names(member)
        return folder == part and subfolder in LABELS

    entries = []
    for member, content in read_members(archive, is_review):
        _, subfolder, name = _last_names(member)
        number = _number(name, f"{member.name} in {archive}")
        entries.append(Entry(LABELS[subfolder], number, content))
    return entries


def _last_names(member: tarfile.TarInfo) -> list[str]:
    """Return the names of the last two folders of a member, and its own."""
    return ["", "", *member.name.split("/")][-3:]


def _number(name: str, where: str) -> int:
    match = _FILE_NAME.fullmatch(name)
    if match is None:
        raise ReviewsError(
            f"reading {where}: a review is named like 123_9.txt, its number and its rating; "
            "remove the file"
        )
    return int(match[1])


def _reviews(entries: Iterable[Entry], name: str) -> Reviews:
    """Return the reviews in one order, whatever the order on the disk: neg, then pos, by number."""
    ordered = sorted(entries, key=lambda entry: (entry.label, entry.number))
    texts, _ = valid_text(pa.array([entry.content for entry in ordered], pa.large_binary()))
    return Reviews(texts, np.array([entry.label for entry in ordered], np.int8), name)
