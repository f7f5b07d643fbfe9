"""CPU time of tokenizing a review under each version of the rules, in windows of some rows.

    python tests/benchmarks/tokenizing.py DATA [MODEL] [ROUNDS]

DATA is a Parquet file with a column ``review``, of which every fifth row is read; the vocabulary is
that of MODEL (``default``). The versions take turns, so that what else the machine does meets all
of them; the medians of the rounds (5) are shown. One thread.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq

from scorer import SentimentModel
from scorer.tokenizer import Tokenizer
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules

WINDOWS = (50, 512, 2048)
EVERY = 5


def microseconds(tokenizer: Tokenizer, texts: pa.ChunkedArray, rows: int) -> float:
    """Return the CPU time a review, in windows of so many rows."""
    started = time.process_time()
    for start in range(0, len(texts), rows):
        tokenizer.encode(texts.slice(start, rows))
    return (time.process_time() - started) / len(texts) * 1e6


def main(source: str, model: str = "default", rounds: str = "5") -> None:
    """Print a table: a line for each size of the windows."""
    reviews = pq.read_table(source, columns=["review"])["review"]
    texts = reviews.take(pa.array(range(0, len(reviews), EVERY)))
    stored = SentimentModel.load(model).card.tokenizer
    versions = [
        Tokenizer(stored.words, rules, stored.max_tokens) for rules in (FirstRules(), Rules())
    ]
    for tokenizer in versions:
        tokenizer.encode(texts)
    print(f"{len(texts):,} reviews; µs of CPU a review\nrows    version 1  version 2")
    for rows in WINDOWS:
        times: list[list[float]] = [[], []]
        for _ in range(int(rounds)):
            for own, tokenizer in zip(times, versions, strict=True):
                own.append(microseconds(tokenizer, texts, rows))
        print(f"{rows:<6}{median(times[0]):>10.1f}{median(times[1]):>11.1f}", flush=True)


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main(*sys.argv[1:])
