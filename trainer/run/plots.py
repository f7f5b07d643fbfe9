"""The pictures of a run: learning curves, ROC, calibration. Each is made, then saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scorer.card import ByDomain, DomainMetrics, how_measured
from trainer.measure.evaluation import Calibrated
from trainer.measure.intervals import wilson_interval
from trainer.measure.metrics import CALIBRATION_BINS, Evaluation, calibration_bins
from trainer.run.history import Epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = (6.0, 4.8)
# Of a picture with a line for each domain: what all share, and each needs.
LEAST_HEIGHT, INCHES_A_DOMAIN = 1.5, 0.2
DOTS_PER_INCH = 120
SMALL = 7

# From the Okabe-Ito palette, whose colours differ for people with any colour vision
# (Okabe & Ito 2008, https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#999999"


def history_picture(history: Sequence[Epoch], best: int, title: str) -> Figure:
    """Draw loss and accuracy after each epoch: the network on training and on held-out reviews.

    Two lines show the same network, as it is: without dropout, calibration and the wide branch's
    sum. Where the one falls and the other rises, it learns its reviews by heart. A third shows what
    would ship, by which the best epoch is chosen.

    Args:
        history: a line for each epoch.
        best: number of the epoch that was kept.
        title: names the run and its preset.
    """
    epochs = [line.epoch for line in history]
    losses = [(line.loss, line.held_out_loss, line.held_out_calibrated_loss) for line in history]
    accuracies = [
        (line.accuracy, line.held_out_accuracy, line.held_out_calibrated_accuracy)
        for line in history
    ]
    figure, (left, right) = _figure(title, columns=2)
    for axes, name, values in ((left, "loss, nats", losses), (right, "accuracy", accuracies)):
        training, held_out, calibrated = zip(*values, strict=True)
        axes.axvline(best, color=GREY, linestyle=":", label=f"best epoch, {best}")
        axes.plot(epochs, training, "o--", color=ORANGE, label="training reviews")
        axes.plot(epochs, held_out, "o-", color=BLUE, label="held-out reviews")
        axes.plot(epochs, calibrated, "-.", color=BLUE, label="held-out, as it would ship")
        axes.set(xlabel="epoch", ylabel=f"{name}; dots: of the network as it is", xticks=epochs)
        axes.legend(frameon=False)
    return figure


def roc_picture(calibrated: Calibrated, title: str) -> Figure:
    """Draw the fractions of positives and of negatives above each threshold."""
    from sklearn.metrics import roc_curve

    evaluation = calibrated.after
    false_positives, true_positives, _ = roc_curve(evaluation.labels, evaluation.scores)
    low, high = evaluation.intervals.auc
    area = f"area {evaluation.metrics.auc:.4f} (95%: {low:.4f} to {high:.4f})"
    figure, (axes,) = _figure(f"{title}: ROC, {area}\n{_measured_on(calibrated)}")
    axes.plot([0, 1], [0, 1], ":", color=GREY)
    axes.plot(false_positives, true_positives, color=BLUE)
    axes.set(
        xlabel="fraction of negatives scored above", ylabel="fraction of positives scored above"
    )
    return figure


def calibration_picture(calibrated: Calibrated, title: str) -> Figure:
    """Draw the fraction of positives over the score, in bins of equal width.

    The points of a calibrated model are on the diagonal. A bar is the 95% interval of the fraction
    (see :mod:`trainer.measure.intervals`), a number beside it the reviews in the bin.
    """
    evaluation = calibrated.after
    counts, scores, fractions, bars = _bins(evaluation)
    error = f"calibration error {evaluation.metrics.calibration_error:.4f}"
    figure, (axes,) = _figure(f"{title}: {error}\n{_measured_on(calibrated)}")
    axes.plot([0, 1], [0, 1], ":", color=GREY)
    axes.errorbar(scores, fractions, yerr=bars, fmt="o", color=BLUE, markersize=4, capsize=2)
    for score, fraction, count in zip(scores, fractions, counts, strict=True):
        axes.annotate(
            f"{count:,}", (score, fraction), (4, -8), textcoords="offset points", fontsize=SMALL
        )
    axes.set(xlabel="mean score", ylabel="fraction of positives")
    return figure


def domains_picture(domains: ByDomain, title: str) -> Figure:
    """Draw the balanced accuracy of each domain with its 95% interval, the lowest at the top.

    Domains that the run didn't learn from have another colour and another mark. A domain whose
    reviews all have one label is left out.
    """
    parts = {
        "held out": (domains.held_out, BLUE, "o"),
        "left out of training": (domains.left_out, ORANGE, "s"),
    }
    places = {one.domain: place for place, one in enumerate(_by_accuracy(domains))}
    height = max(INCHES[1], LEAST_HEIGHT + INCHES_A_DOMAIN * len(places))
    figure, (axes,) = _figure(f"{title}: balanced accuracy by domain, 95%", height=height)
    for name, (measured, color, mark) in parts.items():
        shown = [one for one in measured if one.domain in places]
        if shown:
            figures = np.array([one.balanced_accuracy for one in shown])
            low, high = np.array([one.balanced_interval for one in shown]).T
            bars = np.maximum([figures - low, high - figures], 0)
            rows = [places[one.domain] for one in shown]
            axes.errorbar(
                figures, rows, xerr=bars, fmt=mark, color=color, markersize=4, capsize=2, label=name
            )
    axes.set(xlabel="balanced accuracy", yticks=range(len(places)), yticklabels=list(places))
    axes.invert_yaxis()
    if places:
        axes.legend(frameon=False)
    return figure


def _by_accuracy(domains: ByDomain) -> list[DomainMetrics]:
    known = [
        (one.balanced_accuracy, one)
        for one in (*domains.held_out, *domains.left_out)
        if one.balanced_accuracy is not None
    ]
    return [one for _, one in sorted(known, key=lambda pair: pair[0])]


def save_picture(figure: Figure, path: Path) -> None:
    """Write a picture as PNG."""
    # Without the version of matplotlib the same picture is the same file.
    figure.savefig(path, metadata={"Software": None})


def _bins(
    evaluation: Evaluation,
) -> tuple[
    npt.NDArray[np.int64],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
]:
    """Return count, mean score and fraction of positives of each bin that has reviews.

    The last array is ``float64[2, bins]``: how far the interval reaches below and above.
    """
    scores = evaluation.scores.astype(np.float64)
    bins = calibration_bins(scores)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    sums = np.bincount(bins, weights=scores, minlength=CALIBRATION_BINS)
    positives = np.bincount(bins, weights=evaluation.labels, minlength=CALIBRATION_BINS)
    filled = counts > 0
    counts, sums, positives = counts[filled], sums[filled], positives[filled]
    fractions = positives / counts
    pairs = zip(positives.astype(int).tolist(), counts.tolist(), strict=True)
    low, high = np.array([wilson_interval(hits, count) for hits, count in pairs]).T
    bars = np.maximum([fractions - low, high - fractions], 0)
    return counts, sums / counts, fractions, bars


def _measured_on(calibrated: Calibrated) -> str:
    """Say on how many reviews, and how, a picture was measured."""
    how = how_measured(calibrated.folds.count)
    return f"{len(calibrated.after.labels):,} held-out reviews, {how}"


def _figure(title: str, columns: int = 1, height: float = INCHES[1]) -> tuple[Figure, list[Axes]]:
    """Return an empty figure with axes side by side.

    It needs no screen and leaves matplotlib's global state alone.
    """
    from matplotlib.figure import Figure

    size = (INCHES[0] * columns, height)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    figure.suptitle(title, fontsize="medium")
    axes = list(figure.subplots(1, columns, squeeze=False)[0])
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.3)
    return figure, axes
