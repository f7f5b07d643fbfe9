"""The card of a model file: what scoring needs beside the graph, and what the model is.

The card is stored in the ONNX file's ``metadata_props``, which onnxruntime returns by itself, so
the scorer needs no ``onnx`` package. The exporter writes with this code: both sides have one
contract.

    review_sentiment    the seal, see :mod:`scorer.modelfile`
    tokenizer           rules and token limit, JSON
    vocabulary          the words, one a line; the first has id 2
    labels, threshold   ["negative", "positive"], and the lowest score of a positive review, JSON
    calibration         how the logits became probabilities, JSON
    golden              example sentences with their expected scores, JSON
    figures             what the model reached, JSON
    origin              data, command, settings, versions, date, JSON
    reference           the held-out reviews counted in bins, JSON; may be missing
    base                the model that it was adapted from, JSON; only of an adapted model. Apart
                        from the origin, so that scorers of before read the file, too
    token_table         texts with their token ids, JSON, see :mod:`scorer.token_table`; may be
                        missing. Loading a model doesn't read it
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from scorer.errors import ModelRefused, one_line
from scorer.modelfile import SEAL_KEY, UNSEALED
from scorer.reference import Reference
from scorer.system.records import Json, RecordError, from_json, optional, to_json
from scorer.tokenizer import Tokenizer
from scorer.words.rules import read_rules

SLOPE_PREFIX = "slope_"
BASE_KEY = "base"
# Bounds of a calibration by length: a file can't make its readers build large tables.
MOST_KNOTS = 32
LARGEST_KNOT = 1_000_000
# A file can't make its readers build large batches.
MOST_STEP_TOKENS = 8


@dataclass(frozen=True)
class Golden:
    """A sentence, and the score that the model gave it when it was exported."""

    text: str
    score: float


@dataclass(frozen=True)
class Metrics:
    """How well scores fit labels.

    Attributes:
        reviews: number of scored reviews.
        accuracy: fraction of them on the right side of 0.5.
        auc: area under the ROC curve.
        log_loss: mean negative log likelihood, in nats.
        brier: mean squared difference of score and label.
        calibration_error: expected calibration error in 15 bins of equal width
            (Guo et al. 2017, arXiv:1706.04599).
    """

    reviews: int
    accuracy: float
    auc: float
    log_loss: float
    brier: float
    calibration_error: float


@dataclass(frozen=True)
class DomainMetrics:
    """How well scores fit the labels of one domain.

    Attributes:
        domain: its name.
        reviews: number of scored reviews.
        accuracy: fraction of them on the right side of 0.5.
        balanced_accuracy: mean of the recalls of both labels; None where one doesn't occur.
        balanced_interval: its 95% interval, lowest and highest.
        log_loss: mean negative log likelihood, in nats.
        calibration_error: expected calibration error in 15 bins of equal width, or under 2,000
            reviews in ten bins of equal count.
    """

    domain: str
    reviews: int
    accuracy: float
    balanced_accuracy: float | None
    balanced_interval: tuple[float, float] | None
    log_loss: float
    calibration_error: float


@dataclass(frozen=True, kw_only=True)
class ByDomain:
    """What a model reached on each domain.

    Attributes:
        held_out: on the reviews held out of training.
        left_out: on the reviews of domains that it didn't learn from.
        test: on the test reviews of the run.
    """

    held_out: tuple[DomainMetrics, ...] = optional(())
    left_out: tuple[DomainMetrics, ...] = optional(())
    test: tuple[DomainMetrics, ...] = optional(())

    def parts(self) -> dict[str, tuple[DomainMetrics, ...]]:
        """Return the metrics of the domains, by what they were measured on; in words."""
        parts = {"held out": self.held_out, "left out": self.left_out, "test": self.test}
        return {name: part for name, part in parts.items() if part}


@dataclass(frozen=True)
class Rounding:
    """The cost of storing weights in 8 and 16 bits, on the held-out reviews.

    Attributes:
        largest_change: largest change of a score.
        labels_changed: fraction of reviews whose label changed.
    """

    largest_change: float
    labels_changed: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the model reached.

    Attributes:
        held_out: on the reviews held out of training.
        test: on the test reviews of the run, if there were any.
        left_out: on the reviews of domains that the run didn't learn from, if there were any.
        domains: the same for each domain, if there were several.
        rounding: what storing the weights in fewer bits cost.
    """

    held_out: Metrics
    test: Metrics | None = optional()
    left_out: Metrics | None = optional()
    domains: ByDomain | None = optional()
    rounding: Rounding

    def counts(self) -> list[int]:
        """Return the numbers of held-out reviews, and of reviews of each domain."""
        parts = {} if self.domains is None else self.domains.parts()
        return [self.held_out.reviews, *(one.reviews for part in parts.values() for one in part)]


