"""Score damaged Parquet files, in one process: ``python fuzz.py FOLDER FIRST COUNT``.

Each number gives one damaged file. The number is written to FOLDER/current before its turn, so that whoever started
this process can name the file that it died of. Ends with 0 if every file was scored or named in one line.
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
from scorer.job import Options, run_job
from scorer.plan import Task
from scorer.result import FAILED, SCORED

# A damaged length must not take the machine's memory with it.
MOST_MEMORY = 8 << 30


def tables() -> list[tuple[pa.Table, dict[str, object]]]:
    texts = some_texts(60)
    plain = pa.table({"id": range(60), "review": texts})
    nested = plain.append_column("tags", pa.array([[{"name": text[:3], "weight": None}] for text in texts]))
    repeated = pa.table({"place": pa.array(["here", "there"] * 30).dictionary_encode(), "review": texts[:3] * 20})
    return [
        (plain, {"compression": "none", "row_group_size": 25, "write_page_checksum": True}),
        (plain, {"compression": "snappy", "use_dictionary": False, "data_page_version": "2.0", "data_page_size": 200}),
        (nested, {"compression": "zstd", "row_group_size": 40, "write_page_index": True}),
        (repeated, {"compression": "gzip", "store_schema": True}),
    ]


def flip(content: bytearray, chance: random.Random, first: int) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        content[chance.randrange(first, len(content))] ^= 1 << chance.randrange(8)


def flip_anywhere(content: bytearray, chance: random.Random) -> None:
    flip(content, chance, 0)


def flip_in_footer(content: bytearray, chance: random.Random) -> None:
    flip(content, chance, len(content) - 8 - int.from_bytes(content[-8:-4], "little"))


def cut(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    del content[start : start + chance.choice((1, 10, len(content)))]


def swap(content: bytearray, chance: random.Random) -> None:
    size = chance.randrange(1, len(content) // 4)
    one, other = sorted(chance.sample(range(0, len(content) - size, size), 2))
    content[one : one + size], content[other : other + size] = content[other : other + size], content[one : one + size]


def overwrite(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    content[start : start + 20] = chance.choice((bytes(20), b"\xff" * 20, chance.randbytes(20)))


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (flip_anywhere, flip_in_footer, flip_in_footer, cut, swap, overwrite)


def damaged(whole: list[bytes], number: int) -> bytes:
    chance = random.Random(number)  # noqa: S311  # test data
    content = bytearray(chance.choice(whole))
    chance.choice(DAMAGES)(content, chance)
    return bytes(content)


def main(folder: Path, first: int, count: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    whole = []
    for table, how in tables():
        pq.write_table(table, folder / "whole.parquet", **how)
        whole.append((folder / "whole.parquet").read_bytes())
    model = SentimentModel.load()
    task = Task(folder / "damaged.parquet", folder / "out/scored.parquet")
    statuses = {SCORED: 0, FAILED: 0}
    for number in range(first, first + count):
        (folder / "current").write_text(str(number))
        task.input.write_bytes(damaged(whole, number))
        (result,) = run_job([task], model, Options(text_column="review", threads=1)).files
        left = sorted(path.name for path in task.output.parent.glob("*")) if task.output.parent.exists() else []
        wrong = "please report it" in result.reason or "\n" in result.reason or len(result.reason) > 2000
        if wrong or left != (["scored.parquet"] if result.status == SCORED else []):
            print(f"number {number}: {result.status}, left {left}: {result.reason}")
            return 1
        task.output.unlink(missing_ok=True)
        statuses[result.status] += 1
    print(*statuses.values())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
