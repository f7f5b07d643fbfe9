from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from scorer.tokenizer import Tokenizer
from trainer.data.reviews import fingerprint_of_texts
from trainer.errors import RunFolderError
from trainer.models.documents import DocumentModel, Passes, PassesState

TEXTS = pa.array(["a", "b"], pa.large_string())


def fake_model(value: float) -> SimpleNamespace:
    vectors = np.full((2, 3), value, np.float32)
    return SimpleNamespace(dv=SimpleNamespace(vectors=vectors), syn1neg=vectors + 1)


def test_scores_are_read_back_for_the_same_reviews_only(tmp_path: Path) -> None:
    scores = np.array([0.25, np.nan], np.float32)
    DocumentModel(fingerprint_of_texts(TEXTS), scores).save(tmp_path / "documents.npz")
    model = DocumentModel.load(tmp_path / "documents.npz")
    np.testing.assert_array_equal(model.predict(TEXTS, Tokenizer(("a",))), scores)
    with pytest.raises(RunFolderError) as caught:
        model.predict(TEXTS[:1], Tokenizer(("a",)))
    assert str(caught.value) == (
        "labelling with document vectors: they were trained with other reviews than these; "
        "train anew"
    )


def test_a_checkpoint_gives_back_its_passes_and_vectors(tmp_path: Path) -> None:
    settings = {"vocabulary": 60_000, "held_out": 0.1}
    passes = Passes(tmp_path / "checkpoint/passes.npz", settings, "abc")
    assert passes.kept() is None
    assert passes.restore(fake_model(0)) == 0
    passes.keep(fake_model(0.5), 4)
    assert passes.kept() == PassesState(settings, "abc", 4)
    model = fake_model(0)
    assert passes.restore(model) == 4
    np.testing.assert_array_equal(model.dv.vectors, fake_model(0.5).dv.vectors)
    np.testing.assert_array_equal(model.syn1neg, fake_model(0.5).syn1neg)


def test_a_checkpoint_that_is_damaged_or_of_another_release_is_named(tmp_path: Path) -> None:
    passes = Passes(tmp_path / "passes.npz", {}, "abc")
    passes.keep(fake_model(0), 4)
    whole = passes.path.read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2]):
        passes.path.write_bytes(content)
        with pytest.raises(RunFolderError, match="passes.npz: it can't be taken up"):
            passes.kept()
    np.savez(passes.path, done=4)
    with pytest.raises(RunFolderError, match="train without --resume into another folder"):
        passes.kept()
    np.savez(passes.path, state='{"settings": {}, "fingerprint": "abc"}')
    with pytest.raises(RunFolderError, match="the key 'state.done' is missing"):
        passes.kept()
