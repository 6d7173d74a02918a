"""Windows beside normal ones: what of their nll, their movement and their shape is not usual."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.alarm_words import (
    BEYOND,
    USUAL,
    NearestWindow,
    Unusual,
    motion_words,
    nearest_words,
    nll_words,
)
from stgnf_jax.evidence import Evidence, UsualJoints, find_evidence, usual_joints
from stgnf_jax.kept_windows import nll_of_members
from stgnf_jax.model import Model
from stgnf_jax.motion import MEASURES, measure_motion
from stgnf_jax.normal_windows import Nearest, NormalWindows, find_nearest, window_shapes
from stgnf_jax.skeleton import Skeleton, joint_names

NUM_NEAREST = 3


class Reference(NamedTuple):
    """Normal windows and what is found out of them once.

    Attributes:
      normal: M windows.
      skeleton: theirs.
      joints: what the nll of their joints is.
      motion: measures of how people move in them, (M,) each.
      motion_limit: what `USUAL` of each measure stay below.
      apart: how far normal windows are from each other: the median, and what `USUAL` stay below.
    """

    normal: NormalWindows
    skeleton: Skeleton
    joints: UsualJoints
    motion: dict[str, NDArray[np.float64]]
    motion_limit: dict[str, float]
    apart: tuple[float, float]


class Compared(NamedTuple):
    """A window beside normal ones.

    Attributes:
      shape: (T, V, 2), see `window_shapes`.
      frame: (T,), numbers of its frames.
      nll: in bits per dimension.
      evidence: what of that is above the usual.
      motion: measures of how the person moves.
      nearest: the nearest normal windows, (K,) each.
    """

    shape: NDArray[np.float32]
    frame: NDArray[np.integer]
    nll: float
    evidence: Evidence
    motion: dict[str, float]
    nearest: Nearest


def make_reference(normal: NormalWindows, skeleton: Skeleton) -> Reference:
    """What windows are compared with."""
    motion = measure_motion(normal.shape, skeleton)
    limit = {name: float(np.quantile(value, USUAL)) for name, value in motion.items()}
    usual, most = np.quantile(normal.distance, (0.5, USUAL))
    return Reference(
        normal, skeleton, usual_joints(normal), motion, limit, (float(usual), float(most))
    )


def compare(
    models: Sequence[Model],
    keypoints: NDArray[np.floating],
    frame: NDArray[np.integer],
    reference: Reference,
) -> list[Compared]:
    """Compares N windows with normal ones.

    Args:
      models: the members of an ensemble, or one.
      keypoints: (N, T, V, C), in pixels.
      frame: (N, T), numbers of their frames.
      reference: normal windows under the same models.
    """
    if not len(keypoints):
        return []
    members, shape = nll_of_members(models, keypoints), window_shapes(keypoints)
    nearest = find_nearest(reference.normal, shape, NUM_NEAREST)
    motion = measure_motion(shape, reference.skeleton)
    return [
        Compared(
            shape[i],
            frame[i],
            float(members[:, i].mean(0, dtype=np.float64).sum()),
            find_evidence(members[:, i], reference.normal, reference.joints),
            {name: float(value[i]) for name, value in motion.items()},
            Nearest(nearest.window[i], nearest.distance[i]),
        )
        for i in range(len(keypoints))
    ]


def words_of(compared: Compared, reference: Reference) -> list[str]:
    """Why a window is unusual, in sentences."""
    names, unusual = joint_names(reference.skeleton), unusual_motion(compared, reference)
    return [
        *motion_words(unusual),
        *nll_words(compared.evidence, compared.frame, names),
        *nearest_words(nearest_window(compared, reference), unusual, names),
    ]


def unusual_motion(compared: Compared, reference: Reference) -> list[Unusual]:
    """The measures that are `BEYOND` times what is usual or more, the farthest beyond first.

    Without those that are part of what another of them tells.
    """
    beyond = {
        name: limit
        for name, limit in reference.motion_limit.items()
        if compared.motion[name] > max(BEYOND * limit, MEASURES[name].least)
    }
    nearest = compared.nearest.window[0]
    found = [
        Unusual(
            name,
            compared.motion[name],
            limit,
            float(reference.motion[name][nearest]),
            compared.motion.get(MEASURES[name].beside),
        )
        for name, limit in beyond.items()
        if beyond.keys().isdisjoint(MEASURES[name].part_of)
    ]
    return sorted(found, key=lambda one: one.limit / one.value)


def nearest_window(compared: Compared, reference: Reference) -> NearestWindow:
    """The nearest normal window as it is told of."""
    normal, number = reference.normal, compared.nearest.window[0]
    usual, limit = reference.apart
    apart = np.square(compared.shape - normal.shape[number]).sum(-1).mean(0)
    return NearestWindow(
        clip=normal.clips[normal.origin.clip[number]],
        person=int(normal.origin.person[number]),
        first=int(normal.origin.frame[number]),
        distance=float(compared.nearest.distance[0]),
        usual=usual,
        limit=limit,
        by_joint=np.sqrt(apart),
    )
