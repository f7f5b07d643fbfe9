"""What each token adds to a logit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from scorer import SentimentModel
from scorer.errors import ModelRefused, SentimentError
from scorer.insight import shares
from scorer.insight.graph import OtherGraph, read_parts
from scorer.insight.shares import Twin
from scorer.modelfile import ModelFile
from scorer.modelproto import Node, read_nodes, with_outputs
from scorer.tokenizer import Tokens

TEXTS = [
    "Great film, I'd watch it again and again!",
    "",
    "Dull.",
    "It was not bad at all, but <b>far</b> too long. " * 60,
    "zqxv qqzz",
    None,
]


@pytest.fixture(scope="module", params=["default", "fast"])
def shipped(request: pytest.FixtureRequest) -> SentimentModel:
    """Each model that ships."""
    return SentimentModel.load(request.param)


def encoded(model: SentimentModel, texts: list[str | None]) -> Tokens:
    return model.card.tokenizer.encode(pa.array(texts, pa.string()))


def test_the_parts_add_up_to_the_logit_and_the_scores_are_the_same_bits(
    shipped: SentimentModel,
) -> None:
    tokens = encoded(shipped, TEXTS * 3)
    found = Twin(shipped.file).shares(tokens)
    np.testing.assert_array_equal(found.scores, shipped.score(TEXTS * 3))
    np.testing.assert_allclose(found.sums(), found.logits, atol=1e-5)
    np.testing.assert_allclose(1 / (1 + np.exp(-found.logits)), found.scores, atol=1e-6)
    assert np.diff(found.offsets).tolist() == tokens.lengths.tolist()


def test_a_token_adds_the_same_whatever_shares_its_batch(shipped: SentimentModel) -> None:
    twin = Twin(shipped.file)
    together = twin.shares(encoded(shipped, TEXTS)).tokens
    alone = [twin.shares(encoded(shipped, [text])).tokens for text in TEXTS]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_feature_adds_where_its_state_is_largest_and_of_equal_ones_at_the_first() -> None:
    # [length, directions, batch, hidden]: two rows of three tokens and two, one state a direction
    states = np.zeros((3, 2, 2, 1), np.float32)
    states[:, 0, 0, 0] = [0.1, 0.5, 0.5]
    states[:, 1, 0, 0] = [-0.3, -0.2, -0.1]
    # Past the end of the second row the operator gives zeros, which are no states.
    states[:2, 0, 1, 0] = [-0.9, -0.4]
    states[:2, 1, 1, 0] = [-0.5, -0.6]
    is_token = np.array([[True, True], [True, True], [True, False]])
    adds = shares._of_largest(states, is_token, np.array([[2.0], [10.0]], np.float32))
    np.testing.assert_allclose(adds, [[0, -5], [1, -0.8], [-1, 0]], rtol=1e-6)


def test_last_states_are_shared_by_how_much_each_token_moves_them() -> None:
    states = np.zeros((3, 2, 1, 1), np.float32)
    states[:2, 0, 0, 0] = [0.25, 0.75]
    states[:2, 1, 0, 0] = [0.5, 0.125]
    is_token = np.array([[True], [True], [False]])
    adds = shares._of_last(states, is_token, np.array([[2.0], [8.0]], np.float32))
    assert adds.tolist() == [[0.5 + 3], [1 + 1], [0]]


def test_an_ngram_is_shared_equally_by_its_words(shipped: SentimentModel) -> None:
    twin = Twin(shipped.file)
    ngrams = twin._parts.ngrams[2]
    twin._constants[ngrams.factor] = np.float32(3)
    steps = np.array([[0], [0], [2], [4]], np.int32)  # at their last words
    values = {ngrams.steps: steps, ngrams.divisor: np.array([2.0], np.float32)}
    assert twin._of_ngrams(ngrams, values).tolist() == [[1], [3], [3], [2]]


def test_a_graph_of_another_kind_is_refused_in_one_sentence(model: SentimentModel) -> None:
    before, behind = model.file.content.rsplit(b"Sigmoid", 1)
    content = before + b"Softmax" + behind
    with pytest.raises(ModelRefused) as error:
        Twin(ModelFile("other.onnx", content))
    assert str(error.value) == (
        "explaining by the model other.onnx: its graph isn't built as this release's exporter "
        "builds it, 'score' is made by 'Softmax', not Sigmoid; export it again"
    )


def test_parts_that_miss_the_logit_are_never_given_out(model: SentimentModel) -> None:
    twin = Twin(model.file)
    twin._constants[twin._parts.bias] = twin._constants[twin._parts.bias] + np.float32(0.01)
    with pytest.raises(SentimentError, match="the parts of a review miss its logit by 0.0"):
        twin.shares(encoded(model, TEXTS))


def test_a_graph_without_a_score_has_no_parts() -> None:
    with pytest.raises(OtherGraph):
        read_parts([Node("Sigmoid", ("a",), ("b",))])


def test_the_bytes_of_a_model_get_further_outputs_and_keep_all_else(model: SentimentModel) -> None:
    nodes = read_nodes(model.file.content)
    longer = with_outputs(model.file.content, ["a" * 300, "b"])
    assert longer.startswith(model.file.content)
    assert read_nodes(longer) == nodes
    assert nodes[-1].outputs == ("score",)
