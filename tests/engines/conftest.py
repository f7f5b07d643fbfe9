"""Made-up dumps, what the local job makes of them, and what an engine made of them beside it.

Workers are processes of their own: they find the project and these tests by PYTHONPATH.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dumps import Dump
from helpers import some_texts, write_reviews
from scorer import Options, SentimentModel, score_files

CHECKOUT = Path(__file__).parents[2]
os.environ |= {
    "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'tests/support'}",
    "PYSPARK_PYTHON": sys.executable,
    "SPARK_LOCAL_IP": "127.0.0.1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
FILES = 24


@pytest.fixture(scope="session")
def dump(tmp_path_factory: pytest.TempPathFactory, model: SentimentModel) -> Dump:
    """24 files of 20 to 250 reviews, nulls among them, in folders; the local job's outputs."""
    folder = tmp_path_factory.mktemp("dump")
    for number in range(FILES):
        texts = [*some_texts(20 + 10 * number, number), None, ""]
        write_reviews(folder / f"day={number % 3}" / f"{number:02}.parquet", texts)
    outputs = tmp_path_factory.mktemp("local") / "out"
    result = score_files(folder, outputs, model=model, options=Options(threads=1))
    return Dump(folder, outputs, result)


@pytest.fixture(scope="session")
def long_dump(tmp_path_factory: pytest.TempPathFactory, model: SentimentModel) -> Dump:
    """Two files of several windows: each of two workers is in the midst of one."""
    folder = tmp_path_factory.mktemp("long")
    for number in range(2):
        write_reviews(folder / f"{number}.parquet", some_texts(7_000, number))
    outputs = tmp_path_factory.mktemp("local") / "out"
    return Dump(folder, outputs, score_files(folder, outputs, model=model))


@pytest.fixture(scope="session")
def bad_dump(tmp_path_factory: pytest.TempPathFactory, model: SentimentModel) -> Dump:
    """A corrupt file, one without a text column, a link that leads nowhere, and two good ones."""
    folder = tmp_path_factory.mktemp("bad")
    write_reviews(folder / "a.parquet", some_texts(30))
    (folder / "b.parquet").write_bytes(b"PAR1 but not for long")
    write_reviews(folder / "c.parquet", some_texts(30))
    pq.write_table(pa.table({"id": [1, 2]}), folder / "d.parquet")
    (folder / "e.parquet").symlink_to(folder / "nowhere.parquet")
    outputs = tmp_path_factory.mktemp("local") / "out"
    return Dump(folder, outputs, score_files(folder, outputs, model=model))
