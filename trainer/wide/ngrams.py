"""N-grams as numbers: all hashing of n-grams, and how much each n-gram leans to one label.

The key of an n-gram is computed from the key of its first n - 1 words and the id of its last word.
A step says how; there are three:

    slot_step     index in a table of the wide branch
    hash_step     hash of 40 bits, for the linear model
    exact_step    a number for each n-gram, without collisions

The exporter calls :func:`slot_step` with ONNX nodes instead of arrays, so it only adds, multiplies
and takes remainders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens

# (keys of n-grams of n - 1 words, ids of the next words, n) -> keys of n-grams of n words.
# The arrays are NumPy's or Keras', which have no common type.
Step = Callable[[Any, Any, int], Any]

# The factors are primes. Their products with numbers below the limit add up to less than 2³¹, so
# int32 never overflows: runtimes needn't agree on what an overflow gives.
OPERAND_LIMIT = 1 << 15
FIRST_FACTOR, SECOND_FACTOR = 40_487, 24_977

# Constants of hash_step. A key is reduced to the size of the table before it is multiplied, so
# int64 never overflows.
HASH_FIRST_FACTOR, HASH_SECOND_FACTOR = 1_000_003, 7
HASHES = 1 << 40
HASH_SHIFT = 17

# Added to every count, so that an n-gram that occurs with one label only doesn't decide alone
# (Wang & Manning 2012, ACL P12-2018).
SMOOTHING = 1.0

# The sum of a review's weights is divided by the root of its length plus this number. Without it,
# reviews of a few words get too extreme scores. Measured: tests/benchmarks/README.md.
LENGTH_SMOOTHING = 10.0


def ngram_keys(words: Any, order: int, step: Step) -> Iterator[Any]:
    """Yield the keys of all n-grams of 1 word, then of 2, up to ``order``.

    Args:
        words: ``int[…, length]``, word ids, NumPy's or Keras'. A word is its own key.
        order: number of words of the longest n-grams.
        step: computes the keys of longer n-grams.

    Yields:
        ``int[…, length - n + 1]`` for each n; the key at index i belongs to words i to i + n - 1.

    >>> words = np.array([2, 3, 4])
    >>> [keys.tolist() for keys in ngram_keys(words, 3, partial(exact_step, base=10))]
    [[2, 3, 4], [23, 34], [234]]
    """
    keys = words
    yield keys
    for n in range(2, order + 1):
        keys = step(keys[..., :-1], words[..., n - 1 :], n)
        yield keys


def row_ngram_keys(
    tokens: Tokens, order: int, step: Step
) -> list[tuple[npt.NDArray[np.integer[Any]], npt.NDArray[np.int64]]]:
    """Return the keys of the n-grams of ragged rows; no n-gram reaches into the next row.

    Args:
        tokens: word ids of all rows.
        order: number of words of the longest n-grams.
        step: computes the keys of longer n-grams.

    Returns:
        For each n from 1 to ``order``: ``int[n-grams]``, the keys, in the order of the words, and
        ``int64[n-grams]``, the row of each.

    >>> tokens = Tokens(np.array([2, 3, 4], np.int32), np.array([0, 2, 3]), max_tokens=9)
    >>> pairs = row_ngram_keys(tokens, 2, partial(exact_step, base=10))[1]
    >>> [numbers.tolist() for numbers in pairs]
    [[23], [0]]
    """
    rows, found = tokens.owners, []
    for n, keys in enumerate(ngram_keys(tokens.ids, order, step), 1):
        first, last = rows[: len(keys)], rows[n - 1 :]
        within = first == last
        found.append((keys[within], last[within]))
    return found


def slot_step(shorter: Any, words: Any, n: int, slots: int) -> Any:
    """Return indices in a table of ``slots``: at least 1, since slot 0 belongs to padding."""
    mixed = shorter % OPERAND_LIMIT * FIRST_FACTOR + words % OPERAND_LIMIT * SECOND_FACTOR
    return 1 + mixed % (slots - 1)


def hash_step(shorter: Any, words: Any, n: int, slots: int) -> Any:
    """Return hashes of 40 bits, ``int64``; :func:`hash_slots` makes them indices in a table."""
    first = shorter.astype(np.int64) % slots * HASH_FIRST_FACTOR
    return (first + words.astype(np.int64) * HASH_SECOND_FACTOR + n) % HASHES


def exact_step(shorter: Any, words: Any, n: int, base: int) -> Any:
    """Return the numbers whose digits to ``base`` are the word ids, ``int64``.

    The base is greater than every id, and no word has id 0, so n-grams of different lengths differ
    too. Ids are below 2²⁰, so the number of three words fits into int64.
    """
    return shorter.astype(np.int64) * base + words


def hash_slots(hashes: npt.NDArray[np.integer[Any]], slots: int) -> npt.NDArray[np.integer[Any]]:
    """Return the indices of hashes in a table of ``slots``; all bits of a hash count."""
    return np.asarray((hashes ^ (hashes >> HASH_SHIFT)) % slots)


def ngram_slots(token_ids: Any, order: int, slots: int) -> list[Any]:
    """Return the slots of all n-grams of 2 words, of 3, up to ``order``; never slot 0.

    Args:
        token_ids: ``int32[…, length]``, NumPy's or Keras'; padding at the end gives slots without
            a meaning.
        order: number of words of the longest n-grams.
        slots: size of the table of each n.

    Returns:
        ``int32[…, length - n + 1]`` for each n from 2.

    >>> [found.tolist() for found in ngram_slots(np.array([2, 3, 2]), 3, 100)]
    [[80, 47], [36]]
    """
    return list(ngram_keys(token_ids, order, partial(slot_step, slots=slots)))[1:]


def log_ratios(
    features: npt.NDArray[np.integer[Any]], targets: npt.NDArray[np.float32], size: int
) -> npt.NDArray[np.float32]:
    """Return the naive-Bayes log ratio of each feature, ``float32[size]`` (Wang & Manning 2012).

    It is the log of the feature's frequency in positive reviews over that in negative reviews.

    Args:
        features: ``int[n]``, index of the feature at each occurrence.
        targets: ``float32[n]``, the probability that the review of the occurrence is positive.
        size: number of features.
    """
    positive = np.bincount(features, weights=targets, minlength=size) + SMOOTHING
    negative = np.bincount(features, weights=1 - targets, minlength=size) + SMOOTHING
    ratios = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    return np.asarray(ratios, np.float32)
