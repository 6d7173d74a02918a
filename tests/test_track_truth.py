from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.track_truth import read_track_truth

HEADER = "track,frame,x1,y1,x2,y2\n"
# Clips of 5, 3 and 4 frames; in the last one all are normal.
CLIPS = ("b", "a", "calm")
MASKS = [np.array([True, False, False, True, True]), np.zeros(3, bool), np.ones(4, bool)]


def test_boxes_of_every_clip(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "0,2,1.5,-2,3,4e1\n")
    (tmp_path / "b.csv").write_text(HEADER + "7,1,0,0,9,9\n\n07,2,1,0,10,9\n3,1,5,5,5,5\n")
    found = read_track_truth(tmp_path, CLIPS, MASKS)
    expected = [
        [0, 7, 1, 0, 0, 9, 9],
        [0, 7, 2, 1, 0, 10, 9],
        [0, 3, 1, 5, 5, 5, 5],
        [1, 0, 2, 1.5, -2, 3, 40],
    ]
    np.testing.assert_array_equal(found, expected)
    (tmp_path / "calm.csv").write_text("1,3,0,0,1,1\n")  # read where it is there
    np.testing.assert_array_equal(
        read_track_truth(tmp_path, CLIPS, MASKS)[4:], [[2, 1, 3, 0, 0, 1, 1]]
    )


def test_columns_in_another_order_and_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1, 0, 2, 3, 4, 5\r\n", encoding="utf-8-sig")
    text = "y2,what,frame,track,x1,y1,x2\n5,falls,0,1,2,3,4\n"
    (tmp_path / "b.csv").write_text(text)
    found = read_track_truth(tmp_path, CLIPS, MASKS)
    np.testing.assert_array_equal(found, [[0, 1, 0, 2, 3, 4, 5], [1, 1, 0, 2, 3, 4, 5]])


def test_files_without_boxes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER)
    (tmp_path / "b.csv").write_text("")
    assert read_track_truth(tmp_path, CLIPS, MASKS).shape == (0, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("track,frame,x1,y1,x2\n", r"a\.csv: has the header 'track,frame,x1,y1,x2', expected each"),
        (
            HEADER[:-1] + ",x1\n",
            r"a\.csv: has the header '.*,y2,x1', expected each of track,.* once",
        ),
        (HEADER + "1,0,2,3,4\n", "line 2: has 5 values, expected 6: track,frame,x1,y1,x2,y2"),
        ("1,0,2,3,4,5,0.9\n", "line 1: has 7 values, expected 6"),
        (HEADER + "1,0,2,3,4,5\nx,1,2,3,4,5\n", "line 3: track: is 'x', expected a whole number"),
        (HEADER + "1,-1,2,3,4,5\n", "line 2: frame: is '-1', expected a whole number"),
        (HEADER + "1,1.0,2,3,4,5\n", r"line 2: frame: is '1\.0', expected a whole number"),
        (HEADER + "1,3,2,3,4,5\n", "line 2: frame: is 3, but the clip's mask has 3 frames"),
        (HEADER + "1,1,left,3,4,5\n", "line 2: x1: is 'left', expected a number of pixels"),
        (HEADER + "1,1,2,3,nan,5\n", "line 2: x2: is 'nan', expected a number of pixels"),
        (HEADER + "1,1,2,3,4,inf\n", "line 2: y2: is 'inf', expected a number of pixels"),
        (HEADER + "1,1,,3,4,5\n", "line 2: x1: is '', expected a number of pixels"),
        (HEADER + "1,1,5,3,4.5,5\n", r"line 2: x2: is 4\.5, less than x1, 5"),
        (HEADER + "1,1,2,3,4,1\n", "line 2: y2: is 1, less than y1, 3"),
        (
            HEADER + "1,1,2,3,4,5\n1,2,2,3,4,5\n1,1,9,9,9,9\n",
            "line 4: frame 1: is a second box of track 1; keep one",
        ),
        (HEADER + '"1"x,1,2,3,4,5\n', r"a\.csv: is not CSV"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.csv").write_text(HEADER)
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_track_truth(tmp_path, CLIPS, MASKS)
    assert str(tmp_path / "a.csv") in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none: is no folder; give that of the boxes"):
        read_track_truth(tmp_path / "none", CLIPS, MASKS)
    with pytest.raises(InputError, match=r"b\.csv: is missing; the boxes of the clip's abnormal"):
        read_track_truth(tmp_path, CLIPS, MASKS)
    (tmp_path / "b.csv").write_bytes(b"\xfc")
    with pytest.raises(InputError, match=r"b\.csv: is not text in UTF-8"):
        read_track_truth(tmp_path, CLIPS, MASKS)
    (tmp_path / "b.csv").unlink()
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(InputError, match=r"b\.csv: cannot be read \(Is a directory\)"):
        read_track_truth(tmp_path, CLIPS, MASKS)
