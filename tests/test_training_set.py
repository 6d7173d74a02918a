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


def test_a_share_of_the_training_data(data: ConfigDict) -> None:
    starts = []
    for share in (0.2, 0.5, 1.0):
        data.train_share = share
        starts.append(set(load_training_set(data, FLOW, seed=3).start.tolist()))
    assert [len(start) for start in starts] == [2 * PER_TRACK, 3 * PER_TRACK, 6 * PER_TRACK]
    assert starts[0] < starts[1] < starts[2]


def second_data(data: ConfigDict, tmp_path: Path) -> Path:
    """A second data set of four people in two clips, named as UBnormal's, one of them abnormal."""
    root = tmp_path / "second"
    for number in (1, 2):
        clip = f"pose/train/normal_scene_1_scenario_{number}_alphapose_tracked_person.json"
        write_clip(root / clip, [walk(40 + number), walk(50 + number)])
    data.second.root, data.second.benchmark = str(root), "ubnormal"
    return root


def test_a_second_data_set(data: ConfigDict, tmp_path: Path) -> None:
    first = load_training_set(data, FLOW)
    second_data(data, tmp_path)
    data.second.resolution = (428.0, 960.0)
    both = load_training_set(data, FLOW)
    assert len(both.start) == 10 * PER_TRACK
    assert (both.label > 0).all()
    assert both.clips == (*first.clips, *(f"normal_scene_1_scenario_{n}" for n in (1, 2)))
    np.testing.assert_array_equal(both.keypoints[: len(first.keypoints)], first.keypoints)
    # Divided by (856, 480), they are what they were when divided by (428, 960).
    added = both.keypoints[len(first.keypoints)]
    np.testing.assert_allclose(added[0], walk(41)[0, 0] * [2, 0.5, 1], rtol=1e-6)
    # The window is that of the second data set's first person.
    window = select(both, np.arange(len(both.start)) == len(first.start))
    assert window.origin.clip.tolist() == [3]
    assert window.origin.person.tolist() == [1]
    assert window.start == len(first.keypoints)


def test_labels_of_the_second_data_set(data: ConfigDict, tmp_path: Path) -> None:
    root = second_data(data, tmp_path)
    write_spans(root / "labels.csv", ("normal_scene_1_scenario_2", 1, 0, 23, "abnormal"))
    data.second.train_labels = "labels.csv"
    assert is_supervised(data)
    counts = label_counts(load_training_set(data, FLOW))
    assert counts == LabelCounts(9 * PER_TRACK, 9, PER_TRACK, 1)


@pytest.mark.parametrize(("share", "count"), [(0.02, 1), (0.05, 3), (0.1, 6), (0.14, 9)])
def test_contamination_is_abnormal_windows_taken_for_normal(
    data: ConfigDict, tmp_path: Path, share: float, count: int
) -> None:
    root = second_data(data, tmp_path)
    write_spans(root / "labels.csv", ("normal_scene_1_scenario_2", 1, 0, 23, "abnormal"))
    data.second.train_labels = "labels.csv"
    data.second.contamination = share
    examples = load_training_set(data, FLOW)
    assert not is_supervised(data)
    assert (examples.label == 1).all()
    added = select(examples, examples.start >= 6 * NUM_FRAMES).origin
    assert len(added.clip) == len(examples.start) - 6 * PER_TRACK == count
    assert abs(count / len(examples.start) - share) <= 0.5 / len(examples.start)
    # All of the one person who is abnormal.
    assert {examples.clips[clip] for clip in added.clip} == {"normal_scene_1_scenario_2"}
    assert set(added.person) == {1}


def test_contamination_by_abnormal_poses_from_one_s_own_folder(data: ConfigDict) -> None:
    write_clip(Path(data.root, "pose/train_abnormal/x.json"), [walk(77)])
    data.second.root, data.second.train_abnormal_poses = data.root, "pose/train_abnormal"
    data.second.contamination = 0.1
    examples = load_training_set(data, FLOW)
    added = select(examples, np.arange(len(examples.start)) >= 6 * PER_TRACK).origin
    assert {examples.clips[clip] for clip in added.clip} == {"x"}


def test_more_contamination_holds_the_less(data: ConfigDict, tmp_path: Path) -> None:
    root = second_data(data, tmp_path)
    write_spans(root / "labels.csv", ("normal_scene_1_scenario_2", 1, 0, 23, "abnormal"))
    data.second.train_labels = "labels.csv"
    starts = []
    for share in (0.02, 0.05, 0.1):
        data.second.contamination = share
        starts.append(set(load_training_set(data, FLOW, seed=5).start.tolist()))
    assert starts[0] < starts[1] < starts[2]


def test_too_much_contamination(data: ConfigDict, tmp_path: Path) -> None:
    root = second_data(data, tmp_path)
    write_spans(root / "labels.csv", ("normal_scene_1_scenario_2", 1, 0, 23, "abnormal"))
    data.second.train_labels, data.second.contamination = "labels.csv", 0.5
    message = (
        r"config\.data\.second\.contamination: needs 54 abnormal windows beside 54, and there "
        r"are 9: give at most 0\.1429"
    )
    with pytest.raises(InputError, match=message):
        load_training_set(data, FLOW)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("benchmark", "x", r"config\.data\.second\.benchmark: must be one of"),
        ("train_poses", "pose/nowhere", r"second/pose/nowhere: "),
        ("train_label_kind", "rumours", r"config\.data\.second\.train_label_kind: must be one of"),
    ],
)
def test_what_is_wrong_with_the_second_data_set(
    data: ConfigDict, tmp_path: Path, field: str, value: str, message: str
) -> None:
    second_data(data, tmp_path)
    data.second.train_labels = "labels.csv"
    data.second[field] = value
    with pytest.raises(InputError, match=message):
        load_training_set(data, FLOW)


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
