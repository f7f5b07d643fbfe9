"""The report of a run as JSON: one record, one writer, one reader."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from textwrap import indent
from typing import overload

from scorer.errors import UsageError, one_line
from scorer.insight.drift import Drift
from scorer.job.result import (
    FAILED,
    SCORED,
    SKIPPED,
    FileResult,
    JobResult,
    ModelId,
    SuccessFile,
    Worker,
)
from scorer.planning.inputs import FileCount
from scorer.planning.options import Options
from scorer.planning.shards import Share
from scorer.reference import Bins
from scorer.storage.failures import writing
from scorer.storage.whole_file import whole_file
from scorer.system.escape import json_text
from scorer.system.records import RecordError, from_json, optional, to_json

REPORT_VERSION = 2
NO_FILES = '"files": []'


@dataclass(frozen=True)
class Figures:
    """The figures of one file, or of all.

    Attributes:
        rows: rows written; 0 for a skipped or failed file.
        reused: rows whose scores came from a stopped run.
        without_text: rows without a token (null, empty, only markup); they have no score.
        other_language: rows without a score because of their language, by ``--only-language``; like
            the next two left out if there are none.
        too_unknown: rows without a score because of their unknown words, by ``--max-unknown``.
        uncertain: rows with a score and no label, by ``--uncertain``.
        invalid_utf8: rows with invalid UTF-8, mended before they were scored.
        truncated: rows longer than the network reads.
        times_truncated: INT96 times whose nanoseconds were cut off, by ``--int96 truncate``.
        codecs_replaced: columns compressed with zstd, because their codec can't be written.
        tokens: tokens of all rows.
        unknown_tokens: tokens that are not in the vocabulary.
        unknown_rate: fraction of such tokens; null if there are no tokens.
        unknown_heavy: rows at least half of whose tokens are not in the vocabulary.
        positive: rows labelled as positive.
        positive_share: fraction of the scored rows that are positive; null if none was scored.
        score_histogram: rows by score, in 20 bins of equal width from 0 to 1.
        seconds: wall-clock time.
        stage_seconds: seconds of each stage, of all threads together: reading (hashing, too),
            tokenizing, packing, scoring (onnxruntime), keeping (the journal), writing.
        rows_per_second: rows written in a second of wall-clock time.
        from_outputs: rows whose scores an earlier output had, by ``--reuse``; left out if there are
            none.
        repeated: rows whose text had been scored in this run; left out if there are none.
    """

    rows: int
    reused: int
    without_text: int
    invalid_utf8: int
    truncated: int
    times_truncated: int
    codecs_replaced: int
    tokens: int
    unknown_tokens: int
    unknown_rate: float | None
    unknown_heavy: int
    positive: int
    positive_share: float | None
    score_histogram: tuple[int, ...]
    seconds: float
    stage_seconds: Mapping[str, float]
    rows_per_second: float
    other_language: int = optional(0)
    too_unknown: int = optional(0)
    uncertain: int = optional(0)
    from_outputs: int = optional(0)
    repeated: int = optional(0)

    @classmethod
    def of(cls, result: FileResult | JobResult) -> Figures:
        """Return the figures of one file, or of all."""
        counts, seconds = result.counts, result.seconds
        return cls(
            rows=counts.rows,
            reused=result.reused,
            without_text=counts.without_text,
            invalid_utf8=counts.invalid,
            truncated=counts.truncated,
            times_truncated=result.changes.times_truncated,
            codecs_replaced=result.changes.codecs_replaced,
            tokens=counts.tokens,
            unknown_tokens=counts.unknown,
            unknown_rate=_fraction(counts.unknown, counts.tokens),
            unknown_heavy=counts.unknown_heavy,
            positive=counts.positive,
            positive_share=_fraction(counts.positive, counts.scored),
            score_histogram=counts.histogram,
            seconds=round(seconds, 6),
            stage_seconds={stage: round(spent, 6) for stage, spent in result.stages.items()},
            rows_per_second=round(counts.rows / seconds, 1) if seconds else 0.0,
            other_language=counts.other_language,
            too_unknown=counts.too_unknown,
            uncertain=counts.uncertain,
            from_outputs=result.spared.from_outputs,
            repeated=result.spared.repeated,
        )


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    Attributes:
        input: path of the input.
        output: path of the output.
        status: scored, skipped or failed; stopped if the job was stopped before it was done.
        reason: why it is scored anew, was skipped, or failed; empty if there is nothing to say.
        figures: in the JSON they stand beside these keys.
        note: what a user should know of a file that was scored all the same; left out if there is
            nothing to say.
    """

    input: str
    output: str
    status: str
    reason: str
    figures: Figures
    note: str = optional("")


