"""The paper's bijectors (section 3.2), each a stateless `distrax.Bijector` over (T, V, C) events.

`forward` goes from data x to latent z, as the paper writes it. Any of them can stand in a
`distrax.Chain`; `distrax.Transformed(prior, distrax.Inverse(chain))` is then a distribution.
"""

from stgnf_jax.bijectors.actnorm import ActNorm
from stgnf_jax.bijectors.dense_conv1x1 import DenseConv1x1
from stgnf_jax.bijectors.fixed_shape import FixedShape
from stgnf_jax.bijectors.invertible_conv1x1 import (
    InvertibleConv1x1,
    LUFactors,
    lu_factors,
    rotation,
)
from stgnf_jax.bijectors.permutation import ChannelPermutation, reverse, shuffle
from stgnf_jax.bijectors.scan_chain import ScanChain
from stgnf_jax.bijectors.squeeze import Squeeze
from stgnf_jax.bijectors.stgcn_coupling import (
    Conditioner,
    Coupling,
    STGCNCoupling,
    conditioner_channels,
    split_channels,
)

__all__ = [
    "ActNorm",
    "ChannelPermutation",
    "Conditioner",
    "Coupling",
    "DenseConv1x1",
    "FixedShape",
    "InvertibleConv1x1",
    "LUFactors",
    "STGCNCoupling",
    "ScanChain",
    "Squeeze",
    "conditioner_channels",
    "lu_factors",
    "reverse",
    "rotation",
    "shuffle",
    "split_channels",
]
