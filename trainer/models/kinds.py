"""The kinds of model that a run folder can hold: the file of each, and how it is loaded.

A loader imports its model when it is called, so that a linear model needs no Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.tokenizer import Tokenizer


class Model(Protocol):
    """A fitted, calibrated model."""

    def predict(self, texts: pa.LargeStringArray, tokenizer: Tokenizer) -> npt.NDArray[np.float32]:
        """Return the probability of positive, ``float32[reviews]``; NaN without a token.

        Args:
            texts: ``large_string[reviews]``.
            tokenizer: the tokenizer that the model was trained with.
        """

    def save(self, path: Path) -> None:
        """Write the model to a file, which the loader of its :class:`Kind` reads."""


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        name: its name.
        file: name of its file in the run folder.
        load: reads that file.
    """

    name: str
    file: str
    load: Callable[[Path], Model]


def kind_of(files: Collection[str]) -> Kind | None:
    """Return the kind of model among the files of a run folder; None if there is none.

    >>> kind_of(["config.json", "linear.npz"]).name
    'linear'
    """
    return next((kind for kind in KINDS if kind.file in files), None)


def _load_network(path: Path) -> Model:
    from trainer.models.network import Network

    return Network.load(path)


def _load_linear(path: Path) -> Model:
    from trainer.models.linear import LinearModel

    return LinearModel.load(path)


def _load_documents(path: Path) -> Model:
    from trainer.models.documents import DocumentModel

    return DocumentModel.load(path)


# The only kind that can be exported; the others are teachers.
NETWORK = Kind("network", "model.keras", _load_network)
LINEAR = Kind("linear", "linear.npz", _load_linear)
DOCUMENTS = Kind("documents", "documents.npz", _load_documents)
KINDS = (NETWORK, LINEAR, DOCUMENTS)
