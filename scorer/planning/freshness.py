"""Is an output done already, and if not, why: its footer's stamp against what it has to be."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import pyarrow

from scorer._version import __version__
from scorer.doubt.language import detector_version
from scorer.errors import OutputError
from scorer.kernel import SCORE, Kernel
from scorer.model import SentimentModel
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.planning.seen import kept_promises
from scorer.storage.failures import reading, unreadable, writing
from scorer.storage.identity import InputId
from scorer.storage.place import ObjectPlace, Place, work_path
from scorer.storage.whole_file import stands
from scorer.system.quiet import import_onnxruntime
from scorer.system.records import RecordError, from_json, optional, to_json
from scorer.tables.parquet_reader import is_damaged_parquet, read_key

STAMP_VERSION = 2
STAMP_KEY = "review_sentiment"
ALREADY_DONE = "already done"

# Options that change no byte of an output. Any other one counts, so that a new one can't be missed.
FREE_OPTIONS = (
    "threads",
    "force",
    "max_cell",
    "where",
    "success_file",
    "format",
    "wait_lock",
    "same_cpu",
    "reuse",
    "remember",
)


@dataclass(frozen=True)
class OutputOptions:
    """The options that decide the bytes of an output.

    Attributes:
        text_column: the column with the reviews.
        columns: names of the output's columns.
        compression: codec of every column, or "source".
        int96: "truncate" if nanoseconds of INT96 times may be cut off, and there are such times.
        reading: what the user said of how a text is read, as in ``delimiter=;``.
        doubt: what was asked for beside the scores, as in ``max_unknown=0.5``; and the detector of
            languages, if it was asked.
    """

    text_column: str
    columns: tuple[str, ...]
    compression: str
    int96: str = optional("refuse")
    reading: tuple[str, ...] = optional(())
    doubt: tuple[str, ...] = optional(())

    @property
    def score_column(self) -> str:
        """The column with the scores: columns of ours are the last ones."""
        return next(name for name in reversed(self.columns) if name.endswith(SCORE.name))


@dataclass(frozen=True)
class Stamp:
    """Everything that decides the bytes of an output. Its footer holds it; no time and no path do.

    Attributes:
        version: of the stamp.
        scorer: version of the scorer.
        input: what was scored.
        model_sha256: what scored it.
        options: how it was written.
        asked: of an object scored, the digest of everything but it that was asked for; see
            :meth:`Asked.digest`. A rerun can tell by it that nothing changed without opening the
            object.
        fingerprint: of the arithmetic, in hex; see ``SentimentModel.fingerprint``. It decides only
            whether scores may be taken from the output; an older stamp has none.
        pyarrow: its version, which cut the texts: likewise.
    """

    version: int
    scorer: str
    input: InputId
    model_sha256: str
    options: OutputOptions
    asked: str = optional("")
    fingerprint: str = optional("")
    pyarrow: str = optional("")

    @classmethod
    def of(
        cls,
        model: SentimentModel,
        input_id: InputId,
        kernel: Kernel,
        compression: str | None,
        int96: str = "refuse",
        reading: tuple[str, ...] = (),
        asked: str = "",
    ) -> Stamp:
        """Return the stamp of an output to be written."""
        columns = tuple(kernel.schema.names)
        return cls(
            version=STAMP_VERSION,
            scorer=__version__,
            input=input_id,
            model_sha256=model.file.sha256,
            options=OutputOptions(
                kernel.text_column,
                columns,
                compression or "source",
                int96,
                reading,
                kernel.asked,
            ),
            asked=asked,
        )

    def with_arithmetic(self, model: SentimentModel) -> Stamp:
        """Return the stamp of an output that is scored here."""
        return replace(self, fingerprint=model.fingerprint, pyarrow=pyarrow.__version__)

    def to_footer(self) -> dict[str, str]:
        """Return the key-value pair for the output's footer."""
        return {STAMP_KEY: json.dumps(self.json, sort_keys=True)}

    @cached_property
    def json(self) -> Mapping[str, object]:
        """The stamp as JSON."""
        return to_json(self)

    def changes(self, stored: object) -> list[str]:
        """Return what changed since another stamp was written, in words.

        What another version wrote is compared in nothing else: its stamp may have another meaning.

        Args:
            stored: the JSON of that stamp.
        """
        try:
            other = from_json(Stamp, stored)
        except RecordError:
            return ["the scorer's version"]
        if (self.scorer, self.version) != (other.scorer, other.version):
            return ["the scorer's version"]
        pairs = (
            ("the input", self.input == other.input),
            ("the model", self.model_sha256 == other.model_sha256),
            ("the options", self.options == other.options),
        )
        return [name for name, is_same in pairs if not is_same]


