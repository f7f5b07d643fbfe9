"""What is to be scored, and where each output goes: files, globs and folders."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from scorer.errors import UsageError
from scorer.storage.names import check_name

PATTERN = "*.parquet"


@dataclass(frozen=True)
class Task:
    """One file to score."""

    input: Path
    output: Path


@dataclass(frozen=True)
class Found:
    """What one INPUT stands for.

    Attributes:
        given: the INPUT as it was typed.
        files: each file, and its name below the output folder.
        folder: the folder that is mirrored, or the fixed part of a glob; None for a file.
        pattern: the varying parts of a glob, one for each folder; empty for a file or folder.
    """

    given: str
    files: dict[Path, Path]
    folder: Path | None = None
    pattern: tuple[str, ...] = ()

    def would_take(self, output: Path) -> bool:
        """Whether the next run would find this output among its inputs."""
        if self.folder is None or not output.resolve().is_relative_to(self.folder.resolve()):
            return False
        below = output.resolve().relative_to(self.folder.resolve()).parts
        if not self.pattern or "**" in self.pattern:
            return True
        return len(below) >= len(self.pattern) and all(map(fnmatch, below, self.pattern))


def plan(inputs: Sequence[str | Path], output: str | Path) -> list[Task]:
    """Return the files to score, in the order of the inputs and, within each, of names.

    One file goes to the file ``output``, or into that folder if it ends with ``/``. Several files,
    the files of a glob (by their path below its fixed part) and the files of a folder (mirrored) go
    into the folder ``output``.

    Raises:
        UsageError: a name is too long, an input doesn't exist or holds no Parquet file, an output
            would overlap an input, or two inputs would be written to one output.
    """
    for path in (*inputs, output):
        check_name(Path(path))
    found = [_find(str(one)) for one in inputs]
    target = Path(output)
    is_one_file = len(found) == 1 and found[0].folder is None
    if is_one_file and not str(output).endswith("/"):
        tasks = [Task(path, target) for path in found[0].files]
    else:
        _check_folder(found, target)
        tasks = _mirrored(found, target)
    _check_overlap(found, tasks)
    return tasks


def check_apart(tasks: Sequence[Task], others: Mapping[str, Path]) -> None:
    """Check that no file of a job has two roles, whatever the spelling of its path.

    Args:
        tasks: the job.
        others: further files that it reads or writes, by what a message calls them.

    Raises:
        UsageError: two of all these paths are one file.
    """
    used: dict[tuple[int, int] | Path, str] = {}
    for task in tasks:
        used[_identity(task.input)] = f"the input {task.input}"
        used[_identity(task.output)] = f"the output {task.output}"
    for name, path in others.items():
        role = used.setdefault(_identity(path), f"{name} {path}")
        if role != f"{name} {path}":
            raise UsageError(
                f"planning the run: {role} and {name} {path} are the same file; name another one"
            )


def _find(given: str) -> Found:
    path = Path(given)
    if path.is_dir():
        files = dict(_below(path, path))
        if not files:
            raise UsageError(f"planning the run: the folder {given} holds no .parquet file")
        return Found(given, files, path)
    if path.exists():
        return Found(given, {path: Path(path.name)})
    if not glob.has_magic(given):
        raise UsageError(f"planning the run: the input {given} does not exist")
    return _matches(given)


def _matches(pattern: str) -> Found:
    parts = Path(pattern).parts
    # Inside a name, Python before 3.13 refuses "**" and later versions read it as "*".
    mixed = [part for part in parts if "**" in part and part != "**"]
    if mixed:
        raise UsageError(
            f"planning the run: {pattern} is no pattern for files: "
            f"'**' stands for whole folders, not within {mixed[0]!r}"
        )
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed])
    files: dict[Path, Path] = {}
    for path in sorted(base.glob("/".join(parts[fixed:]))):
        if path.is_dir():
            files.update(_below(path, base))
        elif not _is_hidden(path.relative_to(base)):
            files[path] = path.relative_to(base)
    if not files:
        raise UsageError(f"planning the run: no file matches {pattern}")
    return Found(pattern, dict(sorted(files.items())), base, parts[fixed:])


def _below(folder: Path, base: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a folder's Parquet files and their paths below ``base``, in the order of names."""
    for path in sorted(folder.rglob(PATTERN)):
        if path.is_file() and not _is_hidden(path.relative_to(base)):
            yield path, path.relative_to(base)


def _is_hidden(path: Path) -> bool:
    """Whether a file, or a folder above it, is marked to be left alone: ``.name`` or ``_name``."""
    return any(part.startswith((".", "_")) for part in path.parts)


def _check_folder(found: Sequence[Found], target: Path) -> None:
    given = ", ".join(one.given for one in found)
    for folder in (one.folder for one in found if one.folder is not None and not one.pattern):
        inside, outside = target.resolve(), folder.resolve()
        if inside == outside or outside in inside.parents or inside in outside.parents:
            raise UsageError(
                f"planning the run: the output {target} and the input {given} overlap; "
                "name a folder beside it"
            )
    if target.is_file():
        is_folder = len(found) == 1 and not found[0].pattern
        what = "is a folder" if is_folder else "may be several files"
        raise UsageError(
            f"planning the run: the input {given} {what} and the output {target} a file; "
            "name a folder"
        )


def _mirrored(found: Sequence[Found], target: Path) -> list[Task]:
    inputs: dict[Path, Path] = {}  # output → input
    for one in found:
        for path, name in one.files.items():
            other = inputs.setdefault(target / name, path)
            if other != path and not other.samefile(path):
                raise UsageError(
                    f"planning the run: {other} and {path} would both be written to "
                    f"{target / name}; score them into two folders"
                )
    return [Task(path, output) for output, path in inputs.items()]


def _check_overlap(found: Sequence[Found], tasks: Sequence[Task]) -> None:
    """Check that no output is an input of this run or the next, under whatever name."""
    inputs = {_identity(task.input): task.input for task in tasks}
    for task in tasks:
        same = inputs.get(_identity(task.output)) if task.output.exists() else None
        if same is not None:
            raise UsageError(
                f"planning the run: input and output are the same file, {same}; name another output"
            )
        for one in found:
            if one.would_take(task.output):
                raise UsageError(
                    f"planning the run: the output {task.output} would be an input of the next "
                    f"run, by {one.given}; name another folder"
                )


def _identity(path: Path) -> tuple[int, int] | Path:
    try:
        found = path.stat()
    except OSError:
        # Nothing stands there yet, or what did vanished after it was listed.
        return path.resolve()
    return found.st_dev, found.st_ino
