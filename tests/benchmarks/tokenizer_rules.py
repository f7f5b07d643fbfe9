"""What each rule of the tokenizer brings: accuracy of a linear model over its words, and time.

    python tests/benchmarks/tokenizer_rules.py train.parquet

The model is logistic regression over the presence of the 20,000 commonest words, on five folds of
the labelled reviews. One variant of the rules a line.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from scorer.tokenizer import FIRST_WORD_ID, REPLACEMENTS, Rules, Tokens
from trainer.data.reviews import Reviews
from trainer.data.sources import read_reviews
from trainer.data.vocabulary import build_tokenizer

WORDS = 20_000
ROWS_AT_ONCE = 2048
# Indices of an inserted rule. At the first, every apostrophe is written the same way; at the other,
# apostrophes are left only within words.
AFTER_APOSTROPHES = 2
WITHIN_WORDS = len(REPLACEMENTS) - 1


def with_rule(index: int, pattern: str, replacement: str) -> Rules:
    """Return the rules with one more, inserted at an index."""
    before, after = REPLACEMENTS[:index], REPLACEMENTS[index:]
    return Rules(replacements=(*before, (pattern, replacement), *after))


def without(characters: str) -> Rules:
    """Return the rules with some characters read as spaces."""
    return with_rule(AFTER_APOSTROPHES, f"[{re.escape(characters)}]", " ")


@dataclass(frozen=True)
class Variant:
    """A way to cut a review into tokens.

    Attributes:
        rules: the tokenizer's rules.
        max_tokens: most tokens that are read of a review.
        first: whether the first tokens of a longer review are read, not the last ones.
    """

    rules: Rules = field(default_factory=Rules)
    max_tokens: int = 400
    first: bool = False


VARIANTS = {
    "as it is": Variant(),
    "no ! and ?": Variant(without("!?")),
    "'s dropped": Variant(with_rule(WITHIN_WORDS, "'s( |$)", " ")),
    "n't split off": Variant(with_rule(WITHIN_WORDS, "n't( |$)", " n't ")),
    "apostrophes split": Variant(without("'")),
    "apostrophes dropped": Variant(with_rule(AFTER_APOSTROPHES, "'", "")),
    "case kept": Variant(replace(Rules(), lower_case=False)),
    "the first 400 tokens": Variant(first=True),
    "the last 200 tokens": Variant(max_tokens=200),
    "all tokens": Variant(max_tokens=1 << 30),
}


def presence(tokens: Tokens, words: int, *, first: bool) -> csr_matrix:
    """Return which words occur in each review: ``float32[reviews, words + 2]``, rows of norm 1.

    Args:
        tokens: of the reviews.
        words: number of words in the vocabulary.
        first: whether the first tokens of a longer review are read, not the last ones.
    """
    starts = tokens.offsets[:-1] if first else tokens.offsets[1:] - tokens.lengths
    spans = zip(starts, tokens.lengths, strict=True)
    ids = np.concatenate([tokens.ids[start : start + length] for start, length in spans])
    ends = np.concatenate([[0], np.cumsum(tokens.lengths)])
    shape = (len(tokens), words + FIRST_WORD_ID)
    matrix = csr_matrix((np.ones(len(ids), np.float32), ids, ends), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix.multiply(1 / np.sqrt(np.maximum(1, matrix.sum(1)))).tocsr()


def tokenize(reviews: Reviews, variant: Variant) -> tuple[Tokens, float]:
    """Return the tokens of the reviews, and the seconds that they took without the vocabulary."""
    tokenizer = build_tokenizer(
        reviews.texts, words=WORDS, max_tokens=variant.max_tokens, rules=variant.rules
    )
    started = time.perf_counter()
    parts = [
        tokenizer.encode(reviews.texts.slice(start, ROWS_AT_ONCE))
        for start in range(0, len(reviews), ROWS_AT_ONCE)
    ]
    seconds = time.perf_counter() - started
    ids = np.concatenate([part.ids for part in parts])
    return Tokens(ids, _join([part.offsets for part in parts]), variant.max_tokens), seconds


def main(source: Path) -> None:
    """Print the table."""
    reviews = read_reviews(source)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    print(f"{'variant':<22} accuracy  unknown  µs a review")
    for name, variant in VARIANTS.items():
        tokens, seconds = tokenize(reviews, variant)
        features = presence(tokens, WORDS, first=variant.first)
        classifier = LogisticRegression(C=10, max_iter=200)
        accuracy = cross_val_score(classifier, features, reviews.labels, cv=folds).mean()
        unknown, microseconds = tokens.unknown / len(tokens.ids), seconds / len(reviews) * 1e6
        print(f"{name:<22} {accuracy:.4f}    {unknown:.2%}    {microseconds:.0f}", flush=True)


def _join(offsets: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    lengths = np.concatenate([np.diff(part) for part in offsets])
    return np.concatenate([[0], np.cumsum(lengths)])


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main(Path(sys.argv[1]))
