"""Where each output goes, and that none lies where an input does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from itertools import compress
from operator import not_
from pathlib import Path, PurePath, PurePosixPath

from scorer.errors import UsageError
from scorer.planning.inputs import FileCount, Found, Input, Search, Unwanted, counted, find_inputs
from scorer.planning.object_inputs import asking, find_objects, objects_of
from scorer.planning.partitions import Where
from scorer.planning.shards import Shard, Share, name_below, plan_digest
from scorer.storage.address import is_in_store
from scorer.storage.light_place import LightPlace, texts_below
from scorer.storage.listing import FILE, entry_at
from scorer.storage.names import check_name
from scorer.storage.place import ObjectPlace, Place, place_of
from scorer.storage.stores import Stores, StoreSettings
from scorer.tables.endings import ENDINGS, PARQUET, output_name


@dataclass(frozen=True)
class Task:
    """One file to score.

    Attributes:
        input: the file; or something that could not be looked at.
        output: the file to write.
        problem: why it can't be scored, in a sentence; empty if nothing is known.
        earlier: outputs of earlier runs whose scores may be taken.
    """

    input: LightPlace = LightPlace()  # noqa: RUF009  # a descriptor of the field
    output: LightPlace = LightPlace()  # noqa: RUF009  # a descriptor of the field
    problem: str = ""
    earlier: tuple[Place, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the input; 0 if it can't be looked at. An object's are those of its listing."""
        if not isinstance(self.input, Path):
            return self.input.listed.size if self.input.listed else 0
        try:
            return self.input.stat().st_size
        except OSError:
            return 0


@dataclass(frozen=True)
class Plan:
    """What a job is to do.

    Attributes:
        tasks: the files, in the order of the inputs and, within each, of names.
        left_aside: files in the folders of the inputs that are not taken.
        without_input: outputs in a mirrored folder that no input of this run belongs to.
        folder: that of the outputs; None where one file goes to the file OUTPUT.
        share: of which shard the tasks are; None if they are the whole plan.
        elsewhere: tasks of the other shards.
        stores: what the objects of the job are asked of.
    """

    tasks: tuple[Task, ...]
    left_aside: FileCount = FileCount()
    without_input: FileCount = FileCount()
    folder: Place | None = None
    share: Share | None = None
    elsewhere: tuple[Task, ...] = ()
    stores: Stores = field(default_factory=Stores, compare=False)

    def part(self, shard: Shard | None) -> Plan:
        """Return what a shard has to do of the whole plan; all of it if there is no shard.

        What isn't a task is that of the whole plan, in each part.
        """
        if shard is None:
            return self
        folder = None if self.folder is None else str(self.folder)
        names = [name_below(folder, str(task.output)) for task in self.tasks]
        is_ours = list(map(shard.takes, names))
        share = Share(shard.number, shard.of, len(names), plan_digest(names), folder)
        return replace(
            self,
            tasks=tuple(compress(self.tasks, is_ours)),
            share=share,
            elsewhere=tuple(compress(self.tasks, map(not_, is_ours))),
        )


def plan(
    inputs: Sequence[str | Path],
    output: str | Path,
    where: Sequence[str] = (),
    asked: str = PARQUET,
    settings: StoreSettings = StoreSettings(),
) -> Plan:
    """Return the files to score.

    One file goes to the file ``output``, or into that folder if it ends with ``/``. Several files,
    the files of a glob (by their path below its fixed part) and the files of a folder (mirrored) go
    into the folder ``output``. There the ending of a text is replaced by Parquet's. Each may be an
    address in a store.

    Args:
        inputs: files, globs and folders.
        output: a file or a folder.
        where: conditions on the partitions below the inputs; see :mod:`scorer.planning.partitions`.
        asked: the format of the files that are taken in folders, or "all".
        settings: how stores are spoken to.

    Raises:
        UsageError: a name is too long, an input doesn't exist or holds no such file, an output
            would overlap an input, or two inputs would be written to one output; or a condition is
            malformed, or finds nothing.
        ReviewsUnreachable: a store doesn't answer.
    """
    wanted, stores = Where.of(where), Stores(settings)
    for path in (*inputs, output):
        if not is_in_store(path):
            check_name(Path(path))
    found = [_find(one, wanted, asked, stores) for one in inputs]
    _check_any_wanted(found, wanted)
    if not str(output):
        raise UsageError("planning the run: OUTPUT is empty; check the variable that it is from")
    target = place_of(output, "planning the run: the output", stores)
    existing = _existing(found, target)
    if len(found) == 1 and found[0].folder is None and not str(output).endswith("/"):
        (only,) = found[0].inputs
        folder = None
        if isinstance(target, ObjectPlace) and not target.key:
            raise UsageError(
                f"planning the run: the output {output} is a whole bucket; add the name of an "
                "object, or / for a folder"
            )
        tasks = [Task(only.path, target, only.problem)]
    else:
        _check_folder(found, target)
        folder = target
        tasks = _mirrored(found, target)
    _check_overlap(found, tasks)
    left_aside = sum((one.left_aside for one in found), FileCount())
    without_input = _without_input(found, target, existing, wanted)
    return Plan(tuple(_listed(tasks, existing)), left_aside, without_input, folder, stores=stores)


