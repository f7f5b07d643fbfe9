"""What a run is compared with, and when it drifted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import some_texts, write_reviews
from scorer import SentimentModel, find_drift, score_files
from scorer.errors import UsageError
from scorer.insight.drift import FEWEST_REVIEWS, Norm, nearest_drift, norms_of
from scorer.reference import Bins, Reference, count_rows
from scorer.system.records import RecordError

ROW = st.tuples(st.floats(0, 1, width=32), st.integers(0, 3000), st.integers(0, 3000))


def binned(rows: list[tuple[float, int, int]]) -> Bins:
    """Return the bins of rows: score, tokens, unknown tokens. One without a token has no score."""
    scores = np.array([score if tokens else np.nan for score, tokens, _ in rows], np.float32)
    tokens = np.array([tokens for _, tokens, _ in rows], np.int32)
    unknown = np.array([min(tokens, unknown) for _, tokens, unknown in rows], np.int32)
    return count_rows(scores, tokens, unknown)


def slice_of(norm: Norm, rows: int, rng: np.random.Generator) -> Bins:
    """Return the bins of rows that are drawn from those of a norm."""
    drawn = (
        rng.multinomial(rows, np.array(counts) / sum(counts))
        for counts in (norm.bins.score, norm.bins.length, norm.bins.unknown)
    )
    return Bins(norm.bins.version, *(tuple(counts.tolist()) for counts in drawn))


@pytest.fixture(scope="module")
def reference(model: SentimentModel) -> Reference:
    assert model.card.reference is not None
    return model.card.reference


@given(st.lists(ROW), st.lists(ROW))
def test_the_bins_of_two_parts_add_up_to_those_of_the_whole(
    one: list[tuple[float, int, int]], two: list[tuple[float, int, int]]
) -> None:
    whole = binned(one + two)
    assert binned(one) + binned(two) == whole
    assert whole.rows == sum(whole.unknown) == sum(tokens > 0 for _, tokens, _ in one + two)
    whole.check("they")


def test_rows_like_those_of_a_domain_are_nearest_to_it_and_none_of_them_drifted(
    reference: Reference,
) -> None:
    rng = np.random.default_rng(0)
    known = norms_of(reference)
    for norm in known:
        for rows in (50, 500, 5000):
            found = nearest_drift(slice_of(norm, rows, rng), known)
            assert found is not None
            assert (found.is_drift, found.is_nearest) == (False, True)
            # Of reviews of kitchen things and of electronics 50 look alike.
            assert found.norm == norm or rows == 50


def test_what_is_mixed_in_is_found_by_the_measure_that_it_changes(reference: Reference) -> None:
    rng = np.random.default_rng(0)
    (films,) = norms_of(reference, "films")
    for part, expected in ((0, []), (50, ["length"]), (500, ["score", "length", "unknown"])):
        mixed = slice_of(films, 1000 - part, rng) + binned([(0.5, 3, 2)] * part)
        found = nearest_drift(mixed, [films], 0.1)
        assert found is not None
        assert set(expected) <= {one.name for one in found.measures if one.is_drift}
        assert found.is_drift == bool(expected)


def test_a_few_rows_prove_nothing_and_a_small_change_is_no_drift(reference: Reference) -> None:
    (films,) = norms_of(reference, "films")
    few = nearest_drift(binned([(0.5, 3, 3)] * 3), [films])
    assert few is not None
    assert not few.is_drift
    assert all(one.chance > one.psi > few.threshold for one in few.measures)
    many = slice_of(films, 10**6, np.random.default_rng(0)) + binned([(0.5, 3, 3)] * 20_000)
    small = nearest_drift(many, [films])
    assert small is not None
    assert not small.is_drift
    assert any(small.threshold > one.psi > one.chance for one in small.measures)


def test_a_domain_of_few_reviews_is_taken_only_if_it_is_named(reference: Reference) -> None:
    domains = reference.domains or {}
    names = {norm.name for norm in norms_of(reference)}
    assert names == {
        f"held-out reviews of {name}"
        for name, counted in domains.items()
        if counted.reviews >= FEWEST_REVIEWS
    }
    (small,) = norms_of(reference, "speaker")
    assert small.bins == domains["speaker"].bins
    assert small.bins.rows < FEWEST_REVIEWS


def test_all_held_out_reviews_are_taken_if_they_are_named_or_of_one_domain(
    reference: Reference,
) -> None:
    (together,) = norms_of(reference, "all")
    assert (together.name, together.bins) == ("held-out reviews", reference.all.bins)
    assert norms_of(replace(reference, domains=None)) == (together,)


def test_a_domain_that_the_model_does_not_know_is_refused_and_the_others_are_listed(
    reference: Reference,
) -> None:
    with pytest.raises(UsageError) as caught:
        norms_of(replace(reference, domains={"films": reference.all}), "filmss")
    assert str(caught.value) == (
        "reading the options: the model knows no domain 'filmss'; name one of all, films"
    )


def test_a_measure_that_no_row_has_is_left_out(reference: Reference) -> None:
    (films,) = norms_of(reference, "films")
    unscored = replace(films.bins, score=Bins().score)
    found = nearest_drift(unscored, [films])
    assert found is not None
    assert [(one.name, one.psi) for one in found.measures] == [("length", 0), ("unknown", 0)]


def test_the_result_of_a_job_tells_it_and_one_that_scored_nothing_does_not(
    model: SentimentModel, tmp_path: Path
) -> None:
    source = write_reviews(tmp_path / "in.parquet", [*some_texts(300), None])
    result = score_files(source, tmp_path / "out.parquet", model=model)
    assert (result.bins.rows, sum(result.bins.score)) == (300, 300)
    found, films = find_drift(result), find_drift(result, domain="films", threshold=0.5)
    assert found is not None
    assert films is not None
    assert found.is_drift
    assert found.distance < films.distance
    assert (films.threshold, films.is_nearest) == (0.5, False)
    former = find_drift(result, norm=Norm("rows", result.bins))
    assert former is not None
    assert former.distance == 0
    again = score_files(source, tmp_path / "out.parquet", model=model)
    assert find_drift(again) is None
    assert find_drift(replace(result, reference=None)) is None


def test_bins_of_another_release_are_refused() -> None:
    for bins, problem in (
        (replace(Bins(), version=2), "it has bins of version 2, this release has 1"),
        (Bins(score=(1,)), "it's 'score' aren't 200 counts from 0 to 9007199254740992"),
    ):
        with pytest.raises(RecordError) as caught:
            bins.check("it")
        assert str(caught.value) == problem
