"""A flow with its variables, and the one way to score windows with it, or with several."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import distrax
import jax
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.batches import map_windows, replicate
from stgnf_jax.fast_scoring import FlowStatistics, flow_statistics, member_scores, normality
from stgnf_jax.flow import STGNF, Variables, check_windows
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import fold, fold_members
from stgnf_jax.score_kinds import Calibration


class Model(NamedTuple):
    """A flow with its variables, and what its windows are divided by.

    Attributes:
      config: the flow's configuration.
      variables: `params`, `batch_stats`, and `constants` where the permutation has any.
      resolution: width and height in pixels that keypoints are divided by.
      calibration: what normal windows are like; None where that has not been found out.
    """

    config: FlowConfig
    variables: Variables
    resolution: tuple[float, float]
    calibration: Calibration | None = None

    @property
    def flow(self) -> STGNF:
        """The flow as a Flax module."""
        return STGNF(self.config)

    @property
    def distribution(self) -> distrax.Transformed:
        """The distribution of normal windows: `log_prob`, `sample`, `bijector` (z to x)."""
        return self.flow.distribution(self.variables)


def score_windows(model: Model, x: np.ndarray | jax.Array) -> NDArray[np.floating]:
    """Normality scores of normalised windows (paper section 4.1).

    Args:
      model: what `load` gives.
      x: (N, T, V, C) windows as `windows.normalise` makes them, of any floating type.

    Returns:
      (N,) float32: -nll in bits per dimension, which is log p(x) / (ln 2 * C * T * V). Higher is
      more normal. Minus infinity where the density is too small for float32, from sizes of some
      1e18 on; NaN where a window is not finite.

    Raises:
      ValueError: windows of another shape than the model's.
    """
    return scorer(model)(x)


def scorer(model: Model) -> Callable[[np.ndarray | jax.Array], NDArray[np.floating]]:
    """`score_windows` of one model, made ready once: for few windows at a time, again and again."""
    folded = replicate(fold(model.config, model.variables))
    function = functools.partial(normality, model.config, folded)
    return lambda x: map_windows(function, _checked(model.config, x))


def pmap_scorer(model: Model) -> Callable[[np.ndarray | jax.Array], jax.Array]:
    """`score_windows` through `jax.pmap`, for programs that are built on it.

    `score_windows` uses all devices as it is; JAX itself only maintains pmap.

    Returns:
      A function from (devices, B, T, V, C) to (devices, B), each device its own B windows.
    """
    folded = fold(model.config, model.variables)
    return jax.pmap(functools.partial(normality, model.config, folded))


def window_statistics(model: Model, x: np.ndarray | jax.Array) -> FlowStatistics:
    """The scores of `score_windows` with the parts that they are made of; NumPy arrays."""
    folded = replicate(fold(model.config, model.variables))
    function = functools.partial(flow_statistics, model.config, folded)
    return map_windows(function, _checked(model.config, x))


def score_members(
    config: FlowConfig, variables: Variables, x: np.ndarray | jax.Array
) -> NDArray[np.floating]:
    """`score_windows` by E flows of one configuration at once.

    Args:
      config: the flows.
      variables: theirs, every array with an axis of E in front of those it has in one flow.
      x: (N, T, V, C) windows as `windows.normalise` makes them.

    Returns:
      (E, N) float32.

    Raises:
      ValueError: windows of another shape than the configuration's.
    """
    members = replicate((fold_members(config, variables), ()))
    scores = map_windows(functools.partial(member_scores, config, members), _checked(config, x))
    return scores.T


def _checked(config: FlowConfig, x: np.ndarray | jax.Array) -> np.ndarray:
    if x.ndim != 4:
        raise ValueError(f"expected windows of shape (N, T, V, C), got {x.shape}")
    check_windows(config, x)
    return np.asarray(x)
