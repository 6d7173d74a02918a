import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stgnf_jax import windows as windows_module
from stgnf_jax.augment import AUGMENTATIONS, augment
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.errors import InputError
from stgnf_jax.poses import Tracks, read_folder
from stgnf_jax.skeleton import OPENPOSE_18
from stgnf_jax.windows import (
    Windowing,
    Windows,
    check_resolution,
    check_windows,
    flat_windows,
    gather,
    index_windows,
    normalise,
    window_origin,
)

RESOLUTION = (856, 480)


class Golden(NamedTuple):
    """Which windows a part of the golden file holds, and how many are missing there."""

    split: str
    length: int
    stride: int
    missing: int


GOLDEN = {
    "train": Golden("train", 24, 6, missing=0),
    "test": Golden("test", 24, 1, missing=19),
    "test16": Golden("test", 16, 1, missing=19),
    "train12": Golden("train", 12, 4, missing=1),
}


def make_tracks(frames: list[list[int]], y: NDArray[np.float32] | None = None) -> Tracks:
    """Tracks with these frames, in two clips by turns, persons 10, 11, ...; y is (D, V)."""
    total, people = sum(map(len, frames)), len(frames)
    y = np.arange(total * 2, dtype=np.float32).reshape(total, 2) if y is None else y
    x, confidence = np.arange(y.size, dtype=np.float32).reshape(y.shape), np.full_like(y, 0.5)
    return Tracks(
        keypoints=np.stack([x, y, confidence], -1),
        score=np.zeros(total, np.float32),
        frame=np.array([number for track in frames for number in track], np.int32),
        person=np.arange(10, 10 + people),
        clip=(np.arange(people) % 2).astype(np.int32),
        offsets=np.cumsum([0, *map(len, frames)]),
        clips=("even", "odd"),
    )


def naive_windows(
    frames: list[list[int]], length: int, stride: int, windowing: str, max_absent: int
) -> list[tuple[int, int]]:
    """(track, start in the track), by the rule's own words."""
    windows = []
    for track, numbers in enumerate(frames):
        last = len(numbers) - length + (windowing == "all")
        for start in range(0, last, stride):
            among = set(numbers[start : start + length])
            absent = set(range(numbers[start], numbers[start] + length)) - among
            if len(absent) <= max_absent:
                windows.append((track, start))
    return windows


def read_golden_poses(shared: Path, split: str) -> Tracks:
    return read_folder(
        shared / "goldens/poses/pose" / split,
        pose_file=BENCHMARKS["shanghaitech"].pose_file,
        skeleton=OPENPOSE_18,
    ).tracks


@pytest.mark.reference
@pytest.mark.parametrize("key", GOLDEN)
def test_windows_are_those_of_the_published_system(shared: Path, key: str) -> None:
    split, length, stride, _ = GOLDEN[key]
    with np.load(shared / "goldens/windows.npz") as file:
        golden = {part: file[f"{key}/{part}"] for part in ("windows", "meta", "score")}
        normalised = file[f"{key}/normalised"]
    tracks = read_golden_poses(shared, split)
    windows = index_windows(tracks, length=length, stride=stride, windowing="reference")
    x = gather(tracks.keypoints, windows.start, length)
    np.testing.assert_array_equal(np.moveaxis(np.asarray(x), -1, 1), golden["windows"])
    origin = window_origin(tracks, windows)
    scene, clip = np.array([tracks.clips[clip].split("_") for clip in origin.clip]).astype(int).T
    np.testing.assert_array_equal(
        np.stack([scene, clip, origin.person, origin.frame], 1), golden["meta"]
    )
    score = tracks.score[windows.start[:, None] + np.arange(length)]
    np.testing.assert_array_equal(score, golden["score"].astype(np.float32))
    if key == "train":
        x = jnp.stack([augment(x[:20], matrix) for matrix in AUGMENTATIONS["mirror_shear"]])
    np.testing.assert_allclose(
        np.moveaxis(np.asarray(normalise(x, RESOLUTION)), -1, -3), normalised, rtol=0, atol=1e-5
    )


@pytest.mark.reference
@pytest.mark.parametrize("key", GOLDEN)
def test_all_adds_the_last_windows_and_nothing_else(shared: Path, key: str) -> None:
    split, length, stride, missing = GOLDEN[key]
    tracks = read_golden_poses(shared, split)
    everything, reference = (
        set(zip(windows.start.tolist(), windows.track.tolist(), strict=True))
        for windows in (
            index_windows(tracks, length=length, stride=stride),
            index_windows(tracks, length=length, stride=stride, windowing="reference"),
        )
    )
    last = set(zip(tracks.offsets[1:] - length, range(len(tracks.person)), strict=True))
    assert reference <= everything
    assert everything - reference == everything & last
    assert len(everything - reference) == missing


