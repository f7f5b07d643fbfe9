"""Calibration of the teacher: a slope and a shift of its logits, and the figures that they give."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import ReviewsError, UsageError
from scorer.storage.whole_file import whole_file
from teacher.tables import read_table

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.int8]

SUFFIX = ".calibration.json"
# Newton's method takes four to eight.
MOST_STEPS = 50
CLOSE = 1e-9
FOLDS = 5
LEAST_PROBABILITY = 1e-7


@dataclass(frozen=True)
class Line:
    """``sigmoid(slope · logit + shift)`` (Platt 1999).

    Attributes:
        slope: of the logit.
        shift: added to it.
    """

    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, logits: Floats) -> npt.NDArray[np.float32]:
        """Return the probabilities of positive, ``float32[texts]``.

        >>> Line(1.0, 0.0)(np.array([0.0])).tolist()
        [0.5]
        """
        line = np.clip(self.slope * logits.astype(np.float64) + self.shift, -80, 80)
        return np.asarray(1 / (1 + np.exp(-line)), np.float32)


def fit_line(labels: Labels, logits: Floats) -> Line:
    """Return the line with the lowest log loss, by Newton's method.

    Args:
        labels: ``int8[reviews]``.
        logits: ``float[reviews]`` of reviews that the teacher didn't learn from.

    Raises:
        ReviewsError: there is no best line, as where every review is on the right side.
    """
    points = np.stack([logits, np.ones(len(logits))], axis=1).astype(np.float64)
    line = np.zeros(2)
    for _ in range(MOST_STEPS):
        scores = Line(*line)(logits).astype(np.float64)
        slopes = points.T @ (scores - labels)
        curves = (points * (scores * (1 - scores))[:, None]).T @ points
        if np.linalg.cond(curves) > 1 / CLOSE:
            break
        step = np.linalg.solve(curves, slopes)
        line -= step
        if np.abs(step).max() < 1e-6:
            return Line(round(float(line[0]), 4), round(float(line[1]), 4))
    raise ReviewsError(
        f"calibrating on {len(labels)} reviews: no line has the lowest log loss; give reviews of "
        "both labels, more of them"
    )


def cross_fit(labels: Labels, logits: Floats) -> npt.NDArray[np.float32]:
    """Return the probability of each review through a line fitted on the other four folds."""
    folds = np.random.default_rng(0).permutation(len(labels)) % FOLDS
    scores = np.zeros(len(labels), np.float32)
    for fold in range(FOLDS):
        inside = folds == fold
        scores[inside] = fit_line(labels[~inside], logits[~inside])(logits[inside])
    return scores


@dataclass(frozen=True)
class Figures:
    """How good the probabilities of some reviews are.

    Attributes:
        reviews: their number.
        accuracy: fraction on the right side of 0.5.
        balanced: mean of the recall of both labels; NaN if there is one label only.
        log_loss: in nats.
    """

    reviews: int
    accuracy: float
    balanced: float
    log_loss: float

    @classmethod
    def of(cls, labels: Labels, probabilities: Floats) -> Figures:
        """Measure probabilities against labels.

        >>> Figures.of(np.array([1, 1, 0], np.int8), np.array([0.9, 0.1, 0.1])).balanced
        0.75
        """
        right = (probabilities >= 0.5) == (labels == 1)
        sides = [right[labels == label] for label in (0, 1)]
        balanced = np.mean([side.mean() for side in sides]) if all(map(len, sides)) else np.nan
        exact = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        loss = -np.log(np.where(labels == 1, exact, 1 - exact)).mean()
        return cls(len(labels), float(right.mean()), float(balanced), float(loss))

    def __str__(self) -> str:
        return (
            f"{self.reviews:,} reviews, accuracy {self.accuracy:.2%}, balanced "
            f"{self.balanced:.2%}, log loss {self.log_loss:.4f}"
        )


def figures_by_domain(table: pa.Table, probabilities: Floats) -> dict[str, Figures]:
    """Return the figures of each domain, and of all together under ``all``."""
    labels = table["label"].to_numpy()
    found = {"all": Figures.of(labels, probabilities)}
    if "domain" in table.column_names:
        domains = np.asarray(table["domain"].to_pylist())
        for domain in sorted(set(domains)):
            of_it = domains == domain
            found[domain] = Figures.of(labels[of_it], probabilities[of_it])
    return found


def calibrate(scored: Path, trained: Path) -> tuple[Line, dict[str, Figures]]:
    """Fit the line and write it beside the trained weights.

    Args:
        scored: Parquet file of held-out reviews: logit, label, and where wanted domain.
        trained: the trained weights.

    Returns:
        The line, and the cross-fitted figures by domain.
    """
    table = read_table(scored, ("label", "logit"))
    labels, logits = table["label"].to_numpy(), table["logit"].to_numpy()
    line = fit_line(labels, logits)
    figures = figures_by_domain(table, cross_fit(labels, logits))
    with whole_file(line_path(trained)) as temporary:
        temporary.write_text(json.dumps(asdict(line), indent=2) + "\n")
    return line, figures


def line_path(trained: Path) -> Path:
    """Return where the line of trained weights is kept."""
    return trained.with_name(trained.name + SUFFIX)


def read_line(trained: Path) -> Line:
    """Return the line that was fitted for trained weights.

    Raises:
        UsageError: there is none.
    """
    path = line_path(trained)
    if not path.is_file():
        raise UsageError(
            f"labelling with {trained}: there is no {path.name} beside it; run calibrate, or give "
            "--line SLOPE SHIFT (1 0 for logits to calibrate on)"
        )
    return Line(**json.loads(path.read_text()))
