"""Why alarms were raised: the window of each beside normal ones, as JSON, words and pictures.

Whatever kind of score raised an alarm, it is the nll of its window that is explained.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stgnf_jax import pictures
from stgnf_jax.alarms import Alarm
from stgnf_jax.alarms_file import PICTURES
from stgnf_jax.checkpoint import load_members
from stgnf_jax.compared_windows import (
    Compared,
    Reference,
    compare,
    make_reference,
    nearest_window,
    words_of,
)
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_windows_file import load_normal_windows
from stgnf_jax.saved_scores import SavedScores
from stgnf_jax.score_origin import load_origin
from stgnf_jax.scored_windows import load_scored, located
from stgnf_jax.skeleton import joint_names
from stgnf_jax.windows import gather


def explain_alarms(
    folder: str | os.PathLike[str],
    scores: SavedScores,
    alarms: Sequence[Alarm],
    poses: str | os.PathLike[str] | None = None,
) -> list[dict[str, Any] | None]:
    """Explains alarms, each by the window that has its score, and draws a picture of each.

    Pictures are `alarms/CLIP_START_END.png` in the folder.

    Args:
      folder: what the alarms were raised from.
      scores: the scores in it.
      alarms: what `find_alarms` found in them.
      poses: folder of the pose files; by default where they were when they were scored.

    Returns:
      For each alarm what `alarms.json` has as its `explanation`; None where nobody was scored.

    Raises:
      InputError: the poses are others or elsewhere, the model has no normal windows, or a picture
        cannot be written.
    """
    origin = located(load_origin(folder), poses)
    models = load_members(origin.checkpoint)
    flow, weights = models[0].config, weights_hash(models)
    normal = load_normal_windows(origin.checkpoint, flow, weights)
    reference = make_reference(normal, flow.skeleton)
    tracks, windows = load_scored(origin, scores)
    which = [_window_of(scores, alarm, flow.segment_length) for alarm in alarms]
    start = windows.start[np.array([one for one in which if one is not None], np.intp)]
    keypoints = np.asarray(gather(tracks.keypoints, start, flow.segment_length))
    frame = tracks.frame[start[:, None] + np.arange(flow.segment_length)]
    compared = iter(compare(models, keypoints, frame, reference))
    clips = scores.frames.clips
    return [
        None
        if window is None
        else _explain(Path(folder), clips[alarm.clip], alarm, next(compared), reference)
        for alarm, window in zip(alarms, which, strict=True)
    ]


def _window_of(scores: SavedScores, alarm: Alarm, length: int) -> int | None:
    """The number of the window that has an alarm's score."""
    if alarm.person is None:
        return None
    clip, person, start, _ = scores.windows
    there = (clip == alarm.clip) & (person == alarm.person) & (start == alarm.frame - length // 2)
    return int(np.flatnonzero(there)[0])


def _explain(
    folder: Path, clip: str, alarm: Alarm, compared: Compared, reference: Reference
) -> dict[str, Any]:
    picture = f"{PICTURES}/{clip}_{alarm.span.start}_{alarm.span.end}.png"
    title = f"clip {clip}, person {alarm.person}, from frame {compared.frame[0]}"
    nearest = _neighbours(compared, reference)
    _draw(compared, reference, nearest["windows"], title, folder / picture)
    return {
        "words": words_of(compared, reference),
        "picture": picture,
        "frame": compared.frame.tolist(),
        "nll": compared.nll,
        "usual_nll": float(reference.normal.usual.sum(dtype=np.float64)),
        "unit": "bits / dim",
        "joints": _joints(compared, reference),
        "excess_by_frame": compared.evidence.excess.sum(1).tolist(),
        "motion": {name: _rank(compared, reference, name) for name in compared.motion},
        "nearest": nearest,
    }


def _draw(
    compared: Compared,
    reference: Reference,
    windows: Sequence[dict[str, Any]],
    title: str,
    file: Path,
) -> None:
    """Draws a window above the nearest normal ones, `windows` in the words of `_neighbours`."""
    excess = compared.evidence.excess
    if not np.isfinite(excess).all():
        excess = np.zeros_like(excess)
    alarm = pictures.ExplainedStrip(compared.shape, excess, title)
    strips = [
        pictures.Strip(
            reference.normal.shape[number],
            f"{row['distance']:.2f} away: clip {row['clip']}, person {row['person']}, "
            f"from frame {row['start']}",
        )
        for number, row in zip(compared.nearest.window, windows, strict=True)
    ]
    pictures.save_png(pictures.alarm_strip(alarm, strips, reference.skeleton), file)


def _joints(compared: Compared, reference: Reference) -> list[dict[str, Any]]:
    """The joints, those that are most out of line first."""
    evidence, names = compared.evidence, joint_names(reference.skeleton)
    nll = evidence.by_joint + reference.joints.mean
    spread = [None] * len(names) if evidence.spread is None else evidence.spread.tolist()
    return [
        {
            "joint": names[joint],
            "excess": float(evidence.by_joint[joint]),
            "spread": spread[joint],
            "out_of_line": float(evidence.out_of_line[joint]),
            "normal_share": _share(reference.normal.by_joint[:, joint], nll[joint]),
        }
        for joint in np.argsort(-evidence.out_of_line, kind="stable")
    ]


def _rank(compared: Compared, reference: Reference, name: str) -> dict[str, float]:
    """A measure of movement, in the window and in normal ones."""
    value, normal = compared.motion[name], reference.motion[name]
    return {
        "value": value,
        "usual": float(np.median(normal)),
        "nearest": float(normal[compared.nearest.window[0]]),
        "normal_share": _share(normal, value),
    }


def _neighbours(compared: Compared, reference: Reference) -> dict[str, Any]:
    normal, told = reference.normal, nearest_window(compared, reference)
    clip, person, frame = normal.origin
    return {
        "usual_distance": told.usual,
        "normal_share": _share(normal.distance, told.distance),
        "joint_distance": dict(
            zip(joint_names(reference.skeleton), told.by_joint.tolist(), strict=True)
        ),
        "windows": [
            {
                "clip": normal.clips[clip[number]],
                "person": int(person[number]),
                "start": int(frame[number]),
                "distance": float(distance),
            }
            for number, distance in zip(*compared.nearest, strict=True)
        ],
    }


def _share(normal: NDArray[np.floating], value: float) -> float:
    """The share of normal windows that have as much, or more."""
    return float((normal >= value).mean())
