"""The vocabulary: counts the words of the training reviews and makes the tokenizer."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from scorer.tokenizer import Tokenizer
from scorer.words.first_rules import FirstRules
from scorer.words.rules import Rules

ROWS_AT_ONCE = 10_000


def build_tokenizer(
    texts: pa.LargeStringArray,
    *,
    words: int,
    max_tokens: int,
    rules: Rules | FirstRules | None = None,
) -> Tokenizer:
    """Return a tokenizer of the commonest words, by falling count, ties by rising spelling.

    Tokens that the rules read as another word are counted as that word. So an emoji has an id if
    its word and all that is read as it are common enough together, in any language.

    Args:
        texts: reviews whose words are counted, ``large_string[reviews]``.
        words: most words in the vocabulary.
        max_tokens: most tokens of a review that the network reads.
        rules: how texts are cut into words; by default the rules of this release.

    >>> texts = pa.array(["b a", "a c"], pa.large_string())
    >>> build_tokenizer(texts, words=2, max_tokens=9).words
    ('a', 'b')
    """
    rules = rules or Rules()
    starts = range(0, len(texts), ROWS_AT_ONCE)
    counts = [_count(rules, texts.slice(start, ROWS_AT_ONCE)) for start in starts]
    totals = pa.concat_tables(counts).group_by("word").aggregate([("count", "sum")])
    keys = [("count_sum", "descending"), ("word", "ascending")]
    order = pc.sort_indices(totals, sort_keys=keys)
    return Tokenizer(tuple(totals["word"].take(order[:words]).to_pylist()), rules, max_tokens)


def _count(rules: Rules | FirstRules, texts: pa.LargeStringArray) -> pa.Table:
    tokens, _ = rules.split(texts)
    counted = pc.value_counts(tokens)
    return pa.table({"word": counted.field("values"), "count": counted.field("counts")})
