from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from opened import reads_of
from scorer.tables.parquet_indices import most_repeats
from scorer.tables.parquet_pages import DICTIONARY_ENCODINGS, page_headers, row_groups

ROWS = 3000
CHANCE = random.Random(7)  # noqa: S311  # test data
COLUMNS = {
    "all different": [f"{row} film" for row in range(ROWS)],
    "runs": [f"{row // 100} film" for row in range(ROWS)],
    "one value": ["film"] * ROWS,
    "some of many": [f"{CHANCE.randrange(700)} film" for _ in range(ROWS)],
    "some and runs": [f"{CHANCE.randrange(99)} film" for _ in range(1000)] + ["film"] * 2000,
    "nulls": [CHANCE.choice([None, "a film", "the film"]) for _ in range(ROWS)],
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "zstd"])
@pytest.mark.parametrize("nullable", [True, False])
def test_the_commonest_value_of_a_page_is_counted(
    tmp_path: Path, name: str, version: str, codec: str, nullable: bool
) -> None:
    if name == "nulls" and not nullable:
        return
    path = tmp_path / "in.parquet"
    schema = pa.schema([pa.field("review", pa.string(), nullable=nullable)])
    table = pa.table({"review": COLUMNS[name]}, schema=schema)
    pq.write_table(table, path, compression=codec, data_page_version=version)
    content = path.read_bytes()
    ((place,),) = row_groups(content[-8 - int.from_bytes(content[-8:-4], "little") : -8])
    with path.open("rb") as file:
        (page,) = (
            page
            for page in page_headers(reads_of(file), place)
            if page.encoding in DICTIONARY_ENCODINGS
        )
        repeats = most_repeats(reads_of(file), page, place.codec, is_nullable=nullable)
        unknown = most_repeats(reads_of(file), page, "LZO", is_nullable=nullable)
    expected = Counter(value for value in COLUMNS[name] if value is not None).most_common(1)[0][1]
    # The last group of eight may hold some more indices than there are rows.
    assert expected <= repeats <= min(ROWS, expected + 7)
    assert unknown == ROWS or codec == "none" or not page.is_compressed
