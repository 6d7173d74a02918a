"""A batch whose loss or gradient is not finite: which windows it has, and where they are kept."""

import os
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from stgnf_jax.distributed import leads
from stgnf_jax.errors import InputError
from stgnf_jax.files import write_atomically
from stgnf_jax.training_set import TrainingSet
from stgnf_jax.windows import gather

FAILED_FILE = "failed_batch.npz"
NAMED = 3


def fail(
    workdir: str | os.PathLike[str],
    step: int,
    examples: TrainingSet,
    *,
    drawn: NDArray[np.int64],
    nll: NDArray[np.floating],
    length: int,
) -> NoReturn:
    """Writes `failed_batch.npz` and raises an InputError that names the least likely windows.

    The file has, for each of the B windows: `clip`, `person`, `start` (first frame), `label`,
    `augmentation`, `nll` in training mode, and `keypoints` (B, T, V, 3) in pixels.

    Args:
      workdir: of the run.
      step: 0, 1, ...
      examples: what is trained on.
      drawn: (B,) numbers of the examples of one member's batch.
      nll: (B,) of each, in bits per dimension.
      length: T.
    """
    columns = _columns(examples, drawn, nll, length)
    file = Path(workdir) / FAILED_FILE
    if leads():
        with write_atomically(file) as partial, open(partial, "wb") as opened:
            np.savez_compressed(opened, allow_pickle=False, **columns)
    worst = np.argsort(-np.nan_to_num(nll, nan=np.inf), kind="stable")[:NAMED]
    named = ", ".join(
        "clip {} person {} from frame {} (nll {:.3g})".format(
            *(columns[name][i] for name in ("clip", "person", "start", "nll"))
        )
        for i in worst
    )
    raise InputError(
        f"step {step} has a loss or a gradient that is not finite, so training stops, and the "
        f"last checkpoint is kept. Least likely of the batch's {len(drawn)} windows, all of which "
        f"are in this file: {named}. Look at them, or try a lower config.training.learning_rate",
        file=file,
    )


def _columns(
    examples: TrainingSet, drawn: NDArray[np.int64], nll: NDArray[np.floating], length: int
) -> dict[str, NDArray[Any]]:
    window, augmentation = np.divmod(drawn, len(examples.matrices))
    clip, person, start = (column[window] for column in examples.origin)
    return {
        "clip": np.array(examples.clips, np.str_)[clip],
        "person": person,
        "start": start,
        "label": examples.label[window],
        "augmentation": augmentation,
        "nll": nll,
        "keypoints": np.asarray(gather(examples.keypoints, examples.start[window], length)),
    }
