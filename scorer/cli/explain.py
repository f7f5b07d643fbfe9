"""``scorer explain``: which words carried a score."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorer.cli.options import MODEL_OPTION, NEW_FILE, in_a_folder
from scorer.cli.text import typed_texts
from scorer.console import can_colour, say, show, show_escaped
from scorer.errors import UsageError
from scorer.system.escape import json_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from scorer.insight.chosen_rows import ChosenRows
    from scorer.insight.explain import Explanations
    from scorer.reports.explanation_files import Add


@click.command()
@click.argument("texts", metavar="[TEXT...]", nargs=-1)
@click.option("--input", "source", metavar="FILE", help="Explain rows of a file of reviews.")
@click.option("--rows", metavar="ROWS", help="Rows of FILE, counted from 1, as in 12,40-50.")
@click.option(
    "--where",
    metavar="COLUMN=VALUE",
    multiple=True,
    help="Rows of FILE where this value stands in a column, as in review_id=17; may be repeated.",
)
@click.option("--text-column", metavar="NAME", help="Column of FILE with the reviews.")
@click.option(
    "--leave-out",
    is_flag=True,
    help="Say what the score would be without each of the ten strongest words.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each review.")
@click.option(
    "--html", metavar="FILE", type=NEW_FILE, callback=in_a_folder, help="Write a page instead."
)
@click.option(
    "--output",
    metavar="FILE",
    type=NEW_FILE,
    callback=in_a_folder,
    help="Write a Parquet table instead: row, part, token, start, end, contribution.",
)
@MODEL_OPTION
def explain(
    texts: tuple[str, ...],
    source: str | None,
    rows: str | None,
    where: tuple[str, ...],
    text_column: str | None,
    model: str | None,
    html: Path | None,
    output: Path | None,
    *,
    leave_out: bool,
    as_json: bool,
) -> None:
    """Show which words carried the scores of reviews.

    What the words add, the bias and the calibration make up the logit, and the score is its
    sigmoid. Where TEXT is -, the lines of stdin are explained.

    \b
    Examples:
      scorer explain "I loved every minute of it."
      scorer explain --input reviews.parquet --rows 12,40-50 --html why.html
      scorer explain --input reviews.parquet --where review_id=17 --leave-out
    """
    from scorer.insight.chosen_rows import Choice, chosen_rows
    from scorer.model import SentimentModel

    if source is None:
        _check_typed(texts, {"--rows": rows, "--where": where, "--text-column": text_column})
        chosen = _typed(texts)
    else:
        if texts:
            raise UsageError("reading the options: TEXT and --input are given; give one of them")
        chosen = chosen_rows(source, text_column, Choice.of(rows, where))
    loaded = SentimentModel.load(model)
    _check_targets(html, output, source, Path(loaded.file.name))
    explainer, count = loaded.explainer, 0
    with ExitStack() as files:
        sinks = _files(files, html, output)
        if as_json or not sinks:
            sinks.append(partial(_show, as_json=as_json, named=source is not None))
        for part in chosen:
            found = explainer.explain(part.texts, leave_out=leave_out)
            for add in sinks:
                add(part.numbers, found)
            count += len(found)
    for path in filter(None, (html, output)):
        say(f"wrote {path}: {count:,} reviews")


def _check_typed(texts: tuple[str, ...], for_files: dict[str, object]) -> None:
    given = [name for name, value in for_files.items() if value]
    if given:
        raise UsageError(f"reading the options: {given[0]} chooses in a file; add --input FILE")
    if not texts:
        raise UsageError("reading the options: nothing is to be explained; give TEXT or --input")


def _typed(texts: tuple[str, ...]) -> Iterator[ChosenRows]:
    """Yield what was typed, or the lines of stdin."""
    import numpy as np
    import pyarrow as pa

    from scorer.insight.chosen_rows import ChosenRows

    start = 1
    for batch in typed_texts(texts):
        yield ChosenRows(np.arange(start, start + len(batch)), pa.chunked_array([pa.array(batch)]))
        start += len(batch)


def _check_targets(html: Path | None, output: Path | None, source: str | None, model: Path) -> None:
    """Check that nothing is overwritten that must not be.

    Raises:
        UsageError: two paths of the command are one file, or a target isn't a file of ours.
    """
    from scorer.planning.plan import check_apart
    from scorer.reports.explanation_files import check_table_target
    from scorer.reports.explanation_page import PAGE_MARK
    from scorer.reports.target import check_page_target
    from scorer.storage.address import is_in_store

    named = {"--html": html, "--output": output, "the model": model}
    if source is not None and not is_in_store(source):
        named["--input"] = Path(source)
    check_apart((), {name: path for name, path in named.items() if path is not None})
    if html is not None:
        check_page_target(html, PAGE_MARK)
    if output is not None:
        check_table_target(output)


def _files(files: ExitStack, html: Path | None, output: Path | None) -> list[Add]:
    from scorer.reports.explanation_files import page_file, table_file

    pairs = ((html, page_file), (output, table_file))
    return [files.enter_context(write(path)) for path, write in pairs if path is not None]


def _show(
    numbers: npt.NDArray[np.int64], found: Explanations, *, as_json: bool, named: bool
) -> None:
    from scorer.reports.explanation import explanation_json, explanation_text

    for number, one in zip(numbers.tolist(), found, strict=True):
        if as_json:
            show(json_text({"row": number, **explanation_json(one)}))
        else:
            name = f"row {number:,}" if named else ""
            show_escaped(explanation_text(one, colours=can_colour(), name=name))
