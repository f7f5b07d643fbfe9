from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from domains import in_domains

from scorer.card import ByDomain
from trainer.measure.domains import (
    error_of_domain,
    mean_balanced_accuracy,
    measure_domain,
    measure_domains,
    tells_several,
)
from trainer.measure.metrics import calibration_error


def test_each_domain_is_measured_on_its_own_reviews() -> None:
    reviews = in_domains({"books": 6, "toys": 4})
    # Books are all right; of toys only the negatives.
    scores = np.where(reviews.labels == 1, 0.9, 0.1).astype(np.float32)
    scores[6:] = 0.1
    books, toys = measure_domains(scores, reviews)
    assert (books.domain, books.reviews, books.accuracy) == ("books", 6, 1.0)
    assert (toys.domain, toys.reviews, toys.balanced_accuracy) == ("toys", 4, 0.5)
    assert books.log_loss == pytest.approx(-np.log(0.9), abs=1e-5)
    assert mean_balanced_accuracy([books, toys]) == 0.75


def test_balanced_accuracy_counts_both_labels_alike() -> None:
    labels = np.repeat([0, 1], [2, 8]).astype(np.int8)
    scores = np.array([0.1, 0.9, *[0.9] * 8], np.float32)
    measured = measure_domain("books", scores, labels)
    assert (measured.accuracy, measured.balanced_accuracy) == (0.9, 0.75)
    assert measured.balanced_interval is not None
    low, high = measured.balanced_interval
    assert 0.4 < low < 0.75 < high < 1


def test_reviews_without_a_score_are_left_out_and_one_label_has_no_balance() -> None:
    reviews = in_domains({"books": 4, "toys": 2})
    scores = np.array([np.nan, 0.9, np.nan, 0.2, np.nan, np.nan], np.float32)
    (books,) = measure_domains(scores, reviews)
    assert (books.reviews, books.accuracy, books.balanced_accuracy) == (2, 0.5, None)
    assert books.balanced_interval is None
    assert mean_balanced_accuracy([books]) is None


def test_reviews_without_domains_have_no_such_figures() -> None:
    reviews = replace(in_domains({"books": 4}), domains=None)
    assert measure_domains(np.full(4, 0.5, np.float32), reviews) == ()
    assert measure_domains(np.zeros(0, np.float32), None) == ()


def test_small_domains_are_measured_in_bins_of_equal_count() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(3000).astype(np.float32)
    labels = (rng.random(3000) < scores).astype(np.int8)
    assert error_of_domain(scores, labels) == calibration_error(scores.astype(float), labels)
    few, of_few = scores[:1999], labels[:1999]
    order = np.argsort(few, kind="stable")
    parts = np.array_split((few.astype(float) - of_few)[order], 10)
    expected = sum(abs(part.mean()) * len(part) for part in parts) / 1999
    assert error_of_domain(few, of_few) == pytest.approx(expected)


def test_two_domains_are_several_wherever_they_were_measured() -> None:
    books, toys = (measure_domain(name, np.full(2, 0.9, np.float32), np.array([0, 1], np.int8))
                   for name in ("books", "toys"))  # fmt: skip
    assert tells_several(ByDomain(held_out=(books,), left_out=(toys,)))
    assert not tells_several(ByDomain(held_out=(books,), test=(books,)))
