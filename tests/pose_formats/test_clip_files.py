"""Which files make which clip, and of which format they are."""

import json
from pathlib import Path

import pytest

from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.clip_files import ClipFiles, find_clips
from stgnf_jax.pose_formats.clip_poses import ClipPoses, read_clip
from stgnf_jax.pose_formats.registry import FORMATS
from tests.pose_formats import samples

ALL = tuple(FORMATS)


def read(clip: ClipFiles, formats: tuple[str, ...] = ALL) -> ClipPoses:
    return read_clip(clip, formats, None, lambda: None)


def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("v1_f10.json", "v1_f9.json", "v1_f011.json"):
        (tmp_path / name).write_text('{"people": []}')
    (clip,) = find_clips(tmp_path, ALL)
    assert clip.name == tmp_path.name
    assert [file.name for file in clip.files] == ["v1_f9.json", "v1_f10.json", "v1_f011.json"]
    assert clip.frames == (9, 10, 11)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.json"], r"has no number of a frame in 'a.json'"),
        (["1.json", "01.json"], r"1.json: has the frame number 1 in its name, as 01.json has"),
        (["99999999999.json"], r"expected a whole number from 0 to 10000000"),
    ],
)
def test_names_that_are_no_frames(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        (tmp_path / name).write_text('{"people": []}')
    with pytest.raises(InputError, match=message):
        find_clips(tmp_path, ALL)


def test_one_frame_is_no_clip(tmp_path: Path) -> None:
    samples.openpose(tmp_path)
    (clip,) = find_clips(tmp_path / "clip/video2_000000000000_keypoints.json", ALL)
    with pytest.raises(InputError, match=r"_keypoints.json: holds one frame; give the folder"):
        read(clip)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([], "may be alphapose or coco or mediapipe or mmpose or ultralytics; say which by "),
        ([[], []], None),
        ({}, None),
        ([1], "is not in one of alphapose, chad, coco, csv, "),
        ({"a": 1}, "is not in one of alphapose, chad, coco, csv, "),
        ("text", "is not in one of alphapose, chad, coco, csv, "),
    ],
)
def test_contents_that_say_little(tmp_path: Path, contents: object, message: str | None) -> None:
    (tmp_path / "clip.json").write_text(json.dumps(contents))
    (clip,) = find_clips(tmp_path / "clip.json", ALL)
    if message is None:
        assert len(read(clip).frame) == 0
    else:
        with pytest.raises(InputError, match=message):
            read(clip)


@pytest.mark.parametrize("name", ["alphapose", "coco", "mediapipe", "mmpose", "ultralytics"])
def test_a_clip_without_people_is_read_as_the_format_that_is_named(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "clip.json").write_text("[]")
    (clip,) = find_clips(tmp_path / "clip.json", [name])
    assert len(read(clip, (name,)).frame) == 0


def test_a_file_of_another_format_than_the_one_named(tmp_path: Path) -> None:
    (clip,) = find_clips(samples.alphapose(tmp_path), ["openpose"])
    with pytest.raises(InputError, match=r"clip.json: is not in openpose's form as far as"):
        read(clip, ("openpose",))


def test_frames_without_people_take_the_format_of_the_others(tmp_path: Path) -> None:
    folder = samples.ultralytics_frames(tmp_path)
    (folder / "frame0.json").write_text("[]")
    (folder / "frame3.json").write_text("[]")
    (clip,) = find_clips(folder, ALL)
    assert clip.frames == (0, 1, 2, 3)
    assert read(clip).frame.tolist() == [1, 2, 1, 2]
    for frame in (1, 2):
        (folder / f"frame{frame}.json").write_text("[]")
    with pytest.raises(InputError, match="has no file with people, so frames cannot be told from"):
        find_clips(folder, ALL)


def test_frames_of_several_formats_are_refused(tmp_path: Path) -> None:
    folder = samples.ultralytics_frames(tmp_path)
    (folder / "frame1.json").write_text('{"people": []}')
    (clip,) = find_clips(folder, ALL)
    with pytest.raises(InputError, match=r"frame1.json: frame 1: person: is {.*}, expected a list"):
        read(clip)


def test_a_folder_of_frames_is_one_clip_whatever_else_is_in_it(tmp_path: Path) -> None:
    folder = samples.openpose(tmp_path)
    samples.coco(folder / "inner")
    (folder / "0.png").touch()
    (folder / ".hidden.json").touch()
    assert [clip.name for clip in find_clips(folder, ALL)] == ["clip"]


def test_folders_that_are_no_clips(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no pose file: no \*.json, \*.csv, \*.npy, \*.pkl"):
        find_clips(tmp_path, ALL)
    with pytest.raises(InputError, match=r"nowhere: is missing; give a file or folder of poses"):
        find_clips(tmp_path / "nowhere", ALL)
    (tmp_path / "video.mp4").touch()
    with pytest.raises(InputError, match=r"video.mp4: is not named .*\*.npy, \*.pkl, nor"):
        find_clips(tmp_path / "video.mp4", ALL)
    samples.coco(tmp_path / "inner").rename(tmp_path / "inner/b.json")
    samples.coco(tmp_path / "inner")
    with pytest.raises(InputError, match=r"inner: holds several clips; convert this folder by"):
        find_clips(tmp_path, ALL)


def test_two_clips_of_one_name(tmp_path: Path) -> None:
    samples.coco(tmp_path)
    samples.csv_table(tmp_path)
    with pytest.raises(InputError, match=r"clip.json: makes a second clip clip beside .*clip.csv"):
        find_clips(tmp_path, ALL)
