"""The metrics of a run: what it reached on its held-out reviews, and on test reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scorer.card import SLOPE_PREFIX, ByLength, Metrics
from scorer.system.records import Json, from_json, optional, to_json
from trainer.data.reviews import ReviewsId
from trainer.measure.calibration import Line
from trainer.measure.intervals import Intervals


@dataclass(frozen=True)
class NamedLine:
    """The calibration: a line through the logits of the parts of a model.

    Attributes:
        slopes: slope of each part, by its name.
        shift: added to the sum.
    """

    slopes: Mapping[str, float]
    shift: float

    @classmethod
    def of(cls, line: Line, names: Sequence[str]) -> NamedLine:
        """Name the slopes of a line.

        >>> NamedLine.of(Line((0.5, 2.0), 0.1), ["lstm", "wide_1"]).slopes
        {'lstm': 0.5, 'wide_1': 2.0}
        """
        return cls(dict(zip(names, line.slopes, strict=True)), line.shift)


@dataclass(frozen=True)
class RunMetrics:
    """The metrics of a run, rounded to six decimal places.

    Attributes:
        calibration: the line that calibrates the model, fitted on the held-out reviews.
        by_length: the second step of the calibration; None where there is none, as in a run of an
            earlier release.
        held_out: metrics on the held-out reviews.
        held_out_before_calibration: the same without calibration.
        held_out_folds: number of folds if ``held_out`` is cross-fitted: each fold was read through
            a calibration fitted on the others. None if it was measured with the calibration that
            ships, which was fitted on the same reviews.
        held_out_intervals: 95% intervals of ``held_out``; a run of an earlier release has none.
        epoch: number of the epoch that was kept, from 1; of a network only.
        test: metrics on the test reviews, if there were any.
        test_intervals: 95% intervals of ``test``.
        test_data: the test reviews.
    """

    calibration: NamedLine
    held_out: Metrics
    held_out_before_calibration: Metrics
    by_length: ByLength | None = optional()
    held_out_folds: int | None = optional()
    held_out_intervals: Intervals | None = optional()
    epoch: int | None = optional()
    test: Metrics | None = optional()
    test_intervals: Intervals | None = optional()
    test_data: ReviewsId | None = optional()

    def to_json(self) -> Json:
        """Return the stored form: the calibration has a key ``slope_NAME`` for each part."""
        line = self.calibration
        slopes = {f"{SLOPE_PREFIX}{name}": slope for name, slope in line.slopes.items()}
        return to_json(self) | {"calibration": {**slopes, "shift": line.shift}}

    @classmethod
    def from_json(cls, stored: object) -> RunMetrics:
        """Read what :meth:`to_json` wrote.

        Raises:
            RecordError: a key is missing, unknown or wrong.
        """
        if isinstance(stored, dict) and "calibration" in stored:
            stored = stored | {"calibration": _with_slopes(stored["calibration"])}
        return from_json(cls, stored)


@dataclass(frozen=True)
class _StoredLine:
    calibration: Mapping[str, float]


def _with_slopes(stored: object) -> dict[str, Json]:
    """Gather the slopes, so that a calibration has the keys of :class:`NamedLine`."""
    numbers = from_json(_StoredLine, {"calibration": stored}).calibration
    slopes = {
        name.removeprefix(SLOPE_PREFIX): number
        for name, number in numbers.items()
        if name.startswith(SLOPE_PREFIX)
    }
    others = {name: one for name, one in numbers.items() if not name.startswith(SLOPE_PREFIX)}
    return {"slopes": slopes, **others}
