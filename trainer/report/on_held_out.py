"""What the scores of the held-out reviews show: ROC, calibration, confusion, lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scorer.pages.charts import Dots, Line, interval_chart, line_chart
from scorer.pages.page import folded, paragraph, section
from scorer.pages.tables import table
from trainer.measure.groups import (
    Fraction,
    ScoreBin,
    accuracy_by_length,
    confusion,
    roc_points,
    score_bins,
)
from trainer.measure.metrics import CALIBRATION_BINS
from trainer.report.held_out import HeldOut
from trainer.report.measured import Measured, figure, interval
from trainer.run.folder import RunFolder

NO_SCORES = (
    "This run is of an earlier release, which kept no scores of its held-out reviews. ROC curve, "
    "calibration, confusion, accuracy by length and errors are left out; trainer evaluate measures "
    "its model on labelled reviews."
)
NOT_BEFORE = (
    "This run is of an earlier release, which kept no scores of before calibration, so that their "
    "line is left out."
)
TELLS = (
    "On the diagonal of the second chart a score is a probability: of the reviews scored 0.8, 80% "
    f"are positive. The band is the 95% interval in each of {CALIBRATION_BINS} bins of scores; "
    "where there are few reviews it is wide."
)
LABELS = ("negative", "positive")


def on_held_out(run: RunFolder, held_out: HeldOut | None, reached: Measured) -> list[str]:
    """Return the sections that need the scores; a sentence where the run doesn't keep them.

    Args:
        run: the run.
        held_out: its held-out reviews, if it keeps their scores.
        reached: what it reached on them.
    """
    if held_out is None:
        return [section("On the held-out reviews", paragraph(NO_SCORES))]
    return [
        section("ROC and calibration", *_curves(run, held_out, reached)),
        section("Right and wrong", *_confusion(held_out)),
        section("By length", *_by_length(held_out)),
    ]


def _curves(run: RunFolder, held_out: HeldOut, reached: Measured) -> list[str]:
    earlier = "before adapting" if run.provenance.base else "before calibration"
    bins = {"calibrated": score_bins(held_out.scores, held_out.labels)}
    if held_out.before is not None:
        bins[earlier] = score_bins(held_out.before, held_out.labels)
    tells = TELLS if held_out.before is not None else f"{TELLS} {NOT_BEFORE}"
    tables = [_bins_table(name, of_scores) for name, of_scores in bins.items()]
    return [_roc(held_out, reached), _calibration(run, bins), paragraph(tells), *tables]


def _roc(held_out: HeldOut, reached: Measured) -> str:
    ends = None if reached.intervals is None else reached.intervals.auc
    area = f"{figure(reached.metrics.auc)} (95%: {interval(ends)})"
    negative, positive = roc_points(held_out.scores, held_out.labels)
    return line_chart(
        f"ROC on the held-out reviews, area under the curve {area}",
        [Line("fraction of positives", negative.tolist(), positive.tolist())],
        x="fraction of negative reviews scored at or above a threshold",
        y="fraction of positive ones",
        x_range=(0, 1),
        y_range=(0, 1),
        diagonal=True,
    )


def _calibration(run: RunFolder, bins: Mapping[str, Sequence[ScoreBin]]) -> str:
    """Draw the bins of the scores: the calibrated ones with a band, those before as a line."""
    error = figure(run.metrics.held_out.calibration_error)
    was = figure(run.metrics.held_out_before_calibration.calibration_error)
    calibrated, *before = (_reliability(name, of_scores) for name, of_scores in bins.items())
    return line_chart(
        f"Fraction of positives by score, calibration error {error} (before: {was})",
        [calibrated, *(replace(one, low=None, high=None, dashed=True) for one in before)],
        x="mean score",
        y="fraction of positive reviews",
        x_range=(0, 1),
        y_range=(0, 1),
        diagonal=True,
    )


def _reliability(name: str, bins: Sequence[ScoreBin]) -> Line:
    low, high = zip(*(one.positive.interval for one in bins), strict=True)
    scores, values = zip(*((one.score, one.positive.value) for one in bins), strict=True)
    return Line(name, scores, values, low, high)


def _bins_table(name: str, bins: Sequence[ScoreBin]) -> str:
    rows = [(figure(one.score), *_cells(one.positive)) for one in bins]
    caption = f"Held-out reviews by score, {name}"
    return folded(caption, table(caption, ("mean score", "reviews", "positive", "95%"), rows))


def _confusion(held_out: HeldOut) -> list[str]:
    cells = confusion(held_out.scores, held_out.labels)
    rows = [
        (
            f"labelled {name}",
            *(f"{count:,}" for count in row),
            *_cells(Fraction(row[one], sum(row))),
        )
        for one, (name, row) in enumerate(zip(LABELS, cells.tolist(), strict=True))
    ]
    head = ("", "called negative", "called positive", "reviews", "right", "95%")
    called = [
        (f"called {name}", *_cells(Fraction(column[one], sum(column))))
        for one, (name, column) in enumerate(zip(LABELS, cells.T.tolist(), strict=True))
        if sum(column)
    ]
    return [
        table("By label and call, threshold 0.5", head, rows),
        table("How often a call is right", ("", "reviews", "right", "95%"), called),
    ]


def _by_length(held_out: HeldOut) -> list[str]:
    groups = accuracy_by_length(held_out.scores, held_out.labels, held_out.words)
    low, high = zip(*(one.interval for one in groups.values()), strict=True)
    dots = Dots("accuracy", [one.value for one in groups.values()], low, high)
    caption = "Accuracy by length, with 95% intervals"
    rows = [(name, *_cells(one)) for name, one in groups.items()]
    return [
        interval_chart(caption, list(groups), [dots], x="accuracy"),
        table("Held-out reviews by length", ("", "reviews", "accuracy", "95%"), rows),
    ]


def _cells(fraction: Fraction) -> tuple[str, str, str]:
    return f"{fraction.reviews:,}", figure(fraction.value), interval(fraction.interval)
