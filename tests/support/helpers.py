"""What several test files need: tampered model files, and commands run as real processes."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from scorer.modelfile import SEAL, UNSEALED, seal
from scorer.scores import Scores

WORDS = ("good", "bad", "film", "the", "not", "great", "awful", "and", "story", "actor")

# Started by a test; tests/conftest.py ends those that are left when the test is over.
processes: list[subprocess.Popen[str]] = []


def resealed(content: bytes, old: bytes, new: bytes) -> bytes:
    """Replace bytes of a model file by as many others and seal it again, as an exporter would."""
    assert len(old) == len(new)
    assert content.count(old) == 1
    unsealed = SEAL.sub(UNSEALED.encode(), content)
    return seal(unsealed.replace(old, new))


def scores_of(
    values: np.ndarray, *, tokens: Sequence[int] = (), unknown: Sequence[int] = ()
) -> Scores:
    """Return scores of valid texts; by default of one known token each, of none where NaN."""
    counts = [np.asarray(one, np.int32) for one in (tokens, unknown)]
    defaults = ~np.isnan(values), np.zeros(len(values))
    ours = [one if len(one) else two.astype(np.int32)
            for one, two in zip(counts, defaults, strict=True)]  # fmt: skip
    return Scores(values, *ours, np.zeros(len(values), bool), np.zeros(len(values), bool))


def run_command(
    package: str, *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m package`` with arguments, as a user would."""
    command = [sys.executable, "-m", package, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=env, timeout=300, check=False
    )


def with_few_rights(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m scorer`` as a user whom the modes of files stop: root is told to mind them.

    Skips the test where that isn't possible.
    """
    command = [sys.executable, "-m", "scorer", *map(str, arguments)]
    if os.geteuid() == 0:
        obey = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
        if (
            shutil.which("setpriv") is None
            or subprocess.run([*obey, "true"], check=False).returncode
        ):
            pytest.skip("needs setpriv and the right to use it, or a user that isn't root")
        command = [*obey, *command]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def run_here(cli: click.Group, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which has loaded what it needs already."""
    words = [str(argument) for argument in arguments]
    done = CliRunner().invoke(cli, words)
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def write_reviews(path: Path, texts: list[str | None], **parquet: object) -> Path:
    """Write reviews with an id to a Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"id": range(len(texts)), "review": pa.array(texts, pa.string())})
    pq.write_table(table, path, **parquet)
    return path


def write_huge(path: Path) -> Path:
    """Write reviews with a hole of 64 GiB before the footer, which takes no space on the disk."""
    content = write_reviews(path, some_texts(5)).read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    with path.open("wb") as file:
        file.write(content[:-footer])
        file.seek(64 << 30, os.SEEK_CUR)
        file.write(content[-footer:])
    return path


def some_texts(rows: int, seed: int = 0) -> list[str]:
    """Return reviews of 1 to 60 words, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # test data
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 60))) for _ in range(rows)]


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines on stdout but that on drift: made-up reviews are like no real ones."""
    return [line for line in done.stdout.splitlines() if not line.startswith("DRIFT from ")]


def left_in(folder: Path) -> list[str]:
    """Return the names of all files below a folder, hidden ones included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def start_slow_scorer(*arguments: object, **slow: object) -> subprocess.Popen[str]:
    """Start ``slow_scorer.py``; ``seconds=1`` sets SLOW_SECONDS, and so on."""
    command = [sys.executable, str(Path(__file__).parent / "slow_scorer.py"), *map(str, arguments)]
    settings = {f"SLOW_{name.upper()}": str(value) for name, value in slow.items()}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | settings,
    )
    processes.append(process)
    return process


def wait_for(path: Path, process: subprocess.Popen[str], lines: int = 0) -> None:
    """Wait until a file exists, with at least so many lines, while a process goes on."""
    while not (path.exists() and path.read_bytes().count(b"\n") >= lines):
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
