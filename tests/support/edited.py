"""Reviews with one cell edited, and the ways in which an edited file takes the place of the other.

Every file lies in a folder of its own, ``in/7/reviews.parquet``, and beside it, written before the
first was scored, ``edited/7/reviews.parquet``.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers import some_texts

CODECS = ("none", "snappy", "zstd", "gzip")
ROWS = 40
NAME = "reviews.parquet"


def write_pair(folder: Path, name: str, codec: str, seed: int) -> tuple[Path, Path]:
    """Write a file, and the same with one cell edited; return both paths."""
    chance = random.Random(seed)  # noqa: S311  # test data
    ratings = [chance.randint(1, 10) for _ in range(ROWS)]
    table = pa.table({"rating": pa.array(ratings, pa.int8()), "review": some_texts(ROWS, seed)})
    paths = folder / "in" / name / NAME, folder / "edited" / name / NAME
    for path, content in zip(paths, (table, edited(table, chance)), strict=True):
        path.parent.mkdir(parents=True)
        pq.write_table(content, path, compression=codec)
    return paths


def edited(table: pa.Table, chance: random.Random) -> pa.Table:
    """Return a table with another letter in one review, or another rating."""
    row = chance.randrange(len(table))
    if chance.random() < 0.5:
        ratings = table["rating"].to_pylist()
        ratings[row] += 1 if ratings[row] < 10 else -1
        return table.set_column(0, "rating", pa.array(ratings, pa.int8()))
    texts = table["review"].to_pylist()
    letter = chance.randrange(len(texts[row]))
    texts[row] = texts[row][:letter] + "q" + texts[row][letter + 1 :]
    return table.set_column(1, "review", pa.array(texts))


def is_alike(one: Path, other: Path) -> bool:
    """Whether two files have the same size and the same footer."""
    contents = one.read_bytes(), other.read_bytes()
    lengths = [int.from_bytes(content[-8:-4], "little") + 8 for content in contents]
    tails = [content[-length:] for content, length in zip(contents, lengths, strict=True)]
    return len(contents[0]) == len(contents[1]) and tails[0] == tails[1]


def rewrite(source: Path, new: Path) -> None:
    source.write_bytes(new.read_bytes())


def rewrite_and_put_the_time_back(source: Path, new: Path) -> None:
    """As ``touch -d`` does."""
    before = source.stat()
    rewrite(source, new)
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


def copy_with_its_time(source: Path, new: Path) -> None:
    """As ``cp -p`` does, from a file of the same time."""
    before = source.stat()
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    shutil.copy2(new, source)


def rename_over(source: Path, new: Path) -> None:
    before = source.stat()
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(source)


def swap_the_folders(source: Path, new: Path) -> None:
    """The edited file keeps all its times, which are older than the output."""
    aside = source.parent.with_name(f"{source.parent.name}-old")
    source.parent.rename(aside)
    new.parent.rename(source.parent)
    shutil.move(aside, new.parent)


def retarget_the_link(source: Path, new: Path) -> None:
    """The source is a link, see :func:`make_link`; the edited file keeps all its times."""
    source.unlink()
    source.symlink_to(new)


def make_link(source: Path, new: Path) -> None:
    """Replace a file by a link to it."""
    source.symlink_to(source.rename(new.with_name("source.parquet")))


# Name → what is done before the first run, and what between the two.
Change = Callable[[Path, Path], None]
WAYS: dict[str, tuple[Change, Change]] = {
    "written again": (lambda *paths: None, rewrite),
    "`touch -d`": (lambda *paths: None, rewrite_and_put_the_time_back),
    "`cp -p`": (lambda *paths: None, copy_with_its_time),
    "renamed over it": (lambda *paths: None, rename_over),
    "folders swapped": (lambda *paths: None, swap_the_folders),
    "link retargeted": (make_link, retarget_the_link),
}
