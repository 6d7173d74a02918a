"""Masks of the benchmarks: which frames of a clip are normal."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.datasets import Benchmark, MaskFormat
from stgnf_jax.errors import InputError
from stgnf_jax.mat_masks import read_mat
from stgnf_jax.npy_masks import is_npy, read_npy
from stgnf_jax.npz_masks import clips_of_npz, read_npz

# From a file and a clip to its mask.
READERS: dict[MaskFormat, Callable[[Path, str], NDArray[np.generic]]] = {
    "npy": lambda path, _: read_npy(path),
    "mat": lambda path, _: read_mat(path),
    "npz": read_npz,
}


def read_masks(
    folder: str | os.PathLike[str], clips: Sequence[str], benchmark: Benchmark
) -> tuple[NDArray[np.bool_], ...]:
    """Which frames are normal, one array (number of frames,) a clip, in the order of `clips`.

    Args:
      folder: where the mask files lie.
      clips: names of the clips.
      benchmark: how the mask files are named, and read, and which of their values means normal.

    Raises:
      InputError: as `read_mask`.
    """
    return tuple(read_mask(folder, clip, benchmark) for clip in clips)


def read_mask(folder: str | os.PathLike[str], clip: str, benchmark: Benchmark) -> NDArray[np.bool_]:
    """Which frames of a clip are normal, (number of frames,).

    Raises:
      InputError: the mask is missing, in another format, or not one row of zeros and ones.
    """
    path = Path(folder) / benchmark.mask_name(clip)
    try:
        mask = READERS[benchmark.mask_format](path, clip)
        _check(mask)
    except FileNotFoundError as error:
        raise InputError(
            f"is missing; the mask of clip {clip} is expected under this name", file=path
        ) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path) from error
    except InputError as error:
        raise error.at(path) from error.__cause__
    return mask == benchmark.normal


def masks_without_poses(
    folder: str | os.PathLike[str], clips: Sequence[str], benchmark: Benchmark
) -> list[str]:
    """Masks that belong to none of the clips, by file name, or by clip where one file holds all.

    Files that are no masks, such as UBnormal's text annotations, and those of clips that the
    benchmark leaves out are not among them.
    """
    if benchmark.mask_format == "npz":
        held = clips_of_npz(Path(folder) / benchmark.mask_file)
        return [clip for clip in held if clip not in clips and not benchmark.leaves_out(clip)]
    known = {benchmark.mask_name(clip) for clip in clips}
    start, end = re.split(r"\{\w+\}", benchmark.mask_file)
    return [
        path.name
        for path in sorted(Path(folder).iterdir())
        if path.name not in known
        and not path.name.startswith(".")
        and path.name.startswith(start)
        and path.name.endswith(end)
        and not benchmark.leaves_out(path.name.removeprefix(start).removesuffix(end))
        and (benchmark.mask_format != "npy" or is_npy(path))
    ]


def _check(mask: NDArray[np.generic]) -> None:
    if mask.dtype.kind not in "biuf":
        raise InputError(f"holds {mask.dtype}, expected numbers that are 0 or 1")
    if mask.ndim != 1 or not mask.size:
        raise InputError(f"has shape {mask.shape}, expected (number of frames,)")
    wrong = np.flatnonzero((mask != 0) & (mask != 1))
    if wrong.size:
        raise InputError(f"holds {mask[wrong[0]]}, expected 0 or 1", frame=wrong[0])
