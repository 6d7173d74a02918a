"""What a flow is made of."""

from typing import Literal, NamedTuple, get_args

from stgnf_jax.bijectors import Coupling
from stgnf_jax.skeleton import OPENPOSE_18, Skeleton
from stgnf_jax.stgcn import Partition

Permutation = Literal["reverse", "shuffle", "invertible_1x1", "dense_1x1"]
ConditionerKind = Literal["stgcn", "convolution", "fully_connected"]

_CHOICES = {
    "permutation": get_args(Permutation),
    "coupling": get_args(Coupling),
    "conditioner": get_args(ConditionerKind),
    "partition": get_args(Partition),
}
_LIMITS = {
    "segment_length": (1, 1024),
    "channels": (2, 64),
    "num_steps": (1, 1024),
    "num_levels": (1, 8),
    "squeeze_first_at_level": (2, 9),
    "max_hop": (0, 64),
    "hidden_channels": (0, 1024),
}
# What the paper's ablations replace the ST-GCN by has no use for these fields.
_UNUSED_BY = {
    "convolution": ("partition", "max_hop", "edge_importance"),
    "fully_connected": ("partition", "max_hop", "edge_importance", "temporal_kernel"),
}


class FlowConfig(NamedTuple):
    """What a flow is made of; the defaults are the paper's, with the permutation of its weights.

    Attributes:
      segment_length: T, frames of a window (tau in the paper).
      skeleton: gives V and the graph.
      channels: C, 2 for (x, y), 3 with confidence.
      num_steps: K, flow steps of a level.
      num_levels: L; time is squeezed into channels between levels.
      squeeze_first_at_level: the first level, counted from 1, that is entered through a squeeze.
        The published code forgets the squeeze before the second level: 3 there.
      permutation: `reverse`, `shuffle`, `invertible_1x1` (LU) or `dense_1x1`.
      coupling: `affine` or `additive`.
      conditioner: `stgcn`, or what the paper compares with: `convolution` or `fully_connected`.
      partition: adjacency slices: `uniform`, `distance` or `spatial`.
      max_hop: the farthest joints that touch each other.
      edge_importance: learn a factor per entry of the adjacency.
      hidden_channels: 0 for one block or layer per conditioner; otherwise two, this wide between.
      temporal_kernel: odd; 0 for T // 2 + 1, plus one where that is even.
      radius: R of the prior N(R, I).
    """

    segment_length: int = 24
    skeleton: Skeleton = OPENPOSE_18
    channels: int = 2
    num_steps: int = 8
    num_levels: int = 1
    squeeze_first_at_level: int = 2
    permutation: Permutation = "reverse"
    coupling: Coupling = "affine"
    conditioner: ConditionerKind = "stgcn"
    partition: Partition = "uniform"
    max_hop: int = 8
    edge_importance: bool = False
    hidden_channels: int = 0
    temporal_kernel: int = 0
    radius: float = 3.0

    @property
    def event_shape(self) -> tuple[int, int, int]:
        """(T, V, C) of a window."""
        return self.segment_length, self.skeleton.num_joints, self.channels

    def squeezes_before(self, level: int) -> bool:
        """Whether level 0, 1, ... is entered through a squeeze."""
        return level > 0 and level + 1 >= self.squeeze_first_at_level

    def level_shape(self, level: int) -> tuple[int, int, int]:
        """(T, V, C) inside level 0, 1, ..."""
        factor = 2 ** sum(self.squeezes_before(i) for i in range(level + 1))
        return self.segment_length // factor, self.skeleton.num_joints, self.channels * factor

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """(T, V, C) of z."""
        return self.level_shape(self.num_levels - 1)

    def check(self) -> "FlowConfig":
        """Itself, or a ValueError that names the field and the value got."""
        for name, default in self._field_defaults.items():
            kind = type(default)
            if not isinstance(getattr(self, name), (int, float) if kind is float else kind):
                raise ValueError(f"{name} must be {kind.__name__}, got {getattr(self, name)!r}")
        if not abs(self.radius) <= 1e6:
            raise ValueError(f"radius must be finite and within 1e6 of 0, got {self.radius}")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, got {getattr(self, name)!r}")
        for name, (least, most) in _LIMITS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} must be from {least} to {most}, got {value}")
        self._check_frames()
        self._check_unused()
        return self

    def _check_frames(self) -> None:
        kernel, length = self.temporal_kernel, self.segment_length
        if kernel and not (0 < kernel < 2048 and kernel % 2):
            raise ValueError(f"temporal_kernel must be odd and below 2048, or 0, got {kernel}")
        halvings = self.level_shape(self.num_levels - 1)[2] // self.channels
        if length % halvings:
            raise ValueError(
                f"segment_length must be a multiple of {halvings} for {self.num_levels} levels, "
                f"got {length}"
            )

    def _check_unused(self) -> None:
        for name in _UNUSED_BY.get(self.conditioner, ()):
            value, default = getattr(self, name), self._field_defaults[name]
            if value != default:
                raise ValueError(
                    f"{name} means nothing to the conditioner {self.conditioner}: "
                    f"leave it at {default}, got {value}"
                )
