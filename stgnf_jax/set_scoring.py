"""Windows of tracks through a flow: gathered, normalised and scored batch by batch."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.batches import map_windows, replicate
from stgnf_jax.fast_flow import sum_event
from stgnf_jax.fast_scoring import FlowStatistics, flow_statistics, member_normality, normality
from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import Folded, fold, fold_members
from stgnf_jax.model import Model
from stgnf_jax.windows import gather


class WindowSource(NamedTuple):
    """Windows in pixels that are yet to be gathered.

    Attributes:
      keypoints: (D, V, 3) [x, y, confidence], which may lie on disk.
      start: (N,) the first detection of each.
      resolution: width and height in pixels that keypoints are divided by.
    """

    keypoints: NDArray[np.float32]
    start: NDArray[np.int64]
    resolution: tuple[float, float]


def set_scores(model: Model, source: WindowSource) -> NDArray[np.floating]:
    """`score_windows` of all windows of a source: (N,)."""
    return _map_set(normality, model.config, fold(model.config, model.variables), source)


def set_statistics(model: Model, source: WindowSource) -> FlowStatistics:
    """`window_statistics` of all windows of a source."""
    return _map_set(flow_statistics, model.config, fold(model.config, model.variables), source)


def set_scores_of_members(
    config: FlowConfig, variables: Variables, source: WindowSource
) -> NDArray[np.floating]:
    """`score_members` of all windows of a source, which are read and normalised once: (E, N)."""
    return _map_set(member_normality, config, fold_members(config, variables), source).T


def _map_set(
    function: Callable[..., Any],
    config: FlowConfig,
    folded: Folded,
    source: WindowSource,
) -> Any:
    """Applies a function of `fast_scoring`; detections on disk are read where windows lie."""
    prepare = _normaliser(source.resolution)
    return map_windows(
        functools.partial(function, config, replicate(folded), prepare=prepare),
        source.start,
        load=lambda batch: np.asarray(gather(source.keypoints, batch, config.segment_length)),
    )


@functools.cache
def _normaliser(resolution: tuple[float, float]) -> Callable[[jax.Array], jax.Array]:
    """`windows.normalise` of windows (T, V, C, N): the same function for the same resolution."""

    def normalise(x: jax.Array) -> jax.Array:
        places = [(x[:, :, i] - x[:1, :1, i]) / side for i, side in enumerate(resolution)]
        x0, y0 = (place - _mean(place) for place in places)
        size = jnp.sqrt(_mean(y0 * y0))
        return jnp.concatenate([jnp.stack([x0 / size, y0 / size], 2), x[:, :, 2:]], 2)

    return normalise


def _mean(x: jax.Array) -> jax.Array:
    return sum_event(x) / x[..., 0].size
