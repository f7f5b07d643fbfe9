"""Test reviews that are nearly in the training data.

    python tests/benchmarks/near_duplicates.py train.parquet test.parquet

A test review is a near-duplicate if at least half of its 8-grams are in the training reviews.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens
from trainer.data.sources import read_texts
from trainer.data.vocabulary import build_tokenizer

WORDS = 8
LEAST_FRACTION = 0.5
# Odd, so that multiplying by it loses no bit.
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def ngrams(tokens: Tokens) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return a hash of each 8-gram, ``uint64[ngrams]``, and its row, ``int64[ngrams]``."""
    count = max(len(tokens.ids) - WORDS + 1, 0)
    hashes = np.zeros(count, np.uint64)
    for shift in range(WORDS):
        hashes = hashes * MULTIPLIER + tokens.ids[shift : shift + count].astype(np.uint64)
    rows = tokens.owners
    is_in_one_row = rows[:count] == rows[WORDS - 1 :]
    return hashes[is_in_one_row], rows[:count][is_in_one_row]


def count_near_duplicates(tokens: Tokens, known: npt.NDArray[np.uint64]) -> int:
    """Return the number of reviews with at least half of their 8-grams in ``known``."""
    hashes, rows = ngrams(tokens)
    total = np.bincount(rows, minlength=len(tokens))
    shared = np.bincount(rows, weights=np.isin(hashes, known), minlength=len(tokens))
    long = total > 0
    return int(np.count_nonzero(shared[long] / total[long] >= LEAST_FRACTION))


def main(train: Path, test: Path) -> None:
    """Print how many test reviews are near-duplicates."""
    texts = read_texts(train)
    tokenizer = build_tokenizer(texts, words=1_000_000, max_tokens=1 << 30)
    known = np.unique(ngrams(tokenizer.encode(texts))[0])
    tokens = tokenizer.encode(read_texts(test))
    count = count_near_duplicates(tokens, known)
    print(
        f"{count} of {len(tokens):,} reviews in {test.name} are near-duplicates of reviews in "
        f"{train.name}"
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
