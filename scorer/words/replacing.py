"""Patterns of RE2 that rewrite texts, within bounds: what every version of the rules is made of.

A pattern and its replacement may come from a file that somebody else made. So they are tried on a
few texts before the first review, and no text may become much longer by them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ModelRefused, one_line
from scorer.system.records import RecordError
from scorer.words.cutting import flat, large_strings

# Decomposed forms only: pyarrow before 26 decomposes for NFC and NFKC too
# (https://github.com/apache/arrow/issues/51225), and a word must not depend on that.
NORMALIZATIONS = ("NFD", "NFKD")
# Bytes of the texts after a replacement, for each byte before the first one; our rules reach 3. One
# replacement can overshoot it by as much as its own length, so that is bounded, too.
MOST_GROWTH = 4
LONGEST_REPLACEMENT = 8
# Arrow counts no bytes for an array of no rows, and some for the next one.
LEAST_BYTES = 64
# Texts that rules from a file are tried on: every character that one is likely to look for.
PROBES = (
    "",
    " ",
    "a",
    "".join(map(chr, range(1, 0x180))),
    "The film was great! I'd see it again, wouldn't you? 10/10 <br />&amp; “more” 😍 ",
    "Не смотрите. 最高の映画です。 영화 ",
)
PROBE_REPEATS = 20


def without_nulls(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return texts in which a null is empty."""
    return texts.fill_null("") if texts.null_count else texts


def most_bytes(texts: pa.Array) -> int:
    """Return how many bytes texts may have after any of their replacements."""
    return MOST_GROWTH * max(int(texts.nbytes), LEAST_BYTES)


def replace(texts: pa.Array, pattern: str, replacement: str, most: int) -> pa.Array:
    """Replace every match in every text.

    Raises:
        ModelRefused: the texts have more than ``most`` bytes now.
    """
    texts = pc.replace_substring_regex(texts, pattern, replacement)
    if texts.nbytes > most:
        raise ModelRefused(
            "tokenizing: the model's replacement rules make a text more than "
            f"{MOST_GROWTH} times as long; use another model"
        )
    return texts


def normalize_beyond_ascii(
    texts: pa.LargeStringArray, form: str, *, lower_case: bool
) -> pa.LargeStringArray:
    """Normalise, and lower-case, all characters that are not ASCII; the others stay as they are.

    An ASCII character is not decomposed and no mark moves over it, so each run of the others is
    normalised for itself (https://www.unicode.org/reports/tr15/, 9.1).

    Args:
        texts: ``large_string[rows]`` without nulls.
        form: a decomposed normalisation form.
        lower_case: whether letters are lower-cased after that.
    """
    data, offsets = flat(texts)
    if not data.max(initial=0) & 0x80:
        return texts
    other = data >= 0x80
    edges = np.ones(len(data) + 1, bool)
    np.not_equal(other[1:], other[:-1], out=edges[1:-1])
    edges[offsets] = True
    bounds = np.flatnonzero(edges)
    segments = large_strings(data, bounds)
    runs = pa.array(other[bounds[:-1]])
    rewritten = pc.utf8_normalize(segments.filter(runs), form)
    rewritten = pc.utf8_lower(rewritten) if lower_case else rewritten
    data, new_bounds = flat(pc.replace_with_mask(segments, runs, rewritten))
    return large_strings(data, new_bounds[np.searchsorted(bounds, offsets)])


def check_normalization(form: str) -> None:
    """Check the name of a normalisation form.

    Raises:
        RecordError: it is none of :data:`NORMALIZATIONS`.
    """
    if form not in NORMALIZATIONS:
        raise RecordError(
            f"the normalisation {form!r:.80} is unknown, not {' or '.join(NORMALIZATIONS)}"
        )


def check_replacement(number: int, pattern: str, replacement: str) -> None:
    """Check that a pattern compiles and puts little.

    Args:
        number: of the rule, from 1, for messages.
        pattern: what is looked for.
        replacement: what is put in its place.

    Raises:
        RecordError: it doesn't, or its replacement is too long.
    """
    if len(replacement.encode()) > LONGEST_REPLACEMENT:
        raise RecordError(
            f"the replacement rule {number} puts {replacement!r:.80}, more than "
            f"{LONGEST_REPLACEMENT} bytes"
        )
    try:
        pc.replace_substring_regex(pa.array([""], pa.large_string()), pattern, replacement)
    except pa.ArrowInvalid as error:
        raise RecordError(
            f"the replacement rule {number} doesn't compile: {one_line(error):.200}"
        ) from error


def check_growth(split: Callable[[pa.Array], object]) -> None:
    """Cut the probes.

    Raises:
        RecordError: they grow too much.
    """
    try:
        split(pa.array([text * PROBE_REPEATS for text in PROBES], pa.large_string()))
    except ModelRefused as error:
        raise RecordError(
            f"the replacement rules make a text more than {MOST_GROWTH} times as long"
        ) from error
