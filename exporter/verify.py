"""The proof of an export: real text through the masked Keras network and through the scorer's own code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.errors import ExportRefused
from scorer.model import SentimentModel
from trainer.reviews import Reviews

TOLERANCE = 1e-5


@dataclass(frozen=True)
class Proof:
    """How far the model file is from the network that it was made of.

    Attributes:
        reviews: how many were compared.
        largest: largest difference in probability.
    """

    reviews: int
    largest: float


def verify(model: SentimentModel, keras_scores: npt.NDArray[np.float32], reviews: Reviews) -> Proof:
    """Compare the scorer's answers with those of the masked Keras network.

    Args:
        model: the model file, loaded by the scorer's code.
        keras_scores: ``float32[reviews]`` of the masked network on token ids made by the trainer.
        reviews: the same reviews, as text.

    Raises:
        ExportRefused: a score differs by more than 1e-5; the message names the worst.
    """
    scores = model.score(reviews.texts)
    differences = np.abs(scores.astype(np.float64) - keras_scores)
    differences[np.isnan(scores) & np.isnan(keras_scores)] = 0.0
    # A score on one side only is as wrong as can be.
    differences = np.nan_to_num(differences, nan=1.0)
    worst = int(np.argmax(differences))
    largest = float(differences[worst])
    if largest > TOLERANCE:
        raise ExportRefused(
            f"comparing ONNX with Keras on {len(reviews)} held-out reviews: review {worst} ({_beginning(reviews, worst)!r}) "
            f"scores {scores[worst]:.6f} in ONNX and {keras_scores[worst]:.6f} in Keras; at most {TOLERANCE:g} of difference is "
            "allowed, nothing was written"
        )
    return Proof(len(reviews), largest)


def _beginning(reviews: Reviews, row: int) -> str:
    text: Any = reviews.texts[row].as_py()
    return f"{text[:40]}…" if len(text) > 40 else str(text)
