"""How far a model file is from the masked Keras network that it was made of, on any reviews.

    python tests/benchmarks/parity.py RUN_DIR MODEL.onnx TEST.parquet

The exporter compares them on the held-out reviews of the run only. If a score differs by more than
the exporter allows, 1e-5, the exit code is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from exporter.rounding import round_weights
from exporter.verify import TOLERANCE
from scorer import SentimentModel
from trainer.data.sources import read_reviews
from trainer.models.batches import predict
from trainer.run.folder import RunFolder


def main(run_dir: Path, model_file: Path, source: Path) -> int:
    """Print the largest difference, and the labels that rounding changed; return the exit code."""
    run, model = RunFolder.open(run_dir), SentimentModel.load(model_file)
    reviews = read_reviews(source, part="test")
    network, tokens = run.network(), run.tokenizer.encode(reviews.texts)
    unrounded = predict(network, tokens)
    round_weights(network)
    keras_scores, scores = predict(network, tokens), model.score(reviews.texts)

    largest = float(np.nanmax(np.abs(scores - keras_scores)))
    changed = int(np.count_nonzero((keras_scores >= 0.5) != (unrounded >= 0.5)))
    print(
        f"{len(reviews):,} reviews: at most {largest:.1e} between ONNX and masked Keras; "
        f"rounding changed {changed} labels"
    )
    print(f"accuracy {np.mean((scores >= 0.5) == (reviews.labels == 1)):.4f}")
    # A review without a token must have no score on either side.
    have_same_rows = bool((np.isnan(scores) == np.isnan(keras_scores)).all())
    return 0 if largest <= TOLERANCE and have_same_rows else 1


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
