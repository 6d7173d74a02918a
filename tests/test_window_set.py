import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax.config import default_config
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.skeleton import COCO_17
from stgnf_jax.window_set import (
    evaluated_benchmark,
    load_test_windows,
    load_window_set,
    second_data,
)
from tests.small import FLOW, NUM_FRAMES, small_config, walk, write_clip, write_data

LEFT_OUT = ("01_0130", "01_0135", "01_0136", "06_0144", "06_0145", "12_0152")


@pytest.fixture
def data(tmp_path: Path) -> ConfigDict:
    return small_config(write_data(tmp_path)).data


def test_the_windows_of_a_folder(data: ConfigDict) -> None:
    tracks, windows = load_window_set(data, FLOW, "pose/test", 1)
    assert tracks.clips == ("a", "b")
    assert tracks.keypoints.shape == (4 * NUM_FRAMES, 18, 3)
    np.testing.assert_array_equal(np.bincount(windows.track), 4 * [NUM_FRAMES - 8 + 1])
    with_stride = load_window_set(data, FLOW, "pose/test", 5).windows
    np.testing.assert_array_equal(np.bincount(with_stride.track), 4 * [4])


def test_the_flow_gives_length_and_skeleton(data: ConfigDict) -> None:
    flow = FLOW._replace(segment_length=NUM_FRAMES, skeleton=COCO_17)
    tracks, windows = load_window_set(data, flow, "pose/test", 1)
    assert tracks.keypoints.shape == (4 * NUM_FRAMES, 17, 3)
    np.testing.assert_array_equal(windows.start, tracks.offsets[:-1])


def test_reference_windows_lack_the_last(data: ConfigDict) -> None:
    data.windowing = "reference"
    windows = load_window_set(data, FLOW, "pose/test", 1).windows
    np.testing.assert_array_equal(np.bincount(windows.track), 4 * [NUM_FRAMES - 8])


def test_reference_windows_take_frames_as_strings(data: ConfigDict) -> None:
    pose = {"keypoints": walk(0)[0].ravel().tolist()}
    track = {"1": {str(frame): pose for frame in range(5, 15)}}
    Path(data.root, "pose/test/a.json").write_text(json.dumps(track))
    numbers = {}
    for data.windowing in ("all", "reference"):
        numbers[data.windowing] = load_window_set(data, FLOW, "pose/test", 1).tracks.frame[:10]
    np.testing.assert_array_equal(numbers["all"], range(5, 15))
    np.testing.assert_array_equal(numbers["reference"], [*range(10, 15), *range(5, 10)])


def test_max_absent(data: ConfigDict) -> None:
    poses = walk(0)
    track = {"1": {str(2 * f): {"keypoints": p.ravel().tolist()} for f, p in enumerate(poses)}}
    Path(data.root, "pose/test/a.json").write_text(json.dumps(track))
    assert len(load_window_set(data, FLOW, "pose/test", 1).windows.start) == 2 * (NUM_FRAMES - 7)
    data.max_absent = 4
    assert len(load_window_set(data, FLOW, "pose/test", 1).windows.start) == 3 * (NUM_FRAMES - 7)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("benchmark", "ped2", "must be one of shanghaitech, .*, got 'ped2'"),
        ("windowing", "some", "must be all or reference, got 'some'"),
    ],
)
def test_an_unknown_name(data: ConfigDict, field: str, value: str, message: str) -> None:
    data[field] = value
    with pytest.raises(InputError, match=rf"config\.data\.{field}: {message}"):
        load_window_set(data, FLOW, "pose/test", 1)


def test_poses_have_three_channels_at_most(data: ConfigDict) -> None:
    message = r"config\.model\.channels: must be 2 or 3 for poses, .*, got 4"
    with pytest.raises(InputError, match=message):
        load_window_set(data, FLOW._replace(channels=4), "pose/test", 1)


def test_no_such_folder(data: ConfigDict) -> None:
    with pytest.raises(InputError, match=r"pose/tset: is no folder that can be read"):
        load_window_set(data, FLOW, "pose/tset", 1)


def break_poses(root: str) -> None:
    """One frame has a string for a number, and one person stands flat on a line."""
    file = Path(root, "pose/test/a.json")
    clip: dict[str, Any] = json.loads(file.read_bytes())
    clip["1"][f"{NUM_FRAMES - 1:04}"]["keypoints"][4] = "here"
    for detection in clip["2"].values():
        detection["keypoints"][1::3] = 17 * [50.0]
    file.write_text(json.dumps(clip))


def test_broken_poses_stop(data: ConfigDict) -> None:
    break_poses(data.root)
    with pytest.raises(InputError, match=r"a\.json: person 1: frame 23: keypoints\[4\]: is 'here'"):
        load_window_set(data, FLOW, "pose/test", 1)


