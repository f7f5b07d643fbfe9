from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.words import word_table
from scorer.words.cutting import Cut
from scorer.words.word_table import WordTable

# Words of every length around the bounds of eight and sixteen bytes, some alike but for their end.
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20),
    st.sampled_from(["a" * size for size in range(1, 40)]),
    st.sampled_from(["a" * size + "\x00" for size in range(1, 20)]),
    st.sampled_from(["a" * size + "b" for size in range(1, 40)]),
)


def cut_of(words: list[str]) -> Cut:
    return Cut.of_tokens(pa.array(words, pa.large_string()), np.array([len(words)]))


@given(st.lists(WORDS, max_size=60, unique=True), st.lists(WORDS, max_size=60))
def test_every_word_is_found_and_no_other(words: list[str], others: list[str]) -> None:
    numbers = {word: number for number, word in enumerate(words, 5)}
    asked = [*words, *others]
    found = WordTable(numbers, missing=1).find(cut_of(asked))
    assert found.tolist() == [numbers.get(word, 1) for word in asked]


def test_words_that_all_collide_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_table, "MULTIPLIERS", (0, 0))
    words = [f"w{number}" for number in range(200)]
    table = WordTable({word: number for number, word in enumerate(words, 5)}, missing=1)
    found = table.find(cut_of([*words, "w200", "x"]))
    assert found.tolist() == [*range(5, 205), 1, 1]


def test_threads_share_a_table() -> None:
    words = [f"w{number:x}" for number in range(20_000)]
    table = WordTable({word: number for number, word in enumerate(words)}, missing=-1)
    parts = [words[start::7] for start in range(7)] * 4
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda part: table.find(cut_of(part)).tolist(), parts))
    assert found == [list(range(start, 20_000, 7)) for start in range(7)] * 4
