from __future__ import annotations

import os
from pathlib import Path

import pytest

from scorer.system.cores import available_cores, cgroup_cores


@pytest.mark.parametrize(
    ("content", "cores"),
    [
        ("max 100000\n", None),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("400000 100000\n", 4),
        ("garbage", None),
    ],
)
def test_the_quota_of_the_cgroup_is_rounded_up(
    tmp_path: Path, content: str, cores: int | None
) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert cgroup_cores(tmp_path / "cpu.max", tmp_path / "none") == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", None), ("300000", 3)])
def test_the_quota_is_read_from_the_older_layout_too(
    tmp_path: Path, quota: str, cores: int | None
) -> None:
    (tmp_path / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu.cfs_period_us").write_text("100000")
    assert cgroup_cores(tmp_path / "none", tmp_path) == cores


def test_no_more_cores_than_the_affinity_allows_are_available() -> None:
    assert 1 <= available_cores() <= len(os.sched_getaffinity(0))
