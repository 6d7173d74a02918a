"""What a flow is trained on: windows, each in every augmentation, with labels."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.window_set import load_window_set
from stgnf_jax.windows import Windows


class TrainingSet(NamedTuple):
    """Windows of labelled tracks.

    Attributes:
      keypoints: (D, V, 3) float32, every detection once.
      start: (N,) int64, the first detection of each window.
      label: (N,) float32, +1 for a normal window, -1 for an abnormal one (section 3.3).
      matrices: (A, 2, 2) float32, the augmentations; a window is trained on in each of them.
    """

    keypoints: np.ndarray
    start: np.ndarray
    label: np.ndarray
    matrices: np.ndarray

    @property
    def num_examples(self) -> int:
        """N * A."""
        return len(self.start) * len(self.matrices)


class Batch(NamedTuple):
    """Which windows to gather, how to augment them, what they are: each (B, ...)."""

    start: np.ndarray
    matrix: np.ndarray
    label: np.ndarray


def load_training_set(data: ConfigDict, flow: FlowConfig) -> TrainingSet:
    """The normal training poses of a configuration and, when it names some, the abnormal ones.

    Raises:
      InputError: anything wrong with the poses, or too few of them for a single window.
    """
    if data.augmentation not in AUGMENTATIONS:
        raise InputError(
            f"must be one of {', '.join(AUGMENTATIONS)}, got {data.augmentation!r}",
            field="config.data.augmentation",
        )
    normal = load_window_set(data, flow, data.train_poses, data.train_stride)
    keypoints, start = normal.tracks.keypoints, normal.windows.start
    label = np.ones(len(start), np.float32)
    if data.train_abnormal_poses:
        abnormal = load_window_set(data, flow, data.train_abnormal_poses, data.train_stride)
        start = np.concatenate([start, abnormal.windows.start + len(keypoints)])
        keypoints = np.concatenate([keypoints, abnormal.tracks.keypoints])
        label = np.concatenate([label, np.full(len(abnormal.windows.start), -1, np.float32)])
        _check_some(abnormal.windows, flow, f"{data.root}/{data.train_abnormal_poses}")
    _check_some(normal.windows, flow, f"{data.root}/{data.train_poses}")
    return TrainingSet(keypoints, start, label, AUGMENTATIONS[data.augmentation])


def _check_some(windows: Windows, flow: FlowConfig, folder: str) -> None:
    if not len(windows.start):
        raise InputError(
            f"no track is long enough for a window of {flow.segment_length} frames; "
            "training needs some",
            file=folder,
        )


def batches(examples: TrainingSet, size: int, seed: int, epoch: int) -> Iterator[Batch]:
    """One epoch: all examples in an order of `seed` and `epoch`; the last batch may be smaller."""
    order = np.random.default_rng((seed, epoch)).permutation(examples.num_examples)
    for first in range(0, len(order), size):
        window, augmentation = np.divmod(order[first : first + size], len(examples.matrices))
        yield Batch(examples.start[window], examples.matrices[augmentation], examples.label[window])
