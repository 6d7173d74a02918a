"""What of a window's nll is above the usual: by joint, by frame, and which joints stand out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from stgnf_jax.normal_windows import NormalWindows


class UsualJoints(NamedTuple):
    """What the nll of V joints is in normal windows.

    Attributes:
      mean: (V,), bits per dimension.
      precision: (V, V), inverse of the covariance.
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


class FrameSpan(NamedTuple):
    """Places in a window, from `first` to `last`."""

    first: int
    last: int


class Evidence(NamedTuple):
    """What of the nll of a window is above that of normal windows, bits per dimension.

    Attributes:
      excess: (T, V), the nll of each frame and joint less the mean of normal windows; it sums to
        the window's nll less theirs.
      spread: (V,), standard deviation over the members of an ensemble of each joint's excess; None
        of a single flow.
      out_of_line: (V,), see `out_of_line`.
    """

    excess: NDArray[np.floating]
    spread: NDArray[np.floating] | None
    out_of_line: NDArray[np.floating]

    @property
    def by_joint(self) -> NDArray[np.floating]:
        """(V,)."""
        return self.excess.sum(0)


def usual_joints(normal: NormalWindows) -> UsualJoints:
    """Mean and inverse covariance over normal windows (Ledoit and Wolf's, so it always exists)."""
    by_joint = normal.by_joint.astype(np.float64)
    scale = by_joint.std(0) + np.finfo(np.float32).tiny
    fitted = LedoitWolf().fit(by_joint / scale)
    return UsualJoints(by_joint.mean(0), fitted.precision_ / np.outer(scale, scale))


def out_of_line(by_joint: NDArray[np.floating], usual: UsualJoints) -> NDArray[np.float64]:
    """How far each joint's nll is above what those of all others let expect, (..., V).

    In standard deviations of just that over normal windows: the residual of a linear regression.
    The nll of a joint rises with those of all others, since a window is centred and scaled as a
    whole and a coupling sees the mean over joints; this takes out what they have in common.

    Args:
      by_joint: (..., V), bits per dimension.
      usual: what they are in normal windows.
    """
    residual = (by_joint - usual.mean) @ usual.precision
    return residual / np.sqrt(np.diag(usual.precision))


def find_evidence(
    members: NDArray[np.floating], normal: NormalWindows, usual: UsualJoints
) -> Evidence:
    """Compares a window with normal ones.

    Args:
      members: (E, T, V), `Decomposition.nll` by each member of an ensemble, or of one flow.
      normal: normal windows under the same model.
      usual: `usual_joints` of them.
    """
    nll = members.mean(0, dtype=np.float64)
    spread = members.sum(1).std(0) if len(members) > 1 else None
    return Evidence(nll - normal.usual, spread, out_of_line(nll.sum(0), usual))


def half_of_it(by_frame: NDArray[np.floating]) -> FrameSpan:
    """The fewest frames in a row that hold half of what is above the usual, of (T,).

    Frames below the usual count as nothing. Where no frame is above it, all of them.
    """
    above = np.append(0, np.cumsum(np.maximum(by_frame, 0)))
    if not above[-1] > 0:
        return FrameSpan(0, len(by_frame) - 1)
    spans = (
        FrameSpan(first, int(np.searchsorted(above, above[first] + above[-1] / 2)) - 1)
        for first in range(int(np.searchsorted(above, above[-1] / 2, "right")))
    )
    return min(spans, key=lambda span: span.last - span.first)


def standing_out(evidence: Evidence, most: int = 3) -> list[int]:
    """The joints to name, at most `most`: those most out of line, and at least half as much."""
    far = np.where(evidence.by_joint > 0, evidence.out_of_line, -np.inf)
    order = np.argsort(-far, kind="stable")[:most]
    return [int(joint) for joint in order if far[joint] > 0 and far[joint] >= far[order[0]] / 2]
