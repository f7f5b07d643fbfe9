"""The model file: one ONNX file whose metadata hold all that scoring needs beside the graph.

Everything stands in ``metadata_props``, which onnxruntime returns by itself: the scorer needs no ``onnx`` package.
The exporter writes with this module too, so that both sides keep one contract.

    review_sentiment    the seal: format version, and the SHA-256 of the file with the digest's own characters zeroed
    tokenizer           rules and token limit, JSON
    vocabulary          the words, one a line, the first with id 2
    labels, threshold   ["negative", "positive"], and the least score of a positive review, JSON
    calibration         how scores were made to mean what they say, JSON
    golden              example sentences with their expected scores, JSON
    figures             what the model reached, JSON
    origin              data, command, versions, date, JSON
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scorer.errors import ModelRefused
from scorer.tokenizer import Rules, Tokenizer

FORMAT_VERSION = 1
SEAL_KEY = "review_sentiment"

_SEAL = re.compile(rb"review-sentiment-model/(\d{1,9}) sha256:([0-9a-f]{64})")
_UNSEALED = f"review-sentiment-model/{FORMAT_VERSION} sha256:" + "0" * 64


@dataclass(frozen=True)
class Golden:
    """A sentence, and the score that the model gave it when it was exported."""

    text: str
    score: float


@dataclass(frozen=True)
class Card:
    """What a model file holds beside its graph.

    Attributes:
        tokenizer: vocabulary, rules, token limit.
        labels: the word for a score below the threshold, and the one for the others.
        threshold: the least score of a positive review.
        calibration: method and parameters, and the calibration error before and after.
        golden: examples that the scorer checks when it loads the model.
        figures: what the model reached, and on what.
        origin: data, command, versions, date.
    """

    tokenizer: Tokenizer
    labels: tuple[str, str]
    threshold: float
    calibration: Mapping[str, Any]
    golden: tuple[Golden, ...]
    figures: Mapping[str, Any]
    origin: Mapping[str, Any]

    def to_metadata(self) -> dict[str, str]:
        """Return the metadata of an unsealed model file; :func:`seal` puts the digest in."""
        rules = {"rules": self.tokenizer.rules.to_dict(), "max_tokens": self.tokenizer.max_tokens}
        return {
            SEAL_KEY: _UNSEALED,
            "tokenizer": _json(rules),
            "vocabulary": "\n".join(self.tokenizer.words),
            "labels": _json(self.labels),
            "threshold": _json(self.threshold),
            "calibration": _json(self.calibration),
            "golden": _json([[golden.text, golden.score] for golden in self.golden]),
            "figures": _json(self.figures),
            "origin": _json(self.origin),
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Card:
        """Read what :meth:`to_metadata` wrote.

        Raises:
            ModelRefused: something is missing, or of another version.
        """
        try:
            stored = json.loads(metadata["tokenizer"])
            words = tuple(metadata["vocabulary"].split("\n"))
            low, high = json.loads(metadata["labels"])
            return cls(
                tokenizer=Tokenizer(words, Rules.from_dict(stored["rules"]), int(stored["max_tokens"])),
                labels=(str(low), str(high)),
                threshold=float(json.loads(metadata["threshold"])),
                calibration=json.loads(metadata["calibration"]),
                golden=tuple(Golden(str(text), float(score)) for text, score in json.loads(metadata["golden"])),
                figures=json.loads(metadata["figures"]),
                origin=json.loads(metadata["origin"]),
            )
        except (KeyError, ValueError, TypeError) as error:
            raise ModelRefused(f"its metadata lack or garble {error}; export it again with this release") from error


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a model file whose seal held.

    Attributes:
        name: the path, or the name of a model that ships.
        content: the whole file; sessions are made from it, never from the path, so that the file is read once.
    """

    name: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hex, as ``sha256sum`` prints it: the model's identity."""
        return hashlib.sha256(self.content).hexdigest()


def read_model_file(path: Path) -> ModelFile:
    """Read a model file and check its seal.

    Raises:
        ModelRefused: it can't be read, isn't ours, is of another version, or is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(f"reading the model {path}: {error.strerror or error}; name a file that scorer can read") from error
    check_seal(content, str(path))
    return ModelFile(str(path), content)


def seal(content: bytes) -> bytes:
    """Put the digest into the bytes of a model file that was written with :meth:`Card.to_metadata`."""
    unsealed = _UNSEALED.encode()
    if content.count(unsealed) != 1:
        raise ValueError("the bytes hold no unsealed model file, or more than one")
    return content.replace(unsealed, unsealed[:-64] + hashlib.sha256(content).hexdigest().encode())


def check_seal(content: bytes, name: str) -> None:
    """Check that the bytes are a model file of ours, of this version, and unchanged since they were sealed.

    Raises:
        ModelRefused: they are not.
    """
    seals = list(_SEAL.finditer(content))
    if len(seals) != 1:
        raise ModelRefused(
            f"reading the model {name}: it is not a model file of this project, or is damaged; make one with 'exporter convert'"
        )
    version, digest = int(seals[0][1]), seals[0][2].decode()
    if version != FORMAT_VERSION:
        raise ModelRefused(
            f"reading the model {name}: its format has version {version}, this release reads version {FORMAT_VERSION}; "
            "export it again with this release, or install the one that it was made for"
        )
    start, stop = seals[0].span(2)
    hashed = hashlib.sha256(content[:start])
    hashed.update(b"0" * 64)
    hashed.update(memoryview(content)[stop:])
    if hashed.hexdigest() != digest:
        raise ModelRefused(f"reading the model {name}: it is damaged, its bytes don't give its SHA-256; copy it again")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