@dataclass(frozen=True)
class Throughput:
    """The rows that were written in each step of a run.

    Attributes:
        step_seconds: length of a step.
        seconds: from the start to the last rows; the last step ends there.
        rows: of each step, as they were told: a file's, when those before it were done.
    """

    step_seconds: float
    seconds: float
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Report:
    """The report of a run.

    Attributes:
        report_version: 2.
        started: start time, UTC, ISO 8601.
        model: name, as it was given, and SHA-256 of the model.
        versions: of the scorer, Python, onnxruntime, pyarrow and numpy.
        notes: what else there is to say, in a sentence each: a version that was never tested.
        fingerprint: of the arithmetic, in hex: machines that agree in it give the same bits. Null
            if no file was scored.
        options: the options of the job.
        threads: threads that scored.
        peak_memory_bytes: peak of the process's resident memory.
        cpu_seconds: CPU time of all threads of the process, without its start.
        scored: files scored.
        skipped: files that were done already.
        failed: files that failed.
        left_aside: files in the folders of the inputs that were not taken.
        outputs_without_input: outputs in a mirrored folder that no input of the run belongs to.
        total: figures of all files together.
        files: each file, in the order of the plan.
        success_file: what became of ``_SUCCESS``; left out if it wasn't asked for.
        shard: of which shard of a plan the report is; left out if the run was the whole plan.
        retries: how often a request to a store was tried again; left out if it never was.
        engine: that handed out the files; left out if the process itself scored them.
        workers: of the engine; left out without one.
        distribution: the scored rows by score, length and unknown words; left out if there are
            none.
        drift: how far they lie from what they are compared with; left out if there is nothing to
            compare, or to compare with.
        throughput: rows written in each step of time; left out unless a page was asked for, too.
    """

    report_version: int
    started: str
    model: ModelId
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    fingerprint: str | None
    options: Options
    threads: int
    peak_memory_bytes: int
    cpu_seconds: float
    scored: int
    skipped: int
    failed: int
    left_aside: FileCount
    outputs_without_input: FileCount
    total: Figures
    files: Sequence[FileReport]
    success_file: SuccessFile | None = optional(None)
    shard: Share | None = optional(None)
    retries: int = optional(0)
    engine: str = optional("")
    workers: tuple[Worker, ...] = optional(())
    distribution: Bins | None = optional(None)
    drift: Drift | None = optional(None)
    throughput: Throughput | None = optional(None)

    @classmethod
    def of(
        cls, result: JobResult, drift: Drift | None = None, throughput: Throughput | None = None
    ) -> Report:
        """Return the report of a job, of the drift that was found in it, and of its speed."""
        return cls(
            report_version=REPORT_VERSION,
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(result.started)),
            model=result.model,
            versions=result.versions,
            notes=result.notes,
            fingerprint=result.fingerprint,
            options=result.options,
            threads=result.threads,
            peak_memory_bytes=result.peak_memory,
            cpu_seconds=round(result.cpu_seconds, 6),
            scored=result.count(SCORED),
            skipped=result.count(SKIPPED),
            failed=result.count(FAILED),
            left_aside=result.left_aside,
            outputs_without_input=result.without_input,
            total=Figures.of(result),
            files=FileReports(result.files),
            success_file=result.success_file,
            shard=result.share,
            retries=result.retries,
            engine=result.crew.engine,
            workers=result.crew.workers,
            distribution=result.bins if result.bins.rows else None,
            drift=drift,
            throughput=throughput,
        )

    def to_text(self) -> str:
        """Return the report as JSON text."""
        return "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        """Yield the JSON text bit by bit: that of a million files is nearly a gigabyte."""
        before, after = json_text(to_json(replace(self, files=())), indent=1).split(NO_FILES)
        yield before
        yield '"files": ['
        for number, one in enumerate(self.files):
            yield "," * bool(number) + "\n"
            yield indent(json_text(_flat(one), indent=1), "  ")
        yield "\n ]" if self.files else "]"
        yield f"{after}\n"

    def write(self, path: Path) -> None:
        """Write the report as JSON.

        Raises:
            OutputError: it can't be written.
        """
        with writing(path), whole_file(path) as temporary, temporary.open("wb") as file:
            file.writelines(piece.encode() for piece in self._pieces())

    @classmethod
    def from_text(cls, text: str) -> Report:
        """Read what :meth:`to_text` wrote.

        Raises:
            RecordError: it is no report of this version; the message names the key.
        """
        stored = json.loads(text)
        if not isinstance(stored, dict) or stored.get("report_version") != REPORT_VERSION:
            raise RecordError(f"it is no report of version {REPORT_VERSION}")
        files = stored.get("files")
        if isinstance(files, list):
            stored["files"] = [_nested(one) for one in files]
        report = from_json(cls, stored)
        for bins in report.all_bins():
            bins.check("the report")
        return report

    def all_bins(self) -> list[Bins]:
        """Return the bins of the run, and of what it is compared with, as far as there are any."""
        of_run = [] if self.distribution is None else [self.distribution]
        return [*of_run, *([] if self.drift is None else [self.drift.norm.bins])]


class FileReports(Sequence[FileReport]):
    """The report of each file, made when it is looked at."""

    def __init__(self, results: Sequence[FileResult]) -> None:
        self._results = results

    def __len__(self) -> int:
        return len(self._results)

    @overload
    def __getitem__(self, place: int) -> FileReport: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[FileReport]: ...

    def __getitem__(self, place: int | slice) -> FileReport | Sequence[FileReport]:
        if isinstance(place, slice):
            return tuple(map(_file_report, self._results[place]))
        return _file_report(self._results[place])

    def __iter__(self) -> Iterator[FileReport]:
        return map(_file_report, self._results)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # nothing needs one


def write_report(result: JobResult, path: Path, drift: Drift | None = None) -> None:
    """Write the report of a job, and of the drift that was found in it, as JSON.

    Raises:
        OutputError: it can't be written.
    """
    Report.of(result, drift).write(path)


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        UsageError: it can't be read, or is no report of this version.
    """
    try:
        return Report.from_text(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"reading the report {path}: {one_line(error)}; name a file that --report wrote"
        ) from error


def _file_report(result: FileResult) -> FileReport:
    return FileReport(
        input=str(result.task.input),
        output=str(result.task.output),
        status=result.status,
        reason=result.reason,
        figures=Figures.of(result),
        note=result.note,
    )


def _flat(report: FileReport) -> dict[str, object]:
    """Return a file's report with its figures beside its other keys."""
    stored = to_json(report)
    figures: dict[str, object] = stored.pop("figures")
    return stored | figures


def _nested(stored: object) -> object:
    """Undo :func:`_flat`."""
    if not isinstance(stored, dict):
        return stored
    names = {one.name for one in fields(Figures)}
    figures = {name: value for name, value in stored.items() if name in names}
    rest = {name: value for name, value in stored.items() if name not in names}
    return rest | {"figures": figures}


def _fraction(part: int, whole: int) -> float | None:
    """Return a fraction, rounded to six places; None of nothing."""
    return round(part / whole, 6) if whole else None
