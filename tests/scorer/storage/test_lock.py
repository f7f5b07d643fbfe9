from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from scorer.storage.lock import hold_file


def test_a_file_is_created_and_held_until_its_handle_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    handle = hold_file(path)
    assert handle is not None
    assert hold_file(path) is None
    os.close(handle)
    again = hold_file(path)
    assert again is not None
    os.close(again)


def test_what_a_file_holds_stays_when_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    handle = hold_file(path)
    assert handle is not None
    assert path.read_text() == "kept"
    os.close(handle)


def test_a_file_that_cannot_be_opened_raises(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        hold_file(tmp_path)


def test_a_lock_on_a_file_that_lost_its_name_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    real_open = os.open

    def open_and_unlink(*arguments: object, **options: object) -> int:
        handle = real_open(*arguments, **options)
        monkeypatch.setattr(os, "open", real_open)
        path.unlink()
        return handle

    monkeypatch.setattr(os, "open", open_and_unlink)
    handle = hold_file(path)
    assert handle is not None
    assert os.path.samestat(os.fstat(handle), path.stat())
    assert hold_file(path) is None
    os.close(handle)


def test_of_many_threads_that_want_one_file_one_holds_it_at_a_time(tmp_path: Path) -> None:
    path, inside, turns, clashes = tmp_path / "file", [], [], []

    def work() -> None:
        while len(turns) < 300:
            handle = hold_file(path)
            if handle is None:
                continue
            inside.append(1)
            clashes.extend(inside[1:])
            turns.append(1)
            inside.pop()
            path.unlink()
            os.close(handle)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(turns) >= 300
    assert not clashes
