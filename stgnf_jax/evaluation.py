"""From a checkpoint and a folder of poses to scores and figures."""

import functools
import os
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from stgnf_jax import metrics
from stgnf_jax.batches import map_windows, replicate
from stgnf_jax.checkpoint import load
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.ground_truth import read_masks
from stgnf_jax.model import Model, normality
from stgnf_jax.score_files import save_metrics, save_scores
from stgnf_jax.scoring import (
    FrameScores,
    PersonScores,
    WindowScores,
    frame_scores,
    person_scores,
)
from stgnf_jax.poses import Tracks
from stgnf_jax.window_set import WindowSet, load_window_set
from stgnf_jax.windows import gather, normalise, window_origin


class Scored(NamedTuple):
    """Scores of a folder of poses, from windows to frames, and where they come from.

    Attributes:
      length: T, frames of a window.
      window_set: the windows that were scored; `windows` has one row a window.
      windows: scores of windows.
      people: scores of people in frames.
      frames: scores of frames.
      normal: (F,) bool, ground truth of the frames, or None.
    """

    length: int
    window_set: WindowSet
    windows: WindowScores
    people: PersonScores
    frames: FrameScores
    normal: np.ndarray | None


class Evaluation(NamedTuple):
    """What an evaluation found."""

    scored: Scored
    metrics: metrics.Metrics


def score(
    config: ConfigDict, checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]
) -> Scored:
    """Scores the test poses of a configuration and writes the scores into the folder `out`.

    No ground truth is read: a clip has as many frames as the poses show.

    Raises:
      InputError: anything wrong with the configuration, the poses or the checkpoint.
    """
    scored = score_poses(config.data, load(checkpoint), with_masks=False)
    save_scores(out, *scored[2:])
    return scored


def evaluate(
    config: ConfigDict, checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]
) -> Evaluation:
    """Scores the test poses, compares with the masks, writes scores and figures into `out`.

    Raises:
      InputError: anything wrong with the configuration, the poses, the masks or the checkpoint.
    """
    scored = score_poses(config.data, load(checkpoint), with_masks=True)
    assert scored.normal is not None
    figures = metrics.Metrics(
        auc_micro=metrics.auc_micro(scored.normal, scored.frames.smoothed),
        num_windows=len(scored.windows.score),
        num_frames=len(scored.normal),
        num_clips=len(scored.frames.clips),
    )
    save_scores(out, *scored[2:])
    save_metrics(out, figures)
    return Evaluation(scored, figures)


def score_poses(data: ConfigDict, model: Model, *, with_masks: bool) -> Scored:
    """Scores the test poses with a model: windows, then people, then frames (section 4.1)."""
    window_set = load_window_set(data, model.config, data.test_poses, data.test_stride)
    clips = window_set.tracks.clips
    origin = window_origin(window_set.tracks, window_set.windows)
    windows = WindowScores(*origin, score_window_set(model, window_set))
    length = model.config.segment_length
    people = person_scores(windows, length)
    if not with_masks:
        frames = frame_scores(people, clips, _frames_seen(window_set.tracks, people))
        return Scored(length, window_set, windows, people, frames, None)
    masks = read_masks(Path(data.root) / data.masks, clips, BENCHMARKS[data.benchmark])
    frames = frame_scores(people, clips, [len(mask) for mask in masks])
    return Scored(length, window_set, windows, people, frames, np.concatenate(masks))


def score_window_set(model: Model, window_set: WindowSet) -> np.ndarray:
    """Normality scores of all windows, (N,) float32; windows are gathered as they are scored."""
    keypoints = replicate(window_set.tracks.keypoints)
    function = functools.partial(
        _gathered_normality, model.config, model.resolution, model.variables, keypoints
    )
    return map_windows(function, window_set.windows.start)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _gathered_normality(
    config: FlowConfig,
    resolution: tuple[float, float],
    variables: Variables,
    keypoints: jax.Array,
    start: jax.Array,
) -> jax.Array:
    x = gather(keypoints, start, config.segment_length)  # (B, T, V, 3)
    return normality(config, variables, normalise(x[..., : config.channels], resolution))


def _frames_seen(tracks: Tracks, people: PersonScores) -> np.ndarray:
    """How many frames each clip must have had, by its last detection and its last score."""
    num_frames = np.zeros(len(tracks.clips), np.int64)
    clip = np.repeat(tracks.clip, np.diff(tracks.offsets))
    np.maximum.at(num_frames, clip, tracks.frame + 1)
    np.maximum.at(num_frames, people.clip, people.frame + 1)
    return num_frames
