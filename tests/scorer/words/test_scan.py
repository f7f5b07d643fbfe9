from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from scorer.words.scan import Scan

FEW = st.text("ab:é😍", max_size=6)


@given(st.lists(FEW, max_size=8), st.lists(FEW.filter(bool), max_size=4))
def test_a_text_is_found_if_it_holds_one_of_the_strings(
    texts: list[str], strings: list[str]
) -> None:
    scan = Scan(pa.array(["ab:", *texts], pa.large_string()).slice(1))
    found = scan.rows_with(tuple(strings)).tolist()
    assert found == [any(string in text for string in strings) for text in texts]
    assert scan.beyond_ascii.tolist() == [not text.isascii() for text in texts]
