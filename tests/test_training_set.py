from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax import training_set
from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.errors import InputError
from stgnf_jax.training_set import (
    LabelCounts,
    is_supervised,
    label_counts,
    load_training_set,
    select,
    split_held_out,
)
from tests.small import FLOW, NUM_FRAMES, small_config, walk, write_clip, write_data, write_spans

PER_TRACK = 9  # windows of 8 frames in 24, a stride of 2


@pytest.fixture
def data(tmp_path: Path) -> ConfigDict:
    return small_config(write_data(tmp_path)).data


def test_unsupervised(data: ConfigDict) -> None:
    examples = load_training_set(data, FLOW)
    assert len(examples.start) == 6 * PER_TRACK
    assert examples.keypoints.shape == (6 * NUM_FRAMES, 18, 3)
    np.testing.assert_array_equal(examples.label, np.ones(6 * PER_TRACK, np.float32), strict=True)


def test_supervised(data: ConfigDict) -> None:
    normal = load_training_set(data, FLOW)
    abnormal = walk(77, slice(None))
    write_clip(Path(data.root, "pose/train_abnormal/x.json"), [abnormal])
    data.train_abnormal_poses = "pose/train_abnormal"
    both = load_training_set(data, FLOW)
    np.testing.assert_array_equal(both.label, [*normal.label, *PER_TRACK * [-1]])
    np.testing.assert_array_equal(both.start[: len(normal.start)], normal.start)
    windows = both.keypoints[both.start[both.label < 0]]
    np.testing.assert_array_equal(windows[:, 0], abnormal[0:17:2, 0].astype(np.float32))


def write_labels(data: ConfigDict, *spans: tuple[object, ...]) -> None:
    write_spans(Path(data.root, "labels.csv"), *spans)
    data.train_labels = "labels.csv"


def test_labels_are_of_the_middles_of_windows(data: ConfigDict) -> None:
    write_labels(data, ("1", 2, 4, 7, "abnormal"))
    examples = load_training_set(data, FLOW)
    abnormal = select(examples, examples.label < 0).origin
    assert [examples.clips[clip] for clip in abnormal.clip] == ["1", "1"]
    assert abnormal.person.tolist() == [2, 2]
    assert abnormal.frame.tolist() == [0, 2]
    assert (examples.label > 0).sum() == 6 * PER_TRACK - 2


def test_labels_do_not_concern_poses_of_abnormal_people(data: ConfigDict) -> None:
    write_labels(data, ("1", 2, 0, 23, "abnormal"), ("0", 1, 0, 23, "normal"))
    write_clip(Path(data.root, "pose/train_abnormal/x.json"), [walk(77)])
    data.train_abnormal_poses = "pose/train_abnormal"
    label = load_training_set(data, FLOW).label.reshape(7, PER_TRACK)
    np.testing.assert_array_equal(label, np.tile([[1], [1], [1], [-1], [1], [1], [-1]], PER_TRACK))


def test_windows_and_people_are_counted_by_label(data: ConfigDict) -> None:
    write_labels(data, ("1", 2, 4, 7, "abnormal"), ("2", 1, 0, 23, "abnormal"))
    counts = label_counts(load_training_set(data, FLOW))
    assert counts == LabelCounts(5 * PER_TRACK - 2, 5, PER_TRACK + 2, 2)
    assert str(counts) == "43 normal windows of 5 people, 11 abnormal windows of 2 people"


@pytest.mark.parametrize(("label", "missing"), [("normal", "abnormal"), ("abnormal", "normal")])
def test_labels_of_one_kind_are_refused(data: ConfigDict, label: str, missing: str) -> None:
    write_labels(data, *((clip, person, 0, 23, label) for clip in "012" for person in (1, 2)))
    message = rf"config\.data\.train_labels: labels\.csv leaves no {missing} window; .*both kinds"
    with pytest.raises(InputError, match=message):
        load_training_set(data, FLOW)


