"""The windows of a set through a flow: read, normalised and scored batch by batch."""

import functools
from collections.abc import Callable
from typing import Any

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
from stgnf_jax.window_set import WindowSet
from stgnf_jax.windows import gather

Resolution = tuple[float, float]


def set_scores(model: Model, window_set: WindowSet) -> NDArray[np.floating]:
    """`score_windows` of all windows of a set: (N,)."""
    folded = fold(model.config, model.variables)
    return _map_set(normality, model.config, model.resolution, folded, window_set)


def set_statistics(model: Model, window_set: WindowSet) -> FlowStatistics:
    """`window_statistics` of all windows of a set."""
    folded = fold(model.config, model.variables)
    return _map_set(flow_statistics, model.config, model.resolution, folded, window_set)


def set_scores_of_members(
    config: FlowConfig, resolution: Resolution, variables: Variables, window_set: WindowSet
) -> NDArray[np.floating]:
    """`score_members` of all windows of a set, which are read and normalised once: (E, N)."""
    members = fold_members(config, variables)
    return _map_set(member_normality, config, resolution, members, window_set).T


def _map_set(
    function: Callable[..., Any],
    config: FlowConfig,
    resolution: Resolution,
    folded: Folded,
    window_set: WindowSet,
) -> Any:
    """Applies a function of `fast_scoring`; detections on disk are read where windows lie."""
    keypoints, start = window_set.tracks.keypoints, window_set.windows.start
    prepare = _normaliser(resolution)
    return map_windows(
        functools.partial(function, config, replicate(folded), prepare=prepare),
        start,
        load=lambda batch: np.asarray(gather(keypoints, batch, config.segment_length)),
    )


@functools.cache
def _normaliser(resolution: Resolution) -> Callable[[jax.Array], jax.Array]:
    """`windows.normalise` of windows (T, V, C, N): the same function for the same resolution."""

    def normalise(x: jax.Array) -> jax.Array:
        places = [(x[:, :, i] - x[:1, :1, i]) / side for i, side in enumerate(resolution)]
        x0, y0 = (place - _mean(place) for place in places)
        size = jnp.sqrt(_mean(y0 * y0))
        return jnp.concatenate([jnp.stack([x0 / size, y0 / size], 2), x[:, :, 2:]], 2)

    return normalise


def _mean(x: jax.Array) -> jax.Array:
    return sum_event(x) / x[..., 0].size
