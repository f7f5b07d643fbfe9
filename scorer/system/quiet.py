"""Libraries imported without what they do unasked: calling home, writing into the user's home."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

# Recent versions of onnxruntime for Linux (seen with 1.32) send figures of use to their maker. On
# import they write a device id and an event store under ~/.cache; nine seconds later they look up
# the maker's host. They read this variable on import, and never again: https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md
NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1"}


def import_onnxruntime() -> Any:
    """Import onnxruntime with its telemetry off. The only import of it in the scorer.

    The user's own ``ORT_DISABLE_TELEMETRY`` stands, and so does the choice of a program that
    imported onnxruntime before.
    """
    if "onnxruntime" not in sys.modules:
        with defaults_in_environment(NO_TELEMETRY):
            return import_module("onnxruntime")
    return import_module("onnxruntime")


@contextmanager
def defaults_in_environment(defaults: dict[str, str]) -> Iterator[None]:
    """Set environment variables that the user didn't set, for the time of the block.

    Afterwards they are gone: the environment belongs to the process that imports this package, and
    to those that it starts.

    >>> with defaults_in_environment({"NO_SUCH_VARIABLE": "1"}):
    ...     os.environ["NO_SUCH_VARIABLE"]
    '1'
    >>> "NO_SUCH_VARIABLE" in os.environ
    False
    """
    ours = [name for name in defaults if name not in os.environ]
    os.environ.update({name: defaults[name] for name in ours})
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)