@dataclass(frozen=True)
class ByLength:
    """The second step of a calibration: ``slope · logit + shift``, by the length of a review.

    Both are piecewise linear in the logarithm of the length, and constant beyond the knots.

    Attributes:
        knots: lengths in tokens, rising; a review has as many as the model reads of it.
        slopes: slope at each knot, above 0.
        shifts: shift at each knot.
    """

    knots: tuple[int, ...]
    slopes: tuple[float, ...]
    shifts: tuple[float, ...]

    def check(self) -> None:
        """Check values that come from a file.

        Raises:
            RecordError: they make no sense.
        """
        knots = self.knots
        counts = {len(knots), len(self.slopes), len(self.shifts)}
        if len(counts) > 1 or not 1 <= len(knots) <= MOST_KNOTS:
            raise RecordError(
                f"the calibration by length has {len(knots)} knots, {len(self.slopes)} slopes and "
                f"{len(self.shifts)} shifts, not one each for 1 to {MOST_KNOTS} lengths"
            )
        rising = all(low < high for low, high in pairwise((0, *knots)))
        if not rising or knots[-1] > LARGEST_KNOT:
            raise RecordError(
                f"the knots of the calibration by length are {list(knots)!r:.80}, not rising "
                f"numbers from 1 to {LARGEST_KNOT}"
            )
        if min(self.slopes) <= 0:
            raise RecordError(
                f"a slope of the calibration by length is {min(self.slopes):g}, not above 0"
            )


@dataclass(frozen=True)
class Calibration:
    """The line through the logits that makes scores mean what they say, and what follows it.

    Attributes:
        method: what was fitted.
        slopes: slope of each part of the model, by its name.
        shift: added to the logit.
        error_before: calibration error on the held-out reviews, without the line.
        error_after: with it.
        folds: number of folds of the held-out reviews, if the figures on them are cross-fitted:
            each fold was read through a line fitted on the others. None if they were measured with
            the line itself, which was fitted on the same reviews, or if a file doesn't say.
        by_length: what follows the line, if anything does.
    """

    method: str
    slopes: Mapping[str, float]
    shift: float
    error_before: float
    error_after: float
    folds: int | None = optional()
    by_length: ByLength | None = optional()

    def to_json(self) -> dict[str, Json]:
        """Return the stored form: a key ``slope_NAME`` for each part."""
        slopes = {f"{SLOPE_PREFIX}{name}": slope for name, slope in self.slopes.items()}
        ends = {"error_before": self.error_before, "error_after": self.error_after}
        folds = {} if self.folds is None else {"folds": self.folds}
        by_length = {} if self.by_length is None else {"by_length": to_json(self.by_length)}
        return {"method": self.method, **slopes, "shift": self.shift, **ends, **folds, **by_length}

    @classmethod
    def from_json(cls, stored: object) -> Calibration:
        """Read what :meth:`to_json` wrote.

        Raises:
            RecordError: a key is missing, unknown or wrong.
        """
        if not isinstance(stored, dict):
            raise RecordError(f"the calibration is {stored!r:.80}, not an object")
        slopes = {
            name.removeprefix(SLOPE_PREFIX): slope
            for name, slope in stored.items()
            if name.startswith(SLOPE_PREFIX)
        }
        rest = {name: one for name, one in stored.items() if not name.startswith(SLOPE_PREFIX)}
        return from_json(cls, rest | {"slopes": slopes}, "calibration")


def how_measured(folds: int | None) -> str:
    """Return in words how figures on held-out reviews were measured.

    >>> how_measured(5), how_measured(None)
    ('cross-fitted, 5 folds', 'not cross-fitted')
    """
    return "not cross-fitted" if folds is None else f"cross-fitted, {folds} folds"


@dataclass(frozen=True)
class Teacher:
    """A run that labelled reviews for the model: its folder's name, command and fingerprint."""

    name: str
    command: str
    sha256: str


