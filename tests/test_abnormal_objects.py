from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.abnormal_objects import AbnormalObject, read_abnormal_objects
from stgnf_jax.errors import InputError


def test_lines_as_the_data_set_has_them(tmp_path: Path) -> None:
    file = tmp_path / "clip_tracks.txt"
    file.write_bytes(
        b"3,0,450\r\n\r\n3.000000000000000000e+00,7.0e+00,1.130000000000000000e+02\r\n"
    )
    expected = [AbnormalObject(3, 0, 450), AbnormalObject(3, 7, 113)]
    assert read_abnormal_objects(file) == expected
    file.write_text("")
    assert read_abnormal_objects(file) == []


@pytest.mark.parametrize(
    "line",
    [
        *("1,2", "1,2,3,4", "1 2 3", "a,0,1", "1.5,0,1", "1,0,nan", "1,0,inf"),
        *("0,0,1", "1,-1,1", "1,2,1", "1,0,1,"),
    ],
)
def test_a_line_that_cannot_be(tmp_path: Path, line: str) -> None:
    file = tmp_path / "clip_tracks.txt"
    file.write_text(f"1,0,5\n{line}\n")
    with pytest.raises(InputError, match=rf"clip_tracks\.txt: line 2: is '{line}', expected obj"):
        read_abnormal_objects(file)


def test_what_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a_tracks\.txt: cannot be read \(No such file"):
        read_abnormal_objects(tmp_path / "a_tracks.txt")
    with open(tmp_path / "b_tracks.txt", "wb") as file:
        np.save(file, np.ones(9))
    with pytest.raises(InputError, match=r"b_tracks\.txt: is no text; the masks of test clips"):
        read_abnormal_objects(tmp_path / "b_tracks.txt")


@pytest.mark.reference
def test_the_published_texts(shared: Path) -> None:
    folder = shared / "reference/data/UBnormal/gt"
    names = (folder / "abnormal_training_video_names.txt").read_text().split()
    found = [read_abnormal_objects(folder / f"{name}_tracks.txt") for name in names]
    assert len(found) == 82
    assert all(found)
    assert {one.number for clip in found for one in clip} <= set(range(1, 12))
    assert max(one.last_frame for clip in found for one in clip) < 1000
