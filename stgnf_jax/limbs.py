"""How fast single limbs move: against the body's height, and against the rest of the body."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Measurement = Callable[[NDArray[np.float64], Sequence[int]], NDArray[np.float64]]

# Body heights a frame: so fast a limb that is held still moves by a pose estimator's jitter.
STILL = 0.005
_SIDES = ("left", "right")
_DOWN = ("shoulder", "hip", "knee", "ankle")
JOINTS = ("nose", *(f"{side} {joint}" for joint in (*_DOWN, "wrist") for side in _SIDES))
# Where a limb begins, and its end, whose way around that is the limb's.
_ENDS = {"arm": ("shoulder", "wrist"), "leg": ("hip", "ankle")}
ARMS, LEGS = (tuple(f"{side} {kind}" for side in _SIDES) for kind in _ENDS)


def top_speed(limbs: Sequence[str]) -> Measurement:
    """A measure: the highest speed of a limb, of several the slowest's, in body heights a frame.

    Args:
      limbs: some of `ARMS` and `LEGS`.
    """

    def measure(shape: NDArray[np.float64], joints: Sequence[int]) -> NDArray[np.float64]:
        at = dict(zip(JOINTS, joints, strict=True))
        speeds = [_speed(shape, at, limb).max(1, initial=0) for limb in limbs]
        return np.min(speeds, axis=0) / _height(shape, at)

    return measure


def lead(limbs: Sequence[str], rest: Sequence[str]) -> Measurement:
    """A measure: how many times as fast a limb moves, of several the slowest, as all of the rest.

    In the mean over the window, as the fastest of `rest` and of the hips at least: of jitter, as
    much as of somebody who stands still is added there.

    Args:
      limbs: some of `ARMS` and `LEGS`.
      rest: others of these.
    """

    def measure(shape: NDArray[np.float64], joints: Sequence[int]) -> NDArray[np.float64]:
        at = dict(zip(JOINTS, joints, strict=True))
        hips = shape[:, :, at["left hip"]] + shape[:, :, at["right hip"]]
        others = [_mean(_speed(shape, at, limb)) for limb in rest]
        fastest = np.maximum.reduce([*others, _mean(_way(hips / 2))])
        slowest = np.min([_mean(_speed(shape, at, limb)) for limb in limbs], axis=0)
        return slowest / (fastest + STILL * _height(shape, at))

    return measure


def _way(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far places (N, T, 2) get from frame to frame, (N, T - 1)."""
    return np.linalg.norm(np.diff(place, axis=1), axis=-1)


def _mean(way: NDArray[np.float64]) -> NDArray[np.float64]:
    return way.sum(1) / max(way.shape[1], 1)


def _speed(shape: NDArray[np.float64], at: dict[str, int], limb: str) -> NDArray[np.float64]:
    side, kind = limb.split()
    root, end = (shape[:, :, at[f"{side} {joint}"]] for joint in _ENDS[kind])
    return _way(end - root)


def _height(shape: NDArray[np.float64], at: dict[str, int]) -> NDArray[np.float64]:
    """From the nose along the body to the longer leg's ankle, (N,): bent or lying as standing."""

    def length(side: str) -> NDArray[np.float64]:
        chain = [at["nose"], *(at[f"{side} {joint}"] for joint in _DOWN)]
        return np.linalg.norm(np.diff(shape[:, :, chain], axis=2), axis=-1).sum(-1)

    return np.median(np.maximum(*map(length, _SIDES)), axis=1)
