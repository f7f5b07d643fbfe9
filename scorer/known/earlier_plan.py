"""Which earlier outputs the files of a job have: found by what ``--reuse`` names, and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from scorer.errors import ReviewsError, ReviewsUnreachable, UsageError
from scorer.known.earlier_output import refusal_of
from scorer.model import SentimentModel
from scorer.planning.options import Options
from scorer.planning.plan import Plan, RealPaths, Task
from scorer.planning.shards import name_below
from scorer.storage.failures import reading
from scorer.storage.place import Place, place_of


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
