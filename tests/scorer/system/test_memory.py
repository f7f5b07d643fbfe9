from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from scorer.system.memory import give_back, peak_memory

BENCHMARK = Path(__file__).parents[2] / "benchmarks/memory.py"


def test_the_peak_is_in_bytes_and_rises_with_allocated_memory() -> None:
    before = peak_memory()
    assert 20 << 20 < before < 100 << 30
    held = np.ones(before // 8 + (8 << 20))
    assert peak_memory() >= before + (32 << 20)
    assert len(held)
    give_back()
    assert peak_memory() >= before + (32 << 20)


def test_memory_grows_neither_with_the_file_nor_with_its_row_groups() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "200"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
