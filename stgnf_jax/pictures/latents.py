"""Where the flow puts windows: latents z beside the prior."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from stgnf_jax.pictures.style import BLUE, INK, VERMILION, legend_above, new_figure, tidy


class Projection(NamedTuple):
    """Latents of N windows in a plane, and the prior there.

    Attributes:
      title: what the plane is.
      axes: names of its two axes.
      place: (N, 2).
      prior: (2,), the prior's mean.
      deviation: the prior's standard deviation in the plane, the same in all directions.
    """

    title: str
    axes: tuple[str, str]
    place: NDArray[np.floating]
    prior: NDArray[np.floating]
    deviation: float


def principal_plane(
    z: NDArray[np.floating], normal: NDArray[np.bool_], radius: float
) -> Projection:
    """The plane in which the latents of normal windows vary most, by singular values.

    Of fewer than three normal windows no plane can be told, and all windows make it.

    Args:
      z: (N, T, V, C) latents, N at least 3.
      normal: (N,) bool.
      radius: R of the prior N(R, I).
    """
    flat = z.reshape(len(z), -1).astype(np.float64)
    fitted = flat[normal] if normal.sum() >= 3 else flat
    mean = fitted.mean(0)
    _, size, directions = np.linalg.svd(fitted - mean, full_matrices=False)
    share = 100 * size**2 / np.sum(size**2)
    return Projection(
        "principal components of z",
        (f"first, {share[0]:.0f} % of the variance", f"second, {share[1]:.0f} %"),
        (flat - mean) @ directions[:2].T,
        (radius - mean) @ directions[:2].T,
        1.0,
    )


def mean_plane(z: NDArray[np.floating], radius: float) -> Projection:
    """The means of the first two channels of z over frames and joints; args as above."""
    frames, joints = z.shape[1:3]
    return Projection(
        "mean of z over frames and joints",
        ("first channel", "second channel"),
        z[..., :2].mean((1, 2)),
        np.full(2, radius),
        1 / np.sqrt(frames * joints),
    )


def latent_planes(projections: tuple[Projection, ...], normal: NDArray[np.bool_]) -> Figure:
    """Latents of normal and of abnormal windows, with the prior's mean and its spread.

    The rings are one, two and three standard deviations of the prior. Windows beyond the axes,
    which hold most of them, are counted in the title.

    Args:
      projections: of the same N windows, one beside the other.
      normal: (N,) bool.
    """
    figure = new_figure(height=4.7)
    columns = figure.subplots(1, len(projections), squeeze=False)[0]
    for axes, plane in zip(columns, projections, strict=True):
        _draw(axes, plane, normal)
    legend_above(figure)
    return figure


def _draw(axes: Axes, plane: Projection, normal: NDArray[np.bool_]) -> None:
    for name, group, color in (
        ("window in a normal frame", normal, BLUE),
        ("window in an abnormal frame", ~normal, VERMILION),
    ):
        x, y = plane.place[group].T
        axes.plot(x, y, "o", color=color, ms=3, mew=0, alpha=0.35, rasterized=True)
        axes.plot([], [], "o", color=color, ms=7, mew=0, label=name)
    for times in (1, 2, 3):
        center = (float(plane.prior[0]), float(plane.prior[1]))
        axes.add_patch(Circle(center, times * plane.deviation, fill=False, color=INK, lw=1))
    axes.plot(*plane.prior, "+", color=INK, ms=9, label="prior, 1 to 3 deviations")
    low, high = _limits(plane, normal)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    outside = int(((plane.place < low) | (plane.place > high)).any(1).sum())
    title = f"{plane.title} ({outside} of {len(normal)} outside)" if outside else plane.title
    tidy(axes, title, xlabel=plane.axes[0], ylabel=plane.axes[1])


def _limits(
    plane: Projection, normal: NDArray[np.bool_]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Corners that hold nearly all normal windows, most of the others, and the rings."""
    corners = [
        np.quantile(plane.place[group], (tail, 1 - tail), axis=0)
        for group, tail in ((normal, 0.005), (~normal, 0.05))
        if group.any()
    ]
    ring = 3 * plane.deviation
    low = np.min([plane.prior - ring, *(corner[0] for corner in corners)], axis=0)
    high = np.max([plane.prior + ring, *(corner[1] for corner in corners)], axis=0)
    margin = 0.05 * (high - low)
    return low - margin, high + margin