def _find(given: str | Path, where: Where, asked: str, stores: Stores) -> Found:
    if is_in_store(given):
        place = place_of(given, "planning the run: the input", stores)
        if isinstance(place, ObjectPlace):
            return find_objects(place, where, asked)
    return find_inputs(str(given), where, asked)


def _existing(found: Sequence[Found], target: Place) -> dict[str, ObjectPlace] | None:
    """List the folder of the outputs, if it lies in a store and is for more than one of them."""
    if isinstance(target, Path) or (len(found) == 1 and found[0].folder is None):
        return None
    with asking(target):
        return target.below()


def _listed(tasks: Sequence[Task], existing: Mapping[str, ObjectPlace] | None) -> Iterator[Task]:
    """Yield tasks whose outputs know what the listing said."""
    known = {place.key: place.listed for place in (existing or {}).values()}
    for task in tasks:
        if existing is None or isinstance(task.output, Path):
            yield task
        else:
            yield replace(task, output=task.output.as_listed(known.get(task.output.key)))


def check_apart(tasks: Iterable[Task], others: Mapping[str, Place]) -> None:
    """Check that no file of a job has two roles, whatever the spelling of its path.

    Args:
        tasks: the job.
        others: further files that it reads or writes, by what a message calls them.

    Raises:
        UsageError: two of all these paths are one file.
    """
    real = RealPaths()
    roles: dict[tuple[int, int] | str, str] = {}
    for name, path in others.items():
        role = f"{name} {path}"
        first = roles.setdefault(real.identity(path), role)
        if first != role:
            raise _same_file(first, role)
    for task in tasks:
        for what, place in (("the input", task.input), ("the output", task.output)):
            other = roles.get(real.identity(place))
            if other is not None:
                raise _same_file(f"{what} {place}", other)


def _same_file(first: str, second: str) -> UsageError:
    return UsageError(f"planning the run: {first} and {second} are the same file; name another one")


class RealPaths:
    """What tells one file from another. A job has up to some 100,000: folders are resolved once."""

    def __init__(self) -> None:
        self._folders: dict[str, Path] = {}
        self._missing: set[str] = set()

    def identity(self, path: Place) -> tuple[int, int] | str:
        """Return device and inode of a file; its path, links resolved, if there is none.

        Of an object it is the address.
        """
        if not isinstance(path, Path):
            return str(path)
        folder = self.folder_of(path)
        if _folder_part(path) not in self._missing:
            with suppress(OSError):
                found = path.stat()
                return found.st_dev, found.st_ino
            with suppress(OSError):
                path.lstat()
                # A link that leads nowhere, or where this user may not look.
                return os.path.realpath(path)
        return f"{folder}/{path.name}"

    def folder_of(self, path: Place) -> PurePath:
        """Return the folder of a path, links resolved."""
        if not isinstance(path, Path):
            return _resolved(path).parent
        part = _folder_part(path)
        if part not in self._folders:
            self._folders[part] = Path(os.path.realpath(path.parent))
            if entry_at(path.parent) is None:
                self._missing.add(part)
        return self._folders[part]


def _folder_part(path: Path) -> str:
    text = str(path)
    return text[: text.rfind("/") + 1]


def _check_any_wanted(found: Sequence[Found], where: Where) -> None:
    """Check that the conditions leave something to score.

    Raises:
        UsageError: they don't.
    """
    if any(one.inputs for one in found):
        return
    given = ", ".join(one.given for one in found)
    unwanted = sum((one.unwanted for one in found), Unwanted())
    unknown = sorted(where.names - unwanted.names)
    those = f"those there are called {', '.join(sorted(unwanted.names))}"
    # Below a folder that wasn't entered there may be any.
    if unknown and (unwanted.files or not unwanted.folders.files):
        raise UsageError(
            f"planning the run: --where is about {unknown[0]!r}, and no folder in {given} is "
            f"called {unknown[0]}=…; {those if unwanted.names else 'there are no partitions'}"
        )
    raise UsageError(
        f"planning the run: nothing in {given} is wanted by --where; it left out "
        f"{counted(unwanted.folders, 'folder')}, and {those}"
    )


def _check_folder(found: Sequence[Found], target: Place) -> None:
    given = ", ".join(one.given for one in found)
    for one in found:
        if one.is_mirrored:
            _check_beside(one, target, given)
    entry = entry_at(target) if isinstance(target, Path) else None
    if entry is not None and entry.kind == FILE:
        is_folder = len(found) == 1 and not found[0].pattern
        what = "is a folder" if is_folder else "may be several files"
        raise UsageError(
            f"planning the run: the input {given} {what} and the output {target} a file; "
            "name a folder"
        )


