"""What reading emoji and emoticons as words does: 120 one-liners, each with and without its sign.

    python tests/benchmarks/signs.py MODEL...

The lines of ``signs.csv`` were written for this project to see whether a sign is understood, by
those who chose the words: most lines tell little without it, so their figures are no accuracy. Each
MODEL reads them by its own rules, by those of this release, and by these without the list of signs.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer import SentimentModel
from scorer.tokenizer import Tokenizer
from scorer.words.rules import Rules

LINES = Path(__file__).parent / "signs.csv"


def main(*models: str) -> None:
    """Print three lines for each model."""
    rows = list(csv.DictReader(LINES.open(encoding="utf-8")))
    are_positive = np.array([row["label"] == "1" for row in rows])
    without = pa.array([row["review"] for row in rows])
    with_sign = pa.array([f"{row['review']} {row['sign']}" for row in rows])
    for name in models:
        model = SentimentModel.load(name)
        stored = model.card.tokenizer
        ways = {
            "its own rules": stored.rules,
            "the rules of this release": Rules(),
            "these, signs not read as words": replace(Rules(), signs=()),
        }
        for what, rules in ways.items():
            tokenizer = Tokenizer(stored.words, rules, stored.max_tokens)
            right = [
                np.count_nonzero(
                    model.card.is_positive(model.score_tokens(tokenizer.encode(texts)))
                    == are_positive
                )
                for texts in (without, with_sign)
            ]
            print(f"{name}, {what}: {right[0]} right without the sign, {right[1]} with it")


if __name__ == "__main__":
    main(*sys.argv[1:])
