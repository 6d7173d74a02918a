"""Fixed permutations of the channels (paper section 3.2, permutation layer)."""

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event


class ChannelPermutation(distrax.Bijector):
    """The channels in another order.

    forward:          y[..., c] = x[..., permutation[c]]
    inverse:          x[..., permutation[c]] = y[..., c]
    forward log_det:  0
    inverse log_det:  0

    Args:
      permutation: (C,) integers, each of 0 ... C - 1 once.
    """

    def __init__(self, permutation: jax.Array) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS, is_constant_jacobian=True)
        if permutation.ndim != 1 or not jnp.issubdtype(permutation.dtype, jnp.integer):
            raise ValueError(
                f"permutation must be (C,) integers, got {permutation.shape} {permutation.dtype}"
            )
        self._permutation = permutation

    def _permute(self, x: jax.Array, order: jax.Array) -> tuple[jax.Array, jax.Array]:
        check_event(x, self._permutation.shape[0])
        return jnp.take(x, order, axis=-1), jnp.zeros(x.shape[:-EVENT_NDIMS], x.dtype)

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Permutes the channels; log_det is zero."""
        return self._permute(x, self._permutation)

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Puts the channels back; log_det is zero."""
        return self._permute(y, jnp.argsort(self._permutation))


def reverse(channels: int) -> ChannelPermutation:
    """The channels in reverse order."""
    return ChannelPermutation(jnp.arange(channels)[::-1])


def shuffle(key: jax.Array, channels: int) -> ChannelPermutation:
    """The channels in a random order."""
    return ChannelPermutation(jax.random.permutation(key, channels))
