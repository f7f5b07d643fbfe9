"""The commands of the exporter: thin, each calls a plain function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorer._version import __version__
from scorer.console import HELP_OPTIONS, CommandGroup, import_quietly, say, show, tell

if TYPE_CHECKING:
    from exporter.card.notes import Notes
    from scorer.model import SentimentModel


@click.group(cls=CommandGroup, context_settings=HELP_OPTIONS)
@click.version_option(__version__, prog_name="exporter")
def cli() -> None:
    """Turn a trained run into one ONNX model file, and tell what it is.

    \b
    Examples:
      exporter convert runs/first models/first.onnx
      exporter card models/first.onnx --html card.html
    """


NOTES = click.option(
    "--data-notes",
    metavar="FILE.toml",
    type=click.Path(path_type=Path),
    help="What is known of the data and the model; data-notes.toml beside the model by default.",
)


@cli.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("model", metavar="MODEL.onnx", type=click.Path(path_type=Path))
@click.option(
    "--at-least",
    metavar="ACCURACY",
    type=click.FloatRange(0, 1),
    help="Lowest accuracy on the held-out reviews; a model below it is refused.",
)
@click.option(
    "--not-worse-than",
    metavar="MODEL.onnx",
    type=click.Path(path_type=Path),
    help="Model file to compare with; a new model that is worse on the held-out reviews, by more "
    "than chance explains, is refused.",
)
@NOTES
@click.option("--force", is_flag=True, help="Replace an existing file.")
def convert(
    run_dir: Path,
    model: Path,
    at_least: float | None,
    not_worse_than: Path | None,
    data_notes: Path | None,
    force: bool,
) -> None:
    """Export the run folder RUN_DIR to MODEL.onnx, and check that it scores as Keras does.

    Its card is written beside it: MODEL.md and MODEL.html.
    """
    from exporter.card.files import CardFiles
    from exporter.card.notes import notes_for

    # Before minutes are spent.
    notes, files = notes_for(model, data_notes), CardFiles.beside(model)
    files.check()
    import_quietly("trainer.quiet")
    import_quietly("tensorflow")
    import_quietly("tf2onnx")
    from exporter.export import export_run
    from exporter.gate import Gate

    gate = Gate(at_least, not_worse_than)
    done = export_run(run_dir, model, gate=gate, force=force, say=say)
    proof = done.proof
    tell(
        f"{done.path}: {done.size:,} bytes, at most {proof.largest:.1e} from Keras on "
        f"{proof.reviews:,} held-out reviews"
    )
    tell(f"sha256 {done.sha256}")
    from scorer.model import SentimentModel

    loaded = SentimentModel.load(done.path)
    _tell_idle(loaded, notes)
    _tell_written(files.write(loaded, notes))


@cli.command()
@click.argument("model", metavar="MODEL")
@click.option(
    "--out",
    metavar="FILE.md",
    type=click.Path(path_type=Path),
    help="The card, as markdown. Without --out and --html it is printed.",
)
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path), help="The card, as a page to read."
)
@NOTES
def card(model: str, out: Path | None, html: Path | None, data_notes: Path | None) -> None:
    """Tell what a model is, what it learned from and what it reached: a model card.

    MODEL is a model file, or the name of a model that ships. Only cards that this command wrote
    are replaced.
    """
    from exporter.card.files import CardFiles, markdown_of
    from exporter.card.notes import notes_for
    from scorer.model import SentimentModel, find_model

    files = CardFiles(out, html)
    files.check()
    path = find_model(model)
    notes = notes_for(path, data_notes)
    loaded = SentimentModel.load(path)
    _tell_idle(loaded, notes)
    if out is None and html is None:
        show(markdown_of(loaded, notes).rstrip("\n"))
    _tell_written(files.write(loaded, notes))


def _tell_idle(model: SentimentModel, notes: Notes) -> None:
    from exporter.card.learned import idle_notes

    idle = idle_notes(model.card, notes)
    if idle:
        say(f"Note: there are notes on {', '.join(idle)}, which this model didn't learn from")


def _tell_written(paths: list[Path]) -> None:
    for path in paths:
        tell(f"wrote {path}")
