from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from scorer.words.scan import Question, Scan

FEW = st.text("ab:é😍", max_size=6)
QUESTIONS = st.builds(Question, st.lists(FEW.filter(bool), max_size=4).map(tuple), st.booleans())


@given(st.lists(FEW, max_size=8), st.lists(QUESTIONS, max_size=64))
def test_each_question_is_answered_for_each_text(
    texts: list[str], questions: list[Question]
) -> None:
    answers = Scan(questions).answers(pa.array(["ab:", *texts], pa.large_string()).slice(1))
    for text, answer in zip(texts, answers.tolist(), strict=True):
        for bit, question in enumerate(questions):
            held = any(string in text for string in question.strings)
            beyond = question.beyond_ascii and not text.isascii()
            assert answer >> bit & 1 == (held or beyond or question == Question())
