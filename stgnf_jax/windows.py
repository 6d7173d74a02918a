"""Windows over tracks (paper section 3.1): start indices, gathered and normalised inside jit."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.errors import InputError
from stgnf_jax.npy_files import release
from stgnf_jax.poses import Tracks

Windowing = Literal["all", "reference"]

# Windows or detections that are looked at together: 14 MB of keypoints.
_CHUNK = 2**16


class Windows(NamedTuple):
    """Windows as places in `Tracks`, by track, then start.

    Attributes:
      start: (N,) int64, the first detection of each; the next ones of the track follow.
      track: (N,) int32.
    """

    start: NDArray[np.int64]
    track: NDArray[np.int32]


class WindowOrigin(NamedTuple):
    """Where windows come from.

    Attributes:
      clip: (N,) int32, index into the clips.
      person: (N,) int64.
      frame: (N,) int32, the number of the first frame.
    """

    clip: NDArray[np.int32]
    person: NDArray[np.int64]
    frame: NDArray[np.int32]


def index_windows(
    tracks: Tracks,
    *,
    length: int,
    stride: int,
    windowing: Windowing = "all",
    max_absent: int = 2,
) -> Windows:
    """Finds the windows: the next T detections of a track, from each `stride`th one.

    Args:
      tracks: where to look.
      length: T, at least 1.
      stride: detections from one candidate to the next, at least 1.
      windowing: `all` takes every candidate that has T detections. `reference` takes the first
        ceil((n - T) / stride) in a track of n, as the published system does: a track of exactly T
        has none.
      max_absent: a candidate from frame s is a window when at most this many of the numbers s to
        s + T - 1 are absent among its frames. The last one may so lie beyond s + T - 1.

    Raises:
      ValueError: `length`, `stride`, `windowing` or `max_absent` is not one of the above.
    """
    if length < 1 or stride < 1 or max_absent < 0:
        raise ValueError(
            "length and stride must be at least 1 and max_absent at least 0,"
            f" got {length}, {stride} and {max_absent}"
        )
    if windowing not in ("all", "reference"):
        raise ValueError(f"windowing must be all or reference, got {windowing!r}")
    spare = np.diff(tracks.offsets) - length
    count = spare // stride + 1 if windowing == "all" else -(-spare // stride)
    before = np.concatenate([[0], np.cumsum(np.where(spare < 0, 0, count))])
    found = [Windows(np.zeros(0, np.int64), np.zeros(0, np.int32))]
    for first in range(0, before[-1], _CHUNK):
        nth = np.arange(first, min(first + _CHUNK, before[-1]))
        track = np.searchsorted(before, nth, side="right") - 1
        start = tracks.offsets[track] + stride * (nth - before[track])
        kept = _num_present(tracks.frame, start, length) >= length - max_absent
        found.append(Windows(start[kept], track[kept].astype(np.int32)))
    return Windows(*map(np.concatenate, zip(*found, strict=True)))


def _num_present(
    frame: NDArray[np.int32], start: NDArray[np.int64], length: int
) -> NDArray[np.int64]:
    """How many of the frame numbers s to s + T - 1 a window from frame s has, (N,)."""
    present = np.zeros(len(start), np.int64)
    for step in range(length):
        since = frame[start + step] - frame[start]
        present += (since >= 0) & (since < length)
    return present


def window_origin(tracks: Tracks, windows: Windows) -> WindowOrigin:
    """Clip, person and first frame of each window."""
    return WindowOrigin(
        clip=tracks.clip[windows.track],
        person=tracks.person[windows.track],
        frame=tracks.frame[windows.start],
    )


def flat_windows(tracks: Tracks, windows: Windows, length: int) -> NDArray[np.bool_]:
    """Which windows of `length` have one y everywhere, so that nothing can scale them; (N,)."""
    edges = range(0, len(tracks.keypoints), _CHUNK)
    places = np.searchsorted(windows.start, [*edges, len(tracks.keypoints)])
    flat = np.zeros(len(windows.start), np.bool_)
    for edge, first, last in zip(edges, places[:-1], places[1:], strict=True):
        y = tracks.keypoints[edge : edge + _CHUNK + length - 1, :, 1]
        flat[first:last] = _flat(y, windows.start[first:last] - edge, length)
        release(tracks.keypoints)
    return flat


def _flat(y: NDArray[np.float32], start: NDArray[np.int64], length: int) -> NDArray[np.bool_]:
    low, high = y.min(1), y.max(1)
    level = low == high
    moved = np.cumsum(~level | (low != np.roll(low, 1)))
    return np.asarray(level[start] & (moved[start + length - 1] == moved[start]))


def check_windows(
    tracks: Tracks, windows: Windows, length: int, *, skip_bad: bool = False
) -> tuple[Windows, tuple[str, ...]]:
    """The windows that `normalise` can scale, and one message for each that was left out.

    Args:
      tracks: where the windows lie.
      windows: what `index_windows` found.
      length: T.
      skip_bad: leave out a window whose y does not vary, instead of failing.

    Raises:
      InputError: the y of a window does not vary; names clip, person and first frame.
    """
    flat = flat_windows(tracks, windows, length)
    origin = window_origin(tracks, Windows(windows.start[flat], windows.track[flat]))
    faults = [
        InputError(
            f"y is the same in all joints of {length} detections, so there is no size to"
            " normalise by; remove these detections",
            file=f"clip {tracks.clips[clip]}",
            person=person,
            frame=frame,
            field="keypoints",
        )
        for clip, person, frame in zip(*origin, strict=True)
    ]
    if faults and not skip_bad:
        raise faults[0]
    return Windows(windows.start[~flat], windows.track[~flat]), tuple(map(str, faults))


def gather(
    keypoints: jax.Array | NDArray[np.floating], start: jax.Array | NDArray[np.integer], length: int
) -> jax.Array | NDArray[np.floating]:
    """Takes the windows out of the tracks.

    Args:
      keypoints: (D, V, C). A memory-mapped array is read only where windows lie, and stays out of
        memory, as long as both arguments are NumPy's.
      start: (...,) first detections. Inside jit one that is out of range is not noticed.
      length: T.

    Returns:
      (..., T, V, C), a NumPy array when both arguments are.
    """
    if isinstance(keypoints, np.ndarray) and isinstance(start, np.ndarray):
        x = _every_window(keypoints, length)[start]
        release(keypoints)
        return x
    return jnp.asarray(keypoints)[start[..., None] + np.arange(length)]


def _every_window(keypoints: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    """A view (D - T + 1, T, V, C): whole windows are copied faster than their detections."""
    shape = (max(len(keypoints) - length + 1, 0), length, *keypoints.shape[1:])
    strides = (keypoints.strides[0], *keypoints.strides)
    return np.lib.stride_tricks.as_strided(keypoints, shape, strides, writeable=False)


def check_resolution(resolution: Sequence[object]) -> None:
    """Raises ValueError unless it is a width and a height that `normalise` can divide by."""
    sizes = [side for side in resolution if isinstance(side, int | float) and 0 < side < math.inf]
    if len(resolution) != 2 or len(sizes) != 2:
        raise ValueError(f"resolution must be width and height in pixels, got {resolution}")


def normalise(x: jax.Array | NDArray[np.floating], resolution: tuple[float, float]) -> jax.Array:
    """Makes windows independent of place and size (paper section 4.1).

    x and y are divided by the resolution, lose their mean over frames and joints, and are divided
    by the population standard deviation of y. Confidence stays as it is.

    Args:
      x: (..., T, V, C) floating, [x, y] in pixels, and confidence when C is 3.
      resolution: width and height in pixels.

    Returns:
      (..., T, V, C), not finite where y does not vary: see `check_windows`.
    """
    x = jnp.asarray(x)
    # From one joint on, which the mean takes out again: float32 keeps more digits near zero.
    place = (x[..., :2] - x[..., :1, :1, :2]) / jnp.asarray(resolution, x.dtype)
    place -= place.mean((-3, -2), keepdims=True)
    size = place[..., 1:].std((-3, -2), keepdims=True)
    return jnp.concatenate([place / size, x[..., 2:]], -1)
