"""Which values of a model's graph its score is the sum of, found by walking back from the score.

The exporter builds one kind of graph: the sigmoid of a calibrated sum of parts. The parts are the
head over the LSTM's states, and for each wide branch sums over n-grams. A graph of another kind is
not explained.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scorer.modelproto import Node

# The index of the LSTM operator's input ``sequence_lens``.
SEQUENCE_LENS = 4


class OtherGraph(Exception):
    """A graph that isn't built as the exporter builds it."""


@dataclass(frozen=True)
class Ngrams:
    """A sum over the n-grams of one length. All but ``order`` are names of values.

    Attributes:
        order: the words of each.
        steps: ``int32[length, batch]``, the weight of each in steps, at its last word.
        factor: ``float32``, what a step weighs.
        divisor: ``float32[batch]``, what the sum is divided by.
    """

    order: int
    steps: str
    factor: str
    divisor: str


@dataclass(frozen=True)
class Parts:
    """The values that a score is made of, by their names.

    Attributes:
        logit: ``float32[batch]``, of which the score is the sigmoid.
        slope: ``float32[batch]``, what the sum of the parts is multiplied by; None for nothing.
        shift: ``float32[batch]``, what is added then; None for nothing.
        ngrams: the sums over n-grams.
        states: ``float32[steps, directions, batch, hidden]``, those of the LSTM.
        weights: ``float32[directions * hidden, 1]``, what the head multiplies its features by.
        bias: ``float32[1]``, what the head adds.
        is_pooled: whether the features are the largest states; otherwise they are the last ones.
        step_tokens: ``int32``, the tokens of a step; None for one.
    """

    logit: str
    slope: str | None
    shift: str | None
    ngrams: tuple[Ngrams, ...]
    states: str
    weights: str
    bias: str
    is_pooled: bool
    step_tokens: str | None

    @property
    def by_row(self) -> tuple[str, ...]:
        """The values that each batch has its own of, without the states."""
        calibration = tuple(name for name in (self.slope, self.shift) if name)
        sums = (name for one in self.ngrams for name in (one.steps, one.divisor))
        return tuple(dict.fromkeys((self.logit, *calibration, *sums)))

    @property
    def constants(self) -> tuple[str, ...]:
        """The values that are the same for every batch."""
        step_tokens = (self.step_tokens,) if self.step_tokens else ()
        return (self.weights, self.bias, *step_tokens, *(one.factor for one in self.ngrams))


def read_parts(nodes: Iterable[Node]) -> Parts:
    """Return what the value ``score`` is made of.

    Raises:
        OtherGraph: the nodes aren't those that the exporter makes.
    """
    return _Walk(nodes).parts()


class _Walk:
    def __init__(self, nodes: Iterable[Node]) -> None:
        self._makers = {name: node for node in nodes for name in node.outputs}

    def parts(self) -> Parts:
        logit = self._made_by("score", "Sigmoid").inputs[0]
        slope, shift, total = self._calibration(logit)
        terms = [self._made_by(name, "Squeeze", "Div") for name in self._terms(total)]
        heads = [term for term in terms if term.operator == "Squeeze"]
        if len(heads) != 1:
            raise OtherGraph(f"it has {len(heads)} heads")
        branches = [term for term in terms if term.operator == "Div"]
        ngrams = tuple(one for branch in branches for one in self._ngrams(branch))
        return Parts(logit, slope, shift, ngrams, *self._head(heads[0]))

    def _calibration(self, logit: str) -> tuple[str | None, str | None, str]:
        """Return slope, shift and what they calibrate: both are looked up by the length."""
        top = self._made_by(logit, "Add", "Squeeze")
        shifts = [name for name in top.inputs if self._operator(name) == "Gather"]
        if not shifts:
            return None, None, logit
        rest = next(name for name in top.inputs if name not in shifts)
        scaled = self._made_by(rest, "Mul").inputs
        slopes = [name for name in scaled if self._operator(name) == "Gather"]
        totals = [name for name in scaled if name not in slopes]
        if len(slopes) != 1 or len(totals) != 1:
            raise OtherGraph("its calibration isn't a slope and a shift")
        return slopes[0], shifts[0], totals[0]

    def _ngrams(self, branch: Node) -> Iterable[Ngrams]:
        total, divisor = branch.inputs
        for order, name in enumerate(self._terms(total), 1):
            sum_, factor = self._made_by(name, "Mul").inputs
            steps = self._made_by(self._made_by(sum_, "Cast").inputs[0], "ReduceSum").inputs[0]
            yield Ngrams(order, steps, factor, divisor)

    def _head(self, squeeze: Node) -> tuple[str, str, str, bool, str | None]:
        product, bias = self._made_by(squeeze.inputs[0], "Add").inputs
        features, weights = self._made_by(product, "MatMul").inputs
        by_row = self._made_by(features, "Reshape").inputs[0]
        states = self._made_by(by_row, "Transpose").inputs[0]
        source = self._made_by(states, "ReduceMax", "LSTM")
        is_pooled = source.operator == "ReduceMax"
        if is_pooled:
            source = self._made_by(self._made_by(source.inputs[0], "Add").inputs[0], "LSTM")
        return source.outputs[0], weights, bias, is_pooled, self._step_tokens(source)

    def _step_tokens(self, lstm: Node) -> str | None:
        """Return how many tokens the LSTM reads in a step; None for one."""
        lengths = lstm.inputs[SEQUENCE_LENS]
        return self._makers[lengths].inputs[1] if self._operator(lengths) == "Div" else None

    def _terms(self, name: str) -> list[str]:
        """Return the terms of a sum, in order."""
        if self._operator(name) != "Add":
            return [name]
        return [term for part in self._makers[name].inputs for term in self._terms(part)]

    def _operator(self, name: str) -> str:
        return self._makers[name].operator if name in self._makers else ""

    def _made_by(self, name: str, *operators: str) -> Node:
        if self._operator(name) not in operators:
            found, wanted = self._operator(name), " or ".join(operators)
            raise OtherGraph(f"{name!r:.80} is made by {found!r:.80}, not {wanted}")
        return self._makers[name]
