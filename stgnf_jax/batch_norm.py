"""Batch normalisation with the statistics that PyTorch keeps."""

from collections.abc import Mapping

import flax.linen as nn
import jax
import jax.numpy as jnp

EPSILON = 1e-5
MOMENTUM = 0.9


class BatchNorm(nn.Module):
    """Normalises each channel: by the batch in training, by running statistics otherwise.

    Like `torch.nn.BatchNorm2d`, and unlike `flax.linen.BatchNorm`, it keeps the unbiased
    variance: the biased one times n / (n - 1), over the n values of a channel. A channel of one
    single value keeps the biased variance, which is 0.

    Attributes:
      repeats: each value of x stands for so many equal ones, when an axis of equal values has
        been left out; it counts in n only.
    """

    repeats: int = 1

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Normalises x (..., channels); in training mode `batch_stats` must be mutable."""
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,), x.dtype)
        bias = self.param("bias", nn.initializers.zeros, (channels,), x.dtype)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, (channels,), scale.dtype)
        running_var = self.variable("batch_stats", "var", jnp.ones, (channels,), scale.dtype)
        if not train:
            mean, var = running_mean.value, running_var.value
        else:
            axes = tuple(range(x.ndim - 1))
            mean = jnp.mean(x, axes)
            var = jnp.mean(jnp.square(x - mean), axes)
            if not self.is_initializing():
                count = self.repeats * x.size // channels
                running = {"mean": running_mean.value, "var": running_var.value}
                updated = running_average(running, mean, var, count)
                running_mean.value, running_var.value = updated["mean"], updated["var"]
        return (x - mean) * (jax.lax.rsqrt(var + EPSILON) * scale) + bias


def running_average(
    running: Mapping[str, jax.Array], mean: jax.Array, var: jax.Array, count: int
) -> dict[str, jax.Array]:
    """The running `mean` and unbiased `var` after a batch of `count` values of these moments."""
    unbiased = var * (count / max(count - 1, 1))
    moved = {"mean": mean, "var": unbiased}
    return {name: MOMENTUM * old + (1 - MOMENTUM) * moved[name] for name, old in running.items()}
