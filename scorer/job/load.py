"""Windows that are scored together: one of a large file, or several of small files.

A review's score doesn't depend on what is scored beside it, and many small windows cost much more
than a large one. Everything else stays each file's own: its kept scores, counts and times, and its
failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.job.pipeline import Check, Pipeline, Probe
from scorer.job.preparation import Prepared
from scorer.job.windows import ScoredWindow, Window
from scorer.known.digests import Digests, digest_of, digests_of
from scorer.known.scores import KnownScores
from scorer.known.spared import Spared
from scorer.model import SentimentModel, Share
from scorer.scores import Scores
from scorer.storage.failures import writing
from scorer.storage.place import work_path
from scorer.system.stopwatch import Stopwatch
from scorer.tables.parquet_reader import LEAST_WINDOW_ROWS, WINDOW_BYTES, WINDOW_ROWS
from scorer.tokenizer import Tokens, raw_text


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
class Looked:
    """What a file's journal says of a window.

    Attributes:
        part: the window.
        texts: of its rows, as they stand in the file.
        digests: of the texts.
        digest: of all of them.
        scores: kept ones of a stopped run, if there are.
    """

    part: Part
    texts: pa.LargeBinaryArray
    digests: Digests
    digest: bytes
    scores: Scores | None

    @classmethod
    def up(cls, part: Part) -> Looked:
        """Look a window up."""
        file, window = part.file, part.window
        with file.clock.stage("keeping"):
            texts = raw_text(pa.chunked_array(file.source.kernel.texts(window.batches)))
            digests = digests_of(texts)
            digest = digest_of(digests)
            kept = file.journal.find(window.start, len(window), digest)
        return cls(part, texts, digests, digest, kept)


@dataclass(frozen=True)
class Scoring:
    """What loads are scored with.

    Attributes:
        model: what scores.
        known: the scores that needn't be computed.
        probe: is told of each window that is scored.
        check: is called now and then; it ends the scoring by raising.
        share: does the calls that score a micro-batch each, on threads that are idle, too.
    """

    model: SentimentModel
    known: KnownScores
    probe: Probe
    check: Check
    share: Share


def score_load(parts: Sequence[Part], scoring: Scoring) -> list[Outcome]:
    """Score windows together, or take their kept scores. Runs on several threads at once.

    If that fails, each is scored alone, so that a window's failure is its own.

    Args:
        parts: the windows.
        scoring: what they are scored with.

    Raises:
        CancelledError: raised by its ``check``.
    """
    try:
        return [*_score(parts, scoring)]
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001  # it becomes the result of its file
        if len(parts) == 1:
            return [error]
        alone = (score_load([part], scoring) for part in parts)
        return [outcome for outcomes in alone for outcome in outcomes]


def _score(parts: Sequence[Part], scoring: Scoring) -> list[ScoredWindow]:
    looked = [Looked.up(part) for part in parts]
    fresh = [one for one in looked if one.scores is None]
    for _ in fresh:
        scoring.probe.scoring(scoring.check)
    rated = iter(rate_each(fresh, scoring) if fresh else ())
    return [
        _answer(one, next(rated)) if one.scores is None else _kept(one, one.scores, scoring.known)
        for one in looked
    ]


@dataclass(frozen=True)
class _Fresh:
    """The scores of a window that was scored now, and how many of its rows weren't."""

    scores: Scores
    spared: Spared


def rate_each(looked: Sequence[Looked], scoring: Scoring) -> list[_Fresh]:
    """Score windows; each file's clock gets the share of its tokens."""
    model, check, clock = scoring.model, scoring.check, Stopwatch()
    with clock.stage("tokenizing"):
        tokens = model.card.tokenizer.encode_each([one.texts for one in looked])
    with clock.stage("keeping"):
        digests = np.concatenate([one.digests for one in looked])
        taken = np.concatenate([_taken(*pair) for pair in zip(looked, tokens, strict=True)])
    together = Tokens.joined(tokens)
    rated = scoring.known.rate(model, together, digests, taken, check, clock, scoring.share)
    with clock.stage("tokenizing"):
        fresh = [
            _Fresh(_scores(one, some, part.values, check), part.spared)
            for one, some, part in zip(
                looked, tokens, rated.split([*map(len, tokens)]), strict=True
            )
        ]
    for one, some in zip(looked, tokens, strict=True):
        one.part.file.clock.add(clock.seconds(), len(some.ids) / max(1, len(together.ids)))
    return fresh


def _taken(looked: Looked, tokens: Tokens) -> npt.NDArray[np.float32]:
    """Return the scores that earlier outputs of the file hold, ``float32[rows]``."""
    return looked.part.file.earlier.find(looked.digests, tokens.lengths > 0)


def _scores(
    looked: Looked, tokens: Tokens, values: npt.NDArray[np.float32], check: Check
) -> Scores:
    kernel, scores = looked.part.file.source.kernel, Scores.of(values, tokens)
    return kernel.with_language(scores, tokens, looked.texts, check)


def _answer(looked: Looked, fresh: _Fresh) -> ScoredWindow:
    """Keep the scores of a window, and return it with its columns."""
    part = looked.part
    file = part.file
    with file.clock.stage("keeping"), writing(work_path(file.source.task.output)):
        file.journal.add(part.window.start, looked.digest, fresh.scores)
    return _with_columns(part, fresh.scores, 0, fresh.spared)


def _kept(looked: Looked, scores: Scores, known: KnownScores) -> ScoredWindow:
    known.remember(looked.digests, scores.values)
    return _with_columns(looked.part, scores, len(looked.part.window), Spared())


def _with_columns(part: Part, scores: Scores, reused: int, spared: Spared) -> ScoredWindow:
    kernel, window = part.file.source.kernel, part.window
    with part.file.clock.stage("writing"):
        counts = kernel.count(scores)
        batches = kernel.append(window.batches, scores)
    return ScoredWindow(batches, counts, reused, spared, window.position)
