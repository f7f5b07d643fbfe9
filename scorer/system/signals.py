"""SIGTERM and Ctrl-C as an exception that no failure handler swallows: the first one counts."""

from __future__ import annotations

import os
import signal
import sys

from scorer.errors import Stopped

# Importing typing would double the time in which Ctrl-C still ends in Python's traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# Exit codes of a process that a signal ended: 128 and the signal's number.
INTERRUPTED = 130
TERMINATED = 143
INTERRUPTED_MESSAGE = "stopped by Ctrl-C; what was finished stays, run again to go on"
TERMINATED_MESSAGE = "stopped by SIGTERM; what was finished stays, run again to go on"


class _Received:
    """The stop that a signal asked for, if one did since the handlers were set."""

    stop: Stopped | None = None


def end_on_signals() -> None:
    """Let Ctrl-C end the process at once, without a traceback, while its commands are loaded."""
    # A shell or nohup may have Ctrl-C ignored; then it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def stop_on_signals() -> None:
    """Raise :class:`Stopped` in the main thread on the first SIGTERM or Ctrl-C from now on.

    Later ones are ignored: they would interrupt the clearing up that the first one started.
    """
    _Received.stop = None
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_DFL):
        signal.signal(signal.SIGINT, _interrupt)


def ignore_signals() -> None:
    """Ignore SIGTERM and Ctrl-C from now on: the process is ending."""
    sys.unraisablehook = _without_late_signals
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def raise_if_stopped() -> None:
    """Raise the stop once more that a signal asked for: something on its way has swallowed it.

    A C extension that is being imported turns it into an ``ImportError``.

    Raises:
        Stopped: a signal came.
    """
    if _Received.stop is not None:
        raise _Received.stop


def _without_late_signals(unraisable: sys.UnraisableHookArgs) -> None:
    """Print what can't be raised, but not that a signal came just before it was to be ignored."""
    if "ignored due to race condition" not in str(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)


def _stop(message: str, code: int) -> NoReturn:
    _Received.stop = Stopped(message, code)
    raise _Received.stop


def _terminate(number: int, frame: object) -> NoReturn:
    ignore_signals()
    _stop(TERMINATED_MESSAGE, TERMINATED)


def _interrupt(number: int, frame: object) -> NoReturn:
    ignore_signals()
    from contextlib import suppress

    # A terminal shows ^C where it was pressed: the message starts a line of its own.
    with suppress(OSError):
        if os.isatty(sys.stderr.fileno()):
            os.write(sys.stderr.fileno(), b"\n")
    _stop(INTERRUPTED_MESSAGE, INTERRUPTED)
