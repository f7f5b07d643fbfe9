"""What a model reached: overall, by domain, in its calibration, by length."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from exporter.card.parts import Bars, Curve, Paragraph, Part, Section, Table
from scorer.card import Card, DomainMetrics, Metrics, how_measured
from scorer.intervals import wilson_interval
from scorer.reference import LENGTH_EDGES, SCORE_EDGES, Counted, Reference

METRICS_HEAD = ("reviews", "accuracy", "AUC", "log loss", "Brier", "calibration error")
DOMAINS_HEAD = (
    "domain", "reviews", "accuracy", "balanced accuracy", "95% interval", "log loss",
    "calibration error",
)  # fmt: skip

# Between the groups of scores that calibration is shown in: logits from -4 to 4, each an edge of
# the reference's bins.
SCORE_GROUPS = tuple(10 * logit + 100 for logit in range(-4, 5))
# Between the groups of lengths, in tokens.
LENGTH_GROUPS = (8, 16, 32, 64, 128, 256, 512, 1024)
# Upper ends of the groups of unknown words, in hundredths.
UNKNOWN_GROUPS = (0, 1, 2, 5, 10, 20, 50, 100)


def percent(value: float) -> str:
    """Return a fraction as a percentage.

    >>> percent(0.913436)
    '91.34%'
    """
    return f"{value:.2%}"


def overall(card: Card) -> dict[str, tuple[Metrics, str]]:
    """Return the metrics by what they were measured on, and how, in words."""
    figures = card.figures
    found = {
        "held out": (figures.held_out, how_measured(card.calibration.folds)),
        "test": (figures.test, "reviews that had no say in it"),
        "left out": (figures.left_out, "reviews of domains that it didn't learn from"),
    }
    return {name: (one, how) for name, (one, how) in found.items() if one is not None}


def reached_section(card: Card) -> Section:
    """Return the section on accuracy."""
    rows = [
        [f"{name} ({how})", *_metrics(metrics)] for name, (metrics, how) in overall(card).items()
    ]
    parts: list[Part] = [Table("All reviews", ("measured on", *METRICS_HEAD), rows)]
    domains = card.figures.domains
    for name, measured in ({} if domains is None else domains.parts()).items():
        parts += _by_domain(name, measured)
    rounding = card.figures.rounding
    parts.append(
        Paragraph(
            f"Weights are stored in 8 and 16 bits. That moved no score of the held-out reviews by "
            f"more than {rounding.largest_change:g}, and changed the labels of "
            f"{percent(rounding.labels_changed)} of them."
        )
    )
    return Section("What it reached", parts)


def calibration_section(card: Card) -> Section:
    """Return the section on what a score means."""
    calibration = card.calibration
    line = [[name, f"{slope:g}"] for name, slope in calibration.slopes.items()]
    line.append(["shift", f"{calibration.shift:g}"])
    parts: list[Part] = [
        Paragraph(
            f"A score is meant as the probability of {card.labels[1]}. Method: "
            f"{calibration.method}. Calibration error on the held-out reviews: "
            f"{calibration.error_before:g} before, {calibration.error_after:g} after "
            f"({how_measured(calibration.folds)})."
        ),
        Table("The line through the logits", ("part", "slope or shift"), line),
    ]
    if card.reference is not None:
        parts += _reliability(card.reference.all, card.labels[1])
    return Section("What a score means", parts)


def length_section(card: Card) -> Section | None:
    """Return the section on short and long reviews; None if the file says nothing of them."""
    parts: list[Part] = []
    by_length = card.calibration.by_length
    if by_length is not None:
        knots = zip(by_length.knots, by_length.slopes, by_length.shifts, strict=True)
        rows = [[f"{knot:,}", f"{slope:g}", f"{shift:g}"] for knot, slope, shift in knots]
        head = ("tokens", "slope", "shift")
        parts.append(
            Table("Calibration by length, between these linear in its logarithm", head, rows)
        )
    if card.reference is not None:
        parts += _counted(card.reference)
    return Section("By length, and by words that it doesn't know", parts) if parts else None


def _metrics(metrics: Metrics) -> list[str]:
    return [
        f"{metrics.reviews:,}",
        percent(metrics.accuracy),
        f"{metrics.auc:.4f}",
        f"{metrics.log_loss:.4f}",
        f"{metrics.brier:.4f}",
        f"{metrics.calibration_error:.4f}",
    ]


def _by_domain(name: str, measured: Sequence[DomainMetrics]) -> list[Part]:
    balanced = [
        (one.domain, one.balanced_accuracy) for one in measured if one.balanced_accuracy is not None
    ]
    labels = [domain for domain, _ in balanced]
    heights = [round(100 * value, 2) for _, value in balanced]
    caption = f"By domain, {name}"
    bars = Bars(f"Balanced accuracy by domain, {name}", labels, {name: heights}, "%")
    table = Table(caption, DOMAINS_HEAD, [_domain(one) for one in measured])
    return [table, *([bars] if balanced else [])]


def _domain(one: DomainMetrics) -> list[str]:
    balanced, interval = one.balanced_accuracy, one.balanced_interval
    return [
        one.domain,
        f"{one.reviews:,}",
        percent(one.accuracy),
        "only one label" if balanced is None else percent(balanced),
        "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}",
        f"{one.log_loss:.4f}",
        f"{one.calibration_error:.4f}",
    ]


def _reliability(counted: Counted, positive: str) -> list[Part]:
    """Return how many reviews of each group of scores are positive, as a table and a curve."""
    bounds = (0, *SCORE_GROUPS, len(counted.positive))
    ends = (0.0, *(float(SCORE_EDGES[edge - 1]) for edge in SCORE_GROUPS), 1.0)
    rows, points = [], []
    for (first, last), (low, high) in zip(pairwise(bounds), pairwise(ends), strict=True):
        hits = sum(counted.positive[first:last])
        count = hits + sum(counted.negative[first:last])
        if not count:
            continue
        interval = wilson_interval(hits, count)
        told = f"{percent(interval[0])} to {percent(interval[1])}"
        rows.append([f"{low:.3f} to {high:.3f}", f"{count:,}", percent(hits / count), told])
        points.append((_mean_score(counted, first, last), hits / count, *interval))
    xs, ys, lows, highs = (list(column) for column in zip(*points, strict=True))
    head = ("score", "reviews", f"of these {positive}", "95% interval")
    caption = "Held-out reviews by score"
    return [
        Table(caption, head, rows),
        Curve(
            f"Scores, and how many of the reviews are {positive}", "held out, 95% band",
            xs, ys, lows, highs, "mean score", f"fraction {positive}",
        ),
    ]  # fmt: skip


def _mean_score(counted: Counted, first: int, last: int) -> float:
    """Return the mean of some bins of scores, each taken for the middle of its bin."""
    edges = np.concatenate([[0.0], SCORE_EDGES, [1.0]])
    middles = (edges[1:] + edges[:-1])[first:last] / 2
    counts = np.array(counted.positive[first:last]) + np.array(counted.negative[first:last])
    return round(float(np.average(middles, weights=counts)), 4)


def _counted(reference: Reference) -> list[Part]:
    counted = reference.all
    edges = [0, *(int(np.searchsorted(LENGTH_EDGES, edge)) + 1 for edge in LENGTH_GROUPS)]
    lows = ("1", *(f"{edge:,}" for edge in LENGTH_GROUPS))
    highs = (*(f"to {edge - 1:,}" for edge in LENGTH_GROUPS), "and more")
    names = [f"{low} {high}" for low, high in zip(lows, highs, strict=True)]
    lengths = _sums(counted.tokens, edges)
    unknown = _sums(counted.unknown, [0, *(end + 1 for end in UNKNOWN_GROUPS[:-1])])
    ends = ["none", *(f"more, up to {end}%" for end in UNKNOWN_GROUPS[1:])]
    total = counted.reviews
    return [
        Table(
            "Held-out reviews by length", ("tokens", "reviews", "share"), _shares(names, lengths)
        ),
        Bars("Held-out reviews by length, tokens", names, {"reviews": lengths}),
        Table(
            f"Held-out reviews by the part of their words that isn't among the model's ({total:,})",
            ("unknown words", "reviews", "share"),
            _shares(ends, unknown),
        ),
    ]


def _sums(counts: Sequence[int], starts: Sequence[int]) -> list[int]:
    return [sum(counts[first:last]) for first, last in pairwise([*starts, len(counts)])]


def _shares(names: Sequence[str], counts: Sequence[int]) -> list[list[str]]:
    total = sum(counts)
    pairs = zip(names, counts, strict=True)
    return [[name, f"{count:,}", percent(count / total)] for name, count in pairs]
