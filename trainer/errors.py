"""The error of run folders; the tree of all errors is drawn in :mod:`scorer.errors`."""

from scorer.errors import SentimentError


class RunFolderError(SentimentError):
    """A run folder that is missing, unfinished or damaged."""

    exit_code = 3
