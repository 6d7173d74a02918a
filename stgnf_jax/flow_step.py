"""Flow steps: ActNorm, permutation, coupling (paper section 3.2, figure 2)."""

from typing import Any, NamedTuple

import distrax
import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from stgnf_jax.bijectors import (
    ActNorm,
    ChannelPermutation,
    Coupling,
    DenseConv1x1,
    InvertibleConv1x1,
    LUFactors,
    STGCNCoupling,
    conditioner_channels,
    lu_factors,
    reverse,
    rotation,
)
from stgnf_jax.convolution import Convolution
from stgnf_jax.flow_config import ConditionerKind, FlowConfig, Permutation
from stgnf_jax.fully_connected import FullyConnected
from stgnf_jax.stgcn import STGCN, Graph


class ActNormLayer(nn.Module):
    """Owns the parameters of an `ActNorm`, initialised from the first batch."""

    @nn.compact
    def __call__(self, x: jax.Array) -> ActNorm:
        """The bijector; without parameters yet, the one that makes each channel of x N(0, 1)."""
        axes = tuple(range(x.ndim - 1))
        bias = self.param("bias", lambda _: -jnp.mean(x, axes))
        log_scale = self.param("log_scale", lambda _: -jnp.log(jnp.std(x, axes) + 1e-6))
        return ActNorm(bias, log_scale)


class PermutationLayer(nn.Module):
    """Owns the parameters of a permutation of the channels, or its constants."""

    channels: int
    permutation: Permutation

    @nn.compact
    def __call__(self, dtype: DTypeLike) -> distrax.Bijector:
        """The bijector; parameters that are not there yet are made of this type."""
        if self.permutation == "reverse":
            return reverse(self.channels)
        if self.permutation == "shuffle":
            order = self.variable("constants", "permutation", self._random_order)
            return ChannelPermutation(order.value)
        if self.permutation == "dense_1x1":
            return DenseConv1x1(self.param("weight", rotation, self.channels, dtype))
        return InvertibleConv1x1(self._lu_factors(dtype))

    def _random_order(self) -> jax.Array:
        return jax.random.permutation(self.make_rng("params"), self.channels)

    def _lu_factors(self, dtype: DTypeLike) -> LUFactors:
        initial: LUFactors | None = None
        if self.is_initializing():
            initial = lu_factors(rotation(self.make_rng("params"), self.channels, dtype))
        square, line = (self.channels, self.channels), (self.channels,)

        def start(name: str, shape: tuple[int, ...]) -> jax.Array:
            return jnp.zeros(shape) if initial is None else getattr(initial, name)

        return LUFactors(
            *(
                self.param(name, lambda _, name=name, shape=shape: start(name, shape))
                for name, shape in (("lower", square), ("upper", square), ("log_s", line))
            ),
            *(
                self.variable("constants", name, start, name, shape).value
                for name, shape in (("permutation", square), ("sign", line))
            ),
        )


class Latent(NamedTuple):
    """What the flow makes of windows: z (..., T, V, C) and log|det dz/dx| (...)."""

    z: jax.Array
    log_det: jax.Array


class FlowStep(nn.Module):
    """ActNorm, then permutation, then coupling.

    Attributes:
      channels: C.
      permutation: see `FlowConfig`.
      coupling: see `FlowConfig`.
      kind: of the conditioner, see `FlowConfig`.
      graph: the joints of an ST-GCN.
      hidden_channels: of the conditioner.
      kernel_size: frames that the conditioner's convolutions see.
      residual: whether the blocks of an ST-GCN add their input.
    """

    channels: int
    permutation: Permutation
    coupling: Coupling
    kind: ConditionerKind
    graph: Graph
    hidden_channels: int
    kernel_size: int
    residual: bool

    def setup(self) -> None:
        """Makes the modules that hold the variables."""
        self.actnorm = ActNormLayer()
        self.permute = PermutationLayer(self.channels, self.permutation)
        self.conditioner = self._make_conditioner()

    def _make_conditioner(self) -> nn.Module:
        features, hidden = conditioner_channels(self.channels, self.coupling), self.hidden_channels
        if self.kind == "convolution":
            return Convolution(features, hidden, self.kernel_size)
        if self.kind == "fully_connected":
            return FullyConnected(features, hidden)
        return STGCN(features, hidden, self.kernel_size, self.graph, self.residual)

    def bijector(self, x: jax.Array, *, train: bool = False) -> distrax.Chain:
        """The step as a bijector, from data to latent.

        Args:
          x: (..., T, V, C); ActNorm starts from it when there are no parameters yet.
          train: BatchNorm uses the batch, and `batch_stats` is updated on `forward`.
        """

        def conditioner(z1: jax.Array) -> jax.Array:
            return self.conditioner(z1, train=train)

        coupling = STGCNCoupling(conditioner, self.coupling)
        return distrax.Chain([coupling, self.permute(x.dtype), self.actnorm(x)])

    def __call__(self, latent: Latent, train: bool) -> tuple[Latent, None]:
        """Applies the step to a `Latent` on its way; the None is for `nn.scan`."""
        z, log_det = self.bijector(latent.z, train=train).forward_and_log_det(latent.z)
        return Latent(z, latent.log_det + log_det), None


def step_fields(config: FlowConfig, level: int, *, first: bool) -> dict[str, Any]:
    """The fields of a `FlowStep` in level 0, 1, ...; the first step of a level has no residual."""
    frames, _, channels = config.level_shape(level)
    return {
        "channels": channels,
        "permutation": config.permutation,
        "coupling": config.coupling,
        "kind": config.conditioner,
        "graph": Graph(config.skeleton, config.partition, config.max_hop, config.edge_importance),
        "hidden_channels": config.hidden_channels,
        "kernel_size": config.temporal_kernel or frames // 2 + 1 + frames // 2 % 2,
        "residual": not first,
    }


class FlowLevel(nn.Module):
    """K flow steps: the first, which has no residual, and a scan over the others."""

    config: FlowConfig
    level: int

    def setup(self) -> None:
        """Makes the modules that hold the variables."""
        self.first = FlowStep(**step_fields(self.config, self.level, first=True))
        if self.config.num_steps > 1:
            scanned = nn.scan(
                FlowStep,
                variable_axes={"params": 0, "batch_stats": 0, "constants": 0},
                split_rngs={"params": True},
                in_axes=nn.broadcast,
                length=self.config.num_steps - 1,
            )
            self.rest = scanned(**step_fields(self.config, self.level, first=False))

    def __call__(self, latent: Latent, train: bool) -> Latent:
        """Applies the K steps."""
        latent, _ = self.first(latent, train)
        if self.config.num_steps > 1:
            latent, _ = self.rest(latent, train)
        return latent
