"""What a flow is trained on: windows, each in every augmentation, with labels."""

import hashlib
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.window_set import load_window_set
from stgnf_jax.windows import WindowOrigin, Windows, window_origin


class TrainingSet(NamedTuple):
    """Windows of labelled tracks.

    Attributes:
      keypoints: (D, V, 3) float32, every detection once.
      start: (N,) int64, the first detection of each window.
      label: (N,) float32, +1 for a normal window, -1 for an abnormal one (section 3.3).
      matrices: (A, 2, 2) float32, the augmentations; a window is trained on in each of them.
      clips: names of the clips.
      origin: clip, person and first frame of each window.
      content_hash: of the keypoints, windows and labels.
    """

    keypoints: np.ndarray
    start: np.ndarray
    label: np.ndarray
    matrices: np.ndarray
    clips: tuple[str, ...]
    origin: WindowOrigin
    content_hash: str

    @property
    def num_examples(self) -> int:
        """N * A."""
        return len(self.start) * len(self.matrices)


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
    clips, origin = normal.tracks.clips, window_origin(*normal)
    label = np.ones(len(start), np.float32)
    if data.train_abnormal_poses:
        abnormal = load_window_set(data, flow, data.train_abnormal_poses, data.train_stride)
        start = np.concatenate([start, abnormal.windows.start + len(keypoints)])
        keypoints = np.concatenate([keypoints, abnormal.tracks.keypoints])
        label = np.concatenate([label, np.full(len(abnormal.windows.start), -1, np.float32)])
        more = window_origin(*abnormal)
        more = more._replace(clip=more.clip + len(clips))
        origin = _join(origin, more)
        clips += abnormal.tracks.clips
        _check_some(abnormal.windows, flow, f"{data.root}/{data.train_abnormal_poses}")
    _check_some(normal.windows, flow, f"{data.root}/{data.train_poses}")
    return TrainingSet(
        keypoints=keypoints,
        start=start,
        label=label,
        matrices=AUGMENTATIONS[data.augmentation],
        clips=clips,
        origin=origin,
        content_hash=_content_hash(keypoints, start, label),
    )


def _content_hash(*arrays: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _join(first: WindowOrigin, second: WindowOrigin) -> WindowOrigin:
    return WindowOrigin(
        clip=np.concatenate([first.clip, second.clip]),
        person=np.concatenate([first.person, second.person]),
        frame=np.concatenate([first.frame, second.frame]),
    )


def _check_some(windows: Windows, flow: FlowConfig, folder: str) -> None:
    if not len(windows.start):
        raise InputError(
            f"no track is long enough for a window of {flow.segment_length} frames; "
            "training needs some",
            file=folder,
        )


def split_held_out(
    examples: TrainingSet, share: float, seed: int
) -> tuple[TrainingSet, TrainingSet]:
    """What is trained on, and the held-out normal windows: those of whole tracks.

    Args:
      examples: all there is.
      share: of the tracks that is held out, at least one track where it is not 0.
      seed: decides which.

    Raises:
      InputError: nothing would be left to train on, or no normal window is held out.
    """
    if not share:
        return examples, select(examples, np.zeros(len(examples.start), bool))
    track = np.unique(np.stack(examples.origin[:2]), axis=1, return_inverse=True)[1].ravel()
    count = track.max() + 1
    shuffled = np.random.default_rng((seed, 0)).permutation(count)
    held_out = np.isin(track, shuffled[: max(1, round(share * count))])
    if held_out.all() or not (held_out & (examples.label > 0)).any():
        raise InputError(
            f"{share} of {count} tracks cannot be held out: there must be normal windows on both "
            "sides",
            field="config.training.held_out",
        )
    return select(examples, ~held_out), select(examples, held_out & (examples.label > 0))


def select(examples: TrainingSet, kept: np.ndarray) -> TrainingSet:
    """Some of the windows, (N,) bool; the detections stay where they are."""
    return examples._replace(
        start=examples.start[kept],
        label=examples.label[kept],
        origin=WindowOrigin(*(column[kept] for column in examples.origin)),
    )
