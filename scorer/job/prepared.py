"""An input that was opened and found fit to be scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scorer.errors import ReviewsError
from scorer.job.freshness import Stamp, versions
from scorer.job.options import Options
from scorer.job.plan import Task
from scorer.kernel import SCORE, SENTIMENT, Kernel
from scorer.model import SentimentModel
from scorer.tables.parquet_reader import DEFAULT_COMPRESSION, ParquetReviews


@dataclass(frozen=True)
class Binding:
    """Everything that kept scores depend on.

    It is the stamp of the output, the versions of what tokenized and scored, and the fingerprint of
    the arithmetic: on a shared disk another kind of CPU would mix its last bits in.
    """

    stamp: Stamp
    versions: Mapping[str, str]
    fingerprint: str


@dataclass(frozen=True)
class OpenInput:
    """An open input whose columns fit.

    Attributes:
        task: the file.
        reviews: the open input.
        kernel: scores its batches.
        options: of the job.
    """

    task: Task
    reviews: ParquetReviews
    kernel: Kernel
    options: Options

    @classmethod
    def of(
        cls, task: Task, reviews: ParquetReviews, model: SentimentModel, options: Options
    ) -> OpenInput:
        """Check that the columns of an open input fit the model and the options.

        Raises:
            ReviewsError: they don't; the message names the file.
        """
        try:
            kernel = Kernel(
                model,
                reviews.schema,
                options.text_column,
                prefix=options.prefix,
                keep=options.keep,
            )
        except ReviewsError as error:
            raise ReviewsError(f"reading {reviews.path}: {error}") from error
        return cls(task, reviews, kernel, options)

    def stamp(self, sha256: str) -> Stamp:
        """Return what the output's footer will hold.

        Args:
            sha256: of the input, in hex.
        """
        return Stamp.of(self.kernel.model, sha256, self.kernel, self.options.compression)

    def binding(self, stamp: Stamp) -> Binding:
        """Return everything that kept scores of this input depend on."""
        return Binding(stamp, versions(), self.kernel.model.fingerprint)

    def codecs(self) -> str | dict[str, str]:
        """Return the codec of every column, or of each; the new columns get the text column's.

        Raises:
            ReviewsError: the first row can't be read.
        """
        if self.options.compression is not None:
            return self.options.compression
        codecs = self.reviews.codecs(self.kernel.columns)
        ours = codecs.get(self.kernel.text_column, DEFAULT_COMPRESSION)
        if set(codecs.values()) <= {ours}:
            return ours
        new = (SENTIMENT, SCORE)
        return codecs | {f"{self.options.prefix}{field.name}": ours for field in new}
