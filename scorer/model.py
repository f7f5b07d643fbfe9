"""A loaded model: texts or token ids in, scores out.

The onnxruntime session, and how rows are packed for it. Reading and writing files is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.errors import ModelRefused, UsageError
from scorer.modelfile import Card, ModelFile, read_model_file
from scorer.stopwatch import Stopwatch
from scorer.tokenizer import Tokens

if TYPE_CHECKING:
    import onnxruntime

SHIPPED = Path(__file__).parent / "models"
DEFAULT_MODEL = "default"

# Padded tokens a call, and rows that a call may have beyond them, if the longest is at most a quarter longer than the shortest.
# The LSTM's gate buffer is 4 · hidden floats a token and direction: 1 KiB at 64 units, so that 1,536 tokens stay within a few MiB of
# cache. Larger batches leave the cache, smaller ones starve the matrix product, of single rows most. Measured on one core,
# `default` and `fast`, CPU time against 1,536 tokens and 4 rows: 1,024 and 4, 1.01 and 1.00; 2,048 and 4, 1.02 and 1.00; 3,072 and 4,
# 1.01 and 1.06; 1,536 and 1, 1.02 and 1.05; 1,536 and 8, 1.11 and 1.09.
TOKEN_BUDGET = 1536
LEAST_ROWS = 4
ALIKE = 1.25

# Scores on another kind of CPU, or another onnxruntime, stay within it.
GOLDEN_TOLERANCE = 1e-5


class SentimentModel:
    """A model file, loaded and checked.

    Safe to call from several threads: the session runs on the caller's thread and both
    onnxruntime and Arrow release Python's lock.
    """

    def __init__(self, file: ModelFile) -> None:
        self.file = file
        self._session = _session(file)
        self.card = _card(self._session, file)
        self._check_golden()

    @classmethod
    def load(cls, path: str | Path | None = None, *, sha256: str | None = None) -> SentimentModel:
        """Load a model: a file, the name of one that ships, or by default the one that ships.

        Args:
            path: the file or name.
            sha256: the hash that the file must have, in hex; any where None.

        Raises:
            UsageError: there is no such file and no model of that name ships.
            ModelRefused: the file isn't a model of ours, is of another version, is damaged, or has another hash.
        """
        file = read_model_file(find_model(path))
        if sha256 is not None and file.sha256 != sha256.lower():
            raise ModelRefused(
                f"checking the model {file.name}: its SHA-256 is {file.sha256}, {sha256.lower()} was asked for; "
                "name the model that was meant, or pin this one"
            )
        return cls(file)

    def score(self, texts: Sequence[str | bytes | None] | pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float32]:
        """Score reviews.

        Args:
            texts: ``[rows]``; strings or bytes, None where there is no review, or an Arrow array of any text type.

        Returns:
            ``float32[rows]``: the probability of positive in [0, 1]; NaN where a review has no token.

        Raises:
            ReviewsError: an Arrow array that holds no text.
        """
        if not isinstance(texts, pa.Array | pa.ChunkedArray):
            texts = pa.array([text.encode("utf-8", "replace") if isinstance(text, str) else text for text in texts], pa.large_binary())
        return self.score_tokens(self.card.tokenizer.encode(texts))

    def label(self, score: float) -> str | None:
        """Return the word for a score; None for NaN."""
        if np.isnan(score):
            return None
        negative, positive = self.card.labels
        return positive if score >= np.float32(self.card.threshold) else negative

    def score_tokens(
        self, tokens: Tokens, between: Callable[[], None] = lambda: None, clock: Stopwatch | None = None
    ) -> npt.NDArray[np.float32]:
        """Score reviews that are tokenized already.

        Args:
            tokens: of the reviews.
            between: is called before each micro-batch, and ends the scoring by raising.
            clock: is told what the stages ``packing`` and ``scoring`` take.

        Returns:
            ``float32[rows]``; NaN where a row has no token.
        """
        clock = clock or Stopwatch()
        scores = np.full(len(tokens), np.nan, np.float32)
        with clock.stage("packing"):
            batches = list(micro_batches(tokens.lengths))
        for rows in batches:
            between()
            with clock.stage("packing"):
                token_ids, lengths = tokens.padded(rows), tokens.lengths[rows].astype(np.int32)
            with clock.stage("scoring"):
                scores[rows] = self.run(token_ids, lengths)
        return scores

    def run(self, token_ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """Run the graph once: ``int32[batch, length]``, padded behind with 0, and ``int32[batch]`` → ``float32[batch]``."""
        scores: npt.NDArray[np.float32] = self._session.run(["score"], {"token_ids": token_ids, "lengths": lengths})[0]
        return scores

    def _check_golden(self) -> None:
        expected = np.array([golden.score for golden in self.card.golden], np.float32)
        found = self.score([golden.text for golden in self.card.golden])
        difference = float(np.max(np.abs(found - expected), initial=0.0))
        if not difference <= GOLDEN_TOLERANCE:
            raise ModelRefused(
                f"checking the model {self.file.name}: its example sentences are scored {difference:.2g} off what it promises; "
                "onnxruntime computes otherwise here than where it was exported: install the versions of .ci/constraints.txt"
            )


def find_model(name: str | Path | None) -> Path:
    """Return the path of a model: a file of that name, else a model that ships.

    Raises:
        UsageError: there is neither.
    """
    wanted = str(DEFAULT_MODEL if name is None else name)
    shipped = SHIPPED / f"{wanted}.onnx"
    if Path(wanted).name == wanted and shipped.is_file():
        return shipped
    if name is not None and Path(wanted).exists():
        return Path(wanted)
    names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.onnx"))) or "none"
    raise UsageError(f"loading the model {wanted}: there is no such file; models that ship: {names}")


def micro_batches(lengths: npt.NDArray[np.int64], budget: int = TOKEN_BUDGET, least: int = LEAST_ROWS) -> Iterator[npt.NDArray[np.int64]]:
    """Deal rows into batches of like length, so that next to nothing is padded; rows of length 0 are left out.

    Args:
        lengths: ``int64[rows]``, in tokens.
        budget: padded tokens a batch, at most, unless the least rows have more.
        least: rows that a batch may have beyond its budget, if they are of like length.

    Yields:
        ``int64[batch]``, which rows.

    >>> [rows.tolist() for rows in micro_batches(np.array([3, 0, 9, 4, 3]), budget=8, least=1)]
    [[0, 4], [3], [2]]
    """
    order = np.argsort(lengths, kind="stable")
    order = order[np.count_nonzero(lengths == 0) :]
    ordered = lengths[order]
    start = 0
    while start < len(order):
        # Lengths rise, so what a batch would take padded rises too: its end is found by bisection.
        ahead = ordered[start : start + max(least, budget // int(ordered[start]))]
        taken = ahead * np.arange(1, len(ahead) + 1)
        within = int(np.searchsorted(taken, budget, side="right"))
        alike = int(np.searchsorted(ahead[:least], ALIKE * ordered[start], side="right"))
        count = max(within, alike)
        yield order[start : start + count]
        start += count


def _session(file: ModelFile) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread a call and as many callers as there are cores: splitting one LSTM over threads gains little.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Shapes vary from call to call: a memory pattern would be made for each and never met again.
    options.enable_mem_pattern = False
    # Memory goes back after each call instead of staying in an arena that only grows.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(file.content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen types of its own, without a common base
        raise ModelRefused(
            f"loading the model {file.name}: onnxruntime {onnxruntime.__version__} refuses it: {_first_line(error)}"
        ) from error


def _card(session: onnxruntime.InferenceSession, file: ModelFile) -> Card:
    try:
        return Card.from_metadata(session.get_modelmeta().custom_metadata_map)
    except ModelRefused as error:
        raise ModelRefused(f"reading the model {file.name}: {error}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
