"""The manifest of a run folder: its format, and the digest of each file. A finished run has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scorer.storage.whole_file import whole_file
from scorer.system.records import from_json, to_json
from trainer.errors import RunFolderError
from trainer.run.files import MANIFEST, read_json, sha256, write_json

FORMAT = "review-sentiment-run/1"


@dataclass(frozen=True)
class Manifest:
    """The manifest.

    Attributes:
        format: name and version of the format.
        files: SHA-256 of each file, in hex, by name.
    """

    format: str
    files: Mapping[str, str]


def is_finished(path: Path) -> bool:
    """Whether the folder holds a finished run."""
    return (path / MANIFEST).is_file()


def write_manifest(path: Path, names: Sequence[str]) -> None:
    """Finish a run: record the digests of its files."""
    manifest = Manifest(FORMAT, {name: sha256(path / name) for name in names})
    with whole_file(path / MANIFEST) as temporary:
        write_json(temporary, to_json(manifest))


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a finished run, and compare each file with it.

    Raises:
        RunFolderError: there is no finished run, its format is unknown, or a file is missing or
            isn't the one that the run wrote.
    """
    if not path.is_dir():
        raise RunFolderError(f"opening the run folder {path}: it does not exist")
    if not is_finished(path):
        raise RunFolderError(
            f"opening the run folder {path}: it holds no finished run; train it to its end first"
        )
    manifest = read_json(path, MANIFEST, lambda stored: _read(path, stored))
    for name, digest in manifest.files.items():
        if not (path / name).is_file():
            raise RunFolderError(f"opening the run folder {path}: {name} is missing; train again")
        if sha256(path / name) != digest:
            raise RunFolderError(
                f"opening the run folder {path}: {name} isn't the file that the run wrote; "
                "train again"
            )
    return manifest


def _read(path: Path, stored: object) -> Manifest:
    # Another format may have other keys.
    if isinstance(stored, dict) and stored.get("format", FORMAT) != FORMAT:
        raise RunFolderError(
            f"opening the run folder {path}: its format is {stored['format']!r}, "
            f"this release reads {FORMAT!r}"
        )
    return from_json(Manifest, stored)
