"""The errors that the commands report in one sentence, and the exit code that each one means.

    SentimentError                1  anything that went wrong and has a name
    ├── UsageError                2  what was asked for makes no sense (an input that doesn't exist, too)
    ├── ReviewsError              3  reviews that can't be read, or whose columns don't fit
    ├── OutputError               3  a file that can't be written, or mustn't be replaced
    ├── JobFailed                 3  some or all files of a job failed; each was named before
    ├── ModelRefused              4  a model file that is damaged, of another version, or not ours
    ├── RunFolderError            3  a run folder that is missing, unfinished or damaged
    └── ExportRefused             4  a model that doesn't pass the exporter's proof
    Stopped                 130/143  Ctrl-C or SIGTERM; no Exception, so that nothing takes it for a failure

A message says what was being done, what was found and what to do next.
"""


class SentimentError(Exception):
    """Base of every error that has a name; ``exit_code`` is what the command returns."""

    exit_code = 1


class UsageError(SentimentError):
    """What was asked for makes no sense: a missing input, clashing options."""

    exit_code = 2


class ReviewsError(SentimentError):
    """Reviews that can't be read, or whose columns or labels don't fit."""

    exit_code = 3


class OutputError(SentimentError):
    """An output that can't be written, or that mustn't be replaced."""

    exit_code = 3


class JobFailed(SentimentError):
    """Some or all files of a job failed; each one was named when it did."""

    exit_code = 3


class ModelRefused(SentimentError):
    """A model file that isn't ours, is of another version, or is damaged."""

    exit_code = 4


class RunFolderError(SentimentError):
    """A run folder that is missing, unfinished or damaged."""

    exit_code = 3


class ExportRefused(SentimentError):
    """A trained model that doesn't pass the exporter's proof."""

    exit_code = 4


class Stopped(BaseException):
    """The process was asked to stop; not an :class:`Exception`, so that no handler of failures swallows it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
