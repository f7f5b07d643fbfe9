"""What each token adds to its review's logit.

The session is a twin of the one that scores, made of the same bytes: its graph gives, beside the
score, the values that the score is the sum of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scorer.errors import ModelRefused, SentimentError
from scorer.insight.graph import Ngrams, OtherGraph, read_parts
from scorer.model import session_options
from scorer.modelfile import ModelFile
from scorer.modelproto import read_nodes, with_outputs
from scorer.packing import micro_batches
from scorer.system.quiet import import_onnxruntime
from scorer.tokenizer import UNKNOWN_ID, Tokens

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

# What the parts may miss of the logit; both are sums of some hundred float32.
TOLERANCE = 1e-5
# No state is so small.
BELOW_STATES = -2.0


@dataclass(frozen=True)
class Shares:
    """What the scores of some reviews are the sums of. Of a review without a token all are NaN.

    Attributes:
        scores: ``float32[rows]``, the probability of positive.
        logits: ``float64[rows]``: the score is its sigmoid.
        biases: ``float64[rows]``: what is added to every review of this length.
        calibrations: ``float64[rows]``: the shift of the calibration by length.
        tokens: ``float64[tokens]``: what each token adds that the network reads, row by row.
        offsets: ``int64[rows + 1]``: the offset of each row's first one.
    """

    scores: Singles
    logits: Floats
    biases: Floats
    calibrations: Floats
    tokens: Floats
    offsets: Integers

    @classmethod
    def without_values(cls, offsets: Integers) -> Shares:
        """Return shares to be filled, by the offset of each row's first token."""
        scores = np.full(len(offsets) - 1, np.nan, np.float32)
        logits, biases, calibrations = np.full((3, len(scores)), np.nan)
        return cls(scores, logits, biases, calibrations, np.zeros(offsets[-1]), offsets)

    def sums(self) -> Floats:
        """Return the parts of each row, added up: ``float64[rows]``."""
        totals = np.append(0, np.cumsum(self.tokens))[self.offsets]
        return np.diff(totals) + self.biases + self.calibrations


class Twin:
    """A model whose graph gives what its scores are made of.

    The calibration multiplies the sum of all parts by a slope that depends on the review's length,
    and adds a shift. The shares are given as they are after that, so that they add up to the logit
    that the score is the sigmoid of.

    Args:
        file: the model file.

    Raises:
        ModelRefused: its graph isn't built as this release's exporter builds it.
    """

    def __init__(self, file: ModelFile) -> None:
        try:
            self._parts = read_parts(read_nodes(file.content))
            names = (*self._parts.by_row, self._parts.states, *self._parts.constants)
            self._session = import_onnxruntime().InferenceSession(
                with_outputs(file.content, dict.fromkeys(names)),
                session_options(),
                providers=["CPUExecutionProvider"],
                enable_fallback=0,
            )
            self._constants = self._ask_constants()
        except Exception as error:  # onnxruntime's dozen exception types have no common base
            why = error if isinstance(error, OtherGraph) else "onnxruntime refuses it"
            raise ModelRefused(
                f"explaining by the model {file.name}: its graph isn't built as this release's "
                f"exporter builds it, {why}; export it again"
            ) from error

    def shares(self, tokens: Tokens) -> Shares:
        """Return what the scores of tokenized reviews are the sums of."""
        shares = Shares.without_values(np.append(0, np.cumsum(tokens.lengths)))
        for rows in micro_batches(tokens.lengths):
            self._fill(shares, rows, tokens)
        self._check_sums(shares)
        return shares

    def _fill(self, shares: Shares, rows: Integers, tokens: Tokens) -> None:
        lengths, parts = tokens.lengths[rows], self._parts
        score, values = self._run(tokens.padded(rows), lengths)
        is_token = np.arange(int(lengths.max())) < lengths[:, None]  # [batch, length]
        each = sum(
            (self._of_ngrams(one, values) for one in parts.ngrams),
            np.zeros(is_token.T.shape),
        )  # [length, batch]
        each += self._of_states(values, is_token.T, each)
        slope = values[parts.slope].astype(np.float64) if parts.slope else np.ones(len(rows))
        shares.scores[rows] = score
        shares.logits[rows] = values[parts.logit]
        shares.biases[rows] = slope * self._constants[parts.bias].item()
        shares.calibrations[rows] = values[parts.shift] if parts.shift else 0
        places = shares.offsets[rows][:, None] + np.arange(is_token.shape[1])
        shares.tokens[places[is_token]] = (slope * each).T[is_token]

    def _of_states(
        self, values: dict[str, Singles], is_token: npt.NDArray[np.bool_], ngrams: Floats
    ) -> Floats:
        """Return what the LSTM's states add at each token: ``float64[length, batch]``.

        ``ngrams`` is what each token's n-grams add, of the same shape.
        """
        parts = self._parts
        of_states = _of_largest if parts.is_pooled else _of_last
        states, weights = values[parts.states], self._constants[parts.weights]
        step = int(self._constants[parts.step_tokens]) if parts.step_tokens else 1
        each = of_states(states, is_token[::step], weights)
        return each if step == 1 else _spread(each, is_token, ngrams, step)

    def _of_ngrams(self, ngrams: Ngrams, values: dict[str, Singles]) -> Floats:
        """Return each word's part of the n-grams that it is in: ``float64[length, batch]``."""
        factor = self._constants[ngrams.factor].astype(np.float64)
        weights = values[ngrams.steps] * (factor / values[ngrams.divisor] / ngrams.order)
        # An n-gram stands at its last word.
        each = weights.copy()
        for back in range(1, ngrams.order):
            each[:-back] += weights[back:]
        return each

    def _run(
        self, token_ids: npt.NDArray[np.int32], lengths: Integers
    ) -> tuple[Singles, dict[str, Singles]]:
        names = [*self._parts.by_row, self._parts.states]
        feed = {"token_ids": token_ids, "lengths": lengths.astype(np.int32)}
        score, *values = self._session.run(["score", *names], feed)
        return score, dict(zip(names, values, strict=True))

    def _ask_constants(self) -> dict[str, Singles]:
        one = {"token_ids": np.array([[UNKNOWN_ID]], np.int32), "lengths": np.array([1], np.int32)}
        names = list(dict.fromkeys(self._parts.constants))
        return dict(zip(names, self._session.run(names, one), strict=True))

    def _check_sums(self, shares: Shares) -> None:
        misses = np.abs(shares.sums() - shares.logits)
        worst = np.nanmax(misses, initial=0)
        if not worst <= TOLERANCE * max(1.0, float(np.nanmax(np.abs(shares.logits), initial=0))):
            raise SentimentError(
                f"explaining: the parts of a review miss its logit by {worst:.2g}; export the "
                "model again with this release"
            )


