"""The scores of a file's earlier outputs, read when the file is to be scored, and held by text.

An output that is about to be replaced is one like the others, but what doesn't fit there isn't
refused: it is stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from scorer.errors import ReviewsError, ReviewsUnreachable
from scorer.known.digests import Digests
from scorer.known.earlier_output import is_of_another_maker, open_earlier, refusal_of
from scorer.known.runs import RUN_ENTRIES, ScoreRuns
from scorer.model import SentimentModel
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.storage.failures import writing
from scorer.storage.place import Place, work_path

# Calls what takes a step of the reading, and returns its answer: whether there is more.
Read: TypeAlias = Callable[[Callable[[], bool]], bool]


def at_once(call: Callable[[], bool]) -> bool:
    """Call here, on this thread."""
    return call()


@dataclass(frozen=True)
class Earlier:
    """The scores of a file's earlier outputs, by text.

    Attributes:
        runs: of each output.
        note: why none are taken from the output that is to be replaced, in a sentence; mostly
            empty.
    """

    runs: tuple[ScoreRuns, ...] = ()
    note: str = ""

    def find(self, digests: Digests, is_wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return the scores of texts, ``float32[texts]``; NaN of those that aren't there.

        Args:
            digests: of the texts.
            is_wanted: ``bool[texts]``, those that are looked for.
        """
        scores = np.full(len(digests), np.nan, np.float32)
        for run in self.runs:
            left = np.flatnonzero(is_wanted & np.isnan(scores))
            scores[left] = run.find(digests[left])
        return scores


class EarlierScores:
    """The scores of the earlier outputs of a job's files, read when a file is to be scored.

    Those of an output that the next file has, too, stay in memory; the others go.

    Args:
        model: of the job.
        options: of the job.
    """

    def __init__(self, model: SentimentModel, options: Options) -> None:
        self._model, self._options = model, options
        self._held: dict[Place, ScoreRuns] = {}

    def of(self, task: Task, read: Read = at_once) -> Earlier:
        """Return the scores of a file's earlier outputs.

        Args:
            task: the file.
            read: calls the steps of the reading.

        Raises:
            ReviewsError: an earlier output can't be read, or doesn't fit.
            OutputError: the disk beside the output doesn't take what is too much for memory.
        """
        held, note = {}, ""
        for place in task.earlier:
            if place in self._held:
                held[place] = self._held[place]
            elif place == task.output:
                note = self._take_own(task, read, held)
            else:
                held[place] = self._read(place, task, read)
        self._held = held
        return Earlier(tuple(held.values()), note)

    def _take_own(self, task: Task, read: Read, held: dict[Place, ScoreRuns]) -> str:
        """Read the output that is to be replaced, if it fits; return why it doesn't.

        Another model or scorer needn't be told of: for that the file is scored anew.
        """
        try:
            held[task.output] = self._read(task.output, task, read)
        except ReviewsUnreachable:
            raise
        except ReviewsError as error:
            return "" if is_of_another_maker(task.output, self._model) else str(error)
        return ""

    def _read(self, place: Place, task: Task, read: Read) -> ScoreRuns:
        refusal = refusal_of(place, self._model, self._options, self._model.fingerprint)
        if refusal:
            raise ReviewsError(refusal)
        runs = ScoreRuns(_folder_of(task), RUN_ENTRIES)
        with open_earlier(place, self._options) as output:
            blocks = output.scores()
            while read(partial(_add_next, runs, blocks, task.output)):
                pass
        with writing(task.output):
            runs.seal()
        return runs


def _folder_of(task: Task) -> Path:
    """Return where files of scores lie: beside the output; a preview doesn't make that folder."""
    beside = work_path(task.output).parent
    if beside.is_dir():
        return beside
    # Only a preview comes here, and only a run that takes scores imports it.
    import tempfile

    return Path(tempfile.gettempdir())


def _add_next(
    runs: ScoreRuns, blocks: Iterator[tuple[Digests, npt.NDArray[np.float32]]], output: Place
) -> bool:
    """Take a block of scores; return whether there was one."""
    block = next(blocks, None)
    if block is None:
        return False
    with writing(output):
        runs.add(*block)
    return True
