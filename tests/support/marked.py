"""Labelled reviews that each hold a word of their own, and soft texts cut from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tiny import tiny_reviews
from trainer.data.reviews import Reading, Reviews
from trainer.data.soft_reviews import SoftReviews

PROBABILITIES = (0.1, 0.9)


def strings(values: Iterable[object]) -> pa.LargeStringArray:
    return pa.array(map(str, values), pa.large_string())


def marked_reviews(rows: int = 100) -> Reviews:
    """Return reviews with ids r0, r1, …; review 7 holds the word mark7 at both ends."""
    plain = tiny_reviews(rows)
    texts = [f"mark{row} {text} mark{row}" for row, text in enumerate(plain.texts.to_pylist())]
    ids = strings(f"r{row}" for row in range(rows))
    return replace(plain, texts=strings(texts), ids=ids)


def crops_of(rows: Iterable[int], group: str = "r{}") -> SoftReviews:
    """Return a crop of each of these reviews."""
    numbers = list(rows)
    texts = strings(f"a crop of mark{row}" for row in numbers)
    return soft_reviews(texts, strings(map(group.format, numbers)))


def soft_reviews(texts: pa.LargeStringArray, groups: pa.LargeStringArray | None) -> SoftReviews:
    probabilities = np.resize(np.array(PROBABILITIES, np.float32), len(texts))
    grouped = groups is not None
    return SoftReviews(
        texts, probabilities, groups if grouped else texts, grouped, ("soft.parquet",), Reading()
    )


def marks_in(texts: Iterable[str]) -> set[int]:
    """Return the numbers of the reviews whose words are in the texts."""
    return {int(number) for text in texts for number in re.findall(r"mark(\d+)", text)}
