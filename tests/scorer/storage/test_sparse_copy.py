"""Blocks of an object, asked for once each and ahead; no store is needed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import some_texts, write_reviews
from scorer.storage import sparse_copy
from scorer.storage.retries import CHANGED, TRANSIENT, RequestFailed, Retries
from scorer.storage.sparse_copy import SparseCopy, SparseReader
from scorer.storage.stores import ObjectIdentity, Piece
from scorer.system.background import Crew

BLOCK = 1000


class FakeStore:
    """Reads bytes; fails as it is told."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.read_from: list[int] = []
        self.fails: list[RequestFailed] = []
        self.stores = self
        self._crew, self._retries = Crew(4), Retries(2, first_wait=0)

    def begin(self, call: Any) -> Any:
        return self._crew.begin(lambda: self._retries.run(call))

    def read(self, key: str, start: int, stop: int, etag: str | None) -> Piece:
        if self.fails:
            raise self.fails.pop()
        assert (key, etag) == ("key", "tag")
        self.read_from.append(start)
        return Piece(ObjectIdentity("tag", len(self.content)), start, self.content[start:stop])


@pytest.fixture
def content(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(sparse_copy, "BLOCK_BYTES", BLOCK)
    return random.Random(1).randbytes(20 * BLOCK + 17)  # noqa: S311  # test data


def copy_of(store: FakeStore, folder: Path, end: int = 1500) -> SparseCopy:
    start = len(store.content) - end
    last = Piece(ObjectIdentity("tag", len(store.content)), start, store.content[start:])
    return SparseCopy(store, "key", last, folder)  # type: ignore[arg-type]


def test_bytes_are_those_of_the_object_and_each_block_is_asked_for_once(
    content: bytes, tmp_path: Path
) -> None:
    store, chance = FakeStore(content), random.Random(2)  # noqa: S311  # test data
    copy = copy_of(store, tmp_path)
    for _ in range(300):
        offset, length = chance.randrange(len(content) + 50), chance.randrange(3 * BLOCK)
        assert copy.read_at(offset, length) == content[offset : offset + length]
    copy.close()
    assert len(store.read_from) == len(set(store.read_from))
    assert list(tmp_path.iterdir()) == []


def test_a_few_blocks_are_asked_for_ahead_and_no_more(content: bytes, tmp_path: Path) -> None:
    store = FakeStore(content)
    copy = copy_of(store, tmp_path)
    copy.read_at(0, 10)
    copy.read_at(3 * BLOCK, 10)
    copy.close()
    assert set(store.read_from) <= {block * BLOCK for block in range(7)}


def test_the_end_is_not_asked_for_again(content: bytes, tmp_path: Path) -> None:
    store = FakeStore(content)
    copy = copy_of(store, tmp_path)
    assert copy.read_at(len(content) - 1500, 4000) == content[-1500:]
    assert store.read_from == []
    copy.close()


def test_a_failed_block_is_asked_for_again_and_a_change_is_raised(
    content: bytes, tmp_path: Path
) -> None:
    store = FakeStore(content)
    copy = copy_of(store, tmp_path)
    store.fails = [RequestFailed(TRANSIENT, "no", "wait")] * 2
    assert copy.read_at(0, 10) == content[:10]
    store.fails = [RequestFailed(CHANGED, "no", "wait")] * 99
    with pytest.raises(RequestFailed):
        copy.read_at(10 * BLOCK, 10)
    store.fails = []
    assert copy.read_at(10 * BLOCK, 10) == content[10 * BLOCK :][:10]
    copy.close()


def test_pyarrow_reads_the_same_rows_and_raises_what_a_read_raised(
    content: bytes, tmp_path: Path
) -> None:
    path = write_reviews(tmp_path / "a.parquet", some_texts(2000), row_group_size=300)
    store = FakeStore(path.read_bytes())
    copy = copy_of(store, tmp_path / "kept", end=3000)
    file = pq.ParquetFile(SparseReader(copy), pre_buffer=False, buffer_size=700)
    batches = list(file.iter_batches(100))
    assert pa.Table.from_batches(batches) == pq.read_table(path)
    copy.close()
    copy = copy_of(store, tmp_path / "kept", end=3000)
    file = pq.ParquetFile(SparseReader(copy), pre_buffer=False, buffer_size=700)
    store.fails = [RequestFailed(CHANGED, "no", "wait")] * 999
    with pytest.raises(RequestFailed):
        list(file.iter_batches(100))
    copy.close()
