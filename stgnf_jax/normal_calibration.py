"""What scores the people of normal poses get: found out once a model is trained, and kept."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.config import check_config
from stgnf_jax.conformal import TrackScores, by_track
from stgnf_jax.datasets import BENCHMARKS
from stgnf_jax.distributed import leads
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import load_scorers, score_window_set
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.labels import abnormal_poses, window_labels
from stgnf_jax.model import Model
from stgnf_jax.normal_scores import NormalScene, NormalScores, scene_of, scored_as
from stgnf_jax.normal_scores_file import save_normal_scores
from stgnf_jax.run_folder import CONFIG_FILE, check_same_config
from stgnf_jax.run_summary import check_same_poses
from stgnf_jax.training_set import load_training_set, split_held_out
from stgnf_jax.window_set import WindowSet, load_window_set
from stgnf_jax.windows import Windows

_SECONDS = 3600


class _NormalWindows(NamedTuple):
    """Windows to calibrate on, and the share of all tracks of their clips that they are of."""

    window_set: WindowSet
    share: float


def calibrate_scores(
    config: ConfigDict,
    checkpoint: str | os.PathLike[str],
    fps: float | None = None,
    scene_pattern: str = "",
) -> NormalScores:
    """Scores normal poses that a model was not trained on, and keeps the scores beside the model.

    They are those in `config.data.calibration_poses`, or else the tracks that the training held
    out. Windows are cut as test poses are, since a threshold is for those.

    Args:
      config: for a model's held-out tracks that of its training.
      checkpoint: the model, and where `normal_scores.npz` is written.
      fps: frames a second; None for those of the benchmark.
      scene_pattern: see `normal_scores.scene_of`.

    Raises:
      InputError: anything wrong with the configuration, the poses or the checkpoint, or nothing
        to calibrate on.
    """
    check_config(config)
    fps = _checked_fps(config, fps)
    models = load_scorers(config, checkpoint)
    flow = models[0].config
    if config.data.calibration_poses:
        poses = load_window_set(
            config.data, flow, config.data.calibration_poses, config.data.test_stride
        )
        found = _NormalWindows(poses, 1.0)
    else:
        found = _held_out(config, flow, checkpoint)
    scored = score_window_set(config.scoring, models, found.window_set)
    seconds = found.share * np.diff(scored.frames.offsets) / fps
    scenes = _by_scene(by_track(scored.windows), scored.frames.clips, seconds, scene_pattern)
    normal = NormalScores(scored_as(config), weights_hash(models), scene_pattern, scenes)
    if leads():
        save_normal_scores(checkpoint, normal)
    return normal


def weights_hash(models: Sequence[Model]) -> str:
    """A hash of the variables of an ensemble."""
    digest = hashlib.blake2b(digest_size=20)
    for leaf in jax.tree.leaves([model.variables for model in models]):
        digest.update(np.ascontiguousarray(leaf).data)
    return digest.hexdigest()


def _checked_fps(config: ConfigDict, fps: float | None) -> float:
    if fps is None and config.data.benchmark in BENCHMARKS:
        fps = BENCHMARKS[config.data.benchmark].fps
    if fps is None or not 0 < fps < np.inf:
        raise InputError(
            f"must be the frames a second of the videos, got {fps}: rates are by the hour",
            field="fps",
        )
    return fps


def _held_out(
    config: ConfigDict, flow: FlowConfig, checkpoint: str | os.PathLike[str]
) -> _NormalWindows:
    """The held-out tracks of the training, cut as test poses are."""
    data = config.data
    left_out = _held_out_people(config, flow, checkpoint)
    tracks, windows = load_window_set(data, flow, data.train_poses, data.test_stride)
    pairs = zip(tracks.clip.tolist(), tracks.person.tolist(), strict=True)
    is_left_out = np.array([pair in left_out for pair in pairs], bool)
    normal = window_labels(abnormal_poses(data, tracks), windows.start, flow.segment_length) > 0
    kept = is_left_out[windows.track] & normal
    chosen = Windows(windows.start[kept], windows.track[kept])
    if not len(chosen.start):
        raise InputError("holds no held-out track", file=Path(data.root) / data.train_poses)
    share = len(np.unique(chosen.track)) / len(np.unique(windows.track))
    return _NormalWindows(WindowSet(tracks, chosen), share)


def _held_out_people(
    config: ConfigDict, flow: FlowConfig, checkpoint: str | os.PathLike[str]
) -> set[tuple[int, int]]:
    """Clip number and person of the tracks that the training of a model held out."""
    held_out = config.training.held_out
    if not held_out or not (Path(checkpoint) / CONFIG_FILE).exists():
        raise InputError(
            "names no normal poses, and no tracks were held out from training "
            "(config.training.held_out): give a folder of poses that were not trained on",
            field="config.data.calibration_poses",
        )
    check_same_config(config, checkpoint)
    examples = load_training_set(config.data, flow, config.seed)
    check_same_poses(checkpoint, examples.content_hash)
    origin = split_held_out(examples, held_out, config.seed)[1].origin
    return set(zip(origin.clip.tolist(), origin.person.tolist(), strict=True))


def _by_scene(
    tracks: TrackScores, clips: Sequence[str], seconds: NDArray[np.floating], pattern: str
) -> tuple[NormalScene, ...]:
    names = np.array([scene_of(clip, pattern) for clip in clips])
    sizes = np.diff(tracks.offsets)
    scenes = []
    for name in np.unique(names[tracks.clip]).tolist():
        here = names[tracks.clip] == name
        scenes.append(
            NormalScene(
                name=name,
                hours=float(seconds[names == name].sum()) / _SECONDS,
                score=tracks.score[np.repeat(here, sizes)].astype(np.float64),
                offsets=np.append(0, np.cumsum(sizes[here])),
            )
        )
    return tuple(scenes)