def _of_largest(states: Singles, is_token: npt.NDArray[np.bool_], weights: Singles) -> Floats:
    """Return what the features add, each where its state is largest; of several the first.

    Args:
        states: ``float32[steps, directions, batch, hidden]``.
        is_token: ``bool[steps, batch]``, whether a step holds a token.
        weights: ``float32[directions * hidden, 1]``.

    Returns:
        ``float64[steps, batch]``.
    """
    length, directions, batch, hidden = states.shape
    if not is_token.all():
        states = np.where(is_token[:, None, :, None], states, np.float32(BELOW_STATES))
    where = states.argmax(axis=0)  # [directions, batch, hidden]
    largest = np.take_along_axis(states, where[None], axis=0)[0]
    adds = largest * weights.astype(np.float64).reshape(directions, 1, hidden)
    cells = where * batch + np.arange(batch)[:, None]
    each = np.bincount(cells.ravel(), adds.ravel(), length * batch)
    return np.asarray(each.reshape(length, batch))


def _of_last(states: Singles, is_token: npt.NDArray[np.bool_], weights: Singles) -> Floats:
    """Return what the features add, which are the last states: by how much each token moves them.

    Shapes: as of :func:`_of_largest`. The second direction reads from the end.
    """
    directions, hidden = states.shape[1], states.shape[3]
    moves = states.astype(np.float64)
    moves[1:, 0] -= states[:-1, 0]
    if directions > 1:
        moves[:-1, 1] -= states[1:, 1]
    adds = np.einsum("tdbh,dh->tb", moves, weights.reshape(directions, hidden))
    return np.where(is_token, adds, 0)


def _spread(each: Floats, is_token: npt.NDArray[np.bool_], ngrams: Floats, step: int) -> Floats:
    """Share what a step adds among its tokens.

    The LSTM doesn't say which of them it was. So each gets as much of it as its n-grams say the
    same; where none does, all get the same.

    Args:
        each: ``float64[steps, batch]``.
        is_token: ``bool[length, batch]``.
        ngrams: ``float64[length, batch]``, what each token's n-grams add.
        step: tokens of a step.

    Returns:
        ``float64[length, batch]``.

    >>> tokens, ngrams = np.array([[True], [True], [True]]), np.array([[3.0], [1.0], [-1.0]])
    >>> _spread(np.array([[8.0], [5.0]]), tokens, ngrams, 2).ravel().tolist()
    [6.0, 2.0, 5.0]
    """
    length, starts = len(is_token), np.arange(0, len(is_token), step)

    def at_each(of_steps: Floats) -> Floats:
        return np.repeat(of_steps, step, axis=0)[:length]

    def in_step(of_tokens: Floats) -> Floats:
        return at_each(np.add.reduceat(of_tokens, starts, axis=0))

    adds, tokens = at_each(each), is_token.astype(np.float64)
    agreeing = np.maximum(ngrams * np.sign(adds), 0) * tokens
    agree, alike = in_step(agreeing), tokens / np.maximum(in_step(tokens), 1)
    shares = np.divide(agreeing, agree, out=alike, where=agree > 0)
    return np.asarray(adds * shares)
