"""Windows that are scored together: one of a large file, or several of small files.

A review's score doesn't depend on what is scored beside it, and many small windows cost much more
than a large one. Everything else stays each file's own: its kept scores, counts and times, and its
failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import pyarrow as pa

from scorer.job.journal import digest_of
from scorer.job.pipeline import Check, Pipeline, Probe
from scorer.job.preparation import Prepared
from scorer.job.windows import ScoredWindow, Window
from scorer.model import SentimentModel
from scorer.scores import Scores
from scorer.storage.failures import writing
from scorer.storage.place import work_path
from scorer.system.stopwatch import Stopwatch
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS, WINDOW_BYTES, WINDOW_ROWS


@dataclass(frozen=True)
class Part:
    """A window of a load, and the file that it is of."""

    file: Prepared
    window: Window


@dataclass
class Load:
    """Windows in the order of the plan.

    Attributes:
        parts: the windows.
        rows: of all of them.
        size: bytes of all of them.
    """

    parts: list[Part] = field(default_factory=list)
    rows: int = 0
    size: int = 0

    @property
    def is_full(self) -> bool:
        """Whether more windows would bring little."""
        return self.rows >= LEAST_WINDOW_ROWS or self.size >= WINDOW_BYTES // 2

    def has_room_for(self, window: Window) -> bool:
        """Whether a window can be added, within the bounds of a single one."""
        is_within = self.rows + len(window) <= WINDOW_ROWS
        return not self.parts or (is_within and self.size + window.size <= WINDOW_BYTES)

    def add(self, part: Part) -> None:
        """Take a window."""
        self.parts.append(part)
        self.rows += len(part.window)
        self.size += part.window.size


# What became of a window: it is scored, or its file fails.
Outcome = ScoredWindow | Exception
# Those that score the loads of a job.
Threads = Pipeline[list[Outcome]]


@dataclass(frozen=True)
class _Found:
    """What a file's journal says of a window: the digest of its texts, and kept scores."""

    digest: bytes
    scores: Scores | None


def score_load(
    parts: Sequence[Part], model: SentimentModel, probe: Probe, check: Check
) -> list[Outcome]:
    """Score windows together, or take their kept scores. Runs on several threads at once.

    If that fails, each is scored alone, so that a window's failure is its own.

    Raises:
        CancelledError: raised by ``check``.
    """
    try:
        return [*_score(parts, model, probe, check)]
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001  # it becomes the result of its file
        if len(parts) == 1:
            return [error]
        return [one for part in parts for one in score_load([part], model, probe, check)]


def _score(
    parts: Sequence[Part], model: SentimentModel, probe: Probe, check: Check
) -> list[ScoredWindow]:
    found = [_look_up(part) for part in parts]
    fresh = [part for part, one in zip(parts, found, strict=True) if one.scores is None]
    for _ in fresh:
        probe.scoring(check)
    scored = iter(_rated(fresh, model, check) if fresh else ())
    return [
        _answer(part, one.digest, next(scored)) if one.scores is None else _kept(part, one.scores)
        for part, one in zip(parts, found, strict=True)
    ]


def _look_up(part: Part) -> _Found:
    file, window = part.file, part.window
    with file.clock.stage("keeping"):
        digest = digest_of(file.source.kernel.texts(window.batches))
        return _Found(digest, file.journal.find(window.start, len(window), digest))


def _rated(parts: Sequence[Part], model: SentimentModel, check: Check) -> list[Scores]:
    """Score windows; each file's clock gets the share of its tokens."""
    clock = Stopwatch()
    kernels = [part.file.source.kernel for part in parts]
    texts = [
        pa.chunked_array(kernel.texts(part.window.batches))
        for kernel, part in zip(kernels, parts, strict=True)
    ]
    with clock.stage("tokenizing"):
        tokens = model.card.tokenizer.encode_each(texts)
    values = model.score_each(tokens, check, clock)
    with clock.stage("tokenizing"):
        scores = [
            kernel.with_language(Scores.of(found, some), some, text, check)
            for kernel, found, some, text in zip(kernels, values, tokens, texts, strict=True)
        ]
    total = sum(len(some.ids) for some in tokens)
    for part, some in zip(parts, tokens, strict=True):
        part.file.clock.add(clock.seconds(), len(some.ids) / max(1, total))
    return scores


def _answer(part: Part, digest: bytes, scores: Scores) -> ScoredWindow:
    """Keep the scores of a window, and return it with its columns."""
    file = part.file
    with file.clock.stage("keeping"), writing(work_path(file.source.task.output)):
        file.journal.add(part.window.start, digest, scores)
    return _with_columns(part, scores, reused=0)


def _kept(part: Part, scores: Scores) -> ScoredWindow:
    return _with_columns(part, scores, reused=len(part.window))


def _with_columns(part: Part, scores: Scores, reused: int) -> ScoredWindow:
    kernel, window = part.file.source.kernel, part.window
    with part.file.clock.stage("writing"):
        counts = kernel.count(scores)
        return ScoredWindow(kernel.append(window.batches, scores), counts, reused, window.position)
