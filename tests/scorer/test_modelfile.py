from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from helpers import resealed
from scorer import SentimentModel
from scorer.card import Card
from scorer.errors import ModelRefused, UsageError
from scorer.model import find_model
from scorer.modelfile import SEAL, UNSEALED, check_seal, read_model_file, seal
from scorer.words.first_rules import FirstRules
from tampered import TAMPERED, Tampered, complaint, metadata, refusal, with_metadata

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture(scope="module", params=["default", "fast"])
def model(request: pytest.FixtureRequest) -> SentimentModel:
    """Each model that ships."""
    return SentimentModel.load(request.param)


def load_bytes(content: bytes, folder: Path) -> SentimentModel:
    path = folder / "model.onnx"
    path.write_bytes(content)
    return SentimentModel.load(path)


def test_a_file_of_the_first_rules_and_without_later_keys_is_read(
    model: SentimentModel, tmp_path: Path
) -> None:
    stored = {
        key: json.loads(value)
        for key, value in metadata(model.file.content).items()
        if key in {"tokenizer", "calibration", "origin", "figures"}
    }
    stored["tokenizer"]["rules"] = FirstRules().to_dict()
    for key, later in {
        "calibration": ("by_length", "folds"),
        "figures": ("domains", "left_out"),
        "origin": (),
    }.items():
        stored[key] = {name: one for name, one in stored[key].items() if name not in later}
    changes: dict[str, bytes | str | None] = {key: json.dumps(one) for key, one in stored.items()}
    # Its examples must be read alike by both rules.
    golden = [["A wonderful film.", float(model.score(["A wonderful film."])[0])]]
    changes |= {"reference": None, "golden": json.dumps(golden)}
    old = load_bytes(with_metadata(model.file.content, changes), tmp_path)
    assert old.card.tokenizer.rules == FirstRules()
    assert (old.card.reference, old.card.calibration.by_length) == (None, None)
    assert np.array_equal(old.score(["A wonderful film."]), model.score(["A wonderful film."]))
    # The first rules keep every letter of a run, those of now two.
    tokens = old.card.tokenizer.encode(pa.array(["goooood", "good"]))
    assert tokens.ids[0] != tokens.ids[1]


def test_one_flipped_bit_anywhere_is_refused(model: SentimentModel) -> None:
    content = bytearray(model.file.content)
    places = np.random.default_rng(0).integers(0, len(content), 60)
    for place in places:
        content[place] ^= 1
        with pytest.raises(ModelRefused):
            check_seal(bytes(content), "flipped")
        content[place] ^= 1
    check_seal(bytes(content), "whole again")


def test_a_damaged_file_is_named(model: SentimentModel, tmp_path: Path) -> None:
    content = bytearray(model.file.content)
    content[len(content) // 2] ^= 1
    with pytest.raises(
        ModelRefused,
        match=rf"reading the model {tmp_path}/model.onnx: it is damaged, its bytes don't give its",
    ):
        load_bytes(bytes(content), tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_cut_file_is_refused(model: SentimentModel, tmp_path: Path, share: float) -> None:
    with pytest.raises(ModelRefused):
        load_bytes(model.file.content[: int(len(model.file.content) * share)], tmp_path)


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="it is not a model file of this project, or is damaged"):
        load_bytes(b"\x08\x07\x12\x07pytorch", tmp_path)


def test_another_version_is_refused_by_name(model: SentimentModel, tmp_path: Path) -> None:
    content = model.file.content.replace(b"review-sentiment-model/1 ", b"review-sentiment-model/2 ")
    with pytest.raises(
        ModelRefused, match="its format has version 2, this release reads version 1"
    ):
        load_bytes(content, tmp_path)


def test_a_missing_file_and_an_unknown_name_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file; models that ship: default, fast"):
        find_model(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="loading the model bogus"):
        find_model("bogus")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="Is a directory"):
        read_model_file(tmp_path)


def test_a_graph_that_answers_otherwise_than_promised_is_refused(
    model: SentimentModel, tmp_path: Path
) -> None:
    (promise,) = re.findall(rb'\[\["[^"]*",(0\.\d{6})', model.file.content)
    other = b"0." + bytes(57 - (digit - 48) for digit in promise[2:3]) + promise[3:]
    content = (
        resealed(model.file.content, b'",' + promise, b'",' + other) if other != promise else b""
    )
    with pytest.raises(ModelRefused, match="its example sentences are scored"):
        load_bytes(content, tmp_path)


