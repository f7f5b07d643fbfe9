"""The outputs of earlier runs whose scores are taken (``--reuse``): found, checked, read.

An output's footer says which model scored it, with which version of the scorer and of pyarrow its
texts were cut, and the fingerprint of the arithmetic. Scores are taken only where all of them are
those of this run, and where the text stands beside them.

The scores of a file's earlier outputs are read when the file is to be scored: text by text, they
are held by the digest of the text (:mod:`scorer.job.score_runs`). An output that is about to be
replaced is one like the others, but what doesn't fit there isn't refused: it is stale.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer._version import __version__
from scorer.columns import path_to, text_array
from scorer.errors import ReviewsError, ReviewsUnreachable, UsageError
from scorer.job.freshness import STAMP_KEY, Stamp
from scorer.job.options import Options
from scorer.job.plan import Plan, RealPaths, Task
from scorer.job.score_runs import RUN_ENTRIES, ScoreRuns
from scorer.job.shards import name_below
from scorer.job.text_digests import Digests, digests_of
from scorer.kernel import SCORE
from scorer.model import SentimentModel
from scorer.storage.failures import reading, writing
from scorer.storage.place import Place, place_of, work_path
from scorer.system.records import RecordError, from_json
from scorer.tables.parquet_reader import ParquetReviews, read_key
from scorer.tokenizer import raw_text

# Calls what takes a step of the reading, and returns its answer: whether there is more.
Read: TypeAlias = Callable[[Callable[[], bool]], bool]
# Characters of a digest in a message.
SHOWN = 12


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
            stamp = _stamp_of(task.output)
            is_told = stamp is not None and _maker(stamp) != (__version__, self._model.file.sha256)
            return "" if is_told else str(error)
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


def _maker(stamp: Stamp) -> tuple[str, str]:
    return stamp.scorer, stamp.model_sha256


def _folder_of(task: Task) -> Path:
    """Return where files of scores lie: beside the output; a preview doesn't make that folder."""
    beside = work_path(task.output).parent
    return beside if beside.is_dir() else Path(tempfile.gettempdir())


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


@dataclass(frozen=True)
class EarlierOutput:
    """An open output of an earlier run.

    Attributes:
        reviews: itself.
        text_column: the column with the reviews, or the field of a struct with its path.
        score_column: the column with their scores.
    """

    reviews: ParquetReviews
    text_column: str
    score_column: str

    def scores(self) -> Iterator[tuple[Digests, npt.NDArray[np.float32]]]:
        """Yield the digests of texts and their scores; texts without a score are left out.

        Raises:
            ReviewsError: it can't be read to its end.
        """
        wanted = {path_to(self.reviews.schema, self.text_column)[0], self.score_column}
        columns = [name for name in self.reviews.schema.names if name in wanted]
        for batches in self.reviews.windows(columns):
            texts = pa.chunked_array([text_array(batch, self.text_column) for batch in batches])
            scores = np.concatenate(
                [
                    batch.column(self.score_column).to_numpy(zero_copy_only=False)
                    for batch in batches
                ]
            )
            is_scored = ~np.isnan(scores)
            yield digests_of(raw_text(texts))[is_scored], scores[is_scored]


@contextmanager
def open_earlier(place: Place, options: Options) -> Iterator[EarlierOutput]:
    """Open an output that :func:`refusal_of` doesn't refuse.

    Raises:
        ReviewsError: it can't be opened.
    """
    stamp = _stamp_of(place)
    if stamp is None:
        raise ReviewsError(f"reusing {place}: it was replaced meanwhile; run again")
    with ParquetReviews(place, options.max_cell) as reviews:
        yield EarlierOutput(reviews, stamp.options.text_column, stamp.options.columns[-1])


def refusal_of(
    place: Place, model: SentimentModel, options: Options, fingerprint: str | None
) -> str:
    """Return why no scores can be taken from an output, in a sentence; empty if they can.

    Args:
        place: of the output.
        model: of this run.
        options: of this run.
        fingerprint: of the arithmetic that will score; None if others than this process will.

    Raises:
        ReviewsError: it can't be opened.
    """
    stamp = _stamp_of(place)
    if stamp is None:
        return f"reusing {place}: it isn't an output of scorer; name one, or leave it out"
    for what, found, wanted in _compared(stamp, model, fingerprint):
        if not found:
            return (
                f"reusing {place}: it doesn't say of which {what} its scores are, since an older "
                "scorer wrote it; score it once more with --force"
            )
        if found != wanted:
            return (
                f"reusing {place}: its scores are of another {what}, {found} and not {wanted}; "
                "name an output that agrees with this run, or leave it out"
            )
    with ParquetReviews(place, options.max_cell) as reviews:
        return _lacking(place, reviews.schema, stamp)


