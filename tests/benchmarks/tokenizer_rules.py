"""What each rule of the tokenizer brings: accuracy of a linear model over its words, and time.

    python tests/benchmarks/tokenizer_rules.py DATA... [--every 3]

DATA are Parquet files of labelled reviews, each judged by itself. The model is logistic regression
over the presence of the 20,000 commonest words, on five folds of every third review. One variant of
the rules a line.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from scorer.tokenizer import FIRST_WORD_ID, Tokens
from scorer.words.first_rules import FirstRules
from scorer.words.rules import MOST_RUN, Rules
from scorer.words.spelling import ADDRESS, EMAIL, HAPPY, REPLACEMENTS, SAD, UNSURE, Replacement
from trainer.data.reviews import Reviews
from trainer.data.sources import read_reviews
from trainer.data.vocabulary import build_tokenizer

WORDS = 20_000
ROWS_AT_ONCE = 2048


def with_rule(pattern: str, replacement: str) -> Rules:
    """Return the rules with one more at the end, where apostrophes are all alike."""
    return Rules(replacements=(*REPLACEMENTS, Replacement(pattern, replacement)))


def without(*replacements: str) -> Rules:
    """Return the rules without those that put one of these."""
    kept = [rule for rule in REPLACEMENTS if not rule.replacement.startswith(replacements)]
    return Rules(replacements=tuple(kept))


@dataclass(frozen=True)
class Variant:
    """A way to cut a review into tokens.

    Attributes:
        rules: the tokenizer's rules.
        max_tokens: most tokens that are read of a review.
        first: whether the first tokens of a longer review are read, not the last ones.
    """

    rules: Rules | FirstRules = field(default_factory=Rules)
    max_tokens: int = 400
    first: bool = False


VARIANTS: Mapping[str, Variant] = {
    "as it is": Variant(),
    "version 1": Variant(FirstRules()),
    "addresses cut": Variant(without(ADDRESS, EMAIL)),
    "emoticons dropped": Variant(without(HAPPY, SAD, UNSURE)),
    "signs not as words": Variant(replace(Rules(), signs=())),
    "contractions kept": Variant(replace(Rules(), contractions=())),
    "runs up to 8": Variant(replace(Rules(), longest_run=MOST_RUN)),
    "runs of one": Variant(replace(Rules(), longest_run=1)),
    "no ! and ?": Variant(with_rule("[!?]", " ")),
    "'s dropped": Variant(with_rule(r"(?i)'s\b", " ")),
    "n't split off": Variant(with_rule(r"(?i)n't\b", " n't ")),
    "apostrophes split": Variant(with_rule("'", " ")),
    "apostrophes dropped": Variant(with_rule("'", "")),
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


def judge(reviews: Reviews) -> None:
    """Print a line for each variant."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    print(f"{'variant':<22} accuracy  unknown  µs a review")
    for name, variant in VARIANTS.items():
        tokens, seconds = tokenize(reviews, variant)
        features = presence(tokens, WORDS, first=variant.first)
        classifier = LogisticRegression(C=10, max_iter=200)
        accuracy = cross_val_score(classifier, features, reviews.labels, cv=folds).mean()
        unknown, microseconds = tokens.unknown / len(tokens.ids), seconds / len(reviews) * 1e6
        print(f"{name:<22} {accuracy:.4f}    {unknown:.2%}    {microseconds:.0f}", flush=True)


@click.command()
@click.argument("sources", metavar="DATA...", nargs=-1, required=True, type=Path)
@click.option("--every", default=3, show_default=True, help="Read every N-th review.")
def main(sources: tuple[Path, ...], every: int) -> None:
    """Print a table for each of DATA."""
    for source in sources:
        reviews = read_reviews(source)
        rows = np.arange(0, len(reviews), every)
        part = reviews.take(rows)
        print(f"{source}: {len(part):,} reviews")
        judge(part)


def _join(offsets: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    lengths = np.concatenate([np.diff(part) for part in offsets])
    return np.concatenate([[0], np.cumsum(lengths)])


if __name__ == "__main__":
    pa.set_cpu_count(1)
    main()
