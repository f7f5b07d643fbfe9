"""The pictures of a run: learning curves, ROC, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.history import Epoch
from trainer.metrics import CALIBRATION_BINS, Evaluation, calibration_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES = (6.0, 4.5)
DOTS_PER_INCH = 120

# Of the Okabe-Ito palette, told apart by people with any colour vision (Okabe & Ito 2008, https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"


def draw_history(path: Path, history: Sequence[Epoch]) -> None:
    """Draw loss (calibrated where held out) and accuracy over the epochs, on the training and on the held-out reviews."""
    epochs = [line.epoch for line in history]
    with Picture(path, columns=2) as (left, right):
        for axes, name, training, held_out in (
            (left, "loss, nats", [line.loss for line in history], [line.held_out_calibrated_loss for line in history]),
            (right, "accuracy", [line.accuracy for line in history], [line.held_out_accuracy for line in history]),
        ):
            axes.plot(epochs, training, "o--", color=ORANGE, label="training, with dropout")
            axes.plot(epochs, held_out, "o-", color=BLUE, label="held out")
            axes.set(xlabel="epoch", ylabel=name, xticks=epochs)
            axes.legend(frameon=False)


def draw_roc(path: Path, evaluation: Evaluation) -> None:
    """Draw the share of positives found over the share of negatives mistaken, for every threshold."""
    from sklearn.metrics import roc_curve

    mistaken, found, _ = roc_curve(evaluation.labels, evaluation.scores)
    with Picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color=GREY)
        axes.plot(mistaken, found, color=BLUE)
        axes.set(
            xlabel="share of negatives scored above",
            ylabel="share of positives scored above",
            title=f"ROC, area {evaluation.metrics.auc:.4f}",
        )


def draw_calibration(path: Path, evaluation: Evaluation) -> None:
    """Draw the share of positives over the score, in bins of equal width; points on the diagonal mean what they say."""
    scores, labels = evaluation.scores.astype(np.float64), evaluation.labels
    bins = calibration_bins(scores)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    met = counts > 0
    mean_score = np.bincount(bins, weights=scores, minlength=CALIBRATION_BINS)[met] / counts[met]
    positive = np.bincount(bins, weights=labels, minlength=CALIBRATION_BINS)[met] / counts[met]
    with Picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color=GREY)
        axes.scatter(mean_score, positive, s=10 + 300 * counts[met] / counts.sum(), color=BLUE)
        axes.set(xlabel="mean score", ylabel="share of positives", title=f"calibration error {evaluation.metrics.calibration_error:.4f}")


class Picture:
    """A figure that is saved when the block ends; drawn without a screen, and without matplotlib's global state."""

    def __init__(self, path: Path, columns: int = 1) -> None:
        from matplotlib.figure import Figure

        self._path = path
        self._figure: Any = Figure(figsize=(INCHES[0] * columns, INCHES[1]), dpi=DOTS_PER_INCH, layout="constrained")
        self._axes = self._figure.subplots(1, columns, squeeze=False)[0]

    def __enter__(self) -> list[Axes]:
        for axes in self._axes:
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.3)
        return list(self._axes)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            # The date and the version of matplotlib would make the same picture differ.
            self._figure.savefig(self._path, metadata={"Software": None})