def _compared(
    stamp: Stamp, model: SentimentModel, fingerprint: str | None
) -> Iterator[tuple[str, str, str]]:
    """Yield what scores depend on: what it is, that of an output, that of this run."""
    yield "scorer", stamp.scorer, __version__
    yield "model", stamp.model_sha256[:SHOWN], model.file.sha256[:SHOWN]
    cut_by = f"pyarrow {stamp.pyarrow}" if stamp.pyarrow else ""
    yield "tokenizer", cut_by, f"pyarrow {pa.__version__}"
    if fingerprint is not None:
        yield "arithmetic", stamp.fingerprint[:SHOWN], fingerprint[:SHOWN]


def _lacking(place: Place, schema: pa.Schema, stamp: Stamp) -> str:
    """Return what an output lacks, in a sentence; empty if its texts and scores are there."""
    text, score = stamp.options.text_column, stamp.options.columns[-1]
    try:
        path_to(schema, text)
    except ReviewsError:
        return (
            f"reusing {place}: it lacks the column {text!r} with the texts, which --keep or --drop "
            "left out; name an output that has it"
        )
    if schema.names.count(score) != 1 or schema.field(score).type != SCORE.type:
        return f"reusing {place}: it lacks its scores; name a file that scorer wrote"
    return ""


def _stamp_of(place: Place) -> Stamp | None:
    with reading(place):
        stored = read_key(place, STAMP_KEY)
    try:
        return from_json(Stamp, stored)
    except RecordError:
        return None


def with_earlier(plan: Plan, given: Sequence[str]) -> Plan:
    """Return a plan whose files have their earlier outputs.

    An output that is named serves every file; of a folder serves each file the one of its name.
    What the run itself is to write may be named, too, and needn't be there yet.

    Args:
        plan: the plan.
        given: outputs and folders of them; paths, or addresses in stores.

    Raises:
        UsageError: one isn't there, or a folder holds no output of any file's name.
        ReviewsUnreachable: a store doesn't answer.
    """
    for one in given:
        if not one:
            raise UsageError("reusing: a name is empty; check the variable that it is from")
        place = place_of(one, "reusing", plan.stores)
        with reading(place):
            plan = _with_one(plan, place)
    return plan


def check_earlier(
    plan: Plan, model: SentimentModel, options: Options, fingerprint: str | None
) -> None:
    """Check before the first row that scores can be taken from every earlier output.

    Those that are about to be replaced needn't fit.

    Args:
        plan: whose files have their earlier outputs.
        model: of the job.
        options: of the job.
        fingerprint: of the arithmetic that will score; None if others than this process will.

    Raises:
        UsageError: an output doesn't fit, or can't be read.
        ReviewsUnreachable: a store doesn't answer.
    """
    places = {place for task in plan.tasks for place in task.earlier if place != task.output}
    for place in sorted(places, key=str):
        try:
            refusal = refusal_of(place, model, options, fingerprint)
        except ReviewsUnreachable:
            raise
        except ReviewsError as error:
            refusal = str(error)
        if refusal:
            raise UsageError(refusal)


def _with_one(plan: Plan, place: Place) -> Plan:
    is_own = _is_own(place, plan)
    find = _own_output if is_own else _finder(place, plan.folder)

    def with_it(task: Task) -> Task:
        found = find(task)
        return task if found is None else replace(task, earlier=(*task.earlier, found))

    tasks, others = (tuple(map(with_it, part)) for part in (plan.tasks, plan.elsewhere))
    if not is_own and (*tasks, *others) == (*plan.tasks, *plan.elsewhere):
        raise UsageError(
            f"reusing {place}: the folder holds no output under the name of one of this run; name "
            "the folder that an earlier run wrote, or an output"
        )
    return replace(plan, tasks=tasks, elsewhere=others)


def _is_own(place: Place, plan: Plan) -> bool:
    """Whether a place is what the run itself is to write."""
    outputs = [task.output for task in (*plan.tasks, *plan.elsewhere)]
    own = outputs[0] if plan.folder is None and outputs else plan.folder
    if own is None or isinstance(own, Path) != isinstance(place, Path):
        return False
    if not isinstance(own, Path):
        return str(own).rstrip("/") == str(place).rstrip("/")
    real = RealPaths()
    return real.identity(own) == real.identity(place)


def _own_output(task: Task) -> Place | None:
    return task.output if _is_there(task.output) else None


def _finder(place: Place, folder: Place | None) -> Callable[[Task], Place | None]:
    """Return what finds a task's earlier output: the place itself, or that of its name in it.

    Args:
        place: what was named.
        folder: that of the outputs.

    Raises:
        UsageError: nothing is there.
    """
    names = _names_below(place)
    if names is not None:
        base = None if folder is None else str(folder)
        return lambda task: names(name_below(base, str(task.output)))
    if not _is_there(place):
        raise UsageError(f"reusing {place}: there is no such file or folder; check its name")
    return lambda task: place


def _names_below(place: Place) -> Callable[[str], Place | None] | None:
    """Return what finds a file in a folder by its name; None if the place is no folder."""
    if isinstance(place, Path):
        if not place.is_dir():
            return None
        return lambda name: place / name if (place / name).is_file() else None
    if not str(place).endswith("/") and place.look() is not None:
        return None
    return place.below().get


def _is_there(place: Place) -> bool:
    return place.is_file() if isinstance(place, Path) else place.look() is not None
