"""Why a window raised an alarm, in sentences: pure functions of what was found.

They say what is unusual about a window, never what a person does or means.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.evidence import Evidence, half_of_it, standing_out
from stgnf_jax.motion import MEASURES

# What a measure of movement is compared with: what so many of the normal windows stay below,
USUAL = 0.99
# and how many times that it must be to be worth a word.
BEYOND = 1.2
MOST_JOINTS = 3


class Unusual(NamedTuple):
    """A measure of a window that is higher than it usually is.

    Attributes:
      name: in `motion.MEASURES`.
      value: in the window.
      limit: what `USUAL` of the normal windows stay below.
      nearest: in the nearest normal window.
      beside: in the window, of the measure that is told beside this one; None for none.
    """

    name: str
    value: float
    limit: float
    nearest: float
    beside: float | None = None


class NearestWindow(NamedTuple):
    """The normal window that is nearest to one.

    Attributes:
      clip: its clip's name.
      person: their number.
      first: number of its first frame.
      distance: see `Nearest`.
      usual: that of normal windows from each other, the median.
      limit: what `USUAL` of these stay below.
      by_joint: (V,), how far the joints are from its own, root mean square over frames.
    """

    clip: str
    person: int
    first: int
    distance: float
    usual: float
    limit: float
    by_joint: NDArray[np.floating]


def nll_words(evidence: Evidence, frame: NDArray[np.integer], joints: Sequence[str]) -> list[str]:
    """How unlikely a window is, in which frames and at which joints.

    Args:
      evidence: what was found.
      frame: (T,), the frame numbers of its poses.
      joints: V names.
    """
    excess = evidence.excess
    if not np.isfinite(excess).all():
        return ["The flow gives this window no likelihood, so that no joint or frame stands out."]
    total, by_joint = excess.sum(), evidence.by_joint
    if not total > 0:
        return [f"The nll is {-total:.2f} bits per dimension below the usual."]
    most = [int(joint) for joint in np.argsort(-by_joint, kind="stable")[:MOST_JOINTS]]
    largest = _and(_joint(evidence, joint, joints) for joint in most if by_joint[joint] > 0)
    words = [
        f"The nll is {total:.2f} bits per dimension above the usual, half of it in frames "
        f"{_frames(excess.sum(1), frame)}."
    ]
    if out := standing_out(evidence, MOST_JOINTS):
        named = _and(_joint(evidence, joint, joints) for joint in out)
        words.append(
            f"More than the other joints let expect of it lies at {named}; of {joints[out[0]]} "
            f"above all in frames {_frames(excess[:, out[0]], frame)}."
        )
    return [*words, f"The largest parts lie at {largest}."]


def motion_words(unusual: Sequence[Unusual]) -> list[str]:
    """What is unusual about how the person moves, the farthest beyond the usual first."""
    if not unusual:
        return []
    told = _and(_compared(one, one.limit) for one in unusual)
    return [f"Against the highest of 99 in 100 normal windows, the person {told}."]


def nearest_words(
    nearest: NearestWindow, unusual: Sequence[Unusual], joints: Sequence[str]
) -> list[str]:
    """Which normal window is nearest, how near that is, and what is different.

    Args:
      nearest: the window.
      unusual: what is unusual about the other one.
      joints: V names.
    """
    near = "as near as" if nearest.distance <= nearest.limit else "farther than"
    far = np.argsort(-nearest.by_joint, kind="stable")[:MOST_JOINTS]
    told = [_compared(one, one.nearest) for one in unusual if one.value > one.nearest]
    differences = _and([*told, f"differs most at {_and(joints[joint] for joint in far)}"])
    return [
        f"The nearest normal window, clip {nearest.clip}, person {nearest.person}, from frame "
        f"{nearest.first}, is at a distance of {nearest.distance:.2f}, {near} 99 in 100 normal "
        f"windows are to one another ({nearest.limit:.2f}; the median is {nearest.usual:.2f}).",
        f"Against that one, the person {differences}.",
    ]


def _joint(evidence: Evidence, joint: int, joints: Sequence[str]) -> str:
    spread = "" if evidence.spread is None else f" ± {evidence.spread[joint]:.2f}"
    return f"{joints[joint]} ({evidence.by_joint[joint]:.2f}{spread})"


def _frames(excess: NDArray[np.floating], frame: NDArray[np.integer]) -> str:
    first, last = half_of_it(excess)
    return f"{frame[first]} to {frame[last]}"


def _compared(one: Unusual, other: float) -> str:
    ratio = one.value / other if other else np.inf
    words = MEASURES[one.name].words
    return words.format(value=one.value, other=other, ratio=ratio, beside=one.beside)


def _and(parts: Iterable[str]) -> str:
    """a, b and c."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
