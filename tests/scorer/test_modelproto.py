from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import left_in, run_command, some_texts, write_reviews
from scorer import SentimentModel
from scorer.errors import ModelRefused
from scorer.model import session_options
from scorer.modelproto import ProtoError, external_tensors
from tampered import GRAPH, TAMPERED, Tampered, constant, external_tensor, field, metadata, sealed

HIDDEN = [one for one in TAMPERED if one.name.startswith("data outside")]


@pytest.fixture(scope="module", params=["default", "fast"])
def model(request: pytest.FixtureRequest) -> SentimentModel:
    """Each model that ships."""
    return SentimentModel.load(request.param)


def test_a_model_that_ships_has_all_its_tensors_inside(model: SentimentModel) -> None:
    assert list(external_tensors(model.file.content)) == []


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda one: one.name)
def test_a_tensor_outside_the_file_is_found_wherever_it_hides(
    model: SentimentModel, hidden: Tampered
) -> None:
    assert list(external_tensors(hidden.change(model.file.content)))[:1] == ["stray"]


def test_depth_is_no_hiding_place() -> None:
    graph = field(5, external_tensor())
    for _ in range(2000):
        graph = field(1, constant(field(6, graph)))
    assert list(external_tensors(field(GRAPH, graph))) == ["stray"]


@pytest.mark.parametrize(
    "content", [b"\x3a", b"\x3a\x05", b"\x00", b"\x3b", b"\xff" * 20, b"\x09a"]
)
def test_bytes_that_are_no_protocol_buffer_are_named(content: bytes) -> None:
    with pytest.raises(ProtoError):
        list(external_tensors(content))


def test_weights_in_the_working_folder_are_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the bytes hid them from us: onnxruntime looks for them where nothing can lie."""
    import onnxruntime

    np.ones(300, np.float32).tofile(tmp_path / "weights.bin")
    monkeypatch.chdir(tmp_path)
    size = field(13, field(1, "length") + field(2, "1200"))
    weights = field(1, 300) + external_tensor()[2:] + size
    floats = field(2, field(1, field(1, 1) + field(2, field(1, field(1, 300)))))
    graph = field(2, "g") + field(5, weights)
    graph += field(1, field(1, "stray") + field(2, "score") + field(4, "Identity"))
    graph += field(12, field(1, "score") + floats)
    content = field(1, 8) + field(GRAPH, graph) + field(8, field(2, 17))
    providers = ["CPUExecutionProvider"]
    unguarded = onnxruntime.InferenceSession(content, providers=providers)
    assert unguarded.run(None, {})[0].tolist() == [1.0] * 300
    with pytest.raises(Exception, match="External data path does not exist"):
        onnxruntime.InferenceSession(content, session_options(), providers=providers)


def test_the_folder_of_outside_weights_can_hold_no_file() -> None:
    key = "session.model_external_initializers_file_folder_path"
    folder = Path(session_options().get_session_config_entry(key))
    with pytest.raises(NotADirectoryError):
        (folder / "weights.bin").write_bytes(b"")


def test_onnxruntimes_own_format_is_not_read(model: SentimentModel, tmp_path: Path) -> None:
    import onnxruntime

    options, path = onnxruntime.SessionOptions(), tmp_path / "model.ort"
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    onnxruntime.InferenceSession(model.file.content, options, providers=providers)
    with pytest.raises(Exception, match="protobuf parsing failed"):
        onnxruntime.InferenceSession(path.read_bytes(), session_options(), providers=providers)


def test_a_pinned_model_with_weights_outside_is_refused_before_the_first_row(
    model: SentimentModel, tmp_path: Path
) -> None:
    content = sealed(model.file.content + field(GRAPH, field(5, external_tensor())))
    (tmp_path / "model.onnx").write_bytes(content)
    (tmp_path / "weights.bin").write_bytes(bytes(4))
    pinned = ("--model-sha256", sha256(content))
    source = write_reviews(tmp_path / "in.parquet", some_texts(3))
    done = run_command(
        "scorer", "run", source, "out.parquet", "--model", "model.onnx", *pinned, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "Error: reading the model model.onnx: the data of its tensor 'stray' lie outside the "
        "file, where no hash covers them; export it again as one file\n"
    )
    assert left_in(tmp_path) == ["in.parquet", "model.onnx", "weights.bin"]


def sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def test_metadata_that_are_written_anew_read_the_same(model: SentimentModel) -> None:
    assert set(metadata(model.file.content)) == {*model.card.to_metadata(), "token_table"}


def test_a_model_that_was_only_sealed_anew_is_loaded(model: SentimentModel, tmp_path: Path) -> None:
    (tmp_path / "same.onnx").write_bytes(sealed(model.file.content))
    try:
        SentimentModel.load(tmp_path / "same.onnx")
    except ModelRefused as error:
        pytest.fail(str(error))
