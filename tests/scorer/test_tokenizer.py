from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import ReviewsError
from scorer.system.records import RecordError
from scorer.tokenizer import LONG, Tokenizer, Tokens, invalid_rows, is_text, valid_text


def decomposed(*words: str) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFKD", word) for word in words)


TOKENIZER = Tokenizer(decomposed("good", "film", "!", "don't", "über"))

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


def test_words_get_ids_from_2_and_others_1() -> None:
    tokens = TOKENIZER.encode(pa.array(["Good film, unheard of! Über-good"]))
    assert tokens.ids.tolist() == [2, 3, 1, 1, 4, 6, 2]


def test_a_null_an_empty_text_and_only_markup_have_no_token() -> None:
    tokens = TOKENIZER.encode(pa.array([None, "", "<br />", "good"]))
    assert tokens.offsets.tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    "dtype",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.binary_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
        pa.dictionary(pa.int32(), pa.binary()),
    ],
    ids=str,
)
def test_every_text_type_gives_the_same_ids(dtype: pa.DataType) -> None:
    plain = pa.array(["good film", None, "Über!"])
    if pa.types.is_dictionary(dtype):
        texts = plain.cast(dtype.value_type).dictionary_encode().cast(dtype)
    else:
        texts = plain.cast(dtype)
    tokens = TOKENIZER.encode(pa.chunked_array([texts, texts.slice(1)]))
    assert tokens.ids.tolist() == [2, 3, 6, 4, 6, 4]
    assert tokens.offsets.tolist() == [0, 2, 2, 4, 4, 6]


def test_json_fixed_bytes_and_runs_are_text() -> None:
    good = ["good film", None, "good film"]
    runs = pa.RunEndEncodedArray.from_arrays([1, 2, 3], good)
    for texts in (pa.array(good, pa.json_()), pa.array(good, pa.binary(9)), runs):
        assert is_text(texts.type)
        assert TOKENIZER.encode(texts).ids.tolist() == [2, 3, 2, 3]
        assert TOKENIZER.encode(pa.chunked_array([texts, texts])).ids.tolist() == [2, 3] * 4


def test_a_column_of_nulls_is_text_without_a_token() -> None:
    assert TOKENIZER.encode(pa.nulls(3)).offsets.tolist() == [0, 0, 0, 0]


def test_no_rows_give_no_tokens() -> None:
    assert len(TOKENIZER.encode(pa.chunked_array([], pa.string()))) == 0


@pytest.mark.parametrize(
    "dtype", [pa.int64(), pa.float32(), pa.list_(pa.string()), pa.bool_(), pa.uuid()], ids=str
)
def test_other_types_are_refused(dtype: pa.DataType) -> None:
    assert not is_text(dtype)
    with pytest.raises(ReviewsError, match="can't be read as text"):
        TOKENIZER.encode(pa.nulls(1, dtype))


def test_invalid_utf8_is_mended_counted_and_read_as_a_space() -> None:
    raw = pa.array([b"good\xff\xfefilm", b"good film", b"\xc3", None, b"\xed\xa0\x80"])
    tokens = TOKENIZER.encode(raw)
    assert list(tokens.mended) == [0, 2, 4]
    assert tokens.ids.tolist() == [2, 3, 2, 3]
    assert tokens.offsets.tolist() == [0, 2, 4, 4, 4, 4]


def test_invalid_utf8_in_a_column_declared_as_text_is_mended_too() -> None:
    raw = pa.array([b"good", b"\xff film"])
    declared = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    assert TOKENIZER.encode(declared).ids.tolist() == [2, 3]


@given(st.lists(st.binary(max_size=8), max_size=30))
def test_invalid_rows_are_found_wherever_they_are(rows: list[bytes]) -> None:
    def is_valid(row: bytes) -> bool:
        try:
            row.decode()
        except UnicodeDecodeError:
            return False
        return True

    expected = [index for index, row in enumerate(rows) if not is_valid(row)]
    assert invalid_rows(pa.array(rows, pa.large_binary())) == expected


@given(st.lists(st.one_of(st.none(), ANY_TEXT), max_size=12))
def test_a_text_gives_the_same_ids_alone_and_beside_others(texts: list[str | None]) -> None:
    together = TOKENIZER.encode(pa.array(texts, pa.string()))
    for row, text in enumerate(texts):
        ids = together.ids[together.offsets[row] : together.offsets[row + 1]]
        alone = TOKENIZER.encode(pa.array([text], pa.string()))
        assert ids.tolist() == alone.ids.tolist()


def test_the_end_of_a_long_review_is_kept() -> None:
    tokens = Tokenizer(("good", "film"), max_tokens=2).encode(pa.array(["film film good", "good"]))
    assert tokens.lengths.tolist() == [2, 1]
    assert tokens.padded(np.array([0, 1])).tolist() == [[3, 2], [2, 0]]


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8),
    st.integers(1, 6),
    st.sampled_from([1, LONG]),
    st.one_of(st.none(), st.integers(0, 3 * LONG)),
)
def test_a_padded_row_is_the_end_of_the_row_and_then_zeros(
    sizes: list[int], limit: int, times: int, length: int | None
) -> None:
    offsets = np.cumsum([0, *(size * times for size in sizes)])
    tokens = Tokens(np.arange(2, 2 + offsets[-1], dtype=np.int32), offsets, limit * times)
    padded = tokens.padded(np.arange(len(sizes)), length)
    width = int(tokens.lengths.max()) if length is None else length
    for row in range(len(sizes)):
        end = tokens.ids[offsets[row] : offsets[row + 1]][-limit * times :].tolist()
        assert padded[row].tolist() == (end + [0] * width)[:width]


def test_valid_text_leaves_valid_text_alone() -> None:
    texts, mended = valid_text(pa.array(["a", None, "ü"]))
    assert (texts.to_pylist(), mended) == (["a", None, "ü"], [])


@pytest.mark.parametrize("words", [(), ("",), ("", "a"), ("a", "b", "a")])
def test_a_vocabulary_that_is_none_is_named(words: tuple[str, ...]) -> None:
    with pytest.raises(RecordError, match="the vocabulary"):
        Tokenizer(words).check()


def test_a_sign_and_a_contraction_have_the_id_of_their_word_or_are_unknown() -> None:
    tokenizer = Tokenizer(("love", "don't", "dont", "😍"))
    assert tokenizer.encode(pa.array(["LOVE 😍 dont don`t 👎"])).ids.tolist() == [2, 2, 3, 3, 1]