@dataclass(frozen=True)
class Asked:
    """What an output is asked for with: everything but the input that decides its bytes."""

    stamp_version: int
    scorer: str
    model_sha256: str
    options: Mapping[str, object]

    @classmethod
    def of(cls, model: SentimentModel, options: Options) -> Asked:
        """Return what a job asks of its outputs."""
        deciding = {
            name: value for name, value in to_json(options).items() if name not in FREE_OPTIONS
        }
        if options.only_language is not None:
            deciding["detector"] = detector_version()
        return cls(STAMP_VERSION, __version__, model.file.sha256, deciding)

    def digest(self) -> str:
        """Return the SHA-256 of what is asked for, in hex."""
        return hashlib.sha256(json.dumps(self._json, sort_keys=True).encode()).hexdigest()

    @cached_property
    def _json(self) -> Mapping[str, object]:
        return to_json(self)

    def promise_of(self, stamp: object) -> str:
        """Return the SHA-256 that says: an output with this stamp is what was asked for, in hex.

        Args:
            stamp: the JSON of the output's stamp.
        """
        both = json.dumps([self._json, stamp], sort_keys=True)
        return hashlib.sha256(both.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """Whether an output is done, and the reason: why it is skipped, or scored anew.

    Attributes:
        is_done: whether it is.
        reason: in words; empty if nothing stood there.
        stored: the JSON of its stamp, if it is done.
    """

    is_done: bool
    reason: str = ""
    stored: object = None


def is_known(task: Task, asked: Asked) -> bool:
    """Whether an output is done, as far as that can be told without opening its input.

    Read are the output's footer, and what was kept with it; the input is looked at once.

    Raises:
        OutputError: something that isn't a regular file stands at the output, or nobody may look.
        ReviewsError: the store of the input doesn't tell.
    """
    output = task.output
    with writing(output):
        if not _is_there(output):
            return False
    if not isinstance(task.input, Path):
        return _is_made_of(output, task.input, asked)
    promises = kept_promises(work_path(output), task.input)
    if not promises:
        return False
    with writing(output):
        return asked.promise_of(read_key(output, STAMP_KEY)) in promises


def _is_made_of(output: Place, source: ObjectPlace, asked: Asked) -> bool:
    """Whether an output says that it was made of an object as it is listed, and as it is asked."""
    with reading(source):
        now = source.look()
    with writing(output):
        stored = read_key(output, STAMP_KEY)
    try:
        stamp = from_json(Stamp, stored)
    except RecordError:
        return False
    is_same = now is not None and stamp.input == InputId(etag=now.etag, size=now.size)
    return is_same and stamp.asked == asked.digest()


def judge(output: Place, stamp: Stamp, *, force: bool) -> Verdict:
    """Decide whether an existing output can stay.

    Args:
        output: the file.
        stamp: what it has to be made of.
        force: whether it is scored anew in any case.

    Raises:
        OutputError: a file stands there that scorer didn't write, and ``force`` is not given; or
            something that isn't a regular file.
    """
    with writing(output):
        if not _is_there(output):
            return Verdict(is_done=False)
        stored = read_key(output, STAMP_KEY)
    if not isinstance(stored, dict):
        if force:
            return Verdict(is_done=False, reason="replaced")
        raise _not_ours(output)
    changed = stamp.changes(stored)
    if changed:
        return Verdict(is_done=False, reason=f"scored anew: {' and '.join(changed)} changed")
    if force:
        return Verdict(is_done=False, reason="scored anew: --force")
    return Verdict(is_done=True, reason=ALREADY_DONE, stored=stored)


def _is_there(output: Place) -> bool:
    if not isinstance(output, Path):
        return output.look() is not None
    return stands(output)


def _not_ours(output: Place) -> OutputError:
    """Return why an existing file isn't known to be ours, and what to do."""
    try:
        with writing(output) if isinstance(output, ObjectPlace) else nullcontext():
            is_damaged = is_damaged_parquet(output)
    except OSError as error:
        return OutputError(
            f"writing {output}: the file there can't be read: {unreadable(error)}, "
            "or name another output"
        )
    if is_damaged:
        return OutputError(
            f"writing {output}: a damaged Parquet file stands there, which scorer may have written "
            "or not; remove it, or add --force to replace it"
        )
    return OutputError(
        f"writing {output}: a file that scorer didn't write stands there; add --force to replace it"
    )


def versions() -> dict[str, str]:
    """Return the versions of the scorer and the packages it stands on, by name.

    The last bits of a score may differ between any two of them.
    """
    return dict(_versions())


@cache
def _versions() -> Mapping[str, str]:
    import numpy

    return {
        "scorer": __version__,
        "python": platform.python_version(),
        "onnxruntime": import_onnxruntime().__version__,
        "pyarrow": pyarrow.__version__,
        "numpy": numpy.__version__,
    }
