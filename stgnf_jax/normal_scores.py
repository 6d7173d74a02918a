"""Scores of people who behave normally, camera by camera: what thresholds are found by."""

import re
from typing import Literal, NamedTuple

import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.conformal import lowest_of_tracks, track_p_values, window_p_values
from stgnf_jax.errors import InputError


class ScoredAs(NamedTuple):
    """What of a configuration scores depend on; see the fields of `config` of the same names."""

    score: str
    keypoint_noise: float
    windowing: Literal["all", "reference"]
    max_absent: int
    test_stride: int


class NormalScene(NamedTuple):
    """Scores of the normal tracks of one scene: N windows of K tracks.

    Attributes:
      name: what `scene_of` finds in the names of its clips.
      hours: how long its camera has watched for these tracks.
      score: (N,) float64, track by track.
      offsets: (K + 1,) int64; track k has the scores offsets[k] to offsets[k + 1].
    """

    name: str
    hours: float
    score: NDArray[np.float64]
    offsets: NDArray[np.int64]

    @property
    def lowest(self) -> NDArray[np.floating]:
        """(K,), the score of the least normal window of each track."""
        return lowest_of_tracks(self.score, self.offsets)

    def window_p(self, score: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `conformal.window_p_values`."""
        return window_p_values(self.score, self.offsets, score)

    def track_p(self, score: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `conformal.track_p_values`."""
        return track_p_values(self.lowest, score)


class NormalScores(NamedTuple):
    """Scores of normal tracks under one model.

    Attributes:
      scored_as: how they were scored.
      weights: hash of the model's weights.
      scene_pattern: see `scene_of`.
      scenes: by name.
    """

    scored_as: ScoredAs
    weights: str
    scene_pattern: str
    scenes: tuple[NormalScene, ...]


def scored_as(config: ConfigDict) -> ScoredAs:
    """What of a configuration scores depend on."""
    data, scoring = config.data, config.scoring
    return ScoredAs(
        score=scoring.score,
        keypoint_noise=float(scoring.keypoint_noise),
        windowing=data.windowing,
        max_absent=data.max_absent,
        test_stride=data.test_stride,
    )


def scene_of(clip: str, pattern: str) -> str:
    r"""The scene of a clip: what a regular expression first finds in its name.

    `\d+` is the first number, the camera in ShanghaiTech's names; of "" all clips are one scene.

    Raises:
      InputError: the pattern is no regular expression, or is not found.
    """
    try:
        found = re.search(pattern, clip)
    except re.error as error:
        raise InputError(
            f"{pattern!r} is no regular expression ({error})", field="scene"
        ) from error
    if found is None:
        raise InputError(f"the name of clip {clip} holds no scene: {pattern!r} is not found in it")
    return found.group()


def scenes_of(normal: NormalScores, clips: tuple[str, ...]) -> list[NormalScene]:
    """The scene of each clip.

    Raises:
      InputError: a clip is of a scene without normal scores.
    """
    return [scene_for(normal, clip) for clip in clips]


def has_scene(normal: NormalScores, camera: str) -> bool:
    """Whether there are normal scores of the scene of a camera, if its name holds one."""
    found = re.search(normal.scene_pattern, camera)
    return found is not None and found.group() in {scene.name for scene in normal.scenes}


def scene_for(normal: NormalScores, clip: str) -> NormalScene:
    """The scene of a clip, or of a camera by its name.

    Raises:
      InputError: it is of a scene without normal scores.
    """
    name = scene_of(clip, normal.scene_pattern)
    for scene in normal.scenes:
        if scene.name == name:
            return scene
    raise InputError(
        f"clip {clip} is of scene {name}, and there are normal poses of "
        f"{', '.join(scene.name for scene in normal.scenes)} only: calibrate with poses of that "
        "scene, or all scenes together"
    )
