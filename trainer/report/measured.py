"""What a run reached on each set of reviews, with intervals: the first table of its page."""

from __future__ import annotations

from dataclasses import dataclass

from scorer.card import Metrics
from scorer.intervals import Interval
from trainer.measure.intervals import Intervals
from trainer.run.folder import RunFolder

HEAD = (
    "", "reviews", "accuracy", "95%", "AUC", "95%", "log loss", "Brier score", "calibration error",
)  # fmt: skip
UNKNOWN = "–"


def figure(value: float | None) -> str:
    """Return a figure as the page shows it: four decimal places.

    >>> figure(0.912767), figure(None)
    ('0.9128', '–')
    """
    return UNKNOWN if value is None else f"{value:.4f}"


def interval(ends: Interval | None) -> str:
    """Return an interval as the page shows it.

    >>> interval((0.9054, 0.9197))
    '0.9054–0.9197'
    """
    return UNKNOWN if ends is None else f"{figure(ends[0])}–{figure(ends[1])}"


@dataclass(frozen=True)
class Measured:
    """What a run reached on a set of reviews.

    Attributes:
        name: of the set.
        metrics: the metrics.
        intervals: their 95% intervals, where they are known.
    """

    name: str
    metrics: Metrics
    intervals: Intervals | None

    def row(self) -> list[str]:
        """Return the cells of its row under :data:`HEAD`."""
        it, ends = self.metrics, self.intervals
        accuracy, auc = (None, None) if ends is None else (ends.accuracy, ends.auc)
        return [
            self.name,
            f"{it.reviews:,}",
            *(figure(it.accuracy), interval(accuracy), figure(it.auc), interval(auc)),
            *(figure(it.log_loss), figure(it.brier), figure(it.calibration_error)),
        ]


def measured_on(run: RunFolder) -> list[Measured]:
    """Return what a run reached on each set of reviews, the held-out reviews first.

    A run of an earlier release knows no intervals; those of the held-out reviews follow from their
    labels.
    """
    it, labels = run.metrics, run.held_out().labels
    before = it.held_out_before_calibration
    earlier = "before adapting" if run.provenance.base else "before calibration"
    sets = [
        ("held out", it.held_out, it.held_out_intervals or Intervals.of(it.held_out, labels)),
        (f"held out, {earlier}", before, Intervals.of(before, labels)),
        ("domains left out", it.left_out, it.left_out_intervals),
        ("test", it.test, it.test_intervals),
    ]
    return [Measured(name, one, ends) for name, one, ends in sets if one is not None]
