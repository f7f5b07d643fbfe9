"""How a command speaks and how it ends: one sentence for each error, and the exit code it means.

The commands of all three packages use it. It knows click and nothing of scoring.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NoReturn

import click

from scorer.errors import SentimentError, Stopped
from scorer.system.signals import INTERRUPTED, INTERRUPTED_MESSAGE, stop_on_signals

DEBUG_VARIABLE = "SENTIMENT_DEBUG"
UNEXPECTED = 1

# What every group of commands is made with.
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
CLEAR_LINE = "\r\x1b[K"

LOG_FORMATS = ("text", "json")
_log = {"format": "text"}


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
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            _leave(INTERRUPTED_MESSAGE, INTERRUPTED)
        except (SentimentError, Stopped) as error:
            _leave(str(error), error.exit_code)
        except BrokenPipeError:
            # The reader of our output has left; there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(UNEXPECTED)
        except Exception as error:  # noqa: BLE001  # a sentence, not a traceback, for the user
            if os.environ.get(DEBUG_VARIABLE):
                traceback.print_exc()
            found = " ".join(f"{type(error).__name__}: {error}".split())
            advice = f"run again with {DEBUG_VARIABLE}=1 and report what it prints"
            _leave(f"unexpected: {found}; {advice}", UNEXPECTED)
        sys.exit(code if isinstance(code, int) else 0)


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
    import_module(module).cli(prog_name=name)


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


def say(line: str, level: str = "info", **facts: str) -> None:
    """Print a line for the person who watches: on stderr, because stdout is for results.

    Args:
        line: one sentence.
        level: info or error; shown in the JSON log.
        facts: further keys of the JSON log.
    """
    if log_is_json():
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        record = {"time": now, "level": level, "message": line, **facts}
        line = json.dumps(record, ensure_ascii=False)
    click.echo(line, err=True)


def log_as(name: str) -> None:
    """Choose the format of the lines on stderr, from now on: one of :data:`LOG_FORMATS`."""
    _log["format"] = name


def log_is_json() -> bool:
    """Whether lines on stderr are JSON objects."""
    return _log["format"] == "json"


def _leave(message: str, code: int) -> NoReturn:
    say(message if log_is_json() else f"Error: {message}", "error")
    sys.exit(code)
