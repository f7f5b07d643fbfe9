"""A fit of the wide branch, kept in a file: fitting takes minutes, and its inputs rarely change."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scorer.storage.whole_file import whole_file
from trainer.wide.folds import FoldedWeights
from trainer.wide.weights import WideWeights

KEY_CHARACTERS = 16


def key_of(arrays: Mapping[str, npt.NDArray[Any] | None], numbers: object) -> str:
    """Return the SHA-256 of everything that a fit depends on, in hex.

    Args:
        arrays: what is learned from, by name.
        numbers: settings and versions, as JSON takes them.
    """
    digest = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode())
    for name, array in arrays.items():
        if array is not None:
            digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def take_up_or_fit(folder: Path, key: str, fit: Callable[[], FoldedWeights]) -> FoldedWeights:
    """Return the fit kept in a folder under a key; fit, and keep it there, if there is none.

    Args:
        folder: it is created if it is missing.
        key: see :func:`key_of`.
        fit: fits anew.

    Raises:
        OSError: the fit can't be kept.
    """
    path = folder / f"wide-{key[:KEY_CHARACTERS]}.npz"
    kept = _read(path, key)
    if kept is not None:
        return kept
    fitted = fit()
    folder.mkdir(parents=True, exist_ok=True)
    _write(path, key, fitted)
    return fitted


def _read(path: Path, key: str) -> FoldedWeights | None:
    """Read a kept fit; None if there is none, if it is damaged or of another key."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            kept_key, fold_of, *tables = stored.values()
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    if str(kept_key) != key:
        return None
    return FoldedWeights(WideWeights(tuple(tables[::2])), tuple(tables[1::2]), fold_of)


def _write(path: Path, key: str, fitted: FoldedWeights) -> None:
    """Write the key, the folds, and of each order the weights of the whole and of the folds."""
    pairs = zip(fitted.whole.tables, fitted.tables, strict=True)
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, np.array(key), fitted.fold_of, *chain.from_iterable(pairs))
