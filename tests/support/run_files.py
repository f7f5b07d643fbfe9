"""Run folders whose files are changed, as if the run had written them so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Json = dict[str, object]


def rewrite(run: Path, name: str, content: bytes) -> None:
    """Change a file of a run folder."""
    (run / name).write_bytes(content)
    if name != "run.json":
        manifest = json.loads((run / "run.json").read_text())
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
        (run / "run.json").write_text(json.dumps(manifest))


def change_json(run: Path, name: str, change: Callable[[Json], object]) -> None:
    stored = json.loads((run / name).read_text())
    change(stored)
    rewrite(run, name, json.dumps(stored).encode())


def change_held_out(run: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the table of the held-out reviews."""
    sink = pa.BufferOutputStream()
    pq.write_table(change(pq.read_table(run / "held_out.parquet")), sink)
    rewrite(run, "held_out.parquet", sink.getvalue().to_pybytes())
