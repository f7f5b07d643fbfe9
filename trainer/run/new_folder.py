"""The folder of a run that begins: empty, or with an interrupted run that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import RunFolderError
from trainer.run.manifest import is_finished
from trainer.settings import SettingValue


@dataclass(frozen=True)
class RunId:
    """What a resumed run has in common with the interrupted one.

    Attributes:
        settings: all settings.
        fingerprint: SHA-256 of the data, in hex.
    """

    settings: Mapping[str, SettingValue]
    fingerprint: str


def prepare_empty(path: Path) -> None:
    """Create the folder of a run.

    Raises:
        RunFolderError: it isn't empty.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunFolderError(
            f"training into {path}: it exists and isn't an empty folder; name another folder"
        )
    path.mkdir(parents=True, exist_ok=True)


def prepare_folder(path: Path, run: RunId, interrupted: RunId | None, *, resume: bool) -> None:
    """Create the folder of a run, or check that the interrupted run in it can go on.

    Args:
        path: the folder.
        run: the run that begins.
        interrupted: the interrupted run in the folder; None if there is none.
        resume: whether the interrupted run is to go on.

    Raises:
        RunFolderError: the folder is taken, or the interrupted run had other settings or data.
    """
    if is_finished(path):
        raise RunFolderError(f"training into {path}: it holds a finished run; name another folder")
    if resume:
        _check_resumable(path, run, interrupted)
    elif interrupted is None:
        prepare_empty(path)
    else:
        raise RunFolderError(
            f"training into {path}: it holds an interrupted run; add --resume, "
            "or name another folder"
        )


def _check_resumable(path: Path, run: RunId, interrupted: RunId | None) -> None:
    if interrupted is None:
        raise RunFolderError(
            f"resuming in {path}: nothing was finished there that could be taken up; "
            "train without --resume"
        )
    if interrupted.fingerprint != run.fingerprint:
        raise RunFolderError(f"resuming in {path}: it was trained on other reviews; give the same")
    differing = [
        name for name, value in run.settings.items() if interrupted.settings.get(name) != value
    ]
    if differing:
        raise RunFolderError(
            f"resuming in {path}: other settings were used ({', '.join(differing)}); give the same"
        )
