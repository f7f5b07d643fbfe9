"""How far a model file is from the masked Keras network that it was made of, on reviews of one's own.

    python tests/benchmarks/parity.py runs/RUN models/MODEL.onnx shared/data/imdb/test.parquet

The exporter proves it on the held-out reviews of the run; this goes over any others. Exit code 1 above 1e-5.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from exporter.rounding import round_weights
from exporter.verify import TOLERANCE
from scorer import SentimentModel
from trainer.artifact import RunFolder
from trainer.batches import predict
from trainer.sources import read_reviews


def main(run_dir: Path, model_file: Path, source: Path) -> None:
    """Print the largest difference, and what rounding the embedding cost."""
    run, model, reviews = RunFolder.open(run_dir), SentimentModel.load(model_file), read_reviews(source, part="test")
    network = run.network()
    tokens = run.tokenizer.encode(reviews.texts)
    unrounded = predict(network, tokens)
    round_weights(network)
    keras_scores, scores = predict(network, tokens), model.score(reviews.texts)
    largest = float(np.nanmax(np.abs(scores - keras_scores)))
    turned = int(np.count_nonzero((keras_scores >= 0.5) != (unrounded >= 0.5)))
    print(f"{len(reviews):,} reviews: at most {largest:.1e} between ONNX and masked Keras; rounding turned {turned} labels")
    print(f"accuracy {np.mean((scores >= 0.5) == (reviews.labels == 1)):.4f}")
    sys.exit(int(largest > TOLERANCE or bool((np.isnan(scores) != np.isnan(keras_scores)).any())))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
