"""Keras, imported apart from the user's settings for other work. The trainer's only import of it.

On import Keras reads ``~/.keras/keras.json``, and writes it if it is missing. What stands there for
another project (``"floatx": "float16"``, ``"backend": "jax"``) must not decide how a network is
trained here. So Keras gets a home of its own, unless the user names one with ``KERAS_HOME``; of
``~/.keras`` it still sees the data sets. ``KERAS_BACKEND`` stands. That home exists only while
Keras is imported or reads a data set: a process that is killed later leaves nothing behind.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def own_home() -> Iterator[None]:
    """Let the home that Keras was given exist for the time of the block."""
    if OWN_HOME is None:
        yield
        return
    OWN_HOME.mkdir(mode=0o700)
    try:
        (OWN_HOME / "datasets").symlink_to(keras_datasets())
        yield
    finally:
        shutil.rmtree(OWN_HOME, ignore_errors=True)


def _new_home() -> Path | None:
    """Return the path of a home for Keras; None if it has one already."""
    if "keras" in sys.modules or "KERAS_HOME" in os.environ:
        return None
    return Path(tempfile.gettempdir()) / f"review-sentiment-keras-{secrets.token_hex(8)}"


OWN_HOME = _new_home()


def _import_keras() -> Any:
    home = {} if OWN_HOME is None else {"KERAS_HOME": str(OWN_HOME)}
    try:
        with own_home(), defaults_in_environment(home):
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


keras = _import_keras()
ops = keras.ops
