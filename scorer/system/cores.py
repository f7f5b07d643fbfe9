"""How many cores this process may use, by its affinity and its cgroup's quota; and how it does."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
CGROUP_V1 = Path("/sys/fs/cgroup/cpu")


def available_cores() -> int:
    """Return the number of cores that this process may keep busy, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        affinity = len(os.sched_getaffinity(0))
    else:
        affinity = os.cpu_count() or 1
    return max(1, min(affinity, cgroup_cores(CGROUP_V2, CGROUP_V1) or affinity))


def cgroup_cores(v2: Path, v1: Path) -> int | None:
    """Return the cores that the cgroup's quota pays for, rounded up; None if there is no quota.

    Read from ``cpu.max`` ("quota period" in microseconds, or "max") and, in the older layout, from
    ``cpu.cfs_quota_us``: https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    try:
        quota, period = v2.read_text().split()
    except (OSError, ValueError):
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        try:
            quota, period = ((v1 / name).read_text().strip() for name in names)
        except OSError:
            return None
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return max(1, -(-int(quota) // int(period)))


def work_in_batch() -> None:
    """Tell the system that this thread, and those that it starts, compute and don't interact.

    Where there are more threads than cores, each that is woken would take the core of another,
    which often holds Python's lock. Linux' policy for batches leaves that out, and takes nothing
    from the share of the cores: https://man7.org/linux/man-pages/man7/sched.7.html (SCHED_BATCH).
    Where there is none, or another policy was chosen for the process, nothing happens.
    """
    if not hasattr(os, "SCHED_BATCH"):
        return
    # A sandbox may allow neither call.
    with suppress(OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
