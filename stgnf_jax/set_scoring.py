"""Windows of tracks through a flow: gathered, normalised and scored batch by batch."""

import bisect
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from stgnf_jax.augment import add_noise
from stgnf_jax.batches import map_windows, pad, replicate
from stgnf_jax.fast_flow import sum_event
from stgnf_jax.fast_scoring import (
    FlowStatistics,
    batch_scores,
    flow_statistics,
    member_scores,
    normality,
)
from stgnf_jax.flow import Variables
from stgnf_jax.flow_config import FlowConfig
from stgnf_jax.folding import fold, fold_members
from stgnf_jax.model import Model
from stgnf_jax.score_kinds import SCORES
from stgnf_jax.windows import gather, normalise

# An augmentation that leaves windows as they are.
UNCHANGED = (1.0, 0.0, 0.0, 1.0)
# Numbers of windows that XLA makes fast programs for; those between 8 and 24 are slower than 24.
SIZES = (1, 2, 3, 4, 5, 6, 8, 24, 32)


class WindowSource(NamedTuple):
    """Windows in pixels that are yet to be gathered.

    Attributes:
      keypoints: (D, V, 3) [x, y, confidence], which may lie on disk.
      start: (N,) the first detection of each.
      resolution: width and height in pixels that keypoints are divided by.
      matrix: augmentation in pixels, (2, 2) row by row; none with noise.
      noise: standard deviation of noise on the normalised keypoints, the same in every run.
    """

    keypoints: NDArray[np.float32]
    start: NDArray[np.int64]
    resolution: tuple[float, float]
    matrix: tuple[float, ...] = UNCHANGED
    noise: float = 0.0


def set_scores(model: Model, source: WindowSource) -> NDArray[np.floating]:
    """`score_windows` of all windows of a source: (N,)."""
    return _map_set(normality, model.config, fold(model.config, model.variables), source)


def set_statistics(model: Model, source: WindowSource) -> FlowStatistics:
    """`window_statistics` of all windows of a source."""
    return _map_set(flow_statistics, model.config, fold(model.config, model.variables), source)


def set_scores_of_members(
    config: FlowConfig, variables: Variables, source: WindowSource
) -> NDArray[np.floating]:
    """`score_members` of all windows of a source, which are read and normalised once: (E, N)."""
    members = (fold_members(config, variables), ())
    return _map_set(member_scores, config, members, source).T


def set_scores_of_kind(
    kind: str, models: Sequence[Model], source: WindowSource
) -> NDArray[np.floating]:
    """Scores of one kind, by each of E models of one configuration: (E, N).

    Args:
      kind: a name in `SCORES`.
      models: E of them, calibrated unless the kind is `nll`.
      source: the windows.
    """
    function = functools.partial(member_scores, read=SCORES[kind])
    return _map_set(function, models[0].config, _fold_models(models), source).T


def window_scorer(kind: str, models: Sequence[Model]) -> Callable[[jax.Array], jax.Array]:
    """The mean over models of `set_scores_of_kind`, to be compiled into something larger.

    Returns:
      From windows in pixels, (N, T, V, 3) [x, y, confidence], to (N,).
    """
    return _mean_scorer(member_scores, kind, models)


def batch_scorer(kind: str, models: Sequence[Model]) -> Callable[[jax.Array], jax.Array]:
    """`window_scorer` for any number of windows, also one that is not known when it is traced.

    Returns:
      From windows in pixels, (N, T, V, C), to (N,).
    """
    return _mean_scorer(batch_scores, kind, models)


def _mean_scorer(
    scores_of: Callable[..., jax.Array], kind: str, models: Sequence[Model]
) -> Callable[[jax.Array], jax.Array]:
    """The mean over models of what `member_scores` or `batch_scores` gives of pixels."""
    config, folded = models[0].config, _fold_models(models)
    prepare = _normaliser(models[0].resolution, UNCHANGED)
    return lambda x: scores_of(config, folded, x, SCORES[kind], prepare).mean(1)


def _fold_models(models: Sequence[Model]) -> tuple[Any, Any]:
    """What `member_scores` takes of models of one configuration."""
    variables, calibrations = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *((m.variables, m.calibration) for m in models)
    )
    return fold_members(models[0].config, variables), calibrations


