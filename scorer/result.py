"""What became of a job: one object, which the terminal, the JSON report and the metrics print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from scorer.kernel import Counts
from scorer.plan import Task
from scorer.stopwatch import STAGES

SCORED = "scored"
SKIPPED = "skipped"
FAILED = "failed"
PLANNED = "planned"


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Attributes:
        task: the file.
        status: scored, skipped or failed; planned where the run was only previewed.
        reason: why it is scored anew, was skipped, or failed; empty where there is nothing to tell.
        counts: what was met in its rows; zero unless it was scored.
        reused: rows whose scores a stopped run had left.
        seconds: how long it took.
        stages: seconds by stage; those of several threads are added up.
    """

    task: Task
    status: str
    reason: str = ""
    counts: Counts = field(default_factory=Counts)
    reused: int = 0
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))


@dataclass(frozen=True)
class JobResult:
    """What became of a job.

    Attributes:
        files: one result a file, in the order of the plan.
        started: seconds since 1970, when it began.
        seconds: how long it took.
        cpu_seconds: that all threads of the process took meanwhile.
        threads: how many scored.
        options: what it was told, as JSON types.
        model: name and SHA-256 of the model.
        versions: of the scorer and what it stands on.
        peak_memory: the most memory that the process held, bytes.
    """

    files: tuple[FileResult, ...]
    started: float
    seconds: float
    cpu_seconds: float
    threads: int
    options: Mapping[str, Any]
    model: Mapping[str, str]
    versions: Mapping[str, str]
    peak_memory: int

    def count(self, status: str) -> int:
        """Return how many files ended so."""
        return sum(one.status == status for one in self.files)

    @property
    def counts(self) -> Counts:
        """The counts of all scored files together."""
        return reduce(Counts.__add__, (one.counts for one in self.files), Counts())

    @property
    def reused(self) -> int:
        """Rows whose scores a stopped run had left."""
        return sum(one.reused for one in self.files)

    @property
    def stages(self) -> dict[str, float]:
        """Seconds by stage, of all files together."""
        return {stage: sum(one.stages[stage] for one in self.files) for stage in STAGES}
