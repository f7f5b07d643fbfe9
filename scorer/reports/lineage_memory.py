"""Remembers that a run sent START, until it sent its end: what SIGKILL leaves, the next run finds.

It is an empty file in the folder of the outputs, or, if these lie in a store, in the folder for
unfinished ones. Its name holds a digest of the job and the id of the run. The run holds a lock on
it: one that is locked belongs to a run that lives.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scorer.storage.lock import hold_file

NAME = re.compile(
    r"\.lineage-(?P<job>[0-9a-f]{16})-(?P<run>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)


class Memory:
    """The runs of one job that began in a folder.

    Args:
        folder: where they are remembered; made if it is missing.
        job: name of the job.

    Attributes:
        killed: ids of the runs that were killed, once :meth:`begin` has looked.
    """

    def __init__(self, folder: Path, job: str) -> None:
        self._folder = folder
        self._job = hashlib.sha256(job.encode()).hexdigest()[:16]
        self._made = False
        self._held: dict[Path, int] = {}
        self._own: Path | None = None
        self.killed: list[str] = []

    def begin(self, run: str) -> None:
        """Find the runs that were killed, and remember this one.

        Raises:
            OSError: the folder can't be written, or its file system has no locks.
        """
        self._made = not self._folder.exists()
        self._folder.mkdir(parents=True, exist_ok=True)
        for path, earlier in self._left():
            handle = hold_file(path, 0o600)
            if handle is not None:
                self._held[path] = handle
                self.killed.append(earlier)
        self._own = self._folder / f".lineage-{self._job}-{run}"
        handle = hold_file(self._own, 0o600)
        if handle is not None:
            self._held[self._own] = handle

    def end(self, *, forget_killed: bool) -> None:
        """Forget this run, and those that were killed if somebody was told of them."""
        for path, handle in self._held.items():
            if forget_killed or path == self._own:
                with suppress(OSError):
                    path.unlink()
            os.close(handle)
        if self._made:
            # Nothing was written; a folder that isn't empty stays.
            with suppress(OSError):
                self._folder.rmdir()

    def _left(self) -> Iterator[tuple[Path, str]]:
        """Yield the files of this job's runs, each with the id of its run."""
        with os.scandir(self._folder) as entries:
            for entry in entries:
                found = NAME.fullmatch(entry.name)
                if found and found["job"] == self._job and _is_empty(entry):
                    yield Path(entry.path), found["run"]


def _is_empty(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file as ours are: nothing else is ever removed."""
    return entry.is_file(follow_symlinks=False) and not entry.stat(follow_symlinks=False).st_size
