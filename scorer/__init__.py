"""Score the sentiment of reviews with onnxruntime.

    from scorer import SentimentModel, score_files

The public names are loaded when they are first used: importing this package loads neither
onnxruntime nor pyarrow. It may import no TensorFlow, and nothing of the trainer or the exporter.
"""

from __future__ import annotations

from scorer._version import __version__
from scorer.errors import SentimentError

# Importing typing would double the time in which Ctrl-C still ends in Python's traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from scorer.doubt.asked import Doubt
    from scorer.insight.drift import find_drift
    from scorer.job.api import score_files
    from scorer.kernel import Kernel
    from scorer.model import SentimentModel
    from scorer.planning.options import Options

__all__ = [
    "Doubt",
    "Kernel",
    "Options",
    "SentimentError",
    "SentimentModel",
    "find_drift",
    "score_files",
    "__version__",
]

_HOMES = {
    "Doubt": "scorer.doubt.asked",
    "Kernel": "scorer.kernel",
    "Options": "scorer.planning.options",
    "SentimentModel": "scorer.model",
    "find_drift": "scorer.insight.drift",
    "score_files": "scorer.job.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
