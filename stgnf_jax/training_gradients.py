"""The parts of a flow step that are as large as its windows, with their gradients written out.

Automatic differentiation keeps six arrays of the size of a channel for each step. Here it is three:
z1 and z2 before the coupling, and its scales.
"""

from typing import Any

import jax
import jax.numpy as jnp

from stgnf_jax.stgcn import PRECISION

Channels = tuple[jax.Array, jax.Array]


@jax.custom_vjp
def shift_and_scale(x: Channels, bias: jax.Array, log_scale: jax.Array) -> Channels:
    """ActNorm, (x + bias) exp(log_scale), of two channels.

    Args:
      x: (V, T, N) each.
      bias: (2,).
      log_scale: (2,).
    """
    first, second = ((c + b) * jnp.exp(s) for c, b, s in zip(x, bias, log_scale, strict=True))
    return first, second


def _shift_and_scale_forward(x: Channels, bias: jax.Array, log_scale: jax.Array) -> Any:
    y = shift_and_scale(x, bias, log_scale)
    return y, (y, jnp.exp(log_scale))


def _shift_and_scale_backward(kept: Any, to_y: Channels) -> Any:
    y, scale = kept
    to_x = (to_y[0] * scale[0], to_y[1] * scale[1])
    to_bias = scale * jnp.stack([_sum(c) for c in to_y])
    return to_x, to_bias, jnp.stack([_sum(g * c) for g, c in zip(to_y, y, strict=True)])


shift_and_scale.defvjp(_shift_and_scale_forward, _shift_and_scale_backward)


@jax.custom_vjp
def joint_moments(z: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The mean over joints, (T, N), and the mean square of the distance from it, of z (V, T, N)."""
    mean = z.mean(0)
    return mean, jnp.square(z - mean).mean(0).mean()


def _joint_moments_forward(z: jax.Array) -> Any:
    moments = joint_moments(z)
    return moments, (z, moments[0])


def _joint_moments_backward(kept: Any, gradient: Any) -> Any:
    z, mean = kept
    to_mean, to_square = gradient
    return (to_mean / len(z) + (2 / z.size * to_square) * (z - mean),)


joint_moments.defvjp(_joint_moments_forward, _joint_moments_backward)


@jax.custom_vjp
def matmul(a: jax.Array, b: jax.Array) -> jax.Array:
    """The product of two matrices."""
    return jnp.dot(a, b, precision=PRECISION)


def _matmul_forward(a: jax.Array, b: jax.Array) -> Any:
    return matmul(a, b), (a, b)


def _matmul_backward(kept: Any, gradient: jax.Array) -> Any:
    a, b = kept
    # Without the barrier XLA would take the transpose into the product, and that is slow.
    transposed = jax.lax.optimization_barrier(a.T)
    return matmul(gradient, b.T), matmul(transposed, gradient)


matmul.defvjp(_matmul_forward, _matmul_backward)


@jax.custom_vjp
def couple(
    z1: jax.Array, z2: jax.Array, h: jax.Array, slope: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The affine coupling (section 3.2): z2 and the log-determinant (N,), of shift and raw scale.

    Args:
      z1: (V, T, N).
      z2: (V, T, N).
      h: (2, T, N); shift and raw scale are relu(h + slope * z1).
      slope: (2,).
    """
    return _couple_forward(z1, z2, h, slope)[0]


def _couple_forward(z1: jax.Array, z2: jax.Array, h: jax.Array, slope: jax.Array) -> Any:
    scale = jax.nn.sigmoid(jax.nn.relu(h[1] + slope[1] * z1) + 2) + 1e-6
    moved = (z2 + jax.nn.relu(h[0] + slope[0] * z1)) * scale
    log_det = jnp.log(jnp.prod(scale, 0)).sum(0)  # V factors in (0.88, 1]
    return (moved, log_det), (z1, z2, scale, h, slope)


def _couple_backward(kept: Any, gradient: Any) -> Any:
    z1, z2, scale, h, slope = kept
    to_moved, to_log_det = gradient
    to_z2 = to_moved * scale
    shift = h[0] + slope[0] * z1
    to_shift = jnp.where(shift > 0, to_z2, 0)
    sigmoid = scale - 1e-6
    # d scale / d raw = sigmoid (1 - sigmoid)
    to_raw = (to_z2 * (z2 + jax.nn.relu(shift)) + to_log_det) * (1 - sigmoid) * (sigmoid / scale)
    to_raw = jnp.where(h[1] + slope[1] * z1 > 0, to_raw, 0)
    to_z1 = slope[0] * to_shift + slope[1] * to_raw
    to_h = jnp.stack([to_shift.sum(0), to_raw.sum(0)])
    return to_z1, to_z2, to_h, jnp.stack([_sum(to_shift * z1), _sum(to_raw * z1)])


couple.defvjp(_couple_forward, _couple_backward)


def _sum(x: jax.Array) -> jax.Array:
    """The sum of (V, T, N), joints first, which loses fewer digits than one of all terms."""
    return x.sum(0).sum()
