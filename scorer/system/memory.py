"""The memory of this process: how much it held, and what the C library keeps of it."""

from __future__ import annotations

import ctypes
import re
import resource
import sys
from functools import cache
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")

# Options of glibc's mallopt(3): the size from which memory is mapped apart, what may lie idle at
# the end of a heap, and what a heap grows by at least.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
MALLOC_OPTIONS = {M_MMAP_THRESHOLD: 32 << 20, M_TRIM_THRESHOLD: 16 << 20, M_TOP_PAD: 1 << 20}


def peak_memory() -> int:
    """Return the peak of resident memory, in bytes.

    From ``/proc`` where it exists: ``getrusage`` also counts the process that started this one.
    """
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limits_address_space() -> bool:
    """Whether this process may map only so many bytes (``ulimit -v``)."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def keep_for_reuse() -> None:
    """Let glibc keep freed memory for the next call, some megabytes a thread.

    Each window and each call of onnxruntime allocates and frees buffers of some megabytes. By
    default they go back to the system at once, which costs 1 to 5% of the CPU time.
    :func:`give_back` bounds what is kept. Without glibc nothing happens.
    """
    set_option = getattr(_c_library(), "mallopt", None)
    if set_option is not None:
        for option, size in MALLOC_OPTIONS.items():
            set_option(option, size)


def give_back() -> None:
    """Return freed memory to the system. Without glibc nothing happens.

    glibc keeps what a thread freed for that thread. Windows are made on one thread, scored on
    another and written on a third, so tens of megabytes would lie idle on each.
    """
    trim = getattr(_c_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


@cache
def _c_library() -> Any:
    return ctypes.CDLL(None)
