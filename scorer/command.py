"""How a command ends: every error as one sentence on stderr, and the exit code that it stands for.

Shared by the commands of all three packages; knows click and nothing of scoring.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

import click

from scorer.errors import SentimentError, Stopped

DEBUG_VARIABLE = "SENTIMENT_DEBUG"
UNEXPECTED = 1
INTERRUPTED = 130
TERMINATED = 143
INTERRUPTED_MESSAGE = "stopped by Ctrl-C; what was finished stays, run again to go on"

LOG_FORMATS = ("text", "json")
_log = {"format": "text"}


class CommandGroup(click.Group):
    """A group of commands that never ends in a traceback; set ``SENTIMENT_DEBUG=1`` to see one."""

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Run the command and leave the process with its exit code."""
        signal.signal(signal.SIGTERM, _terminate)
        # Where a shell or nohup has Ctrl-C ignored, it stays so.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
        try:
            kwargs["standalone_mode"] = False
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            if log_is_json():
                _leave(error.format_message(), error.exit_code)
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            _leave(INTERRUPTED_MESSAGE, INTERRUPTED)
        except (SentimentError, Stopped) as error:
            _leave(str(error), error.exit_code)
        except BrokenPipeError:
            # Whoever read our output has left; there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(UNEXPECTED)
        except Exception as error:  # noqa: BLE001  # the last stop before the user: one sentence instead of a traceback
            if os.environ.get(DEBUG_VARIABLE):
                traceback.print_exc()
            found = " ".join(f"{type(error).__name__}: {error}".split())
            _leave(f"unexpected: {found}; run again with {DEBUG_VARIABLE}=1 and report what it prints", UNEXPECTED)
        sys.exit(code if isinstance(code, int) else 0)


def run_with_extra(name: str, module: str, needs: tuple[str, ...]) -> None:
    """Run the command line in ``module``; where a package that it needs is missing, say in one line what to install."""
    missing = [package for package in needs if find_spec(package) is None]
    if missing:
        _leave(f"{name} needs {missing[0]}, which is not installed; run: pip install 'review-sentiment[train]'", UNEXPECTED)
    import_module(module).cli(prog_name=name)


def import_quietly(name: str) -> None:
    """Import a package that talks on stderr while it is imported, as TensorFlow does of libraries it found or didn't.

    What matters comes as an exception; ``SENTIMENT_DEBUG=1`` lets it talk.
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
        # It also warns of each shape that it meets for the first time.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def say(line: str, level: str = "info", **facts: str) -> None:
    """Print a line for the person who watches: on stderr, results alone go to stdout.

    Args:
        line: one sentence.
        level: info or error; shown where the log is JSON.
        facts: more of the same, for machines; shown where the log is JSON.
    """
    if log_is_json():
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = json.dumps({"time": now, "level": level, "message": line, **facts}, ensure_ascii=False)
    click.echo(line, err=True)


def log_as(name: str) -> None:
    """Choose how lines on stderr look, from now on: one of :data:`LOG_FORMATS`."""
    _log["format"] = name


def log_is_json() -> bool:
    """Whether lines on stderr are JSON objects."""
    return _log["format"] == "json"


def _terminate(number: int, frame: object) -> NoReturn:
    raise Stopped("stopped by SIGTERM; what was finished stays, run again to go on", TERMINATED)


def _interrupt(number: int, frame: object) -> NoReturn:
    # A terminal shows ^C where it was pressed: the message begins a line of its own.
    if sys.stderr.isatty():
        click.echo(err=True)
    raise Stopped(INTERRUPTED_MESSAGE, INTERRUPTED)


def _leave(message: str, code: int) -> NoReturn:
    say(message if log_is_json() else f"Error: {message}", "error")
    sys.exit(code)
