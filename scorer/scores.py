"""The scores of some rows, and what their texts held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from scorer.tokenizer import Tokens


@dataclass(frozen=True)
class Scores:
    """What was found of each row; columns and counts follow from it.

    Attributes:
        values: ``float32[rows]``, the probability of positive; NaN for a row without a token.
        tokens: ``int32[rows]``, the tokens of each row.
        unknown: ``int32[rows]``, those of them that are not in the vocabulary.
        mended: ``bool[rows]``, whether its text was not valid UTF-8.
        other_language: ``bool[rows]``, whether it is surely in another language than was asked for;
            False where nobody asked.
    """

    values: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int32]
    unknown: npt.NDArray[np.int32]
    mended: npt.NDArray[np.bool_]
    other_language: npt.NDArray[np.bool_]

    # Bytes of a row, stored.
    BYTES: ClassVar[int] = 4 + 4 + 4 + 1

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(cls, values: npt.NDArray[np.float32], tokens: Tokens) -> Scores:
        """Return the scores of some tokens; nobody asked for their language."""
        lengths, unknown = np.diff(tokens.offsets), tokens.unknown_by_row
        mended, nowhere = np.zeros(len(tokens), bool), np.zeros(len(tokens), bool)
        mended[list(tokens.mended)] = True
        return cls(values, lengths.astype(np.int32), unknown.astype(np.int32), mended, nowhere)

    def to_bytes(self) -> bytes:
        """Return all of it, little-endian: values, tokens, unknown, then both flags in a byte."""
        flags = self.mended.astype(np.uint8) | self.other_language.astype(np.uint8) << 1
        arrays = (self.values.astype("<f4"), self.tokens.astype("<i4"), self.unknown.astype("<i4"))
        return b"".join(array.tobytes() for array in (*arrays, flags))

    @classmethod
    def from_bytes(cls, stored: bytes) -> Scores:
        """Read what :meth:`to_bytes` wrote."""
        rows = len(stored) // cls.BYTES
        flags = np.frombuffer(stored, np.uint8, rows, 12 * rows)
        return cls(
            np.frombuffer(stored, "<f4", rows).astype(np.float32),
            np.frombuffer(stored, "<i4", rows, 4 * rows).astype(np.int32),
            np.frombuffer(stored, "<i4", rows, 8 * rows).astype(np.int32),
            (flags & 1).astype(bool),
            (flags & 2).astype(bool),
        )
