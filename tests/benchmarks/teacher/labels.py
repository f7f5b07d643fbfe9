"""Labels: the teacher's logit and probability of each text, kept in parts until all are there."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.columns import find_text_column
from scorer.errors import UsageError
from scorer.storage.whole_file import whole_file
from teacher.calibration import Line
from teacher.tables import read_table, write_table
from trainer.data.reviews import fingerprint_of_texts

# Texts of a part: what a killed run does twice, at most.
PART = 1024
FOLDER, FACTS = ".parts", "facts.json"
NEW_COLUMNS = ("logit", "probability")

Logits = npt.NDArray[np.float32]
Read = Callable[[Sequence[str]], Logits]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Parts:
    """Logits of the parts that are done, in a folder beside the output.

    Attributes:
        folder: that holds them.
    """

    folder: Path

    @classmethod
    def open(cls, out: Path, facts: dict[str, str]) -> Parts:
        """Open the parts of an output, or begin them.

        Args:
            out: the output.
            facts: fingerprints of what the logits depend on.

        Raises:
            UsageError: the parts that are there were made of something else.
        """
        folder = out.with_name(out.name + FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FACTS
        if not path.exists():
            with whole_file(path) as temporary:
                temporary.write_text(json.dumps(facts))
        stored = json.loads(path.read_text())
        other = [name for name, value in facts.items() if stored.get(name) != value]
        if other:
            raise UsageError(
                f"going on with {folder}: its parts are of other {other[0]}; remove the folder or "
                "name another output"
            )
        return cls(folder)

    def read(self, number: int, texts: Sequence[str], read: Read) -> Logits:
        """Return the logits of a part; they are kept when they are read the first time."""
        path = self.folder / f"{number:05}.npy"
        if not path.exists():
            logits = np.asarray(read(texts), np.float32)
            with whole_file(path) as temporary, temporary.open("wb") as file:
                np.save(file, logits)
        kept: Logits = np.load(path, allow_pickle=False)
        return kept

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)


def label(
    source: Path, out: Path, line: Line, weights: dict[str, str], read: Read, say: Say
) -> int:
    """Write all columns of a file, and ``logit`` and ``probability`` of positive (float32).

    A run that was killed goes on after its last part.

    Args:
        source: Parquet file with a text column.
        out: file to write.
        line: makes probabilities of logits.
        weights: fingerprints of the weights, by name.
        read: returns the logits of texts, ``float32[texts]``.
        say: takes a line for each part.

    Returns:
        Number of texts.

    Raises:
        UsageError: the source doesn't exist, or parts of other texts or weights are in the way.
    """
    table = read_table(source)
    table = table.drop_columns([name for name in NEW_COLUMNS if name in table.column_names])
    column = table[find_text_column(table.schema)].cast(pa.large_string())
    facts = {"texts": fingerprint_of_texts(column.combine_chunks()), **weights}
    parts = Parts.open(out, facts)
    logits = read_all(column.fill_null("").to_pylist(), parts, read, say)
    for name, values in zip(NEW_COLUMNS, (logits, line(logits)), strict=True):
        table = table.append_column(name, pa.array(values, pa.float32()))
    write_table(table, out)
    parts.remove()
    return len(table)


def read_all(texts: Sequence[str], parts: Parts, read: Read, say: Say) -> Logits:
    """Return the logits of texts, ``float32[texts]``, part by part."""
    logits, began = [np.zeros(0, np.float32)], time.monotonic()
    for number, start in enumerate(range(0, len(texts), PART)):
        logits.append(parts.read(number, texts[start : start + PART], read))
        done, seconds = min(start + PART, len(texts)), time.monotonic() - began
        say(f"{done:,} of {len(texts):,} texts, {seconds:.0f} s")
    return np.concatenate(logits)
