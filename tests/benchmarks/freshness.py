"""Which edited inputs a rerun sees, and what it reads of unchanged ones: ``freshness.py [FILES]``.

For each codec and each way in which an edited file can take another's place, 50 files are scored,
one cell of each is edited, and the same command is run again. Then 50 unchanged files are scored
again: with what was kept of them, once without, and once more. Ends with 1 if an edit is missed, or
an unchanged file is opened.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from edited import CODECS, WAYS, is_alike, rewrite_and_put_the_time_back, write_pair
from opened import Uses, uses_of
from scorer import SentimentModel
from scorer.job.result import SKIPPED
from scorer.job.run import run_job
from scorer.planning.plan import plan

FILES = 50
KEPT = "user.review_sentiment.seen"
CHANGED = "scored anew: the input changed"
# Longer than any file system needs to tell two changes apart.
SECONDS_TO_SETTLE = 2.1


def reasons(folder: Path, model: SentimentModel) -> list[str]:
    """Score a folder; return what was said of each file."""
    result = run_job(plan([folder / "in"], folder / "out"), model)
    return [one.reason for one in result.files]


def seen(way: str, codec: str, files: int, model: SentimentModel) -> int:
    """Return how many edits a rerun sees."""
    before, change = WAYS[way]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = [write_pair(folder, f"{number:02}", codec, number) for number in range(files)]
        for pair in pairs:
            before(*pair)
        time.sleep(SECONDS_TO_SETTLE)
        reasons(folder, model)
        assert set(reasons(folder, model)) == {"already done"}
        for pair in pairs:
            change(*pair)
        return reasons(folder, model).count(CHANGED)


def seen_at_once(codec: str, files: int, model: SentimentModel) -> int:
    """Return how many edits are seen that come at once, each in the second of the first run."""
    count = 0
    with tempfile.TemporaryDirectory() as name:
        for number in range(files):
            folder = Path(name) / str(number)
            pair = write_pair(folder, "one", codec, number)
            reasons(folder, model)
            rewrite_and_put_the_time_back(*pair)
            count += reasons(folder, model).count(CHANGED)
    return count


def alike(codec: str, files: int) -> int:
    """Return how many edits leave the size and the footer of the file as they were."""
    with tempfile.TemporaryDirectory() as name:
        pairs = [write_pair(Path(name), str(number), codec, number) for number in range(files)]
        return sum(is_alike(*pair) for pair in pairs)


@dataclass(frozen=True)
class Cost:
    """What a rerun of unchanged files took."""

    inputs: Uses
    outputs: Uses
    read: int
    seconds: float


def rerun(folder: Path, model: SentimentModel) -> Cost:
    """Score unchanged files again."""
    tasks = plan([folder / "in"], folder / "out")
    with ExitStack() as stack:
        inputs = stack.enter_context(uses_of(task.input for task in tasks.tasks))
        outputs = stack.enter_context(uses_of(task.output for task in tasks.tasks))
        started, before = time.process_time(), bytes_read()
        result = run_job(tasks, model)
        seconds, read = time.process_time() - started, bytes_read() - before
    assert result.count(SKIPPED) == len(tasks.tasks)
    return Cost(inputs, outputs, read, seconds)


def bytes_read() -> int:
    """Return the bytes that this process has read so far."""
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])


def unchanged(files: int, model: SentimentModel) -> bool:
    """Print what is read of files that didn't change; return whether it is as it should be."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [write_pair(folder, f"{number:02}", "zstd", number)[0] for number in range(files)]
        time.sleep(SECONDS_TO_SETTLE)
        reasons(folder, model)
        runs = {"as it is": rerun(folder, model)}
        for path in (folder / "out").rglob("*.parquet"):
            os.removexattr(path, KEPT)
        runs["what was kept removed"] = rerun(folder, model)
        runs["and again"] = rerun(folder, model)
        print(f"\n{files} unchanged files of {sum(path.stat().st_size for path in paths):,} bytes")
    titles = ("inputs looked at", "inputs opened", "outputs opened", "bytes read", "CPU a file")
    print(" " * 24 + "".join(f"{title:>18}" for title in titles))
    for title, cost in runs.items():
        counts = (cost.inputs.looked_at, cost.inputs.opened, cost.outputs.opened, cost.read)
        columns = "".join(f"{count:>18,}" for count in counts)
        print(f"{title:<24}{columns}{cost.seconds / files * 1e3:>15.2f} ms")
    quiet = Uses(opened=0, looked_at=files)
    return runs["as it is"].inputs == runs["and again"].inputs == quiet


def main(files: int) -> int:
    """Print both tables; return the exit code."""
    model = SentimentModel.load("fast")
    print(f"edits seen of {files:<13}" + "".join(f"{codec:>8}" for codec in CODECS))
    is_good = True
    for way in [*WAYS, "within the second"]:
        row = [
            seen(way, codec, files, model) if way in WAYS else seen_at_once(codec, files, model)
            for codec in CODECS
        ]
        is_good &= row == [files] * len(CODECS)
        print(f"{way:<27}" + "".join(f"{count:>8}" for count in row), flush=True)
    same = [alike(codec, files) for codec in CODECS]
    print(f"{'same size and footer':<27}" + "".join(f"{count:>8}" for count in same))
    return int(not (unchanged(files, model) and is_good))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else FILES))