# How many windows or detections are looked at together.
CHUNKS = st.sampled_from([1, 2, 5, 2**16])
FRAMES = st.lists(st.lists(st.integers(0, 30), max_size=25, unique=True, min_size=1), max_size=4)


@settings(max_examples=300, deadline=None)
@given(
    frames=FRAMES | FRAMES.map(lambda frames: [sorted(track) for track in frames]),
    length=st.integers(1, 8),
    stride=st.integers(1, 5),
    windowing=st.sampled_from(["all", "reference"]),
    max_absent=st.integers(0, 9),
    chunk=CHUNKS,
)
def test_the_rule_is_the_one_in_words(
    *,
    frames: list[list[int]],
    length: int,
    stride: int,
    windowing: Windowing,
    max_absent: int,
    chunk: int,
) -> None:
    tracks = make_tracks(frames)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows_module, "_CHUNK", chunk)
        windows = index_windows(
            tracks, length=length, stride=stride, windowing=windowing, max_absent=max_absent
        )
    expected = naive_windows(frames, length, stride, windowing, max_absent)
    first = tracks.offsets[windows.track]
    assert list(zip(windows.track, windows.start - first, strict=True)) == expected
    assert windows.start.dtype == np.dtype(np.int64)
    assert windows.track.dtype == np.dtype(np.int32)


@pytest.mark.parametrize(
    ("numbers", "everything", "reference"),
    [
        ([7, 8, 9], [], []),
        ([7, 8, 9, 10], [7], []),
        ([7, 8, 9, 10, 11], [7, 8], [7]),
        ([7, 8, 9, 12], [7], []),  # 10 absent, and 12 lies beyond
        ([7, 8, 11, 12], [7], []),  # 9 and 10 absent
        ([7, 11, 12, 13], [], []),  # 8, 9 and 10 absent
    ],
)
def test_short_tracks_and_gaps(
    numbers: list[int], everything: list[int], reference: list[int]
) -> None:
    tracks = make_tracks([numbers])
    for windowing, expected in (("all", everything), ("reference", reference)):
        windows = index_windows(tracks, length=4, stride=1, windowing=windowing)  # type: ignore[arg-type]
        assert window_origin(tracks, windows).frame.tolist() == expected


def test_origin_names_clip_person_and_first_frame() -> None:
    tracks = make_tracks([[5, 6], [1], [3, 4, 5]])
    windows = index_windows(tracks, length=2, stride=1)
    clip, person, frame = window_origin(tracks, windows)
    assert clip.tolist() == [0, 0, 0]
    assert person.tolist() == [10, 12, 12]
    assert frame.tolist() == [5, 3, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "length and stride must be at least 1"),
        ({"stride": 0}, "length and stride must be at least 1"),
        ({"max_absent": -1}, "max_absent at least 0, got 2, 1 and -1"),
        ({"windowing": "some"}, "windowing must be all or reference, got 'some'"),
    ],
)
def test_wrong_options_are_named(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        index_windows(make_tracks([[1, 2]]), **{"length": 2, "stride": 1, **options})  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(
    y=st.lists(st.tuples(*[st.sampled_from([1.1, 1.1, 1.1, 2.0])] * 2), min_size=6, max_size=12),
    length=st.integers(1, 4),
    chunk=CHUNKS,
)
def test_flat_windows_are_those_whose_y_has_no_spread(
    y: list[tuple[float, float]], length: int, chunk: int
) -> None:
    values = np.array(y, np.float32)
    tracks = make_tracks([list(range(4)), list(range(len(y) - 4))], values)
    windows = index_windows(tracks, length=length, stride=1)
    spread = [np.ptp(values[start : start + length]) for start in windows.start]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows_module, "_CHUNK", chunk)
        flat = flat_windows(tracks, windows, length)
    assert flat.tolist() == [value == 0 for value in spread]


@pytest.mark.parametrize("resolution", [(856, 480), [1.5, 1e6]])
def test_a_resolution_is_two_sizes(resolution: Sequence[float]) -> None:
    check_resolution(resolution)


