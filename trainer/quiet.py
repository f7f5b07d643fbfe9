"""Keras, imported apart from the user's settings for other work. The trainer's only import of it.

On import Keras reads ``~/.keras/keras.json``, and writes it if it is missing. What stands there for
another project (``"floatx": "float16"``, ``"backend": "jax"``) must not decide how a network is
trained here. So Keras gets a home of its own for the life of the process, unless the user names one
with ``KERAS_HOME``; of ``~/.keras`` it still sees the data sets. ``KERAS_BACKEND`` stands.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from scorer.errors import UsageError, one_line
from scorer.system.quiet import defaults_in_environment

FLOATS = "float32"


def keras_datasets() -> Path:
    """Return the folder of the data sets that Keras downloads: where its users have it."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        above = Path("~").expanduser()
        # As Keras does.
        home = str((above if os.access(above, os.W_OK) else Path("/tmp")) / ".keras")  # noqa: S108
    return Path(home).expanduser() / "datasets"


def _import_keras() -> Any:
    try:
        if "keras" in sys.modules or "KERAS_HOME" in os.environ:
            import keras
        else:
            with defaults_in_environment({"KERAS_HOME": _own_home()}):
                import keras
    except (ModuleNotFoundError, ValueError) as error:
        backend = os.environ.get("KERAS_BACKEND")
        if getattr(error, "name", None) == "keras" or not backend:
            raise
        raise UsageError(
            f"starting Keras: its backend {backend!r}, named by KERAS_BACKEND, can't be loaded "
            f"({one_line(error)}); unset KERAS_BACKEND to train with TensorFlow, or install it"
        ) from error
    if keras.config.floatx() != FLOATS:
        raise UsageError(
            f"starting Keras: its settings say floatx {keras.config.floatx()}, and networks are "
            f"trained in {FLOATS}; unset KERAS_HOME, or take floatx out of its keras.json"
        )
    return keras


def _own_home() -> str:
    home = Path(tempfile.mkdtemp(prefix="review-sentiment-keras-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "datasets").symlink_to(keras_datasets())
    return str(home)


keras = _import_keras()
ops = keras.ops
