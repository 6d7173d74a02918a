"""A flow with its variables, and the one way to score windows with it."""

import functools
from typing import NamedTuple

import distrax
import jax
import numpy as np

from stgnf_jax.batches import map_windows, replicate
from stgnf_jax.fast_scoring import normality
from stgnf_jax.flow import STGNF, Variables, check_windows
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import fold


class Model(NamedTuple):
    """A flow with its variables, and what its windows are divided by.

    Attributes:
      config: the flow's configuration.
      variables: `params`, `batch_stats`, and `constants` where the permutation has any.
      resolution: width and height in pixels that keypoints are divided by.
    """

    config: FlowConfig
    variables: Variables
    resolution: tuple[float, float]

    @property
    def flow(self) -> STGNF:
        """The flow as a Flax module."""
        return STGNF(self.config)

    @property
    def distribution(self) -> distrax.Transformed:
        """The distribution of normal windows: `log_prob`, `sample`, `bijector` (z to x)."""
        return self.flow.distribution(self.variables)


def score_windows(model: Model, x: np.ndarray | jax.Array) -> np.ndarray:
    """Normality scores of normalised windows (paper section 4.1).

    Args:
      model: what `load` gives.
      x: (N, T, V, C) windows as `windows.normalise` makes them.

    Returns:
      (N,) float32: -nll in bits per dimension, which is log p(x) / (ln 2 * C * T * V). Higher is
      more normal.

    Raises:
      ValueError: windows of another shape than the model's.
    """
    if x.ndim != 4:
        raise ValueError(f"expected windows of shape (N, T, V, C), got {x.shape}")
    check_windows(model.config, x)
    folded = replicate(fold(model.config, model.variables))
    function = functools.partial(normality, model.config, folded)
    return map_windows(function, np.asarray(x))
