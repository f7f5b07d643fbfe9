"""Options that several commands share, and what checks their values."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import click

from scorer.console import LOG_FORMATS, log_as
from scorer.storage.address import check_local
from scorer.storage.names import check_name

MODEL_OPTION = click.option(
    "--model",
    metavar="FILE",
    help="Model file, or the name of one that ships.  [default: default]",
)
# Whether it can be read is checked with what stands there.
TARGET_FILE = click.Path(dir_okay=False, readable=False, allow_dash=True, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, readable=False, path_type=Path)


def log_format(context: click.Context, parameter: click.Parameter, value: str) -> None:
    """Set the format of the lines on stderr."""
    log_as(value)


def kept_columns(
    context: click.Context, parameter: click.Parameter, value: str
) -> tuple[str, ...] | None:
    """Read ``all``, ``none``, or a list of columns. In quotes both are names of columns."""
    if value == "all":
        return None
    return () if value == "none" else column_list(value)


def column_list(value: str) -> tuple[str, ...]:
    """Read names separated by commas; a name with a comma stands in double quotes, as in CSV.

    Raises:
        BadParameter: a quote isn't closed, or something follows it.

    >>> column_list('id,"stars, out of 5"')
    ('id', 'stars, out of 5')
    """
    try:
        (names,) = csv.reader([value], strict=True)
    except (csv.Error, ValueError) as error:
        raise click.BadParameter(
            f"{value!r} is no list of columns; put commas between names, and a name that holds "
            "a comma into double quotes, as in 'id,\"stars, out of 5\"'"
        ) from error
    return tuple(names or [value])


def dropped_columns(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...]:
    """Read a list of columns."""
    return () if value is None else column_list(value)


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


def local_path(
    context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    """Check that a path is one of this machine.

    Raises:
        UsageError: it is an address, or its name is too long.
    """
    if value is not None:
        check_local(value, f"checking {parameter.opts[0]}:")
        check_name(value)
    return value


def in_a_folder(
    context: click.Context, parameter: click.Parameter, value: Path | None
) -> Path | None:
    """Check before the run that a file can be written after it: a typo must not cost a night.

    Raises:
        UsageError: it is an address of a store, or its name is too long.
        BadParameter: its folder doesn't exist.
    """
    if value is not None:
        check_local(value, f"checking {parameter.opts[0]}:")
        check_name(value)
    if value is not None and str(value) != "-" and not value.absolute().parent.is_dir():
        raise click.BadParameter(
            f"there is no folder {value.parent} to write {value.name} in; make it first"
        )
    return value


METRICS_FILE = click.option(
    "--metrics-file",
    metavar="FILE",
    type=TARGET_FILE,
    callback=in_a_folder,
    help="Prometheus textfile to write them to; - for stdout.",
)
HTML = click.option(
    "--html",
    metavar="FILE",
    type=NEW_FILE,
    callback=in_a_folder,
    help="Page to write them to, with pictures.",
)
FAIL_ON_DRIFT = click.option(
    "--fail-on-drift",
    metavar="PSI",
    type=click.FloatRange(min=0),
    help="End with 5 if score, length or unknown words drifted so far (0.2: much), beyond chance.",
)
LOG_FORMAT = click.option(
    "--log-format",
    type=click.Choice(LOG_FORMATS),
    default="text",
    show_default=True,
    is_eager=True,
    expose_value=False,
    callback=log_format,
    help="Format of the lines on stderr.",
)
