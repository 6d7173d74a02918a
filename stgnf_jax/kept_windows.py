"""A sample of a training's normal windows, kept beside the model to compare alarms with."""

import os
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
from absl import logging
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax.checkpoint import load_members
from stgnf_jax.config import check_config
from stgnf_jax.decomposition import decompose
from stgnf_jax.errors import InputError
from stgnf_jax.model import Model
from stgnf_jax.normal_calibration import weights_hash
from stgnf_jax.normal_windows import NormalWindows, distances_between_tracks, window_shapes
from stgnf_jax.normal_windows_file import save_normal_windows
from stgnf_jax.run_folder import CONFIG_FILE, check_same_config
from stgnf_jax.subsets import some_of, track_numbers
from stgnf_jax.training_set import TrainingSet, load_training_set, select
from stgnf_jax.windows import gather, normalise

# Windows that are decomposed together.
_CHUNK = 512


def keep_windows(
    config: ConfigDict, checkpoint: str | os.PathLike[str], count: int
) -> tuple[NormalWindows, Path]:
    """Draws normal windows of the training poses and writes `normal_windows.npz` beside the model.

    Only these windows are ever in memory, the training poses are mapped. Where a training began
    beside the model, the configuration must be its own.

    Args:
      config: of the training.
      checkpoint: the model, and where the file is written.
      count: how many windows; all, where there are fewer.

    Returns:
      The windows and the file.

    Raises:
      InputError: anything wrong with the configuration, the poses or the checkpoint, or fewer than
        two tracks, which have nothing to be compared with.
    """
    check_config(config)
    models = load_members(checkpoint)
    if (Path(checkpoint) / CONFIG_FILE).exists():
        check_same_config(config, checkpoint)
    examples = load_training_set(config.data, models[0].config, config.seed)
    normal = np.flatnonzero(examples.label > 0)
    drawn = select(examples, some_of(normal, count, len(examples.start), config.seed))
    kept = sample_of(drawn, models)
    return kept, save_normal_windows(checkpoint, kept)


def sample_of(examples: TrainingSet, models: Sequence[Model]) -> NormalWindows:
    """What is kept of windows.

    A window that the flow gives no likelihood is left out with a warning.

    Raises:
      InputError: they are of fewer than two tracks.
    """
    length = models[0].config.segment_length
    keypoints = np.asarray(gather(examples.keypoints, examples.start, length))
    nll = nll_of_members(models, keypoints).mean(0)
    finite = np.isfinite(nll).all((1, 2))
    if not finite.all():
        logging.warning("left out %d normal windows without a likelihood", (~finite).sum())
    origin = select(examples, finite).origin
    if not len(origin.clip) or not track_numbers(origin).any():
        raise InputError(
            "needs normal windows of two tracks at least; give a larger --count or more poses",
            field="--count",
        )
    shape = window_shapes(keypoints[finite])
    return NormalWindows(
        weights=weights_hash(models),
        clips=examples.clips,
        origin=origin,
        shape=shape,
        by_joint=nll[finite].sum(1),
        usual=nll[finite].mean(0),
        distance=distances_between_tracks(shape, origin),
    )


def nll_of_members(models: Sequence[Model], keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
    """`Decomposition.nll` of windows by each member, (E, N, T, V), some windows at a time.

    Args:
      models: the members of an ensemble, or one.
      keypoints: (N, T, V, C) in pixels, C at least the models'.
    """
    config, resolution = models[0].config, models[0].resolution
    x = np.asarray(normalise(keypoints[..., : config.channels], resolution))
    parts = [x[first : first + _CHUNK] for first in range(0, len(x), _CHUNK)]
    return np.stack([np.concatenate([_nll(model, part) for part in parts]) for model in models])


def _nll(model: Model, x: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(jax.device_get(decompose(model, x).nll), np.float32)
