"""A conditioner that knows neither graph nor time: fully connected (paper section 4.4)."""

import math

import flax.linen as nn
import jax

from stgnf_jax.batch_norm import BatchNorm
from stgnf_jax.stgcn import PRECISION, uniform_init


class FullyConnected(nn.Module):
    """One layer from all frames and joints to all, BN, ReLU; or two around `hidden_channels` units.

    The paper says no more of it than "a fully-connected affine layer".

    Attributes:
      features: channels out.
      hidden_channels: 0 for one layer.
    """

    features: int
    hidden_channels: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        """(..., T, V, C1) -> (..., T, V, features)."""
        hidden = ((1, 1, self.hidden_channels),) if self.hidden_channels else ()
        for i, shape in enumerate((*hidden, (*x.shape[-3:-1], self.features))):
            flat = x.reshape(*x.shape[:-3], -1)
            init = uniform_init(flat.shape[-1])
            dense = nn.Dense(
                math.prod(shape),
                precision=PRECISION,
                kernel_init=init,
                bias_init=init,
                param_dtype=x.dtype,
                name=f"fully_connected_{i}",
            )
            h = dense(flat).reshape(*flat.shape[:-1], *shape)
            x = nn.relu(BatchNorm(name=f"norm_{i}")(h, train=train))
        return x
