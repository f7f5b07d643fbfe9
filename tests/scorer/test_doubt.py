from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import scores_of
from scorer import Kernel, SentimentModel, score_files
from scorer.doubt import language, verdict
from scorer.doubt.asked import Doubt
from scorer.doubt.band import Band, band_of
from scorer.doubt.language import FEWEST_WORDS, LanguageDetector
from scorer.errors import UsageError
from scorer.planning.options import Options
from scorer.reference import SCORE_BINS, SCORE_EDGES, Counted, Reference
from umlaut import GERMAN, ByUmlaut, installed

TEXTS = [
    "A great film, I loved it.", None, "<br />", "asdf qwer zxcv hjkl", "A great film \xff indeed",
    GERMAN,
]  # fmt: skip
REASONS = [None, "no text", "no text", "unknown words", "mended", "not English"]


@pytest.fixture
def identifier(monkeypatch: pytest.MonkeyPatch) -> ByUmlaut:
    return installed(monkeypatch)


def batch_of(texts: list[str | None]) -> pa.RecordBatch:
    raw = [None if text is None else text.encode("latin-1" if "\xff" in text else "utf-8")
           for text in texts]  # fmt: skip
    return pa.record_batch({"review": pa.array(raw, pa.binary())})


def answers(model: SentimentModel, texts: list[str | None], **asked: object) -> pa.RecordBatch:
    batch = batch_of(texts)
    return Kernel(model, batch.schema, doubt=Doubt(**asked))(batch)


@pytest.mark.usefixtures("identifier")
def test_each_row_tells_the_first_reason_that_holds(model: SentimentModel) -> None:
    scored = answers(model, TEXTS, max_unknown=0.5, only_language="en", reasons=True)
    assert scored["sentiment_reason"].to_pylist() == REASONS
    without = [reason in ("no text", "unknown words", "not English") for reason in REASONS]
    for name in ("sentiment", "sentiment_score"):
        assert [value is None for value in scored[name].to_pylist()] == without


@pytest.mark.usefixtures("identifier")
def test_what_is_scored_gets_the_score_that_it_gets_with_everything_off(
    model: SentimentModel,
) -> None:
    plain = answers(model, TEXTS)
    asked = answers(model, TEXTS, max_unknown=0.5, only_language="en", uncertain=0.95)
    for one, two in zip(
        plain["sentiment_score"].to_pylist(), asked["sentiment_score"].to_pylist(), strict=True
    ):
        assert two in (one, None)
    assert plain.schema.names == ["review", "sentiment", "sentiment_score"]


@pytest.mark.usefixtures("identifier")
def test_every_kind_of_doubt_is_counted_and_the_sum_is_all_rows(model: SentimentModel) -> None:
    batch = batch_of(TEXTS)
    kernel = Kernel(model, batch.schema, doubt=Doubt(0.5, "en", 0.9999 - 0.03))
    scored, counts = kernel.score([batch])
    assert (counts.without_text, counts.too_unknown, counts.other_language) == (2, 1, 1)
    labels = scored[0]["sentiment"].to_pylist()
    assert counts.uncertain == labels.count("uncertain")
    assert counts.positive == labels.count("positive")
    assert counts.scored == sum(counts.histogram) == 2
    assert (counts + counts).other_language == 2


def test_rows_of_many_unknown_words_are_counted_with_everything_off(model: SentimentModel) -> None:
    batch = batch_of([*TEXTS, "asdf good", "asdf good film"])
    _, counts = Kernel(model, batch.schema).score([batch])
    assert counts.unknown_heavy == 3
    assert (counts.too_unknown, counts.other_language, counts.uncertain) == (0, 0, 0)


def test_a_fraction_of_unknown_words_at_the_limit_is_not_scored(model: SentimentModel) -> None:
    texts = ["good film asdf", "good asdf", "asdf"]
    for limit, scored in ((1, 2), (0.5, 1), (0.51, 2), (1 / 3, 0), (0.34, 1)):
        found = answers(model, texts, max_unknown=limit)["sentiment_score"]
        assert len(found) - found.null_count == scored


def test_the_quality_of_a_row_is_its_words_and_the_fraction_of_unknown_ones(
    model: SentimentModel,
) -> None:
    scored = answers(model, ["good film asdf", None, "good"], quality=True)
    assert scored.schema.field("sentiment_tokens").type == pa.int32()
    assert scored["sentiment_tokens"].to_pylist() == [3, 0, 1]
    assert scored["sentiment_unknown"].equals(pa.array([1 / 3, None, 0], pa.float32()))


