"""Drift without labels: how far the rows of a run lie from reviews that are known.

What a run is compared with is a norm: the held-out reviews of a model, those of one of its domains,
or the rows of a former run. Score, length and the fraction of unknown words are compared each, by
the population stability index (:mod:`scorer.insight.stability`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scorer.errors import UsageError
from scorer.insight.stability import chance, coarse, cuts, stability_index
from scorer.job.result import JobResult
from scorer.reference import LENGTH_EDGES, SCORE_EDGES, Bins, Counts, Reference
from scorer.system.records import optional

# An index from here on is drift, if nothing else is asked for: the usual rule of thumb.
THRESHOLD = 0.2
# The name of all held-out reviews together, unless a domain is called so.
ALL = "all"
# A domain of fewer held-out reviews is compared with only if it is named: chance alone gives an
# index of 0.4 there, half of what a fifth of noise does.
FEWEST_REVIEWS = 100
# Of each measure the lower bounds of its fine bins, but the first.
EDGES = {
    "score": tuple(round(float(edge), 6) for edge in SCORE_EDGES),
    "length": tuple(LENGTH_EDGES.tolist()),
    # A fraction lies above its bound: the first bin has none, the second up to 1%.
    "unknown": tuple(hundredth / 100 for hundredth in range(100)),
}


@dataclass(frozen=True)
class Norm:
    """What a run is compared with.

    Attributes:
        name: in words, such as "held-out reviews of films".
        bins: of its reviews.
    """

    name: str
    bins: Bins

    def __str__(self) -> str:
        return f"the {self.bins.rows:,} {self.name}"


@dataclass(frozen=True)
class Measure:
    """How far one measure of a run lies from the norm.

    Attributes:
        name: score, length (in tokens), or unknown (the fraction of unknown words).
        psi: the population stability index.
        chance: what chance exceeds about once in a thousand times, at this number of rows.
        is_drift: whether the index is at or above the threshold, and above chance.
        bounds: lower bound of each bin but the first.
        expected: rows of the norm in each bin.
        found: rows of the run.
    """

    name: str
    psi: float
    chance: float
    is_drift: bool
    bounds: tuple[float, ...]
    expected: Counts
    found: Counts


@dataclass(frozen=True)
class Drift:
    """How far the rows of a run lie from a norm.

    Attributes:
        norm: what they are compared with.
        threshold: from which an index beyond chance is drift.
        measures: score, length and unknown words; one that no row has is left out.
        is_nearest: whether no norm was named, and this is the nearest of several domains.
    """

    norm: Norm
    threshold: float
    measures: tuple[Measure, ...]
    is_nearest: bool = optional(False)

    @property
    def is_drift(self) -> bool:
        """Whether one of the measures drifted."""
        return any(one.is_drift for one in self.measures)

    @property
    def distance(self) -> float:
        """The sum of the indices."""
        return sum(one.psi for one in self.measures)


def find_drift(
    result: JobResult,
    *,
    domain: str | None = None,
    norm: Norm | None = None,
    threshold: float = THRESHOLD,
) -> Drift | None:
    """Compare the rows that a job scored with reviews that are known.

    Args:
        result: of the job. Files that were skipped have no rows here: they were told of when they
            were scored.
        domain: whose held-out reviews of the model are taken; "all" for all of them together. If
            None, the nearest of the domains, or all together if the model doesn't know several.
        norm: what to compare with instead, as ``scorer.reports.former.read_norm`` returns it.
        threshold: from which an index beyond chance is drift.

    Returns:
        What was found; None if no row was scored, or the model file holds no reference.

    Raises:
        UsageError: the model doesn't know the domain.
    """
    if norm is not None:
        return nearest_drift(result.bins, [norm], threshold)
    if result.reference is None:
        return None
    return nearest_drift(result.bins, norms_of(result.reference, domain), threshold)


def nearest_drift(
    bins: Bins,
    norms: Sequence[Norm],
    threshold: float = THRESHOLD,
    *,
    is_nearest: bool | None = None,
) -> Drift | None:
    """Compare rows with the nearest of some norms; None without rows, or without norms.

    Args:
        bins: of the rows.
        norms: what to compare with.
        threshold: from which an index beyond chance is drift.
        is_nearest: whether no norm was named; so it is by default if there are several.
    """
    if not norms or not bins.rows:
        return None
    unnamed = len(norms) > 1 if is_nearest is None else is_nearest
    drifts = [
        Drift(norm, threshold, tuple(_measures(bins, norm.bins, threshold)), unnamed)
        for norm in norms
    ]
    return min(drifts, key=lambda drift: drift.distance)


def norms_of(reference: Reference, domain: str | None = None) -> tuple[Norm, ...]:
    """Return what a model's reference offers to compare with.

    Args:
        reference: of the model.
        domain: the one to take; "all" for all held-out reviews.

    Raises:
        UsageError: the model doesn't know the domain.
    """
    together = Norm("held-out reviews", reference.all.bins)
    domains = {
        name: Norm(f"held-out reviews of {name}", counted.bins)
        for name, counted in (reference.domains or {}).items()
    }
    if domain is not None:
        known = {ALL: together} | domains
        if domain not in known:
            raise UsageError(
                f"reading the options: the model knows no domain {domain!r}; name one of "
                f"{', '.join(known)}"
            )
        return (known[domain],)
    large = tuple(norm for norm in domains.values() if norm.bins.rows >= FEWEST_REVIEWS)
    return large or (together,)


def _measures(bins: Bins, norm: Bins, threshold: float) -> Iterator[Measure]:
    for name in EDGES:
        expected, found = getattr(norm, name), getattr(bins, name)
        if any(expected) and any(found):
            yield _measure(name, expected, found, threshold)


def _measure(name: str, expected: Counts, found: Counts, threshold: float) -> Measure:
    bounds = cuts(expected)
    one, two = coarse(expected, bounds), coarse(found, bounds)
    psi = stability_index(one, two)
    by_chance = chance(len(one), sum(expected), sum(found))
    return Measure(
        name,
        round(psi, 6),
        round(by_chance, 6),
        psi >= threshold and psi > by_chance,
        tuple(EDGES[name][bound - 1] for bound in bounds),
        tuple(one.tolist()),
        tuple(two.tolist()),
    )
