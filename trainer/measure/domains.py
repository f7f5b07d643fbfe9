"""Metrics of each domain. The record is :class:`scorer.card.DomainMetrics`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scorer.card import ByDomain, DomainMetrics
from scorer.intervals import Interval, wilson_interval
from scorer.system.escape import escaped
from trainer.data.reviews import Reviews
from trainer.measure.intervals import mean_interval
from trainer.measure.metrics import STORED_DIGITS, calibration_error, loss_and_accuracy

# A domain of fewer reviews is measured in bins of equal count: of equal width, most hold few.
REVIEWS_FOR_WIDTHS = 2_000
BINS_OF_COUNT = 10
INTERVAL_DIGITS = 4


def measure_domains(
    scores: npt.NDArray[np.float32], reviews: Reviews | None
) -> tuple[DomainMetrics, ...]:
    """Measure the scores of each domain, in alphabetical order; none where no domain is known.

    Args:
        scores: ``float32[reviews]``, NaN for a review without a token; these are left out.
        reviews: labelled reviews, if there are any.
    """
    if reviews is None or reviews.domains is None:
        return ()
    measured = []
    for domain, rows in reviews.rows_of_domains().items():
        scored = rows[~np.isnan(scores[rows])]
        if len(scored):
            measured.append(measure_domain(domain, scores[scored], reviews.labels[scored]))
    return tuple(measured)


def measure_domain(
    domain: str, scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]
) -> DomainMetrics:
    """Measure scores against the labels of one domain.

    Args:
        domain: its name.
        scores: ``float32[reviews]``, in [0, 1]; at least one.
        labels: ``int8[reviews]``.
    """
    loss, accuracy = loss_and_accuracy(scores, labels)
    balanced = balanced_accuracy(scores, labels)
    interval = None if balanced is None else balanced_interval(scores, labels)
    return DomainMetrics(
        domain=escaped(domain),
        reviews=len(labels),
        accuracy=round(accuracy, STORED_DIGITS),
        balanced_accuracy=None if balanced is None else round(balanced, STORED_DIGITS),
        balanced_interval=interval,
        log_loss=loss,
        calibration_error=round(error_of_domain(scores, labels), STORED_DIGITS),
    )


def balanced_accuracy(
    scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]
) -> float | None:
    """Return the mean of the recalls of both labels; None where one doesn't occur.

    >>> balanced_accuracy(np.array([0.9, 0.8, 0.1], np.float32), np.array([1, 0, 0], np.int8))
    0.75
    """
    recalls = [hits / count for hits, count in _hits(scores, labels) if count]
    return sum(recalls) / 2 if len(recalls) == 2 else None


def balanced_interval(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> Interval:
    """Return the 95% interval of the balanced accuracy of reviews of both labels."""
    hits = _hits(scores, labels)
    recalls = [right / count for right, count in hits]
    low, high = mean_interval(recalls, [wilson_interval(right, count) for right, count in hits])
    return round(low, INTERVAL_DIGITS), round(high, INTERVAL_DIGITS)


def error_of_domain(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> float:
    """Return the calibration error of one domain; see :class:`scorer.card.DomainMetrics`.

    >>> error_of_domain(np.array([0.75, 0.25], np.float32), np.array([1, 0], np.int8))
    0.25
    """
    exact = scores.astype(np.float64)
    if len(labels) >= REVIEWS_FOR_WIDTHS:
        return calibration_error(exact, labels)
    gaps = (exact - labels)[np.argsort(exact, kind="stable")]
    return float(sum(abs(part.sum()) for part in np.array_split(gaps, BINS_OF_COUNT)) / len(labels))


def mean_balanced_accuracy(domains: Sequence[DomainMetrics]) -> float | None:
    """Return the mean balanced accuracy of the domains that have one; None where none has."""
    known = [one.balanced_accuracy for one in domains if one.balanced_accuracy is not None]
    return round(sum(known) / len(known), STORED_DIGITS) if known else None


def tells_several(domains: ByDomain) -> bool:
    """Whether the metrics are of two domains or more."""
    return len({one.domain for part in domains.parts().values() for one in part}) > 1


def _hits(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> list[tuple[int, int]]:
    """Return for each label how many reviews are on its side, and how many there are."""
    positive = scores >= 0.5
    return [
        (
            int(np.count_nonzero(positive[labels == label] == bool(label))),
            int((labels == label).sum()),
        )
        for label in (0, 1)
    ]
