"""Options that several commands share, and what checks their values."""

from __future__ import annotations

import re
from pathlib import Path

import click

from scorer.console import log_as

MODEL_OPTION = click.option(
    "--model",
    metavar="FILE",
    help="Model file, or the name of one that ships.  [default: default]",
)
TARGET_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


def log_format(context: click.Context, parameter: click.Parameter, value: str) -> None:
    """Set the format of the lines on stderr."""
    log_as(value)


def kept_columns(
    context: click.Context, parameter: click.Parameter, value: str
) -> tuple[str, ...] | None:
    """Read ``all``, ``none``, or names separated by commas."""
    if value == "all":
        return None
    return () if value == "none" else tuple(value.split(","))


def dropped_columns(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...]:
    """Read names separated by commas."""
    return tuple(value.split(",")) if value is not None else ()


def mebibytes(context: click.Context, parameter: click.Parameter, value: int) -> int:
    """Return the bytes of a number of MiB."""
    return value << 20


def sha256(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Check that a value is a SHA-256 in hex."""
    if value is not None and not re.fullmatch("[0-9a-fA-F]{64}", value):
        raise click.BadParameter(
            f"{value!r} is not a SHA-256, 64 hexadecimal digits; 'scorer inspect' shows a model's"
        )
    return value


def in_a_folder(
    context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    """Check before the run that a file can be written after it: a typo must not cost a night."""
    if value is not None and str(value) != "-" and not value.absolute().parent.is_dir():
        raise click.BadParameter(
            f"there is no folder {value.parent} to write {value.name} in; make it first"
        )
    return value
