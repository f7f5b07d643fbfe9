"""The commands of the scorer, one file each; each is thin and calls a plain function.

May import every other room, but only inside a command, so that ``--help`` loads neither onnxruntime
nor pyarrow.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from scorer._version import __version__
from scorer.cli.compare import compare
from scorer.cli.demo import demo
from scorer.cli.explain import explain
from scorer.cli.inspect import inspect
from scorer.cli.merge_reports import merge_reports
from scorer.cli.run import run
from scorer.cli.text import text
from scorer.console import HELP_OPTIONS, CommandGroup, run_as_process

if TYPE_CHECKING:
    from scorer.job.pipeline import Probe


@click.group(cls=CommandGroup, context_settings=HELP_OPTIONS)
@click.version_option(__version__, prog_name="scorer")
def cli() -> None:
    """Score the sentiment of reviews.

    \b
    Examples:
      scorer demo
      scorer text "I loved every minute of it."
      scorer run reviews.parquet scored.parquet
    """


for command in (run, merge_reports, text, explain, compare, inspect, demo):
    cli.add_command(command)


def main(probe: Probe | None = None) -> None:
    """Run the command line.

    Args:
        probe: is told what a run is about to do; see :class:`scorer.job.pipeline.Probe`.
    """
    # The scorer multiplies no matrices with numpy. Where OpenBLAS can't start its threads, it sends
    # its own process SIGINT, which would pass for Ctrl-C.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    run_as_process(lambda: cli(prog_name="scorer", obj=probe))
