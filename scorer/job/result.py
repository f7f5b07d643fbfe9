"""What became of a job: one object, which the terminal, the JSON report and the metrics print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from scorer.job.tested import untested
from scorer.kernel import Counts
from scorer.known.spared import Spared
from scorer.planning.inputs import FileCount
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.planning.shards import Share
from scorer.reference import Bins, Reference
from scorer.system.records import optional
from scorer.system.stopwatch import STAGES

SCORED = "scored"
SKIPPED = "skipped"
FAILED = "failed"
PLANNED = "planned"
STOPPED = "stopped"


@dataclass(frozen=True)
class Changes:
    """What an output holds otherwise than its input did.

    Attributes:
        times_truncated: INT96 times whose nanoseconds were cut off.
        codecs_replaced: columns whose codec can't be written.
    """

    times_truncated: int = 0
    codecs_replaced: int = 0

    def __add__(self, other: Changes) -> Changes:
        return Changes(
            self.times_truncated + other.times_truncated,
            self.codecs_replaced + other.codecs_replaced,
        )


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Attributes:
        task: the file.
        status: scored, skipped or failed; planned if the job was only previewed; stopped if the job
            was stopped before the file was done.
        reason: why it is scored anew, was skipped, or failed; empty if there is nothing to say.
        counts: what was found in its rows; zero unless it was scored.
        reused: rows whose scores came from a stopped run.
        seconds: wall-clock time.
        stages: seconds of each stage; those of several threads are added up.
        note: what a user should know of a file that was scored all the same; mostly empty.
        changes: what the output holds otherwise than the input.
        is_counted: whether the number of rows is known: of a text it isn't before the run.
        spared: rows that weren't scored, since their texts' scores were known.
        to_score: rows that would be scored, if a preview looked for those known; None if it didn't.
    """

    task: Task
    status: str
    reason: str = ""
    counts: Counts = field(default_factory=Counts)
    reused: int = 0
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))
    note: str = ""
    changes: Changes = Changes()
    is_counted: bool = True
    spared: Spared = Spared()
    to_score: int | None = None

    def of(self, task: Task) -> FileResult:
        """Return the same of another task: the one of the plan, which holds nothing of a store."""
        return replace(self, task=task)

    @property
    def is_done(self) -> bool:
        """Whether the output stands there."""
        return self.status in (SCORED, SKIPPED)


@dataclass(frozen=True)
class ModelId:
    """The model of a job.

    Attributes:
        name: as it was given: the name of a model that ships, or a path.
        sha256: of the model file, in hex.
    """

    name: str
    sha256: str


@dataclass(frozen=True)
class SuccessFile:
    """What became of the ``_SUCCESS`` of a job.

    Attributes:
        path: where it belongs.
        is_written: whether it stands there, and all is done.
        reason: why it doesn't; empty if it does.
    """

    path: str
    is_written: bool
    reason: str = optional("")


@dataclass(frozen=True)
class Worker:
    """The processes of one host that scored for an engine, and computed alike.

    Attributes:
        host: its name.
        processes: number of them.
        fingerprint: of their arithmetic, in hex; null if they scored no file.
        files: files that they were done with.
    """

    host: str
    processes: int
    fingerprint: str | None
    files: int


