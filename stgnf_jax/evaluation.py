"""From a checkpoint and a folder of poses to scores and figures."""

import os
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from absl import logging
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.calibration_file import CALIBRATION_FILE
from stgnf_jax.checkpoint import Description, load_members
from stgnf_jax.config import check_config, default_config
from stgnf_jax.distributed import leads
from stgnf_jax.ensemble_scores import MemberScores
from stgnf_jax.errors import InputError
from stgnf_jax.explanations import explain, save_explanations
from stgnf_jax.files import check_folder
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.ground_truth import masks_without_poses, read_masks
from stgnf_jax.localisation import as_detections, person_boxes
from stgnf_jax.metrics import Bootstrap, Metrics, auc_micro, box_figures, frame_figures
from stgnf_jax.model import Model
from stgnf_jax.poses import Tracks
from stgnf_jax.score_files import forget_scores, save_metrics, save_scores
from stgnf_jax.score_origin import ScoreOrigin, save_origin
from stgnf_jax.scoring import (
    FrameScores,
    PersonScores,
    WindowScores,
    extreme_windows,
    frame_scores,
    person_scores,
)
from stgnf_jax.set_scoring import WindowSource, set_scores_of_kind
from stgnf_jax.skeleton import Skeleton
from stgnf_jax.track_truth import load_track_truth
from stgnf_jax.window_set import WindowSet, evaluated_benchmark, load_test_windows
from stgnf_jax.windows import window_origin


class Scored(NamedTuple):
    """Scores of a folder of poses, from windows to frames, and where they come from.

    Attributes:
      window_set: the windows that were scored; `windows` has one row a window.
      length: T, frames of a window.
      windows: scores of windows.
      members: the same by each member of an ensemble.
      people: scores of people in frames.
      frames: scores of frames.
    """

    window_set: WindowSet
    length: int
    windows: WindowScores
    members: MemberScores
    people: PersonScores
    frames: FrameScores


class Evaluation(NamedTuple):
    """What an evaluation found.

    Attributes:
      scored: the scores.
      normal: (F,) bool, ground truth of the frames of all clips.
      metrics: the figures.
    """

    scored: Scored
    normal: NDArray[np.bool_]
    metrics: Metrics


def score(
    config: ConfigDict, checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]
) -> Scored:
    """Scores the test poses of a configuration and writes the scores into the folder `out`.

    No ground truth is read: a clip has as many frames as the poses show.

    Raises:
      InputError: anything wrong with the configuration, the poses or the checkpoint; `out` is a
        file.
    """
    check_config(config)
    check_folder(out)
    models = load_scorers(config, checkpoint)
    scored = score_test_poses(config, models)
    if leads():
        forget_scores(out)
        save_origin(out, _origin(config, checkpoint, models))
        _explain(config.scoring, models, scored, out)
        save_scores(out, scored.windows, scored.people, scored.frames, members=scored.members)
    return scored


def evaluate(
    config: ConfigDict, checkpoint: str | os.PathLike[str], out: str | os.PathLike[str]
) -> Evaluation:
    """Scores the test poses, compares with the masks, writes scores and figures into `out`.

    Raises:
      InputError: anything wrong with the configuration, the poses, the masks or the checkpoint;
        `out` is a file.
    """
    check_config(config)
    check_folder(out)
    models = load_scorers(config, checkpoint)
    scored, normal = score_against_masks(config, models)
    metrics = _measure(config, models[0].config.skeleton, scored, normal)
    if leads():
        forget_scores(out)
        save_origin(out, _origin(config, checkpoint, models))
        save_metrics(out, metrics)
        _explain(config.scoring, models, scored, out)
        save_scores(
            out,
            scored.windows,
            scored.people,
            scored.frames,
            members=scored.members,
            normal=normal,
        )
    return Evaluation(scored, normal, metrics)


def _explain(
    scoring: ConfigDict, models: Sequence[Model], scored: Scored, out: str | os.PathLike[str]
) -> None:
    """Writes the explanations that a configuration asks for."""
    if scoring.explain:
        chosen = extreme_windows(scored.windows, scoring.explain, lowest=True)
        found = explain(models, scored.window_set, chosen)
        save_explanations(
            out, found, scored.windows, models[0].config.skeleton, scored.frames.clips
        )


def load_scorers(config: ConfigDict, checkpoint: str | os.PathLike[str]) -> tuple[Model, ...]:
    """The members of a checkpoint, able to score as the configuration asks.

    Raises:
      InputError: the checkpoint cannot be read or lacks what the score needs.
    """
    kind = config.scoring.score
    models = load_members(checkpoint)
    if kind != "nll" and models[0].calibration is None:
        raise InputError(
            f"has no {CALIBRATION_FILE}, which {kind} needs and the end of a training makes; an "
            "imported model has none: score it with config.scoring.score=nll",
            file=checkpoint,
        )
    _warn_of_ignored(config, models[0])
    return models


def score_test_poses(config: ConfigDict, models: Sequence[Model]) -> Scored:
    """Scores the test poses with an ensemble, clips as long as their poses (section 4.1)."""
    window_set = load_test_windows(config.data, models[0].config)
    return score_window_set(config.scoring, models, window_set)


