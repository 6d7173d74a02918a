"""An articulated body: where the 17 COCO joints are for given joint angles.

A body stands in its own frame: x forward, y to its left, z up, in metres. A limb's segment points
along `pitch` (radians forward of hanging down) and `out` (radians away from the body's middle).
Limbs come as (left, right), segments as (upper, lower).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

SIDES = np.array([1.0, -1.0])

# Lengths and places as parts of the body's height; places are relative to the pelvis.
LEG, ARM = np.array([0.245, 0.246]), np.array([0.186, 0.146])
HIPS = np.array([[0, 0.05, 0], [0, -0.05, 0]])
SHOULDERS = np.array([[0, 0.11, 0.288], [0, -0.11, 0.288]])
FACE = np.array(  # nose, eyes, ears
    [[0.06, 0, 0.40], [0.05, 0.02, 0.42], [0.05, -0.02, 0.42], [0, 0.045, 0.41], [0, -0.045, 0.41]]
)
ANKLE_HEIGHT = 0.045


class Body(NamedTuple):
    """What is one person's own.

    Attributes:
      height: metres.
      stride: metres times seconds; a step's length is the root of `stride` times speed.
      phase: of the gait in the first frame, radians.
      arm_swing: how far the arms swing, as a part of how far the legs do.
      elbows: (2,), how far each elbow is bent in walking, radians.
    """

    height: float
    stride: float
    phase: float
    arm_swing: float
    elbows: Array


class Pose(NamedTuple):
    """Joint angles in radians over T frames.

    Attributes:
      arms: (T, 2 sides, 2 segments, 2), pitch and out, relative to the trunk.
      legs: (T, 2 sides, 2 segments, 2), pitch and out, relative to the pelvis.
      trunk: (T, 3), twist to the left, pitch forward, roll to the right.
      head: (T,), turn to the left.
      topple: (T, 2), how far the whole body has tipped forward and to the left.
      shift: (T, 2), metres to the left of the path and off the ground.
    """

    arms: Array
    legs: Array
    trunk: Array
    head: Array
    topple: Array
    shift: Array


def make_body(rng: np.random.Generator) -> Body:
    """A grown person; one arm in eight carries something or holds a telephone."""
    holds = rng.random(2) < 0.13
    return Body(
        height=float(np.clip(rng.normal(1.7, 0.09), 1.45, 1.95)),
        stride=rng.uniform(0.36, 0.44),
        phase=rng.uniform(0, 2 * np.pi),
        arm_swing=rng.uniform(0.4, 1.0),
        elbows=np.where(holds, rng.uniform(1.2, 1.9, 2), rng.uniform(0.15, 0.5, 2)),
    )


def mix(first: Pose, second: Pose, weight: Array) -> Pose:
    """From `first` where `weight` (T,) is 0 to `second` where it is 1."""
    pairs = zip(first, second, strict=True)
    return Pose(*(((b - a).T * weight + a.T).T for a, b in pairs))


def _limb(start: Array, angles: Array, lengths: Array) -> Array:
    """Left and right middle, then left and right end: (T, 4, 3), of limbs at `start` (2, 3)."""
    pitch, out = angles[..., 0], angles[..., 1]
    forward, left = np.sin(pitch) * np.cos(out), SIDES[:, None] * np.sin(out)
    segments = np.stack([forward, left, -np.cos(pitch) * np.cos(out)], -1) * lengths[:, None]
    points = start[:, None] + np.cumsum(segments, axis=2)  # (T, 2 sides, 2 segments, 3)
    return np.swapaxes(points, 1, 2).reshape(len(angles), 4, 3)


def _turn(points: Array, rotation: Rotation) -> Array:
    """Points (T, N, 3) turned about the pelvis by T rotations."""
    turned: Array = points @ rotation.as_matrix().swapaxes(1, 2)
    return turned


def _relative(pose: Pose, heading: Array) -> Array:
    """Joints (T, 17, 3) around the pelvis, as parts of the body's height."""
    frames = len(heading)
    face, shoulders, hips = (np.tile(points, (frames, 1, 1)) for points in (FACE, SHOULDERS, HIPS))
    face = _turn(face, Rotation.from_euler("z", pose.head[:, None]))
    upper = np.concatenate([face, shoulders, _limb(SHOULDERS, pose.arms, ARM)], 1)
    upper = _turn(upper, Rotation.from_euler("ZYX", pose.trunk))
    points = np.concatenate([upper, hips, _limb(HIPS, pose.legs, LEG)], 1)  # (T, 17, 3)
    forward, left = pose.topple.T
    points = _turn(points, Rotation.from_rotvec(np.stack([-left, forward, 0 * left], 1)))
    return _turn(points, Rotation.from_euler("z", heading[:, None]))


def joints(body: Body, pose: Pose, place: Array) -> Array:
    """The body's COCO-17 joints in the world, (T, 17, 3) metres, its lowest joint on the ground.

    Args:
      body: whose joints.
      pose: the angles, over T frames.
      place: (T, 3), the pelvis's x and y on the ground in metres, and the heading in radians.
    """
    heading = place[:, 2]
    points = _relative(pose, heading)
    points[..., 2] += ANKLE_HEIGHT - points[..., 2].min(1, keepdims=True)
    sideways, lift = pose.shift.T
    x, y = place[:, 0] - np.sin(heading) * sideways, place[:, 1] + np.cos(heading) * sideways
    world: Array = body.height * points + np.stack([x, y, lift], 1)[:, None]
    return world
