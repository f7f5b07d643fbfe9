from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scorer.card import ByLength
from trainer.measure.calibration import Calibration, Line, logits_of
from trainer.models.batches import predict
from trainer.models.network import build_network, finish_network
from trainer.settings import preset
from trainer.wide.folds import FOLDS, FoldedWeights, fit_folds
from trainer.wide.weights import SPREAD, Examples


def test_a_review_is_read_with_the_weights_of_a_fit_that_has_not_seen_it(
    examples: Examples, folded: FoldedWeights, training: Any
) -> None:
    rows = np.array([5, 250, 31])
    token_ids = training.tokens.padded(rows, 60)
    read = folded.of_rows(rows, token_ids)
    whole = examples.fit()
    for index, row in enumerate(rows):
        outside = examples.fit(folded.fold_of != folded.fold_of[row])
        expected = outside.of_padded(token_ids[[index]])[0]
        for order in range(3):
            factor = folded.whole.tables[order].max() / whole.tables[order].max()
            np.testing.assert_allclose(
                read[index, :, order], expected[:, order] * factor, rtol=1e-4, atol=1e-6
            )


def test_reviews_of_one_group_are_in_one_fold(folded: FoldedWeights) -> None:
    assert sorted(set(folded.fold_of)) == list(range(FOLDS))
    assert (folded.fold_of.reshape(-1, 3) == folded.fold_of[::3, None]).all()


def test_a_fold_is_read_with_the_whole_where_all_others_have_one_label(
    examples: Examples, training: Any
) -> None:
    folded = fit_folds(examples, training.labels.astype(np.int64), seed=0)
    for whole, folds in zip(folded.whole.tables, folded.tables, strict=True):
        np.testing.assert_array_equal(folds, np.tile(whole, (FOLDS, 1)))


def test_the_weights_of_each_order_are_scaled_to_one_spread(
    examples: Examples, folded: FoldedWeights
) -> None:
    np.testing.assert_allclose(examples.spreads(folded.whole), SPREAD, rtol=1e-3)


@pytest.mark.parametrize("order", [0, 3])
def test_the_finished_network_says_what_the_calibration_says_of_all(
    folded: FoldedWeights, training: Any, order: int
) -> None:
    tokens, words = training.tokens, training.words
    sizes = {"embedding": 4, "units": 3, "wide_order": order, "wide_slots": training.slots}
    settings = preset("default", **sizes)
    trained = build_network(settings, words, steps=1)
    wide = folded.whole if order else None
    sums = folded.whole.sums(tokens).T if order else ()
    logits = [logits_of(predict(trained, tokens, wide)), *sums]
    line = Line((0.7, 1.3, 0.4, 0.9)[: len(logits)], -0.2)
    finished = finish_network(trained, settings, line, wide)
    np.testing.assert_allclose(predict(finished, tokens), line(*logits), atol=1e-5)
    by_length = ByLength((2, 6), (2.0, 0.5), (-1.0, 1.0))
    both = finish_network(trained, settings, line, wide, by_length)
    expected = Calibration(line, by_length)(tokens.lengths, *logits)
    np.testing.assert_allclose(predict(both, tokens), expected, atol=1e-5)
    assert np.abs(expected - line(*logits)).max() > 0.1
