"""Smoothing of frame scores that looks at no later frame: an exponential filter."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Smoother(NamedTuple):
    """What the filter keeps of the frames so far; all () float32.

    Attributes:
      smallest: the smallest finite score so far, infinite before the first.
      largest: the largest, minus infinite before the first.
      level: the smoothed score of the last frame, NaN before the first finite score.
    """

    smallest: jax.Array
    largest: jax.Array
    level: jax.Array


def new_smoother() -> Smoother:
    """The filter before the first frame."""
    return Smoother(jnp.float32(jnp.inf), jnp.float32(-jnp.inf), jnp.float32(jnp.nan))


def gain(frames: float) -> float:
    """The weight of a new frame in a filter that forgets by a factor of e in so many frames."""
    return -math.expm1(-1 / frames)


def smooth_frame(smoother: Smoother, lowest: jax.Array, weight: float) -> Smoother:
    """Takes in the next frame.

    As `scoring.frame_scores`, but with the scores so far only: a frame without a score takes the
    largest finite one, a score of minus infinity the smallest.

    Args:
      smoother: the filter.
      lowest: () the frame's lowest score, plus infinity where no one has one.
      weight: the new frame's, from `gain`.
    """
    finite = jnp.isfinite(lowest)
    smallest = jnp.where(finite, jnp.minimum(smoother.smallest, lowest), smoother.smallest)
    largest = jnp.where(finite, jnp.maximum(smoother.largest, lowest), smoother.largest)
    value = jnp.where(smallest <= largest, jnp.clip(lowest, smallest, largest), jnp.nan)
    level = smoother.level + weight * (value - smoother.level)
    return Smoother(smallest, largest, jnp.where(jnp.isnan(smoother.level), value, level))


def smooth_empty(smoother: Smoother, count: jax.Array, weight: float) -> Smoother:
    """Takes in `count` frames without a score at once."""
    kept = jnp.float32(1 - weight) ** count
    return smoother._replace(level=kept * smoother.level + (1 - kept) * smoother.largest)
