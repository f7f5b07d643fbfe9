"""What a job may be told."""

from __future__ import annotations

from dataclasses import dataclass, fields

from scorer.doubt.asked import Doubt
from scorer.errors import UsageError
from scorer.kernel import KEEP_OR_DROP
from scorer.planning.partitions import Where
from scorer.system.records import optional
from scorer.tables.endings import FORMATS, PARQUET
from scorer.tables.parquet_reader import MAX_CELL
from scorer.tables.text_options import TextOptions

INT96_CHOICES = ("refuse", "truncate")
# Bytes.
REMEMBERED = 64 << 20


@dataclass(frozen=True)
class Options:
    """The options of a job.

    Attributes:
        text_column: the column with the reviews, or the field of a struct, as in ``data.review``;
            found by its usual names if None.
        keep: names of the columns carried into the output; every column if None.
        drop: names of the columns left out of the output; not with ``keep``.
        prefix: put before the names of the new columns.
        compression: codec of every column; each column's own in the input if None.
        max_cell: most bytes of one value of a column, and of one row of a text; a file with a
            larger one fails.
        int96: what to do with INT96 times that have nanoseconds, which a timestamp of microseconds
            can't hold: "refuse" the file, or "truncate" them.
        threads: threads that score; as many as the process has cores if None.
        force: score everything anew, and replace an output that scorer didn't write.
        where: conditions on partitions, as in ``day>=2026-11-01``; only what fits all of them is
            scored.
        success_file: put an empty ``_SUCCESS`` into the folder of the outputs when all is done.
        format: of the files that are taken in folders: "parquet", "csv", "jsonl" or "all". A file,
            or what matches a glob, is read by the ending of its name.
        delimiter: between the cells of CSV; see :class:`scorer.tables.text_options.TextOptions`.
        encoding: of CSV and JSON Lines, unless they begin with a byte order mark; UTF-8 if None.
        escape: whether a backslash in CSV takes the meaning from a quote after it.
        infer_types: whether a column of CSV gets the type that all of its cells have, which is text
            else.
        wait_lock: seconds that a file waits for another run that is writing its output.
        same_cpu: refuse workers of an engine whose CPU computes otherwise than that of this
            process.
        max_unknown: the fraction of unknown words from which a review isn't scored; see
            :class:`scorer.doubt.asked.Doubt`, also of the next five.
        only_language: code of the only language that is scored, as in ``en``.
        uncertain: a review gets a label only where held-out reviews were right that often.
        uncertain_domain: the domain whose held-out reviews those are; all if None.
        reasons: add the column ``sentiment_reason``.
        quality: add the columns ``sentiment_tokens`` and ``sentiment_unknown``.
        reuse: outputs of earlier runs, or folders of them, whose scores are taken where a text is
            the same; see :mod:`scorer.known.earlier_plan`.
        remember: most bytes for the scores of texts of this run, so that a text that is repeated
            isn't scored again; 0 for none.
    """

    text_column: str | None = None
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    compression: str | None = None
    max_cell: int = optional(MAX_CELL)
    threads: int | None = None
    force: bool = False
    drop: tuple[str, ...] = optional(())
    int96: str = optional("refuse")
    where: tuple[str, ...] = optional(())
    success_file: bool = optional(False)
    format: str = optional(PARQUET)
    delimiter: str | None = optional(None)
    encoding: str | None = optional(None)
    escape: bool = optional(False)
    infer_types: bool = optional(False)
    wait_lock: float = optional(0.0)
    same_cpu: bool = optional(False)
    max_unknown: float | None = optional(None)
    only_language: str | None = optional(None)
    uncertain: float | None = optional(None)
    uncertain_domain: str | None = optional(None)
    reasons: bool = optional(False)
    quality: bool = optional(False)
    reuse: tuple[str, ...] = optional(())
    remember: int = optional(REMEMBERED)

    def __post_init__(self) -> None:
        """Check that the options fit together.

        Raises:
            UsageError: they don't.
        """
        if self.drop and self.keep is not None:
            raise UsageError(f"reading the options: {KEEP_OR_DROP}")
        if self.int96 not in INT96_CHOICES:
            raise UsageError(
                f"reading the options: int96 is {self.int96!r}; name one of "
                f"{' and '.join(INT96_CHOICES)}"
            )
        if self.force and self.reuse:
            raise UsageError(
                "reading the options: --force scores everything anew, and --reuse takes scores of "
                "earlier outputs; give one or the other"
            )
        Where.of(self.where)
        if self.format not in FORMATS:
            raise UsageError(
                f"reading the options: format is {self.format!r}; name one of {', '.join(FORMATS)}"
            )
        # They are checked when they are made.
        _ = self.text, self.doubt

    @property
    def text(self) -> TextOptions:
        """How CSV and JSON Lines are read."""
        return TextOptions(self.delimiter, self.encoding, self.escape, self.infer_types)

    @property
    def doubt(self) -> Doubt:
        """When a review isn't scored, or is uncertain, and what is told of it."""
        return Doubt(**{one.name: getattr(self, one.name) for one in fields(Doubt)})