def pixel_scorer(
    model: Model, most: int = 32
) -> Callable[[NDArray[np.floating]], NDArray[np.floating]]:
    """Scores of few windows at a time, frame by frame, and no compiling in between.

    All that can be needed is compiled here: a program for each of `SIZES` below `most`, and one for
    `most` windows. On a processor a call for one window takes a third less time where JAX is used
    for the first time after `jax.config.update("jax_cpu_enable_async_dispatch", False)`.

    Args:
      model: scores are those of `set_scores`.
      most: windows at once; more are scored in several goes.

    Returns:
      From windows in pixels, (N, T, V, 3) [x, y, confidence], to (N,).

    Raises:
      ValueError: `most` is below 1; when scoring, windows of another shape.
    """
    if most < 1:
        raise ValueError(f"most must be at least 1, got {most}")
    config, folded = model.config, fold(model.config, model.variables)
    frames, joints, _ = config.event_shape
    prepare = _normaliser(model.resolution, UNCHANGED)
    compiled = jax.jit(lambda x: normality(config, folded, x, prepare))
    sizes = (*(size for size in SIZES if size < most), most)

    def few(x: NDArray[np.floating]) -> NDArray[np.floating]:
        size = sizes[bisect.bisect_left(sizes, len(x))]
        return np.asarray(compiled(pad(x, size)))[: len(x)]

    def score(x: NDArray[np.floating]) -> NDArray[np.floating]:
        x = np.asarray(x, np.float32)
        if x.shape[1:] != (frames, joints, 3):
            raise ValueError(f"windows must have shape (N, {frames}, {joints}, 3), got {x.shape}")
        if 0 < len(x) <= most:
            return few(x)
        parts = [few(x[start : start + most]) for start in range(0, len(x), most)]
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    for size in sizes:
        few(np.resize(np.arange(7, dtype=np.float32), (size, frames, joints, 3)))
    return score


def _map_set(
    function: Callable[..., Any],
    config: FlowConfig,
    folded: Any,
    source: WindowSource,
) -> Any:
    """Applies a function of `fast_scoring`; detections on disk are read where windows lie."""
    if source.noise:
        return map_windows(
            functools.partial(function, config, replicate(folded)),
            source.start,
            load=lambda batch: _noisy_windows(config, source, batch),
        )
    prepare = _normaliser(source.resolution, source.matrix)
    return map_windows(
        functools.partial(function, config, replicate(folded), prepare=prepare),
        source.start,
        load=lambda batch: np.asarray(gather(source.keypoints, batch, config.segment_length)),
    )


def _noisy_windows(
    config: FlowConfig, source: WindowSource, start: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Normalised windows (N, T, V, C) with noise that depends on a window's place alone."""
    x = gather(source.keypoints, start, config.segment_length)[..., : config.channels]
    return np.asarray(_with_noise(x, start.astype(np.uint32), source.resolution, source.noise))


@functools.partial(jax.jit, static_argnums=(2, 3))
def _with_noise(
    x: jax.Array, place: jax.Array, resolution: tuple[float, float], scale: float
) -> jax.Array:
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(0), place)
    return jax.vmap(functools.partial(add_noise, scale=scale))(normalise(x, resolution), keys)


@functools.cache
def _normaliser(
    resolution: tuple[float, float], matrix: tuple[float, ...]
) -> Callable[[jax.Array], jax.Array]:
    """`windows.normalise` of augmented windows (T, V, C, N): one function for equal arguments."""

    def normalise_last(x: jax.Array) -> jax.Array:
        x0, y0 = (x[:, :, i] - x[:1, :1, i] for i in (0, 1))
        if matrix != UNCHANGED:
            x0, y0 = matrix[0] * x0 + matrix[1] * y0, matrix[2] * x0 + matrix[3] * y0
        x0, y0 = (_centre(c / side) for c, side in zip((x0, y0), resolution, strict=True))
        size = jnp.sqrt(_mean(y0 * y0))
        return jnp.concatenate([jnp.stack([x0 / size, y0 / size], 2), x[:, :, 2:]], 2)

    return normalise_last


def _centre(x: jax.Array) -> jax.Array:
    return x - _mean(x)


def _mean(x: jax.Array) -> jax.Array:
    return sum_event(x) / x[..., 0].size