def test_broken_poses_are_left_out_and_counted(
    data: ConfigDict, caplog: pytest.LogCaptureFixture
) -> None:
    break_poses(data.root)
    data.skip_bad = True
    tracks, windows = load_window_set(data, FLOW, "pose/test", 1)
    assert len(tracks.frame) == 4 * NUM_FRAMES - 1
    np.testing.assert_array_equal(np.bincount(windows.track), [16, 0, 17, 17])
    assert f"pose/test: left out {1 + 17} broken pieces of input" in caplog.text
    assert len(caplog.messages) == 1 + 18
    assert "left out: a.json: person 1: frame 23: keypoints[4]: is 'here'" in caplog.text
    assert "left out: clip a: person 2: frame 0: keypoints: y is the same" in caplog.text


def test_only_so_many_messages(data: ConfigDict, caplog: pytest.LogCaptureFixture) -> None:
    break_poses(data.root)
    data.skip_bad = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stgnf_jax.window_set.MAX_MESSAGES", 18)
        load_window_set(data, FLOW, "pose/test", 1)
        assert "more" not in caplog.messages[-1]
        patch.setattr("stgnf_jax.window_set.MAX_MESSAGES", 5)
        load_window_set(data, FLOW, "pose/test", 1)
    assert caplog.messages[19] == f"{data.root}/pose/test: left out 18 broken pieces of input"
    assert [message[:10] for message in caplog.messages[20:25]] == 5 * ["left out: "]
    assert caplog.messages[25:] == ["... and 13 more"]


def test_the_test_windows_are_those_of_the_listed_clips(data: ConfigDict) -> None:
    data.test_stride = 5
    whole = load_test_windows(data, FLOW)
    assert whole.tracks.clips == ("a", "b")
    np.testing.assert_array_equal(np.bincount(whole.windows.track), 4 * [4])
    assert evaluated_benchmark(data) == BENCHMARKS[data.benchmark]
    Path(data.root, "some.txt").write_text("b\n")
    data.clips = "some.txt"
    assert load_test_windows(data, FLOW).tracks.clips == ("b",)
    assert evaluated_benchmark(data).only == frozenset({"b"})


def test_no_window_at_all(data: ConfigDict) -> None:
    with pytest.raises(InputError) as caught:
        load_test_windows(data, FLOW._replace(segment_length=NUM_FRAMES + 1))
    assert str(caught.value) == (
        f"{data.root}/pose/test: has no window to score: 2 clips were read with 4 people in them, "
        "none of them tracked for 25 frames; stgnf check-data says more"
    )


def test_names_are_checked_before_test_poses_are_read(data: ConfigDict) -> None:
    data.windowing = "some"
    with pytest.raises(InputError, match=r"config\.data\.windowing: must be all or reference"):
        load_test_windows(data, FLOW)


def test_what_a_second_data_set_does_not_say_is_as_in_the_first() -> None:
    data = default_config().data
    data.second.root = "elsewhere"
    assert second_data(data).root == "elsewhere"
    assert second_data(data).max_absent == data.max_absent


def test_nothing_is_reported_of_whole_poses(
    data: ConfigDict, caplog: pytest.LogCaptureFixture
) -> None:
    data.skip_bad = True
    load_window_set(data, FLOW, "pose/test", 1)
    assert not caplog.records


def test_parsed_poses_are_kept(data: ConfigDict, tmp_path: Path) -> None:
    data.cache_dir = str(tmp_path / "cache")
    first = load_window_set(data, FLOW, "pose/test", 1)
    assert list((tmp_path / "cache").iterdir())
    again = load_window_set(data, FLOW, "pose/test", 1)
    assert isinstance(again.tracks.keypoints, np.memmap)
    assert again.tracks.clips == first.tracks.clips
    np.testing.assert_array_equal(again.tracks.keypoints, first.tracks.keypoints)
    np.testing.assert_array_equal(again.windows.start, first.windows.start)


def test_shanghaitech_hr_leaves_out_six_clips(data: ConfigDict, tmp_path: Path) -> None:
    clips = sorted(("01_0001", "06_0146", "12_0151", "12_0174", *LEFT_OUT))
    for seed, clip in enumerate(clips):
        name = f"{clip}_alphapose_tracked_person.json"
        write_clip(tmp_path / "hr" / name, [walk(seed), walk(100 + seed)])
    data.benchmark = "shanghaitech"
    every = load_window_set(data, FLOW, "hr", 1)
    data.benchmark = "shanghaitech_hr"
    tracks, windows = load_window_set(data, FLOW, "hr", 1)
    assert every.tracks.clips == tuple(clips)
    assert tracks.clips == ("01_0001", "06_0146", "12_0151", "12_0174")
    assert len(windows.start) == 4 * 2 * 17
    for track in range(8):
        number = clips.index(tracks.clips[tracks.clip[track]])
        there = np.flatnonzero(every.tracks.clip == number)[track % 2]
        poses = slice(*tracks.offsets[track : track + 2])
        original = slice(*every.tracks.offsets[there : there + 2])
        np.testing.assert_array_equal(
            tracks.keypoints[poses], every.tracks.keypoints[original], strict=True
        )
        np.testing.assert_array_equal(tracks.frame[poses], every.tracks.frame[original])
