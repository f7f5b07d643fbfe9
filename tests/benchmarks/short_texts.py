"""How well models read short texts: sentences cut from held-out reviews, and the hundred one-liners beside this file.

    python tests/benchmarks/short_texts.py RUN_DIR MODEL...

RUN_DIR is a finished run whose held-out reviews no MODEL was trained on; a sentence has the label of its review, which it
need not show: even a perfect reader would be wrong on many. MODEL is a model file or the name of one that ships.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from scorer import SentimentModel
from trainer.artifact import RunFolder
from trainer.evaluation import evaluate
from trainer.reviews import Reviews
from trainer.sources import read_reviews

ONE_LINERS = Path(__file__).parent / "one_liners.csv"
FEWEST_WORDS = 4


def sentences(reviews: Reviews, seed: int = 0) -> Reviews:
    """Return one sentence of each review, drawn by chance among those of at least four words."""
    rng = np.random.default_rng(seed)
    cut, kept = [], []
    for row, text in enumerate(reviews.texts.to_pylist()):
        parts = [part for part in re.split(r"(?<=[.!?])\s+|<br />", text) if len(part.split()) >= FEWEST_WORDS]
        if parts:
            cut.append(parts[rng.integers(len(parts))])
            kept.append(row)
    return Reviews(pa.array(cut, pa.large_string()), reviews.labels[kept], "sentences")


def main(run_dir: Path, *models: str) -> None:
    """Print a line a model."""
    sets = [sentences(RunFolder.open(run_dir).held_out()), read_reviews(ONE_LINERS)]
    for name in models:
        model = SentimentModel.load(name)
        for part, what in zip(sets, ("sentences", "one-liners"), strict=True):
            said = evaluate(model.score(part.texts), part).metrics
            print(
                f"{name}: {what}, {said.accuracy:.4f} of {len(part):,}, log loss {said.log_loss:.3f}, off by {said.calibration_error:.3f}"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
