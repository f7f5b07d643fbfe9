from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.known.digests import digest_of, digests_of
from scorer.tokenizer import raw_text

KINDS = [pa.string(), pa.large_binary(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_text_has_one_digest_whatever_its_type_and_chunks(kind: pa.DataType) -> None:
    texts = pa.chunked_array([pa.array(["a", None], kind), pa.array(["é", ""], kind)])
    expected = [blake2b(text, digest_size=16).digest() for text in (b"a", "é".encode(), b"")]
    found = digests_of(raw_text(texts))
    assert [row.astype("<u8").tobytes() for row in found[[0, 2, 3]]] == expected
    assert found[1].tolist() == [0, 0]


@given(st.lists(st.none() | st.binary(max_size=9)), st.integers(0, 5), st.integers(0, 5))
def test_a_part_of_a_column_has_the_digests_of_that_part(
    texts: list[bytes | None], start: int, rows: int
) -> None:
    column = pa.array(texts, pa.large_binary())
    part = slice(start, start + rows)
    assert np.array_equal(digests_of(column.slice(start, rows)), digests_of(column)[part])


def test_windows_of_other_texts_or_nulls_have_another_digest() -> None:
    windows = [["a", None, "bc"], ["a", None, "bd"], ["a", "", "bc"], ["a", None, "bc", ""]]
    digests = {digest_of(digests_of(raw_text(pa.array(window)))) for window in windows}
    assert len(digests) == len(windows)
