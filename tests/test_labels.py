from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from stgnf_jax.errors import InputError
from stgnf_jax.labels import abnormal_poses, window_labels
from stgnf_jax.poses import Tracks
from stgnf_jax.window_set import load_window_set
from tests.small import (
    FLOW,
    NUM_FRAMES,
    small_config,
    walk,
    write_annotations,
    write_clip,
    write_data,
    write_spans,
)


@pytest.fixture
def data(tmp_path: Path) -> ConfigDict:
    return small_config(write_data(tmp_path)).data


def train_tracks(data: ConfigDict) -> Tracks:
    return load_window_set(data, FLOW, data.train_poses, data.train_stride).tracks


def write_masks(data: ConfigDict, **abnormal: slice) -> None:
    """Frame masks of the clips 0, 1 and 2 with some frames abnormal; clip 0 is called _0."""
    folder = Path(data.root, "labels")
    folder.mkdir()
    for clip in ("0", "1", "2"):
        mask = np.zeros(NUM_FRAMES, np.int8)
        mask[abnormal.get(f"_{clip}", slice(0))] = 1
        np.save(folder / f"{clip}.npy", mask)
    data.train_labels, data.train_label_kind = "labels", "frame_masks"


def test_without_labels_all_is_normal_and_nothing_is_checked(data: ConfigDict) -> None:
    data.train_label_kind = "nonsense"
    abnormal = abnormal_poses(data, train_tracks(data))
    assert abnormal.shape == (6 * NUM_FRAMES,)
    assert not abnormal.any()


def test_spans(data: ConfigDict) -> None:
    data.train_labels = "labels.csv"
    write_spans(Path(data.root, "labels.csv"), ("1", 2, 3, 4, "abnormal"))
    abnormal = abnormal_poses(data, train_tracks(data))
    assert np.flatnonzero(abnormal).tolist() == [3 * NUM_FRAMES + 3, 3 * NUM_FRAMES + 4]


def test_all_people_in_an_abnormal_frame_are_abnormal(data: ConfigDict) -> None:
    write_masks(data, _0=slice(0, 1), _2=slice(20, NUM_FRAMES))
    abnormal = abnormal_poses(data, train_tracks(data)).reshape(3, 2, NUM_FRAMES)
    np.testing.assert_array_equal(abnormal[:, 0], abnormal[:, 1])
    assert [np.flatnonzero(clip[0]).tolist() for clip in abnormal] == [[0], [], [20, 21, 22, 23]]


def test_ones_in_masks_mean_what_they_mean_in_the_benchmark(data: ConfigDict) -> None:
    write_masks(data, _1=slice(2))
    tracks = train_tracks(data)
    data.benchmark = "ubnormal"
    for clip in ("0", "1", "2"):
        Path(data.root, f"labels/{clip}.npy").rename(Path(data.root, f"labels/{clip}_tracks.txt"))
    assert abnormal_poses(data, tracks).sum() == 2 * (3 * NUM_FRAMES - 2)


def test_a_mask_shorter_than_its_clip(data: ConfigDict) -> None:
    write_masks(data)
    np.save(Path(data.root, "labels/1.npy"), np.zeros(NUM_FRAMES - 1))
    message = r"labels/1\.npy: person 1: frame 23: is beyond the mask of clip 1, which has 23 fr"
    with pytest.raises(InputError, match=message):
        abnormal_poses(data, train_tracks(data))


def test_a_mask_is_missing(data: ConfigDict) -> None:
    write_masks(data)
    write_clip(Path(data.root, "pose/train/3.json"), [walk(1)])
    with pytest.raises(InputError, match=r"labels/3\.npy: is missing; the mask of clip 3"):
        abnormal_poses(data, train_tracks(data))


def test_instance_masks(data: ConfigDict) -> None:
    """Object 1 is all that there is; poses are in pixels twice as small as those of the masks."""
    clip = "abnormal_scene_2_scenario_1"
    write_clip(Path(data.root, f"ub/{clip}_alphapose_tracked_person.json"), [walk(5), walk(6)])
    image = Image.new("L", (2000, 2000), 1)
    write_annotations(Path(data.root, "labels"), clip, "1,3,4\n", {3: image, 4: image})
    data.train_poses, data.benchmark = "ub", "ubnormal"
    data.train_labels, data.train_label_kind = "labels", "instance_masks"
    for resolution in ((), (1000.0, 1000.0)):
        data.train_label_resolution = resolution
        abnormal = abnormal_poses(data, train_tracks(data))
        assert np.flatnonzero(abnormal).tolist() == [3, 4, NUM_FRAMES + 3, NUM_FRAMES + 4]
    data.train_label_resolution = (10.0, 10.0)
    with pytest.raises(InputError, match="lies beyond"):
        abnormal_poses(data, train_tracks(data))


def test_an_unknown_kind(data: ConfigDict) -> None:
    data.train_labels, data.train_label_kind = "labels", "boxes"
    message = r"config\.data\.train_label_kind: must be one of spans, .*, got 'boxes'"
    with pytest.raises(InputError, match=message):
        abnormal_poses(data, train_tracks(data))


@pytest.mark.parametrize(("length", "middle"), [(8, 4), (5, 2), (1, 0)])
def test_a_window_has_the_label_of_its_middle(length: int, middle: int) -> None:
    abnormal = np.zeros(20, bool)
    abnormal[10] = True
    start = np.arange(20 - length)
    label = window_labels(abnormal, start, length)
    expected = np.where(start == 10 - middle, -1, 1).astype(np.float32)
    np.testing.assert_array_equal(label, expected, strict=True)