def test_new_columns_have_the_prefix_and_may_not_stand_there_already(model: SentimentModel) -> None:
    asked = Doubt(reasons=True, quality=True)
    kernel = Kernel(model, batch_of([]).schema, prefix="x_", doubt=asked)
    assert kernel.added == [
        "x_sentiment", "x_sentiment_score", "x_sentiment_reason", "x_sentiment_tokens",
        "x_sentiment_unknown",
    ]  # fmt: skip
    schema = pa.schema([("review", pa.string()), ("sentiment_reason", pa.string())])
    with pytest.raises(Exception, match="there is a column 'sentiment_reason' already"):
        Kernel(model, schema, doubt=asked)


def test_a_cut_row_keeps_its_score_and_says_so(model: SentimentModel) -> None:
    long = "good film " * model.card.tokenizer.max_tokens
    scored = answers(model, [long], reasons=True)
    assert scored["sentiment_reason"].to_pylist() == ["cut"]
    assert scored["sentiment"].to_pylist() == ["positive"]


def test_within_the_band_the_label_is_uncertain_and_the_score_stays(model: SentimentModel) -> None:
    asked = Doubt(uncertain=0.95, reasons=True)
    band, kernel = band_of(model.card, 0.95, "m"), Kernel(model, batch_of([]).schema, doubt=asked)
    edges = np.array([band.low, band.high], np.float32)
    values = np.concatenate(
        [np.nextafter(edges, np.float32(0)), np.nextafter(edges, np.float32(1))]
    )
    scores = scores_of(values)
    (batch,) = kernel.append([batch_of(["a"] * 4)], scores)
    assert batch["sentiment"].to_pylist() == ["negative", "uncertain", "uncertain", "positive"]
    assert batch["sentiment_reason"].to_pylist() == [None, "uncertain", "uncertain", None]
    assert batch["sentiment_score"].to_pylist() == values.tolist()
    counts = kernel.count(scores)
    assert (counts.uncertain, counts.positive, counts.scored) == (2, 1, 4)


def card_with(model: SentimentModel, wrong: dict[int, int], threshold: float = 0.5):
    """Return a card whose reference holds 100 right reviews a bin, and some wrong ones."""
    bins = np.full(SCORE_BINS, 100)
    below = np.arange(SCORE_BINS) < SCORE_BINS // 2
    negative, positive = np.where(below, bins, 0), np.where(below, 0, bins)
    for place, count in wrong.items():
        (positive if below[place] else negative)[place] += count
    total = int(negative.sum() + positive.sum())
    counted = Counted(tuple(negative.tolist()), tuple(positive.tolist()), (total,), (total,))
    return replace(model.card, reference=Reference(1, counted), threshold=threshold)


def test_the_band_is_the_narrowest_that_leaves_enough_right(model: SentimentModel) -> None:
    # 60 of 160 are wrong in each of the six bins around the middle, and none elsewhere.
    card = card_with(model, dict.fromkeys(range(97, 103), 60))
    wrong = [2 * 60 * (3 - step) for step in range(4)]
    right = [100 * (200 - 2 * step) for step in range(4)]
    for step in range(3):
        part = right[step] / (right[step] + wrong[step])
        band = band_of(card, part, "m")
        assert band.right == part
        if step:
            ends = SCORE_EDGES[99 - step], SCORE_EDGES[99 + step]
            assert (band.low, band.high) == ends
        else:
            assert band.low == band.high


def test_a_threshold_within_a_bin_leaves_that_bin_in_the_band(model: SentimentModel) -> None:
    card = card_with(model, {100: 100}, threshold=float(SCORE_EDGES[99:101].mean()))
    band = band_of(card, 0.6, "m")
    assert (band.low, band.high) == (SCORE_EDGES[99], SCORE_EDGES[100])


def test_the_band_may_be_that_of_one_domain(model: SentimentModel) -> None:
    of_all, of_films = (band_of(model.card, 0.95, "m", domain) for domain in (None, "films"))
    assert of_films.high < of_all.high
    with pytest.raises(UsageError) as caught:
        band_of(model.card, 0.95, "m", "cars")
    assert str(caught.value).startswith(
        "reading the options: --uncertain-domain cars: the model m has no held-out reviews of it; "
        "name one of airlines, amazon_apparel, "
    )


def test_what_a_few_reviews_tell_is_not_believed(model: SentimentModel) -> None:
    # Only in the last bin of each side, of 200 reviews, are all right: 2,500 say 99%.
    card = card_with(model, dict.fromkeys(range(1, SCORE_BINS - 1), 25))
    with pytest.raises(UsageError, match="no band of scores leaves 2,500 of"):
        band_of(card, 0.99, "m")


def test_what_no_band_reaches_is_said(model: SentimentModel) -> None:
    card = card_with(model, dict.fromkeys(range(SCORE_BINS), 25))
    with pytest.raises(UsageError) as caught:
        band_of(card, 0.9, "m")
    assert str(caught.value) == (
        "reading the options: --uncertain 0.9: no band of scores leaves 250 of the 25,000 held-out "
        "reviews of the model m outside, and that part of them right; name a smaller fraction"
    )


