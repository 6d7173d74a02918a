from pathlib import Path

import jax
import numpy as np
import pytest

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.config import default_config
from stgnf_jax.mesh import make_mesh
from stgnf_jax.sampling import draws, epoch_order, example_weights, load_batch, steps_per_epoch
from stgnf_jax.training_set import TrainingSet, load_training_set
from stgnf_jax.windows import WindowOrigin
from tests.small import FLOW, small_config, write_data


def made_up_set(count: int, augmentation: str = "mirror") -> TrainingSet:
    return TrainingSet(
        keypoints=np.zeros((count, 18, 3), np.float32),
        start=np.arange(100, 100 + count),
        label=np.where(np.arange(count) % 3, 1, -1).astype(np.float32),
        matrices=AUGMENTATIONS[augmentation],
        clips=("a",),
        origin=WindowOrigin(np.zeros(count, np.int32), np.arange(count), np.zeros(count, np.int32)),
        content_hash="",
    )


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_an_epoch_has_every_example_once(augmentation: str) -> None:
    examples = made_up_set(13, augmentation)
    order = epoch_order(examples, seed=0, epoch=0, balance="none")
    assert sorted(order) == list(range(examples.num_examples))


def test_the_order_comes_from_seed_and_epoch() -> None:
    examples = made_up_set(50)
    orders = [
        tuple(epoch_order(examples, seed, epoch, "none")) for seed in (0, 1) for epoch in (0, 1)
    ]
    assert len(set(orders)) == 4
    assert tuple(epoch_order(examples, 1, 1, "none")) == orders[-1]


def test_both_labels_equally_often() -> None:
    examples = made_up_set(30)  # 10 of 30 windows are abnormal
    order = epoch_order(examples, seed=0, epoch=0, balance="sampler")
    assert len(order) == examples.num_examples
    drawn = examples.label[order // len(examples.matrices)]
    assert (drawn > 0).sum() == (drawn < 0).sum() == 30
    abnormal = order[drawn < 0]
    assert len(np.unique(abnormal)) == 20  # all of them, before any comes again


def test_weights_make_labels_count_equally() -> None:
    examples = made_up_set(30)
    weight = example_weights(examples, "weights")
    assert weight.mean() == pytest.approx(1)
    assert weight[examples.label > 0].sum() == pytest.approx(weight[examples.label < 0].sum())
    np.testing.assert_array_equal(example_weights(examples, "none"), np.ones(30, np.float32))


def test_draws_go_on_where_they_are_told_to() -> None:
    examples, config = made_up_set(13), default_config()
    config.training.batch_size, config.training.epochs, config.ensemble, config.seed = 8, 3, 2, 5
    assert steps_per_epoch(examples, 8) == 4
    whole = list(draws(examples, config, 0))
    assert [draw.epoch for draw in whole] == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert [draw.examples.shape for draw in whole[:4]] == [(2, 8), (2, 8), (2, 8), (2, 2)]
    for first in range(13):
        rest = list(draws(examples, config, first))
        assert len(rest) == 12 - first
        for draw, expected in zip(rest, whole[first:], strict=True):
            np.testing.assert_array_equal(draw.examples, expected.examples)
    member = np.concatenate([draw.examples[1] for draw in whole[:4]])
    np.testing.assert_array_equal(member, epoch_order(examples, 6, 0, "none"))


def test_a_batch_holds_what_was_drawn(tmp_path: Path) -> None:
    examples = load_training_set(small_config(write_data(tmp_path)).data, FLOW)
    drawn = np.array([[0, 7, 20], [3, 3, 107]])
    weight = np.arange(len(examples.start), dtype=np.float32)
    batch = jax.device_get(load_batch(examples, drawn, weight, 8, make_mesh(2)))
    assert batch.keypoints.shape == (2, 3, 8, 18, 3)
    for place, example in np.ndenumerate(drawn):
        window, augmentation = divmod(int(example), 2)
        start = examples.start[window]
        np.testing.assert_array_equal(batch.keypoints[place], examples.keypoints[start : start + 8])
        np.testing.assert_array_equal(batch.matrix[place], examples.matrices[augmentation])
        assert batch.label[place] == examples.label[window]
        assert batch.weight[place] == window