@dataclass(frozen=True)
class TrainingData:
    """What a model learned from.

    Attributes:
        name: of the data, without the folders that lead to it.
        reviews: number of labelled reviews.
        sha256: of their texts and labels, in hex.
        held_out: number of labelled reviews held out of training.
        grouped: whether reviews of one group were held out together.
        unlabeled: number of reviews without a label, if there were any.
        unlabeled_sha256: of their texts, in hex.
        teachers: the runs that labelled them.
        soft_labels: number of texts that came with a probability, if there were any.
        soft_labels_sha256: of texts, probabilities and groups, in hex.
        domains: number of labelled reviews of each domain, by its name, if the data tell.
        left_out: the same of domains that it didn't learn from; they aren't among ``reviews``.
        held_out_marked: whether the data said which reviews were held out.
    """

    name: str
    reviews: int
    sha256: str
    held_out: int
    grouped: bool
    unlabeled: int | None = optional()
    unlabeled_sha256: str | None = optional()
    teachers: tuple[Teacher, ...] = optional(())
    soft_labels: int | None = optional()
    soft_labels_sha256: str | None = optional()
    domains: Mapping[str, int] | None = optional()
    left_out: Mapping[str, int] | None = optional()
    held_out_marked: bool = optional(False)

    def counts(self) -> list[int]:
        """Return every number of reviews."""
        named = [*(self.domains or {}).values(), *(self.left_out or {}).values()]
        return [self.reviews, self.held_out, self.unlabeled or 0, self.soft_labels or 0, *named]


@dataclass(frozen=True)
class Base:
    """The model that an adapted model was made from.

    Attributes:
        name: name of the model file, or of the run folder.
        sha256: of the file, or of the run's manifest, in hex.
        command: the command line that made it.
        data: what it learned from.
        base: the model that it was adapted from itself, if it was.
    """

    name: str
    sha256: str
    command: str
    data: TrainingData
    base: Base | None = optional()

    def line_of_descent(self) -> list[Base]:
        """Return this model, the one that it was adapted from, and so on."""
        return [self, *([] if self.base is None else self.base.line_of_descent())]


@dataclass(frozen=True)
class Provenance:
    """Where a trained model comes from.

    Attributes:
        data: what it learned from.
        command: the trainer's command line.
        settings: all settings of the run.
        versions: of Python and the packages, by name.
        date: ISO 8601, UTC.
        base: the model that it was adapted from, if it was; ``data`` are then the reviews that it
            was adapted to.
    """

    data: TrainingData
    command: str
    settings: Mapping[str, bool | int | float | str]
    versions: Mapping[str, str]
    date: str
    base: Base | None = optional()

    @property
    def step_tokens(self) -> int:
        """Tokens that the LSTM reads in one step: it decides how rows are packed, and no score."""
        stored = self.settings.get("step_tokens", 1)
        is_known = isinstance(stored, int) and 1 <= stored <= MOST_STEP_TOKENS
        return int(stored) if is_known else 1

    def counts(self) -> list[int]:
        """Return every number of reviews, those of the models that it was adapted from, too."""
        bases = [] if self.base is None else self.base.line_of_descent()
        sets = [self.data, *(one.data for one in bases)]
        return [count for data in sets for count in data.counts()]


@dataclass(frozen=True)
class StoredTokenizer:
    """What the metadata hold under ``tokenizer``."""

    rules: object
    max_tokens: int


