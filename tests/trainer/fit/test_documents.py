from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from helpers import left_in
from scorer.tokenizer import Tokenizer
from scorer.words.rules import RULES_VERSION
from tiny import tiny_reviews
from trainer.errors import RunFolderError
from trainer.fit import run as fit_run
from trainer.fit.documents import fit_documents
from trainer.fit.soft_labels import soft_labels
from trainer.models.documents import write_ngrams
from trainer.run.folder import RunFolder
from trainer.settings import DocumentSettings


def unlabeled() -> pa.LargeStringArray:
    texts = [*tiny_reviews(200, seed=2).texts.to_pylist(), None, "<br />"]
    return pa.array(texts, pa.large_string())


def test_document_vectors_teach_the_reviews_they_were_trained_with_and_no_others(
    tmp_path: Path,
) -> None:
    out = tmp_path / "documents"
    run = fit_documents(tiny_reviews(), unlabeled(), DocumentSettings(epochs=60), out)
    assert run.metrics.held_out.accuracy > 0.8
    assert "ngrams.txt" not in left_in(run.path)
    assert not run.is_network
    assert ">Document vectors, of " in (run.path / "report.html").read_text()
    scores = RunFolder.open(run.path).predict(unlabeled())
    known = tiny_reviews(200, seed=2).labels
    assert np.mean((scores[:200] >= 0.5) == (known == 1)) > 0.8
    assert np.isnan(scores[200:]).all()
    np.testing.assert_allclose(soft_labels([run], unlabeled())[:200], scores[:200], atol=1e-6)
    with pytest.raises(RunFolderError, match="they were trained with other reviews than these"):
        run.predict(tiny_reviews(5).texts)


def test_document_vectors_that_were_interrupted_go_on(tmp_path: Path) -> None:
    settings, said, out = DocumentSettings(epochs=60), [], tmp_path / "run"
    other = DocumentSettings(epochs=60, seed=1)

    def say(line: str) -> None:
        said.append(line)
        if line == "pass 40 of 60":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_documents(tiny_reviews(), unlabeled(), settings, out, say=say)
    assert left_in(out) == ["checkpoint/passes.npz"]
    with pytest.raises(RunFolderError, match="it holds an interrupted run; add --resume"):
        fit_documents(tiny_reviews(), unlabeled(), settings, out)
    with pytest.raises(RunFolderError, match="other settings were used .seed."):
        fit_documents(tiny_reviews(), unlabeled(), other, out, resume=True)
    said.clear()
    run = fit_documents(tiny_reviews(), unlabeled(), settings, out, resume=True, say=said.append)
    passes = [line for line in said if line.startswith("pass")]
    assert passes == ["pass 44 of 60", "pass 48 of 60", "pass 52 of 60", "pass 56 of 60"]
    assert run.metrics.held_out.accuracy > 0.8
    assert "checkpoint/passes.npz" not in left_in(run.path)


def test_n_grams_that_are_common_are_written_a_line_a_review(tmp_path: Path) -> None:
    texts = ["good film"] * 5 + ["good"] * 2 + ["rare film", ""]
    tokens = Tokenizer(("good", "film", "rare")).encode(pa.array(texts, pa.large_string()))
    write_ngrams(tokens, tmp_path / "ngrams.txt")
    lines = (tmp_path / "ngrams.txt").read_text().split("\n")
    good, film, pair = lines[0].split()
    assert lines == [f"{good} {film} {pair}"] * 5 + [good] * 2 + [film, "", ""]


def test_passes_over_words_that_other_rules_cut_are_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, settings = tmp_path / "documents", DocumentSettings(epochs=60)

    def say(line: str) -> None:
        if line == "pass 40 of 60":
            raise KeyboardInterrupt

    with monkeypatch.context() as before:
        before.setattr(fit_run, "RULES_VERSION", RULES_VERSION - 1)
        with pytest.raises(KeyboardInterrupt):
            fit_documents(tiny_reviews(), unlabeled(), settings, out, say=say)
    with pytest.raises(RunFolderError, match="other settings were used .tokenizer_rules."):
        fit_documents(tiny_reviews(), unlabeled(), settings, out, resume=True)