@dataclass(frozen=True)
class Crew:
    """Who scored the files of a job.

    Attributes:
        threads: number of threads that scored.
        cpu_seconds: CPU time of all of them.
        peak_memory: peak of the resident memory of one process, in bytes.
        fingerprint: of the arithmetic, in hex. None if no file was scored, or kinds differ.
        engine: name of the engine; empty for this process.
        workers: of an engine.
        notes: what else there is to say, in a sentence each.
    """

    threads: int
    cpu_seconds: float
    peak_memory: int
    fingerprint: str | None
    engine: str = ""
    workers: tuple[Worker, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Totals:
    """What the results of some files add up to.

    Attributes:
        statuses: number of files of each status that there is.
        counts: of all scored files.
        changes: what the outputs hold otherwise than their inputs.
        reused: rows whose scores came from a stopped run.
        spared: rows that weren't scored, since their texts' scores were known.
        stages: seconds of each stage.
        uncounted: files whose number of rows isn't known.
    """

    statuses: Mapping[str, int]
    counts: Counts
    changes: Changes
    reused: int
    spared: Spared
    stages: Mapping[str, float]
    uncounted: int

    @classmethod
    def of(cls, results: Iterable[FileResult]) -> Totals:
        """Add up results."""
        statuses: Counter[str] = Counter()
        counts, changes, spared, reused, uncounted = Counts(), Changes(), Spared(), 0, 0
        stages = dict.fromkeys(STAGES, 0.0)
        for one in results:
            statuses[one.status] += 1
            counts, changes = counts + one.counts, changes + one.changes
            spared += one.spared
            reused += one.reused
            uncounted += not one.is_counted
            for stage in STAGES:
                stages[stage] += one.stages[stage]
        return cls(statuses, counts, changes, reused, spared, stages, uncounted)


@dataclass(frozen=True)
class JobResult:
    """What became of a job.

    Attributes:
        files: one result for each file, in the order of the plan.
        started: start time, in seconds since 1970.
        seconds: wall-clock time.
        crew: who scored.
        options: what the job was told.
        model: what scored.
        versions: of the scorer and the packages that it stands on, by name.
        left_aside: files in the folders of the inputs that were not taken.
        without_input: outputs in a mirrored folder that no input of the job belongs to.
        success_file: what became of ``_SUCCESS``; None if it wasn't asked for.
        share: of which shard of a plan the files are; None if they are all.
        retries: how often a request to a store was tried again.
        reference: what the model's held-out reviews are like; None if its file doesn't tell.
    """

    files: Sequence[FileResult]
    started: float
    seconds: float
    crew: Crew
    options: Options
    model: ModelId
    versions: Mapping[str, str]
    left_aside: FileCount = FileCount()
    without_input: FileCount = FileCount()
    success_file: SuccessFile | None = None
    share: Share | None = None
    retries: int = 0
    reference: Reference | None = None

    def count(self, status: str) -> int:
        """Return the number of files with a status."""
        return self.totals.statuses.get(status, 0)

    @cached_property
    def totals(self) -> Totals:
        """What the results of all files add up to, found in one go."""
        return Totals.of(self.files)

    @property
    def is_alone(self) -> bool:
        """Whether the whole plan is one file."""
        return len(self.files) == 1 and (self.share is None or self.share.files == 1)

    @property
    def counts(self) -> Counts:
        """The counts of all scored files together."""
        return self.totals.counts

    @property
    def bins(self) -> Bins:
        """The scored rows of all files together, by score, length and unknown words."""
        return self.counts.bins

    @property
    def changes(self) -> Changes:
        """What the outputs hold otherwise than their inputs."""
        return self.totals.changes

    @property
    def ended(self) -> float:
        """When the job ended, in seconds since 1970."""
        return self.started + self.seconds

    @property
    def notes(self) -> tuple[str, ...]:
        """What else there is to say, in a sentence each."""
        return (*self.crew.notes, *untested(self.versions["onnxruntime"]))

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all threads that scored, without the start of their processes."""
        return self.crew.cpu_seconds

    @property
    def threads(self) -> int:
        """Number of threads that scored."""
        return self.crew.threads

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the arithmetic, in hex; see ``SentimentModel.fingerprint``.

        None if no file was scored, since it takes some scoring to find out, or if workers differ.
        """
        return self.crew.fingerprint

    @property
    def peak_memory(self) -> int:
        """Peak of the resident memory of one process that scored, in bytes."""
        return self.crew.peak_memory

    @property
    def reused(self) -> int:
        """Rows whose scores came from a stopped run."""
        return self.totals.reused

    @property
    def spared(self) -> Spared:
        """Rows that weren't scored, since their texts' scores were known."""
        return self.totals.spared

    @property
    def stages(self) -> dict[str, float]:
        """Seconds of each stage, of all files together."""
        return dict(self.totals.stages)
