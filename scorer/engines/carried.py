"""A model on its way to a worker: its bytes, or its name and hash where it ships with the scorer.

A worker has the same version of the scorer, so it has the models that ship. Spark gives a closure
to each of its tasks anew: megabytes in it cost more than small files do.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from pathlib import Path

from scorer.errors import ModelRefused
from scorer.model import SHIPPED, SentimentModel
from scorer.modelfile import ModelFile, check_seal, read_model_file


@dataclass(frozen=True)
class CarriedModel:
    """A model that a worker can load.

    Attributes:
        name: what the driver loaded it by.
        path: of the file on the driver; for a model that ships its file's name.
        sha256: that the file has, in hex.
        content: the bytes of the file; None for a model that ships.
    """

    name: str
    path: str
    sha256: str
    content: bytes | None = field(repr=False)

    @classmethod
    def of(cls, model: SentimentModel) -> CarriedModel:
        """Return a loaded model, ready to travel."""
        path = Path(model.file.name)
        if path.parent == SHIPPED:
            return cls(model.name, path.name, model.file.sha256, None)
        return cls(model.name, model.file.name, model.file.sha256, model.file.content)

    def load(self) -> SentimentModel:
        """Load the model, on the worker.

        Raises:
            ModelRefused: it is not the file that the driver had, or doesn't work here.
        """
        return SentimentModel(self._file(), self.name)

    def _file(self) -> ModelFile:
        if self.content is not None:
            check_seal(self.content, self.path)
            return ModelFile(self.path, self.content)
        file = read_model_file(SHIPPED / self.path)
        if file.sha256 != self.sha256:
            raise ModelRefused(
                f"checking the model {self.name}: it is another one on the worker "
                f"{platform.node()}; install the same scorer there"
            )
        return file
