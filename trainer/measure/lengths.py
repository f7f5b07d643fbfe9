"""Calibration by length: after the line, a slope and a shift for each number of tokens.

A logit of 2 of a short review doesn't mean what it means of a long one. So the second step is
``slope(n) · logit + shift(n)``, n being the number of tokens that the model reads. Both are
piecewise linear in log n between a few knots and constant beyond them. They are fitted on the
held-out reviews and on a crop of each, since these may have few short ones; the record is
:class:`scorer.card.ByLength`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.card import ByLength

# Half a sentence, a sentence, a few, a paragraph, a page.
KNOTS = (5, 12, 30, 80, 200)

# Fewer held-out reviews don't bear ten numbers more: where the line was right, other reviews lost
# 0.002 nats if it was fitted on 500, and 0.001 on 1,000. Measured: tests/benchmarks/README.md.
LEAST_REVIEWS = 1000

# A squared distance of 1 from the line's slope or shift weighs as much as a log loss of so many
# nats, summed over the reviews: what few reviews say leaves the line only a little.
PENALTY = 3.0

# Importance of a crop; a whole review has 1. A crop bears the label of its review, which is wrong
# for many. Measured: tests/benchmarks/README.md.
CROP_WEIGHT = 0.1

# Above 0, so that the order of scores within one length never turns.
LOWEST, HIGHEST = 0.1, 10.0

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Lengths:
    """What a calibration by length is fitted on, besides labels and logits of the reviews.

    Attributes:
        reviews: ``int64[reviews]``, the number of tokens that the model reads of each.
        crops: ``int64[reviews]``, the same of a crop of each; None where there are no crops.
        crop_logits: ``float[reviews]`` for each part of the model, of the crops.
    """

    reviews: npt.NDArray[np.int64]
    crops: npt.NDArray[np.int64] | None = None
    crop_logits: tuple[Floats, ...] = ()

    def take(self, rows: npt.NDArray[np.bool_]) -> Lengths:
        """Return what belongs to some of the reviews, ``bool[reviews]``."""
        crops = None if self.crops is None else self.crops[rows]
        return Lengths(self.reviews[rows], crops, tuple(part[rows] for part in self.crop_logits))

    @property
    def are_enough(self) -> bool:
        """Whether there are enough reviews to fit on."""
        return len(self.reviews) >= LEAST_REVIEWS


def fit_by_length(
    labels: npt.NDArray[np.floating] | npt.NDArray[np.int8],
    logits: Floats,
    lengths: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
) -> ByLength:
    """Return slopes and shifts at the knots, of the lowest penalised log loss.

    Args:
        labels: ``[texts]``, 0 or 1, or a probability of positive.
        logits: ``float[texts]``, after the line.
        lengths: ``int64[texts]``, tokens read.
        weights: ``float64[texts]``, importance of each.
    """
    from scipy.optimize import minimize

    shares = _shares(lengths)
    points = np.concatenate([shares * logits[:, None], shares], axis=1)
    start = np.repeat([1.0, 0.0], len(KNOTS))

    def loss(values: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        fitted, off = points @ values, values - start
        total = weights @ (np.logaddexp(0, fitted) - labels * fitted) + PENALTY * off @ off
        errors = weights * (1 / (1 + np.exp(-fitted)) - labels)
        return float(total), errors @ points + 2 * PENALTY * off

    bounds = [(LOWEST, HIGHEST)] * len(KNOTS) + [(-HIGHEST, HIGHEST)] * len(KNOTS)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    values = [round(float(value), 4) for value in best]
    return ByLength(KNOTS, tuple(values[: len(KNOTS)]), tuple(values[len(KNOTS) :]))


def length_tables(by_length: ByLength) -> npt.NDArray[np.float32]:
    """Return slope and shift of each length up to the last knot, ``float32[2, last knot + 1]``.

    A longer review has those of the last knot.

    >>> slopes, _ = length_tables(ByLength((1, 4), (1.0, 2.0), (0.0, -1.0))).astype(float)
    >>> slopes.round(3).tolist()
    [1.0, 1.0, 1.5, 1.792, 2.0]
    """
    logs = np.log(np.maximum(np.arange(by_length.knots[-1] + 1), 1))
    knots = np.log(by_length.knots)
    tables = [np.interp(logs, knots, values) for values in (by_length.slopes, by_length.shifts)]
    return np.stack(tables).astype(np.float32)


def calibrate_by_length(
    by_length: ByLength, logits: Floats, lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the logits after the second step, ``float64[texts]``.

    Args:
        by_length: slopes and shifts at the knots.
        logits: ``float[texts]``, after the line.
        lengths: ``int64[texts]``, tokens read.
    """
    slopes, shifts = _at(by_length, lengths)
    return np.asarray(slopes * logits + shifts)


def undo_by_length(
    by_length: ByLength, logits: Floats, lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the logits before the second step: the inverse of :func:`calibrate_by_length`."""
    slopes, shifts = _at(by_length, lengths)
    return np.asarray((logits - shifts) / slopes)


def _at(by_length: ByLength, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return slope and shift of each text, ``float64[2, texts]``."""
    index = np.minimum(lengths, by_length.knots[-1])
    return length_tables(by_length)[:, index].astype(np.float64)


def _shares(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return by how much the value at each knot counts, ``float64[texts, knots]``."""
    logs, knots = np.log(np.maximum(lengths, 1)), np.log(KNOTS)
    return np.stack([np.interp(logs, knots, one) for one in np.eye(len(KNOTS))], axis=1)
