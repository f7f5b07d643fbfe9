"""What each rule of the tokenizer is worth: accuracy of a linear model over its words, and time a review.

    python tests/benchmarks/tokenizer_rules.py shared/data/imdb/train.parquet

Logistic regression over the presence of the 20,000 commonest words, five folds of the labelled reviews, one variant a line.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from scorer.tokenizer import REPLACEMENTS, Rules, Tokenizer, Tokens
from trainer.sources import read_reviews
from trainer.vocabulary import build_tokenizer

BEFORE_SPLITTING = len(REPLACEMENTS) - 1


def with_rule(place: int, pattern: str, replacement: str) -> Rules:
    """Return the rules with one more, put in at a place."""
    return Rules(replacements=(*REPLACEMENTS[:place], (pattern, replacement), *REPLACEMENTS[place:]))


def without(characters: str) -> Rules:
    """Return the rules with some characters taken for spaces."""
    return with_rule(2, f"[{re.escape(characters)}]", " ")


VARIANTS = {
    "as it is": (Rules(), 400, "end"),
    "no ! and ?": (without("!?"), 400, "end"),
    "'s dropped": (with_rule(BEFORE_SPLITTING, "'s( |$)", " "), 400, "end"),
    "n't split off": (with_rule(BEFORE_SPLITTING, "n't( |$)", " n't "), 400, "end"),
    "apostrophes split": (without("'"), 400, "end"),
    "apostrophes dropped": (with_rule(2, "'", ""), 400, "end"),
    "case kept": (replace(Rules(), lower_case=False), 400, "end"),
    "the first 400 tokens": (Rules(), 400, "start"),
    "the last 200 tokens": (Rules(), 200, "end"),
    "all tokens": (Rules(), 1 << 30, "end"),
}


def presence(tokens: Tokens, words: int, side: str) -> csr_matrix:
    """Return which words each review holds, rows of length 1: ``float32[reviews, words + 2]``."""
    starts = tokens.offsets[:-1] if side == "start" else tokens.offsets[1:] - tokens.lengths
    ids = np.concatenate([tokens.ids[start : start + length] for start, length in zip(starts, tokens.lengths, strict=True)])
    ends = np.concatenate([[0], np.cumsum(tokens.lengths)])
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, ends), shape=(len(tokens), words + 2))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix.multiply(1 / np.sqrt(np.maximum(1, matrix.sum(1)))).tocsr()


def main(source: Path) -> None:
    """Print the table."""
    reviews = read_reviews(source)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    print(f"{'variant':<22} accuracy  unknown  µs a review")
    for name, (rules, max_tokens, side) in VARIANTS.items():
        known = build_tokenizer(reviews.texts, words=20_000, max_tokens=max_tokens, rules=rules)
        tokenizer = Tokenizer(known.words, rules, max_tokens)
        started = time.perf_counter()
        tokens = [tokenizer.encode(reviews.texts.slice(start, 2048)) for start in range(0, len(reviews), 2048)]
        seconds = time.perf_counter() - started
        whole = Tokens(np.concatenate([part.ids for part in tokens]), _joined([part.offsets for part in tokens]), max_tokens)
        features = presence(whole, 20_000, side)
        accuracy = cross_val_score(LogisticRegression(C=10, max_iter=200), features, reviews.labels, cv=folds).mean()
        print(f"{name:<22} {accuracy:.4f}    {whole.unknown / len(whole.ids):.2%}    {seconds / len(reviews) * 1e6:.0f}", flush=True)


def _joined(offsets: list[np.ndarray]) -> np.ndarray:
    lengths = np.concatenate([np.diff(part) for part in offsets])
    return np.concatenate([[0], np.cumsum(lengths)])


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main(Path(sys.argv[1]))
