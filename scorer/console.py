"""How a command speaks and how it ends: one sentence for each error, and the exit code it means.

The commands of all three packages use it. It knows click and nothing of scoring.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

import click

from scorer.errors import (
    MORE_MEMORY,
    OutputError,
    SentimentError,
    Stopped,
    UsageError,
    lacks_memory,
    one_line,
    too_long,
)
from scorer.system.background import is_background_busy
from scorer.system.escape import escaped, escaped_page, json_text
from scorer.system.records import Json
from scorer.system.signals import (
    INTERRUPTED,
    INTERRUPTED_MESSAGE,
    TERMINATED,
    ignore_signals,
    raise_if_stopped,
    stop_on_signals,
)

DEBUG_VARIABLE = "SENTIMENT_DEBUG"
UNEXPECTED = 1
# For threads to end by themselves after a stop.
SECONDS_TO_END = 0.3

# What every group of commands is made with.
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
CLEAR_LINE = "\r\x1b[K"
# Terminals that show codes as they are, such as that of an editor.
DUMB_TERMINALS = ("", "dumb")

LOG_FORMATS = ("text", "json")
_log = {"format": "text"}
# Streams that couldn't be written, once that was said.
_lost: set[str] = set()


class CommandGroup(click.Group):
    """Commands that never end in a traceback; ``SENTIMENT_DEBUG=1`` shows it."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command and leave the process with its exit code."""
        stop_on_signals()
        try:
            kwargs["standalone_mode"] = False
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            if log_is_json():
                _leave(error.format_message(), error.exit_code)
            # Other parts of what is shown are ours, and have several lines.
            vars(error)["message"] = escaped(error.message)
            with suppress(OSError):
                error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            _leave(INTERRUPTED_MESSAGE, INTERRUPTED)
        except (SentimentError, Stopped) as error:
            _leave(str(error), error.exit_code)
        except BrokenPipeError:
            # The reader of our output has left; there is nobody to tell.
            sys.exit(UNEXPECTED)
        except Exception as error:  # noqa: BLE001  # a sentence, not a traceback, for the user
            _leave_unexpected(error)
        sys.exit(code if isinstance(code, int) else 0)


def _leave_unexpected(error: Exception) -> NoReturn:
    """End the process with a sentence about an error that no part of it turned into one."""
    try:
        raise_if_stopped()
    except Stopped as stopped:
        _leave(str(stopped), stopped.exit_code)
    if isinstance(error, OSError) and _is_printing(error):
        _leave(str(_unwritable(error)), OutputError.exit_code)
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exc()
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        _leave(too_long(str(error.filename)), UsageError.exit_code)
    if lacks_memory(error):
        _leave(MORE_MEMORY, UNEXPECTED)
    found = " ".join(f"{type(error).__name__}: {error}".split())
    advice = f"run again with {DEBUG_VARIABLE}=1 and report what it prints"
    _leave(f"unexpected: {found}; {advice}", UNEXPECTED)


def run_as_process(command: Callable[[], None]) -> NoReturn:
    """Run a command line as this process, and end the process with its exit code.

    Standard streams that are closed are opened first: else the next file that is opened would take
    their number, and receive what C libraries write there. No thread is waited for after a stop.
    """
    _open_standard_streams()
    code: Any = UNEXPECTED
    try:
        try:
            command()
        finally:
            # From here on there is nothing left to stop.
            ignore_signals()
    except SystemExit as end:
        code = end.code
    except Stopped as stopped:
        # It came after the command's own answer to errors.
        _say_error(str(stopped))
        code = stopped.exit_code
    _flush_standard_streams()
    if code in (INTERRUPTED, TERMINATED) and _is_computing():
        # Python would wait for threads at its end, and one may be busy with a huge review. What
        # they work on was let go when the exception passed.
        os._exit(code)
    sys.exit(code)


def run_with_extra(name: str, module: str, needs: tuple[str, ...]) -> None:
    """Run the command line in ``module``; if a package it needs is missing, say what to install.

    Args:
        name: of the command.
        module: that holds its group ``cli``.
        needs: the packages of the extra ``train`` that it can't do without.
    """
    missing = [package for package in needs if find_spec(package) is None]
    if missing:
        _leave(
            f"{name} needs {missing[0]}, which is not installed; "
            "run: pip install 'review-sentiment[train]'",
            UNEXPECTED,
        )
    from scorer.system.memory import limits_address_space

    if limits_address_space():
        # Where OpenBLAS can't start its threads, it sends its own process SIGINT, which would pass
        # for Ctrl-C.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    run_as_process(lambda: import_module(module).cli(prog_name=name))


