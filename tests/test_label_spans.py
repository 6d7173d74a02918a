import json
from pathlib import Path

import numpy as np
import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.label_spans import Span, abnormal_in_spans, read_spans
from stgnf_jax.poses import Tracks
from tests.small import write_spans

# Persons 1 and 7 of clip a, in frames 5 to 9, of which 7 has lost 8, and person 1 of clip b.
FRAMES = ([5, 6, 7, 8, 9], [5, 6, 7, 9], [0, 1, 2])
TRACKS = Tracks(
    keypoints=np.zeros((12, 18, 3), np.float32),
    score=np.zeros(12, np.float32),
    frame=np.concatenate(FRAMES).astype(np.int32),
    person=np.array([1, 7, 1]),
    clip=np.array([0, 0, 2], np.int32),
    offsets=np.array([0, 5, 9, 12]),
    clips=("a", "empty", "b"),
)


@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_spans_hold_both_ends_and_the_rest_is_normal(tmp_path: Path, name: str) -> None:
    file = write_spans(
        tmp_path / name,
        ("a", 1, 6, 7, "abnormal"),
        ("a", 7, 8, 9, "abnormal"),
        ("a", 7, 5, 6, "normal"),
        ("b", 1, 2, 2, "abnormal"),
    )
    abnormal = abnormal_in_spans(file, TRACKS)
    assert abnormal.dtype == bool
    assert np.flatnonzero(abnormal).tolist() == [1, 2, 8, 11]


def test_frames_need_not_be_in_order(tmp_path: Path) -> None:
    file = write_spans(tmp_path / "labels.csv", ("b", 1, 1, 2, "abnormal"))
    shuffled = TRACKS._replace(frame=np.array([5, 6, 7, 8, 9, 5, 6, 7, 9, 1, 2, 0], np.int32))
    assert np.flatnonzero(abnormal_in_spans(file, shuffled)).tolist() == [9, 10]


def test_spans_that_agree_may_overlap(tmp_path: Path) -> None:
    spans = [("a", 1, 5, 7, "abnormal"), ("a", 1, 6, 9, "abnormal"), ("a", 7, 5, 9, "normal")]
    abnormal = abnormal_in_spans(write_spans(tmp_path / "labels.csv", *spans), TRACKS)
    assert np.flatnonzero(abnormal).tolist() == [0, 1, 2, 3, 4]


def test_no_spans_are_no_abnormal_poses(tmp_path: Path) -> None:
    assert not abnormal_in_spans(write_spans(tmp_path / "labels.json"), TRACKS).any()


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (("c", 1, 5, 6, "normal"), "line 3: clip c: is not among the poses"),
        (("a", 2, 5, 6, "normal"), "line 3: clip a: person 2: is not in this clip"),
        (("empty", 1, 0, 0, "normal"), "line 3: clip empty: person 1: is not in this clip"),
        (("a", 1, 4, 6, "normal"), "clip a: person 1: has frames 5 to 9, so 4 to 6 goes beyond"),
        (("b", 1, 0, 3, "abnormal"), "clip b: person 1: has frames 0 to 2, so 0 to 3 goes beyond"),
        (
            ("a", 7, 7, 9, "normal"),
            r"line 3: clip a: person 7: frame 9: is normal here and abnormal in .*line 2; keep one",
        ),
    ],
)
def test_spans_that_do_not_fit_the_poses(
    tmp_path: Path, span: tuple[object, ...], message: str
) -> None:
    file = write_spans(tmp_path / "labels.csv", ("a", 7, 9, 9, "abnormal"), span)
    with pytest.raises(InputError, match=rf"labels\.csv: {message}|labels\.csv: line 3: {message}"):
        abnormal_in_spans(file, TRACKS)


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    file = tmp_path / "Labels.CSV"
    text = 'label, clip,person,first_frame,last_frame,note\r\nabnormal,"x, y",03,0,10,falls\r\n'
    file.write_text(text, encoding="utf-8-sig")
    assert read_spans(file) == [Span(f"{file}: line 2", "x, y", 3, 0, 10, "abnormal")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has the header '', expected each of clip,person,first_frame,last_frame,label once"),
        ("a,1,0,5,normal\n", "has the header 'a,1,0,5,normal', expected each"),
        ("clip,clip,person,first_frame,last_frame,label\n", "has the header 'clip,clip"),
        ("clip,person,first_frame,last_frame,label\na,1,0,5\n", "line 2: label: is None"),
        ("clip,person,first_frame,last_frame,label\n\n,1,0,5,normal\n", "line 3: clip: is ''"),
        (
            'clip,person,first_frame,last_frame,label\n"a"b,1,0,5,normal\n',
            "is not CSV after line 1",
        ),
        ("clip\0,person", "has the header|is not CSV after line"),
    ],
)
def test_what_is_not_such_a_csv(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=rf"labels\.csv: {message}"):
        read_spans(file)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("clip", 3, "clip: is 3, expected a name"),
        ("person", True, "person: is True, expected a whole number"),
        ("person", -1, "person: is -1, expected a whole number"),
        ("person", 10**18, "person: is 1000000000000000000, expected"),
        ("first_frame", 0.5, r"first_frame: is 0\.5, expected a whole number"),
        ("last_frame", "2e1", "last_frame: is '2e1', expected a whole number"),
        ("last_frame", 2, "last_frame: is 2, before the first one, 3"),
        ("label", 1, "label: is 1, expected normal or abnormal"),
        ("label", "Abnormal", "label: is 'Abnormal', expected normal or abnormal"),
        ("label", None, "label: is None, expected normal or abnormal"),
    ],
)
def test_a_value_that_cannot_be(tmp_path: Path, field: str, value: object, message: str) -> None:
    entry = {"clip": "a", "person": 1, "first_frame": 3, "last_frame": 5, "label": "normal"}
    file = tmp_path / "labels.json"
    file.write_text(json.dumps([entry, entry | {field: value}]))
    with pytest.raises(InputError, match=rf"labels\.json: entry 1: {message}"):
        read_spans(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "is not JSON"),
        ('{"clip": "a"}', "holds {'clip': 'a'}, expected a list of objects"),
        ("[3]", "entry 0: is 3, expected an object with clip, person"),
    ],
)
def test_what_is_not_such_json(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "labels.json"
    file.write_text(text)
    with pytest.raises(InputError, match=rf"labels\.json: {message}"):
        read_spans(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: cannot be read \(No such file"):
        read_spans(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"labels\.txt: is not named \*\.csv or \*\.json"):
        read_spans(tmp_path / "labels.txt")
    (tmp_path / "latin.csv").write_bytes(b"clip,person,first_frame,last_frame,label\n\xfc,1,0,1,x")
    with pytest.raises(InputError, match=r"latin\.csv: is not text in UTF-8"):
        read_spans(tmp_path / "latin.csv")
