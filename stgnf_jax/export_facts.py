"""What a program must know to use an exported model, as JSON."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

import stgnf_jax
from stgnf_jax.alarm_rules import scene_rate
from stgnf_jax.export_program import BATCH, PLATFORMS
from stgnf_jax.load_export import FORMAT_VERSION, INPUT, OUTPUT
from stgnf_jax.model import Model
from stgnf_jax.normal_scores import NormalScores
from stgnf_jax.rate_threshold import RateThreshold
from stgnf_jax.score_kinds import UNITS
from stgnf_jax.skeleton import joint_names

NORMALISATION = (
    "Done by the program. With x and y divided by width and height of the resolution: "
    "x = (x - mean(x)) / std(y), y = (y - mean(y)) / std(y), over all frames and joints of the "
    "window, std without Bessel's correction; confidence stays as it is."
)


class Threshold(NamedTuple):
    """A threshold of a scene, and the rate of false alarms that was asked for."""

    scene: str
    asked_per_hour: float
    found: RateThreshold


def thresholds(normal: NormalScores | None, rates: Sequence[float]) -> list[Threshold]:
    """The thresholds that keep to rates of false alarms, of every scene.

    Raises:
      InputError: the hours of a scene are too few for a rate; names the scene.
    """
    return [
        Threshold(scene.name, rate, scene_rate(scene, rate, None))
        for scene in (normal.scenes if normal else ())
        for rate in rates
    ]


def facts_of(
    config: ConfigDict,
    models: Sequence[Model],
    normal: NormalScores | None,
    rates: Sequence[float],
) -> dict[str, Any]:
    """All of `facts.json` but the hashes of the files beside it.

    Args:
      config: how windows are cut and scored.
      models: the members.
      normal: scores of normal people; None without.
      rates: false alarms an hour, each to have a threshold.

    Raises:
      InputError: as `thresholds`.
    """
    model, kind = models[0], config.scoring.score
    return {
        "format_version": FORMAT_VERSION,
        "written_by": {"stgnf_jax": stgnf_jax.__version__, "jax": jax.__version__},
        "input": _input(model),
        "output": {
            **{"name": OUTPUT, "shape": [BATCH], "type": "float32"},
            **{"score": kind, "unit": UNITS[kind], "higher_is": "more normal"},
        },
        "platforms": list(PLATFORMS),
        "members": len(models),
        "resolution": list(model.resolution),
        "normalisation": NORMALISATION,
        "skeleton": _skeleton(model),
        "windows": _windows(config, model),
        "normal_scores": _normal(normal),
        "thresholds": [
            {"scene": one.scene, "asked_per_hour": one.asked_per_hour, **one.found._asdict()}
            for one in thresholds(normal, rates)
        ],
    }


def _input(model: Model) -> dict[str, Any]:
    return {
        "name": INPUT,
        "shape": [BATCH, *model.config.event_shape],
        "type": "float32",
        "axes": ["window", "frame", "joint", "channel"],
        "channels": ["x", "y", "confidence"][: model.config.channels],
        "unit": "pixels from the top left",
    }


def _skeleton(model: Model) -> dict[str, Any]:
    skeleton = model.config.skeleton
    return {
        "name": skeleton.name,
        "joints": joint_names(skeleton),
        "edges": skeleton.edges,
        "file_joints": skeleton.num_file_joints,
        # Each joint is the mean of these of a pose file.
        "sources": skeleton.sources,
    }


def _windows(config: ConfigDict, model: Model) -> dict[str, Any]:
    length = model.config.segment_length
    return {
        "length": length,
        "stride": config.data.test_stride,
        "max_absent": config.data.max_absent,
        "windowing": config.data.windowing,
        # A window's score belongs to its first frame and so many more.
        "score_frame": length // 2,
    }


def _normal(normal: NormalScores | None) -> dict[str, Any] | None:
    if normal is None:
        return None
    return {
        "scene_pattern": normal.scene_pattern,
        "scenes": [scene.name for scene in normal.scenes],
        "hours": [scene.hours for scene in normal.scenes],
    }