@pytest.mark.parametrize("without", ["reference", "folds"])
def test_a_model_without_a_cross_fitted_curve_has_no_band(
    model: SentimentModel, without: str
) -> None:
    card = model.card
    if without == "reference":
        card = replace(card, reference=None)
    else:
        card = replace(card, calibration=replace(card.calibration, folds=None))
    with pytest.raises(UsageError) as caught:
        band_of(card, 0.95, "old.onnx")
    assert str(caught.value) == (
        "reading the options: --uncertain 0.95 needs the cross-fitted curve of held-out reviews, "
        "which the model old.onnx doesn't hold; export it again from a run of this release, or "
        "leave the option out"
    )


def test_a_model_that_calls_a_label_uncertain_itself_is_not_asked(model: SentimentModel) -> None:
    card = replace(model.card, labels=("uncertain", "sure"))
    with pytest.raises(UsageError, match="is a label of the model m already"):
        verdict.Judge(Doubt(uncertain=0.9), card, "m")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"max_unknown": 0}, "max_unknown is 0; name a fraction above 0 and at most 1, such as "
         "0.5"),
        ({"uncertain": 0.5}, "uncertain is 0.5; name a fraction above 0.5 and under 1, such as "
         "0.95"),
        ({"uncertain_domain": "films"}, "uncertain_domain is given without uncertain; name a "
         "fraction there, too, such as 0.95"),
        ({"only_language": "English"}, "only_language is 'English'; name a code of two or three "
         "letters, such as en"),
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(**asked)
    assert str(caught.value) == f"reading the options: {message}"


def test_only_rows_with_many_unknown_words_are_asked_for_their_language(
    model: SentimentModel, identifier: ByUmlaut
) -> None:
    known = "this is a good film and I liked it and the actors asdü"
    scored = answers(model, [known, GERMAN, "Müll"], only_language="en")
    assert scored["sentiment_score"].is_null().to_pylist() == [False, True, False]
    assert identifier.asked == 1


def test_a_detector_that_is_not_sure_refuses_nothing(
    model: SentimentModel, identifier: ByUmlaut
) -> None:
    identifier.confidence = 0.69
    assert answers(model, [GERMAN], only_language="en")["sentiment_score"].null_count == 0


@pytest.mark.usefixtures("identifier")
def test_no_text_under_four_words_is_refused_for_its_language() -> None:
    detector = LanguageDetector("en")
    words = ["hütte", "müll", "<b class='ü'>", "(über)!", "1990", "tür"]
    for count in range(len(words) + 1):
        found = sum(word not in ("1990", "<b class='ü'>") for word in words[:count])
        assert detector.is_other(" ".join(words[:count])) is (found >= FEWEST_WORDS)
    # Each character of a script that is written without blanks is a word.
    assert detector.is_other("映画です ü") is True
    assert detector.is_other("映画 ü") is False


@pytest.mark.usefixtures("identifier")
def test_a_language_that_the_detector_does_not_know_is_named() -> None:
    assert LanguageDetector("de").is_other("this is not german at all") is True
    with pytest.raises(UsageError) as caught:
        LanguageDetector("xx")
    assert str(caught.value) == (
        "reading the options: py3langid 0 knows no language 'xx'; name one of de, en"
    )


def test_a_missing_detector_is_said_with_the_command_that_installs_it(
    model: SentimentModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "PACKAGE", "no-such-detector")
    pq.write_table(pa.table({"review": ["a good film"]}), tmp_path / "in.parquet")
    with pytest.raises(UsageError) as caught:
        score_files(
            tmp_path / "in.parquet", tmp_path / "out.parquet", model=model,
            options=Options(only_language="en"),
        )  # fmt: skip
    assert str(caught.value) == (
        "reading the options: --only-language needs no-such-detector, which isn't installed; "
        "install it with: pip install 'review-sentiment[language]'"
    )
    assert not (tmp_path / "out.parquet").exists()


def test_py3langid_tells_german_from_english() -> None:
    pytest.importorskip("py3langid")
    detector = LanguageDetector("en")
    assert detector.is_other(GERMAN) is True
    assert detector.is_other("The hotel was very loud and the breakfast was cold.") is False


def test_a_detector_that_finds_no_room_to_unpack_its_model_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    langid = pytest.importorskip("py3langid.langid")

    def fail(*given: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(langid.LanguageIdentifier, "from_model_file", fail)
    language._load.cache_clear()
    with pytest.raises(UsageError, match="No space left on device; it needs 70 MB"):
        LanguageDetector("en").is_other(GERMAN)


def test_a_band_without_width_holds_nothing() -> None:
    assert not Band(0.5, 0.5, 1.0, 1.0).holds(np.array([0.5], np.float32)).any()
