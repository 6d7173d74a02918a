"""Which threshold alarms go by, clip by clip."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from stgnf_jax.alarm_request import AlarmRequest
from stgnf_jax.alarm_threshold import alarm_threshold
from stgnf_jax.alarms import AlarmRule
from stgnf_jax.comparable import comparable_scores
from stgnf_jax.errors import InputError
from stgnf_jax.normal_scores import NormalScene, scenes_of
from stgnf_jax.rate_threshold import RateThreshold, rate_threshold
from stgnf_jax.saved_scores import SavedScores


class AlarmRules(NamedTuple):
    """What alarms are raised by.

    Attributes:
      clips: a rule for each clip.
      rates: by scene, what is promised; empty where the threshold was not found by a rate.
    """

    clips: tuple[AlarmRule, ...]
    rates: dict[str, RateThreshold]


def find_rules(
    folder: str | os.PathLike[str], scores: SavedScores, request: AlarmRequest
) -> AlarmRules:
    """The rules for the clips of scores in a folder.

    Raises:
      InputError: there is no ground truth, or there are no normal scores, that the request needs.
    """
    clips, rates = scores.frames.clips, {}
    if request.per_hour is not None:
        scenes = scenes_of(comparable_scores(folder), clips)
        for scene in scenes:
            if scene.name not in rates:
                rates[scene.name] = scene_rate(scene, request.per_hour, request.confidence)
        thresholds = [rates[scene.name].score for scene in scenes]
    elif request.threshold is not None:
        thresholds = [request.threshold] * len(clips)
    else:
        thresholds = [_best_f1(scores, smoothed=request.smoothed)] * len(clips)
    rules = [AlarmRule(one, request.hysteresis, request.min_frames) for one in thresholds]
    return AlarmRules(tuple(rules), rates)


def scene_rate(scene: NormalScene, per_hour: float, confidence: float | None) -> RateThreshold:
    """The threshold of `rate_threshold` for a scene.

    Raises:
      InputError: names the scene, whose hours are too few.
    """
    try:
        return rate_threshold(scene.lowest, scene.hours, per_hour, confidence)
    except InputError as error:
        field = f"scene {scene.name}" if scene.name else None
        raise InputError(error.reason, field=field) from error


def promises(rates: Mapping[str, RateThreshold]) -> list[str]:
    """What is promised, a line a scene."""
    return [
        f"{f'scene {scene}: ' if scene else ''}threshold {rate.score:.6g}: {rate.per_hour:.4g} "
        "false alarms an hour in the mean over calibrations, "
        f"{rate.bound_per_hour:.4g} at most in 95 of 100"
        for scene, rate in rates.items()
    ]


def _best_f1(scores: SavedScores, *, smoothed: bool) -> float:
    normal, frames = scores.normal, scores.frames
    if normal is None or normal.all():
        raise InputError(
            "needs frames that are known to be abnormal, and there are none: score with stgnf "
            "evaluate, or give another threshold",
            field="--best_f1",
        )
    return alarm_threshold(frames.smoothed if smoothed else frames.raw, normal).score
