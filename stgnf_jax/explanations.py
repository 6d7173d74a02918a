"""Where in a window its nll lies: of chosen windows of a set, as arrays, NPZ and JSON.

Whatever kind of score chose the windows, it is the nll that is explained.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from stgnf_jax import strict_json
from stgnf_jax.attribution import gradient_attribution, mean_pose
from stgnf_jax.decomposition import decompose_members
from stgnf_jax.files import write_atomically
from stgnf_jax.model import Model
from stgnf_jax.scoring import WindowScores
from stgnf_jax.skeleton import Skeleton, joint_names
from stgnf_jax.window_set import WindowSet
from stgnf_jax.windows import gather, normalise

# Windows whose mean pose the gradients compare with, at most.
NUM_BASELINE = 1024


class Explanations(NamedTuple):
    """Where the nll of N windows lies, in bits per dimension; of an ensemble the members' mean.

    Attributes:
      window: (N,), the numbers of the windows in their set.
      frame: (N, T), the frame numbers of their poses.
      prior: (N, T, V), see `Decomposition`; with `log_det` it sums to the nll.
      log_det: (N, T, V), see `Decomposition`.
      gradient: (N, T, V), see `gradient_attribution`; the baseline is the mean pose of the set.
    """

    window: NDArray[np.intp]
    frame: NDArray[np.int32]
    prior: NDArray[np.floating]
    log_det: NDArray[np.floating]
    gradient: NDArray[np.floating]

    @property
    def nll(self) -> NDArray[np.floating]:
        """(N, T, V), what each frame and joint adds to the nll."""
        return self.prior + self.log_det


def explain(
    models: Sequence[Model], window_set: WindowSet, chosen: NDArray[np.intp]
) -> Explanations:
    """Explains the nll of some windows of a set.

    Args:
      models: the members of an ensemble, or one.
      window_set: the windows.
      chosen: (N,), which of them.
    """
    length = models[0].config.segment_length
    start = window_set.windows.start
    few = np.linspace(0, len(start) - 1, min(NUM_BASELINE, len(start))).astype(np.intp)
    baseline = mean_pose(load_windows(models[0], window_set, few))
    x = load_windows(models[0], window_set, chosen)
    prior, log_det = map(np.asarray, decompose_members(models, x))
    gradient = np.mean([gradient_attribution(one, x, baseline) for one in models], axis=0)
    frame = window_set.tracks.frame[start[chosen][:, None] + np.arange(length)]
    return Explanations(chosen, frame, prior, log_det, gradient)


def load_windows(model: Model, window_set: WindowSet, chosen: NDArray[np.intp]) -> jax.Array:
    """Some windows of a set, normalised as a model wants them, (N, T, V, C)."""
    config = model.config
    keypoints, start = window_set.tracks.keypoints, window_set.windows.start[chosen]
    x = gather(keypoints, start, config.segment_length)[..., : config.channels]
    return normalise(x, model.resolution)


def save_explanations(
    out: str | os.PathLike[str],
    explanations: Explanations,
    windows: WindowScores,
    skeleton: Skeleton,
    clips: Sequence[str],
) -> None:
    """Writes `explanations.npz` and `explanations.json`.

    `explanations.npz` has the arrays of `Explanations` and `clip` by name, `person`, `start` and
    `score` of each window, and `joint`, the names of the joints. `explanations.json` has for each
    window the sums over joints, a number a frame, and over frames, a number a joint.

    Args:
      out: folder to write to; made when it is missing.
      explanations: what `explain` found.
      windows: the scores of all windows of the set.
      skeleton: of the flow.
      clips: names of the clips.

    Raises:
      InputError: a file cannot be written.
    """
    names = joint_names(skeleton)
    chosen = explanations.window
    arrays = explanations._asdict() | {
        "clip": np.array(clips)[windows.clip[chosen]],
        "person": windows.person[chosen],
        "start": windows.start[chosen],
        "score": windows.score[chosen],
        "joint": np.array(names),
    }
    path = Path(out) / "explanations.npz"
    with write_atomically(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    rows = [_row(arrays, i, names) for i in range(len(chosen))]
    text = strict_json.dumps({"explains": "nll", "unit": "bits / dim", "windows": rows}, True)
    with write_atomically(path.with_suffix(".json")) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def _row(arrays: dict[str, Any], i: int, names: Sequence[str]) -> dict[str, Any]:
    nll, gradient = arrays["prior"][i] + arrays["log_det"][i], arrays["gradient"][i]

    def by_joint(part: NDArray[np.floating]) -> dict[str, float]:
        return dict(zip(names, part.sum(0).tolist(), strict=True))

    return {
        "clip": str(arrays["clip"][i]),
        "person": int(arrays["person"][i]),
        "start": int(arrays["start"][i]),
        "score": float(arrays["score"][i]),
        "nll": float(nll.sum()),
        "nll_by_joint": by_joint(nll),
        "nll_by_frame": nll.sum(1).tolist(),
        "frame": arrays["frame"][i].tolist(),
        "gradient_by_joint": by_joint(gradient),
        "gradient_by_frame": gradient.sum(1).tolist(),
    }
