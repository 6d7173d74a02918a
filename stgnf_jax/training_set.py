"""What a flow is trained on: windows, each in every augmentation, with labels."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.labels import abnormal_poses, window_labels
from stgnf_jax.npy_files import release
from stgnf_jax.poses import Tracks
from stgnf_jax.window_set import load_window_set
from stgnf_jax.windows import WindowOrigin, Windows, window_origin

# Rows of an array that are hashed together.
_CHUNK = 2**16


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


class LabelCounts(NamedTuple):
    """How many windows there are of each label, and of how many people; some have both."""

    normal_windows: int
    normal_people: int
    abnormal_windows: int
    abnormal_people: int

    def __str__(self) -> str:
        return (
            f"{self.normal_windows} normal windows of {self.normal_people} people, "
            f"{self.abnormal_windows} abnormal windows of {self.abnormal_people} people"
        )


def label_counts(examples: TrainingSet) -> LabelCounts:
    """Counts windows and people by label; augmentations do not count."""
    people = np.stack(examples.origin[:2])
    counts = [
        (is_label.sum(), np.unique(people[:, is_label], axis=1).shape[1])
        for is_label in (examples.label > 0, examples.label < 0)
    ]
    return LabelCounts(*(int(count) for pair in counts for count in pair))


def is_supervised(data: ConfigDict) -> bool:
    """Whether a configuration, by its section `data`, names abnormal poses or labels."""
    return bool(data.train_abnormal_poses or data.train_labels)


class _Part(NamedTuple):
    """The windows of a folder of poses; see `TrainingSet`."""

    keypoints: np.ndarray
    start: np.ndarray
    label: np.ndarray
    clips: tuple[str, ...]
    origin: WindowOrigin


def load_training_set(data: ConfigDict, flow: FlowConfig) -> TrainingSet:
    """The training poses of a configuration, by its labels, and the abnormal ones it names.

    Raises:
      InputError: anything wrong with the poses or labels, too few poses for a single window, or
        labels that leave only one kind of window.
    """
    if data.augmentation not in AUGMENTATIONS:
        raise InputError(
            f"must be one of {', '.join(AUGMENTATIONS)}, got {data.augmentation!r}",
            field="config.data.augmentation",
        )
    part = _load(data, flow, data.train_poses, partial(abnormal_poses, data))
    if data.train_abnormal_poses:
        part = _join(part, _load(data, flow, data.train_abnormal_poses, _all_abnormal))
    if is_supervised(data):
        _check_labels(part.label, data)
    return TrainingSet(
        **part._asdict(),
        matrices=AUGMENTATIONS[data.augmentation],
        content_hash=_content_hash(part.keypoints, part.start, part.label),
    )


def _load(
    data: ConfigDict,
    flow: FlowConfig,
    folder: str,
    find_abnormal: Callable[[Tracks], NDArray[np.bool_]],
) -> _Part:
    tracks, windows = load_window_set(data, flow, folder, data.train_stride)
    _check_some(windows, flow, f"{data.root}/{folder}")
    return _Part(
        keypoints=tracks.keypoints,
        start=windows.start,
        label=window_labels(find_abnormal(tracks), windows.start, flow.segment_length),
        clips=tracks.clips,
        origin=window_origin(tracks, windows),
    )


def _all_abnormal(tracks: Tracks) -> NDArray[np.bool_]:
    return np.ones(len(tracks.frame), bool)


def _content_hash(*arrays: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for array in arrays:
        for first in range(0, len(array), _CHUNK):
            digest.update(np.ascontiguousarray(array[first : first + _CHUNK]).data)
            release(array)
    return digest.hexdigest()


def _join(first: _Part, second: _Part) -> _Part:
    more = second.origin._replace(clip=second.origin.clip + len(first.clips))
    return _Part(
        keypoints=np.concatenate([first.keypoints, second.keypoints]),
        start=np.concatenate([first.start, second.start + len(first.keypoints)]),
        label=np.concatenate([first.label, second.label]),
        clips=first.clips + second.clips,
        origin=WindowOrigin(
            clip=np.concatenate([first.origin.clip, more.clip]),
            person=np.concatenate([first.origin.person, more.person]),
            frame=np.concatenate([first.origin.frame, more.frame]),
        ),
    )


def _check_some(windows: Windows, flow: FlowConfig, folder: str) -> None:
    if not len(windows.start):
        raise InputError(
            f"no track is long enough for a window of {flow.segment_length} frames; "
            "training needs some",
            file=folder,
        )


def _check_labels(label: np.ndarray, data: ConfigDict) -> None:
    for kind, there in (("normal", (label > 0).any()), ("abnormal", (label < 0).any())):
        if not there:
            raise InputError(
                f"{data.train_labels} leaves no {kind} window; "
                "the supervised setting needs both kinds",
                field="config.data.train_labels",
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
    normal = examples.label > 0
    left, lost = np.unique(examples.label[~held_out]), np.unique(examples.label)
    if not (held_out & normal).any() or len(left) < len(lost):
        raise InputError(
            f"{share} of {count} tracks cannot be held out: there must be normal windows among "
            "them, and windows of every label left; give another share or another config.seed",
            field="config.training.held_out",
        )
    return select(examples, ~held_out), select(examples, held_out & normal)


def select(examples: TrainingSet, kept: np.ndarray) -> TrainingSet:
    """Some of the windows, (N,) bool; the detections stay where they are."""
    return examples._replace(
        start=examples.start[kept],
        label=examples.label[kept],
        origin=WindowOrigin(*(column[kept] for column in examples.origin)),
    )