def score_against_masks(
    config: ConfigDict, models: Sequence[Model]
) -> tuple[Scored, NDArray[np.bool_]]:
    """Scores the test poses with an ensemble, clips as long as their masks; and the masks, (F,)."""
    window_set, masks = load_test_set(config.data, models[0].config)
    num_frames = [len(mask) for mask in masks]
    return score_window_set(config.scoring, models, window_set, num_frames), np.concatenate(masks)


def score_window_set(
    scoring: ConfigDict,
    models: Sequence[Model],
    window_set: WindowSet,
    num_frames: Sequence[int] | None = None,
) -> Scored:
    """Scores windows with an ensemble.

    Args:
      scoring: the section `scoring` of a configuration.
      models: the members.
      window_set: the windows.
      num_frames: length of each clip; None for as long as its poses.

    Raises:
      InputError: no window has a finite score, or one is NaN.
    """
    tracks, length = window_set.tracks, models[0].config.segment_length
    source = WindowSource(
        tracks.keypoints,
        window_set.windows.start,
        models[0].resolution,
        noise=scoring.keypoint_noise,
    )
    members = MemberScores(set_scores_of_kind(scoring.score, models, source))
    windows = WindowScores(*window_origin(*window_set), members.mean)
    people = person_scores(windows, length)
    seen = _frames_seen(tracks, people) if num_frames is None else num_frames
    frames = frame_scores(people, tracks.clips, seen)
    return Scored(window_set, length, windows, members, people, frames)


def _origin(
    config: ConfigDict, checkpoint: str | os.PathLike[str], models: Sequence[Model]
) -> ScoreOrigin:
    model = Description(models[0].config, models[0].resolution, len(models))
    return ScoreOrigin(config, Path(checkpoint).absolute(), model)


def _measure(
    config: ConfigDict, skeleton: Skeleton, scored: Scored, normal: NDArray[np.bool_]
) -> Metrics:
    scoring, frames = config.scoring, scored.frames
    bootstrap = Bootstrap(scoring.interval_level, scoring.interval_resamples, config.seed)
    figures = frame_figures(normal, frames.smoothed, frames.offsets, bootstrap)
    masks = np.split(normal, frames.offsets[1:-1])
    truth = load_track_truth(config.data, frames.clips, masks)
    if truth is not None:
        boxes = person_boxes(
            *scored.window_set,
            scored.windows.score,
            length=scored.length,
            skeleton=skeleton,
            confidence=scoring.box_confidence,
        )
        lengths = np.diff(frames.offsets)
        rbdc, tbdc = box_figures(truth, as_detections(boxes), lengths, bootstrap)
        figures = figures._replace(rbdc=rbdc, tbdc=tbdc)
    return Metrics(
        auc_micro=auc_micro(normal, frames.smoothed),
        num_windows=len(scored.windows.score),
        num_frames=len(normal),
        num_clips=len(frames.clips),
        auc_micro_members=_aucs_of_members(scored, normal),
        figures=figures,
        bootstrap=bootstrap,
    )


def _aucs_of_members(scored: Scored, normal: NDArray[np.bool_]) -> tuple[float, ...]:
    """The AUC of each member of an ensemble alone; none where there is but one."""
    if len(scored.members.score) == 1:
        return ()
    people, clips = scored.people, scored.frames.clips
    lengths = np.diff(scored.frames.offsets).tolist()
    return tuple(
        auc_micro(normal, frame_scores(people._replace(score=score), clips, lengths).smoothed)
        for score in scored.members.score
    )


def load_test_set(
    data: ConfigDict, flow: FlowConfig
) -> tuple[WindowSet, tuple[NDArray[np.bool_], ...]]:
    """The windows of the test poses, and for each clip which of its frames are normal.

    Raises:
      InputError: anything wrong with the poses or the masks.
    """
    window_set = load_test_windows(data, flow)
    folder, benchmark = Path(data.root) / data.masks, evaluated_benchmark(data)
    clips = window_set.tracks.clips
    masks = read_masks(folder, clips, benchmark)
    left = masks_without_poses(folder, clips, benchmark)
    if left:
        logging.warning(
            "%s: %d masks have no pose file, so their clips do not count: %s ...; a clip "
            "without people has a pose file that says {}",
            *(folder, len(left), ", ".join(left[:3])),
        )
    return window_set, masks


def _warn_of_ignored(config: ConfigDict, model: Model) -> None:
    """A checkpoint knows its flow and resolution; says where a configuration asks for others."""
    default = default_config()
    pairs = {"data.resolution": (tuple(config.data.resolution), model.resolution)}
    kept = model.config._asdict() | {"skeleton": model.config.skeleton.name}
    pairs |= {f"model.{name}": (config.model[name], kept[name]) for name in kept}
    for name, (asked, used) in pairs.items():
        if asked not in (used, attrgetter(name)(default)):
            logging.warning("config.%s=%s is not used: the checkpoint has %s", name, asked, used)


def _frames_seen(tracks: Tracks, people: PersonScores) -> list[int]:
    """How many frames each clip must have had, by its last detection and its last score."""
    num_frames = np.zeros(len(tracks.clips), np.int64)
    clip = np.repeat(tracks.clip, np.diff(tracks.offsets))
    np.maximum.at(num_frames, clip, tracks.frame + 1)
    np.maximum.at(num_frames, people.clip, people.frame + 1)
    return num_frames.tolist()
