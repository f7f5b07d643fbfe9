"""``scorer run`` in a process of its own, from Parquet to Parquet with every column."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from contest import Round
from scorer.reports.report import Report, read_report

REPOSITORY = Path(__file__).parents[3]


def scorer_run(source: Path, out: Path, *options: str | Path) -> Report:
    """Score a file anew; return the report of the run."""
    path = out.with_suffix(".json")
    run = [sys.executable, "-m", "scorer", "run", source, out, "--force", "--report", path]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = list(map(str, [*run, *options]))
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return read_report(path)


def score_file(source: Path, out: Path, *options: str | Path) -> Round:
    """Score a file anew.

    The seconds are the report's, without the start of the process and loading the model.
    """
    report = scorer_run(source, out, *options)
    scores = pq.read_table(out, columns=["sentiment_score"])[0].to_numpy()
    return Round(report.total.seconds, scores.astype(np.float32))
