"""The errors of an export; the tree of all errors is drawn in :mod:`scorer.errors`."""

from scorer.errors import SentimentError, UsageError


class ExportRefused(SentimentError):
    """A trained model that fails a check of the exporter; no model file is written."""

    exit_code = 4


class NotesRefused(UsageError):
    """A file of notes on data that can't be read."""
