"""A loaded model: texts or token ids in, scores out. It reads and writes no tables."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scorer.card import Card
from scorer.errors import ModelRefused, UsageError
from scorer.modelfile import ModelFile, read_model_file
from scorer.modelproto import refuse_external_data
from scorer.packing import STEP_BUDGET, micro_batches
from scorer.storage.address import check_local
from scorer.storage.listing import entry_at
from scorer.storage.names import check_name
from scorer.system.quiet import import_onnxruntime
from scorer.system.stopwatch import Stopwatch
from scorer.tokenizer import FIRST_WORD_ID, UNKNOWN_ID, Tokens

if TYPE_CHECKING:
    import onnxruntime

    from scorer.insight.explain import Explainer
    from scorer.insight.explanation import Explanation

SHIPPED = Path(__file__).parent / "models"
DEFAULT_MODEL = "default"

# The batches of the fingerprint: sentences of so many tokens at most, padded to two lengths.
SHORT_SENTENCE = 16
FINGERPRINT_BATCH = 32
FINGERPRINT_LENGTHS = (SHORT_SENTENCE, SHORT_SENTENCE + 8)
# What the graph takes and gives: name, type and number of dimensions.
INPUTS = (("token_ids", "tensor(int32)", 2), ("lengths", "tensor(int32)", 1))
OUTPUTS = (("score", "tensor(float)", 1),)

# Settings of a session. Files are read in no other format: one of onnxruntime's own would not be
# searched for data outside the file. And if a tensor's data were outside, they would be looked for
# where no file can lie.
SESSION_CONFIG = {
    "session.load_model_format": "ONNX",
    "session.model_external_initializers_file_folder_path": os.devnull,
}

# What `score` takes: the rows of a list, a NumPy array, a pandas Series or an Arrow array.
Texts: TypeAlias = Iterable[str | bytes | None] | pa.Array | pa.ChunkedArray

# Does calls, each of which may be done on another thread, and waits for them.
Share: TypeAlias = Callable[[Sequence[Callable[[], None]]], None]

LONGEST_REASON = 300

# Scores on another kind of CPU, or with another onnxruntime, differ by less.
GOLDEN_TOLERANCE = 1e-5


def each_here(calls: Sequence[Callable[[], None]]) -> None:
    """Do calls one after the other."""
    for call in calls:
        call()


class SentimentModel:
    """A model file, loaded and checked.

    Safe to call from several threads: the session runs on the caller's thread, and both onnxruntime
    and Arrow release Python's lock.

    Attributes:
        file: the bytes of the model file.
        name: what it was loaded by: the name of a model that ships, or a path.
        card: the tokenizer, the labels, and what the model is.
    """

    def __init__(self, file: ModelFile, name: str | None = None) -> None:
        self.file = file
        self.name = file.name if name is None else name
        self._session = _session(file)
        self.card = _card(self._session, file)
        self._check_answers()

    def __repr__(self) -> str:
        return f"SentimentModel({self.file.name!r}, sha256={self.file.sha256[:12]!r})"

    @classmethod
    def load(cls, path: str | Path | None = None, *, sha256: str | None = None) -> SentimentModel:
        """Load a model file.

        Args:
            path: the file, or the name of a model that ships; by default the model ``default``.
            sha256: the hash that the file must have, in hex; any hash if None.

        Raises:
            UsageError: there is no such file, and no model of that name ships.
            ModelRefused: the file isn't a model of ours, is of another version, is damaged, or has
                another hash.
        """
        file = read_model_file(find_model(path))
        if sha256 is not None and file.sha256 != sha256.lower():
            raise ModelRefused(
                f"checking the model {file.name}: its SHA-256 is {file.sha256}, {sha256.lower()} "
                "was asked for; name the model that was meant, or pin this one"
            )
        return cls(file, str(DEFAULT_MODEL if path is None else path))

    def score(self, texts: Texts) -> npt.NDArray[np.float32]:
        """Score reviews; ``model(texts)`` is the same.

        Args:
            texts: ``[rows]``: a list, a NumPy array or a pandas Series of strings or bytes, with
                None, NaN or ``pandas.NA`` where there is no review; or an Arrow array of any text
                type.

        Returns:
            ``float32[rows]``: the probability of positive in [0, 1]; NaN for a review without a
            token.

        Raises:
            TypeError: one review is given instead of a list, or something that is not a review.
            ReviewsError: the Arrow array holds no text.
        """
        if not isinstance(texts, pa.Array | pa.ChunkedArray):
            texts = _column(texts)
        return self.score_tokens(self.card.tokenizer.encode(texts))

    __call__ = score

    def predict(self, texts: Texts) -> npt.NDArray[np.object_]:
        """Return the label of each review.

        Args:
            texts: ``[rows]``, as :meth:`score` takes them.

        Returns:
            ``object[rows]``: "positive" or "negative"; None for a review without a token.
        """
        return self.label(self.score(texts))

    def predict_proba(self, texts: Texts) -> npt.NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            texts: ``[rows]``, as :meth:`score` takes them.

        Returns:
            ``float32[rows, 2]``: of negative, of positive; NaN for a review without a token.
        """
        scores = self.score(texts)
        return np.stack([1 - scores, scores], axis=1)

    def explain(self, text: str | bytes | None, *, leave_out: bool = False) -> Explanation:
        """Say which words carried a review's score; a notebook shows the answer in colours.

        Args:
            text: the review.
            leave_out: whether to score it without each of its ten strongest words, too.

        Raises:
            TypeError: it is not one review.
            ModelRefused: this model's graph isn't built as this release's exporter builds it.
        """
        return self.explainer.explain_text(text, leave_out=leave_out)

    @cached_property
    def explainer(self) -> Explainer:
        """What explains the scores of many reviews; it is made when it is first asked for."""
        # It stands higher than this module, and is a room of its own.
        from scorer.insight.explain import Explainer

        return Explainer(self)

    @overload
    def label(self, scores: float) -> str | None: ...

    @overload
    def label(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.object_]: ...

    def label(
        self, scores: float | npt.NDArray[np.float32]
    ) -> str | npt.NDArray[np.object_] | None:
        """Return the label of each score.

        Args:
            scores: ``float32[rows]``, or one score.

        Returns:
            ``object[rows]``: "positive" or "negative", None where the score is NaN; for one score,
            its label.
        """
        values = np.asarray(scores, np.float32)
        negative, positive = self.card.labels
        labels = np.where(self.card.is_positive(values), positive, negative).astype(object)
        labels[np.isnan(values)] = None
        label: str | None = None if values.ndim else labels.item()
        return labels if values.ndim else label

    def score_tokens(
        self,
        tokens: Tokens,
        between: Callable[[], None] = lambda: None,
        clock: Stopwatch | None = None,
        wanted: npt.NDArray[np.bool_] | None = None,
        share: Share = each_here,
    ) -> npt.NDArray[np.float32]:
        """Score reviews that are tokenized already.

        Args:
            tokens: of the reviews.
            between: called before each micro-batch; it ends the scoring by raising.
            clock: receives the seconds of the stages ``packing`` and ``scoring``.
            wanted: ``bool[rows]``, the rows to score; all of them if None.
            share: does the calls that score a micro-batch each, on whatever threads.

        Returns:
            ``float32[rows]``; NaN for a row without a token, or that isn't wanted.
        """
        clock = clock or Stopwatch()
        scores = np.full(len(tokens), np.nan, np.float32)
        with clock.stage("packing"):
            lengths = tokens.lengths if wanted is None else tokens.lengths * wanted
            # The longest reviews first: so the last calls are short.
            batches = list(self.batches(lengths))[::-1]

        def score(rows: npt.NDArray[np.int64]) -> None:
            between()
            with clock.stage("packing"):
                token_ids, in_batch = tokens.padded(rows), tokens.lengths[rows].astype(np.int32)
            with clock.stage("scoring"):
                scores[rows] = self.run(token_ids, in_batch)

        share([partial(score, rows) for rows in batches])
        return scores

    def run(
        self, token_ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        """Run the graph once.

        Args:
            token_ids: ``int32[batch, length]``, padded at the end with 0.
            lengths: ``int32[batch]``, in tokens.

        Returns:
            ``float32[batch]``, the probability of positive.
        """
        feed = {"token_ids": token_ids, "lengths": lengths}
        scores: npt.NDArray[np.float32] = self._session.run(["score"], feed)[0]
        return scores

    def batches(self, lengths: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
        """Yield which rows of some lengths, ``int64[rows]``, go through the network together."""
        return micro_batches(lengths, STEP_BUDGET * self.card.provenance.step_tokens)

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file holds beside the graph, as it stands there: see :mod:`scorer.card`."""
        stored: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return stored

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the arithmetic, in hex: what this machine's scores agree in.

        It is the SHA-256 of onnxruntime's version and of the bits that the example sentences score
        here: each alone, and the shorter ones in batches of 32, padded to two lengths. Scores of
        one model with one fingerprint may stand in one file. It tells the differences between
        machines that show in those sentences.
        """
        tokens = self.card.tokenizer.encode(pa.array([one.text for one in self.card.golden]))
        digest = hashlib.sha256(import_onnxruntime().__version__.encode())
        for row in np.flatnonzero(tokens.lengths):
            digest.update(self._bits(tokens, np.array([row]), int(tokens.lengths[row])))
        short = np.flatnonzero((tokens.lengths > 0) & (tokens.lengths <= SHORT_SENTENCE))
        if len(short):
            rows = np.resize(short, FINGERPRINT_BATCH)
            for length in FINGERPRINT_LENGTHS:
                digest.update(self._bits(tokens, rows, length))
        return digest.hexdigest()

    def _bits(self, tokens: Tokens, rows: npt.NDArray[np.int64], length: int) -> bytes:
        lengths = tokens.lengths[rows].astype(np.int32)
        return self.run(tokens.padded(rows, length), lengths).astype("<f4").tobytes()

    def _check_answers(self) -> None:
        """Check that every word has a row in the graph's tables, then the example sentences."""
        last = FIRST_WORD_ID + len(self.card.tokenizer.words) - 1
        try:
            scores = self.run(np.array([[UNKNOWN_ID, last]], np.int32), np.array([2], np.int32))
            if scores.shape != (1,) or not 0 <= scores[0] <= 1:
                raise ModelRefused(
                    f"checking the model {self.file.name}: its graph gives {scores.tolist()!r:.80} "
                    "for one text, not one score from 0 to 1; export it again"
                )
            self._check_golden()
        except ModelRefused:
            raise
        except Exception as error:  # onnxruntime's dozen exception types have no common base
            raise ModelRefused(
                f"checking the model {self.file.name}: its graph can't score: {_reason(error)}; "
                "export it again"
            ) from error

    def _check_golden(self) -> None:
        expected = np.array([golden.score for golden in self.card.golden], np.float32)
        found = self.score([golden.text for golden in self.card.golden])
        if np.isnan(found).any():
            raise ModelRefused(
                f"checking the model {self.file.name}: an example sentence gets no score; "
                "export it again"
            )
        difference = float(np.max(np.abs(found - expected), initial=0.0))
        if not difference <= GOLDEN_TOLERANCE:
            raise ModelRefused(
                f"checking the model {self.file.name}: its example sentences are scored "
                f"{difference:.2g} off what it promises; onnxruntime computes differently here "
                "than where the model was exported: install the versions of .ci/base.lock"
            )


def find_model(name: str | Path | None) -> Path:
    """Return the path of a model: one that ships, or a file.

    Raises:
        UsageError: there is neither, or the name is too long.
    """
    wanted = str(DEFAULT_MODEL if name is None else name)
    check_name(Path(wanted))
    shipped = SHIPPED / f"{wanted}.onnx"
    if Path(wanted).name == wanted and shipped.is_file():
        return shipped
    check_local(wanted, "loading the model: the file")
    if name is not None and wanted and entry_at(Path(wanted)) is not None:
        return Path(wanted)
    names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.onnx"))) or "none"
    raise UsageError(
        f"loading the model {wanted}: there is no such file; models that ship: {names}"
    )


def session_options() -> Any:
    """Return the ``onnxruntime.SessionOptions`` that every session of ours is made with."""
    options = import_onnxruntime().SessionOptions()
    # One thread a call, and as many callers as cores: splitting one LSTM over threads gains little.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Shapes vary from call to call: a memory pattern would be made for each and hardly ever reused.
    options.enable_mem_pattern = False
    # The arena only grows; without it memory is free after each call.
    options.enable_cpu_mem_arena = False
    # What matters comes as an exception.
    options.log_severity_level = 4
    for key, value in SESSION_CONFIG.items():
        options.add_session_config_entry(key, value)
    return options


def _session(file: ModelFile) -> onnxruntime.InferenceSession:
    onnxruntime = import_onnxruntime()

    refuse_external_data(file.content, file.name)
    options, providers = session_options(), ["CPUExecutionProvider"]
    try:
        # Its fallback prints on stdout, and tries the same provider again.
        session = onnxruntime.InferenceSession(
            file.content, options, providers=providers, enable_fallback=0
        )
        found = tuple(
            tuple((one.name, one.type, len(one.shape)) for one in ends)
            for ends in (session.get_inputs(), session.get_outputs())
        )
    except Exception as error:  # onnxruntime's dozen exception types have no common base
        raise ModelRefused(
            f"loading the model {file.name}: onnxruntime {onnxruntime.__version__} refuses it: "
            f"{_reason(error)}; export it again"
        ) from error
    if found != (INPUTS, OUTPUTS):
        raise ModelRefused(
            f"loading the model {file.name}: its graph takes and gives {found!r:.200}, not what "
            "this release calls it with; export it again with this release"
        )
    return session


def _card(session: onnxruntime.InferenceSession, file: ModelFile) -> Card:
    try:
        return Card.from_metadata(session.get_modelmeta().custom_metadata_map)
    except ModelRefused as error:
        raise ModelRefused(f"reading the model {file.name}: {error}") from error
    except UnicodeDecodeError as error:
        raise ModelRefused(
            f"reading the model {file.name}: its metadata are no valid UTF-8; export it again"
        ) from error


def _reason(error: Exception) -> str:
    """Return the first line of what onnxruntime says, which may quote bytes of the file."""
    line = str(error).strip().partition("\n")[0][:LONGEST_REASON]
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )


def _column(texts: Iterable[str | bytes | None]) -> pa.Array:
    single = str | bytes | bytearray | memoryview | pa.Scalar
    if isinstance(texts, single):
        raise TypeError("score takes a list of reviews; for one review: score([text])")
    # Walked through, these give keys or columns, or rows in any order.
    is_table = hasattr(texts, "columns") or getattr(texts, "ndim", 1) != 1
    if is_table or isinstance(texts, Mapping | Set) or not hasattr(texts, "__iter__"):
        raise TypeError(
            f"score takes a list of reviews, not a {type(texts).__name__}; of a table name the "
            "column: score(table['review'])"
        )
    return pa.array(map(_raw, texts), pa.large_binary())


def _raw(text: object) -> bytes | None:
    if isinstance(text, str):
        return text.encode("utf-8", "replace")
    if text is None or isinstance(text, bytes):
        return text
    # How pandas marks a missing value; it is loaded if its values are here.
    pandas = sys.modules.get("pandas")
    if (isinstance(text, float | np.floating) and np.isnan(text)) or text is getattr(
        pandas, "NA", None
    ):
        return None
    raise TypeError(
        f"score takes strings, bytes and None, not a {type(text).__name__}; turn the reviews into "
        "strings"
    )
