"""How a person moves in a window, in a few measures that an operator has words for.

They are measured on the shapes of `normal_windows.window_shapes` and know nothing of a flow. None
depends on where in the picture a person is, or how large.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from stgnf_jax import limbs
from stgnf_jax.skeleton import Skeleton, joint_names

# Frames: a pose estimator's jitter is faster, a step is slower.
JITTER = 1.5
# Degrees from upright, from which on "above the head" says nothing.
BENT = 30
_TRUNK = ("left shoulder", "right shoulder", "left hip", "right hip")


class Measure(NamedTuple):
    """A measure of movement.

    Attributes:
      words: what is said of a window where it is unusually high, with `value`, with `other`, what
        it is in what the window is compared with, `ratio`, the one by the other, and `beside`.
      measure: from shapes (N, T, V, 2) to (N,).
      joints: names of the joints that it looks at; () where it takes all as they are.
      beside: the measure whose value in the window is told beside; "" for none.
      part_of: measures that tell as much and more; where one of them is told, this is not.
      least: lower values are not worth telling.
    """

    words: str
    measure: Callable[..., NDArray[np.float64]]
    joints: tuple[str, ...] = ()
    beside: str = ""
    part_of: tuple[str, ...] = ()
    least: float = 0.0


def measure_motion(
    shape: NDArray[np.floating], skeleton: Skeleton
) -> dict[str, NDArray[np.float64]]:
    """Measures of windows by name, (N,) each; those for whose joints the skeleton has names.

    Args:
      shape: (N, T, V, 2).
      skeleton: of V joints.
    """
    names = joint_names(skeleton)
    smooth = gaussian_filter1d(np.asarray(shape, np.float64), JITTER, axis=1, mode="nearest")
    return {
        name: one.measure(smooth, [names.index(joint) for joint in one.joints])
        for name, one in MEASURES.items()
        if set(one.joints) <= set(names)
    }


def _size(shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far joints are from the middle of the body, root mean square, (N,); lying as standing."""
    around = shape - shape.mean(2, keepdims=True)
    return np.sqrt(np.median(np.square(around).sum(-1).mean(-1), axis=1))


def _travel(shape: NDArray[np.float64], _: Sequence[int]) -> NDArray[np.float64]:
    """How far the middle of the body gets in a frame, in sizes."""
    middle = shape.mean(2)
    way = np.linalg.norm(middle[:, -1] - middle[:, 0], axis=-1)
    return way / _size(shape) / max(shape.shape[1] - 1, 1)


def _swing(shape: NDArray[np.float64], _: Sequence[int]) -> NDArray[np.float64]:
    """How far a joint moves in a frame beside the middle of the body, in sizes."""
    around = shape - shape.mean(2, keepdims=True)
    steps = np.linalg.norm(np.diff(around, axis=1), axis=-1)
    return steps.mean((1, 2)) / _size(shape)


def _from_upright(shape: NDArray[np.float64], joints: Sequence[int]) -> NDArray[np.float64]:
    """The angle between trunk and upright, (N, T) degrees."""
    left, right, left_hip, right_hip = (shape[:, :, joint] for joint in joints)
    trunk = left + right - left_hip - right_hip  # from the hips up, where y is negative
    return np.degrees(np.arctan2(np.abs(trunk[..., 0]), -trunk[..., 1]))


def _lean(shape: NDArray[np.float64], joints: Sequence[int]) -> NDArray[np.float64]:
    """How far the trunk is from upright at most, degrees; 180 is upside down."""
    return _from_upright(shape, joints).max(1)


def _shrink(shape: NDArray[np.float64], _: Sequence[int]) -> NDArray[np.float64]:
    """What share of their height in the picture a person loses or gains within the window."""
    height = np.ptp(shape[..., 1], axis=2)
    return 1 - height.min(1) / height.max(1)


def _raised(shape: NDArray[np.float64], joints: Sequence[int]) -> NDArray[np.float64]:
    """In what share of the frames a wrist is above the nose of somebody who is upright."""
    nose, left, right = (shape[:, :, joint, 1] for joint in joints[:3])
    upright = _from_upright(shape, joints[3:]) < BENT
    return ((np.minimum(left, right) < nose) & upright).mean(1)


def _lead(name: str, moved: Sequence[str], rest: Sequence[str], others: str) -> Measure:
    words = (
        f"moves {_the(name)} {{value:.1f}} times as fast as {others}, not {{other:.1f}}, and at "
        "up to {beside:.1%} of the body's height a frame"
    )
    both = () if len(moved) > 1 else ("both arms lead",)
    return Measure(words, limbs.lead(moved, rest), limbs.JOINTS, f"{name} speed", both, least=1)


def _speed(name: str, moved: Sequence[str]) -> Measure:
    words = (
        f"moves {_the(name)} at up to {{value:.1%}} of the body's height a frame, not {{other:.1%}}"
    )
    both = () if len(moved) > 1 else ("both arms speed",)
    leads = (f"{limb} lead" for limb in moved)
    more = ("travel", "swing", "both arms lead", *leads, *both)
    return Measure(words, limbs.top_speed(moved), limbs.JOINTS, part_of=more)


def _the(name: str) -> str:
    return name if name.startswith("both") else f"the {name}"


def _of_limbs() -> dict[str, Measure]:
    legs, arms = (limbs.LEGS, "legs and trunk"), (limbs.ARMS, "arms and trunk")
    moved = {arm: ((arm,), *legs) for arm in limbs.ARMS} | {"both arms": (limbs.ARMS, *legs)}
    moved |= {leg: ((leg,), *arms) for leg in limbs.LEGS}
    leads = {f"{name} lead": _lead(name, *which) for name, which in moved.items()}
    return leads | {f"{name} speed": _speed(name, which[0]) for name, which in moved.items()}


MEASURES = {
    "travel": Measure("gets along {ratio:.1f} times as fast", _travel),
    "swing": Measure("moves the limbs {ratio:.1f} times as fast", _swing),
    "lean": Measure("leans by up to {value:.0f} degrees, not {other:.0f}", _lean, _TRUNK),
    "shrink": Measure("changes in height by {value:.0%}, not {other:.0%}", _shrink),
    "raised": Measure(
        "has a hand above the head in {value:.0%} of the frames, not {other:.0%}",
        _raised,
        ("nose", "left wrist", "right wrist", *_TRUNK),
        least=0.25,
    ),
    **_of_limbs(),
}
