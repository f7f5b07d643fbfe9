"""The Large Movie Review Dataset as Stanford publishes it: a folder ``aclImdb``, or its ``.tar.gz``.

A review is a file ``train/pos/123_9.txt``: its number, and its rating of 1 to 10 stars
(Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment/). Its 50,000 unlabeled reviews in ``train/unsup`` are left alone.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.tokenizer import valid_text
from trainer.reviews import Reviews

KINDS = {"neg": 0, "pos": 1}
ARCHIVES = (".tar.gz", ".tgz")

READ_BYTES = 1 << 20

_REVIEW = re.compile(r"(\d+)_(\d+)\.txt")

Entry = tuple[str, int, bytes]  # kind, number, text


def is_archive(source: Path) -> bool:
    """Whether the path looks like an archive."""
    return source.is_file() and source.name.lower().endswith(ARCHIVES)


def find_folder(source: Path, part: str) -> Path | None:
    """Return the folder that holds ``pos`` and ``neg``: the source itself, or its ``train`` or ``test``; None where none does."""
    for folder in (source, source / part, source / "aclImdb" / part):
        if all((folder / kind).is_dir() for kind in KINDS):
            return folder
    return None


def read_folder(folder: Path, name: str) -> Reviews:
    """Read the reviews in ``folder/pos`` and ``folder/neg``.

    Raises:
        ReviewsError: a file there isn't named like a review, or can't be read.
    """
    try:
        paths = [(kind, path) for kind in KINDS for path in (folder / kind).iterdir()]
        entries = [(kind, _number(path.name, str(path)), path.read_bytes()) for kind, path in paths]
    except OSError as error:
        raise ReviewsError(f"reading {folder}: {error.strerror or error}") from error
    return _reviews(entries, name)


def read_archive(archive: Path, part: str) -> Reviews:
    """Read the reviews of one part from the archive, streamed: nothing is unpacked to the disk.

    Raises:
        ReviewsError: the archive is cut or damaged, holds no such part, or a file in it isn't named like a review.
    """
    entries: list[Entry] = []
    try:
        with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r|") as members:
            for member in members:
                place = member.name.split("/")
                if member.isfile() and len(place) >= 3 and place[-3] == part and place[-2] in KINDS:
                    number = _number(place[-1], f"{member.name} in {archive}")
                    file = members.extractfile(member)
                    entries.append((place[-2], number, file.read() if file else b""))
            # tarfile stops at its own end mark; read on, so that gzip tells of a cut or a wrong check sum.
            while content.read(READ_BYTES):
                pass
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ReviewsError(f"reading {archive}: the archive is cut or damaged ({error}); download it again") from error
    if not entries:
        raise ReviewsError(f"reading {archive}: it holds no {part}/pos and {part}/neg reviews; is it the aclImdb archive?")
    return _reviews(entries, archive.name)


def _number(name: str, where: str) -> int:
    found = _REVIEW.fullmatch(name)
    if found is None:
        raise ReviewsError(f"reading {where}: a review is named like 123_9.txt, its number and its rating; remove the file")
    return int(found[1])


def _reviews(entries: Iterable[Entry], name: str) -> Reviews:
    """Put reviews into one order, whatever order the folder or the archive had them in: neg, then pos, by number."""
    ordered = sorted(entries, key=lambda entry: (KINDS[entry[0]], entry[1]))
    texts, _ = valid_text(pa.array([text for _, _, text in ordered], pa.large_binary()))
    return Reviews(texts, np.array([KINDS[kind] for kind, _, _ in ordered], np.int8), name)