def _check_beside(found: Found, target: Place, given: str) -> None:
    """Check that the output lies neither in nor around a folder that is walked."""
    inside: PurePath = _resolved(target)
    walked: list[tuple[PurePath, Path | None]] = []
    if found.folder is not None:
        walked = [(_resolved(found.folder), None)]
    for outside, link in (*walked, *found.linked):
        if inside.is_relative_to(outside) or outside.is_relative_to(inside):
            by = "" if link is None else f" by the link {link}"
            raise UsageError(
                f"planning the run: the output {target} and the input {given} overlap{by}; "
                "name a folder beside it"
            )


def _resolved(place: Place) -> PurePath:
    """Return a path with its links resolved; of an object, one of which no file can be part."""
    if isinstance(place, Path):
        return place.resolve()
    return PurePosixPath(place.address.root, place.key)


def _mirrored(found: Sequence[Found], target: Place) -> list[Task]:
    inputs: dict[str, Input] = {}  # by the output's path below the folder
    for one in found:
        for given in one.inputs:
            name = output_name(given.name)
            other = inputs.setdefault(name, given)
            if other is not given and not _is_same(other.path, given.path):
                raise UsageError(
                    f"planning the run: {other.path} and {given.path} would both be written to "
                    f"{target / name}; score them into two folders"
                )
    if isinstance(target, Path):
        outputs: Iterable[Place | str] = texts_below(target, inputs)
    else:
        outputs = (target / name for name in inputs)
    return [
        Task(given.path, output, given.problem)
        for given, output in zip(inputs.values(), outputs, strict=True)
    ]


def _is_same(one: Place, other: Place) -> bool:
    real = RealPaths()
    return one == other or real.identity(one) == real.identity(other)


def _check_overlap(found: Sequence[Found], tasks: Sequence[Task]) -> None:
    """Check that no output is an input of this run or the next, under whatever name."""
    real = RealPaths()
    identities = (real.identity(task.output) for task in tasks)
    existing = {one for one in identities if isinstance(one, tuple) or is_in_store(one)}
    for task in tasks if existing else ():
        if real.identity(task.input) in existing:
            raise UsageError(
                f"planning the run: input and output are the same file, {task.input}; "
                "name another output"
            )
    for one in found:
        if one.folder is not None:
            _check_next_run(one, _resolved(one.folder), tasks, real)


def _check_next_run(found: Found, base: PurePath, tasks: Sequence[Task], real: RealPaths) -> None:
    """Check that the next run wouldn't find an output of this one among its inputs."""
    linked = [folder for folder, _ in found.linked]
    # By the real folder of the output: whether all of it is taken; None if the pattern decides.
    taken: dict[PurePath, bool | None] = {}
    for task in tasks:
        folder = real.folder_of(task.output)
        if folder not in taken:
            is_below = folder.is_relative_to(base)
            taken[folder] = any(map(folder.is_relative_to, linked)) or (None if is_below else False)
        is_taken = taken[folder]
        if is_taken is None:
            below = (folder / task.output.name).relative_to(base).parts
            is_taken = _would_match(below, found.pattern)
        if is_taken:
            raise UsageError(
                f"planning the run: the output {task.output} would be an input of the next "
                f"run, by {found.given}; name another folder"
            )


def _would_match(below: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if not pattern or "**" in pattern:
        return True
    return len(below) >= len(pattern) and all(map(fnmatch, below, pattern))


def _without_input(
    found: Sequence[Found],
    target: Place,
    existing: Mapping[str, ObjectPlace] | None,
    where: Where,
) -> FileCount:
    """Count the outputs in a mirrored folder that none of these inputs belongs to.

    What lies below something that could not be looked at is not counted: its input may be there.
    Nor is what lies in partitions that aren't wanted.
    """
    if not all(one.is_mirrored for one in found):
        return FileCount()
    known = {output_name(given.name): given.problem for one in found for given in one.inputs}
    unknown = tuple(f"{name}/" for name, problem in known.items() if problem)
    if "" in known:
        return FileCount()
    names = [
        name
        for name, problem in _outputs(target, existing, where).items()
        if not problem and name not in known and not name.startswith(unknown)
    ]
    with_input = _with_input(found, names)
    count = FileCount.of([name for name in names if name not in with_input])
    return replace(count, examples=tuple(str(target / name) for name in count.examples))


def _with_input(found: Sequence[Found], names: Iterable[str]) -> set[str]:
    """Return those outputs that have an input, of another format than was asked for perhaps."""
    known: set[str] = set()
    for folder in {name.rpartition("/")[0] for name in names}:
        for one in found:
            if not isinstance(one.folder, Path | None):
                continue
            with suppress(OSError):
                inputs = ((one.folder or Path()) / folder).iterdir()
                known.update(output_name(f"{folder}/{path.name}".lstrip("/")) for path in inputs)
    return known


def _outputs(
    target: Place, existing: Mapping[str, ObjectPlace] | None, where: Where
) -> dict[str, str]:
    """Return the Parquet files in the folder of the outputs, each with its problem, if any."""
    if not isinstance(target, Path):
        return {
            name: ""
            for name in objects_of(existing or {})
            if name.lower().endswith(ENDINGS[PARQUET])
        }
    search = Search(target, where, follow=False)
    search.take_below("")
    return search.found
