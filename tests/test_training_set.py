from pathlib import Path

import numpy as np
import pytest
from ml_collections import ConfigDict

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.errors import InputError
from stgnf_jax.training_set import TrainingSet, batches, load_training_set
from tests.small import FLOW, NUM_FRAMES, small_config, walk, write_clip, write_data

PER_TRACK = 9  # windows of 8 frames in 24, a stride of 2


@pytest.fixture
def data(tmp_path: Path) -> ConfigDict:
    return small_config(write_data(tmp_path)).data


def made_up_set(count: int, augmentation: str = "mirror") -> TrainingSet:
    return TrainingSet(
        keypoints=np.zeros((count, 18, 3), np.float32),
        start=np.arange(100, 100 + count),
        label=np.where(np.arange(count) % 3, 1, -1).astype(np.float32),
        matrices=AUGMENTATIONS[augmentation],
    )


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


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_an_epoch_has_every_example_once(augmentation: str) -> None:
    examples = made_up_set(13, augmentation)
    epoch = list(batches(examples, 5, seed=0, epoch=0))
    sizes = [len(batch.start) for batch in epoch]
    assert sum(sizes) == 13 * len(examples.matrices)
    assert set(sizes[:-1]) == {5}
    assert sizes[-1] == examples.num_examples % 5 or 5
    seen = {
        (int(start), matrix.tobytes(), float(label))
        for batch in epoch
        for start, matrix, label in zip(*batch, strict=True)
    }
    assert seen == {
        (int(start), matrix.tobytes(), float(label))
        for start, label in zip(examples.start, examples.label, strict=True)
        for matrix in examples.matrices
    }


def test_the_order_comes_from_seed_and_epoch() -> None:
    examples = made_up_set(50)

    def order(seed: int, epoch: int) -> list[int]:
        return [int(s) for batch in batches(examples, 8, seed, epoch) for s in batch.start]

    assert order(0, 0) == order(0, 0)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4
