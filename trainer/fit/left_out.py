"""Whole domains that a run doesn't learn from, and is measured on when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError
from trainer.data.reviews import Reviews, check_domains
from trainer.data.soft_reviews import SoftReviews


@dataclass(frozen=True)
class LeftOut:
    """The domains that a run doesn't learn from.

    Attributes:
        domains: their names.
        reviews: their labelled reviews, to report on; None where they have none.
    """

    domains: tuple[str, ...]
    reviews: Reviews | None


def set_apart(
    reviews: Reviews, domains: Sequence[str], soft: SoftReviews | None = None
) -> tuple[Reviews, LeftOut | None]:
    """Return the reviews of the other domains, and what is left out; None if nothing is.

    Args:
        reviews: labelled reviews.
        domains: names of the domains to leave out.
        soft: texts with probabilities, which may be of further domains.

    Raises:
        UsageError: there is no such domain.
        ReviewsError: no labelled review is left.
    """
    if not domains:
        return reviews, None
    known = set(reviews.domain_counts())
    if soft is not None and soft.domains is not None:
        known |= set(soft.domains.unique().drop_null().to_pylist())
    check_domains(domains, known, "--leave-out")
    if reviews.domains is None:
        return reviews, LeftOut(tuple(domains), None)
    out = np.asarray(pc.is_in(reviews.domains, pa.array(domains, pa.large_string())))
    if out.all():
        raise ReviewsError(
            f"training on {reviews.name}: --leave-out leaves no labelled review of it; name fewer "
            "domains"
        )
    left = reviews.take(np.flatnonzero(out)) if out.any() else None
    return reviews.take(np.flatnonzero(~out)), LeftOut(tuple(domains), left)
