from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.words.cutting import MANY, PADDING, few_places, shorten_runs


@pytest.mark.parametrize("size", [0, 1, 9, MANY, MANY + 5, 3 * MANY])
@pytest.mark.parametrize("one_in", [1, 3, 1000, 10**9])
def test_few_or_many_places_are_all_found(size: int, one_in: int) -> None:
    flags = np.random.default_rng(size).integers(0, one_in, size) == 0
    padded = np.append(flags, np.zeros(7, bool))
    assert few_places(padded).tolist() == np.flatnonzero(flags).tolist()


@given(st.lists(st.text("aAb1é", max_size=9), max_size=6), st.integers(1, 3), st.integers(0, 3000))
def test_runs_are_shortened_in_each_text_for_itself(
    texts: list[str], longest: int, behind: int
) -> None:
    encoded = [*(text.encode() for text in texts), b"xy" * behind]
    data = np.frombuffer(b"".join(encoded) + PADDING, np.uint8)
    offsets = np.cumsum([0, *map(len, encoded)])
    shorter, bounds = shorten_runs(data, offsets, longest)
    found = [shorter[first:end].tobytes() for first, end in pairwise(bounds)]
    assert found == [_shortened(text, longest) for text in encoded]


def _shortened(text: bytes, longest: int) -> bytes:
    kept = bytearray()
    run = 0
    for place, byte in enumerate(text):
        run = run + 1 if place and byte == text[place - 1] and chr(byte).isalpha() else 1
        if run <= longest or byte >= 0x80:
            kept.append(byte)
    return bytes(kept)
