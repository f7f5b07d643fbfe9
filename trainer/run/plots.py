"""The pictures of a run: learning curves, ROC, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.measure.metrics import CALIBRATION_BINS, Evaluation, calibration_bins
from trainer.run.history import Epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES = (6.0, 4.5)
DOTS_PER_INCH = 120

# From the Okabe-Ito palette, whose colours differ for people with any colour vision
# (Okabe & Ito 2008, https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"


def draw_history(path: Path, history: Sequence[Epoch]) -> None:
    """Draw loss and accuracy over the epochs, on the training and on the held-out reviews.

    The held-out loss is the calibrated one.
    """
    epochs = [line.epoch for line in history]
    losses = [line.loss for line in history], [line.held_out_calibrated_loss for line in history]
    accuracies = [line.accuracy for line in history], [line.held_out_accuracy for line in history]
    with Picture(path, columns=2) as (left, right):
        for axes, name, (training, held_out) in (
            (left, "loss, nats", losses),
            (right, "accuracy", accuracies),
        ):
            axes.plot(epochs, training, "o--", color=ORANGE, label="training, with dropout")
            axes.plot(epochs, held_out, "o-", color=BLUE, label="held out")
            axes.set(xlabel="epoch", ylabel=name, xticks=epochs)
            axes.legend(frameon=False)


def draw_roc(path: Path, evaluation: Evaluation) -> None:
    """Draw the fractions of positives and of negatives above each threshold."""
    from sklearn.metrics import roc_curve

    false_positives, true_positives, _ = roc_curve(evaluation.labels, evaluation.scores)
    with Picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color=GREY)
        axes.plot(false_positives, true_positives, color=BLUE)
        axes.set(
            xlabel="fraction of negatives scored above",
            ylabel="fraction of positives scored above",
            title=f"ROC, area {evaluation.metrics.auc:.4f}",
        )


def draw_calibration(path: Path, evaluation: Evaluation) -> None:
    """Draw the fraction of positives over the score, in bins of equal width.

    The points of a calibrated model are on the diagonal.
    """
    scores = evaluation.scores.astype(np.float64)
    bins = calibration_bins(scores)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    filled = counts > 0
    sums = np.bincount(bins, weights=scores, minlength=CALIBRATION_BINS)
    positives = np.bincount(bins, weights=evaluation.labels, minlength=CALIBRATION_BINS)
    sizes = 10 + 300 * counts[filled] / counts.sum()
    with Picture(path) as (axes,):
        axes.plot([0, 1], [0, 1], ":", color=GREY)
        means, fractions = sums[filled] / counts[filled], positives[filled] / counts[filled]
        axes.scatter(means, fractions, s=sizes, color=BLUE)
        axes.set(
            xlabel="mean score",
            ylabel="fraction of positives",
            title=f"calibration error {evaluation.metrics.calibration_error:.4f}",
        )


class Picture:
    """A figure that is saved at the end of a ``with`` block, unless it raises.

    It needs no screen and leaves matplotlib's global state alone.

    Args:
        path: file of the picture.
        columns: number of axes side by side.
    """

    def __init__(self, path: Path, columns: int = 1) -> None:
        from matplotlib.figure import Figure

        self._path = path
        size = (INCHES[0] * columns, INCHES[1])
        self._figure: Any = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
        self._axes = self._figure.subplots(1, columns, squeeze=False)[0]

    def __enter__(self) -> list[Axes]:
        for axes in self._axes:
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.3)
        return list(self._axes)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            # Without the version of matplotlib the same picture is the same file.
            self._figure.savefig(self._path, metadata={"Software": None})
