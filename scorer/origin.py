"""Where an output comes from: what its footer says, and whether that still holds."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from scorer._version import __version__
from scorer.errors import OutputError
from scorer.kernel import Kernel
from scorer.model import SentimentModel
from scorer.parquet import ParquetReviews, read_origin

ORIGIN_VERSION = 1

NAMES = {"input": "the input", "model_sha256": "the model", "options": "the options", "scorer": "the scorer's version"}


def origin_of(model: SentimentModel, reviews: ParquetReviews, kernel: Kernel, compression: str | None) -> dict[str, Any]:
    """Return what decides the bytes of an output: it is written into the footer, without time or place."""
    options = {
        "text_column": kernel.text_column,
        "columns": kernel.schema.names,
        "compression": compression or "source",
    }
    return {
        "version": ORIGIN_VERSION,
        "scorer": __version__,
        "input": reviews.identity,
        "model_sha256": model.file.sha256,
        "options": options,
    }


def standing(output: Path, origin: dict[str, Any], *, force: bool) -> tuple[bool, str]:
    """Say whether an existing output can stay, and why it is scored anew where it can't.

    Raises:
        OutputError: there is something that we didn't write, and ``force`` is not given.
    """
    if output.is_dir():
        raise OutputError(f"writing {output}: a folder stands there; move it away or name another output")
    if not output.exists():
        return False, ""
    found = read_origin(output)
    if not isinstance(found, dict):
        if force:
            return False, "replaced"
        raise OutputError(f"writing {output}: a file that scorer didn't write stands there; add --force to replace it")
    changed = [name for key, name in NAMES.items() if found.get(key) != origin[key]]
    if changed:
        return False, f"scored anew: {' and '.join(changed)} changed"
    return (False, "scored anew: --force") if force else (True, "already done")


def versions() -> dict[str, str]:
    """Return the versions of the scorer and of what it stands on; between any two of them a score's last bits may differ."""
    import numpy
    import onnxruntime
    import pyarrow

    return {
        "scorer": __version__,
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "pyarrow": pyarrow.__version__,
        "numpy": numpy.__version__,
    }
