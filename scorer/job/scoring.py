"""One file is scored: prepared, its windows scored and written, finished.

    prepare   is the output done? open the input, hash it; is the output done? lock it
    score     its windows through the pipeline, into the output
    finish    footer, disk, final name; what became of the file

The three keep no state outside what they return.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from scorer.job.containment import as_a_signal_does
from scorer.job.empty_column import note_on
from scorer.job.known_scores import KnownScores
from scorer.job.options import Options
from scorer.job.pipeline import Check, Probe
from scorer.job.plan import Task
from scorer.job.preparation import Prepared, prepare
from scorer.job.result import SCORED, FileResult, Spared
from scorer.job.seen import write_seen
from scorer.job.text_digests import digest_of, digests_of
from scorer.job.windows import ScoredWindow, Threads, Window
from scorer.kernel import Counts, Scores
from scorer.model import SentimentModel
from scorer.storage.failures import writing
from scorer.storage.place import naming, work_path
from scorer.tokenizer import raw_text


@dataclass(frozen=True)
class Scored:
    """What was found in a file's rows, how many weren't scored now, and what to say of it."""

    counts: Counts
    reused: int
    spared: Spared
    note: str


@dataclass(frozen=True)
class Watch:
    """What is told of each window when it is written.

    Attributes:
        rows: receives the number of its rows.
        position: receives the bytes of the input up to its end, where nothing tells the rows of the
            input.
    """

    rows: Callable[[int], None] = lambda rows: None
    position: Callable[[int], None] = lambda position: None


def score_file(
    task: Task,
    model: SentimentModel,
    options: Options,
    pipeline: Threads,
    watch: Watch,
    begins: Callable[[], None],
    known: KnownScores,
) -> FileResult:
    """Score one file, unless its output is done already; say what became of it.

    Args:
        task: the file.
        model: what scores.
        options: of the job.
        pipeline: threads that score.
        watch: is told of each window when it is written.
        begins: is called before the first row, if the output isn't done.
        known: the scores that the job knows.

    Raises:
        ReviewsError: the input can't be read, or its columns don't fit.
        OutputError: the output can't be written, must not be replaced, or another run holds it.
        Stopped: the job was stopped.
    """
    prepared = prepare(task, model, options, pipeline, known)
    if isinstance(prepared, FileResult):
        return prepared
    with prepared, as_a_signal_does(), naming(task.output):
        begins()
        scored = score(prepared, pipeline, watch, known)
        return finish(prepared, scored)


def score(
    prepared: Prepared,
    pipeline: Threads,
    watch: Watch,
    known: KnownScores,
) -> Scored:
    """Score the input's windows on the pipeline's threads; write each when its turn comes.

    Raises:
        ReviewsError: the input can't be read to its end.
        OutputError: the output, or its journal, can't be written.
        CancelledError: the job was stopped.
    """
    counts, reused, spared = Counts(), 0, Spared()
    work = partial(_score_window, prepared, known, pipeline.probe)
    with pipeline.answers(_read_windows(prepared, pipeline), work) as answers:
        for window in answers:
            with prepared.clock.stage("writing"):
                for batch in window.batches:
                    prepared.output.write(batch)
            counts += window.counts
            reused += window.reused
            spared += window.spared
            watch.rows(window.counts.rows)
            if window.position is not None:
                watch.position(window.position)
    note = pipeline.reading(partial(note_on, prepared.source, counts))
    return Scored(counts, reused, spared, note)


def finish(prepared: Prepared, scored: Scored) -> FileResult:
    """Write the output's end, put it in place, and say what became of the file.

    Raises:
        OutputError: the output can't be written.
        CancelledError: the job was stopped.
    """
    prepared.source.reviews.close()
    with prepared.clock.stage("writing"):
        prepared.output.finish(prepared.stamp.to_footer(), prepared.source.reviews.rows)
    write_seen(work_path(prepared.source.task.output), prepared.seen)
    return FileResult(
        prepared.source.task,
        SCORED,
        prepared.reason,
        scored.counts,
        scored.reused,
        time.monotonic() - prepared.started,
        prepared.clock.seconds(),
        "; ".join(filter(None, (prepared.note, scored.note))),
        prepared.changes,
        spared=scored.spared,
    )


def _read_windows(prepared: Prepared, pipeline: Threads) -> Iterator[Window]:
    start = 0
    windows = prepared.source.reviews.windows(prepared.source.kernel.columns)
    while True:
        with prepared.clock.stage("reading"):
            batches = pipeline.reading(partial(next, windows, None))
        if batches is None:
            return
        window = Window(start, batches, prepared.source.reviews.position)
        yield window
        start += len(window)


def _score_window(
    prepared: Prepared, known: KnownScores, probe: Probe, window: Window, check: Check
) -> ScoredWindow:
    """Score a window, or take its kept scores. Runs on several threads at once."""
    kernel, clock, journal = prepared.source.kernel, prepared.clock, prepared.journal
    with clock.stage("keeping"):
        texts = raw_text(pa.chunked_array(kernel.texts(window.batches)))
        digests = digests_of(texts)
        digest = digest_of(digests)
        scores, spared = journal.find(window.start, len(window), digest), Spared()
    is_kept = scores is not None
    if scores is None:
        probe.scoring(check)
        with clock.stage("tokenizing"):
            tokens = kernel.model.card.tokenizer.encode(texts)
        with clock.stage("keeping"):
            taken = prepared.earlier.find(digests, tokens.lengths > 0)
        rated = known.rate(kernel.model, tokens, digests, taken, check, clock)
        scores, spared = Scores.of(rated.values, tokens), rated.spared
        with clock.stage("keeping"), writing(work_path(prepared.source.task.output)):
            journal.add(window.start, digest, scores)
    else:
        known.remember(digests, scores.values)
    with clock.stage("writing"):
        counts = kernel.count(scores)
        batches = kernel.append(window.batches, scores)
    reused = counts.rows if is_kept else 0
    return ScoredWindow(batches, counts, reused, spared, window.position)
