"""`export`: a trained model as a folder that is used without this package."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import orjson
from ml_collections import ConfigDict
from numpy.typing import NDArray

from stgnf_jax import load_export
from stgnf_jax.comparable import scores_to_compare
from stgnf_jax.errors import InputError
from stgnf_jax.evaluation import load_scorers
from stgnf_jax.export_facts import facts_of
from stgnf_jax.export_program import scoring_program
from stgnf_jax.files import write_folder_atomically
from stgnf_jax.load_export import (
    FACTS_FILE,
    INPUT,
    NORMAL_FILE,
    OUTPUT,
    PROGRAM_FILE,
    SAMPLE_FILE,
)
from stgnf_jax.model import Model
from stgnf_jax.normal_scores import NormalScores, scored_as
from stgnf_jax.normal_scores_file import NORMAL_SCORES_FILE
from stgnf_jax.poses import joints_of_file
from stgnf_jax.set_scoring import window_scorer

ONNX_FILE = "scorer.onnx"
LOADER_FILE = "load_export.py"
SAMPLE_WINDOWS = 3


def export(
    config: ConfigDict,
    checkpoint: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    onnx: bool = False,
    per_hour: Sequence[float] = (),
) -> None:
    """Writes a folder that scores windows without this package; see docs/export.md.

    Args:
      config: what a score is, and how windows are cut.
      checkpoint: the model, and its `normal_scores.npz` where it has been calibrated.
      out: the folder, which must not exist.
      onnx: write `scorer.onnx` too.
      per_hour: false alarms an hour, each to have a threshold among the facts.

    Raises:
      InputError: the checkpoint cannot be read or lacks what the score needs, normal scores are
        of other scores or too few, the score is no function of a window alone, a package is
        missing, or the folder exists or cannot be written.
    """
    _check(config, per_hour)
    models = load_scorers(config, checkpoint)
    if models[0].config.channels > 3:
        raise InputError("has more channels than x, y and confidence of poses", file=checkpoint)
    normal = _normal_scores(config, checkpoint, models)
    if per_hour and normal is None:
        raise InputError("needs normal scores; make them with stgnf calibrate", field="per_hour")
    kind = config.scoring.score
    files = {
        PROGRAM_FILE: scoring_program(kind, models),
        SAMPLE_FILE: _sample(kind, models),
        LOADER_FILE: Path(load_export.__file__).read_bytes(),
    }
    if onnx:
        files[ONNX_FILE] = _onnx(kind, models, files[SAMPLE_FILE])
    if normal is not None:
        files[NORMAL_FILE] = (Path(checkpoint) / NORMAL_SCORES_FILE).read_bytes()
    _write(Path(out), files, facts_of(config, models, normal, per_hour))


def _check(config: ConfigDict, per_hour: Sequence[float]) -> None:
    if config.scoring.keypoint_noise:
        raise InputError(
            "depends on a window's place among the others, which an export does not know: leave "
            "it at 0",
            field="config.scoring.keypoint_noise",
        )
    if not all(0 < rate < np.inf for rate in per_hour):
        raise InputError(f"must be above 0, got {list(per_hour)}", field="per_hour")


def _normal_scores(
    config: ConfigDict, checkpoint: str | os.PathLike[str], models: Sequence[Model]
) -> NormalScores | None:
    if not (Path(checkpoint) / NORMAL_SCORES_FILE).exists():
        return None
    return scores_to_compare(checkpoint, models, scored_as(config), "the export")


def _sample(kind: str, models: Sequence[Model]) -> bytes:
    """A few windows of made-up people, joints as in a pose file, and their scores."""
    windows = _sample_windows(models[0])
    scores = np.asarray(window_scorer(kind, models)(jnp.asarray(_of_skeleton(models[0], windows))))
    return orjson.dumps({INPUT: windows.tolist(), OUTPUT: scores.tolist()})


def _of_skeleton(model: Model, windows: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, T, J, 3) to (N, T, V, C)."""
    joints = [joints_of_file(window, model.config.skeleton) for window in windows]
    return np.stack(joints)[..., : model.config.channels]


def _sample_windows(model: Model) -> NDArray[np.float64]:
    """(N, T, J, 3): people as high as a third of the picture who walk and swing."""
    config, rng = model.config, np.random.default_rng(0)
    width, height = model.resolution
    joints = config.skeleton.num_file_joints
    body = rng.uniform(0, 1, (SAMPLE_WINDOWS, 1, joints, 2)) * (height / 8, height / 3)
    phase = rng.uniform(0, 6, (SAMPLE_WINDOWS, 1, joints, 2))
    time = np.arange(config.segment_length)[:, None, None]
    place = np.array([width, height]) / 3 + body + time * (width / 400, 0)
    place += height / 40 * np.sin(time / 4 + phase)
    confidence = rng.uniform(0.5, 1, (*place.shape[:3], 1))
    return np.concatenate([place, confidence], -1).round(2)


def _onnx(kind: str, models: Sequence[Model], sample: bytes) -> bytes:
    """The ONNX model, once it gives the sample's scores."""
    try:
        from stgnf_jax.export_onnx import reference_scores, scoring_model  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            f'an ONNX model cannot be written ({error}); pip install "stgnf-jax[export]"'
        ) from error
    model, given = scoring_model(kind, models), orjson.loads(sample)
    windows = _of_skeleton(models[0], np.array(given[INPUT]))
    load_export.compare(reference_scores(model, windows), np.array(given[OUTPUT]))
    return model


def _write(out: Path, files: dict[str, bytes], facts: dict[str, Any]) -> None:
    """Writes the folder, and has its own loader check it before it gets its name."""
    with write_folder_atomically(out) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        written = orjson.dumps(facts | {"files": hashes}, option=orjson.OPT_INDENT_2)
        (folder / FACTS_FILE).write_bytes(written)
        try:
            load_export.check(folder)
        except load_export.ExportError as error:
            raise InputError(f"does not score as the model does ({error})", file=out) from error
