"""``scorer run``, in a process of its own: Parquet in, every column and ours out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from contest import Round

REPOSITORY = Path(__file__).parent.parent.parent.parent


def scorer_run(source: Path, out: Path, *options: str | Path) -> dict[str, Any]:
    """Score a file anew; return the report."""
    report = out.with_suffix(".json")
    command = [sys.executable, "-m", "scorer", "run", source, out, "--force", "--report", report, *options]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    subprocess.run(list(map(str, command)), check=True, capture_output=True, env=environment)
    said: dict[str, Any] = json.loads(report.read_text())
    return said


def score_file(source: Path, out: Path, *options: str | Path) -> Round:
    """Score a file anew; the seconds are the report's: the process has started, the model is loaded."""
    said = scorer_run(source, out, *options)
    return Round(said["total"]["seconds"], pq.read_table(out, columns=["sentiment_score"])[0].to_numpy().astype(np.float32))
