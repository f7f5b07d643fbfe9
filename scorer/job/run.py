"""The job over files, by this process or an engine; a failure stays with its file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

from scorer.doubt.verdict import Judge
from scorer.job.ahead import asked_ahead
from scorer.job.containment import contained, stopped
from scorer.job.engine import Engine, ThisProcess, Work
from scorer.job.pipeline import Probe
from scorer.job.preview import preview_file
from scorer.job.result import (
    FAILED,
    Crew,
    FileResult,
    JobResult,
    ModelId,
    SuccessFile,
)
from scorer.job.results import Results
from scorer.job.success_file import SuccessMark
from scorer.known.earlier_plan import check_earlier, with_earlier
from scorer.known.scores import KnownScores
from scorer.model import SentimentModel
from scorer.planning.freshness import versions
from scorer.planning.options import Options
from scorer.planning.plan import Plan
from scorer.system.cores import available_cores
from scorer.system.memory import peak_memory


def run_job(
    plan: Plan,
    model: SentimentModel,
    options: Options | None = None,
    *,
    done: Callable[[FileResult], None] = lambda result: None,
    watch: Callable[[int], None] = lambda rows: None,
    reached: Callable[[int], None] = lambda position: None,
    stop: threading.Event | None = None,
    probe: Probe | None = None,
    engine: Engine | None = None,
) -> JobResult:
    """Score files; one that fails doesn't take the others with it.

    Args:
        plan: the files.
        model: what scores.
        options: see :class:`Options`.
        done: receives each file's result when the file is done.
        watch: receives the number of rows of each window when they are written.
        reached: receives the bytes of a text up to the end of each window, when that is written.
        stop: ends the job when it is set, within about two seconds. What was finished stays; the
            scores of an unfinished output are kept for the next run.
        probe: see :class:`Probe`.
        engine: hands the files to workers; this process scores them if None.

    Raises:
        UsageError: ``_SUCCESS`` is asked for, and can't be put into the folder of the outputs; the
            model, or what is installed, doesn't give what is asked for; no scores can be taken from
            an earlier output; or the engine isn't there, or refuses its workers.
    """
    options, stop, probe = options or Options(), stop or threading.Event(), probe or Probe()
    check_doubt(model, options)
    started, is_here = Started.now(), engine is None
    plan, engine = _with_earlier(plan, model, options, is_here=is_here), engine or ThisProcess()
    mark = SuccessMark.of(plan) if options.success_file else None
    work = Work(plan.tasks, model, options, mark, watch, reached, stop, probe)
    results = Results(plan.tasks, stopped)
    # Closed at once if `done` raises: files are on their way.
    with closing(engine.results(work)) as outcomes:
        for place, result in outcomes:
            results.put(place, result)
            if result.status == FAILED:
                work.withdraw()
            done(result)
    success = mark.conclude(results) if mark else None
    return _job_result(plan, results, model, options, started, engine.crew(), success)


def preview_job(plan: Plan, model: SentimentModel, options: Options | None = None) -> JobResult:
    """Say what :func:`run_job` would do with each file; change nothing.

    Raises:
        UsageError: ``_SUCCESS`` is asked for, and can't be put into the folder of the outputs; or
            the model, or what is installed, doesn't give what is asked for; or no scores can be
            taken from an earlier output.
    """
    options, started = options or Options(), Started.now()
    check_doubt(model, options)
    plan = _with_earlier(plan, model, options, is_here=True)
    if options.success_file:
        SuccessMark.of(plan)
    known = KnownScores(model, options)
    results = [
        replace(contained(asked, partial(preview_file, asked, model, options, known)), task=task)
        for task, asked in asked_ahead(plan.tasks, force=options.force)
    ]
    cpu = time.process_time() - started.cpu
    crew = Crew(options.threads or available_cores(), cpu, peak_memory(), None)
    return _job_result(plan, results, model, options, started, crew)


def check_doubt(model: SentimentModel, options: Options) -> None:
    """Check before the first file that all limits can be kept.

    Raises:
        UsageError: one can't.
    """
    Judge(options.doubt, model.card, model.name)


def _with_earlier(plan: Plan, model: SentimentModel, options: Options, *, is_here: bool) -> Plan:
    """Return the plan with the outputs whose scores are taken, each found fit.

    Args:
        plan: the files.
        model: what scores.
        options: of the job.
        is_here: whether this process scores; else the arithmetic isn't known yet.
    """
    if not options.reuse:
        return plan
    plan = with_earlier(plan, options.reuse)
    check_earlier(plan, model, options, model.fingerprint if is_here else None)
    return plan


@dataclass(frozen=True)
class Started:
    """When a job started: seconds since 1970, of the monotonic clock, and of CPU time."""

    time: float
    clock: float
    cpu: float

    @classmethod
    def now(cls) -> Started:
        """Return the present."""
        return cls(time.time(), time.monotonic(), time.process_time())


def _job_result(
    plan: Plan,
    results: Sequence[FileResult],
    model: SentimentModel,
    options: Options,
    started: Started,
    crew: Crew,
    success: SuccessFile | None = None,
) -> JobResult:
    return JobResult(
        files=results,
        started=started.time,
        seconds=time.monotonic() - started.clock,
        crew=crew,
        options=options,
        model=ModelId(model.name, model.file.sha256),
        versions=versions(),
        left_aside=plan.left_aside,
        without_input=plan.without_input,
        success_file=success,
        share=plan.share,
        retries=plan.stores.retries.done,
        reference=model.card.reference,
    )
