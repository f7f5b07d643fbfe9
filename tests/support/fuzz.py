"""Score damaged Parquet files, all in this process: ``python fuzz.py FOLDER FIRST COUNT``.

Each number from FIRST on stands for one damaged file. The number is written to FOLDER/current
before its file is scored, so that the file is known if this process dies or hangs. If every file
was scored, or failed in one line, the exit code is 0.
"""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from helpers import some_texts
from scorer import SentimentModel
from scorer.job.result import FAILED, SCORED, FileResult
from scorer.job.run import run_job
from scorer.planning.options import Options
from scorer.planning.plan import Plan, Task

# Bytes. A damaged length must not take the machine's memory.
MOST_MEMORY = 8 << 30
LONGEST_REASON = 2000

Damage = Callable[[bytearray, random.Random], None]


def tables() -> list[tuple[pa.Table, dict[str, object]]]:
    """Return tables, and the options that each is written with."""
    texts = some_texts(60)
    plain = pa.table({"id": range(60), "review": texts})
    tags = pa.array([[{"name": text[:3], "weight": None}] for text in texts])
    nested = plain.append_column("tags", tags)
    places = pa.array(["here", "there"] * 30).dictionary_encode()
    repeated = pa.table({"place": places, "review": texts[:3] * 20})
    small_pages = {
        "compression": "snappy",
        "use_dictionary": False,
        "data_page_version": "2.0",
        "data_page_size": 200,
    }
    return [
        (plain, {"compression": "none", "row_group_size": 25, "write_page_checksum": True}),
        (plain, small_pages),
        (nested, {"compression": "zstd", "row_group_size": 40, "write_page_index": True}),
        (repeated, {"compression": "gzip", "store_schema": True}),
    ]


def flip_bits(content: bytearray, chance: random.Random, first: int) -> None:
    """Flip one to eight bits at or after the offset ``first``."""
    for _ in range(chance.choice((1, 1, 2, 8))):
        content[chance.randrange(first, len(content))] ^= 1 << chance.randrange(8)


def flip_anywhere(content: bytearray, chance: random.Random) -> None:
    flip_bits(content, chance, 0)


def flip_in_footer(content: bytearray, chance: random.Random) -> None:
    flip_bits(content, chance, len(content) - 8 - int.from_bytes(content[-8:-4], "little"))


def cut(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.choice((1, 10, len(content)))]


def swap(content: bytearray, chance: random.Random) -> None:
    size = chance.randrange(1, len(content) // 4)
    starts = chance.sample(range(0, len(content) - size, size), 2)
    first, second = (slice(start, start + size) for start in sorted(starts))
    content[first], content[second] = content[second], content[first]


def overwrite(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    content[start : start + 20] = chance.choice((bytes(20), b"\xff" * 20, chance.randbytes(20)))


# The footer comes twice: most of what can go wrong is there.
DAMAGES: tuple[Damage, ...] = (flip_anywhere, flip_in_footer, flip_in_footer, cut, swap, overwrite)


def damaged(whole: list[bytes], number: int) -> bytes:
    """Return one of the whole files, damaged; the same for the same number."""
    chance = random.Random(number)  # noqa: S311  # test data
    content = bytearray(chance.choice(whole))
    chance.choice(DAMAGES)(content, chance)
    return bytes(content)


def write_whole(folder: Path) -> list[bytes]:
    """Return the files before they are damaged."""
    path, whole = folder / "whole.parquet", []
    for table, options in tables():
        pq.write_table(table, path, **options)
        whole.append(path.read_bytes())
    return whole


def complaint(result: FileResult, left: list[str]) -> str | None:
    """Return what is wrong with a result; None if nothing is.

    Args:
        result: of a damaged file.
        left: names of the files in the output's folder.
    """
    reason = result.reason
    is_defect = "please report it" in reason or "\n" in reason or len(reason) > LONGEST_REASON
    expected = [result.task.output.name] if result.status == SCORED else []
    if is_defect or left != expected:
        return f"{result.status}, left {left}: {reason}"
    return None


def main(folder: Path, first: int, count: int) -> int:
    """Score the damaged files; print how many were scored, and how many failed."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    whole, model = write_whole(folder), SentimentModel.load()
    task = Task(folder / "damaged.parquet", folder / "out/scored.parquet")
    statuses = {SCORED: 0, FAILED: 0}
    for number in range(first, first + count):
        (folder / "current").write_text(str(number))
        task.input.write_bytes(damaged(whole, number))
        (result,) = run_job(Plan((task,)), model, Options(text_column="review", threads=1)).files
        left = sorted(path.name for path in task.output.parent.glob("*"))
        wrong = complaint(result, left)
        if wrong is not None:
            print(f"number {number}: {wrong}")
            return 1
        task.output.unlink(missing_ok=True)
        statuses[result.status] += 1
    print(*statuses.values())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
