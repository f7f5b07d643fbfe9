"""``scorer compare``: how two models differ on one's own reviews."""

from __future__ import annotations

from pathlib import Path

import click

from scorer.cli.options import NEW_FILE, in_a_folder
from scorer.console import say, show
from scorer.errors import TooManyFlips
from scorer.system.escape import json_text


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.argument("inputs", metavar="[INPUT...]", nargs=-1)
@click.option("--text-column", metavar="NAME", help="Column with the reviews.")
@click.option("--labels", metavar="COLUMN", help="Column that says what is right: 0 or 1, and so.")
@click.option("--by", metavar="COLUMN", help="Group the rows by this column, too.")
@click.option(
    "--examples",
    metavar="N",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="Reviews to tell, those whose scores moved most. They are people's words.",
)
@click.option(
    "--max-flips",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    help="End with 5 if a larger share of the labels flips, as in 0.02.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--html", metavar="FILE", type=NEW_FILE, callback=in_a_folder, help="Write a page, too."
)
def compare(
    a: str,
    b: str,
    inputs: tuple[str, ...],
    text_column: str | None,
    labels: str | None,
    by: str | None,
    examples: int,
    max_flips: float | None,
    html: Path | None,
    *,
    as_json: bool,
) -> None:
    """Compare two models on reviews: how many labels flip, how scores move.

    A and B are models, names or files, and each INPUT is a file, a glob or a folder of reviews.
    Without an INPUT, A and B are two outputs of former runs of one input. Nothing but the page is
    written.

    \b
    Examples:
      scorer compare default fast reviews.parquet --labels label
      scorer compare models/old.onnx models/new.onnx dumps/ --by product --max-flips 0.02
      scorer compare scored-old.parquet scored-new.parquet
    """
    from scorer.insight.compare import Question, compare_models, compare_outputs
    from scorer.model import SentimentModel
    from scorer.reports.comparison import comparison_json, comparison_text

    if html is not None:
        _check_target(html, [a, b, *inputs])
    question = Question(text_column, labels, by, examples)
    if inputs:
        models = SentimentModel.load(a), SentimentModel.load(b)
        found = compare_models(*models, inputs, question)
    else:
        found = compare_outputs(a, b, question)
    if as_json:
        show(json_text(comparison_json(found, a, b, by), indent=1))
    else:
        show(comparison_text(found, by))
    if html is not None:
        from scorer.reports.comparison_page import comparison_page
        from scorer.storage.failures import writing
        from scorer.storage.whole_file import whole_file

        with writing(html), whole_file(html) as temporary:
            temporary.write_text(comparison_page(found, a, b, by), encoding="utf-8")
        say(f"wrote {html}")
    if max_flips is not None and found.total.flip_share > max_flips:
        raise TooManyFlips(
            f"comparing {a} with {b}: {found.total.flip_share:.2%} of the labels flip, more than "
            f"--max-flips {max_flips:g} allows; look at the reviews with --examples 20"
        )


def _check_target(html: Path, read: list[str]) -> None:
    """Check that the page replaces nothing that it must not.

    Raises:
        UsageError: something else stands there, or it is one of the files that are read.
    """
    from scorer.planning.plan import check_apart
    from scorer.reports.comparison_page import PAGE_MARK
    from scorer.reports.target import check_page_target
    from scorer.storage.address import is_in_store

    files = {
        f"argument {number}": Path(one)
        for number, one in enumerate(read, 1)
        if not is_in_store(one)
    }
    for name, path in files.items():
        check_apart((), {name: path, "--html": html})
    check_page_target(html, PAGE_MARK)
