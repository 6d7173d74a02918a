"""Masks of the benchmarks: which frames of a clip are normal."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.datasets import Benchmark
from stgnf_jax.errors import InputError


def read_masks(
    folder: str | os.PathLike[str], clips: Sequence[str], benchmark: Benchmark
) -> tuple[NDArray[np.bool_], ...]:
    """Which frames are normal, one array (number of frames,) a clip, in the order of `clips`.

    Args:
      folder: where the mask files lie.
      clips: names of the clips.
      benchmark: how the mask files are named and which of their values means normal.

    Raises:
      InputError: a mask is missing, is no NPY file, or is not one row of zeros and ones.
    """
    return tuple(
        _read_mask(Path(folder) / benchmark.mask_file.format(clip=clip), clip) == benchmark.normal
        for clip in clips
    )


def masks_without_poses(
    folder: str | os.PathLike[str], clips: Sequence[str], benchmark: Benchmark
) -> list[str]:
    """Masks in the folder, by file name, that belong to none of the clips.

    Files that are no masks, such as UBnormal's text annotations, and those of clips that the
    benchmark leaves out are not among them.
    """
    known = {benchmark.mask_file.format(clip=clip) for clip in clips}
    start, end = benchmark.mask_file.split("{clip}")
    return [
        path.name
        for path in sorted(Path(folder).iterdir())
        if path.name not in known
        and path.name.startswith(start)
        and path.name.endswith(end)
        and not benchmark.leaves_out(path.name.removeprefix(start).removesuffix(end))
        and _is_npy(path)
    ]


def _is_npy(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX


def _read_mask(path: Path, clip: str) -> NDArray[np.generic]:
    try:
        with open(path, "rb") as file:
            mask = _read_npy(file)
        _check(mask)
    except FileNotFoundError as error:
        raise InputError(
            f"is missing; the mask of clip {clip} is expected under this name", file=path
        ) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error
    except InputError as error:
        raise error.at(path) from error.__cause__
    return mask


def _read_npy(file: BinaryIO) -> NDArray[np.generic]:
    if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
        raise InputError(
            "is not an NPY file; a mask is an array written by numpy.save, whatever its name ends "
            "in (UBnormal's training clips have text annotations here, and no masks)"
        )
    file.seek(0)
    try:
        mask: NDArray[np.generic] = np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # A damaged header makes numpy raise whatever its parser meets.
        raise InputError(f"is not a mask that can be read ({error})") from error
    return mask


def _check(mask: NDArray[np.generic]) -> None:
    if mask.dtype.kind not in "biuf":
        raise InputError(f"holds {mask.dtype}, expected numbers that are 0 or 1")
    if mask.ndim != 1 or not mask.size:
        raise InputError(f"has shape {mask.shape}, expected (number of frames,)")
    wrong = np.flatnonzero((mask != 0) & (mask != 1))
    if wrong.size:
        raise InputError(f"holds {mask[wrong[0]]}, expected 0 or 1", frame=wrong[0])
