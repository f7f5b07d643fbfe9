"""Reviews that stand in two files, near enough: ``python tests/benchmarks/near_duplicates.py train.parquet test.parquet``.

A test review is a near-duplicate where at least half of its runs of eight words stand in the reviews trained on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens
from trainer.sources import read_texts
from trainer.vocabulary import build_tokenizer

RUN = 8
SHARE = 0.5


def runs(tokens: Tokens) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return a hash of every run of eight words, and the row it stands in."""
    rows = tokens.owners
    hashes = np.zeros(max(len(tokens.ids) - RUN + 1, 0), np.uint64)
    for place in range(RUN):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + tokens.ids[place : len(tokens.ids) - RUN + 1 + place].astype(np.uint64)
    whole = rows[: len(hashes)] == rows[RUN - 1 :]
    return hashes[whole], rows[: len(hashes)][whole]


def main(train: Path, test: Path) -> None:
    """Print how many test reviews are near-duplicates."""
    known = read_texts(train)
    tokenizer = build_tokenizer(known, words=1_000_000, max_tokens=1 << 30)
    seen = np.unique(runs(tokenizer.encode(known))[0])
    tokens = tokenizer.encode(read_texts(test))
    hashes, rows = runs(tokens)
    total = np.bincount(rows, minlength=len(tokens))
    met = np.bincount(rows, weights=np.isin(hashes, seen), minlength=len(tokens))
    found = int(np.count_nonzero(met[total > 0] / total[total > 0] >= SHARE))
    print(f"{found} of {len(tokens):,} reviews in {test.name} are near-duplicates of reviews in {train.name}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
