"""``_SUCCESS``: an empty file in the folder of the outputs, which says that all of them are done.

Hadoop's and Spark's jobs end so, and what runs after them waits for it:
https://hadoop.apache.org/docs/stable/hadoop-aws/tools/hadoop-aws/committer_architecture.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scorer.errors import UsageError
from scorer.job.result import FileResult, SuccessFile
from scorer.planning.plan import Plan
from scorer.storage.empty_file import empty_file_at
from scorer.storage.place import Place

NAME = "_SUCCESS"


class SuccessMark:
    """The ``_SUCCESS`` of a job. An old one goes before the first output changes.

    Args:
        place: of the file, or of the object.

    Raises:
        UsageError: something stands there that isn't an empty regular file.
    """

    def __init__(self, place: Place) -> None:
        self._file = empty_file_at(place)
        what = self._file.foreign()
        if what:
            raise UsageError(
                f"checking --success-file: {what} stands at {place}, and only an empty file is "
                "replaced; move it away, or leave the option out"
            )

    @classmethod
    def of(cls, plan: Plan) -> SuccessMark:
        """Return the mark of a job.

        Raises:
            UsageError: there is no folder for it, or something foreign stands there.
        """
        return cls(success_path(plan))

    @classmethod
    def in_folder(cls, folder: Path) -> SuccessMark:
        """Return the mark of shards that wrote into a folder.

        Raises:
            UsageError: there is no such folder, or something foreign stands there.
        """
        if not folder.is_dir():
            raise UsageError(
                f"checking --success-file: there is no folder {folder}; name the one that the "
                "shards wrote to"
            )
        return cls(folder / NAME)

    @property
    def place(self) -> Place:
        """Where the file belongs."""
        return self._file.place

    def withdraw(self) -> None:
        """Remove an old one, if there is one: what it says is no longer true.

        Where that isn't possible, :meth:`conclude` says so.
        """
        if not self._file.foreign():
            self._file.remove()

    def conclude(self, results: Sequence[FileResult]) -> SuccessFile:
        """Put the file there if all is done, and say what became of it."""
        undone = sum(not one.is_done for one in results)
        if not undone:
            return self._put()
        are = "is" if undone == 1 else "are"
        return self._without(f"{undone:,} of {_files(len(results))} {are} not done")

    def conclude_shards(
        self, results: Sequence[FileResult], names: Sequence[str], folder: Path
    ) -> SuccessFile:
        """Put the file there if all shards are done, and say what became of it.

        If they aren't, an old one goes: no shard removed it.

        Args:
            results: of all files.
            names: of their outputs, which must stand in the folder if they are done.
            folder: the one that the mark was made for.
        """
        is_done = all(one.is_done for one in results)
        gone = [] if not is_done else [name for name in names if not (folder / name).is_file()]
        if is_done and not gone:
            return self._put()
        self.withdraw()
        if not is_done:
            return self.conclude(results)
        return self._without(
            f"{gone[0]} isn't there; name the folder that the shards wrote to, or run its shard "
            "again"
        )

    def _without(self, reason: str) -> SuccessFile:
        if self._file.is_there():
            reason += ", but an old one stands there"
        return SuccessFile(str(self.place), is_written=False, reason=reason)

    def _put(self) -> SuccessFile:
        problem = self._file.foreign()
        if problem:
            problem = f"{problem} stands there; move it away and run again"
        problem = problem or self._file.put()
        return SuccessFile(str(self.place), is_written=not problem, reason=problem)


def one_file(output: str) -> UsageError:
    """Return the refusal of ``_SUCCESS`` where there is no folder for it."""
    return UsageError(
        f"checking --success-file: {NAME} stands in a folder of outputs, and {output} is one "
        "file; name a folder, with / at its end"
    )


def success_path(plan: Plan) -> Place:
    """Return where a job puts its ``_SUCCESS``.

    Raises:
        UsageError: its output is one file, not a folder; or it is one of several shards.
    """
    if plan.share is not None:
        raise UsageError(
            f"checking --success-file: shard {plan.share.number} of {plan.share.of:,} doesn't know "
            "what became of the others; leave the option out, and when all have run: scorer "
            "merge-reports REPORT... --success-file OUTPUT"
        )
    if plan.folder is None:
        raise one_file(str(plan.tasks[0].output) if plan.tasks else "OUTPUT")
    return plan.folder / NAME


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
