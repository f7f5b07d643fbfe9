from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scorer.system.cores import available_cores, cgroup_cores, work_in_batch


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


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="Linux has such a policy")
@pytest.mark.parametrize("policy", ["SCHED_OTHER", "SCHED_IDLE"])
def test_batch_work_keeps_a_policy_that_was_chosen(policy: str) -> None:
    def policies() -> tuple[int, int]:
        os.sched_setscheduler(0, getattr(os, policy), os.sched_param(0))
        work_in_batch()
        # A thread that is started later has the policy, too.
        with ThreadPoolExecutor(1) as later:
            return os.sched_getscheduler(0), later.submit(os.sched_getscheduler, 0).result()

    # The policy is a thread's own: no other test has it.
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(policies).result()
    expected = os.SCHED_BATCH if policy == "SCHED_OTHER" else os.SCHED_IDLE
    assert found == (expected, expected)
