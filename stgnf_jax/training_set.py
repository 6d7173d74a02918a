"""What a flow is trained on: windows, each in every augmentation, with labels."""

import hashlib
from typing import NamedTuple, TypeVar

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.augment import AUGMENTATIONS
from stgnf_jax.errors import InputError
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.npy_files import release
from stgnf_jax.subsets import share_of_tracks, some_of, track_numbers
from stgnf_jax.training_part import Part, has_labels, in_pixels_of, join, load_part, load_second
from stgnf_jax.windows import WindowOrigin

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


Examples = TypeVar("Examples", Part, TrainingSet)


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
    """Whether a configuration, by its section `data`, names abnormal poses or labels.

    Those that only contaminate do not count: nothing is told to be abnormal.
    """
    second = data.second.root and not data.second.contamination
    return has_labels(data) or bool(second and has_labels(data.second))


def load_training_set(data: ConfigDict, flow: FlowConfig, seed: int = 0) -> TrainingSet:
    """The training poses of a configuration, and those of its second data set.

    Args:
      data: the section `data` of a configuration.
      flow: gives the skeleton and T.
      seed: decides which tracks are the share that is trained on, and which windows contaminate.

    Raises:
      InputError: anything wrong with the poses or labels, too few poses for a single window, too
        few abnormal ones for the contamination, or labels that leave only one kind of window.
    """
    if data.augmentation not in AUGMENTATIONS:
        raise InputError(
            f"must be one of {', '.join(AUGMENTATIONS)}, got {data.augmentation!r}",
            field="config.data.augmentation",
        )
    part = load_part(data, flow)
    if data.train_share < 1:
        part = select(part, share_of_tracks(part.origin, data.train_share, seed))
    if data.second.root:
        part = join(part, _second_part(data, flow, len(part.start), seed))
    if is_supervised(data):
        _check_labels(part.label, data)
    return TrainingSet(
        **part._asdict(),
        matrices=AUGMENTATIONS[data.augmentation],
        content_hash=_content_hash(part.keypoints, part.start, part.label),
    )


def _second_part(data: ConfigDict, flow: FlowConfig, first_windows: int, seed: int) -> Part:
    """All of the second data set, or what of its abnormal windows contaminates the first."""
    part = in_pixels_of(data.resolution, load_second(data, flow), data.second.resolution)
    contamination = data.second.contamination
    if not contamination:
        return part
    abnormal = np.flatnonzero(part.label < 0)
    count = round(first_windows * contamination / (1 - contamination))
    if count > len(abnormal):
        most = len(abnormal) / (first_windows + len(abnormal))
        raise InputError(
            f"needs {count} abnormal windows beside {first_windows}, and there are "
            f"{len(abnormal)}: give at most {most:.4f}",
            field="config.data.second.contamination",
        )
    drawn = select(part, some_of(abnormal, count, len(part.start), seed))
    return drawn._replace(label=np.ones(count, np.float32))


def _content_hash(*arrays: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for array in arrays:
        for first in range(0, len(array), _CHUNK):
            digest.update(np.ascontiguousarray(array[first : first + _CHUNK]).data)
            release(array)
    return digest.hexdigest()


def _check_labels(label: np.ndarray, data: ConfigDict) -> None:
    for kind, there in (("normal", (label > 0).any()), ("abnormal", (label < 0).any())):
        if not there:
            raise InputError(
                f"{data.train_labels or data.second.train_labels} leaves no {kind} window; "
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
    track = track_numbers(examples.origin)
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


def select(examples: Examples, kept: NDArray[np.bool_]) -> Examples:
    """Some of the windows, (N,) bool; the detections stay where they are."""
    return examples._replace(
        start=examples.start[kept],
        label=examples.label[kept],
        origin=WindowOrigin(
            clip=examples.origin.clip[kept],
            person=examples.origin.person[kept],
            frame=examples.origin.frame[kept],
        ),
    )
