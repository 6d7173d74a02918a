import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.pose_files import hash_file, hash_files, join_hashes, list_files

CUSTOM = BENCHMARKS["custom"].pose_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.json", "a.json", "notes.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_files_are_listed_by_name(folder: Path) -> None:
    assert list_files(folder, CUSTOM) == [folder / "a.json", folder / "b.json"]
    assert list_files(folder, CUSTOM, lambda clip: clip == "a") == [folder / "b.json"]


def test_what_killed_writers_leave_is_no_pose_file(folder: Path) -> None:
    (folder / ".partial.c.json").write_text("{")
    assert list_files(folder, CUSTOM) == [folder / "a.json", folder / "b.json"]


def test_the_hash_of_files_is_that_of_what_was_read_of_each(folder: Path) -> None:
    paths = list_files(folder, CUSTOM)
    hashes = [hash_file(path, path.read_bytes()) for path in paths]
    assert hash_files(paths) == join_hashes(hashes)
    assert len(hash_files(paths)) == 40


def test_a_file_without_contents_is_not_an_empty_one(folder: Path) -> None:
    assert hash_file(folder / "a.json", None) != hash_file(folder / "a.json", b"")
    with pytest.raises(FileNotFoundError):
        hash_files([folder / "c.json"])


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.json").write_text("other"),
        lambda folder: (folder / "a.json").rename(folder / "c.json"),
        lambda folder: (folder / "c.json").touch(),
        lambda folder: (folder / "b.json").unlink(),
        lambda folder: os.replace(folder / "a.json", folder / "b.json"),
    ],
)
def test_names_and_contents_change_the_hash(folder: Path, change: Callable[[Path], object]) -> None:
    before = hash_files(list_files(folder, CUSTOM))
    change(folder)
    assert hash_files(list_files(folder, CUSTOM)) != before


def test_neither_place_nor_other_files_change_the_hash(folder: Path, tmp_path: Path) -> None:
    before = hash_files(list_files(folder, CUSTOM))
    (folder / "notes.txt").write_text("other")
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in list_files(folder, CUSTOM):
        path.rename(moved / path.name)
    assert hash_files(list_files(moved, CUSTOM)) == before
