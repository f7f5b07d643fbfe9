"""The scores that needn't be computed: of texts that an earlier output holds, and of repeated ones.

Texts are told apart by a digest of their bytes; the same text has the same score, to the bit, so
that an output has the bytes that it would have if every row had been scored. All rows are tokenized
as ever: of what a review of 230 tokens costs it is a twentieth, and everything that is counted
stays what it was. Only the network is asked less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.known.digests import Digests
from scorer.known.earlier_scores import Earlier, EarlierScores, Read, at_once
from scorer.known.spared import Spared
from scorer.known.table import ScoreTable
from scorer.model import SentimentModel, Share, each_here
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.system.stopwatch import Stopwatch
from scorer.tokenizer import Tokens

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rated:
    """The scores of some rows, and where they are from.

    Attributes:
        values: ``float32[rows]``; NaN for a row without a token.
        from_outputs: ``bool[rows]``, those whose scores an earlier output had.
        repeated: ``bool[rows]``, those whose text had been scored in this run.
    """

    values: npt.NDArray[np.float32]
    from_outputs: Mask
    repeated: Mask

    @property
    def spared(self) -> Spared:
        """How many rows weren't scored."""
        return Spared(
            int(np.count_nonzero(self.from_outputs)), int(np.count_nonzero(self.repeated))
        )

    def split(self, lengths: Sequence[int]) -> list[Rated]:
        """Return the rows in parts of so many rows each."""
        ends = np.cumsum(lengths)[:-1]
        parts = (np.split(one, ends) for one in (self.values, self.from_outputs, self.repeated))
        return [Rated(*part) for part in zip(*parts, strict=True)]


@dataclass(frozen=True)
class Unknown:
    """Of some rows those whose scores aren't known.

    Attributes:
        rows: to be scored, each text once.
        repeats: those that repeat a text of ``rows``.
        owners: of each of ``repeats`` the row that it repeats.
    """

    rows: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]


class KnownScores:
    """The scores of the texts that a job has scored so far, and of its files' earlier outputs.

    Safe to use from several threads, but for :meth:`earlier`.

    Args:
        model: of the job.
        options: of the job.
    """

    def __init__(self, model: SentimentModel, options: Options) -> None:
        self._table = ScoreTable(options.remember) if options.remember else None
        self._earlier = EarlierScores(model, options)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say when the job is over, in a sentence each."""
        if self._table is None or not self._table.dropped:
            return ()
        return (
            f"of more than the {self._table.most_texts:,} texts that --remember keeps the older "
            "ones were forgotten; one that came again was scored again",
        )

    def earlier(self, task: Task, read: Read = at_once) -> Earlier:
        """Return the scores of a file's earlier outputs; see :meth:`EarlierScores.of`."""
        return self._earlier.of(task, read) if task.earlier else Earlier()

    def rate(
        self,
        model: SentimentModel,
        tokens: Tokens,
        digests: Digests,
        taken: npt.NDArray[np.float32],
        between: Callable[[], None] = lambda: None,
        clock: Stopwatch | None = None,
        share: Share = each_here,
    ) -> Rated:
        """Score rows, as far as the scores of their texts aren't known.

        They may be of several files: a score doesn't depend on what is scored beside it.

        Args:
            model: what scores.
            tokens: of the reviews.
            digests: of their texts.
            taken: ``float32[rows]``, scores of earlier outputs; NaN where there is none.
            between: called before each micro-batch; it ends the scoring by raising.
            clock: receives the seconds of the stages.
            share: does the calls that score a micro-batch each.
        """
        clock = clock or Stopwatch()
        with clock.stage("keeping"):
            values, from_outputs = taken.copy(), ~np.isnan(taken)
            unknown = self.unknown(tokens, digests, values)
        wanted = np.zeros(len(tokens), bool)
        wanted[unknown.rows] = True
        fresh = model.score_tokens(tokens, between, clock, wanted, share)
        values[unknown.rows] = fresh[unknown.rows]
        values[unknown.repeats] = fresh[unknown.owners]
        repeated = ~(from_outputs | wanted | np.isnan(values))
        with clock.stage("keeping"):
            self.remember(digests[unknown.rows], fresh[unknown.rows])
        return Rated(values, from_outputs, repeated)

    def unknown(self, tokens: Tokens, digests: Digests, values: npt.NDArray[np.float32]) -> Unknown:
        """Find the rows that have to be scored.

        Args:
            tokens: of the reviews.
            digests: of their texts.
            values: ``float32[rows]``, scores that are known already, NaN where none is; those that
                are remembered are written into it.
        """
        rows = np.flatnonzero((tokens.lengths > 0) & np.isnan(values))
        if self._table is None:
            return Unknown(rows, rows[:0], rows[:0])
        found = self._table.find(digests[rows])
        values[rows] = found
        rows = rows[np.isnan(found)]
        _, first, inverse = np.unique(digests[rows, 0], return_index=True, return_inverse=True)
        owners = rows[first[inverse]]
        # If only the first halves are equal, a row counts as one of its own.
        is_repeat = (owners != rows) & (digests[owners, 1] == digests[rows, 1])
        return Unknown(rows[~is_repeat], rows[is_repeat], owners[is_repeat])

    def remember(self, digests: Digests, scores: npt.NDArray[np.float32]) -> None:
        """Keep the scores of texts, which may be there already.

        Args:
            digests: of the texts.
            scores: ``float32[texts]``; NaN of those without a token.
        """
        if self._table is not None:
            is_scored = ~np.isnan(scores)
            self._table.add(digests[is_scored], scores[is_scored])
