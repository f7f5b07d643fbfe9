"""Several sources read as one set of reviews, whose groups and ids stay apart.

A source without a column of domains is one domain, named by its file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scorer.errors import ReviewsError, UsageError
from scorer.system.escape import escaped
from scorer.tables.endings import ALL, endings_of
from trainer.data.reviews import Reviews
from trainer.data.sources import read_reviews
from trainer.data.table_columns import DOMAIN
from trainer.data.tables import USUAL_LAYOUT, Layout

# A column of more values tells other things than domains: users, say, or web sites.
MOST_DOMAINS = 100
ENDINGS = (*endings_of(ALL), ".tar.gz", ".tgz")


def read_several(
    sources: Sequence[Path],
    layout: Layout = USUAL_LAYOUT,
    part: str = "train",
    say: Callable[[str], None] = lambda line: None,
) -> Reviews:
    """Read labelled reviews of one or several sources.

    Of several sources, those that lack the column of groups, or the one that says what is held out,
    are read without it. One source without domains has none; several have one each.

    Args:
        sources: at least one; each is what :func:`trainer.data.sources.read_reviews` reads.
        layout: columns, labels and encoding of tables.
        part: ``train`` or ``test``, of a source that has both.
        say: takes a line for what was left out, changed or not found.

    Raises:
        UsageError: a source doesn't exist, is named twice, or none has the columns that are asked
            for.
        ReviewsError: a source can't be read, lacks a column, holds an invalid label, or no review;
            or there are too many domains, or two that can't be told apart.
    """
    _check_differing(sources)
    alone = len(sources) == 1
    one_by_one = layout if alone else replace(layout, lacking=True)
    parts = []
    for source in sources:
        reviews = read_reviews(source, one_by_one, part)
        for line in reviews.reading.lines():
            say(f"{source}: {line}")
        parts.append(_checked_domains(reviews, source, layout, say))
    _check_columns(parts, sources, layout, say)
    return parts[0] if alone else _joined(parts, sources)


def _check_differing(sources: Sequence[Path]) -> None:
    seen: dict[Path, Path] = {}
    for source in sources:
        known = seen.setdefault(source.resolve(), source)
        if known is not source:
            raise UsageError(f"reading {source}: it is named twice; name it once")


def _checked_domains(
    reviews: Reviews, source: Path, layout: Layout, say: Callable[[str], None]
) -> Reviews:
    """Leave out domains that can't be domains, as there are too many of them."""
    count = len(reviews.domain_counts())
    if count <= MOST_DOMAINS:
        return reviews
    column = layout.domain_column or DOMAIN
    found = f"column {column!r} has {count:,} different values, more than {MOST_DOMAINS}"
    if layout.domain_column is not None:
        raise ReviewsError(f"reading {source}: {found}; name another one with --domain-column")
    say(f"{source}: {found}, and isn't taken for domains")
    return replace(reviews, domains=None)


def _check_columns(
    parts: Sequence[Reviews],
    sources: Sequence[Path],
    layout: Layout,
    say: Callable[[str], None],
) -> None:
    """Refuse a column that is asked for and that no source has; tell which sources lack it."""
    asked = (
        ("--group-column", layout.group_column, [part.groups for part in parts],
         "each of its reviews is a group of its own"),
        ("--held-out-column", layout.held_out_column, [part.held_out for part in parts],
         "the fraction --held-out is held out of it"),
        ("--domain-column", layout.domain_column, [part.domains for part in parts],
         "it is one domain"),
    )  # fmt: skip
    for option, name, found, then in asked:
        lacking = [source for source, one in zip(sources, found, strict=True) if one is None]
        if name is None or not lacking:
            continue
        if len(lacking) == len(sources):
            raise UsageError(
                f"reading {', '.join(map(str, sources))}: there is no column {name!r}; name "
                f"another one with {option}, or leave it out"
            )
        for source in lacking:
            say(f"{source} has no column {name!r}: {then}")


def _joined(parts: Sequence[Reviews], sources: Sequence[Path]) -> Reviews:
    stems = [_stem(source) for source in sources]
    _check_stems([stem for stem, part in zip(stems, parts, strict=True) if part.domains is None])
    named = [
        replace(part, domains=_domains(part, stem)) for part, stem in zip(parts, stems, strict=True)
    ]
    files = tuple(part.name for part in parts)
    numbers = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    joined = replace(Reviews.concatenate(named, ", ".join(files)), sources=numbers, files=files)
    count = len(joined.domain_counts())
    if count > MOST_DOMAINS:
        raise ReviewsError(
            f"reading {len(sources)} sources: they have {count:,} domains, more than "
            f"{MOST_DOMAINS}; give them a column {DOMAIN!r} of fewer"
        )
    return joined


def _domains(part: Reviews, stem: str) -> pa.LargeStringArray:
    """Return the domain of each review; that of its source where it has none."""
    if part.domains is None:
        return pa.array([stem] * len(part), pa.large_string())
    return pc.fill_null(part.domains, stem)


def _check_stems(stems: Sequence[str]) -> None:
    twice = [stem for stem in stems if stems.count(stem) > 1]
    if twice:
        raise ReviewsError(
            f"reading {len(stems)} sources without a column {DOMAIN!r}: two of them would be the "
            f"domain {escaped(twice[0])!r}; rename one, or give them the column"
        )


def _stem(source: Path) -> str:
    """Return the name of a source without its ending.

    >>> _stem(Path("data/aclImdb_v1.tar.gz"))
    'aclImdb_v1'
    """
    name = source.name or source.resolve().name
    ending = next((one for one in ENDINGS if name.lower().endswith(one)), "")
    return name[: len(name) - len(ending)] or name