def test_an_example_sentence_that_is_off_by_a_ten_thousandth_is_refused(
    model: SentimentModel, tmp_path: Path
) -> None:
    (promise,) = re.findall(rb'\[\["[^"]*",(0\.\d{6})', model.file.content)
    digit = promise[5:6]
    other = promise[:5] + (b"8" if digit == b"9" else bytes([digit[0] + 1])) + promise[6:]
    content = resealed(model.file.content, b'",' + promise, b'",' + other)
    with pytest.raises(ModelRefused, match="its example sentences are scored 0.0001 off"):
        load_bytes(content, tmp_path)


def test_a_file_with_two_seals_is_refused_even_if_the_first_one_holds(
    model: SentimentModel, tmp_path: Path
) -> None:
    second = UNSEALED.replace("0" * 64, "1" * 64).encode()
    content = seal(SEAL.sub(UNSEALED.encode(), model.file.content) + second)
    with pytest.raises(ModelRefused, match="it is not a model file of this project, or is damaged"):
        load_bytes(content, tmp_path)


def test_garbled_metadata_are_refused(model: SentimentModel, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match=r"its metadata lack or garble 'threshold'"):
        load_bytes(
            resealed(model.file.content, b"\x0a\x09threshold", b"\x0a\x09thresholt"), tmp_path
        )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"accuracy":', b'"acccracy":', "the key 'figures.held_out.acccracy' is unknown"),
        (b'"grouped":true', b'"grouped":1234', "'origin.data.grouped' holds 1234, not bool"),
        (b'"slope_lstm":', b'"slopelstm_":', "the key 'calibration.slopelstm_' is unknown"),
    ],
)
def test_a_garbled_key_of_the_card_is_named(
    model: SentimentModel, tmp_path: Path, old: bytes, new: bytes, message: str
) -> None:
    content = SEAL.sub(UNSEALED.encode(), model.file.content).replace(old, new, 1)
    with pytest.raises(ModelRefused, match=re.escape(message)):
        load_bytes(seal(content), tmp_path)


@pytest.mark.parametrize("tampered", TAMPERED, ids=lambda one: one.name)
def test_a_tampered_model_that_was_sealed_anew_is_refused_in_a_sentence(
    tampered: Tampered, tmp_path: Path
) -> None:
    whole = Path(SentimentModel.load("fast").file.name).read_bytes()
    (tmp_path / "tampered.onnx").write_bytes(tampered.change(whole))
    said = refusal(tmp_path / "tampered.onnx")
    assert said is not None
    assert tampered.message in said
    assert complaint(said) is None


def test_a_fuzzed_model_is_refused_in_a_sentence_or_meets_its_examples(tmp_path: Path) -> None:
    """More of them: ``model_storm.py`` in tests/benchmarks."""
    command = [sys.executable, SUPPORT / "fuzz_models.py", tmp_path, "0", "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    current = (tmp_path / "current").read_text()
    assert (done.returncode, done.stderr) == (0, ""), f"number {current}: {done.stdout}"
    seal_held, refused, loaded = map(int, done.stdout.split())
    assert seal_held >= 15
    assert refused > 0
    assert loaded > 0


def test_the_card_survives_its_metadata(model: SentimentModel) -> None:
    assert Card.from_metadata(model.card.to_metadata()) == model.card


def test_only_an_unsealed_file_can_be_sealed(model: SentimentModel) -> None:
    with pytest.raises(ValueError, match="no unsealed model file"):
        seal(model.file.content)


def test_the_hash_is_that_of_the_file(model: SentimentModel) -> None:
    import hashlib

    assert model.file.sha256 == hashlib.sha256(Path(model.file.name).read_bytes()).hexdigest()


def test_the_shipped_file_is_small_and_tells_its_origin(model: SentimentModel) -> None:
    assert len(model.file.content) <= 6_000_000
    assert model.card.provenance.command.startswith("trainer fit films.parquet domains.parquet")
    assert model.card.figures.held_out.accuracy > 0.85
    assert model.card.labels == ("negative", "positive")


@pytest.mark.parametrize(
    ("stored", "expected"), [(4, 4), (8, 8), (0, 1), (9, 1), (1 << 40, 1), ("4", 1), (2.5, 1)]
)
def test_tokens_a_step_that_no_network_has_leave_the_batches_small(
    model: SentimentModel, stored: object, expected: int
) -> None:
    provenance = replace(model.card.provenance, settings={"step_tokens": stored})
    assert provenance.step_tokens == expected
