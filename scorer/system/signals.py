"""SIGTERM and Ctrl-C as an exception that no failure handler swallows."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

from scorer.errors import Stopped

# Exit codes of a process that a signal ended: 128 and the signal's number.
INTERRUPTED = 130
TERMINATED = 143
INTERRUPTED_MESSAGE = "stopped by Ctrl-C; what was finished stays, run again to go on"
TERMINATED_MESSAGE = "stopped by SIGTERM; what was finished stays, run again to go on"


def stop_on_signals() -> None:
    """Raise :class:`Stopped` in the main thread on SIGTERM and Ctrl-C, from now on."""
    signal.signal(signal.SIGTERM, _terminate)
    # A shell or nohup may have Ctrl-C ignored; then it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _terminate(number: int, frame: object) -> NoReturn:
    raise Stopped(TERMINATED_MESSAGE, TERMINATED)


def _interrupt(number: int, frame: object) -> NoReturn:
    # A terminal shows ^C where it was pressed: the message starts a line of its own.
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    raise Stopped(INTERRUPTED_MESSAGE, INTERRUPTED)
