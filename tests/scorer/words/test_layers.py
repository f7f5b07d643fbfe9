from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from scorer.words.layers import Layers
from scorer.words.scan import Question, Scan

LETTERS = "abcd"
STEPS = st.lists(st.tuples(st.sampled_from(LETTERS), st.text(LETTERS, max_size=2)), max_size=8)


@given(st.lists(st.text(LETTERS, max_size=4), max_size=8), STEPS)
def test_each_step_sees_what_those_before_it_made(
    texts: list[str], steps: list[tuple[str, str]]
) -> None:
    scan = Scan([Question((old,)) for old, _ in steps])
    layers = Layers(pa.array(texts, pa.large_string()), scan)
    wanted = texts
    for number, (old, new) in enumerate(steps):
        layers.rewrite(number, lambda held, old=old, new=new: pc.replace_substring(held, old, new))
        wanted = [text.replace(old, new) for text in wanted]
    assert layers.texts().to_pylist() == wanted


def test_a_step_is_given_only_the_texts_that_it_is_for() -> None:
    seen: list[list[str]] = []

    def change(held: pa.LargeStringArray) -> pa.LargeStringArray:
        seen.append(held.to_pylist())
        return pa.array([text + "!" for text in held.to_pylist()], pa.large_string())

    scan = Scan([Question(("a",)), Question(("z",)), Question(("!",))])
    layers = Layers(pa.array(["a", "b", "ab"], pa.large_string()), scan)
    for step in range(3):
        layers.rewrite(step, change)
    assert seen == [["a", "ab"], ["a!", "ab!"]]
    assert layers.texts().to_pylist() == ["a!!", "b", "ab!!"]


def test_no_text_that_all_rows_have_left_is_held() -> None:
    scan = Scan([Question(("a",))] * 3)
    layers = Layers(pa.array(["a" * 1000] * 10, pa.large_string()), scan)
    before = pa.total_allocated_bytes()
    for step in range(3):
        layers.rewrite(step, lambda held: pc.binary_replace_slice(held, 0, 1, "aa"))
    assert pa.total_allocated_bytes() - before < 2 * 10 * 1100
    assert layers.texts().to_pylist() == ["a" * 1003] * 10
