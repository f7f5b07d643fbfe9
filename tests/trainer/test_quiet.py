"""Keras' settings for other work: neither read nor written; its data sets are found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from helpers import left_in, run_command
from tiny import OPTIONS, write_tiny

FOLDERS = os.pathsep.join(filter(None, sys.path))


def environment(folder: Path, **more: object) -> dict[str, str]:
    """Return an environment with a home of its own, and a folder for temporary files in it."""
    (folder / "home").mkdir(exist_ok=True)
    (folder / "tmp").mkdir(exist_ok=True)
    ours = {
        "HOME": folder / "home",
        "TMPDIR": folder / "tmp",
        "MPLCONFIGDIR": tempfile.gettempdir(),
    }
    kept = {name: os.environ[name] for name in ("PATH",)}
    return (
        kept | {"PYTHONPATH": FOLDERS} | {name: str(value) for name, value in (ours | more).items()}
    )


def write_settings(folder: Path, **settings: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "keras.json").write_text(json.dumps(settings))
    return folder


def python(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def test_training_and_exporting_leave_the_home_alone_whatever_stands_there(tmp_path: Path) -> None:
    env = environment(tmp_path)
    data, run_dir = write_tiny(tmp_path / "reviews.parquet"), tmp_path / "run"
    trained = run_command("trainer", "fit", data, "--out", run_dir, *OPTIONS, env=env)
    assert trained.returncode == 0, trained.stderr
    assert list((tmp_path / "home").iterdir()) == []
    write_settings(tmp_path / "home/.keras", floatx="float16", backend="jax")
    again = tmp_path / "again"
    trained = run_command("trainer", "fit", data, "--out", again, *OPTIONS, env=env)
    assert trained.returncode == 0, trained.stderr
    assert (again / "metrics.json").read_bytes() == (run_dir / "metrics.json").read_bytes()
    exporting = env | {"KERAS_BACKEND": "jax"}
    done = run_command("exporter", "convert", run_dir, tmp_path / "model.onnx", env=exporting)
    assert done.returncode == 0, done.stderr
    assert left_in(tmp_path / "home") == [".keras/keras.json"]
    # TensorFlow leaves a __pycache__ there.
    assert list((tmp_path / "tmp").glob("review-sentiment-*")) == []


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "KERAS_BACKEND",
            "jacks",
            "starting Keras: its backend 'jacks', named by KERAS_BACKEND, can't be loaded (Unable "
            "to import backend : jacks); unset KERAS_BACKEND to train with TensorFlow, or install "
            "it",
        ),
        (
            "KERAS_HOME",
            "keras",
            "starting Keras: its settings say floatx float16, and networks are trained in float32; "
            "unset KERAS_HOME, or take floatx out of its keras.json",
        ),
    ],
)
def test_a_setting_of_the_user_that_cannot_work_is_named_before_the_training(
    tmp_path: Path, variable: str, value: str, message: str
) -> None:
    write_settings(tmp_path / "keras", floatx="float16")
    value = str(tmp_path / value) if variable == "KERAS_HOME" else value
    env = environment(tmp_path, **{variable: value})
    data = write_tiny(tmp_path / "reviews.parquet")
    done = run_command("trainer", "fit", data, "--out", tmp_path / "run", *OPTIONS, env=env)
    assert (done.returncode, done.stderr.splitlines()[1:]) == (2, [f"Error: {message}"])
    assert not (tmp_path / "run").exists()


# The files of the test stand in for those that Keras knows by their hashes.
READ_IMDB = (
    "import trainer.quiet\nimport keras.src.utils.file_utils as files\n"
    "files.validate_file = lambda *args, **options: True\n"
    "from pathlib import Path\nfrom trainer.data.sources import read_reviews\n"
    "print(read_reviews(Path('imdb')).texts.to_pylist())\n"
    # What a process that is killed now would leave.
    "import tempfile\n"
    "print(list(Path(tempfile.gettempdir()).glob('review-sentiment-*')))\n"
)


@pytest.mark.parametrize("home", ["", "elsewhere"])
def test_the_data_sets_are_found_where_the_users_of_keras_have_them(
    tmp_path: Path, home: str
) -> None:
    datasets = tmp_path / (home or "home/.keras") / "datasets"
    datasets.mkdir(parents=True)
    sequences = np.array([[1], [2]], object)
    np.savez(
        datasets / "imdb.npz", x_train=sequences, y_train=[0, 1], x_test=sequences, y_test=[1, 0]
    )
    (datasets / "imdb_word_index.json").write_text('{"good": 1, "bad": 2}')
    env = environment(tmp_path, **({"KERAS_HOME": tmp_path / home} if home else {}))
    done = python(READ_IMDB, env)
    assert "['bad', 'good']" in done.stdout.replace("'good', 'bad'", "'bad', 'good'"), done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert sorted(left_in(tmp_path)) == sorted(
        str(path.relative_to(tmp_path)) for path in datasets.iterdir()
    ) + (["elsewhere/keras.json"] if home else [])


def test_a_home_without_data_sets_is_given_the_folder_for_them(tmp_path: Path) -> None:
    code = (
        "import trainer.quiet\nfrom trainer.data import keras_imdb\n"
        "from keras.src.utils import file_utils\n"
        "def urlretrieve(origin, target, *rest): raise OSError(target)\n"
        "file_utils.urlretrieve = urlretrieve\n"
        "try: keras_imdb.read('train')\nexcept Exception as error: print(error)\n"
    )
    done = python(code, environment(tmp_path))
    datasets = tmp_path / "home/.keras/datasets"
    assert done.stdout.strip().endswith(f"put imdb.npz and imdb_word_index.json into {datasets}")
    assert datasets.is_dir()
