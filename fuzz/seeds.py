"""The first inputs of every target, from what the tests write: `python -m fuzz.seeds`.

They go to `fuzz/corpus`, beside the inputs of findings that have been mended, which are kept.
"""

import io
import json
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from PIL import Image

from fuzz.one_target import CORPUS
from fuzz.targets import KEYPOINTS, POSES, RUN, TARGETS, WEIGHTS
from stgnf_jax.checkpoint import load_description
from stgnf_jax.config import default_config
from stgnf_jax.export import export
from stgnf_jax.normal_windows import NormalWindows
from stgnf_jax.normal_windows_file import save_normal_windows
from stgnf_jax.windows import WindowOrigin
from tests import test_torch_archive as torch
from tests.pose_formats import samples

FRAME = {"camera": "a", "frame": 3, "people": [{"id": 1, "keypoints": KEYPOINTS, "score": 0.5}]}
SPAN = {"clip": "a", "person": 1, "first_frame": 0, "last_frame": 9, "label": "abnormal"}
SKELETON = {"num_joints": 3, "edges": [[0, 1], [1, 2]], "center": 1, "sources": [[0], [1, 2], [4]]}
CSV = ",".join(SPAN) + "\n" + ",".join(map(str, SPAN.values())) + "\n"


def seeds() -> dict[str, bytes]:
    """Inputs by target/name."""
    found = {
        "abnormal_objects/two": b"1,0,10\n2,3,4\n",
        "clip_list/one": b"# clips\n01_0001\n",
        "config/some": b"seed=3\ndata.max_absent=5\ndata.resolution=856,480\nscoring.score=nll\n",
        "config/flow": b"model.num_steps=2\nmodel.hidden_channels=8\ntraining.learning_rate=1e-3\n",
        "mask_npy/short": _npy(np.zeros(5, np.int8)),
        "mask_npz/two": _npz(a=np.zeros(5, np.int8), b=np.ones(3)),
        "mask_mat/images": _mat(False),
        "mask_mat/packed": _mat(True),
        "instance_mask/one": _image(),
        "normal_windows/one": _windows(),
        "pose_file/two": POSES,
        "pose_file/list": json.dumps({"1": [{"7": {"keypoints": KEYPOINTS}}]}).encode(),
        "run_config/default": default_config().to_json_best_effort().encode(),
        "skeleton/three": json.dumps(SKELETON).encode(),
        "spans_csv/one": CSV.encode(),
        "spans_json/one": json.dumps([SPAN]).encode(),
        "stream_line/frame": json.dumps(FRAME).encode(),
        "stream_line/end": b'{"camera": "a", "end": true}',
        "track_truth/one": b"track,frame,x1,y1,x2,y2\n1,2,3,4,5,6\n",
        "poses_pickle/plain": pickle.dumps({0: {1: [[1.0] * 4, np.ones((17, 3))]}}),
    }
    files = (
        *("model.json", "origin.json", "metrics.json", "summary.json", "calibration.npz"),
        *("normal_scores.npz", "config.json", "scores.npz", "log.jsonl"),
    )
    names = {"config": "run_config", "scores": "saved_scores", "log": "run_log"}
    for file in files:
        stem = file.split(".", maxsplit=1)[0]
        found[f"{names.get(stem, stem)}/run"] = (RUN / file).read_bytes()
    found |= _poses() | _checkpoint() | _cache() | _archives()
    return found | {"export_facts/run": _facts()}


def _poses() -> dict[str, bytes]:
    """A file of every pose format; of those with a file a frame, the first."""
    found = {}
    kinds = {".json": "json", ".csv": "csv", ".npy": "npy", ".pkl": "pickle"}
    for name, (_, write) in samples.SAMPLES.items():
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder))
            file = path if path.is_file() else min(path.iterdir())
            kind = kinds[file.suffix] if path.is_file() else f"frame_{kinds[file.suffix]}"
            found[f"poses_{kind}/{name.replace(' ', '_')}"] = file.read_bytes()
    return found


def _archives() -> dict[str, bytes]:
    """Files as PyTorch writes them, with a tensor of each layout."""
    found = {}
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        torch.name_torch(patch)
        for protocol in (2, 4):
            entries = torch.entries_of(torch.checkpoint(), protocol)
            path = torch.write_zip(Path(folder) / "made.tar", entries)
            found[f"torch_archive/protocol_{protocol}"] = path.read_bytes()
    return found


def _facts() -> bytes:
    config = default_config()
    config.scoring.score = "density_of_states"
    with tempfile.TemporaryDirectory() as folder:
        export(config, RUN, Path(folder) / "out")
        return (Path(folder) / "out" / "facts.json").read_bytes()


def _checkpoint() -> dict[str, bytes]:
    inner = ("checkpoints/**/*", "model.json")
    files = [path for glob in inner for path in sorted(RUN.glob(glob)) if path.is_file()]
    return {f"checkpoint/{i}": bytes([i]) + file.read_bytes() for i, file in enumerate(files)}


def _cache() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as scratch:
        TARGETS["cache_entry"](Path(scratch))
        files = sorted(Path(scratch).glob("cache/*/*"))
        return {
            f"cache_entry/{file.stem}": bytes([i]) + file.read_bytes()
            for i, file in enumerate(files)
        }


def _windows() -> bytes:
    length, joints, _ = load_description(RUN).flow.event_shape
    one, person = np.zeros(1, np.int32), np.zeros(1, np.int64)
    shapes = ((1, length, joints, 2), (1, joints), (length, joints), (1,))
    origin = WindowOrigin(one, person, one)
    figures = [np.ones(shape, np.float32) for shape in shapes]
    with tempfile.TemporaryDirectory() as folder:
        normal = NormalWindows(WEIGHTS, ("a",), origin, *figures)
        return save_normal_windows(folder, normal).read_bytes()


def _npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def _npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def _mat(packed: bool) -> bytes:
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = np.zeros((2, 3), np.uint8), np.ones((2, 3), np.uint8)
    out = io.BytesIO()
    scipy.io.savemat(out, {"volLabel": cells}, do_compression=packed)
    return out.getvalue()


def _image() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.ones((4, 5), np.uint8)).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    for name, raw in seeds().items():
        (CORPUS / name).parent.mkdir(parents=True, exist_ok=True)
        (CORPUS / name).write_bytes(raw)
