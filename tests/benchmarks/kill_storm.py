"""Kill a scorer at random, run it again, compare the bytes.

    python tests/benchmarks/kill_storm.py [KILLS [SEED]] [--files N] [--earlier] [OPTION…]

A folder of files with at least ten windows each, or of so many small ones, several of which are on
their way at once, is scored to its end once. Then it is scored anew again and again, on two
threads, with the options of ``scorer run`` that are given, and each run is ended at a random
moment: by SIGKILL, by SIGTERM, by Ctrl-C, or by a burst of those. Every few kills a run goes
through to its end. With ``--earlier`` all but the first run take the scores of the first third of
each file from earlier outputs. Ends with 1 if

- a file under its final name ever differs from that of the undisturbed run,
- something is left beside the outputs of a finished run,
- a process aborts, prints a traceback, or answers a signal later than two seconds,
- or, where a kill had left scores, less than half of the finishing runs took some up.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq

from scorer.tables.parquet_reader import ParquetReviews

KILLS = 200
FILES = 3
ROWS = 12000
# Of each of many files.
SMALL_ROWS = 50
LEAST_WINDOWS = 10
ANSWER_SECONDS = 2.0
WORDS = ("good", "bad", "film", "the", "not", "great", "awful", "and", "story", "actor")
# In place of some reviews; a model knows few words of either.
FOREIGN = "Das Hotel war leider sehr laut und das Frühstück fast immer kalt."
NOISE = "asdf qwer zxcv hjkl"
ACTIONS = ("SIGKILL", "SIGTERM", "SIGINT", "burst of SIGTERM", "burst of both", "burst, SIGKILL")


@dataclass
class Storm:
    """What a storm has found so far.

    Attributes:
        faults: sentences.
        most_partials: the most unfinished outputs that a kill left.
        ends: number of runs by how they ended.
        slowest: the longest answer to a signal, in seconds.
        finishing: runs that went through where a kill had left scores.
        taken_up: those of them that took some up.
        from_outputs: those of them that took scores of earlier outputs.
    """

    faults: list[str] = field(default_factory=list)
    most_partials: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    finishing: int = 0
    taken_up: int = 0
    from_outputs: int = 0

    def fault(self, sentence: str) -> None:
        """Keep a fault, and print it at once."""
        print(f"WRONG: {sentence}", flush=True)
        self.faults.append(sentence)


def write_dump(folder: Path, chance: random.Random, files: int | None) -> None:
    """Write reviews of 1 to 80 words, some of them null, in row groups of a third of a file.

    Args:
        folder: for the files.
        chance: chooses the words.
        files: so many small ones; a few of many windows if None.
    """
    folder.mkdir()
    rows = SMALL_ROWS if files else ROWS
    for number in range(files or FILES):
        texts = [" ".join(chance.choices(WORDS, k=chance.randint(1, 80))) for _ in range(rows)]
        texts[::50], texts[7::70] = [FOREIGN] * len(texts[::50]), [NOISE] * len(texts[7::70])
        table = pa.table({"id": range(rows), "review": [*texts[2:], None, "é"]})
        path = folder / f"{number:04}.parquet"
        pq.write_table(table, path, row_group_size=rows // 3)
        with ParquetReviews(path) as reviews:
            windows = sum(1 for _ in reviews.windows())
        if not files and windows < LEAST_WINDOWS:
            raise SystemExit(f"{path} has {windows} windows, fewer than {LEAST_WINDOWS}")


def write_earlier(source: Path, folder: Path) -> tuple[object, ...]:
    """Score the first third of each file; return the options that take those scores."""
    before, old = folder / "before", folder / "old"
    before.mkdir()
    for path in source.iterdir():
        pq.write_table(pq.read_table(path).slice(0, ROWS // 3), before / path.name)
    if start(before, old).wait():
        raise SystemExit("the earlier run failed")
    return "--reuse", old


def start(source: Path, target: Path, *options: object) -> subprocess.Popen[str]:
    """Start the scorer on two threads."""
    command = [sys.executable, "-m", "scorer", "run", source, target, "--threads", 2, *options]
    return subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def visible(target: Path) -> dict[str, bytes]:
    """Return the bytes of what stands under final names."""
    return {
        path.name: path.read_bytes() for path in target.glob("*") if not path.name.startswith(".")
    }


def send(process: subprocess.Popen[str], action: str, chance: random.Random) -> None:
    """End a process as an action says: with one signal, or with some shortly after another."""
    if not action.startswith("burst"):
        process.send_signal(signal.Signals[action])
        return
    numbers = [signal.SIGTERM] if action == "burst of SIGTERM" else [signal.SIGTERM, signal.SIGINT]
    for _ in range(chance.randint(2, 8)):
        process.send_signal(chance.choice(numbers))
        time.sleep(chance.uniform(0, 0.03))
    if action.endswith("SIGKILL"):
        process.kill()


def kill(process: subprocess.Popen[str], storm: Storm, chance: random.Random) -> None:
    """End a process by a random action, and look at how it ends."""
    action = chance.choice(ACTIONS)
    began = time.monotonic()
    send(process, action, chance)
    _, stderr = process.communicate()
    answered, code = time.monotonic() - began, process.returncode
    # Python's own answer to Ctrl-C, which it gives until our first line has run.
    is_early = stderr.rstrip().endswith("KeyboardInterrupt")
    storm.ends[f"{action}: {'before our first line' if is_early else code}"] += 1
    if is_early:
        return
    if not action.endswith("SIGKILL"):
        storm.slowest = max(storm.slowest, answered)
        if answered > ANSWER_SECONDS:
            storm.fault(f"{action} was answered after {answered:.1f} s")
    # Before our handlers stand, a signal takes its default action. 0: it had finished.
    if code not in {0, 130, 143, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}:
        storm.fault(f"{action} ended a run with {code}: {stderr}")
    if "Traceback" in stderr or "terminate called" in stderr or "unexpected" in stderr:
        storm.fault(f"{action} ended a run with the words: {stderr}")


def go_through(
    source: Path,
    target: Path,
    expected: dict[str, bytes],
    storm: Storm,
    options: Sequence[object],
) -> None:
    """Run to the end; compare what stands there, and count what was taken up."""
    has_kept = any(target.glob(".*.scores"))
    report = target.with_suffix(".json")
    process = start(source, target, "--report", report, *options)
    _, stderr = process.communicate()
    if process.returncode or stderr:
        storm.fault(f"a finishing run ended with {process.returncode}: {stderr}")
        return
    if visible(target) != expected:
        storm.fault("the bytes of a finished run differ")
    left = sorted(path.name for path in target.iterdir() if path.name not in expected)
    if left:
        storm.fault(f"a finished run left {', '.join(left)}")
    if has_kept:
        storm.finishing += 1
        total = json.loads(report.read_text())["total"]
        storm.taken_up += total["reused"] > 0
        storm.from_outputs += total.get("from_outputs", 0) > 0


def blow(
    folder: Path,
    kills: int,
    chance: random.Random,
    files: int | None,
    options: Sequence[str],
    *,
    is_reusing: bool,
) -> Storm:
    """Kill so many runs."""
    source, target, storm = folder / "in", folder / "out", Storm()
    write_dump(source, chance, files)
    began = time.monotonic()
    if start(source, target, *options).wait():
        raise SystemExit("the undisturbed run failed")
    seconds, expected = time.monotonic() - began, visible(target)
    print(f"undisturbed: {len(expected)} files in {seconds:.1f} s", flush=True)
    shutil.rmtree(target)
    again = [*options, *(write_earlier(source, folder) if is_reusing else ())]
    until_through = chance.randint(1, 4)
    for number in range(1, kills + 1):
        process = start(source, target, *again)
        time.sleep(chance.uniform(0, seconds))
        kill(process, storm, chance)
        partials = sum(1 for _ in target.glob(".*.partial"))
        storm.most_partials = max(storm.most_partials, partials)
        if not visible(target).items() <= expected.items():
            storm.fault(f"after kill {number} a file under its final name differs")
        until_through -= 1
        if not until_through or number == kills:
            go_through(source, target, expected, storm, again)
            shutil.rmtree(target)
            until_through = chance.randint(1, 4)
        if not number % 20:
            print(f"{number} kills, {len(storm.faults)} faults", flush=True)
    return storm


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("kills", type=int, default=KILLS)
@click.argument("seed", type=int, default=1)
@click.option("--files", type=int, help="So many small files.")
@click.option("--earlier", "is_reusing", is_flag=True, help="Take scores of earlier outputs.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def main(
    kills: int, seed: int, files: int | None, options: tuple[str, ...], *, is_reusing: bool
) -> None:
    """Let a storm blow, print what it found, and end with 1 if there was a fault."""
    # A shell that starts this in the background has Ctrl-C ignored, and a process inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chance = random.Random(seed)  # noqa: S311  # test data
    with tempfile.TemporaryDirectory() as folder:
        storm = blow(Path(folder), kills, chance, files, options, is_reusing=is_reusing)
    for end, count in sorted(storm.ends.items()):
        print(f"{count:5}  {end}")
    print(f"slowest answer to a signal: {storm.slowest:.2f} s")
    print(f"most unfinished outputs that a kill left: {storm.most_partials}")
    print(f"kept scores were taken up in {storm.taken_up} of {storm.finishing} finishing runs")
    print(f"scores of earlier outputs were taken in {storm.from_outputs} of them")
    if 2 * storm.taken_up < storm.finishing:
        storm.fault("kept scores were taken up in less than half of the runs")
    sys.exit(bool(storm.faults))


if __name__ == "__main__":
    main()
