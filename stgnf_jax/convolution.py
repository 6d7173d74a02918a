"""A conditioner that knows no graph: standard convolutions (paper section 4.4, affine layer).

The paper says no more of it than "standard convolutions". Here a window is taken for an image of
frames by joints, the joints in the order of their numbers: a kernel sees the same frames as an
ST-GCN block's, and of the joints the one before, itself and the one after.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from stgnf_jax.batch_norm import BatchNorm
from stgnf_jax.stgcn import TemporalConv


def neighbours(x: jax.Array) -> list[jax.Array]:
    """The joints before, the joints themselves and those after; zero beyond the first and last.

    Args:
      x: (..., V, any).

    Returns:
      Three arrays of x's shape.
    """
    joints = x.shape[-2]
    padded = jnp.pad(x, [*[(0, 0)] * (x.ndim - 2), (1, 1), (0, 0)])
    return [padded[..., first : first + joints, :] for first in range(3)]


class Convolution(nn.Module):
    """One convolution over frames and joints, BN, ReLU; or two around `hidden_channels` channels.

    Attributes:
      features: channels out.
      hidden_channels: 0 for one convolution.
      kernel_size: frames that a kernel sees, odd; of the joints it sees three.
    """

    features: int
    hidden_channels: int
    kernel_size: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        """(..., T, V, C1) -> (..., T, V, features)."""
        hidden = (self.hidden_channels,) if self.hidden_channels else ()
        for i, features in enumerate((*hidden, self.features)):
            near = jnp.concatenate(neighbours(x), -1)  # (..., T, V, 3 C)
            h = TemporalConv(features, self.kernel_size, name=f"convolution_{i}")(near)
            x = nn.relu(BatchNorm(name=f"norm_{i}")(h, train=train))
        return x
