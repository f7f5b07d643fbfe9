"""The memory of this process: how much it held, and giving back what it doesn't use."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from functools import cache
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Return the peak of resident memory, in bytes.

    From ``/proc`` where there is one: ``getrusage`` also remembers the process that started this one.
    """
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def give_back() -> None:
    """Return freed memory to the system, where the C library is glibc; elsewhere nothing happens.

    glibc keeps what one thread freed for that thread, and windows are made on one thread, scored on another and
    written on a third: left alone, some tens of megabytes lie idle on each.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
