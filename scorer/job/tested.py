"""The releases of onnxruntime that the tests passed with. The wheel asks for no upper bound."""

from __future__ import annotations

import re

# The oldest and the newest, as major and minor number. Older ones look for a model's weights in the
# working folder, whatever the session's settings say; 1.20 gives a review other bits in another
# batch.
TESTED_ONNXRUNTIME = ("1.25", "1.32")


def untested(onnxruntime: str) -> tuple[str, ...]:
    """Return a sentence about a version of onnxruntime outside the tested range.

    >>> untested("1.32.1")
    ()
    >>> untested("1.100.0")
    ('onnxruntime 1.100.0 is outside the tested range, 1.25 to 1.32: compare some scores first',)
    """
    oldest, newest = TESTED_ONNXRUNTIME
    if _numbers(oldest) <= _numbers(onnxruntime) <= _numbers(newest):
        return ()
    return (
        f"onnxruntime {onnxruntime} is outside the tested range, {oldest} to {newest}: "
        "compare some scores first",
    )


def _numbers(version: str) -> list[int]:
    """Return the major and the minor number of a version."""
    return list(map(int, re.findall(r"\d+", version)[:2]))
