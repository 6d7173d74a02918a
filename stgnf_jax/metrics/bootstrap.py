"""How far a figure would vary with the choice of clips: the percentile bootstrap."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.metrics.boxes import BoxCounts
from stgnf_jax.metrics.counts import FrameCounts

# Levels of the score that resamples tell apart. With more distinct scores than this, an end of an
# interval is off by at most two thousandths on ShanghaiTech's masks (the AUC's by 1e-5), where
# another seed moves it by up to nine.
MOST_LEVELS = 512
# Resamples that are counted together: 8 MB of frames.
_CHUNK = 1024

Counts = TypeVar("Counts", FrameCounts, BoxCounts)


class Bootstrap(NamedTuple):
    """How intervals are found.

    Attributes:
      level: share of the resamples whose figure lies within, above 0 and below 1.
      resamples: how many there are; 0 for no intervals.
      seed: of the drawing.
    """

    level: float
    resamples: int
    seed: int


class Interval(NamedTuple):
    """An interval of a figure, both ends within it."""

    low: float
    high: float


def draw_clips(num_clips: int, bootstrap: Bootstrap) -> NDArray[np.float64]:
    """How often each clip is in each resample, (resamples, num_clips).

    A resample is as many clips as there are, drawn with replacement. Of one clip there is nothing
    to draw, so there are no resamples.
    """
    shape = (bootstrap.resamples if num_clips > 1 else 0, num_clips)
    drawn = np.random.default_rng(bootstrap.seed).integers(num_clips, size=shape)
    place = drawn + num_clips * np.arange(shape[0])[:, None]
    return np.bincount(place.ravel(), minlength=place.size).reshape(shape).astype(np.float64)


def resampled(
    figures: Callable[[Counts], NDArray[np.float64]], counts: Counts, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Figures of resamples, (R, number of figures).

    Args:
      figures: of counts whose leading axis is that of resamples; may leave some of them out.
      counts: of clips.
      weights: (R, number of clips), how often each clip is in each resample.
    """
    chunks = np.array_split(weights, len(weights) // _CHUNK + 1)
    return np.concatenate(
        [figures(type(counts)(*(chunk @ part for part in counts))) for chunk in chunks]
    )


def interval(figures: NDArray[np.float64], level: float) -> Interval | None:
    """The middle share `level` of the resamples' figures (R,); None where there are none."""
    if not figures.size:
        return None
    low, high = np.quantile(figures, ((1 - level) / 2, (1 + level) / 2))
    return Interval(low.item(), high.item())
