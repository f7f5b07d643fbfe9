"""The words of some reviews, counted: the tokenizer that a network is trained with."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from scorer.tokenizer import Rules, Tokenizer

ROWS_AT_ONCE = 10_000


def build_tokenizer(texts: pa.LargeStringArray, *, words: int, max_tokens: int, rules: Rules | None = None) -> Tokenizer:
    """Return a tokenizer that knows the commonest words: by falling count, ties by rising spelling.

    Args:
        texts: the reviews to count in, ``large_string[reviews]``.
        words: how many to know, at most.
        max_tokens: tokens of a review that the network will read.
        rules: how texts are cut; by default those of this release.

    >>> build_tokenizer(pa.array(["b a", "a c"], pa.large_string()), words=2, max_tokens=9).words
    ('a', 'b')
    """
    rules = rules or Rules()
    counts = [_count(rules, texts.slice(start, ROWS_AT_ONCE)) for start in range(0, len(texts), ROWS_AT_ONCE)]
    totals = pa.concat_tables(counts).group_by("word").aggregate([("count", "sum")])
    order = pc.sort_indices(totals, sort_keys=[("count_sum", "descending"), ("word", "ascending")])
    known = totals["word"].take(order[:words]).to_pylist()
    return Tokenizer(tuple(known), rules, max_tokens)


def _count(rules: Rules, texts: pa.LargeStringArray) -> pa.Table:
    tokens, _ = rules.split(texts)
    counted = pc.value_counts(tokens)
    return pa.table({"word": counted.field("values"), "count": counted.field("counts")})
