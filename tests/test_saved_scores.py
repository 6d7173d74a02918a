import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.saved_scores import load_scores
from stgnf_jax.score_files import save_scores
from tests.test_score_files import ALONE, FRAMES, NORMAL, PEOPLE, WINDOWS


@pytest.mark.parametrize("normal", [NORMAL, None])
def test_what_was_saved_is_read_back(tmp_path: Path, normal: np.ndarray | None) -> None:
    save_scores(tmp_path, WINDOWS, PEOPLE, FRAMES, members=ALONE, normal=normal)
    saved = load_scores(tmp_path)
    tables = zip((saved.windows, saved.people), (WINDOWS, PEOPLE), strict=True)
    for found, expected in (*tables, (saved.frames[1:], FRAMES[1:])):
        for read, written in zip(found, expected, strict=True):
            np.testing.assert_array_equal(read, written)
    assert saved.frames.clips == FRAMES.clips
    np.testing.assert_equal(saved.normal, normal)


def damaged(folder: Path, **changes: Any) -> Path:
    save_scores(folder, WINDOWS, PEOPLE, FRAMES, members=ALONE, normal=NORMAL)
    with np.load(folder / "scores.npz") as file:
        arrays = {**file, **changes}
    kept = {name: array for name, array in arrays.items() if array is not None}
    np.savez(folder / "scores.npz", allow_pickle=False, **kept)
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"person_score": None}, "'person_score'"),
        ({"person_id": np.array([1.0, 2.0])}, "person_id is float64 (2,)"),
        ({"frame": np.arange(3)}, "frame has 3 rows, others 5"),
        ({"clip": np.array(["x", "ü"])}, "a window lies in a clip without frames"),
        ({"frame_smoothed": np.full(5, np.nan)}, "frame_smoothed is not finite"),
        ({"clip": np.full(2, 0x110000, np.uint32).view("U1")}, "clip holds what is no text"),
    ],
)
def test_arrays_that_no_scoring_writes(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_scores(damaged(tmp_path, **changes))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "scores.npz"))


def test_a_member_that_is_no_array(tmp_path: Path) -> None:
    file = damaged(tmp_path, clip=None) / "scores.npz"
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("clip.npy", "x")
    with pytest.raises(InputError, match=r"scores\.npz: does not hold .* \(clip is no array\)"):
        load_scores(tmp_path)


def test_a_folder_without_scores(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"scores\.npz: is missing; give the folder that"):
        load_scores(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"not a zip"])
def test_a_file_that_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "scores.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"scores\.npz: cannot be read .*; score again"):
        load_scores(tmp_path)


def test_pickles_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_scores(pickled(tmp_path))


def pickled(folder: Path) -> Path:
    np.savez(folder / "scores.npz", clip=np.array([{}], dtype=object))
    return folder
