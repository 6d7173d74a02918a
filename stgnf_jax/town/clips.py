"""Clips of the town's life: who is in them, what is tracked, and the files that hold it."""

import os
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from stgnf_jax.files import write_atomically
from stgnf_jax.town.camera import Camera, make_camera, observe
from stgnf_jax.town.figure import Array
from stgnf_jax.town.paths import Span
from stgnf_jax.town.people import ACTS, Person, talkers, walker

SCENES = 4
SUFFIX = "_alphapose_tracked_person.json"


class Track(NamedTuple):
    """One identity: its detected `frames` (n,), ascending, and `keypoints` (n, 17, 3)."""

    frames: np.ndarray
    keypoints: Array


class Clip(NamedTuple):
    """What was tracked over some frames, and `mask` (T,) uint8 with 1 where it is abnormal."""

    tracks: list[Track]
    mask: np.ndarray


def follow(rng: np.random.Generator, keypoints: Array, seen: np.ndarray) -> list[Track]:
    """One person's track, or two where the tracker loses the identity; none if never seen.

    Args:
      rng: draws whether and where the identity is lost.
      keypoints: (T, 17, 3), as `observe` gives them.
      seen: (T,), whether the person is detected.
    """
    frames = np.flatnonzero(seen)
    if len(frames) > 60 and rng.random() < 0.15:
        cut = int(rng.integers(25, len(frames) - 30))
        parts = [frames[:cut], frames[cut + int(rng.integers(0, 5)) :]]
    else:
        parts = [frames] if len(frames) else []
    return [Track(part, keypoints[part]) for part in parts]


def _cast(rng: np.random.Generator, camera: Camera, frames: int, act: str | None) -> list[Person]:
    """Those who are there: three to six walkers, at times two who talk, and an act's people."""
    people = [walker(rng, camera, frames) for _ in range(int(rng.integers(3, 7)))]
    if rng.random() < 0.4:
        people += talkers(rng, camera, frames)
    if act is not None:
        start = int(rng.integers(40, frames - 110))
        people += ACTS[act](rng, camera, frames, Span(start, start + int(rng.integers(72, 110))))
    return people


def make_clip(rng: np.random.Generator, camera: Camera, act: str | None = None) -> Clip:
    """A clip of 8 to 13 seconds of normal life, with one act of `ACTS` if it is named."""
    frames = int(rng.integers(192, 312))
    people = _cast(rng, camera, frames, act)
    sight = observe(rng, camera, np.stack([person.joints for person in people]))
    clip = Clip([], np.zeros(frames, np.uint8))
    for person, keypoints, seen in zip(people, *sight, strict=True):
        for track in follow(rng, keypoints, seen):
            clip.mask[track.frames] |= person.abnormal[track.frames]
            clip.tracks.append(track)
    return clip


def pose_json(clip: Clip) -> bytes:
    """The clip's tracks as AlphaPose writes them; frame numbers have four digits."""
    people = {
        str(number): {
            f"{frame:04d}": {
                "keypoints": keypoints.ravel().tolist(),
                "scores": round(float(keypoints[:, 2].mean()), 3),
            }
            for frame, keypoints in zip(track.frames, track.keypoints, strict=True)
        }
        for number, track in enumerate(clip.tracks, 1)
    }
    return orjson.dumps(people)


def _clips(seed: int, part: int, acts: Sequence[str | None]) -> Iterator[tuple[int, Clip]]:
    """A scene's number and a clip of it for each of `acts`, the scenes one after the other."""
    for number, act in enumerate(acts):
        scene = number * SCENES // len(acts)
        camera = make_camera(np.random.default_rng([seed, 0, scene]))
        yield scene + 1, make_clip(np.random.default_rng([seed, part, number]), camera, act)


def build_town(
    root: str | os.PathLike[str], seed: int, *, train_clips: int = 40, test_clips: int = 20
) -> None:
    """Writes a town's pose files and masks in the layout of ShanghaiTech.

    `pose/train` and `pose/test` hold `<scene>_<clip>_alphapose_tracked_person.json` and
    `gt/test_frame_mask` one `<scene>_<clip>.npy` per test clip, 1 = abnormal. Images would have
    856 x 480 pixels and 24 frames a second. The same seed gives the same bytes. A file of the
    same name is replaced; others that lie there stay.

    Args:
      root: the folder to write to, made if it is not there.
      seed: what the town is drawn from; not negative.
      train_clips: how many clips of normal life.
      test_clips: how many clips to score; in two of three something abnormal happens.

    Raises:
      InputError: the folder cannot be written.
      ValueError: a negative seed.
    """
    pose, masks = Path(root, "pose"), Path(root, "gt", "test_frame_mask")
    for number, (scene, clip) in enumerate(_clips(seed, 1, [None] * train_clips), 1):
        _write(pose / "train" / f"{scene:02d}_{number:03d}{SUFFIX}", pose_json(clip))
    acts = list(islice(cycle((None, *ACTS, None)), test_clips))
    for number, (scene, clip) in enumerate(_clips(seed, 2, acts), 1):
        _write(pose / "test" / f"{scene:02d}_{number:04d}{SUFFIX}", pose_json(clip))
        with write_atomically(masks / f"{scene:02d}_{number:04d}.npy") as path:
            np.save(path, clip.mask)


def _write(path: Path, contents: bytes) -> None:
    with write_atomically(path) as partial:
        partial.write_bytes(contents)
