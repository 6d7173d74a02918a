"""The normalizing flow of the paper (section 3.2, figure 2)."""

from collections.abc import Mapping
from typing import Any

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from stgnf_jax.bijectors import FixedShape, ScanChain, Squeeze
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.flow_step import FlowLevel, FlowStep, Latent, step_fields
from stgnf_jax.likelihood import gaussian_prior

Variables = Mapping[str, Any]


class STGNF(nn.Module):
    """Spatio-temporal graph normalizing flow.

    `init(key, x, train=True)` with a batch of windows makes the variables: ActNorm starts from
    that batch, each step seeing the output of those before it. `params` are learned,
    `batch_stats` are BatchNorm's running statistics, and `constants` what a permutation drew.
    """

    config: FlowConfig

    def setup(self) -> None:
        """Makes the modules that hold the variables."""
        self.config.check()
        self.levels = [FlowLevel(self.config, level) for level in range(self.config.num_levels)]

    def __call__(self, x: jax.Array, *, train: bool = False) -> Latent:
        """Windows (..., T, V, C) to latents.

        Args:
          x: normalised windows.
          train: BatchNorm uses the batch; `batch_stats` must be mutable.

        Raises:
          ValueError: windows of another shape than the configuration's.
        """
        check_windows(self.config, x)
        latent = Latent(x, jnp.zeros(x.shape[:-3], x.dtype))
        for i, level in enumerate(self.levels):
            if self.config.squeezes_before(i):
                latent = latent._replace(z=Squeeze().forward(latent.z))
            latent = level(latent, train)
        return latent

    def steps(self, variables: Variables) -> list[distrax.Bijector]:
        """The flow steps, and the squeezes between levels, one by one from data to latent."""
        parts: list[distrax.Bijector] = []
        for level in range(self.config.num_levels):
            parts += [*self._squeeze(level), self._first_step(variables, level)]
            make_step, stacked = self._other_steps(variables, level)
            for i in range(self.config.num_steps - 1):
                parts.append(make_step(jax.tree.map(lambda leaf, i=i: leaf[i], stacked)))
        return parts

    def bijector(self, variables: Variables) -> distrax.Bijector:
        """The flow with running statistics, from data x to latent z, for one event shape only.

        Equal to a `distrax.Chain` of the `steps`, in fewer and faster instructions.
        """
        parts: list[distrax.Bijector] = [FixedShape(self.config.event_shape)]
        for level in range(self.config.num_levels):
            parts += [*self._squeeze(level), self._first_step(variables, level)]
            if self.config.num_steps > 1:
                parts.append(ScanChain(*self._other_steps(variables, level)))
        return distrax.Chain([FixedShape(self.config.latent_shape), *parts[::-1]])

    def distribution(self, variables: Variables) -> distrax.Transformed:
        """The distribution of normal windows: `log_prob`, `sample` and `bijector` (z to x).

        Its prior is N(+R, I), for a flow trained on labels too (section 3.3).
        """
        dtype = jax.tree.leaves(variables["params"])[0].dtype
        prior = gaussian_prior(self.config.latent_shape, self.config.radius, dtype)
        return distrax.Transformed(prior, distrax.Inverse(self.bijector(variables)))

    def _squeeze(self, level: int) -> list[distrax.Bijector]:
        return [Squeeze()] if self.config.squeezes_before(level) else []

    def _step(self, level: int, *, first: bool) -> Any:
        step = FlowStep(**step_fields(self.config, level, first=first), parent=None)
        example = jnp.zeros(self.config.level_shape(level))
        return lambda variables: step.bind(variables).bijector(example)

    def _first_step(self, variables: Variables, level: int) -> distrax.Bijector:
        return self._step(level, first=True)(_select(variables, level, "first"))

    def _other_steps(self, variables: Variables, level: int) -> tuple[Any, Variables]:
        return self._step(level, first=False), _select(variables, level, "rest")


def _select(variables: Variables, level: int, steps: str) -> Variables:
    """The variables of one level's first step or of its others, per collection."""
    return {
        collection: tree[f"levels_{level}"][steps]
        for collection, tree in variables.items()
        if steps in tree.get(f"levels_{level}", {})
    }


def check_windows(config: FlowConfig, x: jax.Array | np.ndarray) -> None:
    """Raises ValueError unless x is (..., T, V, C) with the configuration's T, V and C."""
    if x.shape[-3:] != config.event_shape:
        frames, joints, channels = config.event_shape
        raise ValueError(
            f"expected windows of shape (..., {frames}, {joints}, {channels}), got {x.shape}"
        )


def abstract_variables(config: FlowConfig) -> Variables:
    """Shapes and types of a flow's variables."""
    example = np.zeros((2, *config.event_shape), np.float32)

    def init(key: jax.Array) -> Variables:
        variables: Variables = STGNF(config).init(key, example, train=True)
        return variables

    return jax.eval_shape(init, jax.random.key(0))
