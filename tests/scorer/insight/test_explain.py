"""Reviews explained, from Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from helpers import some_texts
from scorer import SentimentModel
from scorer.insight.explain import MOST_LEFT_OUT, Explainer
from scorer.tokenizer import UNKNOWN_ID, Tokens
from scorer.words.first_rules import FirstRules

TEXT = "A <b>wonderful</b> film &amp; sooo good. Not bad :)"


def test_the_words_stand_in_the_text_and_add_up_with_bias_and_calibration(
    model: SentimentModel,
) -> None:
    found = model.explain(TEXT)
    assert found.text == TEXT
    assert found.score == model.score([TEXT])[0]
    assert found.label == "positive"
    stand = [TEXT[word.start : word.end] for word in found.words]
    assert stand == ["A", "wonderful", "film", "sooo", "good", "Not", "bad", ":)"]
    tokens = [word.token for word in found.words]
    assert tokens == ["a", "wonderful", "film", "soo", "good", "not", "bad", "great"]
    total = sum(word.contribution for word in found.words) + found.bias + found.calibration
    assert total == pytest.approx(found.logit, abs=1e-5)
    assert 1 / (1 + np.exp(-found.logit)) == pytest.approx(found.score, abs=1e-6)
    assert found.strongest[0] == found.words[1]
    assert {word.score_without for word in found.words} == {None}


def test_what_is_left_out_is_scored_as_an_unknown_word_in_its_place(model: SentimentModel) -> None:
    texts = [*some_texts(20), "good", "", TEXT, "the film was good and " * 200]
    found = model.explainer.explain(pa.array(texts), leave_out=True)
    tokens = model.card.tokenizer.encode(pa.array(texts))
    for row, one in enumerate(found):
        asked = [word for word in one.words if word.score_without is not None]
        ids = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
        assert len(asked) == min(len(one.words), MOST_LEFT_OUT)
        strengths = sorted(abs(word.contribution) for word in one.words)
        assert sorted(abs(word.contribution) for word in asked) == strengths[-len(asked) or 99 :]
        for word in asked:
            rest = ids.copy()
            rest[one.unread + one.words.index(word)] = UNKNOWN_ID
            alone = Tokens(rest, np.array([0, len(rest)]), tokens.max_tokens)
            assert model.score_tokens(alone)[0] == np.float32(word.score_without)


def test_words_that_the_network_does_not_read_are_counted_and_left_out(
    model: SentimentModel,
) -> None:
    most = model.card.tokenizer.max_tokens
    text = "awful " * 5 + "good " * most
    found = model.explain(text)
    assert (found.unread, len(found.words)) == (5, most)
    assert found.words[0].start == text.index("good")


@pytest.mark.parametrize("text", [None, "", "<br>", b"", "   "])
def test_a_review_without_a_word_has_no_score_and_no_words(
    model: SentimentModel, text: str | bytes | None
) -> None:
    found = model.explain(text, leave_out=True)
    assert (found.score, found.label, found.words) == (None, None, ())


def test_invalid_bytes_and_half_characters_keep_their_places(model: SentimentModel) -> None:
    found = model.explain(b"good \xff\xfe film")
    assert [found.text[word.start : word.end] for word in found.words] == ["good", "film"]
    half = "good \ud800 film"
    words = model.explain(half).words
    assert [half[word.start : word.end] for word in words][::2] == ["good", "film"]


@pytest.mark.parametrize("given", [["a"], 3, pa.array(["a"])])
def test_what_is_no_review_is_refused(model: SentimentModel, given: object) -> None:
    with pytest.raises(TypeError, match="explain takes one review, a string or bytes, not a"):
        model.explain(given)


def test_a_model_of_the_first_rules_is_explained_too(model: SentimentModel) -> None:
    old = SentimentModel(model.file)
    old.card = replace(old.card, tokenizer=replace(old.card.tokenizer, rules=FirstRules()))
    text = "It&#39;s a <b>GREAT</b>, déjà vu!"
    found = Explainer(old).explain_text(text)
    assert [text[one.start : one.end] for one in found.words] == [
        *("It&#39;s", "a", "GREAT", "déjà", "vu", "!"),
    ]


def test_a_notebook_shows_the_words_in_colours(model: SentimentModel) -> None:
    shown = model.explain("A <i>wonderful</i> film")._repr_html_()
    assert ">wonderful</span>&lt;/i&gt;" in shown
    assert "<i>" not in shown


def test_two_models_in_one_process_are_explained_each_by_its_own(model: SentimentModel) -> None:
    fast = SentimentModel.load("fast")
    assert fast.explain(TEXT).score == fast.score([TEXT])[0]
    assert model.explain(TEXT).score == model.score([TEXT])[0]
    assert fast.explain(TEXT).score != model.explain(TEXT).score
