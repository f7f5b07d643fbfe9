"""The error of an export; the tree of all errors is drawn in :mod:`scorer.errors`."""

from scorer.errors import SentimentError


class ExportRefused(SentimentError):
    """A trained model that fails a check of the exporter; no model file is written."""

    exit_code = 4
