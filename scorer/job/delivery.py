"""A finished output is put under its key; an upload in parts is marked until it is over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from scorer.storage.failures import writing
from scorer.storage.names import helper_path
from scorer.storage.place import ObjectPlace, Place, work_path
from scorer.storage.stores import is_in_parts

MARK_SUFFIX = ".upload"
LEFT = (
    "a run was killed while it uploaded, and the parts may still lie in the store; a lifecycle "
    "rule removes them, see scorer/README.md"
)


def deliver(
    output: ObjectPlace,
    look: Callable[[], object],
    wait: Callable[[Future[None]], None],
    finished: Path,
) -> None:
    """Put a finished file under its key.

    What stands there by now is looked at once more: there is no lock between machines. Between
    that look and the end of the upload another's object could be replaced still.

    Args:
        output: where it is to stand.
        look: looks at what stands there; it raises if that must not be replaced.
        wait: waits for the upload; it raises if the job is to stop.
        finished: the file, checked.

    Raises:
        OutputError: the store didn't take it, or a file that scorer didn't write stands there.
    """
    look()
    with writing(output):
        if not is_in_parts(finished.stat().st_size):
            output.store.put(output.key, finished, wait)
            return
        mark = _mark(output)
        mark.touch(mode=0o600)
        output.store.put(output.key, finished, wait, lambda: mark.unlink(missing_ok=True))


def upload_left(output: Place) -> str:
    """Return what to say of an upload that a killed run may have left; nothing if there is none.

    It is said once.
    """
    if isinstance(output, Path):
        return ""
    with suppress(OSError):
        _mark(output).unlink()
        return LEFT
    return ""


def _mark(output: ObjectPlace) -> Path:
    return helper_path(work_path(output), MARK_SUFFIX)