def import_quietly(name: str) -> None:
    """Import a package that chats on stderr, as TensorFlow does about the libraries it finds.

    What matters comes as an exception. ``SENTIMENT_DEBUG=1`` lets it chat.
    """
    if os.environ.get(DEBUG_VARIABLE):
        import_module(name)
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        import_module(name)
        # TensorFlow also warns of each new shape.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def say(line: str, level: str = "info", facts: Mapping[str, Json] | None = None) -> None:
    """Print a line for the person who watches: on stderr, because stdout is for results.

    Args:
        line: one sentence. Names in it may hold anything: it is escaped here.
        level: info, warning or error; shown in the JSON log.
        facts: further keys of the JSON log.
    """
    line = escaped(line)
    if log_is_json():
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        record = {"time": now, "level": level, "message": line, **(facts or {})}
        line = json_text(record)
    draw(f"{line}\n")


def can_redraw() -> bool:
    """Whether stderr is a terminal on which a line can be taken away again."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in DUMB_TERMINALS


def can_colour() -> bool:
    """Whether stdout is a terminal that shows colours, and they are wanted: no-color.org."""
    is_dumb = os.environ.get("TERM", "") in DUMB_TERMINALS
    return sys.stdout.isatty() and not is_dumb and not os.environ.get("NO_COLOR")


def draw(text: str) -> None:
    """Write to stderr, if anybody can read it: a message that can't be written ends no job."""
    with suppress(OSError):
        click.echo(text, err=True, nl=False)


def show(text: str) -> None:
    """Print on stdout what a command was asked for: a line, or a page.

    Raises:
        OutputError: it can't be written.
        BrokenPipeError: the reader has left.
    """
    show_escaped(escaped_page(text))


def show_escaped(text: str) -> None:
    """Print on stdout what its maker has escaped already, and may have coloured.

    Raises:
        OutputError: it can't be written.
        BrokenPipeError: the reader has left.
    """
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(error) from error


def tell(*lines: str) -> None:
    """Print on stdout what a job did, if anybody can read it: the job goes on in any case."""
    text = "\n".join(map(escaped, lines))
    try:
        click.echo(text)
    except UnicodeEncodeError:
        click.echo(text.encode("ascii", "backslashreplace"))
    except BrokenPipeError:
        pass
    except OSError as error:
        if "stdout" not in _lost:
            _lost.add("stdout")
            say(f"writing to stdout: {one_line(error)}; the job goes on without these lines")


def log_as(name: str) -> None:
    """Choose the format of the lines on stderr, from now on: one of :data:`LOG_FORMATS`."""
    _log["format"] = name


def log_is_json() -> bool:
    """Whether lines on stderr are JSON objects."""
    return _log["format"] == "json"


def _unwritable(error: OSError) -> OutputError:
    return OutputError(f"writing to stdout: {one_line(error)}; send it to another place")


def _is_printing(error: OSError) -> bool:
    """Whether click couldn't write: it prints the help and the version by itself."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is click.echo.__code__


def _leave(message: str, code: int) -> NoReturn:
    _say_error(message)
    sys.exit(code)


def _say_error(message: str) -> None:
    say(message if log_is_json() else f"Error: {message}", "error")


def _open_standard_streams() -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given out, which is this one.
            os.open(os.devnull, os.O_RDWR)
            stream = os.fdopen(number, "w" if number else "r", closefd=False)
            setattr(sys, name, getattr(sys, name) or stream)


def _flush_standard_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # Python would try once more at its end, complain, and change the exit code.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _is_computing() -> bool:
    """Whether a thread of this process still works, after a moment to end."""
    ends = time.monotonic() + SECONDS_TO_END
    others = [
        thread
        for thread in threading.enumerate()
        if thread is not threading.main_thread() and not thread.daemon
    ]
    for thread in others:
        thread.join(max(0.0, ends - time.monotonic()))
    return is_background_busy() or any(thread.is_alive() for thread in others)
