"""The proof of an export: the scorer's code gives the scores of the masked Keras network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exporter.errors import ExportRefused
from scorer.model import SentimentModel
from trainer.data.reviews import Reviews

TOLERANCE = 1e-5

# A message shows this many characters of a review.
SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class Proof:
    """How far the scores of a model file are from those of its Keras network.

    Attributes:
        reviews: number of reviews compared.
        largest: largest difference in probability.
    """

    reviews: int
    largest: float


def verify(model: SentimentModel, keras_scores: npt.NDArray[np.float32], reviews: Reviews) -> Proof:
    """Compare the scores of a model file with those of the masked Keras network.

    Args:
        model: the model file, loaded by the scorer's code.
        keras_scores: ``float32[reviews]``, scores of the masked network on the trainer's token ids.
        reviews: the same reviews, as text.

    Raises:
        ExportRefused: a score differs by more than 1e-5; the message names the worst review.
    """
    scores = model.score(reviews.texts)
    differences = np.abs(scores.astype(np.float64) - keras_scores)
    differences[np.isnan(scores) & np.isnan(keras_scores)] = 0.0
    # Where only one side has a score, the difference is as large as can be.
    differences = np.nan_to_num(differences, nan=1.0)
    worst = int(np.argmax(differences))
    largest = float(differences[worst])
    if largest > TOLERANCE:
        raise ExportRefused(
            f"comparing ONNX with Keras on {len(reviews)} held-out reviews: "
            f"review {worst} ({_beginning(reviews, worst)!r}) scores {scores[worst]:.6f} in ONNX "
            f"and {keras_scores[worst]:.6f} in Keras; at most {TOLERANCE:g} of difference is "
            "allowed, nothing was written"
        )
    return Proof(len(reviews), largest)


def _beginning(reviews: Reviews, row: int) -> str:
    text = str(reviews.texts[row].as_py())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
