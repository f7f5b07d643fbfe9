"""An input that was opened and found fit to be scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from scorer.errors import ReviewsError
from scorer.kernel import Kernel
from scorer.model import SentimentModel
from scorer.planning.freshness import Asked, Stamp, versions
from scorer.planning.options import Options
from scorer.planning.plan import Task
from scorer.storage.identity import InputId
from scorer.tables.parquet_int96 import Int96Columns
from scorer.tables.parquet_reader import DEFAULT_COMPRESSION
from scorer.tables.reviews import OpenReviews


def kernel_of(model: SentimentModel, schema: pa.Schema, options: Options) -> Kernel:
    """Return what scores record batches of a schema, as the options of a run have it.

    Raises:
        ReviewsError: the columns don't fit.
    """
    return Kernel(
        model,
        schema,
        options.text_column,
        prefix=options.prefix,
        keep=options.keep,
        drop=options.drop,
        doubt=options.doubt,
    )


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
class Compression:
    """How an output is compressed.

    Attributes:
        codecs: the codec of every column, or of each by its path.
        replaced: columns whose codec in the input can't be written.
    """

    codecs: str | dict[str, str]
    replaced: int


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
    reviews: OpenReviews
    kernel: Kernel
    options: Options

    @classmethod
    def of(
        cls, task: Task, reviews: OpenReviews, model: SentimentModel, options: Options
    ) -> OpenInput:
        """Check that the columns of an open input fit the model and the options.

        Raises:
            ReviewsError: they don't; the message names the file.
        """
        try:
            kernel = kernel_of(model, reviews.schema, options)
        except ReviewsError as error:
            reviews.check_text(None)
            raise ReviewsError(f"reading {reviews.path}: {error}") from error
        reviews.check_text(kernel.text_column)
        reviews.check_carried(kernel.carried)
        return cls(task, reviews, kernel, options)

    def stamp(self, input_id: InputId) -> Stamp:
        """Return what the output's footer will hold.

        Args:
            input_id: what tells the input from others.
        """
        # The bytes of a file without such times don't depend on the option.
        int96 = "refuse" if self.int96() is None else self.options.int96
        reading = tuple(f"{name}={value}" for name, value in self.reviews.deciding.items())
        model, compression = self.kernel.model, self.options.compression
        asked = Asked.of(model, self.options).digest() if input_id.etag else ""
        return Stamp.of(model, input_id, self.kernel, compression, int96, reading, asked)

    def binding(self, stamp: Stamp) -> Binding:
        """Return everything that kept scores of this input depend on."""
        return Binding(stamp, versions(), self.kernel.model.fingerprint)

    def int96(self) -> Int96Columns | None:
        """Return the INT96 times to be carried; None if there are none."""
        return self.reviews.int96(self.kernel.carried, truncate=self.options.int96 == "truncate")

    def compression(self) -> Compression:
        """Return how the output is compressed; the new columns get the text column's codec.

        Raises:
            ReviewsError: the first row can't be read.
        """
        if self.options.compression is not None:
            return Compression(self.options.compression, 0)
        found = self.reviews.codecs(self.kernel.columns)
        codecs = {path: codec or DEFAULT_COMPRESSION for path, codec in found.items()}
        ours = codecs.get(self.kernel.text_column, DEFAULT_COMPRESSION)
        replaced = sum(codec is None for codec in found.values())
        if set(codecs.values()) <= {ours}:
            return Compression(ours, replaced)
        codecs |= dict.fromkeys(self.kernel.added, ours)
        return Compression(codecs, replaced)