def test_what_is_supervised(data: ConfigDict) -> None:
    assert not is_supervised(data)
    data.train_labels = "labels.csv"
    assert is_supervised(data)
    data.train_labels, data.train_abnormal_poses = "", "pose/train_abnormal"
    assert is_supervised(data)


@pytest.mark.parametrize("folder", ["pose/train", "pose/train_abnormal"])
def test_labels_of_both_kinds_are_needed(data: ConfigDict, folder: str) -> None:
    write_clip(Path(data.root, "pose/train_abnormal/x.json"), [walk(77)])
    data.train_abnormal_poses = "pose/train_abnormal"
    for file in Path(data.root, folder).iterdir():
        write_clip(file, [walk(0)[:7]])
    message = rf"{folder}: no track is long enough for a window of 8 frames"
    with pytest.raises(InputError, match=message):
        load_training_set(data, FLOW)


def test_no_windows(data: ConfigDict) -> None:
    message = r"pose/train: no track is long enough for a window of 25 frames"
    with pytest.raises(InputError, match=message):
        load_training_set(data, FLOW._replace(segment_length=NUM_FRAMES + 1))


@pytest.mark.parametrize(("name", "copies"), [("none", 1), ("mirror", 2), ("mirror_shear", 8)])
def test_each_window_once_per_augmentation(data: ConfigDict, name: str, copies: int) -> None:
    data.augmentation = name
    examples = load_training_set(data, FLOW)
    assert examples.num_examples == copies * 6 * PER_TRACK
    np.testing.assert_array_equal(examples.matrices, AUGMENTATIONS[name])


def test_an_unknown_augmentation(data: ConfigDict) -> None:
    data.augmentation = "rotate"
    message = r"config\.data\.augmentation: must be one of none, mirror, .*, got 'rotate'"
    with pytest.raises(InputError, match=message):
        load_training_set(data, FLOW)


def test_whole_tracks_are_held_out(data: ConfigDict) -> None:
    examples = load_training_set(data, FLOW)
    kept, held_out = split_held_out(examples, 0.3, seed=0)
    assert len(held_out.start) == 2 * PER_TRACK
    assert sorted([*kept.start, *held_out.start]) == sorted(examples.start)
    tracks = [set(zip(*part.origin[:2], strict=True)) for part in (kept, held_out)]
    assert not tracks[0] & tracks[1]
    np.testing.assert_array_equal(held_out.keypoints, examples.keypoints)
    again, other = (split_held_out(examples, 0.3, seed)[1].start for seed in (0, 1))
    np.testing.assert_array_equal(again, held_out.start)
    assert not np.array_equal(other, held_out.start)


def test_only_normal_windows_are_held_out(data: ConfigDict) -> None:
    examples = load_training_set(data, FLOW)
    label = np.where(np.arange(len(examples.start)) % 2, 1, -1).astype(np.float32)
    kept, held_out = split_held_out(examples._replace(label=label), 0.5, seed=0)
    assert (held_out.label == 1).all()
    assert (kept.label == -1).any()
    assert len(kept.start) == 3 * PER_TRACK


def test_what_cannot_be_held_out(data: ConfigDict) -> None:
    examples = load_training_set(data, FLOW)
    for share, label in ((0.95, 1.0), (0.3, -1.0)):
        labelled = examples._replace(label=np.full(len(examples.start), label, np.float32))
        with pytest.raises(InputError, match=rf"held_out: {share} of 6 tracks cannot be held out"):
            split_held_out(labelled, share, seed=0)
    assert not len(split_held_out(examples, 0, seed=0)[1].start)


def test_the_content_hash_is_of_every_chunk(
    data: ConfigDict, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_training_set(data, FLOW).content_hash
    monkeypatch.setattr(training_set, "_CHUNK", 7)
    assert load_training_set(data, FLOW).content_hash == whole
    last = sorted(Path(data.root, "pose/train").iterdir())[-1]
    write_clip(last, [walk(20), walk(22)])
    assert load_training_set(data, FLOW).content_hash != whole
