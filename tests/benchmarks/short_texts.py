"""How well models score short texts: sentences of held-out reviews, and a hundred one-liners.

    python tests/benchmarks/short_texts.py RUN_DIR MODEL...

RUN_DIR is a finished run whose held-out reviews no MODEL was trained on. MODEL is a model file or
the name of a model that ships. A sentence has the label of its review, which it may not show: even
a perfect model would be wrong on many. The one-liners are in ``one_liners.csv``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer import SentimentModel
from trainer.data.reviews import Reviews
from trainer.data.sources import read_reviews
from trainer.measure.evaluation import evaluate
from trainer.run.folder import RunFolder

ONE_LINERS = Path(__file__).parent / "one_liners.csv"
SENTENCE_ENDS = r"(?<=[.!?])\s+|<br />"
LEAST_WORDS = 4


def draw_sentences(reviews: Reviews, seed: int = 0) -> Reviews:
    """Return a random sentence of each review, among those of at least four words.

    A review without such a sentence is left out.
    """
    rng = np.random.default_rng(seed)
    sentences, rows = [], []
    for row, text in enumerate(reviews.texts.to_pylist()):
        parts = re.split(SENTENCE_ENDS, text)
        candidates = [part for part in parts if len(part.split()) >= LEAST_WORDS]
        if candidates:
            sentences.append(candidates[rng.integers(len(candidates))])
            rows.append(row)
    return Reviews(pa.array(sentences, pa.large_string()), reviews.labels[rows], "sentences")


def main(run_dir: Path, *models: str) -> None:
    """Print two lines for each model."""
    test_sets = {
        "sentences": draw_sentences(RunFolder.open(run_dir).held_out()),
        "one-liners": read_reviews(ONE_LINERS),
    }
    for name in models:
        model = SentimentModel.load(name)
        for what, reviews in test_sets.items():
            metrics = evaluate(model.score(reviews.texts), reviews).metrics
            print(
                f"{name}: {what}, {metrics.accuracy:.4f} of {len(reviews):,}, "
                f"log loss {metrics.log_loss:.3f}, "
                f"calibration error {metrics.calibration_error:.3f}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
