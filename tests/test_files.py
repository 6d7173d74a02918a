import errno
import fcntl
import os
from pathlib import Path

import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically, write_folder_atomically


def write_half(path: Path, failure: BaseException) -> None:
    with write_atomically(path) as partial:
        partial.write_text("half")
        raise failure


def test_makes_the_folder_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "scores.csv"
    for text in ("first", "second"):
        with write_atomically(path) as partial:
            partial.write_text(text)
        assert path.read_text() == text
    assert os.listdir(path.parent) == ["scores.csv"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("old")
    with open(path) as reader:
        with write_atomically(path) as partial:
            partial.write_text("half")
            assert path.read_text() == "old"
        assert path.read_text() == "half"
        assert reader.read() == "old"


def test_an_interrupted_write_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_half(path, KeyboardInterrupt())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["scores.csv"]


def test_a_full_disk_is_one_error_that_names_the_file(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(InputError, match=r"scores\.csv: cannot be written \(No space left"):
        write_half(tmp_path / "scores.csv", full)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file/scores.csv", "file: is a file, and a folder is needed"),
        ("folder", "folder: cannot be written"),
    ],
)
def test_a_place_that_takes_no_file_is_an_error(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(InputError, match=message),
        write_atomically(tmp_path / name) as partial,
    ):
        partial.touch()
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_what_a_killed_process_leaves_is_used_again(tmp_path: Path) -> None:
    (tmp_path / ".partial.scores.csv").write_text("half of what was longer")
    with write_atomically(tmp_path / "scores.csv") as partial:
        partial.write_text("whole")
    (tmp_path / ".partial.exported").mkdir()
    (tmp_path / ".partial.exported/left").write_text("half")
    with write_folder_atomically(tmp_path / "exported") as partial:
        (partial / "facts.json").write_text("whole")
    assert sorted(os.listdir(tmp_path)) == ["exported", "scores.csv"]
    assert (tmp_path / "scores.csv").read_text() == "whole"
    assert os.listdir(tmp_path / "exported") == ["facts.json"]


def test_two_who_write_the_same_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    with write_atomically(path) as first:
        first.write_text("first")
        with write_atomically(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["scores.csv"]


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with write_atomically(tmp_path / "scores.csv") as partial:
        partial.write_text("whole")
        assert partial.name == f".{os.getpid()}.scores.csv"
    assert (tmp_path / "scores.csv").read_text() == "whole"
