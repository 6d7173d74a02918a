"""A chain of equal bijectors whose parameters are stacked."""

from collections.abc import Callable
from typing import Any

import distrax
import jax
import jax.numpy as jnp

from stgnf_jax.bijectors.event import EVENT_NDIMS, check_event


class ScanChain(distrax.Bijector):
    """K bijectors of one kind, one after the other, by `jax.lax.scan` over their parameters.

    forward:          y = f_K(... f_2(f_1(x)))
    inverse:          x = f_1^-1(f_2^-1(... f_K^-1(y)))
    forward log_det:  sum of the log-determinants of f_1 ... f_K
    inverse log_det:  sum of the log-determinants of their inverses

    The program is compiled once, not K times, and XLA's CPU fusion cannot compute a step's
    producers again in each of its consumers.

    Args:
      make_bijector: from one step's parameters to its bijector, which keeps the event shape.
      stacked: the parameters, a tree of arrays (K, ...).
    """

    def __init__(self, make_bijector: Callable[[Any], distrax.Bijector], stacked: Any) -> None:
        super().__init__(event_ndims_in=EVENT_NDIMS)
        self.make_bijector = make_bijector
        self.stacked = stacked

    def forward_and_log_det(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Applies f_1 ... f_K."""

        def step(carry: tuple[jax.Array, jax.Array], params: Any) -> tuple[Any, None]:
            y, log_det = self.make_bijector(params).forward_and_log_det(carry[0])
            return (y, carry[1] + log_det), None

        return self._scan(step, x, reverse=False)

    def inverse_and_log_det(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Applies f_K^-1 ... f_1^-1."""

        def step(carry: tuple[jax.Array, jax.Array], params: Any) -> tuple[Any, None]:
            x, log_det = self.make_bijector(params).inverse_and_log_det(carry[0])
            return (x, carry[1] + log_det), None

        return self._scan(step, y, reverse=True)

    def _scan(self, step: Any, x: jax.Array, *, reverse: bool) -> tuple[jax.Array, jax.Array]:
        check_event(x)
        start = (x, jnp.zeros(x.shape[:-EVENT_NDIMS], x.dtype))
        return jax.lax.scan(step, start, self.stacked, reverse=reverse)[0]
