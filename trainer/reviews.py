"""Labelled reviews from every source, in one shape: a text and a label a review."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from scorer.columns import find_text_column
from scorer.errors import ReviewsError, UsageError
from scorer.tokenizer import valid_text

LABEL_NAMES = ("label", "sentiment", "target", "polarity")
LABELS = {
    "0": 0, "neg": 0, "negative": 0, "false": 0,
    "1": 1, "pos": 1, "positive": 1, "true": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Reviews:
    """Labelled reviews.

    Attributes:
        texts: ``large_string[reviews]``, valid UTF-8.
        labels: ``int8[reviews]``, 1 for positive.
        name: what the source is called, without the folders that lead to it.
    """

    texts: pa.LargeStringArray
    labels: npt.NDArray[np.int8]
    name: str

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: npt.NDArray[np.int64]) -> Reviews:
        """Return some of the reviews, ``rows`` being ``int64[n]``."""
        return Reviews(self.texts.take(pa.array(rows)), self.labels[rows], self.name)

    def fingerprint(self) -> str:
        """Return the SHA-256 of texts and labels in their order: the same reviews from any source give the same."""
        digest = hashlib.sha256(self.labels.tobytes())
        for text in pc.fill_null(self.texts, ""):
            raw = text.as_buffer()
            digest.update(raw.size.to_bytes(8, "little"))
            digest.update(raw)
        return digest.hexdigest()


def read_reviews(source: Path, text_column: str | None = None, label_column: str | None = None) -> Reviews:
    """Read labelled reviews from a Parquet or CSV file, or from a folder of such files.

    Raises:
        UsageError: the source doesn't exist.
        ReviewsError: it can't be read, lacks a column, or holds a label that isn't one.
    """
    parts = [_read_file(path, text_column, label_column) for path in _files(source)]
    texts = pa.concat_arrays([part.texts for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    if not len(labels):
        raise ReviewsError(f"reading {source}: there are no reviews in it")
    return Reviews(texts, labels, source.name)


def check_both_kinds(reviews: Reviews) -> None:
    """Refuse reviews that are all of one kind: nothing can be learned from them.

    Raises:
        ReviewsError: the reviews are all positive, or all negative.
    """
    positive = int(reviews.labels.sum())
    if positive in (0, len(reviews)):
        kind = "positive" if positive else "negative"
        raise ReviewsError(f"reading {reviews.name}: all {len(reviews)} reviews are {kind}; training needs both kinds")


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise UsageError(f"reading reviews: {source} does not exist")
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in READERS and not path.name.startswith((".", "_")))
    if not found:
        raise ReviewsError(f"reading {source}: the folder holds no .parquet and no .csv file")
    return found


def _read_file(path: Path, text_column: str | None, label_column: str | None) -> Reviews:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ReviewsError(f"reading {path}: only .parquet and .csv files and folders of them can be read")
    try:
        schema, read = reader(path)
        text_name = find_text_column(schema, text_column)
        label_name = _find_label_column(schema, label_column)
        table = read([text_name, label_name])
        return Reviews(valid_text(table[text_name])[0], _labels(table[label_name]), path.name)
    except (OSError, pa.ArrowException) as error:
        raise ReviewsError(f"reading {path}: {_one_line(error)}") from error
    except ReviewsError as error:
        raise ReviewsError(f"reading {path}: {error}") from error


Reader = tuple[pa.Schema, Callable[[list[str]], pa.Table]]


def _parquet(path: Path) -> Reader:
    file = pq.ParquetFile(path)
    return file.schema_arrow, lambda columns: file.read(columns=columns)


def _csv(path: Path) -> Reader:
    # Every column as text: a label "0" stays what was written, and a review "123" stays a text.
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    with pa_csv.open_csv(path, parse_options=parse) as reader:
        schema = pa.schema([(name, pa.string()) for name in reader.schema.names])

    def read(columns: list[str]) -> pa.Table:
        convert = pa_csv.ConvertOptions(column_types=schema, include_columns=columns, strings_can_be_null=False)
        return pa_csv.read_csv(path, parse_options=parse, convert_options=convert)

    return schema, read


READERS: dict[str, Callable[[Path], Reader]] = {".parquet": _parquet, ".csv": _csv}


def _find_label_column(schema: pa.Schema, asked: str | None) -> str:
    names = [asked] if asked is not None else [name for name in LABEL_NAMES if name in schema.names]
    if names and schema.get_all_field_indices(names[0]):
        return names[0]
    wanted = f"column {asked!r}" if asked is not None else f"label column ({', '.join(LABEL_NAMES)})"
    raise ReviewsError(f"there is no {wanted}; the columns are {', '.join(schema.names)}; name one with --label-column")


def _labels(column: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """Read labels written in any usual way.

    >>> _labels(pa.chunked_array([["pos", "Negative", "1"]])).tolist()
    [1, 0, 1]
    """
    words = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string())))
    words = pc.replace_substring_regex(words, r"\.0+$", "")
    places = pc.index_in(words, value_set=pa.array(list(LABELS)))
    if places.null_count:
        row = pc.index(places.is_null(), True).as_py()
        raise ReviewsError(f"the label of row {row} is {column[row].as_py()!r}; labels are 0 and 1, neg and pos, or negative and positive")
    values = np.array(list(LABELS.values()), np.int8)
    return np.asarray(values[places.to_numpy()])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
