"""The commands of the exporter: thin, each calls a plain function."""

from __future__ import annotations

from pathlib import Path

import click

from scorer._version import __version__
from scorer.console import HELP_OPTIONS, CommandGroup, import_quietly, say, tell


@click.group(cls=CommandGroup, context_settings=HELP_OPTIONS)
@click.version_option(__version__, prog_name="exporter")
def cli() -> None:
    """Turn a trained run into one ONNX model file.

    \b
    Example:
      exporter convert runs/first models/first.onnx
    """


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
@click.option("--force", is_flag=True, help="Replace an existing file.")
def convert(
    run_dir: Path, model: Path, at_least: float | None, not_worse_than: Path | None, force: bool
) -> None:
    """Export the run folder RUN_DIR to MODEL.onnx, and check that it scores as Keras does."""
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
