"""Calibration error of a model by length of the reviews, and by domain.

    python tests/benchmarks/calibration_lengths.py MODEL reviews.parquet

MODEL is a model file, the name of a model that ships, or a finished run of ``trainer fit``.
``reviews.parquet`` has the columns ``review`` and ``label``, and where wanted ``domain``. The error
is measured in fifteen bins of equal width, that of fewer than 2,000 reviews in ten bins of equal
count. A score that is perfectly calibrated has an error, too, as chance deals the labels: labels
are drawn from the scores themselves, 200 times with a fixed seed, and the mean stands beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scorer import SentimentModel
from trainer.measure.metrics import calibration_error
from trainer.run.folder import RunFolder

# Words, as white space separates them.
BANDS = (
    ("under 12 words", 0, 12),
    ("12 to 29", 12, 30),
    ("30 to 79", 30, 80),
    ("80 and more", 80, np.inf),
)
EQUAL_WIDTH_FROM = 2000
EQUAL_COUNT_BINS = 10
DRAWS = 200


def error(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> float:
    """Return the calibration error, in bins that suit the number of reviews."""
    if len(labels) >= EQUAL_WIDTH_FROM:
        return calibration_error(scores, labels)
    order = np.argsort(scores, kind="stable")
    gaps = [part.sum() for part in np.array_split((scores - labels)[order], EQUAL_COUNT_BINS)]
    return float(np.abs(gaps).sum() / len(labels))


def error_of_perfect(scores: npt.NDArray[np.float64]) -> float:
    """Return the mean error of labels that are drawn from the scores themselves."""
    rng = np.random.default_rng(0)
    drawn = [(rng.random(len(scores)) < scores).astype(np.int8) for _ in range(DRAWS)]
    return float(np.mean([error(scores, labels) for labels in drawn]))


def scores_of(model: str, texts: pa.LargeStringArray) -> npt.NDArray[np.float64]:
    """Return the model's scores, ``float64[reviews]``; NaN without a token."""
    if Path(model).is_dir():
        return RunFolder.open(Path(model)).predict(texts).astype(np.float64)
    return SentimentModel.load(model).score(texts).astype(np.float64)


def main(model: str, data: Path) -> None:
    """Print a line for all reviews, one for each length and one for each domain."""
    table = pq.read_table(data)
    texts = pc.fill_null(table["review"].cast(pa.large_string()), "").combine_chunks()
    labels = table["label"].to_numpy().astype(np.int8)
    scores = scores_of(model, texts)
    words = np.array([len(text.split()) for text in texts.to_pylist()])
    parts = {"all reviews": np.ones(len(labels), bool)}
    for name, low, high in BANDS:
        parts[name] = (words >= low) & (words < high)
    if "domain" in table.column_names:
        domains = table["domain"].to_numpy(zero_copy_only=False)
        parts |= {name: domains == name for name in sorted(set(domains))}
    print(f"{'':<20} reviews  accuracy  log loss  calibration error  of a perfect score")
    for name, rows in parts.items():
        tell(name, scores[rows & ~np.isnan(scores)], labels[rows & ~np.isnan(scores)])


def tell(name: str, scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> None:
    """Print the line of some reviews, if there are any."""
    if not len(labels):
        return
    chances = np.clip(np.where(labels == 1, scores, 1 - scores), 1e-7, 1)
    right = np.mean((scores >= 0.5) == (labels == 1))
    print(
        f"{name:<20} {len(labels):>7,}  {right:>8.4f}  {-np.log(chances).mean():>8.4f}  "
        f"{error(scores, labels):>17.4f}  {error_of_perfect(scores):>18.4f}"
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