@dataclass(frozen=True)
class StoredLabels:
    """What the metadata hold under ``labels``, ``threshold`` and ``golden``."""

    labels: tuple[str, str]
    threshold: float
    golden: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Card:
    """Everything that a model file holds beside its graph.

    Attributes:
        tokenizer: vocabulary, rules, token limit.
        labels: the word for a score below the threshold, and the word for the others.
        threshold: the lowest score of a positive review.
        calibration: how the logits became probabilities.
        golden: examples that the scorer checks when it loads the model.
        figures: what the model reached.
        provenance: where it comes from.
        reference: the held-out reviews counted in bins; a file of an earlier release has none.
    """

    tokenizer: Tokenizer
    labels: tuple[str, str]
    threshold: float
    calibration: Calibration
    golden: tuple[Golden, ...]
    figures: Figures
    provenance: Provenance
    reference: Reference | None = None

    def is_positive(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Return which scores make a review positive: the only place of the threshold rule.

        Args:
            scores: ``float32[rows]``; NaN is not positive.
        """
        return np.asarray(scores >= np.float32(self.threshold))

    def to_metadata(self) -> dict[str, str]:
        """Return the metadata of an unsealed model file; ``modelfile.seal`` puts the digest in."""
        rules: Json = {
            "rules": self.tokenizer.rules.to_dict(),
            "max_tokens": self.tokenizer.max_tokens,
        }
        base = self.provenance.base
        reference = {} if self.reference is None else {"reference": _dump(to_json(self.reference))}
        return {
            SEAL_KEY: UNSEALED,
            "tokenizer": _dump(rules),
            "vocabulary": "\n".join(self.tokenizer.words),
            "labels": _dump(list(self.labels)),
            "threshold": _dump(self.threshold),
            "calibration": _dump(self.calibration.to_json()),
            "golden": _dump([[golden.text, golden.score] for golden in self.golden]),
            "figures": _dump(to_json(self.figures)),
            "origin": _dump(to_json(replace(self.provenance, base=None))),
            **reference,
            **({} if base is None else {BASE_KEY: _dump(to_json(base))}),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Card:
        """Read what :meth:`to_metadata` wrote.

        Raises:
            ModelRefused: a key is missing, unknown or wrong, the rules are of another version, or
                nothing could be scored with them.
        """
        try:
            card = cls._read(metadata)
            card.tokenizer.check()
            card.check()
        except RecordError as error:
            raise ModelRefused(
                f"its metadata are garbled: {error}; export it again with this release"
            ) from error
        except RecursionError as error:
            raise ModelRefused(
                "its metadata are garbled: JSON is nested too deeply; "
                "export it again with this release"
            ) from error
        except (KeyError, ValueError, TypeError) as error:
            raise ModelRefused(
                f"its metadata lack or garble {one_line(error):.200}; "
                "export it again with this release"
            ) from error
        return card

    @classmethod
    def _read(cls, metadata: Mapping[str, str]) -> Card:
        names = ("tokenizer", "labels", "threshold", "calibration", "golden", "figures", "origin")
        values = {name: _load(name, metadata[name]) for name in names}
        tokenizer = from_json(StoredTokenizer, values["tokenizer"], "tokenizer")
        stored = from_json(
            StoredLabels, {name: values[name] for name in ("labels", "threshold", "golden")}
        )
        words = tuple(metadata["vocabulary"].split("\n"))
        provenance = from_json(Provenance, values["origin"], "origin")
        if BASE_KEY in metadata:
            base = from_json(Base, _load(BASE_KEY, metadata[BASE_KEY]), BASE_KEY)
            provenance = replace(provenance, base=base)
        reference = None
        if "reference" in metadata:
            stored_reference = _load("reference", metadata["reference"])
            reference = from_json(Reference, stored_reference, "reference")
        return cls(
            tokenizer=Tokenizer(words, read_rules(tokenizer.rules), tokenizer.max_tokens),
            labels=stored.labels,
            threshold=stored.threshold,
            calibration=Calibration.from_json(values["calibration"]),
            golden=tuple(Golden(*golden) for golden in stored.golden),
            figures=from_json(Figures, values["figures"], "figures"),
            provenance=provenance,
            reference=reference,
        )

    def check(self) -> None:
        """Check that labels, threshold and examples make sense.

        Raises:
            RecordError: one of them doesn't.
        """
        if not all(self.labels) or self.labels[0] == self.labels[1]:
            raise RecordError(f"the labels are {self.labels!r:.80}, not two different words")
        # As the rule compares it: what rounds to 0 or 1 gives every review the same label.
        if not (0 < self.threshold < 1 and 0 < np.float32(self.threshold) < 1):
            raise RecordError(f"the threshold is {self.threshold:g}, not between 0 and 1")
        if not self.golden:
            raise RecordError("there are no example sentences to check the model with")
        wrong = [golden.score for golden in self.golden if not 0 <= golden.score <= 1]
        if wrong:
            raise RecordError(f"an example sentence has the score {wrong[0]:g}, not one in [0, 1]")
        folds = self.calibration.folds
        if folds is not None and folds < 2:
            raise RecordError(
                f"the figures are cross-fitted over {folds!r:.20} folds, not 2 or more"
            )
        if self.calibration.by_length is not None:
            self.calibration.by_length.check()
        if self.reference is not None:
            self.reference.check()
        counts = [*self.figures.counts(), *self.provenance.counts()]
        if min(counts) < 0:
            raise RecordError(f"a number of reviews is {min(counts)!r:.20}, less than 0")


def _load(name: str, text: str) -> object:
    """Read JSON whose numbers are finite and whose strings are Unicode."""
    try:
        value: object = json.loads(text, parse_constant=_refuse_number, parse_float=_finite)
        # Half of a surrogate pair can be written in JSON, but in no column.
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise RecordError(f"{name} is not JSON: {error}") from error
    except UnicodeEncodeError as error:
        raise RecordError(f"{name} holds half of a surrogate pair") from error
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse_number(digits)


def _refuse_number(digits: str) -> NoReturn:
    raise RecordError(f"the number {digits:.80} isn't finite")


def _dump(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
