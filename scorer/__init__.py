"""Score the sentiment of reviews with onnxruntime: ``from scorer import SentimentModel``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scorer._version import __version__
from scorer.errors import SentimentError

if TYPE_CHECKING:
    from scorer.kernel import Kernel
    from scorer.model import SentimentModel

__all__ = ["Kernel", "SentimentError", "SentimentModel", "__version__"]

_HOMES = {"Kernel": "scorer.kernel", "SentimentModel": "scorer.model"}


def __getattr__(name: str) -> Any:
    # Imported when asked for, so that `scorer --help` loads neither onnxruntime nor pyarrow.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
