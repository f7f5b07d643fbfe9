"""What a run reached on each domain, drawn with intervals and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scorer.card import ByDomain, DomainMetrics
from scorer.pages.charts import Dots, interval_chart
from scorer.pages.page import folded, paragraph, section
from scorer.pages.tables import table
from trainer.measure.domains import mean_balanced_accuracy
from trainer.measure.groups import Fraction
from trainer.report.measured import figure, interval

HEAD = (
    "", "reviews", "accuracy", "95%", "balanced accuracy", "95%", "log loss", "calibration error",
)  # fmt: skip
ONE_DOMAIN = "The run knows of no domains, or of one only."
TELLS = (
    "Balanced accuracy is the mean of the recalls of both labels; a domain of which all reviews "
    "have one label has none."
)
NAMES = {"held out": "held out", "left out": "left out of training", "test": "test"}


def by_domain(domains: ByDomain | None) -> list[str]:
    """Return the section of the domains; a sentence where there are not several."""
    if domains is None or not domains.parts():
        return [section("By domain", paragraph(ONE_DOMAIN))]
    return [section("By domain", _chart(domains), paragraph(TELLS), *_tables(domains))]


def _tables(domains: ByDomain) -> list[str]:
    tables = []
    for part, measured in domains.parts().items():
        caption = f"All figures of each domain, {NAMES[part]}"
        rows = [*map(_row, measured), *_mean(measured)]
        tables.append(folded(caption, table(caption, HEAD, rows)))
    return tables


def _chart(domains: ByDomain) -> str:
    """Draw the balanced accuracy of each domain, the lowest first."""
    parts = domains.parts()
    names = _by_accuracy([one for measured in parts.values() for one in measured])
    dots = [_dots(NAMES[part], measured, names) for part, measured in parts.items()]
    caption = "Balanced accuracy by domain, with 95% intervals"
    return interval_chart(caption, names, dots, x="balanced accuracy")


def _by_accuracy(measured: Sequence[DomainMetrics]) -> list[str]:
    """Return the domains that have a balanced accuracy, by the first that is told of each."""
    first: dict[str, float] = {}
    for one in measured:
        if one.balanced_accuracy is not None:
            first.setdefault(one.domain, one.balanced_accuracy)
    return sorted(first, key=first.__getitem__)


def _dots(name: str, measured: Sequence[DomainMetrics], names: Sequence[str]) -> Dots:
    nothing = (math.nan, (math.nan, math.nan))
    known = {
        one.domain: (one.balanced_accuracy, one.balanced_interval)
        for one in measured
        if one.balanced_accuracy is not None and one.balanced_interval is not None
    }
    values, ends = zip(*(known.get(one, nothing) for one in names), strict=True)
    low, high = zip(*ends, strict=True)
    return Dots(name, values, low, high)


def _row(one: DomainMetrics) -> list[str]:
    accuracy = Fraction(round(one.accuracy * one.reviews), one.reviews)
    return [
        one.domain,
        f"{one.reviews:,}",
        *(figure(one.accuracy), interval(accuracy.interval)),
        *(figure(one.balanced_accuracy), interval(one.balanced_interval)),
        *(figure(one.log_loss), figure(one.calibration_error)),
    ]


def _mean(measured: Sequence[DomainMetrics]) -> list[list[str]]:
    """Return a row with the mean balanced accuracy, if several domains have one."""
    known = sum(one.balanced_accuracy is not None for one in measured)
    if known < 2:
        return []
    mean = figure(mean_balanced_accuracy(measured))
    return [[f"mean of {known}", "", "", "", mean, "", "", ""]]
