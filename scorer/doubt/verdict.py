"""What becomes of each row: scored, uncertain or not scored, and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scorer.card import Card
from scorer.doubt.asked import Doubt
from scorer.doubt.band import Band, band_of
from scorer.doubt.language import UNKNOWN_ASKED, LanguageDetector, language_name
from scorer.errors import UsageError
from scorer.scores import Scores
from scorer.tokenizer import Tokens, valid_text

UNCERTAIN_LABEL = "uncertain"
# Codes of the reasons, in the order in which they are looked at; 0 is none. The first three take
# the score away.
NO_TEXT, OTHER_LANGUAGE, UNKNOWN_WORDS, UNCERTAIN, MENDED, CUT = range(1, 7)
REASONS = 7


@dataclass(frozen=True)
class Verdicts:
    """What becomes of some rows.

    Attributes:
        codes: ``uint8[rows]``, the first reason that holds of each row, 0 if none does.
    """

    codes: npt.NDArray[np.uint8]

    @property
    def unscored(self) -> npt.NDArray[np.bool_]:
        """``bool[rows]``: those without a score."""
        return np.asarray((self.codes > 0) & (self.codes < UNCERTAIN))

    @property
    def uncertain(self) -> npt.NDArray[np.bool_]:
        """``bool[rows]``: those with a score and no label."""
        return np.asarray(self.codes == UNCERTAIN)

    def count(self, code: int) -> int:
        """Return the number of rows with a reason."""
        return int(np.count_nonzero(self.codes == code))


class Judge:
    """Says what becomes of rows, by one model and what was asked for.

    Args:
        doubt: what was asked for.
        card: of the model.
        name: of the model, for messages.

    Attributes:
        doubt: the same.
        deciding: all of it that decides what is written, as in ``max_unknown=0.5``.

    Raises:
        UsageError: the model or what is installed doesn't give what was asked for.
    """

    def __init__(self, doubt: Doubt, card: Card, name: str) -> None:
        self.doubt = doubt
        self._most_tokens = card.tokenizer.max_tokens
        self._band = _band(doubt, card, name)
        self._detector = (
            None if doubt.only_language is None else LanguageDetector(doubt.only_language)
        )
        detector = () if self._detector is None else (self._detector.version,)
        self.deciding = (*doubt.told(), *detector)

    def in_other_language(
        self, tokens: Tokens, texts: pa.Array | pa.ChunkedArray, between: Callable[[], None]
    ) -> npt.NDArray[np.bool_] | None:
        """Return which rows are surely in another language, ``bool[rows]``; None if nobody asked.

        Args:
            tokens: of the rows.
            texts: the rows.
            between: called before each text; it ends the work by raising.
        """
        if self._detector is None:
            return None
        other = np.zeros(len(tokens), bool)
        # Fewer tokens can't be as many words.
        asked = tokens.unknown_by_row > UNKNOWN_ASKED * np.diff(tokens.offsets)
        for row in np.flatnonzero(asked).tolist():
            between()
            valid, _ = valid_text(texts.slice(row, 1))
            other[row] = self._detector.is_other(valid[0].as_py())
        return other

    def judge(self, scores: Scores) -> Verdicts:
        """Say what becomes of some rows."""
        codes = np.zeros(len(scores.values), np.uint8)
        # From the last reason to the first, which wins.
        codes[scores.tokens > self._most_tokens] = CUT
        codes[scores.mended] = MENDED
        if self._band is not None:
            codes[self._band.holds(scores.values)] = UNCERTAIN
        if self.doubt.max_unknown is not None:
            codes[scores.unknown >= self.doubt.max_unknown * scores.tokens] = UNKNOWN_WORDS
        if self.doubt.only_language is not None:
            codes[scores.other_language] = OTHER_LANGUAGE
        codes[np.isnan(scores.values)] = NO_TEXT
        return Verdicts(codes)

    def reasons(self, verdicts: Verdicts) -> pa.Array:
        """Return the column that tells the reasons: a string a row, null without one."""
        words = (
            None,
            "no text",
            f"not {language_name(self.doubt.only_language or '')}",
            "unknown words",
            "uncertain",
            "mended",
            "cut",
        )
        return pc.take(pa.array(words, pa.string()), pa.array(verdicts.codes))


def _band(doubt: Doubt, card: Card, name: str) -> Band | None:
    if doubt.uncertain is None:
        return None
    if UNCERTAIN_LABEL in card.labels:
        raise UsageError(
            f"reading the options: --uncertain marks reviews as {UNCERTAIN_LABEL!r}, and that is "
            f"a label of the model {name} already; leave the option out"
        )
    return band_of(card, doubt.uncertain, name, doubt.uncertain_domain)