@pytest.mark.parametrize(
    "resolution", [(), (1,), (1, 2, 3), (0, 5), (5, -1), (5, np.inf), (np.nan, 5), ("5", 5)]
)
def test_what_is_no_resolution(resolution: Sequence[float]) -> None:
    message = f"resolution must be width and height in pixels, got {resolution}"
    with pytest.raises(ValueError, match=re.escape(message)):
        check_resolution(resolution)


def test_no_windows_is_no_error() -> None:
    tracks = make_tracks([])
    windows = index_windows(tracks, length=3, stride=1)
    kept, skipped = check_windows(tracks, windows, 3)
    assert (len(kept.start), skipped) == (0, ())
    assert gather(tracks.keypoints, windows.start, 3).shape == (0, 3, 2, 3)


def test_a_flat_window_is_an_error_or_left_out() -> None:
    y = np.array([[1, 2], [3, 3], [3, 3], [3, 3], [3, 4]], np.float32)
    tracks = make_tracks([[8], [5, 6, 7, 8]], y)
    windows = index_windows(tracks, length=2, stride=1)
    message = (
        "clip odd: person 11: frame {}: keypoints: y is the same in all joints of 2 detections, "
        "so there is no size to normalise by; remove these detections"
    )
    with pytest.raises(InputError) as caught:
        check_windows(tracks, windows, 2)
    assert str(caught.value) == message.format(5)
    kept, skipped = check_windows(tracks, windows, 2, skip_bad=True)
    assert skipped == (message.format(5), message.format(6))
    assert kept.start.tolist() == [3]
    assert kept.track.tolist() == [1]
    good = Windows(windows.start[2:], windows.track[2:])
    assert check_windows(tracks, good, 2)[0].start.tolist() == [3]


def test_gather_is_the_same_in_numpy_jit_and_vmap() -> None:
    keypoints = make_tracks([list(range(9))]).keypoints
    start = np.array([0, 5, 2])
    expected = np.stack([keypoints[first : first + 4] for first in start])
    in_numpy = gather(keypoints, start, 4)
    assert isinstance(in_numpy, np.ndarray)
    jitted = jax.jit(gather, static_argnums=2)(keypoints, start, 4)
    closed_over = jax.jit(lambda start: gather(keypoints, start, 4))(start)
    mapped = jax.vmap(lambda first: gather(keypoints, first, 4))(start)
    for x in (in_numpy, gather(jnp.array(keypoints), start, 4), jitted, closed_over, mapped):
        np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("start", [[], [0, 5, 2], [[3, 3], [0, 1]]])
def test_gather_from_disk_keeps_nothing_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: list[int]
) -> None:
    keypoints = make_tracks([list(range(9))]).keypoints
    np.save(tmp_path / "keypoints.npy", keypoints)
    mapped = np.load(tmp_path / "keypoints.npy", mmap_mode="r")
    released: list[object] = []
    monkeypatch.setattr(windows_module, "release", released.append)
    first = np.array(start, np.int64)
    x = np.asarray(gather(mapped, first, 4))
    np.testing.assert_array_equal(x, keypoints[first[..., None] + range(4)], strict=True)
    assert not isinstance(x, np.memmap)
    assert x.flags.owndata
    assert released == [mapped]


def test_gather_takes_no_window_beyond_the_last() -> None:
    keypoints = make_tracks([list(range(9))]).keypoints
    for detections, start in ((9, 6), (9, 9), (3, 0), (0, 0)):
        with pytest.raises(IndexError):
            gather(keypoints[:detections], np.array([start]), 4)


def random_windows(dtype: type, channels: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(0)
    x = np.array([700, 300, 0.5]) + rng.normal(size=(2, 3, 6, 5, 3)) * [8, 15, 0.1]
    return x[..., :channels].astype(dtype)


@pytest.mark.parametrize("channels", [2, 3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-13)])
def test_normalise_has_no_place_and_unit_height(
    dtype: type, tolerance: float, channels: int
) -> None:
    x = random_windows(dtype, channels)
    place = x[..., :2].astype(np.float64) / RESOLUTION
    place -= place.mean((-3, -2), keepdims=True)
    place /= place[..., 1:].std((-3, -2), keepdims=True)
    with jax.enable_x64(dtype is np.float64):
        y = jax.jit(normalise, static_argnums=1)(x, RESOLUTION)
        assert y.dtype == dtype
        np.testing.assert_allclose(y[..., :2], place, rtol=0, atol=tolerance)
        np.testing.assert_array_equal(y[..., 2:], x[..., 2:])


def test_a_window_that_does_not_vary_is_not_finite() -> None:
    assert jnp.isnan(normalise(np.full((4, 3, 2), 0.1, np.float32), RESOLUTION)).all()
