"""The model file: one ONNX file, sealed with its own SHA-256.

The seal stands in the file's metadata under ``review_sentiment``: the format version, and the
SHA-256 of the file with the digest's own characters zeroed. The other metadata are described in
:mod:`scorer.card`.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_ISREG

from scorer.errors import ModelRefused, one_line

FORMAT_VERSION = 1
SEAL_KEY = "review_sentiment"

SEAL = re.compile(rb"review-sentiment-model/(\d{1,9}) sha256:([0-9a-f]{64})")
UNSEALED = f"review-sentiment-model/{FORMAT_VERSION} sha256:" + "0" * 64


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a model file whose seal held.

    Attributes:
        name: the path, or the name of a model that ships.
        content: the whole file. Sessions are made from it and never from the path, so the file is
            read once.
    """

    name: str
    content: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the file in hex, as ``sha256sum`` prints it: the model's identity."""
        return hashlib.sha256(self.content).hexdigest()


def read_model_file(path: Path) -> ModelFile:
    """Read a model file and check its seal.

    Raises:
        ModelRefused: it can't be read, isn't ours, is of another version, or is damaged.
    """
    try:
        content = _read_regular_file(path)
    except OSError as error:
        raise ModelRefused(
            f"reading the model {path}: {one_line(error)}; name a file that scorer can read"
        ) from error
    check_seal(content, str(path))
    return ModelFile(str(path), content)


def _read_regular_file(path: Path) -> bytes:
    # Opening a pipe would wait until somebody writes to it.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not S_ISREG(os.fstat(handle).st_mode) and not path.is_dir():
            raise ModelRefused(f"reading the model {path}: it is not a regular file; name one")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def seal(content: bytes) -> bytes:
    """Put the digest into the bytes of a model file that was written with ``Card.to_metadata``.

    Raises:
        ValueError: the bytes don't hold exactly one unsealed seal.
    """
    unsealed = UNSEALED.encode()
    if content.count(unsealed) != 1:
        raise ValueError("the bytes hold no unsealed model file, or more than one")
    digest = hashlib.sha256(content).hexdigest().encode()
    return content.replace(unsealed, unsealed[:-64] + digest)


def check_seal(content: bytes, name: str) -> None:
    """Check that the bytes are a model file of this version, unchanged since it was sealed.

    Raises:
        ModelRefused: they are not.
    """
    seals = list(SEAL.finditer(content))
    if len(seals) != 1:
        raise ModelRefused(
            f"reading the model {name}: it is not a model file of this project, or is damaged; "
            "make one with 'exporter convert'"
        )
    version, digest = int(seals[0][1]), seals[0][2].decode()
    if version != FORMAT_VERSION:
        raise ModelRefused(
            f"reading the model {name}: its format has version {version}, this release reads "
            f"version {FORMAT_VERSION}; export it again with this release, or install the one that "
            "it was made for"
        )
    start, stop = seals[0].span(2)
    hashed = hashlib.sha256(content[:start])
    hashed.update(b"0" * 64)
    hashed.update(memoryview(content)[stop:])
    if hashed.hexdigest() != digest:
        raise ModelRefused(
            f"reading the model {name}: it is damaged, its bytes don't give its SHA-256; "
            "copy it again"
        )
