"""The conditioner: spatio-temporal graph convolution blocks (paper section 3.2, equation 3)."""

import functools
import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.batch_norm import BatchNorm
from stgnf_jax.skeleton import Skeleton, adjacency

Partition = Literal["uniform", "distance", "spatial"]
Kernel = TypeVar("Kernel", jax.Array, NDArray[Any])
PRECISION = jax.lax.Precision.HIGHEST


class Graph(NamedTuple):
    """Which joints touch each other: the arguments of `skeleton.adjacency`, and what is learned.

    Attributes:
      skeleton: joints and bones.
      partition: `uniform`, `distance` or `spatial`.
      max_hop: the farthest pair of joints that touch each other.
      edge_importance: learn a factor for every entry of A.
    """

    skeleton: Skeleton
    partition: Partition
    max_hop: int
    edge_importance: bool

    @property
    def adjacency(self) -> np.ndarray:
        """A, (S, V, V) float32."""
        return _adjacency(self.skeleton, self.partition, self.max_hop)

    @property
    def is_rank_one(self) -> bool:
        """Whether every joint sees the same mean over joints, so that A x has no joint axis."""
        equal_columns = bool((self.adjacency == self.adjacency[:, :, :1]).all())
        return equal_columns and len(self.adjacency) == 1 and not self.edge_importance


_adjacency = functools.lru_cache(adjacency)


def uniform_init(fan_in: int) -> nn.initializers.Initializer:
    """PyTorch's default for weights and biases: uniform within 1 / sqrt(fan_in) of zero."""

    def init(key: jax.Array, shape: Sequence[int], dtype: jnp.dtype = jnp.float32) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -1.0, 1.0) / math.sqrt(fan_in)

    return init


class Conv1x1(nn.Module):
    """A linear map of the channels at every joint and frame."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(..., C1) -> (..., features)."""
        init = uniform_init(x.shape[-1])
        kernel = self.param("kernel", init, (x.shape[-1], self.features), x.dtype)
        bias = self.param("bias", init, (self.features,), x.dtype)
        return jnp.einsum("...i,io->...o", x, kernel, precision=PRECISION) + bias


class TemporalConv(nn.Module):
    """A convolution over frames, zero padded, as one banded (T, T) matrix per channel pair.

    Attributes:
      features: channels out.
      kernel_size: odd, so that the length stays.
    """

    features: int
    kernel_size: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """(..., T, V, C1) -> (..., T, V, features)."""
        frames, channels = x.shape[-3], x.shape[-1]
        init = uniform_init(channels * self.kernel_size)
        kernel = self.param("kernel", init, (self.kernel_size, channels, self.features), x.dtype)
        bias = self.param("bias", init, (self.features,), x.dtype)
        band = temporal_band(kernel, frames)
        return jnp.einsum("...tvi,tsio->...svo", x, band, precision=PRECISION) + bias


def temporal_band(kernel: Kernel, frames: int) -> Kernel:
    """A kernel (k, C1, C2) as the matrix (T in, T out, C1, C2) of its zero-padded convolution."""
    size = kernel.shape[0]
    offset = np.arange(frames)[:, None] - np.arange(frames)[None, :] + size // 2
    inside = (offset >= 0) & (offset < size)
    return kernel[np.clip(offset, 0, size - 1)] * inside[..., None, None]


class STGCNBlock(nn.Module):
    """1x1 convolution, joints mixed by A, BN, ReLU, temporal convolution, BN, + residual, ReLU.

    Attributes:
      features: channels out.
      kernel_size: of the temporal convolution.
      graph: the joints.
      residual: add the input; through a 1x1 convolution and BN where the channels differ.
    """

    features: int
    kernel_size: int
    graph: Graph
    residual: bool

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """(..., T, V, C1) -> (..., T, V, features)."""
        h = self._mix_joints(x)  # (..., T, V or 1, features)
        repeats = x.shape[-2] // h.shape[-2]
        h = nn.relu(BatchNorm(repeats, name="spatial_norm")(h, train=train))
        h = TemporalConv(self.features, self.kernel_size, name="temporal")(h)
        h = BatchNorm(repeats, name="temporal_norm")(h, train=train)
        if self.residual and x.shape[-1] == self.features:
            h = h + x
        elif self.residual:
            shortcut = Conv1x1(self.features, name="residual")(x)
            h = h + BatchNorm(name="residual_norm")(shortcut, train=train)
        return jnp.broadcast_to(nn.relu(h), (*x.shape[:-1], self.features))

    def _mix_joints(self, x: jax.Array) -> jax.Array:
        """Equation 3, over the partitions of A; one joint stands for all where A has rank one."""
        matrix = jnp.asarray(self.graph.adjacency, x.dtype)
        spatial = Conv1x1(self.features * len(matrix), name="spatial")
        if self.graph.is_rank_one:
            # The columns of A sum to one, so the mean can come before the convolution.
            mean = jnp.einsum("...vi,v->...i", x, matrix[0, :, 0], precision=PRECISION)
            return spatial(mean[..., None, :])
        if self.graph.edge_importance:
            ones = nn.initializers.ones
            matrix = matrix * self.param("edge_importance", ones, matrix.shape, x.dtype)
        h = spatial(x)
        h = h.reshape(*h.shape[:-1], len(matrix), self.features)  # (..., T, V, S, features)
        return jnp.einsum("...vkc,kvw->...wc", h, matrix, precision=PRECISION)


class STGCN(nn.Module):
    """The conditioner: one ST-GCN block, or two around `hidden_channels` channels.

    Attributes:
      features: channels out.
      hidden_channels: 0 for one block.
      kernel_size: of the temporal convolutions.
      graph: the joints.
      residual: see `STGCNBlock`.
    """

    features: int
    hidden_channels: int
    kernel_size: int
    graph: Graph
    residual: bool

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        """(..., T, V, C1) -> (..., T, V, features)."""
        hidden = (self.hidden_channels,) if self.hidden_channels else ()
        for i, features in enumerate((*hidden, self.features)):
            block = STGCNBlock(
                features, self.kernel_size, self.graph, self.residual, name=f"block_{i}"
            )
            x = block(x, train=train)
        return x
