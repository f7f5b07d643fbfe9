"""Which format a file has, by the ending of its name, and what its output is called."""

from __future__ import annotations

from pathlib import Path

PARQUET = "parquet"
CSV = "csv"
JSON_LINES = "jsonl"
ALL = "all"

ENDINGS = {
    PARQUET: (".parquet", ".parq", ".pq"),
    CSV: (".csv", ".tsv"),
    JSON_LINES: (".jsonl", ".ndjson"),
}
# The ending of a text that is compressed as a whole, and Arrow's name of the codec.
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
# What a folder may be asked for.
FORMATS = (*ENDINGS, ALL)


def endings_of(asked: str) -> tuple[str, ...]:
    """Return the endings of a format, or of all; those of its compressed texts come last.

    >>> endings_of("jsonl")
    ('.jsonl', '.ndjson', '.jsonl.gz', '.jsonl.zst', '.ndjson.gz', '.ndjson.zst')
    """
    if asked == ALL:
        return tuple(ending for one in ENDINGS for ending in endings_of(one))
    plain = ENDINGS[asked]
    if asked == PARQUET:
        return plain
    return plain + tuple(ending + packing for ending in plain for packing in PACKINGS)


def format_of(name: str) -> str:
    """Return the format of a file; one of another ending is taken for Parquet.

    >>> format_of("A.CSV.GZ"), format_of("a.ndjson"), format_of("part-0")
    ('csv', 'jsonl', 'parquet')
    """
    lower = name.lower()
    found = (one for one in (CSV, JSON_LINES) if lower.endswith(endings_of(one)))
    return next(found, PARQUET)


def packing_of(name: str) -> str | None:
    """Return the codec that a text is compressed with as a whole; None for none.

    >>> packing_of("a.csv.zst"), packing_of("a.csv")
    ('zstd', None)
    """
    return PACKINGS.get(Path(name).suffix.lower())


def output_name(name: str) -> str:
    """Return a name with the ending of a text replaced by Parquet's.

    >>> output_name("day/a.csv.gz"), output_name("a.pq"), output_name("part-0")
    ('day/a.parquet', 'a.pq', 'part-0')
    """
    if format_of(name) == PARQUET:
        return name
    endings = sorted(endings_of(ALL), key=len, reverse=True)
    ending = next(one for one in endings if name.lower().endswith(one))
    return name[: -len(ending)] + ENDINGS[PARQUET][0]
