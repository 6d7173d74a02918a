"""From files of every format to pose files that load."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.pose_formats.clip_files import find_clips
from stgnf_jax.pose_formats.clip_poses import read_clip
from stgnf_jax.pose_formats.conversion import FORMAT_NAMES, Conversion
from stgnf_jax.pose_formats.convert_poses import Converted, convert_poses
from stgnf_jax.pose_formats.registry import FORMATS
from stgnf_jax.poses import Tracks, read_folder
from stgnf_jax.skeleton import COCO_17
from tests.pose_formats import samples
from tests.pose_formats.samples import NUM_FRAMES, PEOPLE, SAMPLES, pose


def load(folder: Path) -> Tracks:
    pose_file = BENCHMARKS["custom"].pose_file
    return read_folder(folder, pose_file=pose_file, skeleton=COCO_17).tracks


def test_every_format_has_a_name_for_the_command_line_and_a_sample() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES
    assert {name for name, _ in SAMPLES.values()} == set(FORMATS)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("named", [True, False])
def test_poses_are_read_as_they_were_written(tmp_path: Path, sample: str, named: bool) -> None:
    name, write = SAMPLES[sample]
    (clip,) = find_clips(write(tmp_path), [name] if named else list(FORMATS))
    assert clip.name == "clip"
    resolution = samples.RESOLUTION if name == "mediapipe" else None
    poses = read_clip(clip, [name] if named else list(FORMATS), resolution, lambda: None)
    order = np.lexsort((poses.keypoints[:, 0, 0], poses.frame))
    expected = np.array([pose(f, p) for f in range(NUM_FRAMES) for p in PEOPLE])
    tolerance = 1e-6 if name == "numpy" else 1e-12
    np.testing.assert_allclose(poses.keypoints[order], expected, rtol=tolerance)
    assert poses.frame[order].tolist() == [0, 0, 1, 1, 2, 2]
    has_tracks = name not in samples.WITHOUT_TRACKS
    assert poses.person[order].tolist() == (3 * [1, 2] if has_tracks else 6 * [-1])
    scores = [3.0 if name in samples.WITH_SCORES else np.nan] * 6
    np.testing.assert_array_equal(poses.score, scores)


@pytest.mark.parametrize(
    "sample", [s for s, (name, _) in SAMPLES.items() if name not in samples.WITHOUT_TRACKS]
)
def test_what_is_written_loads(tmp_path: Path, sample: str) -> None:
    done = convert_poses(SAMPLES[sample][1](tmp_path / "in"), tmp_path / "out", Conversion())
    assert done == Converted(1, 3, 2, 6, 0, 0, 0, 0, 0, 0)
    tracks = load(tmp_path / "out")
    assert tracks.clips == ("clip",)
    assert tracks.person.tolist() == [1, 2]
    assert tracks.frame.tolist() == [0, 1, 2, 0, 1, 2]
    expected = np.array([pose(f, p) for p in PEOPLE for f in range(NUM_FRAMES)], np.float32)
    np.testing.assert_array_equal(tracks.keypoints, expected)


def convert(source: Path, out: Path, **options: Any) -> Converted:
    return convert_poses(source, out, Conversion(**options))


def test_a_folder_of_clips_keeps_their_names(tmp_path: Path) -> None:
    source = tmp_path / "in"
    samples.openpose(source / "a").rename(source / "garage 7")  # Its folder is left, empty.
    samples.alphapose(source).rename(source / "01_0014.json")
    samples.csv_table(source).rename(source / "b.csv")
    samples.coco(source / "c").rename(source / "c/results.json")
    (source / "garage 7/0.png").touch()
    (source / "notes.txt").touch()
    done = convert(source, tmp_path / "out")
    assert done == Converted(4, 12, 8, 24, 0, 0, 0, 0, 0, 0)
    assert load(tmp_path / "out").clips == ("01_0014", "b", "c", "garage 7")


def test_one_clip_to_a_file_of_another_name(tmp_path: Path) -> None:
    convert(samples.coco(tmp_path), tmp_path / "out/x.json")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.json"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    source, out = samples.coco(tmp_path / "in"), tmp_path / "out"
    convert(source, out)
    (out / "clip.json").write_text("mine")
    with pytest.raises(InputError, match=r"clip.json: exists; remove it, or give --overwrite"):
        convert(source, out)
    assert (out / "clip.json").read_text() == "mine"
    convert(source, out, overwrite=True)
    assert load(out).clips == ("clip",)


def test_several_clips_do_not_fit_into_one_file(tmp_path: Path) -> None:
    samples.coco(tmp_path / "in").rename(tmp_path / "in/b.json")
    samples.coco(tmp_path / "in")
    with pytest.raises(InputError, match=r"x.json: is one file for 2 clips; give a folder"):
        convert(tmp_path / "in", tmp_path / "x.json")


def test_frames_are_counted_from_the_first(tmp_path: Path) -> None:
    source = tmp_path / "in/clip.json"
    samples.coco(tmp_path / "in")
    entries = json.loads(source.read_text())
    source.write_text(json.dumps([e | {"image_id": e["image_id"] + 1} for e in entries]))
    assert convert(source, tmp_path / "as it is").first_frame == 1
    assert load(tmp_path / "as it is").frame.tolist() == [1, 2, 3] * 2
    assert convert(source, tmp_path / "from 0", first_frame=1).first_frame == 0
    assert load(tmp_path / "from 0").frame.tolist() == [0, 1, 2] * 2
    with pytest.raises(InputError, match=r"clip.json: frame 1: is before --first_frame=2"):
        convert(source, tmp_path / "too late", first_frame=2)


def test_frames_sort_as_text_too(tmp_path: Path) -> None:
    source = samples.coco(tmp_path)
    entry = json.loads(source.read_text())[0]
    source.write_text(json.dumps([entry | {"image_id": image} for image in (12345, 9)]))
    convert(source, tmp_path / "out")
    people = json.loads((tmp_path / "out/clip.json").read_text())
    assert list(people["1"]) == ["00009", "12345"]
    assert people["1"]["00009"] == {"keypoints": entry["keypoints"], "scores": 3.0}


def test_gaps_are_filled_and_counted(tmp_path: Path) -> None:
    source = samples.openpose(tmp_path)
    middle = source / "video2_000000000001_keypoints.json"
    frame = json.loads(middle.read_text())
    frame["people"][0]["pose_keypoints_2d"][:3] = [0, 0, 0]  # The nose.
    middle.write_text(json.dumps(frame))
    assert convert(source, tmp_path / "out") == Converted(1, 3, 2, 6, 1, 0, 0, 0, 0, 0)
    np.testing.assert_allclose(load(tmp_path / "out").keypoints[1], pose(1, 1), rtol=1e-6)
    dropped = convert(source, tmp_path / "dropped", missing="drop", max_gap=0)
    assert dropped == Converted(1, 3, 2, 5, 0, 0, 1, 0, 0, 0)
    kept = convert(source, tmp_path / "kept", missing="keep")
    assert kept == Converted(1, 3, 2, 6, 0, 1, 0, 0, 0, 0)
    assert load(tmp_path / "kept").keypoints[1, 0].tolist() == [0, 0, 0]


def test_fractions_need_the_picture_and_pixels_do_not(tmp_path: Path) -> None:
    source = samples.mediapipe(tmp_path)
    with pytest.raises(InputError, match=r"clip.json: has coordinates that are fractions of the"):
        convert(source, tmp_path / "out")
    in_pixels = samples.coco(tmp_path)
    with pytest.raises(InputError, match=r"has the coordinate 216, so it is in pixels; leave"):
        convert(in_pixels, tmp_path / "out", resolution=(1024, 512))
    entries = json.loads(in_pixels.read_text())
    in_pixels.write_text(json.dumps([e | {"keypoints": [0.25, 0.5, 1] * 17} for e in entries]))
    with pytest.raises(InputError, match=r"give its pixels by --resolution=WIDTH,HEIGHT"):
        convert(in_pixels, tmp_path / "out")
    convert(in_pixels, tmp_path / "out", resolution=(1024, 512))
    assert (load(tmp_path / "out").keypoints == [256, 256, 1]).all()


def test_a_person_is_once_in_a_frame(tmp_path: Path) -> None:
    source = samples.coco(tmp_path)
    entries = json.loads(source.read_text())
    best, worst = ([5.0, 6.0, confidence] * 17 for confidence in (0.99, 0.01))
    again = [entries[3] | {"keypoints": keypoints} for keypoints in (worst, best, worst)]
    source.write_text(json.dumps(again + entries))
    done = convert(source, tmp_path / "out")
    assert done == Converted(1, 3, 2, 6, 0, 0, 0, 0, 3, 0)
    tracks = load(tmp_path / "out")
    assert tracks.frame.tolist() == [0, 1, 2, 0, 1, 2]
    np.testing.assert_allclose(tracks.keypoints[4], [[5, 6, 0.99]] * 17, rtol=1e-6)


def test_a_clip_without_people_is_a_clip(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/0_keypoints.json").write_text('{"version": 1.3, "people": []}')
    done = convert(tmp_path / "in", tmp_path / "out")
    assert done == Converted(1, 0, 0, 0, 0, 0, 0, 0, 0, -1)
    assert (tmp_path / "out/in.json").read_text() == "{}"
