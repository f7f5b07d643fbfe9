"""``_SUCCESS``: an empty file in the folder of the outputs, which says that all of them are done.

Hadoop's and Spark's jobs end so, and what runs after them waits for it:
https://hadoop.apache.org/docs/stable/hadoop-aws/tools/hadoop-aws/committer_architecture.html
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from scorer.errors import UsageError, one_line
from scorer.job.plan import Plan
from scorer.job.result import FileResult, SuccessFile
from scorer.storage.failures import unwritable
from scorer.storage.whole_file import create, other_kind, sync

NAME = "_SUCCESS"
PERMISSIONS = 0o666


class SuccessMark:
    """The ``_SUCCESS`` of a job. An old one goes before the first output changes.

    Args:
        path: of the file.

    Raises:
        UsageError: something stands there that isn't an empty regular file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        what = _foreign(path)
        if what:
            raise UsageError(
                f"checking --success-file: {what} stands at {path}, and only an empty file is "
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
    def path(self) -> Path:
        """Where the file belongs."""
        return self._path

    def withdraw(self) -> None:
        """Remove an old one, if there is one: what it says is no longer true.

        Where that isn't possible, :meth:`conclude` says so.
        """
        with suppress(OSError):
            if _foreign(self._path):
                return
            self._path.unlink()
            sync(self._path.parent)

    def conclude(self, results: Sequence[FileResult]) -> SuccessFile:
        """Put the file there if all is done, and say what became of it."""
        undone = sum(not one.is_done for one in results)
        if not undone:
            return self._put()
        are = "is" if undone == 1 else "are"
        return self._without(f"{undone:,} of {_files(len(results))} {are} not done")

    def conclude_shards(self, results: Sequence[FileResult], names: Sequence[str]) -> SuccessFile:
        """Put the file there if all shards are done, and say what became of it.

        If they aren't, an old one goes: no shard removed it.

        Args:
            results: of all files.
            names: of their outputs, which must stand in this folder if they are done.
        """
        folder = self._path.parent
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
        if os.path.lexists(self._path):
            reason += ", but an old one stands there"
        return SuccessFile(str(self._path), is_written=False, reason=reason)

    def _put(self) -> SuccessFile:
        problem = _foreign(self._path)
        if problem:
            problem = f"{problem} stands there; move it away and run again"
        try:
            if not problem and not self._path.exists():
                # There are no bytes that could be missing from it.
                create(self._path, PERMISSIONS)
                sync(self._path.parent)
        except OSError as error:
            problem = unwritable(error)
        return SuccessFile(str(self._path), is_written=not problem, reason=problem)


def one_file(output: str) -> UsageError:
    """Return the refusal of ``_SUCCESS`` where there is no folder for it."""
    return UsageError(
        f"checking --success-file: {NAME} stands in a folder of outputs, and {output} is one "
        "file; name a folder, with / at its end"
    )


def success_path(plan: Plan) -> Path:
    """Return where a job puts its ``_SUCCESS``.

    Raises:
        UsageError: its output is one file, not a folder; or it is one of several shards, or
            an address.
    """
    if plan.share is not None:
        raise UsageError(
            f"checking --success-file: shard {plan.share.number} of {plan.share.of:,} doesn't know "
            "what became of the others; leave the option out, and when all have run: scorer "
            "merge-reports REPORT... --success-file OUTPUT"
        )
    if plan.folder is None:
        raise one_file(str(plan.tasks[0].output) if plan.tasks else "OUTPUT")
    if not isinstance(plan.folder, Path):
        raise UsageError(
            f"checking --success-file: {NAME} is put into a folder of this machine only, and "
            f"{plan.folder} is an address; leave the option out"
        )
    return plan.folder / NAME


def _foreign(path: Path) -> str:
    """Return what stands at a path, in words, if it may not be replaced."""
    try:
        kind = other_kind(path)
        if kind is not None:
            return kind
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return f"something that can't be looked at ({one_line(error)})"
    return "a file that isn't empty" if stat.S_ISREG(found.st_mode) and found.st_size else ""


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
