"""Several files read as one: what they are called, and that nothing of them is mixed up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from domains import in_domains, write_reviews_of

from marked import marked_reviews, strings
from scorer.errors import ReviewsError, UsageError
from tiny import write_tiny
from trainer.data.reviews import Reviews
from trainer.data.several import MOST_DOMAINS, read_several
from trainer.data.sources import read_reviews
from trainer.data.tables import Layout

GROUPED = Layout(group_column="film", id_column="review_id")


def films(rows: int = 20) -> Reviews:
    reviews = marked_reviews(rows)
    return replace(reviews, groups=strings(row // 5 for row in range(rows)))


def test_one_file_without_domains_is_read_as_before(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "a.parquet")
    several, alone = read_several([path]), read_reviews(path)
    assert several.fingerprint() == alone.fingerprint()
    assert (several.name, several.files) == ("a.parquet", ())
    assert several.domains is several.sources is several.groups is several.held_out is None


def test_a_file_without_a_column_of_domains_is_one_named_by_its_file(tmp_path: Path) -> None:
    plain = write_tiny(tmp_path / "films.2026.parquet", 6)
    several = write_reviews_of(tmp_path / "b.parquet", in_domains({"books": 4, "kitchen": 2}))
    read = read_several([plain, several])
    assert read.domain_counts() == {"books": 4, "films.2026": 6, "kitchen": 2}
    assert (read.name, read.files) == (
        "films.2026.parquet, b.parquet",
        ("films.2026.parquet", "b.parquet"),
    )


def test_the_column_of_domains_may_have_any_name(tmp_path: Path) -> None:
    reviews = in_domains({"a": 4, "b": 4})
    path = write_reviews_of(tmp_path / "a.parquet", reviews, shop=[1, 2] * 4)
    assert read_several([path], Layout(domain_column="shop")).domain_counts() == {"1": 4, "2": 4}
    with pytest.raises(UsageError) as caught:
        read_several([path], Layout(domain_column="shelf"))
    assert str(caught.value) == (
        f"reading {path}: there is no column 'shelf'; name another one with --domain-column, or "
        "leave it out"
    )


def test_groups_of_two_files_are_different_ones(tmp_path: Path) -> None:
    paths = [write_reviews_of(tmp_path / f"{name}.parquet", films()) for name in ("a", "b")]
    numbers = read_several(paths, GROUPED).group_numbers()
    assert len(set(numbers)) == 8
    assert not set(numbers[:20]) & set(numbers[20:])
    assert set(np.bincount(numbers)) == {5}


def test_without_the_column_of_groups_each_review_is_one_of_its_own(tmp_path: Path) -> None:
    grouped = write_reviews_of(tmp_path / "a.parquet", films())
    plain = write_reviews_of(tmp_path / "b.parquet", marked_reviews(6))
    said: list[str] = []
    read = read_several([grouped, plain], GROUPED, say=said.append)
    assert said == [f"{plain} has no column 'film': each of its reviews is a group of its own"]
    assert np.bincount(read.group_numbers()).tolist() == [5] * 4 + [1] * 6
    with pytest.raises(UsageError, match="there is no column 'actor'; name another one with"):
        read_several([grouped, plain], Layout(group_column="actor"))
    with pytest.raises(ReviewsError, match="there is no column 'film'; the columns are review"):
        read_several([plain], GROUPED)


def test_a_review_whose_group_is_null_is_a_group_of_its_own() -> None:
    reviews = replace(marked_reviews(5), groups=strings("abaab"))
    assert reviews.group_numbers().tolist() == [0, 1, 0, 0, 1]
    groups = reviews.groups.filter(np.array([True, True, False, False, True])).to_pylist()
    with_nulls = replace(reviews, groups=strings(groups).take([0, 1, None, None, 2]))
    assert with_nulls.group_numbers().tolist() == [0, 1, 2, 3, 1]


def test_what_is_held_out_may_stand_in_some_files_only(tmp_path: Path) -> None:
    flags = np.arange(6) % 3 == 0
    marked = write_reviews_of(tmp_path / "a.parquet", marked_reviews(6), aside=flags)
    plain = write_reviews_of(tmp_path / "b.parquet", marked_reviews(4))
    said: list[str] = []
    read = read_several([marked, plain], Layout(held_out_column="aside"), say=said.append)
    assert read.held_out is not None
    assert read.held_out.tolist() == [1, 0, 0, 1, 0, 0, -1, -1, -1, -1]
    assert said == [f"{plain} has no column 'aside': the fraction --held-out is held out of it"]
    with pytest.raises(ReviewsError, match="no column 'aside'"):
        read_several([plain], Layout(held_out_column="aside"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"domain": ["a", None, "b"]},
            "row 1 has no domain; fill its column 'domain', or name another one with "
            "--domain-column",
        ),
        (
            {"domain": ["a", "b", "  "]},
            "row 2 has no domain; fill its column 'domain', or name another one with "
            "--domain-column",
        ),
        (
            {"held_out": [1, 0, 2]},
            "column 'held_out' holds 2 in row 2; give 1 or true for a review that is held out, and "
            "0 or false for the others",
        ),
        (
            {"held_out": [True, None, False]},
            "column 'held_out' holds None in row 1; give 1 or true for a review that is held out, "
            "and 0 or false for the others",
        ),
    ],
)
def test_a_row_that_does_not_say_is_named(
    columns: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = write_reviews_of(tmp_path / "a.parquet", marked_reviews(3), **columns)
    layout = Layout(held_out_column="held_out" if "held_out" in columns else None)
    with pytest.raises(ReviewsError) as caught:
        read_several([path], layout)
    assert str(caught.value) == f"reading {path}: {message}"


def test_rows_that_are_left_out_need_no_domain(tmp_path: Path) -> None:
    from trainer.data.label_map import LabelMap

    columns = {"stars": [1, 3, 5], "domain": ["a", None, "b"]}
    path = write_reviews_of(tmp_path / "a.parquet", marked_reviews(3), **columns)
    layout = Layout(label_column="stars", labels=LabelMap.parse("positive=5 negative=1"))
    assert read_several([path], layout).domain_counts() == {"a": 1, "b": 1}


def test_sources_that_could_be_mixed_up_are_refused(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "a.parquet", 4)
    with pytest.raises(UsageError, match=r"a.parquet: it is named twice; name it once"):
        read_several([path, tmp_path / "." / "a.parquet"])
    (tmp_path / "b").mkdir()
    other = write_tiny(tmp_path / "b" / "a.csv", 4)
    other = other.rename(other.with_suffix(".parquet"))
    with pytest.raises(ReviewsError) as caught:
        read_several([path, other])
    assert str(caught.value) == (
        "reading 2 sources without a column 'domain': two of them would be the domain 'a'; rename "
        "one, or give them the column"
    )


def test_a_column_of_too_many_values_is_not_taken_for_domains(tmp_path: Path) -> None:
    count = MOST_DOMAINS + 1
    sites = [f"site {row}" for row in range(count)]
    path = write_reviews_of(tmp_path / "a.parquet", marked_reviews(count), domain=sites)
    said: list[str] = []
    assert read_several([path], say=said.append).domains is None
    found = "column 'domain' has 101 different values, more than 100"
    assert said == [f"{path}: {found}, and isn't taken for domains"]
    with pytest.raises(ReviewsError) as caught:
        read_several([path], Layout(domain_column="domain"))
    assert str(caught.value) == (f"reading {path}: {found}; name another one with --domain-column")
