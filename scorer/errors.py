"""The errors that the commands report in one sentence, and the exit code of each.

    SentimentError                1  anything that went wrong and has a name
    ├── UsageError                2  the request makes no sense, or an input doesn't exist
    │   └── NotesRefused          2  exporter.errors: notes on data that can't be read
    ├── ReviewsError              3  reviews that can't be read, or whose columns don't fit
    │   └── ReviewsUnreachable    3  reviews in a store that didn't answer
    ├── OutputError               3  a file that can't be written, or must not be replaced
    │   └── OutputUnreachable     3  an output in a store that didn't take it
    ├── JobFailed                 3  some or all files of a job failed; each was named before
    ├── ModelRefused              4  a model file that is damaged, of another version, or not ours
    ├── DriftFound                5  all is done, and the rows drifted further than was allowed
    ├── TooManyFlips              5  two models differ in more labels than was allowed
    ├── RunFolderError            3  trainer.errors: a run folder that is missing or unfinished
    └── ExportRefused             4  exporter.errors: a model that doesn't pass the proof
    Stopped                 130/143  Ctrl-C or SIGTERM; not an Exception

A message says what was being done, what was found and what to do next.
"""

from __future__ import annotations

import os


class SentimentError(Exception):
    """Base of every error that has a name; ``exit_code`` is what the command returns."""

    exit_code = 1
    # Whether the scores of an unfinished output are worth keeping: the same command may go on.
    keeps_scores = False


class UsageError(SentimentError):
    """The request makes no sense: a missing input, options that clash."""

    exit_code = 2


class ReviewsError(SentimentError):
    """Reviews that can't be read, or whose columns or labels don't fit."""

    exit_code = 3


class OutputError(SentimentError):
    """An output that can't be written, or that must not be replaced."""

    exit_code = 3


class ReviewsUnreachable(ReviewsError):
    """Reviews in a store that didn't answer, or not as it should: another run may go on."""

    keeps_scores = True


class OutputUnreachable(OutputError):
    """An output in a store that didn't take it: another run may go on."""

    keeps_scores = True


class JobFailed(SentimentError):
    """Some or all files of a job failed; each was named when it failed."""

    exit_code = 3


class ModelRefused(SentimentError):
    """A model file that isn't ours, is of another version, or is damaged."""

    exit_code = 4


class DriftFound(SentimentError):
    """All is done, and the rows lie further from what they are compared with than was allowed."""

    exit_code = 5


class TooManyFlips(SentimentError):
    """All is compared, and the models differ in more labels than was allowed."""

    exit_code = 5


class Stopped(BaseException):
    """The process was asked to stop. Not an :class:`Exception`: no handler may swallow it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


# How the system's refusal reads where no MemoryError is raised: by a thread, a library, a C call.
OUT_OF_MEMORY = (
    "can't start new thread",
    "failed to map segment",
    "cannot allocate memory",
    "std::bad_alloc",
)
MORE_MEMORY = (
    "the system gives this process no more memory; raise its limits (ulimit -v, the container's), "
    "or take fewer --threads"
)


# Bytes. No system refuses a name that is shorter.
LONG_NAME = 128


def too_long(path: str) -> str:
    """Return the sentence on a path that the system doesn't take.

    >>> too_long("out/" + "a" * 300)
    'the name aaaaaaaaaaaaaaaaaaaa… has 300 bytes, more than the system takes; name a shorter one'
    """
    name = max(path.split("/"), key=lambda part: len(os.fsencode(part)))
    what, text = ("name", name) if len(os.fsencode(name)) > LONG_NAME else ("path", path)
    begin = f"the {what} {text[:20]}… has {len(os.fsencode(text)):,} bytes"
    return f"{begin}, more than the system takes; name a shorter one"


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that the system gave no more memory.

    >>> lacks_memory(RuntimeError("can't start new thread"))
    True
    >>> lacks_memory(RuntimeError("while running LSTM node. Status Message: std::bad_alloc"))
    True
    """
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in OUT_OF_MEMORY)


def one_line(error: BaseException) -> str:
    """Return an error's message on one line, without the path that an OSError repeats.

    >>> one_line(FileNotFoundError(2, "No such file or directory", "a.parquet"))
    'No such file or directory'
    >>> one_line(ValueError("two\\nlines"))
    'two lines'
    """
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return " ".join(str(error).split()) or type(error).__name__
