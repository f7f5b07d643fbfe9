"""The reports of all shards of a plan as one, like that of a run without shards.

Each key of it comes from those of the shards:

    report_version, model, versions, options    they agree, or nothing is merged; where options that
                                                change no byte differ, those of the first shard
    started              the earliest
    notes                of all; and if the shards' arithmetic differs, that
    fingerprint          of the arithmetic; null if it differs
    threads              of all shards together, whether they ran at once or not
    peak_memory_bytes    the largest: each shard is a process
    cpu_seconds, scored, skipped, failed        the sum
    left_aside, outputs_without_input           of the first shard: each tells those of all
    total                the sum; its seconds are those of the longest shard, and its rows a second
                         follow from them
    files                as their shards told them, in the order of names
    shard                number is null: all of them
    distribution         the sum
    throughput           left out: they need not have run at once
    drift                of the sum, from what the shards were compared with: of several domains the
                         nearest of those that were the nearest to a shard
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from scorer.errors import UsageError
from scorer.insight.drift import THRESHOLD, Drift, Norm, nearest_drift
from scorer.job.result import SCORED, SKIPPED, Changes, Crew, FileResult, JobResult
from scorer.kernel import HISTOGRAM_BINS, Counts
from scorer.known.spared import Spared
from scorer.planning.freshness import FREE_OPTIONS
from scorer.planning.plan import Task
from scorer.planning.shards import Share, listed_numbers, name_below, plan_digest
from scorer.reference import Bins
from scorer.reports.report import FileReport, Report, read_report
from scorer.system.records import to_json
from scorer.system.stopwatch import STAGES

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class ShardReport:
    """The report of one shard.

    Attributes:
        path: where it was read.
        report: itself.
        share: which shard it is of.
        started: start time, in seconds since 1970.
    """

    path: Path
    report: Report
    share: Share
    started: int

    @classmethod
    def read(cls, path: Path) -> ShardReport:
        """Read the report of a shard.

        Raises:
            UsageError: it can't be read, or isn't that of one shard.
        """
        report = read_report(path)
        share = report.shard
        if share is None or share.number is None:
            what = "of a run without --shard" if share is None else "merged already"
            raise UsageError(
                f"merging the reports: {path} is {what}; name the reports of the shards"
            )
        _check_figures(path, report)
        try:
            started = calendar.timegm(time.strptime(report.started, TIME_FORMAT))
        except ValueError as error:
            raise UsageError(
                f"reading the report {path}: the key 'started' holds {report.started!r}, no time; "
                "name a file that --report wrote"
            ) from error
        return cls(path, report, share, started)

    @property
    def number(self) -> int:
        """The number of its shard, from 1."""
        return self.share.number or 0

    @property
    def is_done(self) -> bool:
        """Whether all its outputs stand there."""
        return all(one.status in (SCORED, SKIPPED) for one in self.report.files)

    @property
    def ended(self) -> float:
        """When the shard ended, in seconds since 1970."""
        return self.started + self.report.total.seconds

    def named(self) -> list[tuple[str, FileReport]]:
        """Return its files, each with the name that decides where it belongs."""
        folder = self.share.folder
        return [(name_below(folder, one.output), one) for one in self.report.files]


@dataclass(frozen=True)
class MergedResult(JobResult):
    """What became of all shards.

    Attributes:
        last_end: when the last shard ended, in seconds since 1970.
        remarks: what else there is to say, in a sentence each.
        names: of the outputs below the folder OUTPUT, in the order of the files.
        reports: of the files, as their shards told them.
        distribution: the scored rows of all shards, by score, length and unknown words.
        norms: what the shards were compared with.
        is_nearest: whether these are the nearest domains, since none was named.
    """

    last_end: float = 0.0
    remarks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    reports: tuple[FileReport, ...] = ()
    distribution: Bins = Bins()
    norms: tuple[Norm, ...] = ()
    is_nearest: bool = False

    @property
    def bins(self) -> Bins:
        """The scored rows of all shards, by score, length and unknown words."""
        return self.distribution

    @property
    def ended(self) -> float:
        """When the last shard ended, in seconds since 1970."""
        return self.last_end

    @property
    def notes(self) -> tuple[str, ...]:
        """What else there is to say, in a sentence each."""
        return self.remarks

    def find_drift(self, threshold: float = THRESHOLD) -> Drift | None:
        """Compare the rows of all shards with what these were compared with.

        Args:
            threshold: from which an index beyond chance is drift.
        """
        return nearest_drift(self.bins, self.norms, threshold, is_nearest=self.is_nearest)

    def to_report(self, drift: Drift | None = None) -> Report:
        """Return the report of all shards, and of the drift that was found in them."""
        return replace(Report.of(self, drift), files=self.reports)


def read_shards(paths: Sequence[Path]) -> list[ShardReport]:
    """Read the reports of the shards of one plan, in the order of their numbers.

    Args:
        paths: of the reports; of several with the same bytes one is taken.

    Raises:
        UsageError: one can't be read, or isn't that of a shard; they are of different plans,
            models, versions or options; or two that differ are of one shard.
    """
    found: dict[int, ShardReport] = {}
    for path in paths:
        shard = ShardReport.read(path)
        _check_alike(next(iter(found.values()), shard), shard)
        other = found.setdefault(shard.number, shard)
        if other is not shard and other.path.read_bytes() != path.read_bytes():
            raise UsageError(
                f"merging the reports: {other.path} and {path} are both of shard "
                f"{shard.number}, and they differ; leave one out"
            )
    return [found[number] for number in sorted(found)]


def missing(shards: Sequence[ShardReport]) -> list[int]:
    """Return the numbers of the shards that have no report."""
    there = {shard.number for shard in shards}
    return [number for number in range(1, shards[0].share.of + 1) if number not in there]


def merge(shards: Sequence[ShardReport]) -> MergedResult:
    """Return what became of all shards of a plan.

    Args:
        shards: all of them, in the order of their numbers; see :func:`read_shards`.

    Raises:
        UsageError: their files aren't those of the plan.
    """
    first, reports = shards[0], [shard.report for shard in shards]
    named = sorted(chain(*(shard.named() for shard in shards)), key=_by_name)
    names, files = tuple(name for name, _ in named), tuple(one for _, one in named)
    if plan_digest(names) != first.share.plan:
        raise UsageError(
            f"merging the reports: the {len(names):,} files that they name are not the "
            f"{first.share.files:,} of the plan, so one was edited; run its shard again"
        )
    fingerprints = {report.fingerprint for report in reports} - {None}
    drifts = _drifts(reports)
    return MergedResult(
        files=tuple(map(_file_result, files)),
        started=min(shard.started for shard in shards),
        seconds=max(report.total.seconds for report in reports),
        crew=Crew(
            threads=sum(report.threads for report in reports),
            cpu_seconds=sum(report.cpu_seconds for report in reports),
            peak_memory=max(report.peak_memory_bytes for report in reports),
            fingerprint=fingerprints.pop() if len(fingerprints) == 1 else None,
        ),
        options=first.report.options,
        model=first.report.model,
        versions=first.report.versions,
        left_aside=first.report.left_aside,
        without_input=first.report.outputs_without_input,
        share=replace(first.share, number=None),
        last_end=max(shard.ended for shard in shards),
        remarks=_remarks(shards),
        names=names,
        reports=files,
        distribution=sum((one.distribution or Bins() for one in reports), Bins()),
        norms=tuple(dict.fromkeys(drift.norm for drift in drifts)),
        is_nearest=any(drift.is_nearest for drift in drifts),
    )


def _drifts(reports: Sequence[Report]) -> list[Drift]:
    """Return the drift of each shard that scored rows.

    Raises:
        UsageError: they were told to compare with different reviews.
    """
    drifts = [report.drift for report in reports if report.drift is not None]
    for one in drifts:
        if one.norm != drifts[0].norm and not (one.is_nearest and drifts[0].is_nearest):
            raise UsageError(
                f"merging the reports: the shards were compared with {drifts[0].norm} and with "
                f"{one.norm}; run them again with one --reference, or one --reference-domain"
            )
    return drifts


def _check_figures(path: Path, report: Report) -> None:
    """Check that figures can be added up.

    Raises:
        UsageError: they can't.
    """
    for figures in (one.figures for one in report.files):
        bins = len(figures.score_histogram)
        if bins != HISTOGRAM_BINS or set(figures.stage_seconds) != set(STAGES):
            raise UsageError(
                f"reading the report {path}: its bins of scores or its stages are not those of "
                "this version; run its shard again"
            )


def _check_alike(first: ShardReport, other: ShardReport) -> None:
    """Check that two reports are of one plan, and of one way to score it.

    Raises:
        UsageError: they aren't.
    """
    for what, one, two in _compared(first, other):
        if one != two:
            raise UsageError(
                f"merging the reports: {first.path} and {other.path} differ in {what}, {one} and "
                f"{two}; name the reports of one run, or run the shards again that are behind"
            )


def _compared(first: ShardReport, other: ShardReport) -> Iterable[tuple[str, str | int, str | int]]:
    yield "the number of shards", first.share.of, other.share.of
    yield "the number of all files", first.share.files, other.share.files
    yield "the digest of the plan", first.share.plan[:12], other.share.plan[:12]
    one, two = first.report, other.report
    yield "the model", one.model.sha256[:12], two.model.sha256[:12]
    yield from _compared_values("the version of", one.versions, two.versions)
    yield from _compared_values("the option", _deciding(one), _deciding(two))


def _compared_values(
    what: str, one: Mapping[str, object], two: Mapping[str, object]
) -> Iterable[tuple[str, str, str]]:
    for name in sorted(one.keys() | two.keys()):
        yield f"{what} {name}", _shown(one.get(name)), _shown(two.get(name))


def _shown(value: object) -> str:
    return value if isinstance(value, str) and value else repr(value)


def _deciding(report: Report) -> dict[str, object]:
    """Return the options that decide the bytes of outputs."""
    options = to_json(report.options)
    return {name: value for name, value in options.items() if name not in FREE_OPTIONS}


def _remarks(shards: Sequence[ShardReport]) -> tuple[str, ...]:
    notes = dict.fromkeys(note for shard in shards for note in shard.report.notes)
    kinds: dict[str, list[int]] = {}
    for shard in shards:
        if shard.report.fingerprint is not None:
            kinds.setdefault(shard.report.fingerprint, []).append(shard.number)
    if len(kinds) < 2:
        return tuple(notes)
    groups = "; ".join(f"shards {listed_numbers(numbers)}" for numbers in kinds.values())
    return (
        *notes,
        f"{len(kinds)} kinds of CPU scored ({groups}): between them scores agree within 1e-5, not "
        "to the bit",
    )


def _by_name(named: tuple[str, FileReport]) -> list[str]:
    return named[0].split("/")


def _file_result(report: FileReport) -> FileResult:
    figures = report.figures
    return FileResult(
        task=Task(Path(report.input), Path(report.output)),
        status=report.status,
        reason=report.reason,
        counts=Counts(
            rows=figures.rows,
            positive=figures.positive,
            without_text=figures.without_text,
            invalid=figures.invalid_utf8,
            truncated=figures.truncated,
            tokens=figures.tokens,
            unknown=figures.unknown_tokens,
            histogram=figures.score_histogram,
            unknown_heavy=figures.unknown_heavy,
            other_language=figures.other_language,
            too_unknown=figures.too_unknown,
            uncertain=figures.uncertain,
        ),
        reused=figures.reused,
        seconds=figures.seconds,
        stages=figures.stage_seconds,
        note=report.note,
        changes=Changes(figures.times_truncated, figures.codecs_replaced),
        spared=Spared(figures.from_outputs, figures.repeated),
    )
