"""What a live camera's scores are held to: a rule for its alarms, normal scores for p-values."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ml_collections import ConfigDict

from stgnf_jax.alarm_request import LIVE_WAYS, AlarmRequest, check_request
from stgnf_jax.alarm_rules import promises, scene_rate
from stgnf_jax.alarms import AlarmRule
from stgnf_jax.comparable import scores_to_compare
from stgnf_jax.conformal import normal_table
from stgnf_jax.errors import InputError
from stgnf_jax.live_alarms import CameraRules
from stgnf_jax.model import Model
from stgnf_jax.normal_scores import NormalScores, ScoredAs, has_scene, scene_for
from stgnf_jax.normal_scores_file import NORMAL_SCORES_FILE
from stgnf_jax.rate_threshold import RateThreshold


def live_rules(
    config: ConfigDict,
    checkpoint: str | os.PathLike[str],
    models: Sequence[Model],
    request: AlarmRequest | None,
    command: str = "stream",
) -> Callable[[str], CameraRules]:
    """A function from a camera's name to its rules; what is promised goes to stderr.

    It raises InputError for a camera of a scene without normal scores, if a rate is asked for.

    Args:
      config: how scores are made.
      checkpoint: the model's folder, where normal scores may be.
      models: what it holds.
      request: which alarms; None for none.
      command: in whose name is told.

    Raises:
      InputError: the request is none, or needs normal scores that are missing, too few, or not to
        be compared with.
    """
    if request is not None:
        check_request(request, LIVE_WAYS)
    needed = request is not None and request.per_hour is not None
    normal = _normal_scores(config, checkpoint, models, needed, command)
    rates = _rates(normal, request)
    for promise in promises(rates):
        _tell(command, promise)
    by_scene = {
        scene.name: CameraRules(
            _alarm_rule(request, rates.get(scene.name)), normal_table(scene.score, scene.offsets)
        )
        for scene in (normal.scenes if normal else ())
    }

    def rules(camera: str) -> CameraRules:
        if normal is not None and (needed or has_scene(normal, camera)):
            return by_scene[scene_for(normal, camera).name]
        return CameraRules(_alarm_rule(request, None), None)

    return rules


def _rates(normal: NormalScores | None, request: AlarmRequest | None) -> dict[str, RateThreshold]:
    """By scene; none where alarms do not go by a rate."""
    if normal is None or request is None or request.per_hour is None:
        return {}
    return {
        scene.name: scene_rate(scene, request.per_hour, request.confidence)
        for scene in normal.scenes
    }


def _alarm_rule(request: AlarmRequest | None, rate: RateThreshold | None) -> AlarmRule | None:
    if request is None:
        return None
    threshold = request.threshold if rate is None else rate.score
    assert threshold is not None  # or there would be a rate
    return AlarmRule(threshold, request.hysteresis, request.min_frames)


def _normal_scores(
    config: ConfigDict,
    checkpoint: str | os.PathLike[str],
    models: Sequence[Model],
    needed: bool,
    command: str,
) -> NormalScores | None:
    """Those beside the model, if they are needed or there are any that fit."""
    if not needed and not (Path(checkpoint) / NORMAL_SCORES_FILE).exists():
        return None
    data = config.data
    now = ScoredAs(config.scoring.score, 0.0, "all", data.max_absent, test_stride=1)
    try:
        return scores_to_compare(checkpoint, models, now, "a live stream")
    except InputError as error:
        if needed:
            raise
        _tell(command, f"no p-values: {error}")
        return None


def _tell(command: str, what: str) -> None:
    print(f"stgnf {command}: {what}", file=sys.stderr, flush=True)
