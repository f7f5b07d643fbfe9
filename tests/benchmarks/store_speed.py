"""Speed and memory far away against here: ``store_speed.py REVIEWS.parquet [MODEL] [DELAY]``.

A file is scored from disk to disk, and from a store to a store that answers every request DELAY
seconds late (0.03), in alternating rounds. The store is ``tests/support/small_store.py`` in a
process of its own on the same cores; the CPU that it took is told apart, since a real one takes
none of them. Speeds are those of the report: rows by seconds from opening the input to the end of
the upload.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 5
SERVER = Path(__file__).parents[1] / "support" / "small_store.py"


def score(
    source: str, target: str, model: str, folder: Path, env: dict[str, str]
) -> dict[str, float]:
    """Score a file; return its figures."""
    report = folder / "report.json"
    command = [sys.executable, "-m", "scorer", "run", source, target, "--force"]
    command += ["--model", model, "--report", str(report), "--state-dir", str(folder / "state")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    found = json.loads(report.read_text())
    return {
        "rows/s": found["total"]["rows_per_second"],
        "MB": found["peak_memory_bytes"] / 1e6,
        "CPU s": found["cpu_seconds"],
        "retries": found.get("retries", 0),
    }


def main(source: Path, model: str, delay: float) -> None:
    """Run the rounds and print what they gave."""
    command = [sys.executable, str(SERVER), "0", str(delay), str(source)]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        assert server.stdout is not None
        port, folder = server.stdout.readline().strip(), Path(name)
        env = os.environ | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }
        far, here = [], []
        for _ in range(ROUNDS):
            here.append(score(str(source), str(folder / "out.parquet"), model, folder, env))
            address = f"s3://bucket/{source.name}"
            far.append(score(address, "s3://bucket/out.parquet", model, folder, env))
        used, _ = server.communicate()
    print(f"{source.stat().st_size / 1e6:.0f} MB, {delay * 1000:.0f} ms a request, {ROUNDS} rounds")
    for what in ("rows/s", "MB", "CPU s", "retries"):
        one, other = (statistics.median(run[what] for run in runs) for runs in (here, far))
        print(
            f"{what:>8}: here {one:,.1f}, far {other:,.1f}, ratio {other / one if one else 1:.3f}"
        )
    print(f"the server took {float(used) / ROUNDS:.2f} s of CPU a run")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(Path(words[0]), *(words[1:2] or ["fast"]), float((words[2:3] or ["0.03"])[0]))
