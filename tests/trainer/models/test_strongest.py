from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from scorer.errors import UsageError
from trainer.models.network import build_network
from trainer.models.strongest import StrongestBlocks
from trainer.settings import BLOCK, preset


def chosen(
    token_ids: npt.NDArray[np.int32], weights: npt.NDArray[np.float32], blocks: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    ids, kept = StrongestBlocks(blocks)([token_ids, weights])
    return np.asarray(ids), np.asarray(kept)


def a_review(tokens: int, length: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Return token ids that tell their position, and small weights."""
    token_ids = np.where(np.arange(length) < tokens, np.arange(length) + 2, 0).astype(np.int32)
    weights = np.full((1, length, 2), 0.01, np.float32) * (token_ids > 0)[:, None]
    return token_ids[None], weights


def test_the_blocks_of_the_strongest_tokens_are_kept_in_their_order() -> None:
    token_ids, weights = a_review(tokens=40, length=48)
    weights[0, 33], weights[0, 9] = (-2.0, 0.5), (1.0, 1.0)

    ids, kept = chosen(token_ids, weights, blocks=2)

    assert ids[0].tolist() == [*token_ids[0, 8:16], *token_ids[0, 32:40]]
    np.testing.assert_array_equal(kept[0], np.concatenate([weights[0, 8:16], weights[0, 32:40]]))


def test_of_equally_strong_blocks_the_first_are_kept() -> None:
    token_ids, weights = a_review(tokens=40, length=40)

    assert chosen(token_ids, weights, blocks=3)[0][0].tolist() == token_ids[0, : 3 * BLOCK].tolist()


@pytest.mark.parametrize("tokens", [1, 7, 8, 9, 15, 16])
def test_a_review_of_no_more_blocks_is_kept_whole(tokens: int) -> None:
    for length in (tokens, tokens + 1, 64):
        token_ids, weights = a_review(tokens, length)
        ids, kept = chosen(token_ids, np.zeros_like(weights), blocks=2)
        assert ids[0][ids[0] > 0].tolist() == token_ids[0, :tokens].tolist()
        assert kept.shape == (*ids.shape, 2)


def test_a_token_of_no_weight_is_stronger_than_padding() -> None:
    token_ids, weights = a_review(tokens=20, length=24)
    weights[0, :8] = 0

    ids, _ = chosen(token_ids, weights, blocks=3)

    assert ids[0, :20].tolist() == token_ids[0, :20].tolist()


def test_padding_and_the_batch_change_nothing() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 90, 50)
    token_ids = rng.integers(2, 99, (50, 96)) * (np.arange(96) < lengths[:, None])
    token_ids = token_ids.astype(np.int32)
    weights = rng.normal(0, 1, (50, 96, 3)).astype(np.float32) * (token_ids > 0)[:, :, None]
    ids, _ = chosen(token_ids, weights, blocks=4)
    for row, length in enumerate(lengths):
        alone, _ = chosen(token_ids[row : row + 1, :length], weights[row : row + 1, :length], 4)
        assert alone[alone > 0].tolist() == ids[row][ids[row] > 0].tolist()


def test_a_network_reads_only_what_is_strong() -> None:
    settings = preset("default", embedding=4, units=3, wide_slots=64, read_tokens=BLOCK)
    network = build_network(settings, words=50, wide=True)
    wide = network.get_layer("wide")
    rng = np.random.default_rng(0)
    # The words alone, which all add the same to the logit, wherever they stand.
    table = np.where(np.arange(52) == 9, 5.0, 0.1)
    wide.set_weights([table, np.zeros(64), np.zeros(64), np.array([1.0, 0.0, 0.0])])
    token_ids = rng.integers(10, 52, (1, 32)).astype(np.int32)
    token_ids[0, 20] = 9
    shuffled = token_ids.copy()
    shuffled[0, :16] = rng.permutation(shuffled[0, :16])
    moved = token_ids.copy()
    moved[0, 17:19] = moved[0, 17:19][::-1] if token_ids[0, 17] != token_ids[0, 18] else (11, 12)

    scores = [float(network.predict_on_batch(ids)[0, 0]) for ids in (token_ids, shuffled, moved)]

    assert scores[0] == pytest.approx(scores[1], abs=1e-7)
    assert scores[0] != scores[2]


@pytest.mark.parametrize("changes", [{"read_tokens": 12}, {"read_tokens": 8, "wide_order": 0}])
def test_blocks_are_read_whole_and_take_a_wide_branch(changes: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="--read-tokens is .* multiple of 8"):
        preset("default", **changes)
