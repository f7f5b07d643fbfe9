from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data import vocabulary
from trainer.data.vocabulary import build_tokenizer

WORDS = st.sampled_from(["a", "b", "cc", "ß", "z"])
TEXTS = st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=1, max_size=12)


@given(TEXTS, st.integers(1, 6))
def test_words_are_ordered_by_count_and_spelling(texts: list[str], words: int) -> None:
    counts = Counter(" ".join(texts).split())
    expected = sorted(counts, key=lambda word: (-counts[word], word))[:words]
    tokenizer = build_tokenizer(pa.array(texts, pa.large_string()), words=words, max_tokens=5)
    assert list(tokenizer.words) == expected


def test_parts_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array(["b a", "b", "c c c"], pa.large_string())
    whole = build_tokenizer(texts, words=9, max_tokens=5)
    monkeypatch.setattr(vocabulary, "ROWS_AT_ONCE", 1)
    assert build_tokenizer(texts, words=9, max_tokens=5) == whole
    assert whole.words == ("c", "b", "a")


def test_a_sign_and_a_contraction_are_counted_as_their_word() -> None:
    texts = pa.array(["😍 dont", "Love don’t 😍", "film :)"], pa.large_string())
    assert build_tokenizer(texts, words=3, max_tokens=9).words == ("love", "don't", "film")
