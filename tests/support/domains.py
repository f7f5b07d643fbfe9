"""Made-up reviews of several domains, and files of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from marked import marked_reviews, strings
from trainer.data.reviews import Reviews


def in_domains(counts: Mapping[str, int]) -> Reviews:
    """Return reviews that each hold a word of their own, as many of each domain as ``counts``."""
    reviews = marked_reviews(sum(counts.values()))
    names = [name for name, count in counts.items() for _ in range(count)]
    return replace(reviews, domains=strings(names))


def write_reviews_of(path: Path, reviews: Reviews, **columns: object) -> Path:
    """Write reviews with what is known of them, and further columns."""
    known = {
        "review_id": reviews.ids,
        "domain": reviews.domains,
        "film": reviews.groups,
        "held_out": reviews.held_out,
        **columns,
    }
    table: dict[str, object] = {"review": reviews.texts, "label": reviews.labels}
    table |= {name: values for name, values in known.items() if values is not None}
    pq.write_table(pa.table(table), path)
    return path


def texts_of(reviews: Reviews, domain: str) -> set[str]:
    """Return the texts of one domain."""
    rows = reviews.rows_of_domains().get(domain, np.zeros(0, np.int64))
    return set(reviews.take(rows).texts.to_pylist())
