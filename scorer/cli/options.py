"""Options that several commands share, and what checks their values."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer.console import LOG_FORMATS, log_as
from scorer.errors import UsageError
from scorer.storage.address import check_local
from scorer.storage.names import check_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

MODEL_ENDING = ".onnx"
# Options that replace what others wrote: they are said each time.
NOT_BY_VARIABLE = ("force",)


def model_names(
    context: click.Context, parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Return what a shell may complete a model to: the names that ship, model files, folders."""
    from click.shell_completion import CompletionItem

    shipped = Path(__file__).parent.parent / "models"
    names = sorted(path.stem for path in shipped.glob(f"*{MODEL_ENDING}"))
    found = [*(name for name in names if name.startswith(begun)), *_models_at(begun)]
    # Where a folder is all there is, a shell would put a blank behind it.
    if len(found) == 1 and found[0].endswith("/"):
        found = _models_at(found[0]) or found
    return [CompletionItem(one) for one in found]


def _models_at(begun: str) -> list[str]:
    """Return the model files and folders whose paths begin so; hidden ones if a dot is typed."""
    above, slash, start = begun.rpartition("/")
    folder = Path(above + slash).expanduser()
    try:
        there = sorted(folder.iterdir())
    except OSError:
        return []
    return [
        f"{above}{slash}{path.name}{'/' * path.is_dir()}"
        for path in there
        if path.name.startswith(start)
        and (start or not path.name.startswith("."))
        and (path.suffix == MODEL_ENDING or path.is_dir())
    ]


MODEL_OPTION = click.option(
    "--model",
    metavar="FILE",
    envvar="SCORER_MODEL",
    show_envvar=True,
    shell_complete=model_names,
    help="Model file, or the name of one that ships.  [default: default]",
)


class CommandWithVariables(click.Command):
    """A command whose options may also stand in variables: ``SCORER_MODEL`` for ``--model``.

    Not ``--force``, which replaces what others wrote: that is said each time. The command line goes
    before the environment.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for option in self.params:
            if isinstance(option, click.Option) and option.name not in NOT_BY_VARIABLE:
                option.envvar = variable_of(option)
                option.show_envvar = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; an error names the variable that it is about, if it is."""
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            if isinstance(error.param, click.Option) and error.param_hint is None:
                error.param_hint = f"'{error.param.opts[0]}'{_by_variable(ctx, error.param)}"
            raise
        except UsageError as error:
            raise _naming_variables(error, ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of usage names the variables that its options came from."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise _naming_variables(error, ctx) from error


def variable_of(option: click.Parameter) -> str:
    """Return the variable of an option: ``SCORER_FAIL_ON_DRIFT`` for ``--fail-on-drift``."""
    return f"SCORER_{option.name}".upper()


def _by_variable(context: click.Context, option: click.Parameter) -> str:
    source = context.get_parameter_source(option.name or "")
    is_variable = source is click.core.ParameterSource.ENVIRONMENT
    return f" (env var: '{variable_of(option)}')" if is_variable else ""


def _naming_variables(error: UsageError, context: click.Context) -> UsageError:
    """Return an error that also says which of the options that it names came from variables."""
    named = [
        f"{option.opts[0]} is set by {variable_of(option)}"
        for option in context.command.params
        if isinstance(option, click.Option)
        and re.search(rf"{option.opts[0]}(?![\w-])", str(error))
        and _by_variable(context, option)
    ]
    return UsageError("; ".join((str(error), *named))) if named else error


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


def lineage_target(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Check that a value is an address of the web, or a file that can be written.

    Raises:
        BadParameter: it is another address, holds a password, or its folder doesn't exist.
    """
    if value is None:
        return None
    if "://" not in value:
        in_a_folder(context, parameter, Path(value))
        return value
    from urllib.parse import urlsplit

    try:
        url = urlsplit(value)
        is_fit = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_fit = False
    if not is_fit:
        raise click.BadParameter("it is no address as http://host:5000; write one, or a file")
    if "@" in url.netloc:
        raise click.BadParameter("the address holds a password, which would show in logs")
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
LINEAGE = click.option(
    "--lineage",
    metavar="FILE|URL",
    callback=lineage_target,
    help="Append OpenLineage events to FILE, or send them to URL; needs the extra lineage.",
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
