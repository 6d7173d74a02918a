"""Where people go in sight of a camera, and how fast.

A path is an array (N, 2) of points on the ground, `STEP` metres apart; a place is an array (T, 3)
of x and y in metres and the heading in radians, one a frame.
"""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from stgnf_jax.town.acts import FRAMES_PER_SECOND
from stgnf_jax.town.camera import Camera
from stgnf_jax.town.figure import Array

STEP = 0.05


class Span(NamedTuple):
    """The frames from `start` up to, not including, `stop`."""

    start: int
    stop: int


def within(frames: int, span: Span) -> np.ndarray:
    """Which of the `frames` are in the span, (frames,) bool."""
    frame = np.arange(frames)
    return (frame >= span.start) & (frame < span.stop)


def fade(frames: int, span: Span, ramp: float = 8.0) -> Array:
    """0 (frames,) outside the span, rising to 1 and falling again over `ramp` frames inside it."""
    frame = np.arange(frames)
    edge = np.clip(np.minimum(frame - span.start, span.stop - 1 - frame) / ramp, 0, 1)
    return edge * edge * (3 - 2 * edge)


def spots(rng: np.random.Generator, camera: Camera, count: int) -> Array:
    """Points (count, 2) on the ground that are well within the image."""
    ahead = rng.uniform(camera.near, camera.far, count)
    return np.stack([rng.uniform(-0.65, 0.65, count) * camera.half_width(ahead), ahead], 1)


def _gate(rng: np.random.Generator, camera: Camera) -> Array:
    """A point (1, 2) beyond the image's left or right side."""
    ahead = rng.uniform(camera.near, camera.far, 1)
    return np.stack([rng.choice([-1.0, 1.0]) * (camera.half_width(ahead) + 1.5), ahead], 1)


def _round_off(corners: Array) -> Array:
    """A path through `corners` (M, 2), its turns rounded."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    points = np.arange(0, along[-1], STEP)
    path = np.stack([np.interp(points, along, axis) for axis in corners.T], 1)
    smooth: Array = gaussian_filter1d(path, 0.6 / STEP, axis=0, mode="nearest")
    return smooth


def _follow(path: Array, distance: Array) -> Array:
    """The place after walking `distance` (T,) metres along `path`."""
    along = np.clip(distance / STEP, 0, len(path) - 1)
    direction = np.gradient(path, axis=0)
    columns = (*path.T, np.unwrap(np.arctan2(direction[:, 1], direction[:, 0])))
    return np.stack([np.interp(along, np.arange(len(path)), column) for column in columns], 1)


def cross(rng: np.random.Generator, camera: Camera, speed: Array) -> Array:
    """The place of somebody who crosses the image, in sight from the start or coming later."""
    turns = spots(rng, camera, int(rng.integers(1, 4)))
    path = _round_off(np.concatenate([_gate(rng, camera), turns, _gate(rng, camera)]))
    begun = rng.uniform(-3, 0.6 * len(path) * STEP)
    return _follow(path, begun + np.cumsum(speed) / FRAMES_PER_SECOND)


def pass_by(
    rng: np.random.Generator, camera: Camera, speed: Array, spot: Array, frame: int
) -> Array:
    """The place of somebody who is at `spot` (2,), or nearly, in that frame."""
    before = np.concatenate([_gate(rng, camera), spots(rng, camera, 2), spot[None]])
    after = np.concatenate([spots(rng, camera, 3), _gate(rng, camera)])
    reached = np.hypot(*np.diff(before, axis=0).T).sum()
    walked = np.cumsum(speed) / FRAMES_PER_SECOND
    return _follow(_round_off(np.concatenate([before, after])), reached + walked - walked[frame])


def turn(place: Array, heading: float, weight: Array) -> Array:
    """`place` turned towards `heading` as far as `weight` (T,) says, the shorter way round."""
    angle = (heading - place[:, 2] + np.pi) % (2 * np.pi) - np.pi
    return np.column_stack([place[:, :2], place[:, 2] + weight * angle])


def stroll(rng: np.random.Generator, frames: int) -> Array:
    """A walker's speed (frames,) in m/s, never quite steady; one in four stops for a while."""
    speed = np.full(frames, np.clip(rng.normal(1.25, 0.18), 0.8, 1.7))
    speed *= 1 + 0.25 * gaussian_filter1d(rng.normal(size=frames), 10)
    if rng.random() < 0.25:
        start = int(rng.integers(frames))
        speed *= 1 - fade(frames, Span(start, start + int(rng.integers(40, 120))), 14)
    return speed
